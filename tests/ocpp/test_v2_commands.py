"""What a backend asks in 2.0.1, and how it is answered: valid by the official schemas, in both directions."""

import pytest

from chargepoint.core.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    DataTransfer,
    GetInventory,
    GetSettings,
    GetVariables,
    Outcome,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    ResetKind,
    Result,
    SetSetting,
    SetVariables,
    TransactionStatus,
    TriggerMessage,
    Unlock,
    Wanted,
)
from chargepoint.core.tokens import IdToken, TokenKind
from chargepoint.ocpp.dialect import Refusal
from chargepoint.ocpp.v2.v201 import V201
from tests.ocpp.official import check

TOKEN = {"idToken": "T", "type": "Central"}
CENTRAL = IdToken("T", TokenKind.CENTRAL)
EVSE_AND_MORE = {"id": 1, "connectorId": 2}
POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


def decode(action, payload, dialect=None):
    return (dialect or V201()).decode(action, payload, None)


@pytest.mark.parametrize(
    ("action", "payload", "command"),
    [
        ("CancelReservation", {"reservationId": 4}, CancelReservation(4)),
        ("ChangeAvailability", {"operationalStatus": "Inoperative"}, ChangeAvailability(0, False)),
        ("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": 2}}, ChangeAvailability(2, True)),
        ("ChangeAvailability", {"operationalStatus": "Operative", "evse": EVSE_AND_MORE}, ChangeAvailability(-1, True)),
        ("ClearCache", {}, ClearCache()),
        ("DataTransfer", {"vendorId": "v"}, DataTransfer("v")),
        ("DataTransfer", {"vendorId": "v", "messageId": "m", "data": {"a": 1}}, DataTransfer("v", "m", {"a": 1})),
        ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}, GetInventory(1, False)),
        ("GetBaseReport", {"requestId": 2, "reportBase": "ConfigurationInventory"}, GetInventory(2, True)),
        ("GetTransactionStatus", {}, TransactionStatus(None)),
        ("GetTransactionStatus", {"transactionId": "x"}, TransactionStatus("x")),
        ("GetVariables", {"getVariableData": [POWER]}, GetVariables(("EVSE#1.Power",))),
        ("RequestStartTransaction", {"remoteStartId": 9, "idToken": TOKEN}, RemoteStart(None, CENTRAL, 9)),
        (
            "RequestStartTransaction",
            {"remoteStartId": 9, "idToken": TOKEN, "evseId": 2, "groupIdToken": {"idToken": "G", "type": "Central"}},
            RemoteStart(2, CENTRAL, 9, "G"),
        ),
        ("RequestStopTransaction", {"transactionId": "x"}, RemoteStop("x")),
        (
            "ReserveNow",
            {"id": 3, "expiryDateTime": "2025-06-15T15:06:40Z", "idToken": TOKEN, "evseId": 1},
            Reserve(3, 1, CENTRAL, 1_750_000_000.0),
        ),
        ("Reset", {"type": "OnIdle"}, Reset(ResetKind.SOFT, when_idle=True)),
        ("Reset", {"type": "Immediate", "evseId": 1}, Reset(ResetKind.HARD, when_idle=False, evse=1)),
        (
            "SetVariables",
            {"setVariableData": [{**POWER, "attributeValue": "7", "attributeType": "Actual"}]},
            SetVariables((SetSetting("EVSE#1.Power", "7"),)),
        ),
        ("TriggerMessage", {"requestedMessage": "Heartbeat"}, TriggerMessage(Wanted.HEARTBEAT)),
        (
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}},
            TriggerMessage(Wanted.STATUS, 1),
        ),
        ("TriggerMessage", {"requestedMessage": "SignV2GCertificate"}, TriggerMessage(None)),
        ("UnlockConnector", {"evseId": 1, "connectorId": 1}, Unlock(1, force=False)),
        ("UnlockConnector", {"evseId": 1, "connectorId": 2}, Unlock(-1, force=False)),
    ],
)
def test_requests(action, payload, command):
    check("ocpp2.0.1", action, payload)
    assert decode(action, payload) == command


