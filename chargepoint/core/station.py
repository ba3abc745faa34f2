"""The station: one door in, one door out. It routes facts to the charging places and owns nothing else of them.

`handle(fact, now)` returns what must be done; `next_deadline` says when to come back with a `Tick` if nothing happens
before. Facts are level, so a restart feeds them again in any order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chargepoint.clock import TimeQuality
from chargepoint.core import requests
from chargepoint.core.cards import Cards
from chargepoint.core.commands import Reset, ResetKind
from chargepoint.core.effects import Effect, KeepReservation, Reboot, Tell
from chargepoint.core.evse import Evse
from chargepoint.core.facts import (
    Asked,
    Authorized,
    AvailabilityIs,
    CableIs,
    ClockIs,
    ContactorIs,
    Durable,
    Fact,
    FaultCleared,
    FaultIs,
    GuardIs,
    HeatIs,
    LinkIs,
    LockIs,
    Metered,
    QueueIs,
    Registration,
    ReservationIs,
    SettingIs,
    Tapped,
    Tick,
    TransactionConfirmed,
    TransactionWasOpen,
    VehicleIs,
)
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.records import ConnectorStatus, StatusIs
from chargepoint.core.reservations import Reservation, Reservations
from chargepoint.core.setup import StationSetup
from chargepoint.core.surroundings import Surroundings
from chargepoint.core.tokens import TokenInfo, Verdict
from chargepoint.core.settings import Settings

FLUSH_WITHIN_S = 10.0


@dataclass
class Station:
    """``new_id`` gives transaction ids (a UUID each; a counter in tests)."""

    setup: StationSetup
    settings: Settings
    new_id: Callable[[], str]
    resetting: Reset | None = None
    reservations: Reservations = field(default_factory=Reservations)
    after_answer: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.around = Surroundings(self.setup, self.settings, self.new_id)
        self.evses = {n: Evse(n, setup, self.around) for n, setup in enumerate(self.setup.evses, 1)}
        self.cards = Cards(self)
        self._said_status: tuple[ConnectorStatus, str] | None = None
        self._flush_until: float | None = None
        self._rebooting = False

    # -- the door ------------------------------------------------------------------------------------------------------

    def handle(self, fact: Fact, now: float) -> Sequence[Effect]:
        """Take in one fact at ``now`` (monotonic seconds); get what must be done, in order."""
        self.around.now, self.around.out = now, []
        TAKE[type(fact)](self, fact)
        self.cards.tick()
        for gone in self.reservations.expired(self.around.utc):
            self.around.say(gone.evse, "the reservation has expired")
            self.drop_reservation(gone)
        for evse in self.evses.values():
            held = self.reservations.on(evse.number)
            evse.reserved = held is not None
            evse.settle()
        self._say_station()
        for follow in self.after_answer:
            follow()
        self.after_answer.clear()
        self._reboot_when_due()
        return self.around.out

    @property
    def next_deadline(self) -> float | None:
        """Monotonic seconds at which time alone will change something; None: never."""
        times = [evse.next_deadline for evse in self.evses.values()]
        times += [self.cards.next_deadline, self._flush_until if not self._rebooting else None]
        expiry = self.reservations.next_expiry
        if expiry is not None and self.around.offset is not None:
            times.append(expiry - self.around.offset)
        return min((time for time in times if time is not None), default=None)

    # -- what handlers and cards use -------------------------------------------------------------------------------------

    def with_transaction(self, tx: str) -> Evse | None:
        return next((e for e in self.evses.values() if e.session.tx is not None and e.session.tx.id == tx), None)

    def hold(self, reservation: Reservation) -> None:
        self.reservations.held[reservation.id] = reservation

    def drop_reservation(self, reservation: Reservation) -> None:
        self.reservations.held.pop(reservation.id, None)
        self.around.emit(KeepReservation(reservation.id, reservation.evse, None))

    def tell_statuses(self, evse: int | None, asked: bool = False) -> None:
        """The status of one connector, or (None) of the station and all of them."""
        if evse in (None, 0):
            self._tell_station(asked)
        for place in self.evses.values():
            if evse in (None, place.number):
                place.tell_status(asked)

    # -- the station's own status ------------------------------------------------------------------------------------------

    @property
    def status(self) -> tuple[ConnectorStatus, str]:
        """Connector 0: Available, Unavailable or Faulted (OCPP 1.6 section 4.9), and the fault to show."""
        blocking = next((fault for fault in self.around.faults if CATALOGUE[fault].blocks), "")
        shown = blocking or next(iter(self.around.faults), "")
        if blocking:
            return ConnectorStatus.FAULTED, shown
        return (ConnectorStatus.AVAILABLE if self.around.operative else ConnectorStatus.UNAVAILABLE), shown

    def _say_station(self) -> None:
        if self.status != self._said_status:
            self._tell_station()

    def _tell_station(self, asked: bool = False) -> None:
        self._said_status = status, fault = self.status
        info = self.around.faults.get(fault, "")
        self.around.emit(Tell(StatusIs(0, status, self.around.stamp(), fault, info), asked))

    # -- reset -----------------------------------------------------------------------------------------------------------

    def _reboot_when_due(self) -> None:
        """Go down when every transaction has ended and its records are delivered, or FLUSH_WITHIN_S later: what the
        backend has not confirmed by then stays in the queue over the restart."""
        if self.resetting is None or self._rebooting or any(e.session.active for e in self.evses.values()):
            return
        if self._flush_until is None:
            self._flush_until = self.around.now + FLUSH_WITHIN_S
        if self.around.waiting == 0 or self.around.now >= self._flush_until:
            self._rebooting = True
            self.around.emit(Reboot(ResetKind(self.resetting.kind)))

    # -- taking in facts -------------------------------------------------------------------------------------------------

    def _tick(self, _: Tick) -> None: ...

    def _guard(self, fact: GuardIs) -> None:
        """Without the guard nobody knows the contactor; its enable pulses are gone, so it is open. When it is back it
        must hear every order again."""
        self.around.guard = fact.present
        for evse in self.evses.values():
            evse.closed = evse.closed and fact.present
            if fact.present:
                self.around.emit(evse.power.order)

    def _vehicle(self, fact: VehicleIs) -> None:
        self.evses[fact.evse].see_vehicle(fact.state)

    def _contactor(self, fact: ContactorIs) -> None:
        self.evses[fact.evse].closed = fact.closed

    def _fault(self, fact: FaultIs) -> None:
        faults = self.around.faults if fact.evse == 0 else self.evses[fact.evse].faults
        if fact.present:
            faults[fact.fault] = fact.info
        elif not CATALOGUE[fact.fault].latches:
            faults.pop(fact.fault, None)

    def _cleared(self, fact: FaultCleared) -> None:
        faults = self.around.faults if fact.evse == 0 else self.evses[fact.evse].faults
        faults.pop(fact.fault, None)
        if fact.evse != 0:
            self.evses[fact.evse].power.clear(fact.fault)

    def _metered(self, fact: Metered) -> None:
        evse = self.evses[fact.evse]
        note = evse.metering.feed(fact.sample, evse.session.active)
        if note is not None:
            self.around.say(fact.evse, note, warning=True)

    def _tapped(self, fact: Tapped) -> None:
        self.cards.tapped(fact.evses, fact.token, fact.known)

    def _lock(self, fact: LockIs) -> None:
        self.evses[fact.evse].locked = fact.engaged

    def _cable(self, fact: CableIs) -> None:
        evse = self.evses[fact.evse]
        evse.limited = replace(evse.limited, cable_amps=fact.amps)

    def _heat(self, fact: HeatIs) -> None:
        evse = self.evses[fact.evse]
        evse.limited = replace(evse.limited, celsius=fact.celsius)

    def _link(self, fact: LinkIs) -> None:
        """When a session with the backend begins, it learns how everything is (OCPP 1.6 E22, 2.0.1 B01 and B04)."""
        came_online = fact.online and not self.around.online
        self.around.online, self.around.registration = fact.online, fact.registration
        if not fact.online:
            for question in list(self.cards.questions.values()):
                self.cards.answered(question.token, None)
        if came_online:
            self.after_answer.append(lambda: self.tell_statuses(None))

    def _authorized(self, fact: Authorized) -> None:
        self.cards.answered(fact.token, fact.info)

    def _confirmed(self, fact: TransactionConfirmed) -> None:
        """OCPP 1.6 section 5.11, 2.0.1 E05: the backend's word on the token of a transaction."""
        evse, info = self.with_transaction(fact.tx), fact.info
        if evse is None or info is None or evse.session.grant is None:
            return
        self.cards.remember(evse.session.grant.token, info)
        if info.verdict is Verdict.ACCEPTED:
            evse.session.grant = replace(evse.session.grant, group=info.group or evse.session.grant.group)
        else:
            self._invalidate(evse, info)

    def _invalidate(self, evse: Evse, info: TokenInfo) -> None:
        self.around.say(evse.number, f"the backend refused the running transaction's token: {info.verdict.value}", True)
        evse.session.invalidate()

    def _asked(self, fact: Asked) -> None:
        requests.handle(self, fact)

    def _queue(self, fact: QueueIs) -> None:
        self.around.waiting = fact.waiting

    def _durable(self, fact: Durable) -> None:
        evse = self.with_transaction(fact.tx)
        if evse is not None and evse.session.tx is not None:
            evse.session.tx.durable = True

    def _was_open(self, fact: TransactionWasOpen) -> None:
        evse = self.evses.get(fact.started.evse) or self.evses[1]
        evse.metering.carry_over(fact.energy_wh)
        evse.session.restore(fact)

    def _setting(self, fact: SettingIs) -> None:
        problem = self.settings.restore(fact.name, fact.value)
        if problem is not None:
            self.around.say(0, f"stored setting {fact.name} is not used: {problem}", warning=True)

    def _availability(self, fact: AvailabilityIs) -> None:
        if fact.evse == 0:
            self.around.operative = fact.operative
        elif fact.evse in self.evses:
            self.evses[fact.evse].operative = fact.operative

    def _reservation(self, fact: ReservationIs) -> None:
        if fact.token is None:
            self.reservations.held.pop(fact.id, None)
        else:
            self.hold(Reservation(fact.id, fact.evse, fact.token, fact.expires_utc, fact.group))

    def _clock(self, fact: ClockIs) -> None:
        """A better source replaces a worse one; the same one corrects itself."""
        if fact.quality >= self.around.quality:
            self.around.offset, self.around.quality = fact.offset, TimeQuality(fact.quality)


TAKE: dict[type[Any], Callable[[Station, Any], None]] = {
    Tick: Station._tick,
    GuardIs: Station._guard,
    VehicleIs: Station._vehicle,
    ContactorIs: Station._contactor,
    FaultIs: Station._fault,
    FaultCleared: Station._cleared,
    Metered: Station._metered,
    Tapped: Station._tapped,
    LockIs: Station._lock,
    CableIs: Station._cable,
    HeatIs: Station._heat,
    LinkIs: Station._link,
    Authorized: Station._authorized,
    TransactionConfirmed: Station._confirmed,
    Asked: Station._asked,
    QueueIs: Station._queue,
    Durable: Station._durable,
    TransactionWasOpen: Station._was_open,
    SettingIs: Station._setting,
    AvailabilityIs: Station._availability,
    ReservationIs: Station._reservation,
    ClockIs: Station._clock,
}
