"""The Core and RemoteTrigger cases of an OCPP 1.6 compliance test, against the daemon as a process."""

import asyncio

import pytest

from hal_mock.csms import Csms
from tests.system.station import CARD, OTHER_CARD, played

pytestmark = pytest.mark.slow
REFUSALS = ("Invalid", "Blocked", "Expired", "ConcurrentTx")
GROUP = {CARD: "FAMILY", OTHER_CARD: "FAMILY"}


def statuses(csms, connector=1):
    found = csms.conversation.received("StatusNotification")
    return [each.payload["status"] for each in found if each.payload["connectorId"] == connector]


async def get(csms, *keys):
    answer = await csms.call("GetConfiguration", {"key": list(keys)} if keys else {})
    return {each["key"]: (each.get("value"), each["readonly"]) for each in answer["configurationKey"]}, answer.get(
        "unknownKey", []
    )


async def change(csms, key, value):
    return (await csms.call("ChangeConfiguration", {"key": key, "value": value}))["status"]


# -- starting and stopping ------------------------------------------------------------------------------------------


def test_plug_first_card_first_and_every_way_to_stop(tmp_path):
    async def scene(csms, cp):
        csms.groups = GROUP
        await cp.online()

        # plug first, the same card stops
        await cp.charge()
        await cp.finish()
        await cp.unplug()
        assert statuses(csms)[-5:] == ["SuspendedEV", "Charging", "SuspendedEVSE", "Finishing", "Available"] or (
            statuses(csms)[-3:] == ["Charging", "Finishing", "Available"]
        )

        # card first; another card of the same group stops
        cp.tap()
        await cp.is_status("Preparing")
        cp.cable("B")
        await cp.connector(lambda each: each["transaction"] is not None)
        cp.cable("C")
        await cp.charging()
        cp.tap(OTHER_CARD)
        await cp.let_go()
        await cp.unplug()
        await cp.delivered()
        first, second = csms.ledger.transactions
        assert (first.reason, first.stop_token) == ("Local", CARD)
        assert (second.reason, second.stop_token) == ("Local", OTHER_CARD)

        # a stranger's card does not stop; unplugging at the vehicle does
        await cp.charge()
        before = len(csms.conversation.received("Authorize"))
        cp.tap("0123456789")
        await csms.until(lambda: len(csms.conversation.received("Authorize")) == before + 1)
        await cp.logged("card ...6789 refused")
        assert cp.closed()
        await cp.unplug()
        await cp.delivered()
        assert csms.ledger.transactions[2].reason == "EVDisconnected"
        assert [tx.ended for tx in csms.ledger.transactions] == [True] * 3

    played(tmp_path, scene)


