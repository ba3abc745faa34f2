"""The bands, the diode, the debounce and the duty cycle, each as a table and as a property."""

from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.pilot import ASKING, PRESENT, TAKEN_QUICKLY, Debounce, Vehicle, amps_for, classify, duty_for
from chargepoint.hal import PilotVolts

A, B, C, D, E, F, NO_DIODE = Vehicle

vehicles = st.sampled_from(Vehicle)
volts = st.floats(-20, 20)


@pytest.mark.parametrize(
    ("high", "vehicle"),
    [
        (13.0, A), (12.0, A), (11.0, A),
        (10.0, B), (9.0, B), (8.0, B),
        (7.0, C), (6.0, C), (5.0, C),
        (4.0, D), (3.0, D), (2.0, D),
        (1.0, E), (0.0, E), (-1.0, E), (-6.0, E), (-10.0, E),
        (-11.0, F), (-12.0, F), (-13.0, F),
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", Vehicle)
def test_inside_a_band_the_past_does_not_matter(high: float, vehicle: Vehicle, before: Vehicle) -> None:
    assert classify(PilotVolts(high, high), False, before) is vehicle


@pytest.mark.parametrize(
    ("high", "above", "below", "elsewhere"),
    [(10.5, A, B, B), (7.5, B, C, B), (4.5, C, D, D), (1.5, D, E, E), (-10.5, E, F, E)],
)
def test_between_two_bands_who_was_there_stays(high: float, above: Vehicle, below: Vehicle, elsewhere: Vehicle) -> None:
    expected = dict.fromkeys(Vehicle, elsewhere) | {above: above, below: below}
    assert {before: classify(PilotVolts(high, high), False, before) for before in Vehicle} == expected


@pytest.mark.parametrize("high", [nan, inf, -inf])
def test_volts_that_are_no_number_are_a_shorted_pilot(high: float) -> None:
    assert classify(PilotVolts(high, -12.0), True, C) is E


@pytest.mark.parametrize(
    ("high", "low", "pwm_on", "before", "vehicle"),
    [
        (6.0, -12.0, True, C, C),
        (6.0, -10.0, True, C, C),
        (6.0, -9.9, True, C, NO_DIODE),
        (6.0, -6.0, True, B, NO_DIODE),
        (9.0, -9.0, True, B, NO_DIODE),
        (3.0, -3.0, True, D, NO_DIODE),
        (6.0, nan, True, C, NO_DIODE),
        (6.0, -10.5, True, NO_DIODE, NO_DIODE),
        (6.0, -11.0, True, NO_DIODE, C),
        (6.0, 6.0, False, C, C),
        (6.0, 6.0, False, NO_DIODE, C),
        (12.0, 0.0, True, A, A),
        (0.0, 0.0, True, C, E),
    ],
)
def test_the_diode_is_checked_under_pwm_only(
    high: float, low: float, pwm_on: bool, before: Vehicle, vehicle: Vehicle
) -> None:
    assert classify(PilotVolts(high, low), pwm_on, before) is vehicle


@given(volts, volts, st.booleans(), vehicles)
def test_a_look_repeated_says_the_same(high: float, low: float, pwm_on: bool, before: Vehicle) -> None:
    once = classify(PilotVolts(high, low), pwm_on, before)
    twice = classify(PilotVolts(high, low), pwm_on, once)
    assert twice is once or (once, twice) == (NO_DIODE, E)  # between D and E, one fault gives way to the graver one
    assert classify(PilotVolts(high, low), pwm_on, twice) is twice


@pytest.mark.parametrize(("low", "second"), [(-12.0, D), (-5.0, E)])
def test_between_d_and_e_without_a_diode_is_a_short(low: float, second: Vehicle) -> None:
    first = classify(PilotVolts(1.5, low), True, D)
    assert classify(PilotVolts(1.5, low), True, first) is second


@given(volts, volts, vehicles)
def test_nobody_asks_for_power_under_pwm_without_a_diode(high: float, low: float, before: Vehicle) -> None:
    if classify(PilotVolts(high, low), True, before) in PRESENT:
        assert low <= -10.0


def settled(state: Vehicle, on_s: float = 0.1, off_s: float = 0.02) -> Debounce:
    return Debounce(on_s, off_s, state, state)


@pytest.mark.parametrize(
    ("state", "shown", "hold"),
    [
        (A, B, 0.1), (A, C, 0.1), (A, D, 0.1), (A, E, 0.02), (A, F, 0.02), (A, NO_DIODE, 0.02),
        (B, A, 0.02), (B, C, 0.1), (B, D, 0.1), (B, E, 0.02), (B, F, 0.02), (B, NO_DIODE, 0.02),
        (C, A, 0.02), (C, B, 0.02), (C, D, 0.02), (C, E, 0.02), (C, F, 0.02), (C, NO_DIODE, 0.02),
        (D, A, 0.02), (D, B, 0.02), (D, C, 0.1), (D, E, 0.02), (D, F, 0.02), (D, NO_DIODE, 0.02),
        (E, A, 0.02), (E, B, 0.1), (E, C, 0.1), (E, D, 0.1), (E, F, 0.02), (E, NO_DIODE, 0.02),
        (F, A, 0.02), (F, B, 0.1), (F, C, 0.1), (F, D, 0.1), (F, E, 0.02), (F, NO_DIODE, 0.02),
        (NO_DIODE, A, 0.02), (NO_DIODE, B, 0.1), (NO_DIODE, C, 0.1), (NO_DIODE, D, 0.1),
        (NO_DIODE, E, 0.02), (NO_DIODE, F, 0.02),
    ],
)  # fmt: skip
def test_how_long_each_change_must_be_shown(state: Vehicle, shown: Vehicle, hold: float) -> None:
    first = settled(state).feed(shown, 10.0)
    assert (first.state, first.deadline, first.unsettled) == (state, pytest.approx(10.0 + hold), True)
    assert first.deadline is not None
    assert first.feed(shown, first.deadline - 0.001).state is state
    taken = first.feed(shown, first.deadline)
    assert (taken.state, taken.deadline, taken.unsettled) == (shown, None, False)


@pytest.mark.parametrize("shown", [A, B, D, E, F, NO_DIODE])
def test_without_time_to_wait_power_is_lost_at_once(shown: Vehicle) -> None:
    assert settled(C, off_s=0.0).feed(shown, 10.0).state is shown


def test_one_glitch_while_charging_is_forgotten() -> None:
    glitch = settled(C).feed(B, 10.0)
    back = glitch.feed(C, 10.005)
    assert back.unsettled
    healed = back.feed(C, 10.025)
    assert (healed.state, healed.unsettled) == (C, False)
    assert healed.feed(B, 10.03).feed(B, 10.049).state is C


def test_a_contact_that_chatters_is_open() -> None:
    value = settled(C)
    for step, shown in enumerate([B, C, A, C, B]):
        value = value.feed(shown, 10.0 + step * 0.005)
    assert value.state is B


def test_asking_for_power_must_not_be_interrupted() -> None:
    value = settled(B).feed(C, 10.0).feed(B, 10.09).feed(C, 10.095)
    assert value.feed(C, 10.19).state is B
    assert value.feed(C, 10.195).state is C


def test_no_time_is_counted_across_a_gap() -> None:
    value = settled(B).feed(C, 10.0).restarted()
    assert value.feed(C, 20.0).state is B


looks = st.lists(st.tuples(vehicles, st.floats(0.001, 0.03)), min_size=1, max_size=60)


@given(looks, st.floats(0.02, 1.0), st.floats(0.0, 0.05))
def test_a_debounced_state_was_really_shown_for_its_time(
    steps: list[tuple[Vehicle, float]], on_s: float, off_s: float
) -> None:
    value, now, history = settled(A, on_s, off_s), 100.0, [(A, 100.0)]
    for shown, step in steps:
        now += step
        before, value = value, value.feed(shown, now)
        history.append((shown, now))
        if value.state is before.state:
            continue
        assert value.state is shown
        if before.state not in ASKING:
            hold = off_s if shown in TAKEN_QUICKLY else on_s
            held_since = next(
                (later for (other, _), (_, later) in reversed(list(pairwise(history))) if other is not shown), 100.0
            )
            assert now - held_since >= hold - 1e-9


@given(looks, st.floats(0.0, 0.05))
def test_power_never_outlives_its_end(steps: list[tuple[Vehicle, float]], off_s: float) -> None:
    value, now, away = settled(C, 0.02, off_s), 100.0, None
    for shown, step in steps:
        now += step
        away = None if shown is C else now if away is None else away
        value = value.feed(shown, now)
        if away is not None and now >= away + off_s:
            assert value.state is not C


@pytest.mark.parametrize(
    ("amps", "percent"),
    [(6.0, 10.0), (10.0, 100 / 6), (16.0, 160 / 6), (32.0, 320 / 6), (51.0, 85.0), (51.9, 85.0), (52.499, 85.0),
     (52.5, 85.0), (63.0, 89.2), (80.0, 96.0), (81.0, 96.0), (inf, 96.0)],
)  # fmt: skip
def test_the_duty_cycle_of_an_offer(amps: float, percent: float) -> None:
    assert duty_for(amps) * 100 == pytest.approx(percent)


@pytest.mark.parametrize("amps", [5.9, 0.0, -16.0, nan])
def test_less_than_the_minimum_is_no_offer(amps: float) -> None:
    with pytest.raises(ValueError, match="6 A"):
        duty_for(amps)


@pytest.mark.parametrize(
    ("percent", "amps"),
    [(0, 0), (2.9, 0), (3, 0), (5, 0), (7, 0), (7.9, 0), (8, 6), (9.99, 6), (10, 6), (26.667, 16), (85, 51),
     (85.1, 52.75), (89.2, 63), (96, 80), (96.5, 80), (97, 80), (97.1, 0), (100, 0), (nan, 0)],
)  # fmt: skip
def test_how_a_vehicle_reads_the_duty_cycle(percent: float, amps: float) -> None:
    assert amps_for(percent / 100) == pytest.approx(amps, abs=0.001)


@given(st.floats(6.0, 100.0))
def test_a_vehicle_never_reads_more_than_was_offered(amps: float) -> None:
    read = amps_for(duty_for(amps))
    assert read <= amps + 1e-5
    assert read >= min(amps, 80.0) - 1.5 - 1e-5


@given(st.floats(6.0, 80.0), st.floats(6.0, 80.0))
def test_more_amps_never_make_a_shorter_pulse(one: float, other: float) -> None:
    assert duty_for(min(one, other)) <= duty_for(max(one, other))
