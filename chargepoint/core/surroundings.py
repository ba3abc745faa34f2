"""What all charging places of a station share while one fact is handled: the time, the link, the settings, the way out.

There is one of these per station. Everything in it is a fact or derived from facts; effects are appended to ``out``
and leave through `Station.handle`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.commands import Command, Outcome, Reset
from chargepoint.core.effects import Answer, Effect, Keep, Say
from chargepoint.core.facts import Registration
from chargepoint.core.records import Record
from chargepoint.core.reported import Reported
from chargepoint.core.reservations import Reservations
from chargepoint.core.settings import Settings
from chargepoint.core.setup import StationSetup

GUARD_WITHIN_S = 10.0


@dataclass
class Surroundings:
    """``started`` is when the first fact came, ``offline_since`` when the link was last lost (None: never was one)."""

    setup: StationSetup
    settings: Settings
    new_id: Callable[[], str]
    now: float = 0.0
    started: float | None = None
    offset: float | None = None
    quality: TimeQuality = TimeQuality.NONE
    online: bool = False
    offline_since: float | None = None
    registration: Registration = Registration.NONE
    guard: bool | None = None
    operative: bool = True
    resetting: Reset | None = None
    waiting: int = 0
    reported: Reported = field(default_factory=Reported)
    reservations: Reservations = field(default_factory=Reservations)
    out: list[Effect] = field(default_factory=list)

    @property
    def utc(self) -> float | None:
        """UTC seconds now, as far as it is known."""
        return None if self.offset is None else self.offset + self.now

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong with the station as a whole: fault id -> what was seen."""
        if self.guard_is_missing:
            return {"guard": ""} | self.reported.faults
        return self.reported.faults

    @property
    def guard_is_missing(self) -> bool:
        """It is gone, or has not spoken GUARD_WITHIN_S after the start."""
        due = self.guard_due
        return self.guard is False or (due is not None and self.now >= due)

    @property
    def guard_due(self) -> float | None:
        """When the guard must have spoken first; None once it has."""
        return None if self.guard is not None or self.started is None else self.started + GUARD_WITHIN_S

    def stamp(self, mono: float | None = None) -> Stamp:
        """Now, or another moment of this boot."""
        at = self.now if mono is None else mono
        return Stamp(self.setup.boot, at, None if self.offset is None else self.offset + at, self.quality)

    def emit(self, effect: Effect) -> None:
        self.out.append(effect)

    def keep(self, record: Record) -> None:
        """It waits from now on; the store will say how long the queue is."""
        self.waiting += 1
        self.out.append(Keep(record))

    def answer(self, ticket: str, command: Command, outcome: Outcome) -> None:
        self.out.append(Answer(ticket, command, outcome))

    def say(self, evse: int, text: str, warning: bool = False) -> None:
        self.out.append(Say(evse, text, warning))
