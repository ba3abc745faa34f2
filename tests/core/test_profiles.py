"""Which profiles are taken, refused, replaced and cleared, rule by rule."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.codec import dump, load
from chargepoint.core.commands import Result
from chargepoint.core.profile import (
    Installed,
    Period,
    Place,
    Profile,
    ProfileFilter,
    Purpose,
    RateUnit,
    Recurrency,
    Terms,
)
from chargepoint.core.profile_rules import RULES, normal, overlap
from chargepoint.core.profiles import Profiles
from tests.core.charging_profiles import (
    ABSOLUTE,
    BUSY,
    DAY,
    EVERY_PURPOSE,
    HOUR,
    IDLE,
    NOON,
    RECURRING,
    RELATIVE,
    STATION_MAX,
    TX,
    TX_DEFAULT,
    TX_PROFILE,
    any_profile,
    any_station,
    holding,
    profile,
    steady,
)

DAILY = Recurrency.DAILY
NORMAL = Terms()
SWITCHING = {1: Place(32.0, can_switch=True, tx=TX), 2: Place(32.0, can_switch=True)}


def install(wanted, evse=1, places=BUSY, terms=NORMAL, held=None, give_way=True):
    before = held or Profiles()
    after, outcome = before.install(wanted, evse, places, NOON, terms, give_way)
    assert outcome.accepted is (after is not before)
    assert outcome.accepted or (outcome.result is Result.REJECTED and outcome.reason)
    return after, outcome


def ids(held):
    return [each.profile.id for each in held.installed]


# -- refusals --------------------------------------------------------------

PHASE_1 = [Period(0, 10.0, 1, 1)]
REFUSED = [
    ("UnknownEvse", "there is no connector 2", profile(), {"evse": 2}),
    ("UnknownEvse", "there is no connector -1", profile(), {"evse": -1}),
    ("InvalidProfile", "a ChargingStationExternalConstraints cannot be set here", profile(1, Purpose.EXTERNAL), {}),
    ("InvalidProfile", "a PriorityCharging cannot be set here", profile(1, Purpose.PRIORITY), {}),
    ("InvalidStackLevel", "the stack level is -1, but must be from 0 to 20", profile(level=-1), {}),
    ("InvalidStackLevel", "the stack level is 21, but must be from 0 to 20", profile(level=21), {}),
    (
        "UnsupportedRateUnit",
        "limits in W are not taken here",
        profile(unit=RateUnit.WATTS),
        {"terms": Terms((RateUnit.AMPS,))},
    ),
    ("InvalidProfile", "a recurring profile must say how often it recurs", profile(kind=RECURRING), {}),
    ("InvalidSchedule", "the schedule has 0 periods, but must have from 1 to 100", profile(parts=[]), {}),
    (
        "InvalidSchedule",
        "the schedule has 3 periods, but must have from 1 to 2",
        profile(1, TX_DEFAULT, 1, 2, 3),
        {"terms": Terms(max_periods=2)},
    ),
    (
        "InvalidSchedule",
        "a period starts at -1 s, before the schedule does",
        profile(parts=[Period(0, 1.0), Period(-1, 1.0)]),
        {},
    ),
    ("InvalidSchedule", "two periods start at 60 s", profile(parts=[Period(60, 1.0), Period(60, 2.0)]), {}),
    ("InvalidSchedule", "the limit at 0 s is -0.1, but must be 0 or more", profile(1, TX_DEFAULT, -0.1), {}),
    ("InvalidSchedule", "the limit at 0 s is nan, but must be 0 or more", profile(1, TX_DEFAULT, "nan"), {}),
    ("InvalidSchedule", "the limit at 0 s is inf, but must be 0 or more", profile(1, TX_DEFAULT, "inf"), {}),
    (
        "InvalidSchedule",
        "the period at 9 s has 0 phases, but must have from 1 to 3",
        profile(parts=[Period(9, 1.0, 0)]),
        {},
    ),
    (
        "InvalidSchedule",
        "the period at 0 s has 4 phases, but must have from 1 to 3",
        profile(parts=[Period(0, 1.0, 4)]),
        {},
    ),
    ("InvalidSchedule", "the phase to use cannot be chosen here", profile(parts=PHASE_1), {}),
    ("InvalidSchedule", "the phase to use cannot be chosen here", profile(parts=PHASE_1), {"evse": 0}),
    (
        "InvalidSchedule",
        "phase 1 of all phases cannot be used alone",
        profile(parts=[Period(0, 1.0, None, 1)]),
        {"places": SWITCHING},
    ),
    (
        "InvalidSchedule",
        "phase 2 of 3 phases cannot be used alone",
        profile(parts=[Period(0, 1.0, 3, 2)]),
        {"places": SWITCHING},
    ),
    (
        "InvalidSchedule",
        "phase 4 of 1 phases cannot be used alone",
        profile(parts=[Period(0, 1.0, 1, 4)]),
        {"places": SWITCHING},
    ),
    (
        "InvalidSchedule",
        "priority charging has no duration",
        profile(1, Purpose.PRIORITY, lasts=60),
        {"terms": EVERY_PURPOSE},
    ),
    ("TxNotFound", "a TxProfile is for one connector, not for the station", profile(1, TX_PROFILE), {"evse": 0}),
    ("TxNotFound", "no transaction is running on connector 1", profile(1, TX_PROFILE, tx="tx"), {"places": IDLE}),
    ("TxNotFound", "no transaction is running on connector 1", profile(1, TX_PROFILE), {"places": IDLE}),
    (
        "TxNotFound",
        "the transaction of the profile is not the one that is running on connector 1",
        profile(1, TX_PROFILE, tx=""),
        {},
    ),
    (
        "InvalidSchedule",
        "by its start, duration and validity the profile can never apply again",
        profile(starts=NOON - HOUR, lasts=HOUR),
        {},
    ),
    (
        "InvalidSchedule",
        "by its start, duration and validity the profile can never apply again",
        profile(1, TX_PROFILE, kind=RELATIVE, lasts=600),
        {},
    ),
]


@pytest.mark.parametrize(("code", "why", "wanted", "more"), REFUSED, ids=[why for _, why, *_ in REFUSED])
def test_what_is_refused_is_refused_with_a_reason(code, why, wanted, more):
    _, outcome = install(wanted, **more)
    assert (outcome.detail, outcome.reason) == (code, why)


def test_every_reason_code_is_one_that_a_backend_knows():
    assert all(len(code) <= 20 and code.isalpha() for code, _ in RULES)


def test_the_station_is_full_only_with_profiles_that_may_speak_again():
    terms = Terms(max_installed=2)
    held = holding(profile(1, level=1, valid_to_utc=NOON + 5), profile(2, level=2))
    after, outcome = held.install(profile(3, level=3), 1, BUSY, NOON, terms)
    assert (outcome.detail, after) == ("TooManyElements", held)
    assert outcome.reason == "2 profiles are installed and there is no room for more; clear some"
    after, outcome = held.install(profile(3, level=3), 1, BUSY, NOON + 5, terms)
    assert outcome.accepted and ids(after) == [2, 3]


def test_while_there_is_room_nothing_is_thrown_away():
    held = holding(profile(1, level=1, valid_to_utc=NOON + 5))
    after, _ = held.install(profile(2, level=2), 1, BUSY, NOON + 5, Terms(max_installed=2))
    assert ids(after) == [1, 2]


def test_a_profile_of_a_transaction_that_is_over_makes_room():
    held = holding(profile(1, TX_PROFILE), profile(2, level=2), (0, profile(3, STATION_MAX)))
    after, outcome = held.install(profile(4, level=4), 1, IDLE, NOON, Terms(max_installed=3))
    assert outcome.accepted and ids(after) == [2, 3, 4]


def test_a_default_that_is_over_for_the_running_transaction_is_for_the_next_one():
    held = holding(profile(1, kind=RELATIVE, lasts=60))
    after, outcome = held.install(profile(2, level=1), 1, BUSY, NOON, Terms(max_installed=1))
    assert (outcome.detail, ids(after)) == ("TooManyElements", [1])


def test_where_all_is_full_a_replacement_still_fits():
    held = holding(profile(1))
    after, outcome = held.install(profile(1, TX_DEFAULT, 16), 1, BUSY, NOON, Terms(max_installed=1))
    assert outcome.accepted and ids(after) == [1]


# -- replacing --------------------------------------------------------------


def test_the_same_id_replaces_wherever_it_was():
    held = holding((0, profile(1, STATION_MAX)), profile(2))
    held = holding_more(held, profile(1, TX_DEFAULT, 16, level=3))
    assert [(each.evse, each.profile.id) for each in held.installed] == [(1, 2), (1, 1)]


def holding_more(held, wanted, evse=1, terms=EVERY_PURPOSE):
    after, outcome = held.install(wanted, evse, BUSY, NOON, terms)
    assert outcome.accepted, outcome.reason
    return after


@pytest.mark.parametrize(
    ("evse", "new", "left"),
    [
        (1, profile(2, level=3), [2]),
        (1, profile(2, level=3, valid_from_utc=NOON + DAY), [2]),
        (1, profile(2, level=4), [1, 2]),
        (0, profile(2, level=3), [1, 2]),
        (1, profile(2, STATION_MAX, level=3), [1, 2]),
        (1, profile(2, TX_PROFILE, level=3), [1, 2]),
    ],
)
def test_in_16_the_same_purpose_and_level_on_the_same_connector_gives_way(evse, new, left):
    assert ids(holding_more(holding(profile(1, level=3)), new, evse)) == left


@pytest.mark.parametrize(
    ("first", "evse", "new", "collides"),
    [
        ((1, profile(1, level=3)), 1, profile(2, level=3), True),
        ((1, profile(1, level=3)), 1, profile(2, level=4), False),
        ((1, profile(1, level=3)), 1, profile(1, level=3), False),
        ((1, profile(1, level=3)), 1, profile(2, STATION_MAX, level=3), False),
        ((1, profile(1, level=3)), 0, profile(2, level=3), True),
        ((0, profile(1, level=3)), 1, profile(2, level=3), True),
        ((0, profile(1, STATION_MAX)), 1, profile(2, STATION_MAX), False),
        ((1, profile(1, valid_to_utc=NOON + 9)), 1, profile(2, valid_from_utc=NOON + 9), False),
        ((1, profile(1, valid_to_utc=NOON + 9)), 1, profile(2, valid_from_utc=NOON + 8), True),
    ],
)
def test_in_2x_it_refuses_while_both_are_valid(first, evse, new, collides):
    _, outcome = install(new, evse, held=holding(first), give_way=False)
    assert outcome.accepted is not collides
    if collides:
        assert outcome.detail == "DuplicateProfile"
        assert outcome.reason == "profile 1 has the same purpose and stack level; clear it first"


def test_an_external_constraint_and_a_profile_of_the_backend_never_replace_each_other():
    held = holding((0, profile(1, Purpose.EXTERNAL)))
    _, outcome = install(profile(1), held=held)
    assert outcome.detail == "InvalidProfileId"
    assert outcome.reason == "the id 1 belongs to a ChargingStationExternalConstraints"
    _, outcome = install(profile(1, Purpose.EXTERNAL), held=holding(profile(1)), terms=EVERY_PURPOSE)
    assert outcome.reason == "the id 1 belongs to a TxDefaultProfile"
    assert ids(holding_more(held, profile(1, Purpose.EXTERNAL, 16), 0)) == [1]


def test_two_profiles_may_not_want_different_phases():
    def one_phase(number, phase, **more):
        return profile(number, parts=[Period(0, 10.0, 1, phase)], level=number, **more)

    held = holding(one_phase(1, 1), profile(9, STATION_MAX), places=SWITCHING)
    for evse in (0, 1):
        _, outcome = install(one_phase(2, 2), evse, SWITCHING, held=held)
        assert outcome.reason == "profile 1 wants another phase to be used"
    assert install(one_phase(2, 1), places=SWITCHING, held=held)[1].accepted
    assert install(one_phase(2, 2), 2, SWITCHING, held=held)[1].accepted
    held = holding(one_phase(1, 1, valid_to_utc=NOON + 9), places=SWITCHING)
    assert install(one_phase(2, 2, valid_from_utc=NOON + 9), places=SWITCHING, held=held)[1].accepted


# -- the normal form --------------------------------------------------------------


def kept(wanted, evse=1, places=BUSY, utc=NOON):
    held, outcome = Profiles().install(wanted, evse, places, utc, NORMAL)
    assert outcome.accepted, outcome.reason
    assert held.installed[0].evse == evse
    return held.installed[0].profile


def test_s9_a_profile_for_no_transaction_is_for_the_one_that_runs():
    assert kept(profile(1, TX_PROFILE)).tx == "tx"
    assert kept(profile(1, TX_PROFILE, tx="tx")).tx == "tx"


def test_s10_the_stations_maximum_is_for_no_transaction_and_starts_on_receipt():
    wanted = kept(profile(1, STATION_MAX, kind=RELATIVE, tx="tx"), utc=NOON + 0.7)
    assert (wanted.tx, wanted.kind, wanted.schedule.starts_utc) == (None, ABSOLUTE, NOON)


@pytest.mark.parametrize(
    ("kind", "valid_from", "starts"),
    [
        (ABSOLUTE, None, NOON),
        (ABSOLUTE, NOON - DAY, NOON),
        (ABSOLUTE, NOON + DAY, NOON + DAY),
        (RECURRING, None, NOON),
        (RECURRING, NOON - HOUR, NOON - HOUR),
        (RECURRING, NOON + DAY, NOON + DAY),
        (RELATIVE, None, None),
    ],
)
def test_s11_without_a_start_a_schedule_starts_on_receipt_or_when_it_becomes_valid(kind, valid_from, starts):
    wanted = kept(profile(starts=None, kind=kind, recurrency=DAILY, valid_from_utc=valid_from), utc=NOON + 0.7)
    assert wanted.schedule.starts_utc == starts


def test_a_relative_profile_has_no_start_and_only_a_recurring_one_recurs():
    relative = replace(profile(kind=RELATIVE), recurrency=DAILY)
    relative = kept(replace(relative, schedule=replace(relative.schedule, starts_utc=NOON)))
    assert (relative.schedule.starts_utc, relative.recurrency) == (None, None)
    assert kept(profile(kind=RECURRING, recurrency=DAILY)).recurrency is DAILY


def test_s12_periods_are_sorted_and_the_first_may_start_late():
    wanted = kept(profile(parts=[Period(300, 6.0), Period(120, 10.0)]))
    assert [period.starts_s for period in wanted.schedule.periods] == [120, 300]


def test_moments_are_whole_seconds():
    wanted = kept(profile(starts=NOON + 0.9, valid_from_utc=NOON - 0.1, valid_to_utc=NOON + 9.9))
    assert wanted.schedule.starts_utc == NOON
    assert (wanted.valid_from_utc, wanted.valid_to_utc) == (NOON - 1, NOON + 9)


@steady
@given(any_profile(), st.floats(0, 1e6))
def test_the_normal_form_is_kept_when_it_arrives_again(wanted, later):
    once = normal(wanted, NOON, TX)
    assert normal(once, NOON + later, TX) == once


def test_overlap():
    early, late = profile(valid_to_utc=NOON), profile(valid_from_utc=NOON)
    assert not overlap(early, late) and not overlap(late, early)
    assert overlap(early, profile()) and overlap(profile(), late) and overlap(profile(), profile())


# -- clearing --------------------------------------------------------------

HELD = (
    (0, profile(1, STATION_MAX, level=1)),
    (0, profile(2, TX_DEFAULT, level=1)),
    (1, profile(3, TX_DEFAULT, level=2)),
    (1, profile(4, TX_PROFILE, level=1)),
    (0, profile(5, Purpose.EXTERNAL, level=1)),
)


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (ProfileFilter(), [5]),
        (ProfileFilter(3), [1, 2, 4, 5]),
        (ProfileFilter(3, 0, STATION_MAX, 7), [1, 2, 4, 5]),
        (ProfileFilter(9), [1, 2, 3, 4, 5]),
        (ProfileFilter(5), [1, 2, 3, 4, 5]),
        (ProfileFilter(evse=0), [3, 4, 5]),
        (ProfileFilter(evse=1), [1, 2, 5]),
        (ProfileFilter(purpose=TX_DEFAULT), [1, 4, 5]),
        (ProfileFilter(stack_level=1), [3, 5]),
        (ProfileFilter(evse=0, stack_level=1, purpose=TX_DEFAULT), [1, 3, 4, 5]),
        (ProfileFilter(evse=1, purpose=STATION_MAX), [1, 2, 3, 4, 5]),
    ],
)
def test_clearing_takes_those_that_fit_everything_given(wanted, left):
    held = holding(*HELD)
    after, count = held.clear(wanted)
    assert (ids(after), count) == (left, 5 - len(left))


def test_finding_finds_external_ones_too():
    held = holding(*HELD)
    assert [each.profile.id for each in held.find(ProfileFilter(evse=0))] == [1, 2, 5]


def test_with_the_transaction_its_profiles_go():
    held = holding(*HELD)
    assert ids(held.ended("tx")) == [1, 2, 3, 5]
    assert held.ended("other") == held


# -- properties --------------------------------------------------------------


@steady
@given(any_station(), any_profile(), st.integers(0, 1), st.booleans())
def test_whatever_is_installed_ids_stay_unique_and_bounds_are_kept(station, wanted, evse, give_way):
    held, places = station
    terms = Terms(max_installed=4, max_stack_level=2, purposes=frozenset(Purpose))
    after, outcome = held.install(wanted, evse, places, NOON, terms, give_way)
    if outcome.accepted:
        assert len(set(ids(after))) == len(after.installed) <= 4
        again, outcome = after.install(wanted, evse, places, NOON, terms, give_way)
        assert outcome.accepted and again == after
    else:
        assert after is held and outcome.reason


@steady
@given(any_station())
def test_an_empty_filter_clears_everything_of_the_backend(station):
    held, _ = station
    after, count = held.clear(ProfileFilter())
    assert all(each.profile.purpose is Purpose.EXTERNAL for each in after.installed)
    assert count == len(held.installed) - len(after.installed)


@steady
@given(any_station())
def test_the_store_gets_back_what_it_kept(station):
    held, _ = station
    for each in held.installed:
        assert load(Profile, dump(Profile, each.profile)) == each.profile
        assert load(Installed, dump(Installed, each)) == each
    assert load(Profiles, dump(Profiles, held)) == held
