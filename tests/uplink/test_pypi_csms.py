"""The foreign central system itself: it books what is right and refuses what is not; and what our dialect of 2.0.1
says passes its strict validation."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from chargepoint.clock import Stamp, iso
from chargepoint.core.records import (
    Authorize,
    Boot,
    BootReason,
    ChargingState,
    ConnectorStatus,
    Heartbeat,
    InventoryItem,
    InventoryPart,
    Mutability,
    Reason,
    SecurityEvent,
    StationIdentity,
    StatusIs,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.tokens import IdToken
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.ocpp.v2.v201 import V201
from hal_mock.csms_record import CallError
from tests.uplink.pypi_csms import PypiCsms

AT, LATER = Stamp(1, 0.0, 1_750_000_000.0), Stamp(1, 60.0, 1_750_000_060.0)
CARD = IdToken("04a1b2c3")
BOOT = Boot(StationIdentity("vendor", "model", "serial", "1.0"), BootReason.POWER_UP)
SAMPLE = MeterValue(LATER, Context.PERIODIC, (Value(Measurand.CURRENT_IMPORT, 16.0, "L1"),))
ITEM = InventoryItem("OCPPCommCtrlr.HeartbeatInterval", "300", Mutability.READ_WRITE, "integer", "s", 1, 86400)
DAY = [
    BOOT,
    Heartbeat(),
    StatusIs(1, ConnectorStatus.AVAILABLE, AT),
    Authorize(CARD),
    TransactionStarted("tx", 1, AT, 0, Trigger.AUTHORIZED, ChargingState.EV_CONNECTED, CARD, 1000.0),
    TransactionUpdated(
        "tx", 1, LATER, 1, Trigger.METER_VALUE_PERIODIC, ChargingState.CHARGING, offline=True, values=(SAMPLE,)
    ),
    TransactionEnded("tx", 1, LATER, 2, Trigger.REMOTE_STOP, Reason.REMOTE, CARD, 3500.0),
    InventoryPart(1, 0, False, AT, (ITEM,)),
    SecurityEvent("StartupOfTheDevice", AT),
]


def played(version, scene):
    async def go():
        async with (
            asyncio.timeout(20),
            PypiCsms() as csms,
            connect(f"{csms.url}/CP1", subprotocols=[version], proxy=None) as socket,
        ):
            await scene(csms, socket)

    asyncio.run(go())


async def ask(socket, id, action, payload):
    await socket.send(json.dumps([2, id, action, payload]))
    return json.loads(await socket.recv())


def test_a_day_of_2_0_1():
    async def scene(csms, socket):
        dialect = V201()
        for number, message in enumerate(DAY):
            (call,) = dialect.encode(message, lambda stamp: iso(stamp.utc), None)
            kind, _, answer = await ask(socket, str(number), call.action, call.payload)
            assert kind == 3
            dialect.learn(message, answer)
        (tx,) = csms.ledger.transactions
        assert (tx.energy_wh, tx.token, tx.reason, tx.gaps) == (2500.0, "04A1B2C3", "Remote", [])
        assert csms.conversation.violations == csms.ledger.oddities == []
        assert dialect.quirks() == {}

    played("ocpp2.0.1", scene)


def test_a_transaction_of_1_6():
    async def scene(csms, socket):
        csms.blocked = {"B"}
        start = {"connectorId": 1, "idTag": "B", "meterStart": 1, "timestamp": "2025-06-15T15:06:40Z"}
        answer = await ask(socket, "1", "StartTransaction", start)
        assert answer[2] == {"transactionId": 1001, "idTagInfo": {"status": "Blocked"}}
        stop = {"transactionId": 1001, "meterStop": 5, "timestamp": "2025-06-15T15:06:41Z"}
        assert (await ask(socket, "2", "StopTransaction", stop))[2] == {}
        assert csms.ledger.transactions[0].energy_wh == 4.0
        assert csms.conversation.statistics() == {"StartTransaction": 1, "StopTransaction": 1}

    played("ocpp1.6", scene)


def test_what_is_no_ocpp_is_refused():
    async def scene(csms, socket):
        assert (await ask(socket, "1", "BootNotification", {"reason": "Boredom"}))[0] == 4
        assert len(csms.conversation.violations) == 1
        assert (await csms.conversation.seen("BootNotification")).answer.code

    played("ocpp2.0.1", scene)


@pytest.mark.parametrize(
    ("version", "action", "payload", "answer"),
    [
        ("ocpp1.6", "ChangeConfiguration", {"key": "a", "value": "b"}, {"status": "Rejected"}),
        ("ocpp2.0.1", "Reset", {"type": "OnIdle"}, {"status": "Scheduled", "statusInfo": {"reasonCode": "x"}}),
    ],
)
def test_calls(version, action, payload, answer):
    async def scene(csms, socket):
        asked = asyncio.create_task(csms.call(action, payload))
        _, id, heard, told = json.loads(await socket.recv())
        assert (heard, told) == (action, payload)
        await socket.send(json.dumps([3, id, answer]))
        assert await asked == answer
        asked = asyncio.create_task(csms.call(action, payload))
        id = json.loads(await socket.recv())[1]
        await socket.send(json.dumps([4, id, "NotSupported", "no", {}]))
        with pytest.raises(CallError, match="NotSupported"):
            await asked

    played(version, scene)
