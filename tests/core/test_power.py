"""The power path by example, in seconds and amps: the sequences of IEC 61851-1 Table A.6 and the edges of the rules."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargepoint.core.effects import Drive, Level
from chargepoint.core.machine import mermaid
from chargepoint.core.pilot import Vehicle
from chargepoint.core.power import DIODE, DROPPED, PILOT, STUCK, TABLE, WELDED, Power, PowerPath, Seen

OPEN_STEADY = Drive(1, Level.STEADY, False)
OPEN_ERROR = Drive(1, Level.ERROR, False)


class Place:
    """A power path, the facts about it and its time."""

    def __init__(self, ventilation: bool = False, rest_s: float = 5.0) -> None:
        self.path = PowerPath(1, ventilation, rest_s)
        self.seen = Seen(Vehicle.A, 0.0, closed=False, sound=True, locked=True)
        self.now = 100.0
        self.at()

    def at(self, seconds: float = 0.0, **facts: object) -> Power:
        """Let time pass, minding every deadline, then change facts."""
        end = self.now + seconds
        while (deadline := self.path.next_deadline) is not None and deadline <= end:
            self.now = deadline
            self.path.handle(self.seen, self.now)
        self.now = end
        self.seen = replace(self.seen, **facts)
        self.path.handle(self.seen, self.now)
        return self.path.state

    @property
    def order(self) -> Drive:
        return self.path.order


def offered(amps: float = 16.0, **kind: object) -> Place:
    place = Place(**kind)
    assert place.at(vehicle=Vehicle.B, amps=amps) is Power.OFFERED
    return place


def energized(amps: float = 16.0, **kind: object) -> Place:
    place = offered(amps, **kind)
    assert place.at(1.0, vehicle=Vehicle.C) is Power.CLOSING
    assert place.at(0.1, closed=True) is Power.ENERGIZED
    return place


# -- normal life ------------------------------------------------------------------------------------------------------


def test_from_plug_to_unplug():
    place = Place()
    assert (place.path.state, place.order) == (Power.IDLE, OPEN_STEADY)
    assert (place.at(vehicle=Vehicle.B), place.order) == (Power.WAITING, OPEN_STEADY)
    assert (place.at(60, amps=16.0), place.order) == (Power.OFFERED, Drive(1, 16.0, False))
    assert (place.at(1, vehicle=Vehicle.C), place.order) == (Power.CLOSING, Drive(1, 16.0, True))
    assert not place.path.energised
    assert (place.at(0.1, closed=True), place.order) == (Power.ENERGIZED, Drive(1, 16.0, True))
    assert place.path.energised and place.path.offering and place.path.offered_amps == 16.0
    assert (place.at(600, vehicle=Vehicle.B), place.order) == (Power.OFFERED, Drive(1, 16.0, False))
    assert (place.at(0.05, closed=False), place.order) == (Power.OFFERED, Drive(1, 16.0, False))
    assert (place.at(5, vehicle=Vehicle.A), place.order) == (Power.IDLE, OPEN_STEADY)
    assert place.path.faults == frozenset() and place.path.offered_amps == 0.0


def test_a_vehicle_that_asks_from_the_start_is_offered_current_and_closed_when_its_diode_was_seen():
    """Seq. 1.2 and 3.2: in x1 the diode cannot be seen, so PWM comes first."""
    place = Place()
    assert place.at(vehicle=Vehicle.C) is Power.WAITING
    assert place.at(3, amps=10.0) is Power.OFFERED
    assert place.path.next_deadline == pytest.approx(place.now + 0.2)
    assert place.at(0.19) is Power.OFFERED
    assert place.at(0.02) is Power.CLOSING


def test_a_vehicle_that_toggles_does_not_make_the_contactor_chatter():
    place = energized()
    place.at(1, vehicle=Vehicle.B)
    place.at(0.05, closed=False)
    assert place.at(0.1, vehicle=Vehicle.C) is Power.OFFERED
    assert place.at(4.8) is Power.OFFERED
    assert place.at(0.1) is Power.CLOSING


@pytest.mark.parametrize(
    ("facts", "state", "order"),
    [
        ({"vehicle": Vehicle.B}, Power.OFFERED, Drive(1, 16.0, False)),
        ({"vehicle": Vehicle.A}, Power.IDLE, OPEN_STEADY),
        ({"vehicle": Vehicle.D}, Power.WAITING, OPEN_STEADY),
        ({"vehicle": Vehicle.E}, Power.FAULTED, OPEN_ERROR),
        ({"vehicle": Vehicle.F}, Power.FAULTED, OPEN_ERROR),
        ({"vehicle": Vehicle.NO_DIODE}, Power.FAULTED, OPEN_ERROR),
        ({"sound": False}, Power.FAULTED, OPEN_ERROR),
    ],
)
@pytest.mark.parametrize("closed", [True, False])
def test_it_opens_at_once(facts, state, order, closed):
    """Seq. 2.2, 8.1, 12: within the same call, before and after the contactor confirmed."""
    place = energized() if closed else offered()
    place.at(1, vehicle=Vehicle.C)
    assert (place.at(**facts), place.order) == (state, order)


# -- the polite stop --------------------------------------------------------------------------------------------------


def test_a_vehicle_asked_to_stop_obeys():
    """Seq. 9.1, 10.1, 8.2, then 9.2."""
    place = energized()
    assert (place.at(1, amps=0.0), place.order) == (Power.RELEASING, Drive(1, Level.STEADY, True))
    assert place.path.energised and not place.path.offering
    assert (place.at(1, vehicle=Vehicle.B), place.order) == (Power.WAITING, OPEN_STEADY)
    place.at(0.05, closed=False)
    assert place.at(0.95, amps=16.0) is Power.WAITING
    assert place.at(0.99) is Power.WAITING
    assert place.at(0.02) is Power.OFFERED


def test_a_vehicle_that_does_not_obey_is_cut_off_after_six_seconds():
    """Seq. 10.2."""
    place = energized()
    place.at(1, amps=5.9)
    assert place.path.next_deadline is not None
    assert (place.at(5.99), place.order.closed) == (Power.RELEASING, True)
    assert (place.at(0.02), place.order) == (Power.WAITING, OPEN_STEADY)
    place.at(0.05, closed=False)
    assert place.at(60) is Power.WAITING
    assert place.at(amps=16.0) is Power.OFFERED


def test_a_permission_that_comes_back_waits_for_the_stop_to_end():
    place = energized()
    place.at(1, amps=0.0)
    assert place.at(1, amps=16.0) is Power.RELEASING
    place.at(1, vehicle=Vehicle.B)
    place.at(0.1, closed=False)
    assert place.at(1) is Power.OFFERED


def test_before_it_is_confirmed_there_is_nothing_to_release():
    place = offered()
    place.at(1, vehicle=Vehicle.C)
    assert (place.at(amps=0.0), place.order) == (Power.WAITING, OPEN_STEADY)


def test_a_cable_that_is_not_held_is_not_offered_anything():
    place = Place()
    assert place.at(vehicle=Vehicle.B, amps=16.0, locked=False) is Power.WAITING
    assert place.at(locked=True) is Power.OFFERED
    assert place.at(locked=False) is Power.WAITING


# -- how much ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permit", "pilot"),
    [(0.0, Level.STEADY), (5.99, Level.STEADY), (math.nan, Level.STEADY), (6.0, 6.0), (80.0, 80.0), (math.inf, 80.0)],
)
def test_what_is_offered(permit, pilot):
    place = Place()
    place.at(vehicle=Vehicle.B, amps=permit)
    assert place.order == Drive(1, pilot, False)


def test_the_offer_falls_at_once_and_rises_every_five_seconds():
    """Seq. 6: the vehicle has 5 s to follow."""
    place = energized(16.0)
    assert place.at(0.5, amps=10.0) is Power.ENERGIZED and place.order.pilot == 10.0
    assert place.at(0.1, amps=8.0) and place.order.pilot == 8.0
    assert place.at(0.1, amps=20.0) and place.order.pilot == 8.0
    assert place.path.offered_amps == 8.0
    assert place.at(4.8) and place.order.pilot == 8.0
    assert place.at(0.11) and place.order.pilot == 20.0
    assert place.at(6) and place.path.next_deadline is None


# -- what can be wrong ------------------------------------------------------------------------------------------------


def test_state_f_is_short_so_that_the_vehicle_is_seen_again():
    place = energized()
    place.at(1, sound=False, vehicle=Vehicle.B)
    place.at(0.05, closed=False)
    assert (place.at(0.24), place.order) == (Power.FAULTED, OPEN_ERROR)
    assert (place.at(0.02), place.order) == (Power.FAULTED, OPEN_STEADY)
    assert place.at(1) is Power.FAULTED
    assert place.at(sound=True) is Power.WAITING
    assert place.at(2.99) is Power.WAITING
    assert place.at(0.02) is Power.OFFERED


def test_a_fault_that_is_gone_at_once_still_shows_state_f():
    place = Place()
    place.at(sound=False)
    assert (place.at(0.1, sound=True), place.order) == (Power.FAULTED, OPEN_ERROR)
    assert (place.at(0.21), place.order) == (Power.IDLE, OPEN_STEADY)


def test_a_contactor_that_does_not_close():
    place = offered()
    place.at(1, vehicle=Vehicle.C)
    assert place.at(0.49) is Power.CLOSING
    assert (place.at(0.02), place.path.faults) == (Power.FAULTED, {STUCK})
    assert place.at(3600) is Power.FAULTED
    place.path.clear(STUCK)
    assert (place.at(), place.path.faults) == (Power.WAITING, frozenset())


def test_a_contactor_that_opens_by_itself():
    place = energized()
    assert place.at(1, closed=False) is Power.ENERGIZED
    assert place.at(0.2, closed=True) is Power.ENERGIZED
    place.at(1, closed=False)
    assert (place.at(0.31), place.path.faults) == (Power.FAULTED, {DROPPED})


def test_a_contactor_that_drops_while_the_vehicle_is_asked_to_stop():
    place = energized()
    place.at(1, amps=0.0)
    place.at(0.1, closed=False)
    assert (place.at(0.31), place.path.faults) == (Power.FAULTED, {DROPPED})


def test_the_mirror_may_overtake_the_vehicle():
    place = energized()
    place.at(1, closed=False)
    assert (place.at(0.1, vehicle=Vehicle.B), place.path.faults) == (Power.OFFERED, frozenset())


@pytest.mark.parametrize("facts", [{"vehicle": Vehicle.B}, {"vehicle": Vehicle.A}, {"sound": False}])
def test_a_welded_contactor_is_found_and_found_again_until_it_opens(facts):
    place = energized()
    place.at(1, **facts)
    assert WELDED not in place.path.faults
    place.at(0.99)
    assert WELDED not in place.path.faults
    assert (place.at(0.02), place.path.faults) == (Power.FAULTED, {WELDED})
    place.path.clear(WELDED)
    assert (place.at(0.1), place.path.faults) == (Power.FAULTED, {WELDED})
    place.at(1, closed=False, vehicle=Vehicle.C, sound=True)
    assert (place.at(60), place.order.closed) == (Power.FAULTED, False)
    place.path.clear(WELDED)
    place.at()
    assert (place.at(3.3), place.order.closed) == (Power.CLOSING, True)


def test_a_contactor_found_closed_at_start_is_welded():
    place = Place()
    place.at(closed=True)
    assert (place.at(1.01), place.path.faults) == (Power.FAULTED, {WELDED})


@pytest.mark.parametrize(("vehicle", "fault"), [(Vehicle.E, PILOT), (Vehicle.NO_DIODE, DIODE)])
def test_a_broken_vehicle_is_forgiven_twice(vehicle, fault):
    """In x1 a missing diode cannot be seen, so only the count tells that it is the same again."""
    place = offered()
    for _ in range(2):
        assert place.at(1, vehicle=vehicle) is Power.FAULTED
        assert place.path.faults == {fault}
        place.at(0.05, vehicle=Vehicle.F)
        assert place.path.faults == {fault}
        assert (place.at(0.3, vehicle=Vehicle.B), place.path.faults) == (Power.WAITING, frozenset())
        assert place.at(3) is Power.OFFERED
    place.at(1, vehicle=vehicle)
    place.at(1, vehicle=Vehicle.B)
    assert (place.at(7200), place.path.faults) == (Power.FAULTED, {fault})
    assert (place.at(vehicle=Vehicle.A), place.path.faults) == (Power.IDLE, frozenset())
    assert place.at(3, vehicle=Vehicle.B) is Power.OFFERED


def test_a_broken_vehicle_is_forgotten_after_ten_minutes():
    place = offered()
    for _ in range(5):
        assert place.at(601, vehicle=Vehicle.NO_DIODE) is Power.FAULTED
        place.at(1, vehicle=Vehicle.B)
        assert place.at(3) is Power.OFFERED


def test_a_person_may_forgive_a_broken_vehicle():
    place = offered()
    for _ in range(3):
        place.at(1, vehicle=Vehicle.NO_DIODE)
        place.at(1, vehicle=Vehicle.B)
        place.at(3)
    assert (place.path.state, place.path.faults) == (Power.FAULTED, {DIODE})
    place.path.clear(DIODE)
    assert (place.at(), place.path.faults) == (Power.WAITING, frozenset())


def test_own_faults_told_back_as_unsound_do_not_keep_themselves_alive():
    place = offered()
    place.at(1, vehicle=Vehicle.NO_DIODE, sound=False)
    place.at(0.1, vehicle=Vehicle.B, sound=not place.path.faults)
    for _ in range(5):
        place.at(0.5, sound=not place.path.faults)
    assert place.at(3) is Power.OFFERED


def test_the_start_is_no_fault():
    """The guard's safe value is state F: until it hears the first order, the pilot reads so."""
    place = Place()
    place.at(vehicle=Vehicle.F)
    assert place.path.faults == frozenset()
    assert (place.at(0.35, vehicle=Vehicle.A), place.order) == (Power.IDLE, OPEN_STEADY)


