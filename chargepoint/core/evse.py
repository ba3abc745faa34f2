"""One charging place: its facts, the two tables that live on them, and what follows from both.

After every fact `settle` walks session and power until neither moves, then says what has changed: the order to the
guard, the lock, the light, the status, the charging state. All of that is derived; only what was said last is kept, so
that nothing is said twice.
"""

from dataclasses import dataclass, field

from chargepoint.core import status as derive
from chargepoint.core.commands import Outcome, Result, Unlock
from chargepoint.core.effects import Drive, Latch, Level, Shine, Tell
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.limits import LOWEST_OFFER_AMPS, Limit, Limited, limit
from chargepoint.core.metering import Metering
from chargepoint.core.pilot import Vehicle
from chargepoint.core.power import PowerPath, Seen
from chargepoint.core.records import ChargingState, ConnectorStatus, StatusIs
from chargepoint.core.schedule import Schedule
from chargepoint.core.session import Session
from chargepoint.core.setup import EvseSetup
from chargepoint.core.surroundings import Surroundings
from chargepoint.core.variables import MINIMUM_STATUS_DURATION_S
from chargepoint.hal import Light

UNLOCK_WITHIN_S = 10.0
ASKING = (Vehicle.C, Vehicle.D)
KNOWN_PLUG = {Vehicle.A: False, Vehicle.B: True, Vehicle.C: True, Vehicle.D: True, Vehicle.NO_DIODE: True}


@dataclass
class Unlocking:
    """A backend waits for its answer until the lock has moved."""

    ticket: str
    command: Unlock
    deadline: float


@dataclass
class Said:
    """What was told last; only differences are told again."""

    order: Drive | None = None
    latch: bool | None = None
    light: Light | None = None
    status: tuple[ConnectorStatus, str] | None = None
    pending: tuple[ConnectorStatus, str] | None = None
    pending_since: float = 0.0


