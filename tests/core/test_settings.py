"""The settings in force: one truth under two names, who wins, and what a backend is told."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chargepoint.core.commands import Result, Setting
from chargepoint.core.settings import Settings
from chargepoint.core.statements import DATE_TIME, NUMBER_OF_CONNECTORS
from chargepoint.core.variable import Kind, Variable
from chargepoint.core.variables import (
    AUTH_CACHE_ENABLED,
    CONNECTION_TIMEOUT_S,
    HEARTBEAT_INTERVAL_S,
    MESSAGE_TIMEOUT_S,
    PHASE_ROTATION,
    SAMPLED_INTERVAL_S,
    SAMPLED_UPDATED,
    TABLE,
)
from chargepoint.errors import ConfigError

REPEATABLE = hypothesis_settings(deadline=None, derandomize=True)
SECRET = Variable("SecurityCtrlr", "Secret", Kind.STRING, "", "Test.", high=40, write_only=True, key16="Secret")


# -- one truth --------------------------------------------------------------------------------------------------------


def test_what_16_sets_2_reads():
    settings = Settings()
    assert settings.set16("MeterValueSampleInterval", "15").accepted
    assert settings[SAMPLED_INTERVAL_S] == 15
    assert settings.read2("SampledDataCtrlr.TxUpdatedInterval").detail == "15"
    assert settings.set2("sampleddatactrlr.txupdatedinterval", "20").detail == "20"
    assert settings.find16(["MeterValueSampleInterval"]).known == (Setting("MeterValueSampleInterval", "20", False),)


def test_a_setting_has_one_name_to_be_kept_under():
    settings = Settings()
    assert settings.canonical("metervaluesampleinterval") == "SampledDataCtrlr.TxUpdatedInterval"
    assert settings.canonical("SAMPLEDDATACTRLR.TxUpdatedInterval") == "SampledDataCtrlr.TxUpdatedInterval"
    assert settings.canonical("blinkrepeat") == "BlinkRepeat"
    assert settings.canonical("Nonsense") == "Nonsense"


# -- who wins ---------------------------------------------------------------------------------------------------------


def test_the_backend_wins_over_the_file_and_the_file_over_the_default():
    settings = Settings({"HeartbeatInterval": 100})
    assert Settings().explain("HeartbeatInterval") == ("300", "default")
    assert settings.explain("OCPPCommCtrlr.HeartbeatInterval") == ("100", "file")
    settings.set16("HeartbeatInterval", "200")
    assert settings.explain("heartbeatinterval") == ("200", "set by the backend")
    assert settings[HEARTBEAT_INTERVAL_S] == 200
    assert settings.explain("Nonsense") is None


def test_locked_in_the_file_wins_over_everything():
    settings = Settings({"OCPPCommCtrlr.HeartbeatInterval": 100}, ["heartbeatinterval", "ConnectionTimeOut"])
    assert settings.set16("HeartbeatInterval", "200").result is Result.READ_ONLY
    assert settings.set2("TxCtrlr.EVConnectionTimeOut", "200").result is Result.READ_ONLY
    assert settings.restore("HeartbeatInterval", "300") is None
    assert settings.explain("HeartbeatInterval") == ("100", "locked in the file")
    assert settings.explain("ConnectionTimeOut") == ("60", "locked in the file")
    assert settings.find16(["HeartbeatInterval"]).known[0].read_only


def test_what_is_only_known_at_run_time():
    settings = Settings(fixed={NUMBER_OF_CONNECTORS: 2, HEARTBEAT_INTERVAL_S: 77, MESSAGE_TIMEOUT_S: 30})
    assert settings.find16(["NumberOfConnectors"]).known == (Setting("NumberOfConnectors", "2", True),)
    assert settings.explain("HeartbeatInterval") == ("77", "default")
    assert settings[MESSAGE_TIMEOUT_S] == 30
    assert Settings().find16(["NumberOfConnectors"]).unknown == ("NumberOfConnectors",)
    assert settings.read2("ClockCtrlr.DateTime").result is Result.UNKNOWN_ITEM
    settings.fix(DATE_TIME, "2031-05-06T07:08:09Z")
    assert settings.read2("ClockCtrlr.DateTime").detail == "2031-05-06T07:08:09Z"


# -- the technician's file --------------------------------------------------------------------------------------------


def test_the_file_may_use_the_types_of_toml():
    settings = Settings({"AuthorizationCacheEnabled": False, "MeterValuesSampledData": "voltage.l1, Frequency"})
    assert settings[AUTH_CACHE_ENABLED] is False
    assert settings[SAMPLED_UPDATED] == ("Voltage.L1", "Frequency")


def test_all_problems_of_the_file_are_told_at_once():
    first = {
        "HeartBeatIntervall": 1,
        "ConnectionTimeOut": -5,
        "TxCtrlr.TxStartPoint": "Authorized",
        "qqq": 1,
        "ResetRetries": True,
    }
    with pytest.raises(ConfigError) as refused:
        Settings(first, ["LocalPreAuthorise"])
    assert refused.value.problems == (
        "settings: there is no setting 'HeartBeatIntervall'; did you mean HeartbeatInterval?",
        "settings: '-5' does not fit: TxCtrlr.EVConnectionTimeOut takes a whole number from 1 to 604800 (s)",
        "settings: TxCtrlr.TxStartPoint is a statement of the station and cannot be set; leave it out",
        "settings: there is no setting 'qqq'",
        "settings: 'true' does not fit: OCPPCommCtrlr.ResetRetries takes a whole number from 0 to 10",
        "locked: there is no setting 'LocalPreAuthorise'; did you mean LocalPreAuthorize?",
    )


# -- what was stored --------------------------------------------------------------------------------------------------


def test_what_was_set_comes_back_after_a_restart():
    before, after = Settings(), Settings()
    outcome = before.set16("MeterValuesSampledData", "Voltage.L1")
    assert after.restore(before.canonical("MeterValuesSampledData"), outcome.detail) is None
    assert after[SAMPLED_UPDATED] == ("Voltage.L1",)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("OldVendorKey", "1", "the stored setting OldVendorKey is not one a backend can set in this version"),
        ("TxCtrlr.TxStartPoint", "Authorized", "not one a backend can set"),
        ("HeartbeatInterval", "often", "the stored setting HeartbeatInterval is ignored: 'often' does not fit"),
    ],
)
def test_what_no_longer_fits_is_left_out(name, value, problem):
    settings = Settings()
    assert problem in (settings.restore(name, value) or "")
    assert settings.find16() == Settings().find16()


# -- OCPP 1.6 ---------------------------------------------------------------------------------------------------------


def test_all_keys_are_told_when_none_is_named():
    found = Settings().find16()
    assert len(found.known) == len({setting.name for setting in found.known}) > 30
    assert found.unknown == ()


def test_keys_are_found_in_any_letter_case_once_and_the_rest_is_unknown():
    found = Settings().find16(["heartbeatINTERVAL", "Foo", "HeartbeatInterval", "ResetRetries", "Foo"])
    assert [setting.name for setting in found.known] == ["HeartbeatInterval", "ResetRetries"]
    assert found.unknown == ("Foo",)


@pytest.mark.parametrize(
    ("key", "value", "result"),
    [
        ("heartbeatinterval", "60", Result.ACCEPTED),
        ("HeartbeatInterval", "0", Result.REJECTED),
        ("HeartbeatInterval", "-1", Result.REJECTED),
        ("WebSocketPingInterval", "-1", Result.REJECTED),
        ("MeterValueSampleInterval", "0", Result.ACCEPTED),
        ("LocalPreAuthorize", "TRUE", Result.ACCEPTED),
        ("LocalPreAuthorize", "yes", Result.REJECTED),
        ("MeterValuesSampledData", " Voltage , Current.Import.L1", Result.ACCEPTED),
        ("MeterValuesSampledData", "Voltage,Nonsense", Result.REJECTED),
        ("MeterValuesSampledData", "SoC", Result.REJECTED),
        ("StopTxnAlignedData", "", Result.ACCEPTED),
        ("StopTxnSampledData", ",".join(["Voltage"] * 21), Result.REJECTED),
        ("ConnectorPhaseRotation", "0.RST, 1.rst", Result.ACCEPTED),
        ("ConnectorPhaseRotation", "RST", Result.ACCEPTED),
        ("ConnectorPhaseRotation", "1.XYZ", Result.REJECTED),
        ("NumberOfConnectors", "3", Result.UNKNOWN),
        ("SupportedFeatureProfiles", "Core", Result.READ_ONLY),
        ("Nonsense", "1", Result.UNKNOWN),
        ("TxCtrlr.EVConnectionTimeOut", "1", Result.UNKNOWN),
    ],
)
def test_change_configuration(key, value, result):
    settings = Settings()
    before = settings.find16()
    outcome = settings.set16(key, value)
    assert outcome.result is result
    assert outcome.accepted != bool(outcome.reason)
    if not outcome.accepted:
        assert settings.find16() == before


def test_the_old_keys_of_phase_rotation():
    settings = Settings()
    settings.set16("ConnectorPhaseRotation", "0.RST, 1.rst")
    assert settings[PHASE_ROTATION] == ("0.RST", "1.RST")


# -- OCPP 2.x ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("TxCtrlr.EVConnectionTimeOut", "30", Result.ACCEPTED),
        ("OCPPCommCtrlr.MessageAttempts[transactionevent]", "3", Result.ACCEPTED),
        ("OCPPCommCtrlr.MessageAttempts", "3", Result.UNKNOWN_ITEM),
        ("SampledDataCtrlr.TxUpdatedMeasurands", "Voltage", Result.ACCEPTED),
        ("SampledDataCtrlr.TxUpdatedMeasurands", "Voltage.L1", Result.REJECTED),
        ("TxCtrlr.Nonsense", "1", Result.UNKNOWN_ITEM),
        ("Nonsense.EVConnectionTimeOut", "1", Result.UNKNOWN),
        ("ConnectionTimeOut", "1", Result.UNKNOWN),
        ("TxCtrlr.TxStopPoint", "EVConnected", Result.READ_ONLY),
    ],
)
def test_set_and_get_variables(name, value, result):
    settings = Settings()
    assert settings.set2(name, value).result is result
    read = settings.read2(name)
    if result is Result.ACCEPTED:
        assert read.accepted and read.detail == value
    elif result in (Result.UNKNOWN, Result.UNKNOWN_ITEM):
        assert read.result is result and name in read.reason
    else:
        assert read.accepted and read.detail == Settings().read2(name).detail


def test_the_keys_of_16_are_no_variables_of_2():
    settings = Settings()
    assert settings.read2("BlinkRepeat").result is Result.UNKNOWN
    assert all(entry.variable.component for entry in settings.inventory(False))


def test_a_secret_can_be_set_and_not_be_read():
    settings = Settings(fixed={SECRET: "first"})
    assert settings.set2("SecurityCtrlr.Secret", "second").accepted
    assert settings[SECRET] == "second"
    assert settings.read2("SecurityCtrlr.Secret").result is Result.REJECTED
    assert settings.find16(["Secret"]).known == (Setting("Secret", None, False),)
    assert settings.explain("Secret") == ("", "set by the backend")
    assert "second" not in repr([*settings.inventory(False)])
    assert settings.set2("SecurityCtrlr.Secret", "third").detail is None


def test_the_inventory():
    settings = Settings(locked=["ConnectionTimeOut"])
    entries = {entry.variable.id: entry for entry in settings.inventory(False)}
    assert entries["TxCtrlr.EVConnectionTimeOut"].value == "60"
    assert not entries["TxCtrlr.EVConnectionTimeOut"].writable
    assert entries["OCPPCommCtrlr.HeartbeatInterval"].writable
    settable = {entry.variable.id for entry in settings.inventory(True)}
    assert settable == {name for name, entry in entries.items() if entry.writable}


# -- any text at all --------------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=30) | st.integers(-5, 10**7).map(str) | st.sampled_from(["true", "Voltage", "0.RST", "a,b"])


@REPEATABLE
@given(st.lists(st.tuples(st.sampled_from(TABLE), TEXTS, st.booleans()), max_size=20))
def test_whatever_a_backend_sends_the_settings_stay_within_their_bounds(story):
    settings, kept = Settings(), {}
    for variable, text, old in story:
        before = settings[variable]
        outcome = settings.set16(variable.key16 or "", text) if old else settings.set2(variable.id, text)
        if outcome.accepted:
            assert variable.text(settings[variable]) == outcome.detail
            kept[variable.id] = text
        else:
            assert settings[variable] == before and outcome.reason
    assert all(variable.parse(variable.text(settings[variable])) == settings[variable] for variable in TABLE)
    again = Settings()
    assert [again.restore(name, text) for name, text in kept.items()] == [None] * len(kept)
    assert all(again[variable] == settings[variable] for variable in TABLE)


@REPEATABLE
@given(st.text(max_size=60))
def test_any_name_gets_an_answer(name):
    settings = Settings()
    assert settings.set16(name, "1").reason or settings.find16([name]).known
    assert settings.read2(name).result in (Result.UNKNOWN, Result.UNKNOWN_ITEM, Result.ACCEPTED)
    assert settings.restore(name, "1") is None or settings[CONNECTION_TIMEOUT_S] == 60
