"""A plain charge point script on the PyPI package `ocpp`, as its documentation shows it: the peer to compare with.

``python -m tests.bench.plain URL VERSION [COUNT]``: boot, send so many meter readings of eight values one after the
other, print the CPU microseconds each of them took, and stay until ended. Without a count it boots and stays.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime

from websockets.asyncio.client import connect

VALUES = 8


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def talk16(socket, count: int) -> None:
    from ocpp.v16 import ChargePoint, call

    point = ChargePoint("plain", socket)
    listening = asyncio.create_task(point.start())
    await point.call(call.BootNotification(charge_point_model="plain", charge_point_vendor="plain"))
    sampled = [{"value": "230.0", "context": "Sample.Periodic", "measurand": "Voltage", "unit": "V"}] * VALUES
    began, cpu = time.monotonic(), time.process_time()
    for _ in range(count):
        meter_value = [{"timestamp": now(), "sampled_value": sampled}]
        await point.call(call.MeterValues(connector_id=1, meter_value=meter_value, transaction_id=1))
    tell(count, began, cpu)
    await listening


async def talk201(socket, count: int) -> None:
    from ocpp.v201 import ChargePoint, call

    point = ChargePoint("plain", socket)
    listening = asyncio.create_task(point.start())
    station = {"vendor_name": "plain", "model": "plain"}
    await point.call(call.BootNotification(charging_station=station, reason="PowerUp"))
    unit = {"unit": "V", "multiplier": 0}
    sampled = [{"value": 230.0, "context": "Sample.Periodic", "measurand": "Voltage", "unit_of_measure": unit}] * VALUES
    began, cpu = time.monotonic(), time.process_time()
    for seq in range(count):
        event = call.TransactionEvent(
            event_type="Updated",
            timestamp=now(),
            trigger_reason="MeterValuePeriodic",
            seq_no=seq,
            transaction_info={"transaction_id": "5ad1c0a2-2f0f-4e65-8f3a-1d0e7f6b9a11", "charging_state": "Charging"},
            evse={"id": 1, "connector_id": 1},
            meter_value=[{"timestamp": now(), "sampled_value": sampled}],
        )
        await point.call(event)
    tell(count, began, cpu)
    await listening


def tell(count: int, began: float, cpu: float) -> None:
    took, used = time.monotonic() - began, time.process_time() - cpu
    if count:
        print(count / took, 1e6 * used / count, flush=True)


async def main(url: str, version: str, count: str = "0") -> None:
    async with connect(f"{url}/plain", subprotocols=[version], proxy=None) as socket:
        await {"ocpp1.6": talk16, "ocpp2.0.1": talk201}[version](socket, int(count))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
