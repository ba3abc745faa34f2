"""What all profiles together allow: by example, against a slow judge, and as a schedule."""

from dataclasses import replace
from itertools import pairwise
from math import floor, inf

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chargepoint.core import composite as tested
from chargepoint.core.commands import GetComposite, Outcome, Result
from chargepoint.core.composite import LONGEST_S, MOST_STEPS, Allowance, answer, composite, limit_now, tenths
from chargepoint.core.covering import cover
from chargepoint.core.profile import (
    Installed,
    Period,
    Place,
    Purpose,
    RateUnit,
    Recurrency,
    Running,
    Schedule,
    Terms,
)
from chargepoint.core.profiles import Profiles
from tests.core.charging_profiles import (
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
    any_station,
    holding,
    judged_amps,
    moments,
    profile,
    steady,
    tenth_amps,
)

AMPS, WATTS = RateUnit
NONE = Profiles()


def amps(held, evse=1, places=BUSY, utc=NOON):
    return limit_now(held, places, evse, utc).amps


def watts(limit, phases=None, number=1, **more):
    return profile(number, parts=[Period(0, float(limit), phases)], unit=WATTS, **more)


# -- who wins --------------------------------------------------------------


def test_without_profiles_the_hardware_limits():
    assert limit_now(NONE, BUSY, 1, NOON) == Allowance(32.0, 22080.0, 3, None, (), inf)


def test_the_highest_stack_level_wins_however_much_it_allows():
    held = holding(profile(1, TX_DEFAULT, 6, level=0), profile(2, TX_DEFAULT, 20, level=2))
    held = holding_too(held, profile(3, TX_DEFAULT, 8, level=1))
    assert limit_now(held, BUSY, 1, NOON).profiles == (2,)
    assert amps(held) == 20.0


def holding_too(held, wanted, evse=1):
    after, outcome = held.install(wanted, evse, BUSY, NOON, EVERY_PURPOSE)
    assert outcome.accepted
    return after


def test_where_the_higher_is_silent_the_lower_speaks():
    held = holding(
        profile(1, TX_DEFAULT, 6, level=0, lasts=2 * HOUR),
        profile(2, TX_DEFAULT, 20, level=2, starts=NOON + 60, lasts=60),
    )
    told = [(at, amps(held, utc=NOON + at)) for at in (0, 59, 60, 119, 120, 2 * HOUR)]
    assert told == [(0, 6.0), (59, 6.0), (60, 20.0), (119, 20.0), (120, 6.0), (2 * HOUR, 32.0)]


def test_the_profile_of_the_transaction_counts_more_than_any_default():
    held = holding(profile(1, TX_DEFAULT, 6, level=9), profile(2, TX_PROFILE, 20, lasts=60))
    assert (amps(held), amps(held, utc=NOON + 60)) == (20.0, 6.0)
    assert amps(held, places=IDLE) == 6.0
    assert amps(held, places={1: Place(32.0, tx=Running("other", NOON))}) == 6.0


def test_the_default_of_a_place_counts_more_than_the_stations():
    held = holding((0, profile(1, TX_DEFAULT, 6, level=9)), (1, profile(2, TX_DEFAULT, 20, lasts=60)))
    assert (amps(held), amps(held, utc=NOON + 60)) == (20.0, 6.0)
    assert amps(held, 2, {**BUSY, 2: Place(16.0)}) == 6.0


@pytest.mark.parametrize(("evse", "ceiling"), [(0, STATION_MAX), (1, STATION_MAX), (0, Purpose.EXTERNAL)])
def test_ceilings_bound_every_wish(evse, ceiling):
    held = holding((evse, profile(1, ceiling, 8, 24)), profile(2, TX_PROFILE, 20))
    assert limit_now(held, BUSY, 1, NOON) == Allowance(8.0, 5520.0, 3, None, (1,), NOON + HOUR)
    assert limit_now(held, BUSY, 1, NOON + HOUR) == Allowance(20.0, 13800.0, 3, None, (2,), inf)


def test_of_a_ceiling_too_the_highest_level_counts():
    held = holding((0, profile(1, STATION_MAX, 8, level=0)), (0, profile(2, STATION_MAX, 24, level=1)))
    assert amps(held) == 24.0


