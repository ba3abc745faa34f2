import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.clock import Stamp
from chargepoint.core.metering import FROZEN_AFTER_WH, MOST_COLLECTED, Collected, Metering, read
from chargepoint.core.setup import EvseSetup
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.core.variables import MEASURANDS, MEASURANDS_OF_PHASES
from chargepoint.hal import MeterSample

SETUP = EvseSetup(max_amps=16.0, phases=3, meter_stale_s=10.0)
FULL = MeterSample(
    5.0, 1234.5, 11000.0, (16.0, 15.5, 15.0), (230.0, 231.0, 229.0), (3680.0, 3580.0, 3440.0), 7.0, 50.01, 0.99, 41.0
)


def at(mono: float, wh: float, watts: float | None = None) -> MeterSample:
    return MeterSample(mono, wh, watts)


def test_a_sample_keeps_its_own_time_and_count():
    meter = Metering(SETUP)
    assert meter.energy_wh == 0.0
    assert meter.feed(at(5.0, 1000.0), False) is None
    assert meter.sample == at(5.0, 1000.0)


def test_silence():
    meter = Metering(SETUP, since=100.0)
    assert not meter.fresh(100.0), "nothing was read yet"
    assert meter.next_deadline(105.0) == 110.0
    assert meter.trouble(109.9) == ""
    assert "no reading for 10 s" in meter.trouble(110.0)
    assert meter.next_deadline(110.0) is None
    meter.feed(at(109.0, 1.0), False)
    assert meter.fresh(110.0) and meter.silent_at == 119.0


def test_without_a_meter_nothing_is_missed():
    meter = Metering(replace(SETUP, has_meter=False))
    assert meter.fresh(1e9) and meter.measured_since(5.0) and meter.next_deadline(0.0) is None


def test_measured_since():
    meter = Metering(SETUP)
    meter.feed(at(5.0, 1.0), False)
    assert meter.measured_since(4.9)
    assert not meter.measured_since(5.0)


def test_a_register_that_goes_back_is_carried_over():
    meter = Metering(SETUP)
    meter.feed(at(0.0, 5000.0), True)
    note = meter.feed(at(1.0, 10.0), True)
    assert note is not None and "went back by 4990 Wh" in note
    assert meter.energy_wh == 5000.0
    meter.feed(at(2.0, 15.0), True)
    assert meter.energy_wh == 5005.0
    meter.feed(at(3.0, 20.0), False)
    assert meter.energy_wh == 20.0, "the next transaction counts as the meter does"


def test_a_jump_is_told_and_believed():
    meter = Metering(SETUP)
    meter.feed(at(0.0, 5000.0), True)
    note = meter.feed(at(1.0, 9000.0), True)
    assert note is not None and "jumped by 4000 Wh in 1.0 s" in note
    assert meter.energy_wh == 9000.0
    assert meter.feed(at(2.0, 9003.0), True) is None


def test_a_register_that_is_no_number_is_not_taken():
    meter = Metering(SETUP)
    meter.feed(at(0.0, 5000.0), True)
    for nonsense in (math.nan, math.inf):
        assert "no number" in str(meter.feed(at(1.0, nonsense), True))
    assert meter.sample == at(0.0, 5000.0)


def test_a_register_that_stands_still_under_load():
    meter = Metering(SETUP)
    for minute in range(60):
        meter.feed(at(60.0 * minute, 1000.0, 3600.0), True)
        if 60.0 * minute <= FROZEN_AFTER_WH:
            assert meter.trouble(60.0 * minute) == ""
    assert "has not moved" in meter.trouble(60.0 * 59)
    meter.feed(at(3600.0, 1001.0, 3600.0), True)
    assert meter.trouble(3600.0) == ""


def test_power_cut_before_and_after_the_first_reading():
    early, late = Metering(SETUP), Metering(SETUP)
    early.feed(at(1.0, 500.0), False)
    early.carry_over(2000.0)
    late.carry_over(2000.0)
    assert late.energy_wh == 2000.0
    for meter in (early, late):
        meter.feed(at(2.0, 510.0), True)
        assert meter.energy_wh in (2000.0, 2010.0)
        meter.feed(at(3.0, 520.0), True)
    assert (early.energy_wh, late.energy_wh) == (2020.0, 2010.0)
    counted = Metering(SETUP)
    counted.feed(at(1.0, 2500.0), False)
    counted.carry_over(2000.0)
    assert counted.energy_wh == 2500.0, "the vehicle drew on until the contactor opened"


registers = st.lists(st.floats(0, 1e8), min_size=1, max_size=30)


@given(registers, st.floats(0, 1e8))
def test_within_a_transaction_the_register_never_goes_back(raws: list[float], carried: float):
    meter = Metering(SETUP)
    meter.carry_over(carried)
    before = meter.energy_wh
    for second, raw in enumerate(raws):
        meter.feed(at(float(second), raw), True)
        assert meter.energy_wh >= before or math.isclose(meter.energy_wh, before)
        before = meter.energy_wh


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=30))
def test_what_the_meter_counts_after_a_restart_is_counted(steps: list[float]):
    meter = Metering(SETUP)
    meter.feed(at(0.0, 1e6), True)
    raw = 0.0
    meter.feed(at(1.0, raw), True)
    for second, wh in enumerate(steps, 2):
        raw += wh
        meter.feed(at(float(second), raw), True)
    assert meter.energy_wh == pytest.approx(1e6 + raw)


# -- what is told ------------------------------------------------------------------------------------------------------


def test_everything_that_can_be_asked_for_is_read():
    found = {name: read(FULL, (name,), 16.0, 3) for name in (*MEASURANDS, *MEASURANDS_OF_PHASES)}
    assert all(found.values())
    assert found["Energy.Active.Import.Register"] == (Value(Measurand.ENERGY_IMPORT, 1234.5),)
    assert found["Voltage.L2-N"] == found["Voltage.L2"] == (Value(Measurand.VOLTAGE, 231.0, "L2-N"),)
    assert found["Power.Offered"] == (Value(Measurand.POWER_OFFERED, 16.0 * 3 * 230.0),)
    assert found["Current.Offered"] == (Value(Measurand.CURRENT_OFFERED, 16.0),)
    assert [value.phase for value in found["Power.Active.Import"]] == [None, "L1", "L2", "L3"]
    assert [value.amount for value in found["Current.Import"]] == [16.0, 15.5, 15.0]


def test_what_the_meter_does_not_tell_is_left_out():
    names = tuple(name for name in MEASURANDS if "Offered" not in name)
    assert read(at(0.0, 3.0), names, 0.0, 1) == (Value(Measurand.ENERGY_IMPORT, 3.0),)


def value(number: int) -> MeterValue:
    return MeterValue(Stamp(0, float(number)), Context.PERIODIC, (Value(Measurand.ENERGY_IMPORT, float(number)),))


@given(st.integers(1, 3 * MOST_COLLECTED))
def test_what_is_collected_is_bounded_and_keeps_both_ends(count: int):
    collected = Collected()
    for number in range(count):
        collected.add(value(number))
    assert len(collected.values) <= MOST_COLLECTED
    assert collected.values[0] == value(0)
    assert collected.values[-1] == value(count - 1)
    assert collected.values == sorted(collected.values, key=lambda each: each.at.mono)


def test_an_empty_value_is_not_collected():
    collected = Collected()
    collected.add(MeterValue(Stamp(0, 0.0), Context.BEGIN, ()))
    assert collected.values == []
