"""Freeing the cable by command: what is answered at once, and what the lock has to do first."""

from itertools import count

import pytest

from chargepoint.core.commands import Outcome, Result, Unlock
from chargepoint.core.effects import Answer, Effect, Keep, Latch
from chargepoint.core.facts import Asked, ContactorIs, Durable, Fact, GuardIs, LockIs, Metered, Tapped, Tick, VehicleIs
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import Reason, StationIdentity, TransactionEnded, Trigger
from chargepoint.core.settings import Settings
from chargepoint.core.setup import EvseSetup, StationSetup
from chargepoint.core.station import Station
from chargepoint.core.tokens import IdToken, Known, TokenInfo, Verdict
from chargepoint.core.unlocking import UNLOCK_WITHIN_S
from chargepoint.core.variables import UNLOCK_ON_EV_DISCONNECT
from chargepoint.hal import MeterSample

CARD, TRUSTED = IdToken("aa01"), Known(cached=TokenInfo(Verdict.ACCEPTED))
FORCED, GENTLE = Unlock(1, force=True), Unlock(1, force=False)
DONE = Outcome(Result.UNLOCKED)
JAMMED = Outcome(Result.FAILED, "the lock's feedback still says locked")
LIVE = Outcome(Result.FAILED, "the contactor does not open, the cable may be live")
BUSY = Outcome(Result.FAILED, "the cable is being unlocked already")


class Bench:
    """A station with one socket; the lock and the contactor do what the test says, and nothing else."""

    def __init__(self, has_lock: bool = True, unlock_when_vehicle_leaves: bool = True) -> None:
        numbers = count(1)
        setup = EvseSetup(has_lock=has_lock, has_meter=True, meter_stale_s=1e6, rest_s=0.0)
        settings = Settings(fixed={UNLOCK_ON_EV_DISCONNECT: unlock_when_vehicle_leaves})
        self.station = Station(
            StationSetup((setup,), StationIdentity("v", "m")), settings, lambda: f"tx{next(numbers)}"
        )
        self.evse = self.station.evses[1]
        self.now = 100.0
        for fact in (GuardIs(True), VehicleIs(1, Vehicle.A), LockIs(1, False), Metered(1, MeterSample(100.0, 1000.0))):
            self.feed(fact)
        self.rest()

    def rest(self) -> None:
        """The power path has shown state F at the start, and then x1."""
        for _ in range(2):
            self.feed(Tick(), 5.0)

    def feed(self, fact: Fact, after_s: float = 0.0) -> list[Effect]:
        self.now += after_s
        return list(self.station.handle(fact, self.now))

    def unlock(self, command: Unlock = FORCED, ticket: str = "t") -> list[Effect]:
        return self.feed(Asked(ticket, command))

    def transaction(self) -> None:
        """A vehicle is plugged in, its driver is accepted, the cable is locked, the start is on disk."""
        for fact in (VehicleIs(1, Vehicle.B), Tapped((1,), CARD, TRUSTED), LockIs(1, True), Durable("tx1")):
            self.feed(fact)

    def charging(self) -> None:
        self.transaction()
        self.feed(VehicleIs(1, Vehicle.C), 1.0)
        self.feed(ContactorIs(1, True), 0.1)
        assert self.evse.power.energised

    def measure(self, after_s: float) -> list[Effect]:
        self.now += after_s
        return self.feed(Metered(1, MeterSample(self.now, 1000.0)))


def answers(out: list[Effect]) -> list[Outcome]:
    return [effect.outcome for effect in out if isinstance(effect, Answer)]


def released(out: list[Effect]) -> bool:
    return Latch(1, False) in out


# -- at once ----------------------------------------------------------------------------------------------------------


def test_a_fixed_cable_cannot_be_unlocked():
    """OCPP 1.6 section 5.18: NotSupported."""
    assert answers(Bench(has_lock=False).unlock()) == [Outcome(Result.NOT_SUPPORTED, "the cable is fixed")]


def test_without_force_a_transaction_refuses_and_goes_on():
    """OCPP 2.0.1 F05.FR.02."""
    bench = Bench()
    bench.transaction()
    out = bench.unlock(GENTLE)
    assert answers(out) == [Outcome(Result.ONGOING, "a transaction is running")]
    assert not released(out) and bench.evse.session.permits


@pytest.mark.parametrize("command", [FORCED, GENTLE])
def test_a_lock_that_is_open_is_told_once_more_and_that_is_all(command: Unlock):
    out = Bench().unlock(command)
    assert released(out) and answers(out) == [DONE]


def test_the_answer_goes_to_who_asked():
    (answer,) = (effect for effect in Bench().unlock(GENTLE, "t7") if isinstance(effect, Answer))
    assert (answer.ticket, answer.command) == ("t7", GENTLE)