def test_whoever_agrees_with_the_lowest_is_named_once():
    held = holding((0, profile(1, STATION_MAX, 8)), (1, profile(2, STATION_MAX, 8)), profile(3, TX_PROFILE, 9))
    assert limit_now(held, BUSY, 1, NOON).profiles == (1, 2)
    assert limit_now(held, BUSY, 0, NOON).profiles == (1, 2)


def test_priority_charging_counts_only_while_it_is_on():
    held = holding(profile(1, TX_PROFILE, 6), (0, profile(2, Purpose.PRIORITY, 32)), (0, profile(3, STATION_MAX, 20)))
    assert amps(held) == 6.0
    assert amps(held, places={1: Place(32.0, tx=replace(TX, priority=True))}) == 20.0
    assert amps(held, places=IDLE) == 20.0


def test_zero_is_a_limit():
    assert amps(holding(profile(1, TX_PROFILE, 0))) == 0.0


@pytest.mark.parametrize("evse", [0, 1])
def test_while_nobody_knows_the_time_the_lowest_ceiling_counts_and_no_wish(evse):
    later = {"starts": NOON + DAY, "valid_to_utc": NOON + 2 * DAY}
    held = holding((0, profile(1, STATION_MAX, 20, 13, 16, **later)), profile(2, TX_PROFILE, 6))
    assert limit_now(held, BUSY, evse, None) == Allowance(13.0, 8970.0, 3, None, (1,), inf)
    held = holding(profile(2, TX_PROFILE, 6))
    assert limit_now(held, BUSY, evse, None) == Allowance(32.0, 22080.0, 3, None, (), inf)


# -- amps and watts --------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "phases", "place", "allowed"),
    [
        (11_000, None, Place(32.0), 15.9),
        (11_040, None, Place(32.0), 16.0),
        (11_040, 3, Place(32.0, phases=1), 32.0),
        (3_680, 3, Place(32.0, phases=1), 16.0),
        (3_680, 1, Place(32.0), 5.3),
        (3_680, 1, Place(32.0, can_switch=True), 16.0),
        (3_680, None, Place(32.0, can_switch=True), 5.3),
        (11_040, None, Place(32.0, volts=240.0), 15.3),
    ],
)
def test_watts_are_shared_by_the_phases_that_will_be_used(limit, phases, place, allowed):
    assert amps(holding(watts(limit, phases)), places={1: replace(place, tx=TX)}) == allowed


@pytest.mark.parametrize(("limit", "cut"), [(6.05, 6.0), (6.0, 6.0), (5.99, 5.9), (16.1, 16.1), (0.09, 0.0)])
def test_j12_limits_are_cut_to_tenths(limit, cut):
    assert amps(holding(profile(1, TX_DEFAULT, limit))) == cut == tenths(limit)


def test_more_phases_than_there_are_change_nothing():
    held = holding(profile(parts=[Period(0, 10.0, 3)]))
    assert limit_now(held, {1: Place(32.0, phases=1)}, 1, NOON) == Allowance(10.0, 2300.0, 1, None, (1,), inf)


def test_the_fewest_phases_of_all_are_used_where_the_station_can_switch():
    held = holding((0, profile(1, STATION_MAX, parts=[Period(0, 20.0, 2)])), profile(2, parts=[Period(0, 10.0, 3)]))
    assert limit_now(held, {1: Place(32.0, can_switch=True)}, 1, NOON).phases == 2
    assert limit_now(held, BUSY, 1, NOON).phases == 3


def test_the_phase_to_use_is_told():
    places = {1: Place(32.0, can_switch=True)}
    held = holding((0, profile(1, STATION_MAX)), profile(2, parts=[Period(0, 10.0, 1, 2)]), places=places)
    for evse in (0, 1):
        allowed = limit_now(held, places, evse, NOON)
        assert (allowed.phases, allowed.phase_to_use) == (1, 2)
    assert limit_now(held, {**places, 2: Place(16.0)}, 0, NOON).phase_to_use is None


# -- the station --------------------------------------------------------------

TWO = {1: Place(32.0, tx=TX), 2: Place(16.0, phases=1)}


