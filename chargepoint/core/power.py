"""TABLE 1: the power path of one connector, that is the control pilot and the contactor (IEC 61851-1 Annex A).

Closing is slow and opening is fast. The contactor closes when a vehicle asks (C, or D where the place is ventilated),
energy is permitted, the cable is held, nothing is wrong, the contactor has rested, and the pilot's PWM has been on long
enough to see the vehicle's diode. It opens at once when the vehicle stops asking, when anything is wrong, or when the
guard is gone. When only the permission ends, the vehicle is first asked to stop (PWM off, seq. 9.1) and has 6 s for it.

What is ordered follows from the state alone; the times that matter follow from how the order changed, so no row can
forget to start one. Offered amps fall at once and rise at most every 5 s: the vehicle has 5 s to follow (seq. 6), and a
limit that trembles must not chase it.

State F tells the vehicle of a fault, but while it lasts nothing can be seen of the vehicle. So it is held for the
shortest time allowed and replaced by x1, in which an unplugged cable is noticed. In x1 a missing diode cannot be seen
either, so a vehicle fault that comes back for the third time in ten minutes stays until the cable is unplugged.

The mirror contact must agree with the order. Three disagreements are faults that only a person clears: it does not
follow when closed (stuck), it opens by itself (dropped), it does not open (welded).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from chargepoint.core.effects import Drive, Level
from chargepoint.core.machine import Machine, Row, from_each
from chargepoint.core.pilot import Vehicle

MIN_AMPS = 6.0  # Table A.8: less cannot be offered
MAX_AMPS = 80.0
X1_S = 3.0  # seq. 9.2: x1 is held before PWM again
ERROR_S = 0.3  # Table A.5: shortest state F
RELEASE_S = 6.0  # seq. 10.2: then the contactor opens under load
FOLLOW_S = 5.0  # seq. 6: the vehicle follows a new duty
PROOF_S = 0.2  # PWM is on for this long before the diode counts as seen
STUCK_S = 0.5
VISIBLE_S = 1.0  # after state F the pilot no longer reads as F
DROPPED_S = 0.3  # longer than the mirror contact bounces, or its fact overtakes the vehicle's
WELDED_S = 1.0
LATE_S = 0.1  # later than this, the fact of the mirror contact may be waiting behind the one that is told
STRIKES = 3
STRIKES_WITHIN_S = 600.0

WELDED, STUCK, DROPPED = "contactor-welded", "contactor-stuck", "contactor-dropped"
PILOT, DIODE = "pilot", "diode"
VEHICLE_FAULTS = {Vehicle.E: PILOT, Vehicle.NO_DIODE: DIODE}


class Power(Enum):
    IDLE = "no vehicle"
    WAITING = "vehicle, no permission"
    OFFERED = "current offered, vehicle not asking"
    CLOSING = "contactor told to close"
    ENERGIZED = "contactor confirmed closed"
    RELEASING = "vehicle asked to stop, contactor still closed"
    FAULTED = "something is wrong"


P = Power
OFFERING = (P.OFFERED, P.CLOSING, P.ENERGIZED)
LIVE = (P.CLOSING, P.ENERGIZED, P.RELEASING)
SAFE = (P.IDLE, P.WAITING, P.OFFERED)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that counts. ``amps`` is what is permitted, less than 6 being none; ``closed`` is what the mirror contact
    says (open while the guard is away); ``sound``: no fault of station or connector, and the guard is there;
    ``locked``: the cable is held, or fixed."""

    vehicle: Vehicle
    amps: float
    closed: bool
    sound: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Strikes:
    """How often in a row the vehicle broke the pilot, and until when the next time counts on top."""

    count: int = 0
    until: float = -math.inf


