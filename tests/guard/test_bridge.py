"""The pure part: every combination of what a device tells, what the core wants, and what was ordered before."""

from itertools import product

import pytest

from chargepoint.core.effects import Drive, Level
from chargepoint.core.pilot import Vehicle
from chargepoint.guard.bridge import CLOSE_S, OFF, PAUSE, UNKNOWN_S, Memory, offer, order, tell
from chargepoint.hal import CoprocessorOrder, CoprocessorSeen

OFFER = CoprocessorOrder(True, 16.0)
DRIVES = [None, *(Drive(1, pilot, closed) for pilot in (16.0, Level.STEADY, Level.ERROR) for closed in (False, True))]
SEEN = [
    CoprocessorSeen(letter, closed) for letter in ("A", "B", "C", "D", "E", "F", "") for closed in (True, False, None)
]
MEMORIES = [Memory(live=live) for live in (True, False)]
EVERY_ORDER = list(product(DRIVES, (True, False), [None, *SEEN], MEMORIES))
EVERY_TALE = list(product(SEEN, DRIVES, (OFF, PAUSE, OFFER), MEMORIES))


def ordered_closed(drive: Drive | None) -> bool:
    return drive is not None and drive.closed


def test_without_permission_the_device_is_disabled_whatever_else() -> None:
    for drive, permitted, seen, memory in EVERY_ORDER:
        wanted = order(drive, permitted, seen, memory)
        if drive is None or not permitted or drive.pilot is Level.ERROR:
            assert wanted == OFF


def test_amps_are_offered_only_when_the_core_offers() -> None:
    for drive, permitted, seen, memory in EVERY_ORDER:
        offered = order(drive, permitted, seen, memory).amps
        assert offered == (16.0 if permitted and drive is not None and drive.pilot == 16.0 else None)


def test_a_contactor_that_may_be_closed_is_opened_before_the_pilot_rests() -> None:
    for drive, _, seen, memory in EVERY_ORDER:
        if drive is None or drive.pilot is not Level.STEADY:
            continue
        asks = seen is not None and seen.vehicle in ("C", "D")
        may_be = seen is None or (memory.live and asks if seen.closed is None else seen.closed)
        assert order(drive, True, seen, memory) == (PAUSE if drive.closed or not may_be else OFF)


@pytest.mark.parametrize(
    ("pilot", "amps"),
    [(6.0, 6.0), (5.99, None), (80.0, 80.0), (100.0, 80.0), (Level.STEADY, None), (Level.ERROR, None)],
)
def test_what_can_be_offered(pilot: Level | float, amps: float | None) -> None:
    assert offer(Drive(1, pilot, False)) == amps


def test_a_closed_contactor_is_hidden_only_under_an_offer_for_a_vehicle_that_asks_before_the_order() -> None:
    for seen, drive, obeyed, memory in EVERY_TALE:
        told, _ = tell(seen, drive, obeyed, memory, 0.0)
        if seen.closed and not told.closed:
            assert obeyed.amps and seen.vehicle in ("C", "D")
            assert drive is not None and drive.pilot == 16.0 and not drive.closed


def test_an_open_contactor_is_called_closed_only_while_the_vehicle_is_asked_to_stop() -> None:
    for seen, drive, obeyed, memory in EVERY_TALE:
        told, _ = tell(seen, drive, obeyed, memory, 0.0)
        if seen.closed is False and told.closed:
            assert obeyed == PAUSE and ordered_closed(drive) and seen.vehicle in ("C", "D")


@pytest.mark.parametrize("closed", [True, False, None])
def test_while_the_vehicle_is_asked_to_stop_the_contactor_is_told_open_when_it_has(closed: bool | None) -> None:
    releasing = Drive(1, Level.STEADY, True)
    assert tell(CoprocessorSeen("C", closed), releasing, PAUSE, Memory(), 0.0)[0].closed
    told, _ = tell(CoprocessorSeen("B", closed), releasing, PAUSE, Memory(), 0.0)
    assert (told.vehicle, told.closed) == (Vehicle.B, closed is True)


def test_a_contactor_that_is_not_told_is_closed_when_the_vehicle_asks_under_an_offer_and_the_core_ordered_it() -> None:
    for seen, drive, obeyed, memory in EVERY_TALE:
        told, _ = tell(seen, drive, obeyed, memory, 0.0)
        if seen.closed is None and obeyed.amps and ordered_closed(drive):
            assert told.closed == (seen.vehicle in ("C", "D"))
        if seen.closed is None and obeyed == OFF:
            assert not told.closed


def test_the_vehicle_is_told_as_it_is_but_for_four_cases() -> None:
    for seen, drive, obeyed, memory in EVERY_TALE:
        told, _ = tell(seen, drive, obeyed, memory, 0.0)
        if seen.vehicle == "" or (seen.vehicle == "F" and not obeyed.enabled):
            assert told.vehicle is None
        elif seen.vehicle in ("C", "D") and obeyed.amps and seen.closed is False:
            assert told.vehicle is Vehicle.B
        else:
            assert told.vehicle is Vehicle[seen.vehicle]


def test_a_vehicle_without_diode() -> None:
    seen = CoprocessorSeen("B", False, 0.0, {"diode": "found"})
    assert tell(seen, None, PAUSE, Memory(), 0.0)[0].vehicle is Vehicle.NO_DIODE


def test_a_device_that_does_not_close_in_time_is_told_as_it_is() -> None:
    drive, memory, vehicles = Drive(1, 16.0, False), Memory(), []
    for now in (10.0, 10.0 + CLOSE_S - 0.01, 10.0 + CLOSE_S):
        told, memory = tell(CoprocessorSeen("C", False), drive, OFFER, memory, now)
        vehicles.append(told.vehicle)
    assert vehicles == [Vehicle.B, Vehicle.B, Vehicle.C]
    _, memory = tell(CoprocessorSeen("B", False), drive, OFFER, memory, 14.0)
    assert tell(CoprocessorSeen("C", False), drive, OFFER, memory, 14.5)[0].vehicle is Vehicle.B


def test_a_pilot_that_stays_unknown_is_shorted_unless_it_is_our_own_doing() -> None:
    for obeyed, last in ((PAUSE, Vehicle.E), (OFFER, Vehicle.E), (OFF, None)):
        memory, vehicles = Memory(), []
        for now in (5.0, 5.0 + UNKNOWN_S - 0.01, 5.0 + UNKNOWN_S):
            told, memory = tell(CoprocessorSeen("", False), None, obeyed, memory, now)
            vehicles.append(told.vehicle)
        assert vehicles == [None, None, last]


def test_it_is_live_from_an_offer_until_it_was_disabled() -> None:
    seen = CoprocessorSeen("C", None)
    memory = Memory(live=False)
    lives = []
    for obeyed in (PAUSE, OFFER, PAUSE, OFF, PAUSE):
        _, memory = tell(seen, None, obeyed, memory, 0.0)
        lives.append(memory.live)
    assert lives == [False, True, True, False, False]
