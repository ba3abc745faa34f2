from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.clock import TimeQuality
from chargepoint.core.commands import SetSetting
from chargepoint.core.facts import ClockIs
from chargepoint.core.records import Measured, TransactionEnded, TransactionUpdated, Trigger
from chargepoint.core.schedule import Schedule, last_tick, next_tick
from chargepoint.core.setup import EvseSetup
from chargepoint.core.values import Context
from chargepoint.core.variables import (
    ALIGNED_ENDED,
    ALIGNED_ENDED_INTERVAL_S,
    ALIGNED_INTERVAL_S,
    DAY_S,
    SAMPLED_ENDED_INTERVAL_S,
    SAMPLED_INTERVAL_S,
    SAMPLED_UPDATED,
)
from tests.core.built import NOON, Built

ENERGY = ("Energy.Active.Import.Register",)


def built(**changed: int) -> Built:
    settings: dict[Any, Any] = {SAMPLED_INTERVAL_S: 0, SAMPLED_UPDATED: ENERGY, ALIGNED_ENDED: ENERGY}
    named = {"sampled": SAMPLED_INTERVAL_S, "ended": SAMPLED_ENDED_INTERVAL_S}
    named |= {"aligned": ALIGNED_INTERVAL_S, "aligned_ended": ALIGNED_ENDED_INTERVAL_S}
    return Built(settings=settings | {named[name]: value for name, value in changed.items()})


def moments(b: Built, trigger: Trigger) -> list[float]:
    found = [each for each in b.records() if isinstance(each, TransactionUpdated) and each.trigger is trigger]
    return [each.at.mono for each in found]


def test_samples_are_paced_from_the_start_of_the_transaction():
    b = built(sampled=10)
    b.charge()
    (started,) = b.starts()
    b.run(40)
    told = moments(b, Trigger.METER_VALUE_PERIODIC)
    assert told == [started.at.mono + 10 * n for n in range(1, len(told) + 1)]
    assert len(told) == 4


def test_a_late_turn_tells_one_value_and_keeps_the_pace():
    b = built(sampled=10)
    b.charge()
    (started,) = b.starts()
    b.now = started.at.mono + 35.5
    assert b.evse.next_deadline is not None
    effects = b.meter()
    assert len(b.records(effects)) == 1
    assert b.station.evses[1].schedule.next_deadline == started.at.mono + 40


def test_a_new_interval_counts_at_once():
    b = built(sampled=100)
    b.charge()
    b.ask(SetSetting("MeterValueSampleInterval", "5"))
    b.run(10)
    assert len(moments(b, Trigger.METER_VALUE_PERIODIC)) >= 2
    b.ask(SetSetting("MeterValueSampleInterval", "0"))
    assert b.evse.schedule.next_deadline is None


def test_a_stale_reading_is_not_told():
    b = Built(EvseSetup(stop_on_meter_loss=False), settings={SAMPLED_INTERVAL_S: 20})
    b.charge()
    b.wait(40.0)
    assert moments(b, Trigger.METER_VALUE_PERIODIC) == []


def test_what_is_collected_goes_with_the_end():
    b = built(ended=10, aligned_ended=15)
    b.charge()
    b.run(60)
    b.tap()
    b.run(8)
    end = b.records()[-1]
    assert isinstance(end, TransactionEnded)
    assert [each.context for each in end.values].count(Context.PERIODIC) == 6
    ticks = [each.at.utc for each in end.values if each.context is Context.CLOCK]
    assert len(ticks) == 5
    assert all(tick is not None and tick % 15 == 0 for tick in ticks)
    assert end.values[0].context is Context.BEGIN and end.values[-1].context is Context.END


def test_clock_values_carry_the_nominal_tick():
    b = built(aligned=60)
    b.now += 0.3
    b.run(130)
    told = [each for each in b.reports() if isinstance(each, Measured)]
    assert [each.values[0].at.utc for each in told] == [NOON + 60 * n for n in (1, 2, 3)]


def test_in_a_transaction_clock_values_belong_to_it():
    b = built(aligned=30)
    b.charge()
    b.run(60)
    assert len(moments(b, Trigger.METER_VALUE_CLOCK)) == 2
    assert not [each for each in b.reports()[-2:] if isinstance(each, Measured)]


def test_nothing_is_measured_of_nothing():
    b = Built(settings={ALIGNED_INTERVAL_S: 10, SAMPLED_UPDATED: ("Frequency",), SAMPLED_INTERVAL_S: 5}, awake=False)
    assert b.evse.schedule.next_deadline is None
    silent = Built(EvseSetup(has_meter=False), settings={ALIGNED_INTERVAL_S: 10})
    silent.wait(30.0)
    assert not [each for each in silent.reports() if isinstance(each, Measured)]
    mute = Built(settings={SAMPLED_UPDATED: ("Frequency",), SAMPLED_INTERVAL_S: 5})
    mute.charge()
    mute.run(12)
    assert moments(mute, Trigger.METER_VALUE_PERIODIC) == []
    plain = Built(settings={ALIGNED_INTERVAL_S: 10, SAMPLED_INTERVAL_S: 0})
    plain.settings.set16("MeterValuesAlignedData", "Frequency")
    plain.run(25)
    assert not [each for each in plain.reports() if isinstance(each, Measured)]


@pytest.mark.parametrize(("shift", "told"), [(-0.5, 0), (-400.0, 1), (500.0, 1)])
def test_a_clock_that_jumps_tells_each_tick_once(shift: float, told: int):
    """A small step back tells no tick twice, a large one begins anew, a step forward tells the latest tick only."""
    b = built(aligned=60)
    b.run(11)
    assert b.station.around.utc == NOON + 61
    before = len(b.reports())
    b.do(ClockIs(NOON + shift, TimeQuality.NTP))
    b.meter()
    b.run(2 if shift > 0 else 59)
    values = [each for each in b.reports()[before:] if isinstance(each, Measured)]
    assert len(values) == told


def test_without_time_there_are_no_ticks():
    b = built(aligned=60)
    b.station.around.offset = None
    b.wait(0.0)
    assert b.evse.schedule.next_deadline is None
    assert isinstance(b.evse.schedule, Schedule)


utcs, intervals = st.floats(0, 4e9), st.integers(1, DAY_S)


@given(utcs, intervals)
def test_ticks_are_exact(utc: float, interval_s: int):
    before, after = last_tick(utc, interval_s), next_tick(utc, interval_s)
    assert before <= utc < after
    assert after - before <= interval_s
    for tick in (before, after):
        assert tick == int(tick)
        assert (tick % DAY_S) % interval_s == 0
    assert last_tick(before, interval_s) == before
    assert last_tick(after, interval_s) == after


def test_every_midnight_is_a_tick():
    assert next_tick(DAY_S - 100.0, 50_000) == DAY_S


def test_a_new_clock_interval_begins_at_its_next_tick():
    b = built(aligned=3600)
    b.run(2)
    b.ask(SetSetting("ClockAlignedDataInterval", "20"))
    assert not [each for each in b.reports() if isinstance(each, Measured)]
    assert b.evse.schedule.next_deadline == 60.0


def test_a_tick_before_energy_is_permitted_is_told_beside_the_transaction():
    b = built(aligned=20)
    b.offline()
    b.plug()
    b.tap()
    for _ in range(10):
        b.wait(1.0)
        b.meter()
    assert [each for each in b.reports() if isinstance(each, Measured)]
    assert moments(b, Trigger.METER_VALUE_CLOCK) == []