class PowerPath:
    """``rest_s`` is the shortest time the contactor stays open between two closings."""

    def __init__(self, evse: int, ventilation: bool, rest_s: float) -> None:
        self.evse = evse
        self.ventilation = ventilation
        self.rest_s = rest_s
        self.seen = Seen(Vehicle.A, 0.0, closed=False, sound=True, locked=False)
        self.now = -math.inf
        self.latched: frozenset[str] = frozenset()
        self.strikes = Strikes()
        self.vehicle_fault = ""
        self.held_amps = 0.0
        self.rise_at = -math.inf
        self.proven_at = -math.inf
        self.rested_at = -math.inf
        self.x1_until = -math.inf
        self.error_until = -math.inf
        self.release_until = -math.inf
        self.astray: tuple[bool, float] | None = None
        self.excused = False
        self._before = Power.IDLE
        self._machine = Machine(self, Power, TABLE, Power.IDLE, PowerPath._entered)

    def handle(self, seen: Seen, now: float) -> None:
        """Take the facts as they are at ``now`` (monotonic seconds); afterwards `order` says what must hold."""
        before, self.seen, self.now = self.now, seen, now
        if seen.vehicle is Vehicle.A:
            self.strikes = Strikes()
        self._compare()
        self._excuse(before)
        self._machine.settle()
        if self.state in OFFERING:
            self._follow()

    @property
    def state(self) -> Power:
        return self._machine.state

    @property
    def order(self) -> Drive:
        """What the guard shall hold now."""
        pilot: Level | float = Level.STEADY
        if self.offering:
            pilot = self.held_amps
        elif self.state is P.FAULTED and self.now < self.error_until:
            pilot = Level.ERROR
        return Drive(self.evse, pilot, self.state in LIVE)

    @property
    def next_deadline(self) -> float | None:
        """When `handle` must be called again if nothing else happens; it may turn out to be for nothing."""
        times = (
            self.rise_at,
            self.proven_at,
            self.rested_at,
            self.x1_until,
            self.error_until,
            self.release_until,
            self.astray_at,
            self.visible_at,
        )
        return min((time for time in times if self.now < time < math.inf), default=None)

    @property
    def faults(self) -> frozenset[str]:
        """What is wrong with contactor, pilot, cable and vehicle, by ids of the catalogue.

        A vehicle's fault is told while it is seen, while state F hides it, and after it came back too often. It is
        never held longer, so that telling it back as unsound cannot keep it alive.
        """
        seen, hidden = self.seen.vehicle, self.now < self.error_until or not forgiven(self)
        fault = VEHICLE_FAULTS.get(seen, self.vehicle_fault if hidden else "")
        if seen is Vehicle.F and self.state is P.FAULTED and self.now >= self.visible_at:
            fault = PILOT
        return self.latched | {fault} if fault else self.latched

    @property
    def energised(self) -> bool:
        """The contactor is told to be closed and said it was."""
        return self.state in (P.ENERGIZED, P.RELEASING)

    @property
    def offering(self) -> bool:
        """The pilot offers current."""
        return self.state in OFFERING

    @property
    def offered_amps(self) -> float:
        return self.held_amps if self.offering else 0.0

    def clear(self, fault: str) -> None:
        """A person has dealt with it. What is still so is found again."""
        self.latched -= {fault}
        if fault == self.vehicle_fault:
            self.strikes = Strikes()

    @property
    def permitted_amps(self) -> float:
        return min(self.seen.amps, MAX_AMPS)

    @property
    def visible_at(self) -> float:
        """When the vehicle must have become visible again after state F."""
        return self.error_until + VISIBLE_S

    @property
    def astray_at(self) -> float:
        """When the mirror contact will have disagreed for too long; never while it agrees."""
        return math.inf if self.astray is None else self.astray[1] + ASTRAY_S.get(self.state, WELDED_S)

    def _entered(self, state: Power) -> None:
        """Start the times that follow from the change of the order."""
        before, self._before = self._before, state
        if before in LIVE and state not in LIVE:
            self.rested_at = self.now + self.rest_s
        if before in OFFERING and state not in OFFERING:
            self.x1_until = self.now + X1_S
        if state in OFFERING and before not in OFFERING:
            self.held_amps, self.rise_at, self.proven_at = self.permitted_amps, self.now + FOLLOW_S, self.now + PROOF_S
        if state is P.RELEASING:
            self.release_until = self.now + RELEASE_S
        if before is P.FAULTED and state is not P.FAULTED:
            self.x1_until = self.now + X1_S
            self.vehicle_fault = ""
        if state is P.FAULTED and before is not P.FAULTED:
            self.error_until = self.now + ERROR_S
        self._compare()

    def _compare(self) -> None:
        ordered = self.state in LIVE
        if self.seen.closed is ordered:
            self.astray = None
        elif self.astray is None or self.astray[0] is not ordered:
            self.astray, self.excused = (ordered, self.now), False

    def _excuse(self, before: float) -> None:
        """When this turn came too late after the one ``before``, the mirror contact gets its time once more."""
        if self.astray is not None and not self.excused and before < self.astray_at < self.now - LATE_S:
            self.astray, self.excused = (self.astray[0], self.now), True

    def _follow(self) -> None:
        falls = self.permitted_amps < self.held_amps
        rises = self.permitted_amps > self.held_amps and self.now >= self.rise_at
        if falls or rises:
            self.held_amps, self.rise_at = self.permitted_amps, self.now + FOLLOW_S


