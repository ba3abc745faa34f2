"""What the station says in 2.0.1: right in content, and valid by the official schemas."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.clock import Stamp, iso
from chargepoint.core.commands import GetInventory
from chargepoint.core.inventory import inventory
from chargepoint.core.records import (
    Authorize,
    Boot,
    BootReason,
    ChargingState,
    ConnectorStatus,
    DataTransferred,
    Heartbeat,
    InventoryItem,
    InventoryPart,
    Measured,
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
from chargepoint.core.settings import Settings
from chargepoint.core.statements import of_evse
from chargepoint.core.tokens import IdToken, TokenKind
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.ocpp.v2.v201 import V201
from tests.ocpp.official import check

AT = Stamp(1, 10.0, 1_750_000_000.0)
LATER = Stamp(1, 70.0, 1_750_000_060.0)
CARD = IdToken("04a1b2c3")
TX = "5f0f0c36-3a6c-4a2e-9d2f-8a6b7a1d1c11"


class NoLedger:
    def number(self, tx):
        raise AssertionError("2.x needs no number for a transaction")

    def tx(self, number):
        raise AssertionError("2.x needs no number for a transaction")


def dated(stamp):
    return iso(stamp.utc)


def said(message):
    """The one call that says it, checked against the official schema."""
    calls = V201().encode(message, dated, NoLedger())
    for call in calls:
        check("ocpp2.0.1", call.action, call.payload)
    assert len(calls) <= 1
    return (calls[0].action, calls[0].payload) if calls else None


def started(**more):
    return TransactionStarted(
        **{
            "tx": TX,
            "evse": 1,
            "at": AT,
            "seq": 0,
            "trigger": Trigger.AUTHORIZED,
            "state": ChargingState.EV_CONNECTED,
            "token": CARD,
            "energy_wh": 1234.5678,
        }
        | more
    )


def updated(**more):
    return TransactionUpdated(
        **{
            "tx": TX,
            "evse": 1,
            "at": LATER,
            "seq": 1,
            "trigger": Trigger.CHARGING_STATE_CHANGED,
            "state": ChargingState.CHARGING,
        }
        | more
    )


def ended(**more):
    return TransactionEnded(
        **{
            "tx": TX,
            "evse": 1,
            "at": LATER,
            "seq": 7,
            "trigger": Trigger.STOP_AUTHORIZED,
            "reason": Reason.LOCAL,
            "started_by": CARD,
            "energy_wh": 5000.0,
        }
        | more
    )


def test_started():
    action, payload = said(started(offline=True, reservation=12, remote_start=99))
    assert action == "TransactionEvent"
    assert payload == {
        "eventType": "Started",
        "timestamp": "2025-06-15T15:06:40.000Z",
        "triggerReason": "Authorized",
        "seqNo": 0,
        "offline": True,
        "reservationId": 12,
        "evse": {"id": 1, "connectorId": 1},
        "transactionInfo": {"transactionId": TX, "chargingState": "EVConnected", "remoteStartId": 99},
        "idToken": {"idToken": "04A1B2C3", "type": "ISO14443"},
        "meterValue": [
            {
                "timestamp": "2025-06-15T15:06:40.000Z",
                "sampledValue": [
                    {
                        "value": 1234.568,
                        "context": "Transaction.Begin",
                        "measurand": "Energy.Active.Import.Register",
                        "unitOfMeasure": {"unit": "Wh"},
                    }
                ],
            }
        ],
    }


def test_an_update_tells_only_what_is_new():
    assert said(updated())[1] == {
        "eventType": "Updated",
        "timestamp": "2025-06-15T15:07:40.000Z",
        "triggerReason": "ChargingStateChanged",
        "seqNo": 1,
        "evse": {"id": 1, "connectorId": 1},
        "transactionInfo": {"transactionId": TX, "chargingState": "Charging"},
    }


def test_the_token_is_in_the_event_that_tells_of_it():
    assert said(updated(token=CARD, trigger=Trigger.AUTHORIZED))[1]["idToken"]["idToken"] == "04A1B2C3"
    assert "idToken" not in said(ended())[1]
    assert said(ended(token=CARD))[1]["idToken"]["idToken"] == "04A1B2C3"


def test_ended_tells_reason_and_register():
    payload = said(ended())[1]
    assert payload["transactionInfo"] == {"transactionId": TX, "stoppedReason": "Local"}
    (meter_value,) = payload["meterValue"]
    assert meter_value["sampledValue"][0]["context"] == "Transaction.End"
    assert meter_value["sampledValue"][0]["value"] == 5000.0


def test_ended_tells_what_was_collected_instead_of_the_register():
    collected = (
        MeterValue(AT, Context.BEGIN, (Value(Measurand.ENERGY_IMPORT, 1.0),)),
        MeterValue(LATER, Context.END, (Value(Measurand.ENERGY_IMPORT, 2.0),)),
    )
    told = said(ended(values=collected))[1]["meterValue"]
    assert [each["sampledValue"][0]["context"] for each in told] == ["Transaction.Begin", "Transaction.End"]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_word(reason):
    assert said(ended(reason=reason))[1]["transactionInfo"]["stoppedReason"]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.HARD_RESET, "ImmediateReset"),
        (Reason.SOFT_RESET, "ImmediateReset"),
        (Reason.UNLOCK_COMMAND, "Other"),
        (Reason.POWER_LOSS, "PowerLoss"),
    ],
)
def test_words_of_reasons(reason, word):
    assert said(ended(reason=reason))[1]["transactionInfo"]["stoppedReason"] == word


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("state", ChargingState)
def test_every_trigger_and_state_has_a_word(trigger, state):
    assert said(updated(trigger=trigger, state=state))


def test_values_of_every_kind():
    values = (
        Value(Measurand.CURRENT_IMPORT, 15.98765, "L1"),
        Value(Measurand.VOLTAGE, 230.1, "L1-N"),
        Value(Measurand.POWER_IMPORT, 3680.0),
        Value(Measurand.POWER_FACTOR, 0.98),
        Value(Measurand.FREQUENCY, 50.01),
        Value(Measurand.TEMPERATURE, 41.0),
        Value(Measurand.CURRENT_OFFERED, math.nan),
    )
    event = updated(values=(MeterValue(LATER, Context.PERIODIC, values),), trigger=Trigger.METER_VALUE_PERIODIC)
    (told,) = said(event)[1]["meterValue"]
    assert told["sampledValue"] == [
        {
            "value": 15.988,
            "context": "Sample.Periodic",
            "measurand": "Current.Import",
            "phase": "L1",
            "unitOfMeasure": {"unit": "A"},
        },
        {
            "value": 230.1,
            "context": "Sample.Periodic",
            "measurand": "Voltage",
            "phase": "L1-N",
            "unitOfMeasure": {"unit": "V"},
        },
        {
            "value": 3680.0,
            "context": "Sample.Periodic",
            "measurand": "Power.Active.Import",
            "unitOfMeasure": {"unit": "W"},
        },
        {"value": 0.98, "context": "Sample.Periodic", "measurand": "Power.Factor"},
        {"value": 50.01, "context": "Sample.Periodic", "measurand": "Frequency", "unitOfMeasure": {"unit": "Hz"}},
    ], "2.0.1 has no temperature, and what is no number is not told"


def test_values_that_cannot_be_told_leave_no_empty_list():
    heat = (MeterValue(AT, Context.CLOCK, (Value(Measurand.TEMPERATURE, 20.0),)),)
    assert "meterValue" not in said(updated(values=heat))[1]
    assert said(Measured(1, heat)) is None


def test_meter_values_outside_a_transaction():
    values = (MeterValue(AT, Context.CLOCK, (Value(Measurand.ENERGY_IMPORT, 7.0),)),)
    action, payload = said(Measured(0, values))
    assert (action, payload["evseId"]) == ("MeterValues", 0)


@pytest.mark.parametrize(
    ("kind", "text", "wire"),
    [
        (TokenKind.ISO14443, "04aabbcc", "04AABBCC"),
        (TokenKind.ISO15693, "e00401", "E00401"),
        (TokenKind.CENTRAL, "mIxed", "mIxed"),
        (TokenKind.EMAID, "de-8aa", "de-8aa"),
        (TokenKind.NO_AUTHORIZATION, "FREE", ""),
    ],
)
def test_tokens(kind, text, wire):
    assert said(Authorize(IdToken(text, kind))) == ("Authorize", {"idToken": {"idToken": wire, "type": kind.value}})


def test_boot():
    identity = StationIdentity("vendor", "model", "serial", "1.0", "meter", "4711", "8949", "26201")
    assert said(Boot(identity, BootReason.POWER_UP)) == (
        "BootNotification",
        {
            "reason": "PowerUp",
            "chargingStation": {
                "vendorName": "vendor",
                "model": "model",
                "serialNumber": "serial",
                "firmwareVersion": "1.0",
                "modem": {"iccid": "8949", "imsi": "26201"},
            },
        },
    )


def test_long_texts_are_cut_and_empty_ones_left_out():
    payload = said(Boot(StationIdentity("v" * 60, "ö" * 30), BootReason.UNKNOWN))[1]
    assert payload["chargingStation"] == {"vendorName": "v" * 50, "model": "ö" * 20}
    payload = said(SecurityEvent("k" * 60, AT, "i" * 300))[1]
    assert (len(payload["type"]), len(payload["techInfo"])) == (50, 255)


def test_heartbeat_data_and_security_event():
    assert said(Heartbeat()) == ("Heartbeat", {})
    assert said(DataTransferred("org.example", "hello", "text"))[1] == {
        "vendorId": "org.example",
        "messageId": "hello",
        "data": "text",
    }
    assert said(DataTransferred("org.example")) == ("DataTransfer", {"vendorId": "org.example"})
    assert said(SecurityEvent("StartupOfTheDevice", AT)) == (
        "SecurityEventNotification",
        {"type": "StartupOfTheDevice", "timestamp": "2025-06-15T15:06:40.000Z"},
    )


@pytest.mark.parametrize("status", ConnectorStatus)
def test_every_status_is_one_of_five(status):
    taken = status.value in ("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing")
    assert said(StatusIs(2, status, AT, "fault", "info")) == (
        "StatusNotification",
        {
            "timestamp": "2025-06-15T15:06:40.000Z",
            "connectorStatus": "Occupied" if taken else status.value,
            "evseId": 2,
            "connectorId": 1,
        },
    )


def test_the_station_itself_has_no_status():
    assert said(StatusIs(0, ConnectorStatus.AVAILABLE, AT)) is None


def test_inventory():
    items = (
        InventoryItem("OCPPCommCtrlr.HeartbeatInterval", "300", Mutability.READ_WRITE, "integer", "s", 1, 86400),
        InventoryItem("SecurityCtrlr.BasicAuthPassword", None, Mutability.WRITE_ONLY, "string", high=40),
        InventoryItem(
            "EVSE#1.AvailabilityState", "Available", Mutability.READ_ONLY, "OptionList", high=9, values=("A",)
        ),
    )
    action, payload = said(InventoryPart(5, 0, True, AT, items))
    assert action == "NotifyReport"
    assert (payload["requestId"], payload["seqNo"], payload["tbc"]) == (5, 0, True)
    assert payload["generatedAt"] == "2025-06-15T15:06:40.000Z"
    assert payload["reportData"] == [
        {
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": "HeartbeatInterval"},
            "variableAttribute": [{"value": "300", "mutability": "ReadWrite"}],
            "variableCharacteristics": {
                "dataType": "integer",
                "unit": "s",
                "minLimit": 1,
                "maxLimit": 86400,
                "supportsMonitoring": False,
            },
        },
        {
            "component": {"name": "SecurityCtrlr"},
            "variable": {"name": "BasicAuthPassword"},
            "variableAttribute": [{"mutability": "WriteOnly"}],
            "variableCharacteristics": {"dataType": "string", "maxLimit": 40, "supportsMonitoring": False},
        },
        {
            "component": {"name": "EVSE", "evse": {"id": 1}},
            "variable": {"name": "AvailabilityState"},
            "variableAttribute": [{"value": "Available", "mutability": "ReadOnly"}],
            "variableCharacteristics": {"dataType": "OptionList", "valuesList": "A", "supportsMonitoring": False},
        },
    ]


def test_a_secret_is_not_told_even_when_it_is_given():
    item = InventoryItem("SecurityCtrlr.BasicAuthPassword", "hush", Mutability.WRITE_ONLY, "string")
    assert "hush" not in str(said(InventoryPart(5, 0, False, AT, (item,))))


@pytest.mark.parametrize("settable_only", [True, False])
def test_the_whole_device_model_can_be_told(settable_only):
    settings = Settings(fixed=of_evse(1, 3, 16.0, socket=True))
    parts = inventory(settings, GetInventory(1, settable_only), AT)
    told = [report for part in parts for report in said(part)[1]["reportData"]]
    names = {(str(report["component"]), str(report["variable"])) for report in told}
    assert len(names) == len(told) == len(list(settings.inventory(settable_only)))


def test_an_empty_part_has_no_empty_list():
    assert "reportData" not in said(InventoryPart(5, 3, False, AT, ()))[1]


def test_samples_are_not_merged_because_their_events_are_numbered():
    assert V201().samples_per_message == 1


def test_what_has_no_word_is_not_said():
    assert V201().encode(object(), dated, NoLedger()) == []


VALUES = st.builds(
    Value, st.sampled_from(Measurand), st.floats(), st.sampled_from([None, "L1", "L2", "L3", "L1-N", "L2-N", "L3-N"])
)
METER_VALUES = st.lists(
    st.builds(MeterValue, st.just(AT), st.sampled_from(Context), st.lists(VALUES, max_size=3).map(tuple)), max_size=3
).map(tuple)
TOKENS = st.builds(IdToken, st.text(min_size=1, max_size=20), st.sampled_from(TokenKind))


@given(METER_VALUES, TOKENS, st.sampled_from(Reason), st.booleans())
def test_whatever_the_core_keeps_is_valid(values, token, reason, offline):
    said(started(values=values, token=token, offline=offline))
    said(updated(values=values, token=token))
    said(ended(values=values, reason=reason))
    said(Measured(1, values))