def test_unplugging_does_not_end_it_where_that_is_configured(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        assert await change(csms, "StopTransactionOnEVSideDisconnect", "false") == "Accepted"
        await cp.charge()
        cp.cable("A")
        await cp.opened()
        await cp.is_status("SuspendedEV")
        assert csms.ledger.open()
        cp.cable("C")
        await cp.charging()
        await cp.finish()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.reason == "Local"

    played(tmp_path, scene)


def test_a_card_that_is_refused(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        cp.cable("B")
        await cp.is_status("Preparing")
        for verdict in REFUSALS:
            csms.answers["Authorize"] = {"idTagInfo": {"status": verdict}}
            cp.tap()
            await cp.logged(f"card ...B2C3 refused: .*{verdict}")
            state = await cp.connector(lambda each: each["transaction"] is None)
            assert state["status"] == "Preparing" and not cp.closed()
        assert "StartTransaction" not in csms.conversation.statistics()

    played(tmp_path, scene)


def test_a_token_refused_in_the_answer_to_the_start(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        for number, verdict in enumerate(REFUSALS, 1):
            csms.answers["StartTransaction"] = lambda station, payload, word=verdict: (
                station.usual("StartTransaction", payload) | {"idTagInfo": {"status": word}}
            )
            cp.cable("B")
            await cp.is_status("Preparing")
            cp.tap(f"04A1B2C{number}")
            stop = await csms.conversation.seen("StopTransaction", count=number)
            assert stop.payload["reason"] == "DeAuthorized"
            cp.cable("C")
            await asyncio.sleep(0.3)
            assert not cp.closed()
            await cp.unplug()

    played(tmp_path, scene)


def test_a_refused_token_gets_what_max_energy_allows(tmp_path):
    def refuse(station, payload):
        return station.usual("StartTransaction", payload) | {"idTagInfo": {"status": "Invalid"}}

    async def scene(csms, cp):
        await cp.online()
        assert await change(csms, "StopTransactionOnInvalidId", "false") == "Accepted"
        assert await change(csms, "MaxEnergyOnInvalidId", "3") == "Accepted"
        await cp.charge(amps=(32, 32, 32))
        await cp.let_go()
        given = cp.look()["energy_wh"]
        assert 2.5 < given < 8
        (tx,) = csms.ledger.transactions
        assert not tx.ended
        assert await change(csms, "MaxEnergyOnInvalidId", "0") == "Accepted"
        await cp.unplug()
        await cp.delivered()
        assert tx.ended

    csms = Csms(["ocpp1.6"])
    csms.answers["StartTransaction"] = refuse
    played(tmp_path, scene, csms=csms)


def test_offline_the_cache_knows_and_the_unknown_waits(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await cp.finish()
        await cp.unplug()
        await csms.away()
        await cp.until(lambda status: status["backend"]["state"] != "online")
        cp.cable("B")
        await cp.is_status("Preparing")
        cp.tap("0011223344")
        await cp.logged("card ...3344 refused")
        cp.tap()
        await cp.connector(lambda each: each["transaction"] is not None)
        cp.cable("C")
        await cp.charging()
        await cp.finish()
        await cp.unplug()
        await csms.back()
        cp.world("network", up=True)
        await cp.delivered()
        assert (await csms.call("ClearCache"))["status"] == "Accepted"
        await csms.away()
        await cp.until(lambda status: status["backend"]["state"] != "online")
        cp.cable("B")
        await cp.is_status("Preparing")
        cp.tap()
        await cp.logged("card ...B2C3 refused")
        assert len(csms.ledger.transactions) == 2

    played(tmp_path, scene)


# -- remote ---------------------------------------------------------------------------------------------------------


def test_remote_start_and_stop(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        start = {"idTag": CARD, "connectorId": 1}
        assert (await csms.call("RemoteStartTransaction", start))["status"] == "Accepted"
        await cp.is_status("Preparing")
        cp.cable("B")
        await cp.connector(lambda each: each["transaction"] is not None)
        cp.cable("C")
        await cp.charging()
        assert (await csms.call("RemoteStartTransaction", start))["status"] == "Rejected"
        (tx,) = csms.ledger.transactions
        assert (await csms.call("RemoteStopTransaction", {"transactionId": 4711}))["status"] == "Rejected"
        assert (await csms.call("RemoteStopTransaction", {"transactionId": int(tx.id)}))["status"] == "Accepted"
        await cp.let_go()
        await cp.unplug()
        await cp.delivered()
        assert tx.reason == "Remote"

        # without a connector the one with the vehicle is taken; an unknown one and 0 are refused
        cp.cable("B", 2)
        await cp.is_status("Preparing", 2)
        assert (await csms.call("RemoteStartTransaction", {"idTag": CARD}))["status"] == "Accepted"
        await cp.connector(lambda each: each["transaction"] is not None, 2)
        for connector in (0, 3, -1):
            ask = {"idTag": OTHER_CARD, "connectorId": connector}
            assert (await csms.call("RemoteStartTransaction", ask))["status"] == "Rejected"
        await cp.unplug(2)
        await cp.delivered()

        # AuthorizeRemoteTxRequests: the card is asked about first
        assert await change(csms, "AuthorizeRemoteTxRequests", "true") == "Accepted"
        csms.blocked = {OTHER_CARD}
        before = len(csms.conversation.received("Authorize"))
        cp.cable("B")
        await cp.is_status("Preparing")
        ask = {"idTag": OTHER_CARD, "connectorId": 1}
        assert (await csms.call("RemoteStartTransaction", ask))["status"] == "Accepted"
        await cp.logged("card ...E5F6 refused: .*Blocked")
        assert len(csms.conversation.received("Authorize")) == before + 1
        assert len(csms.ledger.transactions) == 2

        # nobody comes: the authorisation lapses after ConnectionTimeOut
        assert await change(csms, "AuthorizeRemoteTxRequests", "false") == "Accepted"
        assert await change(csms, "ConnectionTimeOut", "1") == "Accepted"
        cp.cable("A")
        await cp.is_status("Available")
        assert (await csms.call("RemoteStartTransaction", start))["status"] == "Accepted"
        await cp.is_status("Preparing")
        await cp.is_status("Available")

    played(tmp_path, scene, connectors=2)


def test_unlock(tmp_path):
    async def scene(csms, cp):
        async def unlock(connector):
            return (await csms.call("UnlockConnector", {"connectorId": connector}, within_s=15))["status"]

        await cp.online()
        cp.world("proximity", 1, ohms=220)
        await cp.charge()
        assert cp.look()["lock"] is True
        asked = asyncio.create_task(unlock(1))
        await cp.let_go()
        assert await asked == "Unlocked"
        assert cp.look()["lock"] is False
        await cp.delivered()
        assert csms.ledger.transactions[0].reason == "UnlockCommand"
        await cp.unplug()
        assert await unlock(1) == "Unlocked"
        assert await unlock(2) == "NotSupported"
        assert await unlock(3) == "NotSupported"
        assert await unlock(0) == "NotSupported"

    connectors = [{"cable": "socket"}, {}]
    played(tmp_path, scene, connectors=connectors)


@pytest.mark.parametrize(("kind", "reason"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
def test_reset_in_a_transaction(kind, reason, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await cp.drawn(2)
        assert (await csms.call("Reset", {"type": kind}))["status"] == "Accepted"
        await cp.let_go()
        await csms.until(lambda: len(csms.conversation.received("BootNotification")) == 2, within_s=20)
        actions = [each.action for each in csms.conversation.received()]
        second_boot = len(actions) - 1 - actions[::-1].index("BootNotification")
        assert actions.index("StopTransaction") < second_boot, "the end is told before the restart"
        await cp.online()
        await cp.until(lambda status: status["station"]["guard"])
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.reason == reason and tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
        assert cp.process.returncode is None and (await cp.status())["station"]["boot"] == 2
        await cp.unplug()

    played(tmp_path, scene)


def test_change_availability(tmp_path):
    async def scene(csms, cp):
        async def make(connector, kind):
            ask = {"connectorId": connector, "type": kind}
            return (await csms.call("ChangeAvailability", ask))["status"]

        await cp.online()
        assert await make(1, "Inoperative") == "Accepted"
        await cp.is_status("Unavailable")
        cp.cable("B")
        cp.tap()
        await cp.logged("refused: no connector here is free")
        cp.cable("A")
        assert await make(1, "Operative") == "Accepted"
        await cp.is_status("Available")

        await cp.charge()
        assert await make(1, "Inoperative") == "Scheduled"
        assert cp.closed()
        await cp.finish()
        cp.cable("A")
        await cp.is_status("Unavailable")
        assert await make(3, "Inoperative") == "Rejected"

        assert await make(0, "Inoperative") == "Accepted"
        await cp.is_status("Unavailable", 2)
        await cp.delivered()
        await cp.restart()
        await cp.online()
        await cp.is_status("Unavailable", 1)
        await cp.is_status("Unavailable", 2)
        assert await make(0, "Operative") == "Accepted"
        await cp.is_status("Available", 1)
        await cp.is_status("Available", 2)
        assert "Unavailable" in statuses(csms, 0) and statuses(csms, 0)[-1] == "Available"

    played(tmp_path, scene, connectors=2)


# -- configuration --------------------------------------------------------------------------------------------------

CORE_KEYS = {
    "AllowOfflineTxForUnknownId": ("true", "maybe"),
    "AuthorizationCacheEnabled": ("false", "7"),
    "AuthorizeRemoteTxRequests": ("true", ""),
    "ClockAlignedDataInterval": ("900", "-1"),
    "ConnectionTimeOut": ("45", "soon"),
    "ConnectorPhaseRotation": ("0.RST,1.RST", "1.XYZ"),
    "HeartbeatInterval": ("600", "-5"),
    "LocalAuthorizeOffline": ("false", "no!"),
    "LocalPreAuthorize": ("true", "2"),
    "MeterValuesAlignedData": ("Voltage", "Happiness"),
    "MeterValuesSampledData": ("Energy.Active.Import.Register,Voltage", "Energy.Active.Import.Register,Nonsense"),
    "MeterValueSampleInterval": ("30", "1.5"),
    "ResetRetries": ("1", "x"),
    "StopTransactionOnEVSideDisconnect": ("false", "0.0"),
    "StopTransactionOnInvalidId": ("false", "null"),
    "StopTxnAlignedData": ("Energy.Active.Import.Register", "?"),
    "StopTxnSampledData": ("Energy.Active.Import.Register", "Nonsense"),
    "TransactionMessageAttempts": ("3", "many"),
    "TransactionMessageRetryInterval": ("20", "-1"),
    "UnlockConnectorOnEVSideDisconnect": ("true", "perhaps"),
    "WebSocketPingInterval": ("20", "-1"),
    "MinimumStatusDuration": ("1", "-2"),
}
READ_ONLY = ("GetConfigurationMaxKeys", "NumberOfConnectors", "SupportedFeatureProfiles")


def test_get_and_change_every_core_key(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        every, unknown = await get(csms)
        assert set(CORE_KEYS) | set(READ_ONLY) <= set(every) and unknown == []
        for key, (good, bad) in CORE_KEYS.items():
            found, _ = await get(csms, key)
            assert found[key][1] is False, key
            assert await change(csms, key, bad) == "Rejected", key
            assert (await get(csms, key))[0] == found, key
            assert await change(csms, key, good) in ("Accepted", "RebootRequired"), key
            assert (await get(csms, key))[0][key][0].casefold() == good.casefold(), key
        for key in READ_ONLY:
            assert (await get(csms, key))[0][key][1] is True
            assert await change(csms, key, "1") == "Rejected"
        assert await change(csms, "NoSuchKey", "1") == "NotSupported"
        found, unknown = await get(csms, "HeartbeatInterval", "NoSuchKey")
        assert list(found) == ["HeartbeatInterval"] and unknown == ["NoSuchKey"]
        await cp.restart()
        await cp.online()
        kept, _ = await get(csms)
        assert kept["ConnectionTimeOut"][0] == "45" and kept["MeterValuesAlignedData"][0] == "Voltage"

    played(tmp_path, scene)


# -- measuring and telling ------------------------------------------------------------------------------------------


def test_sampled_aligned_and_final_values(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        measurands = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,Current.Offered"
        assert await change(csms, "MeterValuesSampledData", measurands) == "Accepted"
        assert await change(csms, "MeterValueSampleInterval", "1") == "Accepted"
        assert await change(csms, "MeterValuesAlignedData", "Voltage") == "Accepted"
        assert await change(csms, "ClockAlignedDataInterval", "2") == "Accepted"
        await cp.charge()
        await cp.connector(lambda each: (each["measured"]["power_w"] or 0) > 10000)
        before = len(csms.conversation.received("MeterValues"))
        await csms.until(lambda: len(csms.conversation.received("MeterValues")) >= before + 4, within_s=10)
        assert await change(csms, "ClockAlignedDataInterval", "0") == "Accepted"
        await cp.finish()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        periodic = [each for each in tx.samples if each.context == "Sample.Periodic"]
        assert {each.measurand for each in periodic} == set(measurands.split(","))
        clock = [each for each in tx.samples if each.context == "Sample.Clock"]
        assert clock and {each.measurand for each in clock} == {"Voltage"}
        assert {each.context for each in tx.samples} >= {"Transaction.Begin", "Transaction.End"}
        powers = [each.value for each in periodic if each.measurand == "Power.Active.Import" and not each.phase]
        assert max(powers) == pytest.approx(3 * 16 * 230, rel=0.1)

    played(tmp_path, scene)


def test_trigger_each_message(tmp_path):
    async def scene(csms, cp):
        async def trigger(message, **more):
            return (await csms.call("TriggerMessage", {"requestedMessage": message, **more}))["status"]

        await cp.online()
        await csms.conversation.seen("StatusNotification", lambda payload: payload["connectorId"] == 2)
        assert await trigger("Heartbeat") == "Accepted"
        await csms.conversation.seen("Heartbeat")
        before = len(csms.conversation.received("StatusNotification"))
        assert await trigger("StatusNotification") == "Accepted"
        await csms.conversation.seen("StatusNotification", count=before + 3)
        assert await trigger("StatusNotification", connectorId=2) == "Accepted"
        last = await csms.conversation.seen("StatusNotification", count=before + 4)
        assert last.payload["connectorId"] == 2
        assert await trigger("MeterValues", connectorId=1) == "Accepted"
        values = await csms.conversation.seen("MeterValues")
        assert values.payload["connectorId"] == 1 and "transactionId" not in values.payload
        assert values.payload["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"
        assert await trigger("Heartbeat", connectorId=9) in ("Accepted", "Rejected")
        assert await trigger("StatusNotification", connectorId=9) == "Rejected"
        assert await trigger("BootNotification") == "Rejected"
        assert await trigger("DiagnosticsStatusNotification") in ("NotImplemented", "Rejected", "Accepted")
        assert await trigger("FirmwareStatusNotification") in ("NotImplemented", "Rejected", "Accepted")
        answer = await csms.call("DataTransfer", {"vendorId": "nobody", "data": "x"})
        assert answer["status"] == "UnknownVendorId"
        assert (await csms.call("ClearCache"))["status"] == "Accepted"

    played(tmp_path, scene, connectors=2)


def test_the_numbers_of_transactions_may_be_anything(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        csms.ledger.numbers = iter([0, -7, 2**31 - 1])
        for _ in range(3):
            cp.cable("B")
            await cp.is_status("Preparing")
            cp.tap()
            await cp.connector(lambda each: each["transaction"] is not None)
            await cp.unplug()
        await cp.delivered()
        assert [tx.id for tx in csms.ledger.transactions] == ["0", "-7", str(2**31 - 1)]
        assert all(tx.ended for tx in csms.ledger.transactions)

    played(tmp_path, scene)