def test_the_station_may_draw_what_its_places_may_under_its_own_ceiling():
    assert limit_now(NONE, TWO, 0, NOON) == Allowance(48.0, 22080.0 + 3680.0, 3, None, (), inf)
    held = holding((0, profile(1, TX_DEFAULT, 10)), places=TWO)
    assert limit_now(held, TWO, 0, NOON) == Allowance(20.0, 9200.0, 3, None, (1,), inf)
    held = holding_too(held, profile(2, STATION_MAX, 15, 40), 0)
    assert limit_now(held, TWO, 0, NOON) == Allowance(15.0, 9200.0, 3, None, (2,), NOON + HOUR)
    assert limit_now(held, TWO, 0, NOON + HOUR).amps == 20.0


def test_a_ceiling_in_watts_bounds_the_station():
    held = holding((0, watts(6900, number=1, purpose=STATION_MAX)))
    assert limit_now(held, TWO, 0, NOON) == Allowance(10.0, 6900.0, 3, None, (1,), inf)


# -- schedules --------------------------------------------------------------


def test_a_schedule_has_a_period_for_every_change():
    held = holding((0, profile(1, STATION_MAX, 16, 16, 10, 32)), profile(2, TX_PROFILE, 20, lasts=3 * HOUR + 30))
    told = composite(held, BUSY, 1, NOON + 0.9, 4 * HOUR, AMPS)
    steps = [(0, 16.0), (2 * HOUR, 10.0), (3 * HOUR, 20.0), (3 * HOUR + 30, 32.0)]
    assert told == Schedule(AMPS, tuple(Period(at, limit, 3) for at, limit in steps), 4 * HOUR, NOON)
    in_watts = composite(held, BUSY, 1, NOON, 3 * HOUR, WATTS)
    assert in_watts == Schedule(WATTS, (Period(0, 11040.0, 3), Period(2 * HOUR, 6900.0, 3)), 3 * HOUR, NOON)


def test_watts_are_told_as_they_were_set():
    assert composite(holding(watts(11_000)), BUSY, 1, NOON, 60, WATTS).periods == (Period(0, 11000.0, 3),)


def test_without_a_transaction_one_is_assumed_to_start_now():
    held = holding(profile(1, TX_DEFAULT, 10, 6, kind=RELATIVE))
    idle, busy = (composite(held, places, 1, NOON, HOUR + 60, AMPS).periods for places in (IDLE, BUSY))
    assert idle == (Period(0, 10.0, 3), Period(HOUR, 6.0, 3))
    assert busy == (Period(0, 10.0, 3), Period(HOUR - 600, 6.0, 3))


def test_a_schedule_that_changes_too_often_ends_earlier():
    restless = profile(1, TX_DEFAULT, parts=[Period(n, float(n % 2)) for n in range(60)], lasts=60)
    held = Profiles((Installed(1, replace(restless, kind=RECURRING, recurrency=Recurrency.DAILY)),))
    told = composite(held, BUSY, 1, NOON, LONGEST_S, AMPS)
    whole_days, rest = divmod(MOST_STEPS, 61)
    assert told.duration_s == whole_days * DAY + rest
    assert len(told.periods) <= MOST_STEPS


@pytest.mark.parametrize(
    ("ask", "detail", "why"),
    [
        (GetComposite(2, 60), "UnknownEvse", "there is no connector 2"),
        (GetComposite(-1, 60), "UnknownEvse", "there is no connector -1"),
        (GetComposite(1, 60, WATTS), "UnsupportedRateUnit", "a schedule in W cannot be made"),
        (GetComposite(1, 0), "InvalidValue", "0 s are no duration"),
        (GetComposite(1, -5), "InvalidValue", "-5 s are no duration"),
    ],
)
def test_what_cannot_be_told(ask, detail, why):
    assert answer(NONE, BUSY, ask, NOON, Terms((AMPS,))) == Outcome(Result.REJECTED, why, detail=detail)


@pytest.mark.parametrize(("evse", "unit", "told"), [(0, None, 22080.0), (1, AMPS, 32.0), (1, WATTS, 22080.0)])
def test_the_unit_is_the_one_asked_for_or_the_stations_first(evse, unit, told):
    outcome = answer(NONE, BUSY, GetComposite(evse, 60, unit), NOON, Terms((WATTS, AMPS)))
    assert outcome.accepted
    assert outcome.detail == Schedule(unit or WATTS, (Period(0, told, 3),), 60, NOON)


def test_a_schedule_for_ever_is_one_for_a_year():
    assert answer(NONE, BUSY, GetComposite(1, 2**62), NOON, Terms()).detail.duration_s == LONGEST_S