@pytest.mark.parametrize(
    ("action", "payload", "command", "quirks"),
    [
        ("ClearCache", None, ClearCache(), {"J9": 1}),
        ("ClearCache", [], ClearCache(), {"J9": 1}),
        ("Reset", {"type": "onidle", "evseId": None}, Reset(ResetKind.SOFT, True), {"J6": 1, "J1": 1}),
        ("UnlockConnector", {"evseId": "1", "connectorId": 0}, Unlock(1, False), {"J2": 1}),
        ("RequestStopTransaction", {"transactionId": 17, "x": 1}, RemoteStop("17"), {"J4": 1, "J5": 1}),
        ("TriggerMessage", {"requestedMessage": "Weather"}, TriggerMessage(None), {}),
        ("TriggerMessage", {"requestedMessage": "DiagnosticsStatusNotification"}, TriggerMessage(None), {}),
        (
            "RequestStartTransaction",
            {"remoteStartId": 1, "idToken": {"idToken": " " + "A" * 40, "type": "iso14443"}},
            RemoteStart(None, IdToken("A" * 40), 1),
            {"J8": 1, "J6": 1},
        ),
    ],
)
def test_odd_requests_are_understood_and_counted(action, payload, command, quirks):
    dialect = V201()
    assert decode(action, payload, dialect) == command
    assert dialect.quirks() == quirks


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("NoSuchAction", {}, "NotImplemented"),
        ("Reset-Signed", {}, "NotImplemented"),
        ("SetChargingProfile", {}, "NotSupported"),
        ("BootNotification", {}, "NotSupported"),
        ("GetBaseReport", {"requestId": 1, "reportBase": "SummaryInventory"}, "NotSupported"),
        ("Reset", {}, "OccurrenceConstraintViolation"),
        ("Reset", {"type": "Gently"}, "PropertyConstraintViolation"),
        ("Reset", {"type": 1}, "TypeConstraintViolation"),
        ("Reset", "Immediate", "TypeConstraintViolation"),
        ("GetVariables", {"getVariableData": []}, "OccurrenceConstraintViolation"),
        (
            "ReserveNow",
            {"id": 1, "expiryDateTime": "tomorrow", "idToken": TOKEN},
            "FormatViolation",
        ),
    ],
)
def test_refusals(action, payload, code):
    with pytest.raises(Refusal) as refused:
        decode(action, payload)
    assert refused.value.code == code
    assert refused.value.text


@pytest.mark.parametrize(
    ("situation", "code"),
    [
        ("not-json", "RpcFrameworkError"),
        ("malformed", "RpcFrameworkError"),
        ("unknown-action", "NotImplemented"),
        ("internal", "InternalError"),
    ],
)
def test_fault_codes(situation, code):
    assert V201().fault_code(situation) == code


ACTIONS = {
    CancelReservation(1): "CancelReservation",
    ChangeAvailability(1, True): "ChangeAvailability",
    ClearCache(): "ClearCache",
    DataTransfer("v"): "DataTransfer",
    GetInventory(1, False): "GetBaseReport",
    RemoteStart(1, CENTRAL, 1): "RequestStartTransaction",
    RemoteStop("x"): "RequestStopTransaction",
    Reserve(1, 1, CENTRAL, 0.0): "ReserveNow",
    Reset(ResetKind.SOFT): "Reset",
    TriggerMessage(Wanted.BOOT): "TriggerMessage",
    Unlock(1, False): "UnlockConnector",
}


def answered(command, outcome):
    payload = V201().result(command, outcome)
    check("ocpp2.0.1", ACTIONS[command], payload, response=True)
    return payload


@pytest.mark.parametrize("command", ACTIONS)
@pytest.mark.parametrize("result", Result)
@pytest.mark.parametrize("reason", ["", "because", "x" * 600])
def test_every_answer_is_valid(command, result, reason):
    payload = answered(command, Outcome(result, reason))
    assert (payload["status"] in ("Accepted", "Unlocked")) == (
        result is Result.ACCEPTED or (result is Result.UNLOCKED and isinstance(command, Unlock))
    )
    assert ("statusInfo" in payload) == bool(reason)


@pytest.mark.parametrize(
    ("command", "result", "status", "code"),
    [
        (ChangeAvailability(1, False), Result.SCHEDULED, "Scheduled", "TxInProgress"),
        (ClearCache(), Result.REJECTED, "Rejected", "NotEnabled"),
        (DataTransfer("v"), Result.UNKNOWN, "UnknownVendorId", "NotFound"),
        (DataTransfer("v"), Result.UNKNOWN_ITEM, "UnknownMessageId", "NotFound"),
        (GetInventory(1, True), Result.NOT_SUPPORTED, "NotSupported", "UnsupportedRequest"),
        (RemoteStop("x"), Result.REJECTED, "Rejected", "TxNotFound"),
        (RemoteStart(1, CENTRAL, 1), Result.OCCUPIED, "Rejected", "Unspecified"),
        (Reserve(1, 1, CENTRAL, 0.0), Result.OCCUPIED, "Occupied", "Unspecified"),
        (Reserve(1, 1, CENTRAL, 0.0), Result.FAULTED, "Faulted", "Unspecified"),
        (Reserve(1, 1, CENTRAL, 0.0), Result.UNAVAILABLE, "Unavailable", "Unspecified"),
        (Reset(ResetKind.SOFT, True), Result.SCHEDULED, "Scheduled", "TxInProgress"),
        (TriggerMessage(None), Result.NOT_SUPPORTED, "NotImplemented", "UnsupportedRequest"),
        (TriggerMessage(Wanted.BOOT), Result.REJECTED, "Rejected", "Unspecified"),
        (Unlock(1, False), Result.ONGOING, "OngoingAuthorizedTransaction", "TxInProgress"),
        (Unlock(1, False), Result.UNKNOWN, "UnknownConnector", "UnknownConnectorId"),
        (Unlock(1, False), Result.NOT_SUPPORTED, "UnlockFailed", "FixedCable"),
        (Unlock(1, False), Result.FAILED, "UnlockFailed", "InternalError"),
    ],
)
def test_words_of_answers(command, result, status, code):
    payload = V201().result(command, Outcome(result, "why"))
    assert payload == {"status": status, "statusInfo": {"reasonCode": code, "additionalInfo": "why"}}


