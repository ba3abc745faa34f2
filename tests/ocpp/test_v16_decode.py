import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    TriggerMessage,
    Unlock,
    Wanted,
)
from chargepoint.core.tokens import IdToken
from chargepoint.ocpp.dialect import Refusal
from chargepoint.ocpp.v16.dialect import V16
from chargepoint.ocpp.v16.schema import REQUESTS
from tests.ocpp.anything import ANY_JSON, steady
from tests.ocpp.official import check
from tests.ocpp.station16 import NOON, NOON_TEXT, Numbers


def heard(action, payload, ledger=None, **quirks):
    dialect = V16()
    command = dialect.decode(action, payload, ledger or Numbers())
    assert dialect.quirks() == quirks
    return command


@pytest.mark.parametrize(
    ("action", "payload", "command"),
    [
        ("RemoteStartTransaction", {"connectorId": 1, "idTag": "A"}, RemoteStart(1, IdToken("A"))),
        ("RemoteStartTransaction", {"idTag": "A"}, RemoteStart(None, IdToken("A"))),
        ("RemoteStartTransaction", {"connectorId": 0, "idTag": "A"}, RemoteStart(0, IdToken("A"))),
        ("RemoteStartTransaction", {"connectorId": -1, "idTag": "A"}, RemoteStart(-1, IdToken("A"))),
        ("RemoteStopTransaction", {"transactionId": 7}, RemoteStop("tx")),
        ("RemoteStopTransaction", {"transactionId": 8}, RemoteStop("")),
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}, ChangeAvailability(0, operative=False)),
        ("ChangeAvailability", {"connectorId": 1, "type": "Operative"}, ChangeAvailability(1, operative=True)),
        ("ChangeConfiguration", {"key": "LightIntensity", "value": "50"}, SetSetting("LightIntensity", "50")),
        ("GetConfiguration", {}, GetSettings()),
        ("GetConfiguration", {"key": ["heartbeatinterval", " X "]}, GetSettings(("heartbeatinterval", "X"))),
        ("ClearCache", {}, ClearCache()),
        ("Reset", {"type": "Hard"}, Reset(ResetKind.HARD)),
        ("Reset", {"type": "Soft"}, Reset(ResetKind.SOFT)),
        ("UnlockConnector", {"connectorId": 1}, Unlock(1, force=True)),
        ("TriggerMessage", {"requestedMessage": "Heartbeat"}, TriggerMessage(Wanted.HEARTBEAT)),
        (
            "TriggerMessage",
            {"requestedMessage": "MeterValues", "connectorId": 2},
            TriggerMessage(Wanted.METER_VALUES, 2),
        ),
        ("TriggerMessage", {"requestedMessage": "LogStatusNotification"}, TriggerMessage(None)),
        ("TriggerMessage", {"requestedMessage": "Coffee"}, TriggerMessage(None)),
        ("DataTransfer", {"vendorId": "v"}, DataTransfer("v")),
        ("DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"}, DataTransfer("v", "m", "d")),
        ("CancelReservation", {"reservationId": 5}, CancelReservation(5)),
        (
            "ReserveNow",
            {"connectorId": 1, "expiryDate": NOON_TEXT, "idTag": "A", "parentIdTag": "G", "reservationId": 5},
            Reserve(5, 1, IdToken("A"), NOON, "G"),
        ),
    ],
)
def test_requests_become_commands(action, payload, command):
    if action != "TriggerMessage" or command.wanted:
        check("ocpp1.6", action, payload)
    assert heard(action, payload) == command


@pytest.mark.parametrize(
    "profile", [{"transactionId": 7}, {}, {"transactionId": None}], ids=["with a number", "without", "with null"]
)
def test_s9_a_remote_start_may_bring_a_profile_with_or_without_a_number(profile):
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}]}
    profile |= {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
    }
    payload = {"connectorId": 1, "idTag": "A", "chargingProfile": profile}
    assert V16().decode("RemoteStartTransaction", payload, Numbers()) == RemoteStart(1, IdToken("A"))


def test_s17_an_empty_list_of_keys_asks_for_all():
    assert heard("GetConfiguration", {"key": []}) == GetSettings()
    assert heard("GetConfiguration", {"key": None}, J1=1) == GetSettings()


@pytest.mark.parametrize(("value", "text"), [(60, "60"), (True, "true"), (False, "false"), (1.5, "1.5"), (60.0, "60")])
def test_j4_values_of_settings_may_be_numbers_or_truth(value, text):
    assert heard("ChangeConfiguration", {"key": "K", "value": value}, J4=1) == SetSetting("K", text)


def test_s16_an_empty_value_is_a_value():
    assert heard("ChangeConfiguration", {"key": "K", "value": ""}) == SetSetting("K", "")


def test_s28_data_may_be_any_json():
    command = heard("DataTransfer", {"vendorId": "v", "data": {"a": [1]}})
    assert json.loads(command.data) == {"a": [1]}


def test_j8_a_long_token_is_kept_whole():
    assert heard("RemoteStartTransaction", {"idTag": "x" * 36}, J8=1) == RemoteStart(None, IdToken("x" * 36))


def test_j15_a_transaction_may_be_named_by_text():
    assert heard("RemoteStopTransaction", {"transactionId": "abc"}, Numbers(number="abc"), J15=1) == RemoteStop("tx")
    assert heard("RemoteStopTransaction", {"transactionId": "7"}, J2=1) == RemoteStop("tx")


def refusal(action, payload):
    with pytest.raises(Refusal) as caught:
        V16().decode(action, payload, Numbers())
    return caught.value.code


SUPPORTED = {
    "CancelReservation",
    "ChangeAvailability",
    "ChangeConfiguration",
    "ClearCache",
    "DataTransfer",
    "GetConfiguration",
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "ReserveNow",
    "Reset",
    "TriggerMessage",
    "UnlockConnector",
}


@pytest.mark.parametrize("action", sorted(REQUESTS.keys() - SUPPORTED))
def test_j17_what_16_has_and_we_have_not_is_not_supported(action):
    assert refusal(action, {}) == "NotSupported"


@pytest.mark.parametrize("action", ["BootNotification", "StartTransaction"])
def test_j17_requests_of_a_station_are_known_too(action):
    assert refusal(action, {}) == "NotSupported"


@pytest.mark.parametrize("action", ["", "reset", "SetVariables", "x" * 9999])
def test_j17_what_16_has_not_is_not_implemented(action):
    assert refusal(action, {}) == "NotImplemented"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"type": "Operative"}, "OccurenceConstraintViolation"),
        ({"connectorId": [], "type": "Operative"}, "TypeConstraintViolation"),
        ({"connectorId": 1, "type": "Closed"}, "PropertyConstraintViolation"),
        ("text", "TypeConstraintViolation"),
    ],
)
def test_j24_refusals_are_spelled_as_16_spells_them(payload, code):
    assert refusal("ChangeAvailability", payload) == code


def test_j24_an_unreadable_date_is_a_formation_violation():
    payload = {"connectorId": 1, "expiryDate": "later", "idTag": "A", "reservationId": 5}
    assert refusal("ReserveNow", payload) == "FormationViolation"


@steady
@given(action=st.sampled_from(sorted(REQUESTS)) | st.text(), payload=ANY_JSON)
def test_no_request_raises_anything_but_refusal(action, payload):
    dialect = V16()
    try:
        command = dialect.decode(action, payload, Numbers())
    except Refusal:
        return
    check("ocpp1.6", action, dialect.result(command, Outcome(Result.REJECTED)), response=True)