def test_a_pilot_that_stays_at_f_is_broken():
    place = Place()
    place.at(vehicle=Vehicle.F)
    assert (place.at(1.29), place.path.faults) == (Power.FAULTED, frozenset())
    assert (place.at(0.02), place.path.faults) == (Power.FAULTED, {PILOT})
    assert (place.at(vehicle=Vehicle.A), place.path.faults) == (Power.IDLE, frozenset())


def test_a_late_turn_does_not_blame_the_contactor_for_it():
    """The loop stalled: the mirror's fact may wait behind the one that is told now."""
    place = offered()
    place.at(1, vehicle=Vehicle.C)
    place.path.handle(place.seen, place.now + 0.7)
    assert place.path.state is Power.CLOSING
    place.path.handle(replace(place.seen, closed=True), place.now + 0.7)
    assert place.path.state is Power.ENERGIZED


def test_a_late_turn_excuses_once():
    place = offered()
    place.at(1, vehicle=Vehicle.C)
    place.path.handle(place.seen, place.now + 0.7)
    place.path.handle(place.seen, place.now + 1.4)
    assert place.path.faults == {STUCK}


def test_a_late_turn_never_skips_x1():
    place = energized()
    place.path.handle(replace(place.seen, sound=False, closed=False), place.now)
    place.path.handle(replace(place.seen, closed=False), place.now + 100)
    assert place.order == OPEN_STEADY