# -- conditions: adjectives over facts --------------------------------------------------------------


def unsound(p: PowerPath) -> bool:
    return not p.seen.sound


def invalid(p: PowerPath) -> bool:
    return p.seen.vehicle in (Vehicle.E, Vehicle.F, Vehicle.NO_DIODE)


def astray(p: PowerPath) -> bool:
    return p.now >= p.astray_at


def healthy(p: PowerPath) -> bool:
    return p.seen.sound and not p.latched and not invalid(p)


def forgiven(p: PowerPath) -> bool:
    return p.strikes.count < STRIKES


def error_shown(p: PowerPath) -> bool:
    return p.now >= p.error_until


def not_welded(p: PowerPath) -> bool:
    return WELDED not in p.latched


def gone(p: PowerPath) -> bool:
    return p.seen.vehicle is Vehicle.A


def plugged(p: PowerPath) -> bool:
    return not gone(p)


def content(p: PowerPath) -> bool:
    return p.seen.vehicle is Vehicle.B


def airless(p: PowerPath) -> bool:
    return p.seen.vehicle is Vehicle.D and not p.ventilation


def asks(p: PowerPath) -> bool:
    return p.seen.vehicle in (Vehicle.C, Vehicle.D)


def permitted(p: PowerPath) -> bool:
    return p.seen.amps >= MIN_AMPS and p.seen.locked and not airless(p)


def refused(p: PowerPath) -> bool:
    return not permitted(p)


def x1_held(p: PowerPath) -> bool:
    return p.now >= p.x1_until


def rested(p: PowerPath) -> bool:
    return p.now >= p.rested_at and not p.seen.closed


def proven(p: PowerPath) -> bool:
    return p.now >= p.proven_at


def confirmed(p: PowerPath) -> bool:
    return p.seen.closed


def ignored(p: PowerPath) -> bool:
    """The vehicle was asked to stop and did not."""
    return p.now >= p.release_until


# -- actions --------------------------------------------------------------


def blame(fault: str) -> Callable[[PowerPath], None]:
    def latch(p: PowerPath) -> None:
        p.latched |= {fault}

    latch.__name__ = f"blame {fault}"
    return latch


def strike(p: PowerPath) -> None:
    fault = VEHICLE_FAULTS.get(p.seen.vehicle)
    if fault is not None:
        count = p.strikes.count + 1 if p.now < p.strikes.until else 1
        p.strikes = Strikes(min(count, STRIKES), p.now + STRIKES_WITHIN_S)
        p.vehicle_fault = fault


ASTRAY_S = {P.CLOSING: STUCK_S, P.ENERGIZED: DROPPED_S, P.RELEASING: DROPPED_S}
"""How long the mirror contact may disagree; in every other state it may be closed for `WELDED_S`."""

TABLE: list[Row[Power, PowerPath]] = [
    *from_each((*SAFE, *LIVE), P.FAULTED, (unsound,)),
    *from_each((P.WAITING, P.OFFERED, *LIVE), P.FAULTED, (invalid,), (strike,)),
    *from_each(SAFE, P.FAULTED, (astray,)),
    Row(P.CLOSING, P.FAULTED, (astray,), (blame(STUCK),)),
    *from_each((P.ENERGIZED, P.RELEASING), P.FAULTED, (astray,), (blame(DROPPED),)),
    Row(P.FAULTED, P.FAULTED, (astray, not_welded), (blame(WELDED),)),
    Row(P.FAULTED, P.IDLE, (healthy, forgiven, error_shown)),
    *from_each((P.WAITING, P.OFFERED, *LIVE), P.IDLE, (gone,)),
    Row(P.IDLE, P.WAITING, (plugged,)),
    Row(P.WAITING, P.OFFERED, (permitted, x1_held)),
    Row(P.OFFERED, P.WAITING, (refused,)),
    Row(P.OFFERED, P.CLOSING, (asks, rested, proven)),
    Row(P.CLOSING, P.WAITING, (refused,)),
    *from_each((P.CLOSING, P.ENERGIZED), P.OFFERED, (content,)),
    Row(P.CLOSING, P.ENERGIZED, (confirmed,)),
    Row(P.ENERGIZED, P.RELEASING, (refused,)),
    Row(P.RELEASING, P.WAITING, (content,)),
    Row(P.RELEASING, P.WAITING, (airless,)),
    Row(P.RELEASING, P.WAITING, (ignored,)),
]
