"""The 2.0.1 slice of a compliance test: B05 to B07, B11, B12, C01, E, F, G03, J02; the daemon runs as a process."""

import asyncio

import pytest

from tests.system.station import CARD, OTHER_CARD, played

pytestmark = pytest.mark.slow
V201 = {"versions": ["ocpp2.0.1"]}
TOKEN = {"idToken": CARD, "type": "ISO14443"}


def variable(name, component="OCPPCommCtrlr", **more):
    return {"component": {"name": component}, "variable": {"name": name}} | more


async def read(csms, *variables):
    answer = await csms.call("GetVariables", {"getVariableData": list(variables)})
    return [(each["attributeStatus"], each.get("attributeValue")) for each in answer["getVariableResult"]]


async def write(csms, *variables):
    answer = await csms.call("SetVariables", {"setVariableData": list(variables)})
    return [each["attributeStatus"] for each in answer["setVariableResult"]]


async def transaction_status(csms, id, ongoing):
    """The station counts its queue when the disk has it, a moment after the backend has confirmed it."""
    for _ in range(100):
        status = await csms.call("GetTransactionStatus", {"transactionId": id})
        if not status["messagesInQueue"]:
            break
        await asyncio.sleep(0.02)
    assert status == {"ongoingIndicator": ongoing, "messagesInQueue": False}


def events(csms):
    return [each.payload for each in csms.conversation.received("TransactionEvent")]


def told(csms):
    return [(each["eventType"], each["triggerReason"]) for each in events(csms)]


