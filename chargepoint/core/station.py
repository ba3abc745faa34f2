"""The station: one door in, one door out. It routes facts to the charging places and owns nothing else of them.

`handle(fact, now)` returns what must be done; `next_deadline` says when to come back with a `Tick` if nothing happens
before. Facts are level, so a restart feeds them again in any order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chargepoint.core import intake
from chargepoint.core.cards import Cards
from chargepoint.core.commands import ResetKind
from chargepoint.core.effects import Effect, Reboot, Tell
from chargepoint.core.evse import Evse
from chargepoint.core.facts import Fact
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.records import ConnectorStatus, StatusIs
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
    after_answer: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.around = Surroundings(self.setup, self.settings, self.new_id)
        self.evses = {n: Evse(n, setup, self.around) for n, setup in enumerate(self.setup.evses, 1)}
        self.cards = Cards(self)
        self._said_status: tuple[ConnectorStatus, str] | None = None
        self._said_status_at = 0.0
        self._flush_until: float | None = None
        self._rebooting = False

    # -- the door ------------------------------------------------------------------------------------------------------

    def handle(self, fact: Fact, now: float) -> Sequence[Effect]:
        """Take in one fact at ``now`` (monotonic seconds); get what must be done, in order."""
        self.around.now, self.around.out = now, []
        if self.around.started is None:
            self._start(now)
        intake.TAKE[type(fact)](self, fact)
        self.cards.tick()
        self._expire_reservations()
        for evse in self.evses.values():
            evse.settle()
        self._end_reservations()
        self._say_station()
        self._reboot_when_due()
        return self.around.out

    @property
    def next_deadline(self) -> float | None:
        """Monotonic seconds at which time alone will change something; None: never."""
        around = self.around
        times = [evse.next_deadline for evse in self.evses.values()]
        times += [self.cards.next_deadline, around.reservations.next_expiry(around.offset)]
        times += [None if around.guard_is_missing else around.guard_due]
        times += [None if self._rebooting else self._flush_until]
        return min((time for time in times if time is not None), default=None)

    # -- what handlers use ------------------------------------------------------------

    def with_transaction(self, tx: str) -> Evse | None:
        return next((e for e in self.evses.values() if e.session.tx is not None and e.session.tx.id == tx), None)

    def tell_statuses(self, evse: int | None = None, asked: bool = False, since: float | None = None) -> None:
        """The status of one connector (0: the station), or of all; with ``since`` only what was new after it."""
        if evse in (None, 0) and (since is None or self._said_status_at >= since):
            self._tell_station(asked)
        for place in self.evses.values():
            if evse in (None, place.number) and (since is None or place.telling.told_at >= since):
                place.telling.tell(asked)

    # -- reservations ------------------------------------------------------------

    def _expire_reservations(self) -> None:
        for gone in self.around.reservations.expired(self.around.now, self.around.offset):
            self.around.say(gone.evse, "the reservation has expired")
            self.cards.drop(gone)

    def _end_reservations(self) -> None:
        """OCPP 1.6 section 5.13, OCPP 2.0.1 H01.FR.16: a place that is out of order is reserved for nobody."""
        for held in list(self.around.reservations.held.values()):
            evse = self.evses.get(held.evse)
            if evse is None or evse.blocking or not evse.in_service:
                self.around.say(held.evse, "the reservation has ended, its place is out of order")
                self.cards.drop(held)

    # -- the station's own status ------------------------------------------------------------

    @property
    def status(self) -> tuple[ConnectorStatus, str]:
        """Connector 0: Available, Unavailable or Faulted (OCPP 1.6 section 4.9), and the fault to show."""
        faults = self.around.faults
        blocking = next((fault for fault in faults if CATALOGUE[fault].blocks), "")
        if blocking:
            return ConnectorStatus.FAULTED, blocking
        in_service = ConnectorStatus.AVAILABLE if self.around.operative else ConnectorStatus.UNAVAILABLE
        return in_service, next(iter(faults), "")

    def _say_station(self) -> None:
        if self.status != self._said_status:
            self._said_status_at = self.around.now
            self._tell_station()

    def _tell_station(self, asked: bool = False) -> None:
        self._said_status = status, fault = self.status
        info = self.around.faults.get(fault, "")
        self.around.emit(Tell(StatusIs(0, status, self.around.stamp(), fault, info), asked))

    # -- the turn's ends ----------------------------------------------------------------------

    def _start(self, now: float) -> None:
        self.around.started = now
        for evse in self.evses.values():
            evse.metering.since = now

    def _reboot_when_due(self) -> None:
        """Go down when every transaction has ended and its records are delivered, or FLUSH_WITHIN_S later: what the
        backend has not confirmed by then stays in the queue over the restart. Without a link nothing is waited for."""
        reset = self.around.resetting
        if reset is None or self._rebooting or any(evse.session.active for evse in self.evses.values()):
            return
        if self._flush_until is None:
            self._flush_until = self.around.now + FLUSH_WITHIN_S
        if not self.around.online or self.around.waiting == 0 or self.around.now >= self._flush_until:
            self._rebooting = True
            self.around.emit(Reboot(ResetKind(reset.kind)))
