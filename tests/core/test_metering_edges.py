"""The edges of plausibility: what is a jump, when a register stands still, what goes when the collection is full."""

from dataclasses import replace

import pytest

from chargepoint.clock import Stamp
from chargepoint.core.metering import MOST_COLLECTED, Collected, Metering
from chargepoint.core.setup import EvseSetup
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.hal import MeterSample

SETUP = EvseSetup(max_amps=16.0, phases=3, meter_stale_s=1000.0)
MOST_IN_AN_HOUR_WH = 2 * 16 * 3 * 230


def jumped(setup: EvseSetup, seconds: float, gained_wh: float) -> bool:
    metering = Metering(setup)
    metering.feed(MeterSample(0.0, 1000.0), True)
    return metering.feed(MeterSample(seconds, 1000.0 + gained_wh), True) is not None


@pytest.mark.parametrize(
    ("seconds", "most_wh"),
    [(3600.0, MOST_IN_AN_HOUR_WH + 50.0), (360.0, MOST_IN_AN_HOUR_WH / 10 + 50.0), (1.0, 56.0), (0.0, 56.0)],
)
def test_a_jump_is_twice_what_the_connector_carries_and_some(seconds: float, most_wh: float):
    assert not jumped(SETUP, seconds, most_wh)
    assert jumped(SETUP, seconds, most_wh + 1.0)


def test_a_single_phase_carries_a_third():
    one = replace(SETUP, phases=1)
    assert not jumped(one, 3600.0, MOST_IN_AN_HOUR_WH / 3)
    assert jumped(one, 3600.0, MOST_IN_AN_HOUR_WH / 2)


@pytest.mark.parametrize("power_w", [3600.0, -3600.0])
def test_a_register_stands_still_after_a_hundred_watt_hours_in_either_direction(power_w: float):
    metering = Metering(SETUP)
    for at, trouble in ((0.0, ""), (50.0, ""), (100.0, ""), (100.0, ""), (101.0, "101 Wh")):
        metering.feed(MeterSample(at, 1000.0, power_w), True)
        assert metering.trouble(at).endswith(trouble) and bool(metering.trouble(at)) is bool(trouble)


def collected(count: int) -> list[float]:
    kept = Collected()
    for number in range(count):
        kept.add(MeterValue(Stamp(0, number), Context.PERIODIC, (Value(Measurand.ENERGY_IMPORT, number),)))
    return [each.at.mono for each in kept.values]


def test_only_when_full_every_second_between_first_and_last_goes():
    assert collected(MOST_COLLECTED) == list(range(MOST_COLLECTED))
    assert collected(MOST_COLLECTED + 1) == [*range(0, MOST_COLLECTED, 2), MOST_COLLECTED]


def test_one_misreading_of_zero_bills_nothing():
    metering = Metering(SETUP)
    for mono, energy_wh in ((0.0, 5_000_000.0), (1.0, 0.0)):
        metering.feed(MeterSample(mono, energy_wh), True)
    assert metering.energy_wh == 5_000_000.0
    assert "misreading" in (metering.feed(MeterSample(2.0, 5_000_001.0), True) or "")
    assert metering.energy_wh == 5_000_001.0
    assert metering.feed(MeterSample(3.0, 5_000_002.0), True) is None


def test_a_meter_that_restarted_and_counts_up_to_where_it_was_is_no_misreading():
    metering = Metering(SETUP)
    for hour, energy_wh in enumerate((1000.0, 0.0, 600.0, 1200.0)):
        metering.feed(MeterSample(3600.0 * hour, energy_wh), True)
    assert metering.energy_wh == 2200.0


def test_an_older_sample_tells_nothing():
    metering = Metering(SETUP)
    for mono, energy_wh in ((10.0, 1000.0), (20.0, 1100.0), (10.0, 1000.0), (20.0, 1100.0)):
        metering.feed(MeterSample(mono, energy_wh), True)
    assert metering.energy_wh == 1100.0 and metering.silent_at == 1020.0
