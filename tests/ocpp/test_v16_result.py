import pytest

from chargepoint.core.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    DataTransfer,
    GetSettings,
    Outcome,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    ResetKind,
    Result,
    SetSetting,
    Setting,
    SettingsFound,
    TriggerMessage,
    Unlock,
    Wanted,
)
from chargepoint.ocpp.v16.dialect import V16
from tests.ocpp.official import check
from tests.ocpp.station16 import CARD, NOON

ACTIONS = {
    "CancelReservation": CancelReservation(1),
    "ChangeAvailability": ChangeAvailability(1, operative=True),
    "ChangeConfiguration": SetSetting("K", "v"),
    "ClearCache": ClearCache(),
    "DataTransfer": DataTransfer("v"),
    "GetConfiguration": GetSettings(),
    "RemoteStartTransaction": RemoteStart(1, CARD),
    "RemoteStopTransaction": RemoteStop("tx"),
    "ReserveNow": Reserve(1, 1, CARD, NOON),
    "Reset": Reset(ResetKind.SOFT),
    "TriggerMessage": TriggerMessage(Wanted.BOOT),
    "UnlockConnector": Unlock(1, force=True),
}


def answered(action, result, detail=None):
    payload = V16().result(ACTIONS[action], Outcome(result, "because", detail=detail))
    check("ocpp1.6", action, payload, response=True)
    return payload


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("result", Result)
def test_every_command_has_an_answer_for_every_result(action, result):
    answered(action, result)


@pytest.mark.parametrize(
    ("action", "result", "word"),
    [
        ("RemoteStartTransaction", Result.ACCEPTED, "Accepted"),
        ("RemoteStartTransaction", Result.OCCUPIED, "Rejected"),
        ("RemoteStopTransaction", Result.UNKNOWN, "Rejected"),
        ("Reset", Result.SCHEDULED, "Accepted"),
        ("ClearCache", Result.REJECTED, "Rejected"),
        ("ChangeAvailability", Result.SCHEDULED, "Scheduled"),
        ("ChangeAvailability", Result.REJECTED, "Rejected"),
        ("ChangeConfiguration", Result.REBOOT_REQUIRED, "RebootRequired"),
        ("ChangeConfiguration", Result.UNKNOWN, "NotSupported"),
        ("ChangeConfiguration", Result.UNKNOWN_ITEM, "NotSupported"),
        ("ChangeConfiguration", Result.READ_ONLY, "Rejected"),
        ("ChangeConfiguration", Result.ACCEPTED, "Accepted"),
        ("ChangeConfiguration", Result.NOT_SUPPORTED, "NotSupported"),
        ("ChangeAvailability", Result.ACCEPTED, "Accepted"),
        ("ReserveNow", Result.ACCEPTED, "Accepted"),
        ("TriggerMessage", Result.ACCEPTED, "Accepted"),
        ("TriggerMessage", Result.UNKNOWN, "NotImplemented"),
        ("UnlockConnector", Result.ACCEPTED, "Unlocked"),
        ("UnlockConnector", Result.UNLOCKED, "Unlocked"),
        ("UnlockConnector", Result.FAILED, "UnlockFailed"),
        ("UnlockConnector", Result.UNKNOWN, "NotSupported"),
        ("UnlockConnector", Result.NOT_SUPPORTED, "NotSupported"),
        ("ReserveNow", Result.OCCUPIED, "Occupied"),
        ("ReserveNow", Result.FAULTED, "Faulted"),
        ("ReserveNow", Result.UNAVAILABLE, "Unavailable"),
        ("ReserveNow", Result.NOT_SUPPORTED, "Rejected"),
        ("TriggerMessage", Result.NOT_SUPPORTED, "NotImplemented"),
        ("TriggerMessage", Result.REJECTED, "Rejected"),
        ("DataTransfer", Result.UNKNOWN, "UnknownVendorId"),
        ("DataTransfer", Result.UNKNOWN_ITEM, "UnknownMessageId"),
        ("DataTransfer", Result.FAILED, "Rejected"),
    ],
)
def test_words_of_answers(action, result, word):
    assert answered(action, result) == {"status": word}


def test_vendor_data_may_be_answered_with_data():
    assert answered("DataTransfer", Result.ACCEPTED, "text") == {"status": "Accepted", "data": "text"}
    assert answered("DataTransfer", Result.ACCEPTED, {"a": 1}) == {"status": "Accepted", "data": '{"a": 1}'}


def test_settings():
    found = SettingsFound(
        (
            Setting("HeartbeatInterval", "300", False),
            Setting("AuthorizationKey", None, False),
            Setting("L" * 99, "v" * 999, True),
        ),
        ("Coffee", "x" * 99),
    )
    assert answered("GetConfiguration", Result.ACCEPTED, found) == {
        "configurationKey": [
            {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
            {"key": "AuthorizationKey", "readonly": False},
            {"key": "L" * 50, "readonly": True, "value": "v" * 500},
        ],
        "unknownKey": ["Coffee", "x" * 50],
    }
    assert answered("GetConfiguration", Result.REJECTED) == {"configurationKey": []}
