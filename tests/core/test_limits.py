"""Who limits the vehicle: the lowest wins and is named; the line of the temperature, with both of its ends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.limits import DERATE_FROM_C, DERATE_TO_C, LIMITERS, LOWEST_OFFER_AMPS, Limit, Limited, limit
from chargepoint.core.setup import EvseSetup

INSTALLATION, CABLE = "the installation (connector.max_amps)", "the plugged cable's rating"
SETUP = EvseSetup(max_amps=32.0)
AMPS = st.floats(6.0, 80.0)
CELSIUS = st.floats(-40.0, 120.0)
JUST_ABOVE_75 = math.nextafter(75.0, 80.0)


def test_the_installation_limits_when_nothing_is_known():
    assert limit(SETUP, Limited()) == Limit(32.0, INSTALLATION)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Limited(cable_amps=20.0), Limit(20.0, CABLE)),
        (Limited(cable_amps=63.0), Limit(32.0, INSTALLATION)),
        (Limited(cable_amps=0.0), Limit(0.0, CABLE)),
        (Limited(celsius=70.0), Limit(14.7, "the temperature (70 °C)")),
        (Limited(cable_amps=13.0, celsius=70.0), Limit(13.0, CABLE)),
        (Limited(cable_amps=20.0, celsius=70.0), Limit(14.7, "the temperature (70 °C)")),
        (Limited(cable_amps=20.0, celsius=59.0), Limit(20.0, CABLE)),
    ],
)
def test_the_lowest_wins_and_is_named(facts: Limited, expected: Limit):
    assert limit(SETUP, facts) == expected


def test_of_equals_the_installation_is_named():
    assert limit(SETUP, Limited(cable_amps=32.0)).who == INSTALLATION


@pytest.mark.parametrize(
    ("celsius", "amps"),
    [
        (-40.0, 32.0),
        (0.0, 32.0),
        (60.0, 32.0),
        (61.0, 30.3),
        (67.5, 19.0),
        (74.0, 7.7),
        (75.0, 6.0),
        (JUST_ABOVE_75, 0.0),
        (200.0, 0.0),
    ],
)
def test_the_line_of_the_temperature(celsius: float, amps: float):
    assert limit(SETUP, Limited(celsius=celsius)).amps == amps


def test_at_the_upper_end_the_vehicle_still_charges():
    """6 A is the lowest offer there is (IEC 61851-1 Table A.8): up to 75 °C, and nothing above."""
    assert limit(SETUP, Limited(celsius=DERATE_TO_C)).amps == LOWEST_OFFER_AMPS
    assert limit(SETUP, Limited(celsius=JUST_ABOVE_75)) == Limit(0.0, "the temperature (75 °C)")


def test_the_line_begins_without_a_step():
    assert limit(SETUP, Limited(celsius=math.nextafter(DERATE_FROM_C, 75.0))).amps == 32.0


@given(AMPS, CELSIUS, CELSIUS)
def test_hotter_never_means_more(max_amps: float, one: float, other: float):
    setup = EvseSetup(max_amps=max_amps)
    cool, hot = (limit(setup, Limited(celsius=celsius)).amps for celsius in sorted((one, other)))
    assert cool >= hot


@given(AMPS, CELSIUS)
def test_heat_lowers_to_a_legal_offer_or_to_none(max_amps: float, celsius: float):
    amps = limit(EvseSetup(max_amps=max_amps), Limited(celsius=celsius)).amps
    assert amps == 0.0 or LOWEST_OFFER_AMPS <= amps <= max_amps
    assert (amps == 0.0) is (celsius > DERATE_TO_C)


@given(st.floats(0.0, 6.0), CELSIUS)
def test_heat_gives_no_more_than_a_small_installation(max_amps: float, celsius: float):
    assert limit(EvseSetup(max_amps=max_amps), Limited(celsius=celsius)).amps <= max_amps


@given(AMPS, st.none() | st.floats(0.0, 80.0), st.none() | CELSIUS)
def test_nobody_is_overruled(max_amps: float, cable_amps: float | None, celsius: float | None):
    setup, facts = EvseSetup(max_amps=max_amps), Limited(cable_amps, celsius)
    found = [own for own in (limiter(setup, facts) for limiter in LIMITERS) if own is not None]
    winner = limit(setup, facts)
    assert winner in found and all(winner.amps <= own.amps for own in found)


def test_a_thermometer_that_reads_nonsense_gives_no_energy():
    assert limit(EvseSetup(), Limited(celsius=float("nan"))).amps == 0.0
