"""From a backend's CALL to the answer in the backend's hands, for every request the station understands but Reset.

Everything is in it: both ends of the connection, the frame, its reading by the schema, the core, the answer. The
measure is a bare ping of the same connections.
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hal_mock.csms import Csms
from hal_mock.csms_record import CallError
from tests.bench.harness import Line, Size, home, run_async
from tests.system.station import Station

MOST_MS = 5.0
LATER = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
TOKEN = {"idToken": "04A1B2C3", "type": "ISO14443"}
HEARTBEAT = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}

CALLS: dict[str, dict[str, dict[str, Any]]] = {
    "ocpp1.6": {
        "CancelReservation": {"reservationId": 1},
        "ChangeAvailability": {"connectorId": 0, "type": "Operative"},
        "ChangeConfiguration": {"key": "HeartbeatInterval", "value": "300"},
        "ClearCache": {},
        "DataTransfer": {"vendorId": "somebody", "data": "something"},
        "GetConfiguration": {},
        "RemoteStartTransaction": {"idTag": "04A1B2C3", "connectorId": 1},
        "RemoteStopTransaction": {"transactionId": 4711},
        "ReserveNow": {"connectorId": 1, "expiryDate": LATER, "idTag": "04A1B2C3", "reservationId": 1},
        "TriggerMessage": {"requestedMessage": "Heartbeat"},
        "UnlockConnector": {"connectorId": 1},
        "GetDiagnostics": {"location": "ftp://127.0.0.1/"},
    },
    "ocpp2.0.1": {
        "CancelReservation": {"reservationId": 1},
        "ChangeAvailability": {"operationalStatus": "Operative"},
        "ClearCache": {},
        "DataTransfer": {"vendorId": "somebody", "data": {"some": "thing"}},
        "GetBaseReport": {"requestId": 1, "reportBase": "FullInventory"},
        "GetTransactionStatus": {},
        "GetVariables": {"getVariableData": [HEARTBEAT] * 20},
        "RequestStartTransaction": {"idToken": TOKEN, "remoteStartId": 1, "evseId": 1},
        "RequestStopTransaction": {"transactionId": "none"},
        "ReserveNow": {"id": 1, "expiryDateTime": LATER, "idToken": TOKEN, "evseId": 1},
        "SetVariables": {"setVariableData": [HEARTBEAT | {"attributeValue": "300"}] * 20},
        "TriggerMessage": {"requestedMessage": "Heartbeat"},
        "UnlockConnector": {"evseId": 1, "connectorId": 1},
        "SetChargingProfile": {"evseId": 1, "chargingProfile": {}},
    },
}


def measure(size: Size, folder: Path) -> Iterator[Line]:
    for version in CALLS:
        took, ping_s = run_async(asked(version, home(folder, version), size.of(25, 1)))
        median = {action: 1000 * statistics.median(each) for action, each in took.items()}
        slowest = max(median, key=median.__getitem__)
        everything = [each for one in took.values() for each in one]
        middle = statistics.median(everything)
        note = f"slowest {slowest} {median[slowest]:.1f}, single worst {1000 * max(everything):.0f}"
        yield Line(
            f"any CALL of the backend, {version}", 1000 * middle, "ms", middle / ping_s, "a ping",
            f"each under {MOST_MS:.0f} ms", median[slowest] < MOST_MS, note,
        )  # fmt: skip


async def asked(version: str, folder: Path, count: int) -> tuple[dict[str, list[float]], float]:
    """Seconds by action, and the median of a ping."""
    took: dict[str, list[float]] = {action: [] for action in CALLS[version]}
    pings = []
    async with Csms((version,)) as csms, Station(folder, csms.url, versions=(version,)) as station:
        await station.online()
        await station.delivered()
        there = await csms.online()
        for _ in range(count):
            for action, payload in CALLS[version].items():
                began = time.perf_counter()
                with contextlib.suppress(CallError):  # a refusal is an answer too
                    await csms.call(action, payload)
                took[action].append(time.perf_counter() - began)
            began = time.perf_counter()
            await (await there.connection.ping())
            pings.append(time.perf_counter() - began)
            await asyncio.sleep(0.02)
    return took, statistics.median(pings)
