"""The station: one door in, one door out. It routes facts to the charging places and owns nothing else of them.

`handle(fact, now)` returns what must be done; `next_deadline` says when to come back with a `Tick` if nothing happens
before. Facts are level, so a restart feeds them again in any order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chargepoint.core import intake
from chargepoint.core.cards import Cards
from chargepoint.core.commands import Reset, ResetKind
from chargepoint.core.effects import Effect, KeepReservation, Reboot, Tell
from chargepoint.core.evse import Evse
from chargepoint.core.facts import Fact
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.records import ConnectorStatus, StatusIs
from chargepoint.core.reservations import Reservation, Reservations
from chargepoint.core.settings import Settings
from chargepoint.core.setup import StationSetup
from chargepoint.core.surroundings import Surroundings

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
        if self.around.started is None:
            self.around.started = now
        intake.TAKE[type(fact)](self, fact)
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
        if not self.around.guard_is_missing:
            times.append(self.around.guard_due)
        times += [self.cards.next_deadline, self._flush_until if not self._rebooting else None]
        expiry = self.reservations.next_expiry
        if expiry is not None and self.around.offset is not None:
            times.append(expiry - self.around.offset)
        return min((time for time in times if time is not None), default=None)

    # -- what handlers and cards use ------------------------------------------------------------

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

    # -- the station's own status ------------------------------------------------------------

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

    # -- reset ----------------------------------------------------------------------

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
