from chargepoint.core.commands import ChangeAvailability, TriggerMessage, Wanted
from chargepoint.core.effects import Level, Shine
from chargepoint.core.facts import FaultIs, GuardIs, VehicleIs
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import StatusIs
from chargepoint.core.setup import EvseSetup
from chargepoint.core.telling import EV_SIDE
from chargepoint.core.variables import MINIMUM_STATUS_DURATION_S, STOP_ON_EV_DISCONNECT
from chargepoint.hal import Light
from tests.core.built import Built


def last(b: Built) -> StatusIs:
    return [each for each in b.reports() if isinstance(each, StatusIs) and each.evse == 1][-1]


def test_a_session_in_statuses_and_lights():
    b = Built()
    b.charge()
    b.plug(Vehicle.B)
    b.run(2)
    b.tap()
    b.run(2)
    b.plug(Vehicle.A)
    assert b.statuses()[-6:] == ["Available", "Preparing", "Charging", "SuspendedEV", "Finishing", "Available"]
    lights = [each.light for each in b.all(Shine)][-6:]
    assert lights == [Light.AVAILABLE, Light.WAITING, Light.CHARGING, Light.SUSPENDED, Light.FINISHED, Light.AVAILABLE]


def test_nothing_is_said_twice():
    b = Built()
    b.offline()
    before = len(b.out)
    b.do(VehicleIs(1, Vehicle.A), FaultIs(1, "lock", False))
    assert b.out[before:] == []


def test_the_guard_hears_every_order_again_when_it_is_back():
    b = Built()
    b.do(GuardIs(False))
    assert b.orders(b.do(GuardIs(True)))


def test_a_status_must_last():
    b = Built(settings={MINIMUM_STATUS_DURATION_S: 5})
    b.run(6)
    told = len(b.statuses())
    b.plug(Vehicle.B)
    b.run(4)
    b.plug(Vehicle.A)
    b.run(2)
    b.plug(Vehicle.B)
    b.run(4)
    assert len(b.statuses()) == told
    b.run(1)
    assert b.statuses()[told:] == ["Preparing"]


def test_who_asks_is_told_at_once():
    b = Built(settings={MINIMUM_STATUS_DURATION_S: 5})
    b.run(6)
    b.plug(Vehicle.B)
    told = len(b.statuses())
    b.ask(TriggerMessage(Wanted.STATUS, 1))
    b.run(8)
    assert b.statuses()[told:] == ["Preparing"]


def test_steps_of_the_standard_are_told_in_between():
    b = Built()
    b.plug()
    b.run(61)
    b.ask(ChangeAvailability(1, False))
    b.ask(ChangeAvailability(1, True))
    assert b.statuses()[-4:] == ["Finishing", "Unavailable", "Preparing", "Finishing"]


def test_one_fault_is_shown_the_one_that_blocks_first():
    b = Built()
    b.do(FaultIs(1, "reader", True))
    assert (last(b).status.value, last(b).fault, last(b).info) == ("Available", "reader", "Card reader silent")
    b.do(FaultIs(1, "lock", True, "jammed at 40 %"))
    assert (last(b).status.value, last(b).fault, last(b).info) == ("Faulted", "lock", "jammed at 40 %")
    told = len(b.statuses())
    b.do(FaultIs(1, "lock", True, "jammed at 41 %"))
    assert len(b.statuses()) == told, "what was measured may tremble"


def test_the_ev_side_is_named():
    b = Built(EvseSetup(has_lock=True), settings={STOP_ON_EV_DISCONNECT: False})
    b.charge()
    b.plug(Vehicle.B)
    b.run(2)
    b.plug(Vehicle.A)
    assert (last(b).status.value, last(b).info) == ("SuspendedEV", EV_SIDE)


def test_the_lock_stays_as_it_is_until_the_pilot_has_told():
    b = Built(EvseSetup(has_lock=True), awake=False)
    b.do(GuardIs(True), VehicleIs(1, Vehicle.F))
    assert b.latches() == []
    b.do(VehicleIs(1, Vehicle.B))
    assert b.latches() == [False]
    b.offline()
    b.meter()
    b.tap()
    b.do(VehicleIs(1, Vehicle.F))
    assert b.latches() == [False, True]


def test_the_guard_is_told_what_to_hold():
    b = Built()
    b.charge()
    b.tap()
    b.plug(Vehicle.B)
    assert b.orders()[-5:] == [
        (Level.STEADY, False),
        (16.0, False),
        (16.0, True),
        (Level.STEADY, True),
        (Level.STEADY, False),
    ]


def test_a_fixed_cable_has_no_lock_to_move():
    b = Built()
    b.charge()
    assert b.latches() == []


def test_the_ev_side_is_named_only_while_it_explains_something():
    b = Built(EvseSetup(has_lock=True), settings={STOP_ON_EV_DISCONNECT: False})
    b.charge()
    b.plug(Vehicle.B)
    b.run(2)
    b.plug(Vehicle.A)
    b.do(FaultIs(1, "reader", True))
    assert last(b).info == "Card reader silent"
    b.do(FaultIs(1, "reader", False))
    assert last(b).info == EV_SIDE
    b.plug(Vehicle.B)
    assert (last(b).status.value, last(b).info) == ("SuspendedEV", "")
    b.plug(Vehicle.A)
    b.tap()
    assert last(b).info == EV_SIDE
    b.run(2)
    assert (last(b).status.value, last(b).info) == ("Available", "")
