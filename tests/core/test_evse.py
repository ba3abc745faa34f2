import pytest

from chargepoint.core.facts import AvailabilityIs, CableIs, ContactorIs, FaultIs, GuardIs, HeatIs, LockIs, VehicleIs
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import ChargingState
from chargepoint.core.session import State
from chargepoint.core.setup import EvseSetup
from chargepoint.core.values import Context
from tests.core.built import NOON, Built


def test_a_limit_below_six_amps_is_a_pause_and_the_same_limit_comes_back():
    b = Built()
    b.charge()
    b.do(HeatIs(1, 80.0))
    b.plug(Vehicle.B)
    b.run(8)
    assert (b.evse.offered_amps, b.evse.charging_state) == (0.0, ChargingState.SUSPENDED_EVSE)
    b.plug(Vehicle.C)
    b.do(HeatIs(1, 20.0))
    b.run(8)
    assert (b.evse.offered_amps, b.evse.charging_state) == (16.0, ChargingState.CHARGING)


def test_the_thinnest_part_counts():
    b = Built(EvseSetup(max_amps=32.0))
    b.do(CableIs(1, 20.0))
    assert (b.evse.limit.amps, b.evse.limit.who) == (20.0, "the plugged cable's rating")
    b.do(CableIs(1, None))
    assert b.evse.limit.amps == 32.0


def test_a_socket_gives_no_energy_before_the_cable_is_held():
    b = Built(EvseSetup(has_lock=True))
    b.offline()
    b.plug()
    b.tap()
    for _ in range(6):
        b.wait(1.0)
        b.meter()
        if b.evse.session.tx is not None and not b.evse.session.tx.durable:
            b.obey()
            b.do(LockIs(1, False))
    assert not any(closed for _, closed in b.orders())
    b.run(8)
    assert b.evse.power.energised and b.evse.locked
    b.plug(Vehicle.A)
    assert b.latches()[-1] is True, "live until it is seen open"
    b.run(2)
    assert b.latches()[-1] is False


def test_all_faults_from_all_sources():
    b = Built()
    b.do(FaultIs(0, "emergency-stop", True, "button 2"), FaultIs(1, "reader", True))
    b.do(VehicleIs(1, Vehicle.E))
    b.wait(11.0)
    assert b.evse.all_faults == {
        "emergency-stop": "button 2",
        "reader": "",
        "pilot": "",
        "meter": "no reading for 10 s",
    }
    assert b.evse.blocking == ["emergency-stop", "pilot", "meter"]
    b.do(GuardIs(False))
    assert "guard" in b.evse.blocking


def test_a_vehicle_fault_heals_at_the_deadline_of_the_power_path():
    """The power path is told of its own fault as of any other; that must not keep it alive."""
    b = Built()
    b.do(VehicleIs(1, Vehicle.B), VehicleIs(1, Vehicle.E))
    assert b.statuses()[-1] == "Faulted"
    b.do(VehicleIs(1, Vehicle.B))
    b.wait(0.3)
    assert b.evse.power.state.name == "WAITING"
    assert b.statuses()[-1] == "Preparing"


def test_a_reading_without_a_meter_is_empty():
    b = Built(awake=False)
    assert b.evse.reading(("Voltage",), Context.TRIGGER).values == ()
    b = Built()
    value = b.evse.reading(("Energy.Active.Import.Register",), Context.TRIGGER)
    assert value.at.utc == NOON + 50.0
    assert b.evse.reading((), Context.CLOCK, b.station.around.stamp(3.0)).at.mono == 3.0


def test_tables_that_chase_each_other_are_a_bug():
    b = Built()
    seen = iter(range(100))
    b.evse._seen = lambda: next(seen)  # type: ignore[method-assign,assignment,return-value]
    b.evse.power.handle = lambda seen, now: None  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="connector 1 do not settle"):
        b.wait(1.0)


def test_a_welded_contactor_holds_the_cable_and_the_status():
    b = Built(EvseSetup(has_lock=True))
    b.charge()
    b.plug(Vehicle.A)
    for _ in range(15):
        b.wait(1.0)
        b.meter()
    assert b.evse.session.state is State.FREE
    assert "contactor-welded" in b.evse.blocking
    assert b.latches()[-1] is True
    b.do(ContactorIs(1, False))
    assert b.latches()[-1] is False
    assert b.statuses()[-1] == "Faulted"


def test_why_no_energy_flows():
    b = Built()
    b.charge()
    b.plug(Vehicle.B)
    b.run(2)
    assert b.evse.charging_state is ChargingState.SUSPENDED_EV
    b.plug(Vehicle.C)
    assert b.evse.charging_state is ChargingState.SUSPENDED_EV, "it asks, and the contactor rests"
    b.do(FaultIs(1, "lock", True))
    assert b.evse.charging_state is ChargingState.SUSPENDED_EVSE


def test_no_session_begins_where_the_station_may_not_be_used():
    for fact in (AvailabilityIs(0, False), AvailabilityIs(1, False)):
        b = Built()
        b.do(fact)
        assert not b.evse.usable and b.statuses()[-1] == "Unavailable"
    early = Built(awake=False)
    early.meter()
    assert not early.evse.usable, "the guard has not spoken"
    early.do(GuardIs(True))
    assert early.evse.usable


def test_six_amps_are_an_offer():
    b = Built(EvseSetup(max_amps=6.0))
    b.charge()
    assert b.evse.offered_amps == 6.0
    b.plug(Vehicle.B)
    b.run(2)
    assert b.evse.charging_state is ChargingState.SUSPENDED_EV
