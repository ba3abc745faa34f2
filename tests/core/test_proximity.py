"""The windows of IEC 61851-1 Table B.2, and what lies between them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.proximity import ProximityError, cable_amps

WINDOWS = {
    63.0: (80.0, 100.0, 140.0),
    32.0: (164.0, 220.0, 308.0),
    20.0: (400.0, 680.0, 936.0),
    13.0: (1100.0, 1500.0, 2460.0),
}
"""Amps -> lower end, nominal value and upper end in ohms."""
ORDER = list(WINDOWS)
CODED = st.floats(60.0, 2460.0)


@pytest.mark.parametrize(("amps", "ohms"), [(amps, ohms) for amps, window in WINDOWS.items() for ohms in window])
def test_each_window_from_end_to_end(amps: float, ohms: float):
    assert cable_amps(ohms) == amps


@pytest.mark.parametrize(
    ("ohms", "amps"),
    [
        (140.1, 32.0),
        (163.9, 32.0),
        (308.1, 20.0),
        (350.0, 20.0),
        (399.9, 20.0),
        (936.1, 13.0),
        (1000.0, 13.0),
        (1099.9, 13.0),
    ],
)
def test_between_two_windows_the_thinner_cable_counts(ohms: float, amps: float):
    assert cable_amps(ohms) == amps


@given(CODED, CODED)
def test_more_ohms_never_mean_more_amps(one: float, other: float):
    low, high = cable_amps(min(one, other)), cable_amps(max(one, other))
    assert low is not None and high is not None and low >= high


@given(CODED)
def test_no_cable_is_taken_for_a_thicker_one(ohms: float):
    """Amps are given only up to the upper end of their window."""
    amps = cable_amps(ohms)
    assert amps in WINDOWS and ohms <= WINDOWS[amps][2]


@pytest.mark.parametrize("ohms", [4500.0, 4700.0, 1e6, math.inf])
def test_an_open_circuit_is_no_plug(ohms: float):
    assert cable_amps(ohms) is None


@pytest.mark.parametrize("ohms", [59.9, 55.0, 0.0, -1.0])
def test_a_short_is_an_error(ohms: float):
    with pytest.raises(ProximityError, match=rf"shorted \({ohms:.0f} ohms\)"):
        cable_amps(ohms)


def test_sixty_ohms_are_no_short():
    assert cable_amps(60.0) == 63.0


@pytest.mark.parametrize("ohms", [2460.1, 3000.0, 4499.9, math.nan])
def test_what_no_plug_has_is_an_error(ohms: float):
    with pytest.raises(ProximityError, match=f"no cable is coded with {ohms:.0f} ohms"):
        cable_amps(ohms)


def test_a_wrong_coding_is_a_value_error():
    assert issubclass(ProximityError, ValueError)
