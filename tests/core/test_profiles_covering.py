"""When a profile speaks: each edge, and that what is told to hold until a moment does."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chargepoint.core.covering import cover, ever_speaks
from chargepoint.core.profile import Period, Purpose, Recurrency, Running
from chargepoint.core.profile_rules import normal
from tests.core.charging_profiles import (
    ABSOLUTE,
    DAY,
    HOUR,
    NOON,
    RECURRING,
    RELATIVE,
    TX,
    TX_PROFILE,
    WEEK,
    any_profile,
    limit_of,
    moments,
    profile,
    steady,
)

DAILY, WEEKLY = Recurrency


def amps(wanted, utc, tx=TX):
    """(amps or None, seconds until that may change)."""
    period, until = cover(wanted, utc, tx)
    return period and period.limit, until - utc


@pytest.mark.parametrize(
    ("since_s", "limit", "for_s"),
    [
        (-1, None, 1),
        (-DAY, None, DAY),
        (0, 10.0, HOUR),
        (0.25, 10.0, HOUR - 0.25),
        (HOUR - 1, 10.0, 1),
        (HOUR, 16.0, HOUR),
        (2 * HOUR - 1, 16.0, 1),
        (2 * HOUR, 6.0, inf),
        (400 * DAY, 6.0, inf),
    ],
)
def test_an_absolute_schedule_steps_from_period_to_period_and_the_last_one_stays(since_s, limit, for_s):
    assert amps(profile(1, Purpose.TX_DEFAULT, 10, 16, 6), NOON + since_s) == (limit, for_s)


def test_after_its_duration_a_schedule_is_silent_for_ever():
    wanted = profile(1, Purpose.TX_DEFAULT, 10, 16, 6, lasts=HOUR + 60)
    assert amps(wanted, NOON + HOUR) == (16.0, 60)
    assert amps(wanted, NOON + HOUR + 60) == (None, inf)


def test_periods_beyond_the_duration_are_not_executed():
    assert amps(profile(1, Purpose.TX_DEFAULT, 10, 16, lasts=60), NOON) == (10.0, 60)


def test_before_its_first_period_a_schedule_is_silent():
    wanted = profile(parts=[Period(120, 10.0)])
    assert amps(wanted, NOON) == (None, 120)
    assert amps(wanted, NOON + 120) == (10.0, inf)


@pytest.mark.parametrize("kind", [ABSOLUTE, RELATIVE])
def test_validity_begins_with_its_first_moment_and_ends_before_its_last(kind):
    wanted = profile(kind=kind, valid_from_utc=NOON + 10, valid_to_utc=NOON + 20)
    assert amps(wanted, NOON + 9.5) == (None, 0.5)
    assert amps(wanted, NOON + 10) == (10.0, 10)
    assert amps(wanted, NOON + 19.5) == (10.0, 0.5)
    assert amps(wanted, NOON + 20) == (None, inf)


@pytest.mark.parametrize(("recurrency", "every"), [(DAILY, DAY), (WEEKLY, WEEK)])
def test_a_recurring_schedule_starts_anew(recurrency, every):
    wanted = profile(1, Purpose.TX_DEFAULT, 10, 16, kind=RECURRING, recurrency=recurrency)
    assert amps(wanted, NOON - 1) == (None, 1)
    for occurrence in (0, 1, 7):
        assert amps(wanted, NOON + occurrence * every) == (10.0, HOUR)
        assert amps(wanted, NOON + occurrence * every + HOUR) == (16.0, every - HOUR)


def test_a_recurring_schedule_is_silent_between_its_end_and_its_next_start():
    wanted = profile(kind=RECURRING, recurrency=DAILY, lasts=HOUR)
    assert amps(wanted, NOON + HOUR) == (None, DAY - HOUR)
    assert amps(wanted, NOON + DAY) == (10.0, HOUR)


def test_a_recurring_schedule_is_cut_where_it_starts_anew():
    wanted = profile(parts=[Period(0, 10.0), Period(DAY, 16.0)], kind=RECURRING, recurrency=DAILY, lasts=WEEK)
    assert amps(wanted, NOON + DAY + 1) == (10.0, DAY - 1)


def test_a_relative_schedule_starts_with_the_second_of_its_transaction():
    wanted = profile(1, Purpose.TX_DEFAULT, 10, 16, kind=RELATIVE)
    assert amps(wanted, NOON, Running("tx", NOON - 60.75)) == (10.0, HOUR - 61)
    assert amps(wanted, NOON, Running("tx", NOON - HOUR)) == (16.0, inf)


def test_a_relative_schedule_is_at_its_start_where_nothing_runs_or_the_clock_was_set_back():
    wanted = profile(1, Purpose.TX_DEFAULT, 10, 16, kind=RELATIVE)
    assert amps(wanted, NOON, None) == (10.0, HOUR)
    assert amps(wanted, NOON, Running("tx", NOON + 5)) == (10.0, HOUR + 5)


def test_a_profile_of_a_transaction_speaks_for_no_other():
    wanted = profile(purpose=TX_PROFILE, tx="tx")
    assert amps(wanted, NOON, TX) == (10.0, inf)
    assert amps(wanted, NOON, Running("other", NOON)) == (None, inf)
    assert amps(wanted, NOON, None) == (None, inf)


@pytest.mark.parametrize(
    ("wanted", "speaks"),
    [
        (profile(), True),
        (profile(starts=NOON + DAY, lasts=1, parts=[Period(0, 1.0)]), True),
        (profile(starts=NOON - DAY, lasts=DAY), False),
        (profile(starts=NOON - DAY, lasts=DAY + 1), True),
        (profile(lasts=0), False),
        (profile(lasts=120, parts=[Period(120, 1.0)]), False),
        (profile(valid_to_utc=NOON), False),
        (profile(valid_to_utc=NOON + 1), True),
        (profile(valid_from_utc=NOON + 9, valid_to_utc=NOON + 9), False),
        (profile(starts=NOON + 60, valid_to_utc=NOON + 60), False),
        (profile(kind=RELATIVE, lasts=1, valid_from_utc=NOON + DAY), True),
        (profile(kind=RECURRING, recurrency=DAILY, starts=NOON - HOUR, lasts=60), True),
        (profile(kind=RECURRING, recurrency=DAILY, parts=[Period(DAY, 1.0)]), False),
        (profile(kind=RECURRING, recurrency=DAILY, lasts=60, parts=[Period(60, 1.0)]), False),
        (
            profile(
                kind=RECURRING, recurrency=WEEKLY, parts=[Period(60, 1.0)], lasts=120, valid_from_utc=NOON + 5 * DAY
            ),
            True,
        ),
    ],
)
def test_what_can_never_speak_is_known(wanted, speaks):
    assert ever_speaks(wanted, NOON, None) is speaks


def test_three_silences_may_follow_each_other():
    weekly = {"kind": RECURRING, "recurrency": WEEKLY, "parts": [Period(60, 1.0)], "lasts": 120}
    assert ever_speaks(profile(purpose=TX_PROFILE, tx="tx", valid_from_utc=NOON + DAY, **weekly), NOON + 1, TX)


def test_of_a_transaction_only_what_is_left_counts():
    wanted = profile(purpose=TX_PROFILE, kind=RELATIVE, lasts=600, tx="tx")
    assert ever_speaks(wanted, NOON - 1, TX)
    assert not ever_speaks(wanted, NOON, TX)


@steady
@given(any_profile(), moments, moments)
def test_it_says_what_looking_at_every_period_says(wanted, started, utc):
    tx = Running("tx", started)
    wanted = normal(wanted, NOON, tx)
    assert cover(wanted, utc, tx)[0] == limit_of(wanted, utc, tx)


@steady
@given(any_profile(), moments, moments, st.floats(0, 1, exclude_max=True))
def test_what_holds_until_a_moment_holds_until_then(wanted, started, utc, share):
    tx = Running("tx", started)
    wanted = normal(wanted, NOON, tx)
    period, until = cover(wanted, utc, tx)
    assert until > utc
    later = utc + share * (min(until, utc + WEEK) - utc)
    assume(later < until)
    assert cover(wanted, later, tx) == (period, until)


@steady
@given(any_profile(), moments, st.integers(0, 9), st.sampled_from(Recurrency))
def test_a_recurring_profile_is_periodic(wanted, utc, times, recurrency):
    wanted = normal(replace(wanted, kind=RECURRING, recurrency=recurrency), NOON, TX)
    wanted = replace(wanted, valid_from_utc=None, valid_to_utc=None)
    assume(utc >= wanted.schedule.starts_utc)
    assert amps(wanted, utc + times * recurrency.seconds) == amps(wanted, utc)


@steady
@given(any_profile(), moments, moments)
def test_never_means_never(wanted, utc, later):
    tx = Running("tx", NOON)
    wanted = normal(wanted, NOON, tx)
    assume(not ever_speaks(wanted, utc, tx) and later >= utc)
    assert cover(wanted, later, tx)[0] is None
