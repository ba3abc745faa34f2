"""When a commit is due, and what is left of a batch by then."""

import math
from dataclasses import replace

import pytest

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.tokens import TokenInfo, Verdict
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.store import ops
from chargepoint.store.batch import Batch, Progress, Rhythm, energy_in
from tests.store.kit import CARD, ended, event, sample, started, wide

NOW = Stamp(1, 0.0)
RHYTHM = Rhythm()
AT_ONCE = -math.inf


def batch(*orders):
    """Each order a second after the one before."""
    found = Batch(1, RHYTHM)
    for n, op in enumerate(orders, start=1):
        found.add(n, op, float(n))
    return found


@pytest.mark.parametrize(
    ("orders", "due"),
    [
        ([], math.inf),
        ([ops.Keep(1, started())], AT_ONCE),
        ([ops.Keep(1, ended())], AT_ONCE),
        ([ops.Keep(1, event())], AT_ONCE),
        ([ops.Keep(1, sample())], 61.0),
        ([ops.Keep(key, sample()) for key in range(9)], 61.0),
        ([ops.Keep(key, sample()) for key in range(10)], AT_ONCE),
        ([ops.Keep(1, sample()), ops.Confirm((1,), NOW)], 301.0),
        ([ops.Keep(1, sample()), ops.Keep(2, sample()), ops.Confirm((1,), NOW)], 62.0),
        ([ops.Keep(1, sample()), ops.Confirm((1, 7), NOW)], 62.0),
        ([ops.Checkpoint("t1", 1, 5.0, NOW)], 301.0),
        ([ops.Checkpoint("t1", 1, 5.0, NOW), ops.Checkpoint("t1", 1, 6.0, NOW)], 301.0),
        ([ops.Confirm((7,), NOW), ops.Confirm((8,), NOW)], 61.0),
        ([ops.Refuse(7, "no", NOW)], 61.0),
        ([ops.Number("t1", 7, NOW)], 61.0),
        ([ops.Remember(CARD, TokenInfo(Verdict.ACCEPTED))], 61.0),
        ([ops.NoteClock(5.0, TimeQuality.NTP)], 61.0),
        ([ops.Forget()], AT_ONCE),
        ([ops.KeepSetting("a", "b")], AT_ONCE),
        ([ops.KeepAvailability(1, True)], AT_ONCE),
        ([ops.KeepReservation(1, 1, None)], AT_ONCE),
        ([ops.Retry(1, 2, NOW)], AT_ONCE),
    ],
)
def test_when_a_commit_is_due(orders, due):
    assert batch(*orders).due == due


def test_a_confirmed_sample_leaves_only_its_progress():
    found = batch(ops.Keep(1, sample(seq=4, energy_wh=9.0)), ops.Confirm((1,), NOW))
    assert found.ops == {}
    assert found.progress == {"t1": Progress(4, 9.0, Stamp(1, 5.0))}
    assert (found.last_n, found.last_mono) == (2, 5.0)


def test_progress_takes_the_latest_of_everything():
    found = batch(
        ops.Keep(1, sample(seq=4, energy_wh=9.0)),
        ops.Checkpoint("t1", 4, 11.0, Stamp(1, 50.0)),
        ops.Keep(2, sample(seq=5)),
        ops.Checkpoint("t2", 1, 3.0, Stamp(9, 99.0)),
    )
    assert found.progress == {"t1": Progress(5, 11.0, Stamp(1, 50.0)), "t2": Progress(1, 3.0, Stamp(9, 99.0))}
    assert found.last_mono == 50.0


def test_the_register_that_a_record_tells():
    phases = (Value(Measurand.VOLTAGE, 230.0), Value(Measurand.ENERGY_IMPORT, 5.0, "L1"))
    read = (
        MeterValue(NOW, Context.BEGIN, (Value(Measurand.ENERGY_IMPORT, 7.0),)),
        MeterValue(NOW, Context.END, phases),
    )
    assert energy_in(wide(3)) == (1003.0, wide(3).at)
    assert energy_in(sample()) is None
    assert energy_in(event()) is None
    assert energy_in(started(energy_wh=4.0)) == (4.0, Stamp(1, 1.0))
    assert energy_in(replace(sample(), values=read)) == (7.0, NOW)