# -- ventilation ------------------------------------------------------------------------------------------------------


def test_state_d_where_the_place_is_ventilated():
    place = offered(ventilation=True)
    assert place.at(1, vehicle=Vehicle.D) is Power.CLOSING
    assert place.at(0.1, closed=True) is Power.ENERGIZED
    assert place.at(1, vehicle=Vehicle.C) is Power.ENERGIZED


def test_state_d_where_it_is_not():
    place = Place()
    assert place.at(vehicle=Vehicle.D, amps=16.0) is Power.WAITING
    assert place.at(vehicle=Vehicle.C) is Power.OFFERED
    assert place.at(0.1, vehicle=Vehicle.D) is Power.WAITING


# -- level, not edge --------------------------------------------------------------------------------------------------

REPEATABLE = settings(deadline=None, derandomize=True)
NAMES = ("vehicle", "amps", "sound", "locked")
FACTS = st.fixed_dictionaries(
    {
        "vehicle": st.sampled_from(Vehicle),
        "amps": st.sampled_from((0.0, 6.0, 16.0)),
        "closed": st.booleans(),
        "sound": st.booleans(),
        "locked": st.booleans(),
    }
)


@REPEATABLE
@given(FACTS, FACTS, st.permutations(NAMES), st.booleans(), st.sampled_from((0.0, 0.1, 0.6, 4.0, 9.0)))
def test_facts_that_come_together_may_come_in_any_order(before, after, names, ventilation, wait_s):
    """All but the mirror contact, which answers to the order."""
    found = set()
    for order in (NAMES, names):
        place = Place(ventilation)
        place.at(**before)
        place.at(0.3)
        place.at(wait_s)
        for name in order:
            place.at(**{name: after[name]})
        found.add((place.path.state, place.order.closed, place.path.latched))
    assert len(found) == 1


@REPEATABLE
@given(st.lists(st.tuples(st.sampled_from((0.0, 0.05, 0.3, 1.0, 4.0)), FACTS), max_size=12))
def test_telling_a_fact_twice_changes_nothing(story):
    place = Place()
    for wait_s, facts in story:
        place.at(wait_s, **facts)
        once = place.path.state, place.order, place.path.next_deadline
        place.at()
        assert (place.path.state, place.order, place.path.next_deadline) == once


def test_the_table_prints_itself():
    diagram = mermaid(TABLE)
    assert "OFFERED --> CLOSING: asks and rested and proven" in diagram
    assert "CLOSING --> FAULTED: astray / blame contactor-stuck" in diagram
