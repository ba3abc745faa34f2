"""The session by example; every reachable state is walked in test_session_walk.py."""

import pytest

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.commands import RemoteStop
from chargepoint.core.facts import (
    Durable,
    FaultCleared,
    FaultIs,
    GuardIs,
    TransactionConfirmed,
    TransactionWasOpen,
    VehicleIs,
)
from chargepoint.core.machine import mermaid
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import (
    ChargingState,
    Reason,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.session import TABLE, State, welcome
from chargepoint.core.setup import EvseSetup
from chargepoint.core.tokens import IdToken, TokenInfo, TokenKind, Verdict
from chargepoint.core.transaction import Stop
from chargepoint.core.variables import (
    CONNECTION_TIMEOUT_S,
    MAX_ENERGY_ON_INVALID_ID_WH,
    STOP_ON_EV_DISCONNECT,
    STOP_ON_INVALID_ID,
    UNLOCK_ON_EV_DISCONNECT,
)
from tests.core.built import ANN, BOB, NOON, Built

FREE = EvseSetup(free_token=IdToken("free", TokenKind.NO_AUTHORIZATION))
INVALID = TokenInfo(Verdict.INVALID)


def end_of(b: Built) -> TransactionEnded:
    (end,) = [each for each in b.records() if isinstance(each, TransactionEnded)]
    return end


def updates(b: Built) -> list[tuple[Trigger, ChargingState]]:
    return [(each.trigger, each.state) for each in b.records() if isinstance(each, TransactionUpdated)]


def test_plug_card_energy_card():
    b = Built()
    tx = b.charge()
    (start,) = b.starts()
    assert (start.tx, start.seq, start.token, start.trigger, start.offline) == (tx, 0, ANN, Trigger.AUTHORIZED, True)
    b.meter(500.0)
    b.tap()
    b.plug(Vehicle.B)
    b.run(2)
    end = end_of(b)
    assert end.energy_wh - start.energy_wh == 500.0
    assert [each.seq for each in b.records()] == list(range(len(b.records())))
    assert b.evse.session.state is State.PARKED
    b.plug(Vehicle.A)
    assert b.evse.session.state is State.FREE


def test_no_energy_before_the_start_is_on_disk():
    b = Built()
    b.offline()
    b.plug()
    b.tap()
    b.wait(5.0)
    assert b.evse.session.state is State.STARTING and b.evse.permit_amps == 0.0
    b.do(Durable("somebody else's"))
    assert b.evse.session.state is State.STARTING
    b.do(Durable("tx1"))
    assert b.evse.permit_amps == 16.0


def test_an_authorisation_is_void_when_its_vehicle_leaves():
    b = Built()
    b.offline()
    b.plug()
    b.do(GuardIs(False))
    b.do(GuardIs(True), FaultIs(1, "lock", True))
    b.tap()
    assert b.evse.session.state is State.PLUGGED, "a place that is faulted takes no card"
    b.do(FaultIs(1, "lock", False))
    b.tap()
    assert b.evse.session.state is State.STARTING


def test_who_waits_too_long_for_the_place_waits_in_vain():
    b = Built()
    b.offline()
    b.tap()
    b.do(FaultIs(1, "lock", True))
    b.plug()
    assert b.evse.session.state is State.PLUGGED
    b.run(61)
    assert b.evse.session.state is State.PARKED
    assert "the place was not ready for it in time" in b.said()
    b.do(FaultIs(1, "lock", False))
    assert b.starts() == []


def test_waiting_for_the_other_half():
    b = Built(settings={CONNECTION_TIMEOUT_S: 20})
    b.offline()
    b.tap()
    b.wait(19.9)
    assert b.evse.session.state is State.AUTHORIZED
    b.wait(0.1)
    assert "no vehicle was connected in time" in b.said()
    b.plug()
    b.run(20)
    assert "nobody authorised the connected vehicle in time" in b.said()
    assert b.evse.session.state is State.PARKED


@pytest.mark.parametrize(
    ("fault", "reason"), [("ground", Reason.GROUND_FAULT), ("emergency-stop", Reason.EMERGENCY_STOP), ("lock", None)]
)
def test_a_fault_ends_or_only_suspends(fault: str, reason: Reason | None):
    b = Built()
    b.charge()
    b.do(FaultIs(1, fault, True))
    assert b.orders()[-1][1] is False
    b.run(4)
    b.do(FaultIs(1, fault, False), FaultCleared(1, fault))
    b.run(10)
    if reason is None:
        assert b.evse.power.energised, "energy comes back when the fault has healed"
        assert (Trigger.CHARGING_STATE_CHANGED, ChargingState.SUSPENDED_EVSE) in updates(b)
    else:
        assert (end_of(b).reason, end_of(b).trigger) == (reason, Trigger.ABNORMAL_CONDITION)
        assert not b.evse.power.energised


def test_a_lost_meter_ends_where_it_is_billed_and_only_there():
    billed, lent = Built(), Built(EvseSetup(stop_on_meter_loss=False))
    for b in (billed, lent):
        b.charge()
        b.wait(30.0)
    assert end_of(billed).reason is Reason.OTHER
    assert lent.evse.power.energised
    assert list(lent.evse.all_faults) == ["meter"]


# -- unplugging -----------------------------------------------------------------------------------------------------


def test_unplugging_ends():
    b = Built()
    b.charge()
    b.plug(Vehicle.A)
    b.run(2)
    assert (end_of(b).reason, end_of(b).trigger) == (Reason.EV_DISCONNECTED, Trigger.EV_COMMUNICATION_LOST)
    assert b.evse.session.state is State.FREE


def test_a_transaction_that_outlives_its_cable():
    b = Built(EvseSetup(has_lock=True), settings={STOP_ON_EV_DISCONNECT: False})
    b.charge()
    b.plug(Vehicle.A)
    assert updates(b)[-1] == (Trigger.EV_COMMUNICATION_LOST, ChargingState.SUSPENDED_EV)
    b.run(600)
    b.plug()
    assert updates(b)[-1][0] is Trigger.CABLE_PLUGGED_IN
    b.run(8)
    assert b.evse.power.energised


def test_a_fixed_cable_does_not_wait_for_the_next_driver():
    """OCPP 2.0.1 E10: otherwise whoever comes next would charge on it."""
    b = Built(settings={STOP_ON_EV_DISCONNECT: False, CONNECTION_TIMEOUT_S: 30})
    b.charge()
    b.plug(Vehicle.A)
    b.run(29)
    assert b.evse.session.state is State.RUNNING
    b.run(3)
    assert end_of(b).reason is Reason.EV_DISCONNECTED


def test_a_cable_that_waits_for_its_card():
    b = Built(EvseSetup(has_lock=True), settings={UNLOCK_ON_EV_DISCONNECT: False})
    b.charge()
    b.plug(Vehicle.A)
    b.run(100)
    assert b.evse.session.state is State.PARKED and b.evse.locked
    b.tap(BOB)
    b.plug()
    b.tap(BOB)
    assert b.evse.locked and b.evse.session.state is State.PARKED
    b.plug(Vehicle.A)
    b.tap(IdToken(ANN.text.lower()))
    assert b.latches()[-1] is False
    assert b.evse.session.state is State.FREE


def test_who_charges_for_free_has_no_card_to_show():
    b = Built(EvseSetup(has_lock=True, free_token=FREE.free_token), settings={UNLOCK_ON_EV_DISCONNECT: False})
    b.plug()
    b.run(10)
    assert b.evse.power.energised
    b.plug(Vehicle.A)
    b.run(2)
    assert b.latches()[-1] is False


# -- free vending ---------------------------------------------------------------------------------------------------


def test_free_vending_starts_when_the_place_is_ready_and_not_again_after_its_end():
    b = Built(FREE)
    b.do(FaultIs(1, "lock", True))
    b.plug()
    b.run(200)
    assert b.statuses()[-1] == "Faulted"
    b.plug(Vehicle.A)
    b.do(FaultIs(1, "lock", False))
    assert b.statuses()[-1] == "Available", "nobody was granted anything"
    b.plug()
    b.run(8)
    (start,) = b.starts()
    assert (start.token, start.trigger) == (FREE.free_token, Trigger.CABLE_PLUGGED_IN)
    b.ask(RemoteStop(start.tx))
    b.run(100)
    assert len(b.starts()) == 1, "only a new plug starts anew"
    b.plug(Vehicle.A)
    b.plug()
    assert len(b.starts()) == 2


# -- the backend refuses --------------------------------------------------------------------------------------------


def test_a_refused_token_ends_the_transaction():
    b = Built()
    tx = b.charge()
    b.do(TransactionConfirmed(tx, INVALID), TransactionConfirmed(tx, INVALID))
    b.run(8)
    assert (end_of(b).reason, end_of(b).trigger) == (Reason.DE_AUTHORIZED, Trigger.DEAUTHORIZED)


def test_a_refused_token_may_draw_what_is_allowed():
    b = Built(settings={STOP_ON_INVALID_ID: False, MAX_ENERGY_ON_INVALID_ID_WH: 100})
    tx = b.charge()
    b.do(TransactionConfirmed(tx, INVALID), TransactionConfirmed(tx, INVALID))
    assert [each[0] for each in updates(b)].count(Trigger.DEAUTHORIZED) == 1
    b.meter(99.0)
    assert b.evse.permit_amps > 0
    b.meter(1.0)
    assert b.evse.permit_amps == 0
    b.run(8)
    assert updates(b)[-1][1] is ChargingState.SUSPENDED_EVSE
    assert b.evse.session.state is State.RUNNING


# -- odds -----------------------------------------------------------------------------------------------------------


def test_the_first_reason_to_stop_counts():
    b = Built()
    b.evse.session.ask_to_stop(Stop(Reason.REMOTE, Trigger.REMOTE_STOP))
    assert b.evse.session.stop is None
    b.evse.session.invalidate()
    tx = b.charge()
    b.ask(RemoteStop(tx))
    b.tap()
    b.run(8)
    assert end_of(b).reason is Reason.REMOTE


def test_asking_for_what_a_state_does_not_have_is_a_bug():
    session = Built().evse.session
    for name in ("granted", "current", "stopping"):
        with pytest.raises(RuntimeError, match="in state FREE"):
            getattr(session, name)


def test_unclear_pilots_change_nothing():
    b = Built()
    b.offline()
    b.plug(Vehicle.B)
    b.do(VehicleIs(1, Vehicle.E), VehicleIs(1, Vehicle.F))
    assert b.evse.plugged


def test_the_table_can_be_drawn():
    assert mermaid(TABLE).count("-->") == len(TABLE)


# -- a power cut ----------------------------------------------------------------------------------------------------


def was_open(b: Built) -> None:
    at = Stamp(6, 1.0, NOON, TimeQuality.NTP)
    start = TransactionStarted("old", 1, at, 0, Trigger.AUTHORIZED, ChargingState.EV_CONNECTED, ANN, 800.0)
    b.do(TransactionWasOpen(start, 3, 900.0, at))


def test_after_a_power_cut_it_is_ended_when_the_pilot_has_told():
    b = Built(awake=False)
    was_open(b)
    b.do(GuardIs(True))
    b.plug(Vehicle.B)
    assert b.evse.session.state is State.STOPPING
    b.meter()
    b.wait(1.0)
    b.meter()
    assert end_of(b).reason is Reason.POWER_LOSS
    assert b.evse.session.state is State.PARKED


def test_after_a_short_power_cut_it_goes_on():
    b = Built(EvseSetup(resume_within_s=3600.0))
    was_open(b)
    b.plug()
    b.run(8)
    assert "is resumed" in b.said()
    assert b.evse.power.energised


def test_free_vending_goes_on_after_a_power_cut_in_a_new_transaction():
    b = Built(FREE)
    was_open(b)
    b.plug()
    b.run(8)
    assert end_of(b).reason is Reason.POWER_LOSS
    assert [each.token for each in b.starts()] == [FREE.free_token]
    gone = Built(FREE)
    was_open(gone)
    gone.run(3)
    assert gone.starts() == [] and gone.statuses()[-1] == "Available"


def test_only_free_vending_welcomes():
    session = Built().evse.session
    welcome(session)
    assert session.grant is None