@dataclass
class Evse:
    number: int
    setup: EvseSetup
    around: Surroundings
    vehicle: Vehicle | None = None
    plugged: bool = False
    plugged_at: float = 0.0
    closed: bool = False
    locked: bool = False
    operative: bool = True
    reserved: bool = False
    limited: Limited = field(default_factory=Limited)
    faults: dict[str, str] = field(default_factory=dict)
    unlocking: Unlocking | None = None
    said: Said = field(default_factory=Said)

    def __post_init__(self) -> None:
        self.metering = Metering(self.setup)
        self.session = Session(self)
        self.power = PowerPath(self.number, self.setup.ventilation, self.setup.rest_s)
        self.schedule = Schedule(self)

    # -- what follows from the facts ------------------------------------------------------------

    @property
    def all_faults(self) -> dict[str, str]:
        """Fault id -> what was seen: told from outside, found by the power path, of the meter, of the station."""
        found = dict(self.around.faults) | self.faults
        found.update((fault, "") for fault in self.power.faults if fault not in found)
        trouble = self.metering.trouble(self.around.now)
        if trouble:
            found["meter"] = trouble
        if self.around.guard_is_missing:
            found.setdefault("guard", "")
        return found

    @property
    def blocking(self) -> list[str]:
        """The faults that forbid energy here; a lost meter does where the configuration says so."""
        return [
            fault
            for fault in self.all_faults
            if CATALOGUE[fault].blocks or (fault == "meter" and self.setup.stop_on_meter_loss)
        ]

    @property
    def sound(self) -> bool:
        """Nothing but the power path itself has anything against energy; what it found it knows."""
        told = self.around.faults.keys() | self.faults.keys()
        others = [fault for fault in self.blocking if fault in told or fault not in self.power.faults]
        return self.vehicle is not None and not others

    @property
    def in_service(self) -> bool:
        """Operative by the backend's or the technician's word; while a transaction runs, a change has to wait."""
        return self.session.active or (self.operative and self.around.operative)

    @property
    def usable(self) -> bool:
        """A new session may begin."""
        in_service = self.operative and self.around.operative and not self.around.resetting
        return in_service and bool(self.around.guard) and not self.blocking

    @property
    def limit(self) -> Limit:
        return limit(self.setup, self.limited)

    @property
    def permit_amps(self) -> float:
        """What may be offered now: the lowest limit while the session permits, else 0."""
        return self.limit.amps if self.session.permits else 0.0

    @property
    def offered_amps(self) -> float:
        """What the pilot tells the vehicle now."""
        pilot = self.power.order.pilot
        return 0.0 if isinstance(pilot, Level) else pilot

    @property
    def dead(self) -> bool:
        """The contactor is open, commanded and seen."""
        return not self.closed and not self.power.order.closed

    @property
    def wants_lock(self) -> bool:
        """The cable is held while it may be live (IEC 61851-1: locked in states B and C of a session)."""
        return self.setup.has_lock and (self.session.active or not self.dead)

    @property
    def charging_state(self) -> ChargingState:
        """OCPP 2.0.1 ChargingStateEnumType; when both sides are to blame the station is (1.6 section 4.9)."""
        if self.power.energised:
            return ChargingState.CHARGING
        if self.permit_amps < LOWEST_OFFER_AMPS or self.blocking:
            return ChargingState.SUSPENDED_EVSE
        if self.vehicle in ASKING:
            return self.session.charging
        return ChargingState.SUSPENDED_EV

    @property
    def status(self) -> ConnectorStatus:
        return derive.status(
            self.session.state,
            self.session.charging,
            faulted=bool(self.blocking),
            operative=self.in_service,
            reserved=self.reserved,
        )

    # -- facts -------------------------------------------------------------------------------------------------------

    def see_vehicle(self, vehicle: Vehicle) -> None:
        """In E and F the pilot cannot tell whether a vehicle is there: then what was known stands."""
        self.vehicle = vehicle
        plugged = KNOWN_PLUG.get(vehicle, self.plugged)
        if plugged and not self.plugged:
            self.plugged_at = self.around.now
        self.plugged = plugged

    # -- the turn ----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        if self.metering.waiting_since is None:
            self.metering.waiting_since = self.around.now
        for _ in range(4):
            before = self.session.state, self.power.state
            self.session.settle()
            self.power.handle(
                Seen(
                    vehicle=self.vehicle or Vehicle.A,
                    amps=self.permit_amps,
                    closed=self.closed,
                    sound=self.sound,
                    locked=not self.setup.has_lock or self.locked,
                ),
                self.around.now,
            )
            if (self.session.state, self.power.state) == before:
                break
        self.session.tell_charging_state(self.charging_state)
        self.schedule.run()
        self.session.checkpoint()
        self._unlock()
        self._say()

    @property
    def next_deadline(self) -> float | None:
        times = [self.session.deadline, self.power.next_deadline, self.metering.silent_at, self.schedule.next_deadline]
        if self.metering.silent_at is not None and self.around.now >= self.metering.silent_at:
            times.remove(self.metering.silent_at)
        if self.said.pending is not None:
            times.append(self.said.pending_since + self.around.settings[MINIMUM_STATUS_DURATION_S])
        if self.unlocking is not None:
            times.append(self.unlocking.deadline)
        return min((time for time in times if time is not None), default=None)

    def tell_status(self, asked: bool = False) -> None:
        """Say the status now, changed or not."""
        status, fault = self.status, self._shown_fault()
        self.said.status, self.said.pending = (status, fault), None
        info = self.all_faults.get(fault, "") or (CATALOGUE[fault].title if fault else "")
        self.around.emit(Tell(StatusIs(self.number, status, self.around.stamp(), fault, info), asked))

    def _shown_fault(self) -> str:
        """One fault to show: one that blocks, else any."""
        found = self.blocking or list(self.all_faults)
        return found[0] if found else ""

    def _say(self) -> None:
        order = self.power.order
        if order != self.said.order:
            self.said.order = order
            self.around.emit(order)
        if self.setup.has_lock and self.wants_lock != self.said.latch:
            self.said.latch = self.wants_lock
            self.around.emit(Latch(self.number, self.wants_lock))
        light = derive.LIGHTS[self.status]
        if light is not self.said.light:
            self.said.light = light
            self.around.emit(Shine(self.number, light))
        self._say_status()

    def _say_status(self) -> None:
        """OCPP 1.6 section 9.1.20: a status is told when it has lasted for MinimumStatusDuration."""
        now, wanted = self.around.now, (self.status, self._shown_fault())
        if wanted == self.said.status:
            self.said.pending = None
            return
        if wanted != self.said.pending:
            self.said.pending, self.said.pending_since = wanted, now
        if now >= self.said.pending_since + self.around.settings[MINIMUM_STATUS_DURATION_S]:
            self.tell_status()

    def _unlock(self) -> None:
        waiting = self.unlocking
        if waiting is None or self.session.active:
            return
        if not self.locked:
            outcome = Outcome(Result.UNLOCKED)
        elif self.around.now >= waiting.deadline:
            outcome = Outcome(Result.FAILED, "the lock's feedback still says locked")
        else:
            return
        self.unlocking = None
        self.around.answer(waiting.ticket, waiting.command, outcome)