# -- when the lock has moved ------------------------------------------------------------------------------------------


def locked() -> Bench:
    """Nobody is here, and the lock is where it should not be."""
    bench = Bench()
    bench.feed(LockIs(1, True))
    return bench


def test_the_answer_waits_for_the_lock():
    bench = locked()
    out = bench.unlock()
    assert released(out) and answers(out) == []
    assert answers(bench.feed(LockIs(1, False), 3.0)) == [DONE]


def test_a_lock_that_does_not_move_in_time_is_a_failure():
    bench = locked()
    bench.unlock()
    assert bench.station.next_deadline == bench.now + UNLOCK_WITHIN_S
    assert answers(bench.feed(Tick(), UNLOCK_WITHIN_S - 0.1)) == []
    assert answers(bench.feed(Tick(), 0.1)) == [JAMMED]


def test_a_lock_that_moves_at_the_last_moment_has_moved():
    bench = locked()
    bench.unlock()
    assert answers(bench.feed(LockIs(1, False), UNLOCK_WITHIN_S)) == [DONE]


def test_it_is_answered_once():
    bench = locked()
    bench.unlock()
    bench.feed(LockIs(1, False))
    assert answers(bench.feed(Tick(), UNLOCK_WITHIN_S)) == []
    assert bench.evse.unlocking.deadline is None


def test_a_second_wish_fails_at_once_and_the_first_goes_on():
    bench = locked()
    bench.unlock()
    assert answers(bench.unlock(ticket="second")) == [BUSY]
    (answer,) = (effect for effect in bench.feed(LockIs(1, False)) if isinstance(effect, Answer))
    assert (answer.ticket, answer.outcome) == ("t", DONE)


def test_after_a_failure_it_can_be_asked_again():
    bench = locked()
    bench.unlock()
    bench.feed(Tick(), UNLOCK_WITHIN_S)
    out = bench.unlock()
    assert released(out) and answers(out) == []


# -- a transaction runs -----------------------------------------------------------------------------------------------


def test_by_force_the_transaction_ends_first_and_says_why():
    bench = Bench()
    bench.transaction()
    out = bench.unlock()
    assert not released(out) and answers(out) == [], "the meter was not read yet"
    out = bench.measure(1.0)
    (ended,) = (
        effect.record for effect in out if isinstance(effect, Keep) and isinstance(effect.record, TransactionEnded)
    )
    assert (ended.reason, ended.trigger) == (Reason.UNLOCK_COMMAND, Trigger.UNLOCK_COMMAND)
    assert released(out) and answers(out) == []
    assert answers(bench.feed(LockIs(1, False))) == [DONE]


def test_a_live_cable_is_not_released():
    bench = Bench()
    bench.charging()
    out = bench.unlock() + bench.measure(1.0)
    assert not released(out), "the contactor is still closed"
    out = bench.feed(VehicleIs(1, Vehicle.B), 1.0)
    assert not released(out), "it is told to open and has not said so"
    assert released(bench.feed(ContactorIs(1, False), 0.1))
    assert answers(bench.feed(LockIs(1, False), 0.1)) == [DONE]


def test_a_contactor_that_does_not_open_is_a_failure_and_the_cable_stays():
    bench = Bench()
    bench.charging()
    seen = bench.unlock()
    while not answers(seen):
        due = bench.station.next_deadline
        assert due is not None and due > bench.now
        seen = bench.feed(Tick(), due - bench.now)
        assert not released(seen)
    assert answers(seen) == [LIVE]
    assert bench.evse.closed and not bench.evse.session.active


def test_a_closed_contactor_without_transaction_is_a_failure_too():
    bench = locked()
    bench.feed(ContactorIs(1, True))
    out = bench.unlock()
    assert answers(out) == [LIVE] and not released(out)


def test_a_cable_kept_for_its_driver_is_given_back():
    bench = Bench(unlock_when_vehicle_leaves=False)
    bench.transaction()
    bench.feed(VehicleIs(1, Vehicle.A), 1.0)
    bench.measure(1.0)
    assert bench.evse.session.keeper is not None and bench.evse.wants_lock
    assert released(bench.unlock(GENTLE))
    assert bench.evse.session.keeper is None
    assert answers(bench.feed(LockIs(1, False))) == [DONE]


def test_a_session_that_begins_before_the_lock_has_moved_keeps_the_cable():
    bench = Bench()
    bench.feed(LockIs(1, True))
    bench.feed(VehicleIs(1, Vehicle.B))
    assert answers(bench.unlock()) == []
    told = answers([*bench.feed(Tapped((1,), CARD, TRUSTED)), *bench.feed(Durable("tx1"))])
    assert told == [Outcome(Result.FAILED, "a session began before the lock had moved")]
    due = bench.station.next_deadline
    assert bench.evse.session.active and (due is None or due > bench.now)