def test_a_start_names_the_transaction_that_waits():
    assert answered(RemoteStart(1, CENTRAL, 1), Outcome(Result.ACCEPTED, tx="tx-1")) == {
        "status": "Accepted",
        "transactionId": "tx-1",
    }


def test_data_comes_back():
    assert answered(DataTransfer("v"), Outcome(Result.ACCEPTED, detail={"a": [1]})) == {
        "status": "Accepted",
        "data": {"a": [1]},
    }


@pytest.mark.parametrize(
    ("tx", "outcome", "payload"),
    [
        (None, Outcome(Result.ACCEPTED, detail=(None, True)), {"messagesInQueue": True}),
        ("x", Outcome(Result.ACCEPTED, detail=(True, False)), {"messagesInQueue": False, "ongoingIndicator": True}),
        ("x", Outcome(Result.REJECTED), {"messagesInQueue": False, "ongoingIndicator": False}),
    ],
)
def test_transaction_status(tx, outcome, payload):
    check("ocpp2.0.1", "GetTransactionStatus", payload, response=True)
    assert V201().result(TransactionStatus(tx), outcome) == payload


def test_what_it_cannot_have_asked_has_no_answer():
    with pytest.raises(KeyError):
        V201().result(GetSettings(), Outcome(Result.ACCEPTED))


# -- variables, one item each, in order -----------------------------------------------------------------------------

ASKED = [
    {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}},
    {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}, "attributeType": "Actual"},
    {"component": {"name": "Nobody", "instance": "x.y"}, "variable": {"name": "Knows"}},
    {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "Knows", "instance": "[]"}},
    {"component": {"name": "EVSE", "evse": {"id": 1, "connectorId": 1}}, "variable": {"name": "Power"}},
    {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}, "attributeType": "MaxSet"},
]


def test_get_variables():
    dialect = V201()
    command = dialect.decode("GetVariables", {"getVariableData": ASKED}, None)
    outcomes = (
        Outcome(Result.ACCEPTED, detail="300"),
        Outcome(Result.REJECTED, "a secret"),
        Outcome(Result.UNKNOWN, "no such component"),
        Outcome(Result.UNKNOWN_ITEM, "no such variable"),
        Outcome(Result.ACCEPTED, detail=None),
        Outcome(Result.UNKNOWN_ITEM),
    )
    payload = dialect.result(command, Outcome(Result.ACCEPTED, detail=outcomes))
    check("ocpp2.0.1", "GetVariables", payload, response=True)
    results = payload["getVariableResult"]
    assert [(each["component"], each["variable"]) for each in results] == [
        (each["component"], each["variable"]) for each in ASKED
    ]
    assert [each["attributeStatus"] for each in results] == [
        "Accepted",
        "Rejected",
        "UnknownComponent",
        "UnknownVariable",
        "Accepted",
        "NotSupportedAttributeType",
    ]
    assert [each.get("attributeValue") for each in results] == ["300", None, None, None, "", None]
    assert results[1]["attributeStatusInfo"] == {"reasonCode": "WriteOnly", "additionalInfo": "a secret"}
    assert results[5]["attributeType"] == "MaxSet"


def test_set_variables():
    dialect = V201()
    items = [{**item, "attributeValue": str(number)} for number, item in enumerate(ASKED)]
    command = dialect.decode("SetVariables", {"setVariableData": items}, None)
    assert [item.value for item in command.items] == ["0", "1", "2", "3", "4", "5"]
    outcomes = (
        Outcome(Result.ACCEPTED, "noted"),
        Outcome(Result.REBOOT_REQUIRED),
        Outcome(Result.UNKNOWN),
        Outcome(Result.READ_ONLY, "a statement"),
        Outcome(Result.REJECTED, "too high"),
        Outcome(Result.ACCEPTED),
    )
    payload = dialect.result(command, Outcome(Result.ACCEPTED, detail=outcomes))
    check("ocpp2.0.1", "SetVariables", payload, response=True)
    results = payload["setVariableResult"]
    assert [each["attributeStatus"] for each in results] == [
        "Accepted",
        "RebootRequired",
        "UnknownComponent",
        "Rejected",
        "Rejected",
        "NotSupportedAttributeType",
    ]
    assert [each.get("attributeStatusInfo", {}).get("reasonCode") for each in results] == [
        None,
        None,
        None,
        "ReadOnly",
        "InvalidValue",
        None,
    ]