# -- properties --------------------------------------------------------------


@steady
@given(any_station(), st.integers(1, 2), moments)
def test_the_judge_agrees(station, evse, utc):
    held, places = station
    assume(evse in places)
    assert amps(held, evse, places, utc) == tenths(judged_amps(held, places, evse, utc))


@steady
@given(any_station(), st.integers(0, 2), moments, st.sampled_from(RateUnit), st.lists(st.floats(0, 1), max_size=5))
def test_a_schedule_is_the_limit_at_every_second(station, evse, begin, unit, shares):
    held, places = station
    assume(evse in (0, *places))
    told = composite(held, places, evse, begin, DAY, unit)
    assert told.starts_utc == begin and told.duration_s == DAY
    starts = [period.starts_s for period in told.periods]
    assert starts[0] == 0 and all(one < next_one for one, next_one in pairwise(starts))
    assert all(replace(one, starts_s=0) != replace(other, starts_s=0) for one, other in pairwise(told.periods))
    for at in {*starts, *(start - 1 for start in starts[1:]), *(floor(share * (DAY - 1)) for share in shares)}:
        period = max((p for p in told.periods if p.starts_s <= at), key=lambda p: p.starts_s)
        now = limit_now(held, places, evse, begin + at)
        assert period.limit == (now.amps if unit is AMPS else now.watts)
        assert (period.phases, period.phase_to_use) == (now.phases, now.phase_to_use)


@steady
@given(any_station(), st.integers(0, 2), moments, st.floats(0, 1, exclude_max=True))
def test_an_allowance_holds_until_the_moment_it_names(station, evse, utc, share):
    held, places = station
    assume(evse in (0, *places))
    now = limit_now(held, places, evse, utc)
    assert now.until_utc > utc
    later = utc + share * (min(now.until_utc, utc + DAY) - utc)
    assume(later < now.until_utc)
    again = limit_now(held, places, evse, later)
    assert replace(again, until_utc=now.until_utc) == now


@steady
@given(any_station(), moments)
def test_no_ceiling_and_no_hardware_is_ever_passed(station, utc):
    held, places = station
    for evse, place in places.items():
        allowed = limit_now(held, places, evse, utc)
        assert allowed.amps <= place.max_amps
        for each in held.installed:
            top = all(
                other.profile.stack_level <= each.profile.stack_level
                for other in held.installed
                if (other.evse, other.profile.purpose) == (each.evse, each.profile.purpose)
            )
            period, _ = cover(each.profile, utc, place.tx)
            if each.profile.purpose in (STATION_MAX, Purpose.EXTERNAL) and each.evse in (0, evse) and top and period:
                measure = allowed.amps if each.profile.schedule.unit is AMPS else allowed.watts
                assert measure <= period.limit + 1e-6


@steady
@given(tenth_amps, st.sampled_from([1, 3]), st.sampled_from([230.0, 231.3, 400.0]))
def test_amps_said_in_watts_are_the_same_amps(wanted, phases, volts):
    place = {1: Place(50.0, phases, volts)}
    told = composite(holding(profile(1, TX_DEFAULT, wanted)), place, 1, NOON, 60, WATTS)
    exact = holding(watts(wanted * volts * phases))
    assert amps(exact, places=place) == tenths(wanted) == wanted
    assert told.periods[0].limit == pytest.approx(wanted * volts * phases, abs=0.1)


def test_a_day_of_fifty_stacked_profiles_takes_few_looks(monkeypatch):
    """Time depends on the machine; how often a profile is asked does not (about 3 us each)."""
    looks = 0

    def counted(*arguments):
        nonlocal looks
        looks += 1
        return cover(*arguments)

    def stacked(level):
        parts = [Period(n * 900, float(6 + (level + n) % 20)) for n in range(96)]
        daily = profile(level, parts=parts, level=level, starts=NOON - level * 1000, lasts=600 + level * 600)
        return Installed(1, replace(daily, kind=RECURRING, recurrency=Recurrency.DAILY))

    monkeypatch.setattr(tested, "cover", counted)
    told = composite(Profiles(tuple(stacked(level) for level in range(50))), BUSY, 1, NOON, DAY, AMPS)
    assert told.duration_s == DAY and len(told.periods) > 96
    assert looks < 5000
