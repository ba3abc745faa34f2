"""One charging place: its facts, the two tables that live on them, and what follows from both.

After every fact `settle` walks session and power until neither moves. What must then be done, the order to the guard,
the lock, the light, the status, is derived from where they came to rest, and told by `core.telling`.
"""

import math
from dataclasses import dataclass, field

from chargepoint.clock import Stamp
from chargepoint.core import status as derive
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.limits import LOWEST_OFFER_AMPS, Limit, Limited, limit
from chargepoint.core.metering import Metering, read
from chargepoint.core.pilot import ASKING, Vehicle
from chargepoint.core.power import PowerPath, Seen
from chargepoint.core.records import ChargingState, ConnectorStatus
from chargepoint.core.reported import Reported
from chargepoint.core.schedule import Schedule
from chargepoint.core.session import Session
from chargepoint.core.setup import EvseSetup
from chargepoint.core.surroundings import Surroundings
from chargepoint.core.telling import Telling
from chargepoint.core.unlocking import Unlocking
from chargepoint.core.values import Context, MeterValue

KNOWN_PLUG = {Vehicle.A: False, Vehicle.B: True, Vehicle.C: True, Vehicle.D: True, Vehicle.NO_DIODE: True}
SETTLES_WITHIN = 8


@dataclass
class Evse:
    """``vehicle`` None: the guard has not spoken yet. ``plugged_at`` and ``left_at`` are when a vehicle last came and
    went (monotonic seconds)."""

    number: int
    setup: EvseSetup
    around: Surroundings
    vehicle: Vehicle | None = None
    plugged: bool = False
    plugged_at: float = -math.inf
    left_at: float = -math.inf
    closed: bool = False
    locked: bool = False
    operative: bool = True
    limited: Limited = field(default_factory=Limited)
    reported: Reported = field(default_factory=Reported)

    def __post_init__(self) -> None:
        self.metering = Metering(self.setup)
        self.session = Session(self)
        self.power = PowerPath(self.number, self.setup.ventilation, self.setup.rest_s)
        self.schedule = Schedule(self)
        self.telling = Telling(self)
        self.unlocking = Unlocking(self)

    # -- what follows from the facts ------------------------------------------------------------

    @property
    def all_faults(self) -> dict[str, str]:
        """Fault id -> what was seen: of the station, told from outside, found by the power path, of the meter."""
        found = {**self.around.faults, **self.reported.faults}
        for fault in self.power.faults:
            found.setdefault(fault, "")
        trouble = self.metering.trouble(self.around.now)
        if trouble:
            found["meter"] = trouble
        return found

    @property
    def blocking(self) -> list[str]:
        """The faults that forbid energy here; a lost meter does where the configuration says so."""
        stops = self.setup.stop_on_meter_loss
        return [fault for fault in self.all_faults if CATALOGUE[fault].blocks or (fault == "meter" and stops)]

    @property
    def in_service(self) -> bool:
        """Operative by the backend's or the technician's word; while a transaction runs, a change has to wait."""
        return self.session.active or (self.operative and self.around.operative)

    @property
    def plug_seen(self) -> bool:
        """The pilot tells now whether a vehicle is there."""
        return self.vehicle in KNOWN_PLUG

    @property
    def usable(self) -> bool:
        """A new session may begin."""
        allowed = self.operative and self.around.operative and self.around.resetting is None
        return allowed and bool(self.around.guard) and not self.blocking

    @property
    def reserved(self) -> bool:
        return self.around.reservations.on(self.number) is not None

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
        return self.power.offered_amps

    @property
    def dead(self) -> bool:
        """The contactor is open, commanded and seen."""
        return not self.closed and not self.power.order.closed

    @property
    def wants_lock(self) -> bool:
        """The cable is held while it may be live (IEC 61851-1: locked in states B and C of a session), and while it is
        kept for its driver."""
        return self.session.active or not self.dead or self.session.keeper is not None

    @property
    def charging_state(self) -> ChargingState:
        """OCPP 2.0.1 ChargingStateEnumType; when both sides are to blame the station is (1.6 section 4.9)."""
        if self.power.energised:
            return ChargingState.CHARGING
        if self.permit_amps < LOWEST_OFFER_AMPS or self.blocking:
            return ChargingState.SUSPENDED_EVSE
        if self.vehicle in ASKING:
            return self.session.current.charging
        return ChargingState.SUSPENDED_EV

    @property
    def status(self) -> ConnectorStatus:
        tx = self.session.tx
        return derive.status(
            self.session.state,
            None if tx is None else tx.charging,
            faulted=bool(self.blocking),
            operative=self.in_service,
            reserved=self.reserved,
        )

    def reading(self, names: tuple[str, ...], context: Context, at: Stamp | None = None) -> MeterValue:
        """The meter's latest sample, dated ``at`` or when it was measured; empty where there is none."""
        sample = self.metering.sample
        if sample is None:
            return MeterValue(at or self.around.stamp(), context, ())
        values = read(sample, names, self.offered_amps, self.setup.phases)
        return MeterValue(at or self.around.stamp(sample.measured_at), context, values)

    # -- facts -------------------------------------------------------------------------------------------------------

    def see_vehicle(self, vehicle: Vehicle) -> None:
        """In E and F the pilot cannot tell whether a vehicle is there: then what was known stands."""
        self.vehicle = vehicle
        plugged = KNOWN_PLUG.get(vehicle, self.plugged)
        if plugged and not self.plugged:
            self.plugged_at = self.around.now
        if self.plugged and not plugged:
            self.left_at = self.around.now
        self.plugged = plugged

    # -- the turn ----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Walk both tables until the power path has seen what the session settled on. Raises RuntimeError when they
        chase each other: such tables are a bug of ours."""
        seen = None
        for _ in range(SETTLES_WITHIN):
            self.session.settle()
            now = self._seen()
            if now == seen:
                break
            seen = now
            self.power.handle(seen, self.around.now)
        else:
            raise RuntimeError(f"session and power path of connector {self.number} do not settle: {seen}")
        self.session.tell()
        self.schedule.run()
        self.unlocking.run()
        self.telling.run()

    @property
    def next_deadline(self) -> float | None:
        times = (
            self.session.next_deadline,
            self.power.next_deadline,
            self.metering.next_deadline(self.around.now),
            self.schedule.next_deadline,
            self.unlocking.deadline,
            self.telling.next_deadline,
        )
        return min((time for time in times if time is not None), default=None)

    def _seen(self) -> Seen:
        return Seen(
            vehicle=self.vehicle or Vehicle.A,
            amps=self.permit_amps,
            closed=self.closed,
            sound=self.vehicle is not None and not self.blocking,
            locked=not self.setup.has_lock or self.locked,
        )