def test_variables_and_reports(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        heartbeat = variable("HeartbeatInterval")
        assert await read(csms, heartbeat, variable("Nonsense"), variable("X", "NoCtrlr")) == [
            ("Accepted", "300"),
            ("UnknownVariable", None),
            ("UnknownComponent", None),
        ]
        assert await write(
            csms,
            heartbeat | {"attributeValue": "120"},
            heartbeat | {"attributeValue": "often"},
            variable("Nonsense", attributeValue="1"),
            variable("TxStartPoint", "TxCtrlr", attributeValue="EVConnected"),
        ) == ["Accepted", "Rejected", "UnknownVariable", "Rejected"]
        assert await read(csms, heartbeat) == [("Accepted", "120")]
        for number, base in enumerate(["FullInventory", "ConfigurationInventory"], 1):
            ask = {"requestId": number, "reportBase": base}
            assert (await csms.call("GetBaseReport", ask))["status"] == "Accepted"
            await csms.conversation.seen(
                "NotifyReport", lambda payload, id=number: payload["requestId"] == id and not payload.get("tbc")
            )
            parts = [
                each.payload
                for each in csms.conversation.received("NotifyReport")
                if each.payload["requestId"] == number
            ]
            assert [part["seqNo"] for part in parts] == list(range(len(parts)))
            names = [row["variable"]["name"] for part in parts for row in part["reportData"]]
            assert "HeartbeatInterval" in names
        await cp.restart()
        await cp.online()
        assert (
            await read(csms, variable("MessageTimeout", variable={"name": "MessageTimeout", "instance": "Default"}))
        )[0][0] == "Accepted"

    played(tmp_path, scene, **V201)


def test_a_transaction_from_plug_to_unplug(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await csms.until(lambda: len([each for each in events(csms) if "meterValue" in each]) >= 3, within_s=10)
        await cp.finish()
        await cp.unplug()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert told(csms)[0] == ("Started", "Authorized")
        assert told(csms)[-1] == ("Ended", "StopAuthorized")
        assert tx.gaps == [] and tx.seqs == sorted(tx.seqs) and tx.reason == "Local"
        assert "Charging" in tx.states and ("Updated", "ChargingStateChanged") in told(csms)
        assert events(csms)[0]["evse"] == {"id": 1, "connectorId": 1}
        assert events(csms)[0]["idToken"]["idToken"] == CARD
        assert [each for each in events(csms)[1:-1] if "idToken" in each] == []
        assert tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
        shown = [each.payload["connectorStatus"] for each in csms.conversation.received("StatusNotification")]
        assert shown == ["Available", "Occupied", "Available"]

    played(tmp_path, scene, settings={"MeterValueSampleInterval": 1}, **V201)


def test_card_first_unplugged_and_refused(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        cp.tap()
        await csms.conversation.seen("Authorize")
        cp.cable("B")
        await cp.connector(lambda each: each["transaction"] is not None)
        cp.cable("C")
        await cp.charging()
        await cp.unplug()
        await cp.delivered()
        assert told(csms)[0] == ("Started", "CablePluggedIn")
        assert told(csms)[-1] == ("Ended", "EVCommunicationLost")
        assert csms.ledger.transactions[0].reason == "EVDisconnected"

        csms.answers["TransactionEvent"] = lambda station, payload: (
            station.usual("TransactionEvent", payload)
            | ({"idTokenInfo": {"status": "Blocked"}} if "idToken" in payload else {})
        )
        cp.cable("B")
        await cp.connector(lambda each: each["vehicle"] == "B")
        cp.tap(OTHER_CARD)
        await csms.until(lambda: csms.ledger.transactions[1:] and csms.ledger.transactions[1].ended, within_s=20)
        assert csms.ledger.transactions[1].reason == "DeAuthorized"
        assert not cp.closed()
        assert told(csms)[-1] == ("Ended", "Deauthorized")

    played(tmp_path, scene, **V201)


def test_remote_start_stop_unlock_and_status(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        start = {"idToken": TOKEN, "remoteStartId": 17, "evseId": 1}
        assert (await csms.call("RequestStartTransaction", start))["status"] == "Accepted"
        cp.cable("B")
        await cp.connector(lambda each: each["transaction"] is not None)
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.remote_start == 17
        await transaction_status(csms, tx.id, ongoing=True)
        assert (await csms.call("RequestStartTransaction", start | {"remoteStartId": 18}))["status"] == "Rejected"
        unlock = {"evseId": 1, "connectorId": 1}
        answer = (await csms.call("UnlockConnector", unlock))["status"]
        assert answer in ("OngoingAuthorizedTransaction", "UnlockFailed", "UnknownConnector")
        assert (await csms.call("RequestStopTransaction", {"transactionId": "nonsense"}))["status"] == "Rejected"
        assert (await csms.call("RequestStopTransaction", {"transactionId": tx.id}))["status"] == "Accepted"
        await cp.connector(lambda each: each["transaction"] is None)
        await cp.delivered()
        assert tx.reason == "Remote" and told(csms)[-1] == ("Ended", "RemoteStop")
        await transaction_status(csms, tx.id, ongoing=False)

    played(tmp_path, scene, **V201)


def test_trigger_messages(tmp_path):
    async def scene(csms, cp):
        async def trigger(message, evse=None):
            where = {} if evse is None else {"evse": {"id": evse, "connectorId": 1}}
            return (await csms.call("TriggerMessage", {"requestedMessage": message, **where}))["status"]

        await cp.online()
        await csms.conversation.seen("StatusNotification")
        assert await trigger("Heartbeat") == "Accepted"
        await csms.conversation.seen("Heartbeat")
        assert await trigger("StatusNotification", 1) == "Accepted"
        await csms.conversation.seen("StatusNotification", count=2)
        assert await trigger("MeterValues", 1) == "Accepted"
        assert (await csms.conversation.seen("MeterValues")).payload["evseId"] == 1
        assert await trigger("BootNotification") == "Rejected"
        assert await trigger("SignV2GCertificate") in ("NotImplemented", "Rejected")
        await cp.charge()
        assert await trigger("TransactionEvent", 1) == "Accepted"
        await csms.until(lambda: ("Updated", "Trigger") in told(csms))

    played(tmp_path, scene, **V201)


def test_change_availability(tmp_path):
    async def scene(csms, cp):
        async def make(kind, evse=None):
            where = {} if evse is None else {"evse": {"id": evse}}
            return (await csms.call("ChangeAvailability", {"operationalStatus": kind, **where}))["status"]

        await cp.online()
        assert await make("Inoperative", 1) == "Accepted"
        await cp.is_status("Unavailable")
        assert await make("Operative", 1) == "Accepted"
        await cp.charge()
        assert await make("Inoperative") == "Scheduled"
        assert cp.closed()
        await cp.finish()
        cp.cable("A")
        await cp.is_status("Unavailable")
        await cp.restart()
        await cp.online()
        await cp.is_status("Unavailable")
        assert await make("Operative") == "Accepted"
        await cp.is_status("Available")

    played(tmp_path, scene, **V201)


@pytest.mark.parametrize("kind", ["Immediate", "OnIdle"])
def test_reset(kind, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        answer = (await csms.call("Reset", {"type": kind}))["status"]
        assert answer == {"Immediate": "Accepted", "OnIdle": "Scheduled"}[kind]
        if kind == "OnIdle":
            await asyncio.sleep(0.5)
            assert cp.closed()
            await cp.finish()
        else:
            await cp.let_go()
        await csms.until(lambda: len(csms.conversation.received("BootNotification")) == 2, within_s=20)
        ended = next(
            each for each in csms.conversation.received("TransactionEvent") if each.payload["eventType"] == "Ended"
        )
        assert ended.at < csms.conversation.received("BootNotification")[1].at
        assert csms.conversation.received("BootNotification")[1].payload["reason"] == "RemoteReset"
        assert csms.ledger.transactions[0].reason == {"Immediate": "ImmediateReset", "OnIdle": "Local"}[kind]
        await cp.online()
        assert (await csms.call("Reset", {"type": "OnIdle", "evseId": 1}))["status"] == "Rejected"
        await cp.until(lambda status: status["station"]["guard"])

    played(tmp_path, scene, **V201)
