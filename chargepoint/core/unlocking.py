"""The backend asked for the cable: it gets its answer when the lock has moved (OCPP 1.6 section 5.18, 2.0.1 F05)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chargepoint.core.commands import Outcome, Result, Unlock
from chargepoint.core.effects import Latch
from chargepoint.core.records import Reason, Trigger
from chargepoint.core.transaction import Stop

if TYPE_CHECKING:
    from chargepoint.core.evse import Evse

UNLOCK_WITHIN_S = 10.0


@dataclass
class Unlocking:
    """``asked`` is the ticket and the command that wait; ``deadline`` runs once the lock was told to move."""

    evse: "Evse"
    asked: tuple[str, Unlock] | None = None
    deadline: float | None = None

    def ask(self, ticket: str, command: Unlock) -> Outcome | None:
        """What can be said at once; None: the answer follows."""
        evse = self.evse
        if not evse.setup.has_lock:
            return Outcome(Result.NOT_SUPPORTED, "the cable is fixed")
        if evse.session.active and not command.force:
            return Outcome(Result.ONGOING, "a transaction is running")
        if self.asked is not None:
            return Outcome(Result.FAILED, "the cable is being unlocked already")
        evse.session.ask_to_stop(Stop(Reason.UNLOCK_COMMAND, Trigger.UNLOCK_COMMAND))
        evse.session.keeper = None
        self.asked = (ticket, command)
        return None

    def run(self) -> None:
        """A cable that may be live is never released: the session ends first, and a welded contactor is a failure.

        A session that begins while the lock is still moving takes the cable again.
        """
        around, active = self.evse.around, self.evse.session.active
        if self.asked is None or (active and self.deadline is None):
            return
        if self.deadline is None and self.evse.dead:
            self.deadline = around.now + UNLOCK_WITHIN_S
            around.emit(Latch(self.evse.number, False))
        if active:
            outcome = Outcome(Result.FAILED, "a session began before the lock had moved")
        elif self.deadline is None:
            outcome = Outcome(Result.FAILED, "the contactor does not open, the cable may be live")
        elif not self.evse.locked:
            outcome = Outcome(Result.UNLOCKED)
        elif around.now >= self.deadline:
            outcome = Outcome(Result.FAILED, "the lock's feedback still says locked")
        else:
            return
        around.answer(*self.asked, outcome)
        self.asked = self.deadline = None
