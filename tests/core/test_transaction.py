from itertools import pairwise

import pytest

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core import transaction
from chargepoint.core.effects import Checkpoint, Keep
from chargepoint.core.facts import LinkIs, TransactionWasOpen
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import (
    ChargingState,
    Reason,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.session import State
from chargepoint.core.setup import EvseSetup
from chargepoint.core.values import Context
from chargepoint.core.variables import SAMPLED_ENDED, SAMPLED_INTERVAL_S, SAMPLED_STARTED, STOP_ON_EV_DISCONNECT
from tests.core.built import ANN, NOON, Built

AT = Stamp(6, 900.0, NOON, TimeQuality.NTP)
STARTED = TransactionStarted("old", 1, AT, 0, Trigger.AUTHORIZED, ChargingState.EV_CONNECTED, ANN, 800.0)
WAS_OPEN = TransactionWasOpen(STARTED, 4, 950.0, AT)


def ends(b: Built) -> list[TransactionEnded]:
    return [each for each in b.records() if isinstance(each, TransactionEnded)]


def test_the_register_is_kept_for_a_power_cut_but_not_too_often():
    b = Built(settings={SAMPLED_INTERVAL_S: 0})
    b.charge()
    before = len(b.all(Checkpoint))
    for _ in range(35):
        b.run(1)
        b.meter(3.0)
    points = b.all(Checkpoint)[before:]
    assert 3 <= len(points) <= 4
    assert all(later.at.mono - earlier.at.mono >= 10 for earlier, later in pairwise(points))
    b.run(20)
    assert len(b.all(Checkpoint)) - before <= len(points) + 1, "what has not moved is not kept again"


def test_begin_and_end_are_measured_as_the_settings_say():
    bare = Built(settings={SAMPLED_STARTED: (), SAMPLED_ENDED: ()})
    full = Built()
    for b in (bare, full):
        b.charge()
        b.plug(Vehicle.A)
        b.run(2)
    assert bare.starts()[0].values == () and ends(bare)[0].values == ()
    assert [each.context for each in full.starts()[0].values] == [Context.BEGIN]
    assert [each.context for each in ends(full)[0].values] == [Context.BEGIN, Context.END]


def test_charging_states_are_told_once():
    b = Built()
    b.charge()
    b.plug(Vehicle.B)
    b.run(3)
    b.plug(Vehicle.C)
    b.run(8)
    states = [each.state for each in b.records() if isinstance(each, TransactionUpdated)]
    assert states == [ChargingState.CHARGING, ChargingState.SUSPENDED_EV, ChargingState.CHARGING]


# -- a power cut ----------------------------------------------------------------------------------------------------


def test_after_a_power_cut_the_transaction_is_ended_with_what_the_meter_says():
    b = Built()
    b.do(WAS_OPEN, WAS_OPEN)
    b.plug()
    b.meter()
    b.run(3)
    (end,) = ends(b)
    assert (end.tx, end.seq, end.reason, end.at, end.offline) == ("old", 5, Reason.POWER_LOSS, AT, True)
    assert end.energy_wh == 1000.0, "the vehicle drew on until the contactor opened"
    assert end.started_by == ANN
    assert b.evse.session.state is State.PARKED


def test_a_register_that_was_lost_does_not_bill_less():
    b = Built()
    b.energy_wh = 0.0
    b.meter()
    b.do(WAS_OPEN)
    b.run(3)
    assert ends(b)[0].energy_wh == 950.0


def test_a_silent_meter_does_not_keep_it_open():
    b = Built(awake=False)
    b.do(WAS_OPEN)
    b.wait(40.0)
    (end,) = ends(b)
    assert (end.energy_wh, end.values) == (950.0, ())


@pytest.mark.parametrize(("within", "goes_on"), [(3600.0, True), (1.0, False)])
def test_a_short_power_cut_can_be_survived(within: float, goes_on: bool):
    b = Built(EvseSetup(resume_within_s=within))
    b.do(WAS_OPEN)
    assert b.statuses()[-1] == "SuspendedEVSE"
    b.plug()
    b.run(25)
    if goes_on:
        assert "is resumed" in b.said()
        assert b.evse.power.energised
        assert [each.seq for each in b.records()] == [5]
    else:
        assert ends(b)[0].reason is Reason.POWER_LOSS


def test_two_places_two_transactions():
    b = Built(EvseSetup(), EvseSetup())
    second = TransactionStarted("two", 2, AT, 0, Trigger.AUTHORIZED, ChargingState.EV_CONNECTED, ANN, 5.0)
    b.do(WAS_OPEN, TransactionWasOpen(second, 9, 6.0, AT))
    b.run(3)
    assert {(each.tx, each.evse, each.seq) for each in ends(b)} == {("old", 1, 5), ("two", 2, 10)}


def test_a_place_that_is_gone_and_a_place_that_is_taken():
    gone = TransactionStarted("gone", 7, AT, 0, Trigger.AUTHORIZED, ChargingState.EV_CONNECTED, ANN, 5.0)
    other = TransactionStarted("other", 1, AT, 0, Trigger.AUTHORIZED, ChargingState.EV_CONNECTED, ANN, 5.0)
    b = Built()
    b.do(WAS_OPEN, TransactionWasOpen(gone, 2, 60.0, AT), TransactionWasOpen(other, 3, 4.0, AT))
    assert [(each.tx, each.evse, each.seq, each.energy_wh, each.reason) for each in ends(b)] == [
        ("gone", 7, 3, 60.0, Reason.POWER_LOSS),
        ("other", 1, 4, 5.0, Reason.POWER_LOSS),
    ]
    assert b.evse.session.current.id == "old"


def test_the_begin_values_survive():
    b = Built()
    b.charge()
    (start,) = b.starts()
    again = Built()
    again.do(TransactionWasOpen(start, 3, 1000.0, start.at))
    again.run(3)
    assert ends(again)[0].values[0] == start.values[0]
    assert transaction.homeless(TransactionWasOpen(start, 3, 1000.0, start.at)).values == start.values


def test_every_record_is_on_its_way_as_one():
    b = Built()
    b.charge()
    assert b.station.around.waiting == len(b.all(Keep))


def test_a_cable_that_comes_back_is_told_as_such():
    b = Built(EvseSetup(has_lock=True), settings={STOP_ON_EV_DISCONNECT: False})
    b.charge()
    b.plug(Vehicle.A)
    b.plug(Vehicle.B)
    triggers = [each.trigger for each in b.records()[-2:] if isinstance(each, TransactionUpdated)]
    assert triggers == [Trigger.EV_COMMUNICATION_LOST, Trigger.CABLE_PLUGGED_IN]


def test_what_happens_online_is_not_told_as_offline():
    b = Built()
    b.charge()
    b.do(LinkIs(True))
    b.plug(Vehicle.A)
    b.run(2)
    assert [each.offline for each in b.records()] == [True, True, False]


def test_a_resumed_transaction_ends_when_it_ends():
    b = Built(EvseSetup(resume_within_s=3600.0))
    b.do(WAS_OPEN)
    b.plug()
    b.run(8)
    stopped_at = b.now
    b.plug(Vehicle.A)
    b.run(2)
    (end,) = ends(b)
    assert (end.at.mono, end.reason) == (stopped_at, Reason.EV_DISCONNECTED)
