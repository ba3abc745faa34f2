"""1.6's smart charging: what its requests mean, which deviations that needs, and how the answers read."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.commands import ClearProfiles, GetComposite, Outcome, RemoteStart, Result, SetProfile
from chargepoint.core.composite import answer
from chargepoint.core.profile import (
    Period,
    Place,
    Profile,
    ProfileFilter,
    ProfileKind,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
    Terms,
)
from chargepoint.core.profiles import Profiles
from chargepoint.core.tokens import IdToken
from chargepoint.ocpp.dialect import Refusal
from chargepoint.ocpp.reader import ReadError, read
from chargepoint.ocpp.v16.decode import decode
from chargepoint.ocpp.v16.profiles import PROFILES, STATUS, composite_answer, deviations
from chargepoint.ocpp.v16.schema import REQUESTS
from tests.ocpp.anything import ANY_JSON, steady
from tests.ocpp.official import check
from tests.ocpp.station16 import NOON, NOON_TEXT, Numbers

PERIODS = [{"startPeriod": 0, "limit": 16.0, "numberPhases": 3}, {"startPeriod": 60, "limit": 6}]
EVERYTHING = {
    "chargingProfileId": 5,
    "transactionId": 7,
    "stackLevel": 2,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Recurring",
    "recurrencyKind": "Weekly",
    "validFrom": NOON_TEXT,
    "validTo": "2026-02-03T13:00:00.000Z",
    "chargingSchedule": {
        "duration": 3600,
        "startSchedule": NOON_TEXT,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": PERIODS,
        "minChargingRate": 4.5,
    },
}
PLAIN = {
    "chargingProfileId": 5,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": PERIODS[:1]},
}


def plain(**more):
    schedule = {"duration", "startSchedule", "chargingRateUnit", "chargingSchedulePeriod"} & more.keys()
    inner = PLAIN["chargingSchedule"] | {name: more.pop(name) for name in schedule}
    return PLAIN | more | {"chargingSchedule": inner}


def station_max(**more):
    return plain(chargingProfilePurpose="ChargePointMaxProfile", **more)


def heard(action, payload, ledger=None):
    """(command, the deviations it needed)"""
    clean = read(REQUESTS[action], payload, Counter())
    return PROFILES[action](clean, ledger or Numbers()), list(deviations(action, clean))


def asked(profile, connector=1):
    return heard("SetChargingProfile", {"connectorId": connector, "csChargingProfiles": profile})


def test_a_profile_is_read_whole():
    check("ocpp1.6", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": EVERYTHING})
    schedule = Schedule(RateUnit.WATTS, (Period(0, 16.0, 3), Period(60, 6.0)), 3600, NOON, 4.5)
    times = (Recurrency.WEEKLY, NOON, NOON + 3600)
    assert asked(EVERYTHING) == (
        SetProfile(1, Profile(5, Purpose.TX, ProfileKind.RECURRING, 2, schedule, *times, "tx"), replace=True),
        [],
    )


def test_a_profile_may_be_short():
    check("ocpp1.6", "SetChargingProfile", {"connectorId": 0, "csChargingProfiles": PLAIN})
    schedule = Schedule(RateUnit.AMPS, (Period(0, 16.0, 3),))
    profile = Profile(5, Purpose.TX_DEFAULT, ProfileKind.RELATIVE, 0, schedule)
    assert asked(PLAIN, 0) == (SetProfile(0, profile), [])


def test_a_transaction_that_nobody_knows_is_not_forgotten():
    command, _ = asked(plain(chargingProfilePurpose="TxProfile", transactionId=8))
    assert command.profile.tx == ""


@pytest.mark.parametrize(
    ("connector", "profile", "rules"),
    [
        (1, plain(chargingProfilePurpose="TxProfile"), ["S9"]),
        (0, station_max(chargingProfileKind="Absolute", startSchedule=NOON_TEXT), []),
        (1, station_max(chargingProfileKind="Absolute", startSchedule=NOON_TEXT), ["S10"]),
        (0, station_max(), ["S10"]),
        (0, station_max(transactionId=7, chargingProfileKind="Absolute"), ["S10", "S11"]),
        (1, plain(chargingProfileKind="Absolute"), ["S11"]),
        (1, plain(chargingProfileKind="Recurring", startSchedule=""), ["S11"]),
        (1, plain(chargingSchedulePeriod=[{"startPeriod": 120, "limit": 6}]), ["S12"]),
        (1, plain(chargingSchedulePeriod=[]), []),
        (1, plain(chargingRateUnit="Power"), ["S14"]),
    ],
)
def test_deviations_are_understood_and_told(connector, profile, rules):
    command, told = asked(profile, connector)
    assert isinstance(command, SetProfile)
    assert told == rules


@pytest.mark.parametrize(
    ("word", "unit"),
    [("A", RateUnit.AMPS), ("W", RateUnit.WATTS), ("Current", RateUnit.AMPS), ("power ", RateUnit.WATTS)],
)
def test_s14_units_have_two_names(word, unit):
    payload = {"connectorId": 1, "duration": 60, "chargingRateUnit": word}
    rules = [] if word in ("A", "W") else ["S14"]
    assert heard("GetCompositeSchedule", payload) == (GetComposite(1, 60, unit), rules)
    assert asked(plain(chargingRateUnit=word))[0].profile.schedule.unit is unit


@pytest.mark.parametrize("word", ["kW", "", "x" * 200])
def test_another_unit_is_refused(word):
    payload = {"connectorId": 1, "csChargingProfiles": plain(chargingRateUnit=word)}
    if not word:
        with pytest.raises(ReadError):
            heard("SetChargingProfile", payload)
        return
    with pytest.raises(Refusal) as caught:
        heard("SetChargingProfile", payload)
    assert caught.value.code == "PropertyConstraintViolation"
    assert caught.value.text == f"chargingRateUnit: expected A or W, got {word[:50]!r}"


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        ({}, ProfileFilter()),
        ({"id": 5}, ProfileFilter(5)),
        ({"connectorId": 0, "stackLevel": 0}, ProfileFilter(evse=0, stack_level=0)),
        ({"chargingProfilePurpose": "ChargePointMaxProfile"}, ProfileFilter(purpose=Purpose.STATION_MAX)),
    ],
)
def test_what_to_clear(payload, wanted):
    check("ocpp1.6", "ClearChargingProfile", payload)
    assert heard("ClearChargingProfile", payload) == (ClearProfiles(wanted), [])


def test_a_schedule_may_be_asked_for_in_the_stations_unit():
    payload = {"connectorId": 0, "duration": 60}
    check("ocpp1.6", "GetCompositeSchedule", payload)
    assert heard("GetCompositeSchedule", payload) == (GetComposite(0, 60), [])


@pytest.mark.parametrize(("number", "rules"), [({}, []), ({"transactionId": 7}, ["S9"]), ({"transactionId": None}, [])])
def test_s9_the_profile_of_a_remote_start_is_for_what_starts(number, rules):
    profile = plain(chargingProfilePurpose="TxProfile") | number
    command, told = heard("RemoteStartTransaction", {"connectorId": 1, "idTag": "A", "chargingProfile": profile})
    assert command == RemoteStart(1, IdToken("A"), profile=command.profile)
    assert command.profile == Profile(
        5, Purpose.TX, ProfileKind.RELATIVE, 0, Schedule(RateUnit.AMPS, (Period(0, 16.0, 3),))
    )
    assert told == rules


def test_a_remote_start_needs_no_profile():
    assert heard("RemoteStartTransaction", {"idTag": "A"}) == (RemoteStart(None, IdToken("A")), [])


@pytest.mark.parametrize("action", sorted(PROFILES.keys() - {"RemoteStartTransaction"}))
def test_until_the_station_can_do_it_nothing_is_promised(action):
    with pytest.raises(Refusal) as caught:
        decode(action, {}, Numbers(), Counter())
    assert caught.value.code == "NotSupported"


# -- answers --------------------------------------------------------------

ACTIONS = {"SetChargingProfile": SetProfile, "ClearChargingProfile": ClearProfiles}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("result", Result)
def test_every_result_has_a_word(action, result):
    words, otherwise = STATUS[ACTIONS[action]]
    check("ocpp1.6", action, {"status": words.get(result, otherwise)}, response=True)


@pytest.mark.parametrize(
    ("command", "result", "word"),
    [
        (SetProfile, Result.ACCEPTED, "Accepted"),
        (SetProfile, Result.REJECTED, "Rejected"),
        (SetProfile, Result.NOT_SUPPORTED, "NotSupported"),
        (ClearProfiles, Result.ACCEPTED, "Accepted"),
        (ClearProfiles, Result.UNKNOWN, "Unknown"),
    ],
)
def test_words_of_answers(command, result, word):
    words, otherwise = STATUS[command]
    assert words.get(result, otherwise) == word


def test_a_schedule_is_told():
    ask = GetComposite(1, 600)
    command, _ = asked(plain(chargingSchedulePeriod=PERIODS))
    places = {1: Place(32.0)}
    held, _ = Profiles().install(command.profile, 1, places, NOON, Terms())
    payload = composite_answer(ask, answer(held, places, ask, NOON, Terms()))
    check("ocpp1.6", "GetCompositeSchedule", payload, response=True)
    periods = [
        {"startPeriod": 0, "limit": 16.0, "numberPhases": 3},
        {"startPeriod": 60, "limit": 6.0, "numberPhases": 3},
    ]
    assert payload == {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": NOON_TEXT,
        "chargingSchedule": {"duration": 600, "chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    }


def test_a_schedule_that_cannot_be_made_is_rejected():
    payload = composite_answer(GetComposite(9, 60), Outcome(Result.REJECTED, "there is no connector 9"))
    check("ocpp1.6", "GetCompositeSchedule", payload, response=True)
    assert payload == {"status": "Rejected"}


# -- anything --------------------------------------------------------------

WORDS = st.sampled_from(["A", "W", "Current", "TxProfile", "ChargePointMaxProfile", "Absolute", "Recurring", "Daily"])


@steady
@given(st.sampled_from(sorted(PROFILES)), st.data())
def test_whatever_can_be_read_is_understood_or_refused(action, data):
    def member(field):
        kind, inner = field
        if kind == "object":
            return payload(inner)
        if kind == "list":
            return st.lists(member(inner[0]), max_size=3)
        known = st.sampled_from(inner) if kind in ("enum", "word") else st.integers(-9, 99) | WORDS
        return known | ANY_JSON if kind == "word" else known

    def payload(shape):
        return st.fixed_dictionaries(
            {name: member(shape[1][name]) for name in shape[0]},
            optional={name: member(field) for name, field in shape[1].items() if name not in shape[0]},
        )

    try:
        command, rules = heard(action, data.draw(payload(REQUESTS[action])))
    except (ReadError, Refusal):
        return
    assert len(set(rules)) == len(rules)
    if isinstance(command, SetProfile):
        _, outcome = Profiles().install(command.profile, command.evse, {1: Place(32.0)}, NOON, Terms())
        assert outcome.accepted or outcome.reason
    if isinstance(command, GetComposite):
        outcome = answer(Profiles(), {1: Place(32.0)}, command, NOON, Terms())
        check("ocpp1.6", action, composite_answer(command, outcome), response=True)
