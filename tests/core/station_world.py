"""A station with one charging place, its hardware, and what can happen to it: the moves of a walk."""

from typing import Any

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.commands import ChangeAvailability, RemoteStart, RemoteStop, Reset, ResetKind, Unlock
from chargepoint.core.facts import (
    Asked,
    Authorized,
    ClockIs,
    ContactorIs,
    Durable,
    Fact,
    FaultCleared,
    FaultIs,
    GuardIs,
    LinkIs,
    LockIs,
    Metered,
    Tapped,
    Tick,
    TransactionConfirmed,
    TransactionWasOpen,
    VehicleIs,
)
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import (
    ChargingState,
    Reason,
    StationIdentity,
    TransactionStarted,
    Trigger,
)
from chargepoint.core.settings import Settings
from chargepoint.core.setup import EvseSetup, StationSetup
from chargepoint.core.station import Station
from chargepoint.core.tokens import IdToken, Known, TokenInfo, Verdict
from chargepoint.core.variables import (
    CONNECTION_TIMEOUT_S,
    MESSAGE_TIMEOUT_S,
    SAMPLED_INTERVAL_S,
    STOP_ON_INVALID_ID,
)
from chargepoint.hal import MeterSample
from tests.core.witness import ASKING, GROUP, MINE, OTHER, Open, Seen, Witness


def known(token: IdToken) -> Known:
    return Known(cached=TokenInfo(Verdict.ACCEPTED, GROUP.get(token.text)))


class World(Witness):
    """A station with one charging place, the time, and a witness."""

    def __init__(self, setup: EvseSetup, settings: dict[Any, Any], obey: bool = True, meter: bool = True) -> None:
        fixed = {CONNECTION_TIMEOUT_S: 2, SAMPLED_INTERVAL_S: 0, MESSAGE_TIMEOUT_S: 1, **settings}
        self.ids = 0
        self.setup, self.settings, self.obey, self.meter = setup, Settings(fixed=fixed), obey, meter
        built = StationSetup((setup,), StationIdentity("v", "m"))
        self.station = Station(built, self.settings, self.new_id)
        self.evse = self.station.evses[1]
        self.power = self.evse.power
        self.now = 100.0
        self.seen = Seen(measured_at=self.now)
        self.feed(ClockIs(1000.0, TimeQuality.NTP))
        self.feed(GuardIs(True))
        self.measure()

    def new_id(self) -> str:
        self.ids += 1
        return f"tx{self.ids}"

    # -- moves -------------------------------------------------------------------------------------------------------

    def feed(self, fact: Fact) -> None:
        out = self.station.handle(fact, self.now)
        self.watch(fact, list(out))
        if self.obey:
            self.hardware()

    def hardware(self) -> None:
        seen = self.seen
        if seen.commanded is not seen.closed:
            self.tell_closed(seen.commanded)
        if self.setup.has_lock and seen.latch is not None and seen.latch is not seen.locked:
            self.tell_locked(seen.latch)

    def tell_closed(self, closed: bool) -> None:
        self.seen.closed = closed
        self.feed(ContactorIs(1, closed))

    def tell_locked(self, engaged: bool) -> None:
        self.seen.locked = engaged
        self.feed(LockIs(1, engaged))

    def measure(self) -> None:
        self.seen.measured_at = self.now
        self.feed(Metered(1, MeterSample(self.now, 1000.0)))

    def step(self) -> None:
        """One step of time; the core is woken when it asked for it, as the daemon does."""
        end = self.now + 1.0
        while (due := self.station.next_deadline) is not None and due <= end:
            assert due > self.now, f"a deadline in the past: {due} at {self.now}"
            self.now = due
            self.feed(Tick())
        self.now = end
        if self.meter:
            self.measure()
        else:
            self.feed(Tick())

    def plug(self, state: Vehicle) -> None:
        seen = self.seen
        seen.vehicle = state
        if state in (Vehicle.B, *ASKING) and not seen.plugged:
            seen.plugged, seen.plugged_at, seen.over = True, self.now, False
            if seen.tx is not None:
                seen.tx.left_since = None
        if state is Vehicle.A and seen.plugged:
            seen.plugged, seen.over = False, False
            seen.presented.clear()
            seen.asked.clear()
            if seen.tx is not None:
                seen.tx.left_since = self.now
        self.feed(VehicleIs(1, state))

    def tap(self, token: IdToken) -> None:
        seen, tx = self.seen, self.seen.tx
        holder = tx.token if tx is not None else (seen.kept or next(iter(seen.presented), ""))
        accepted = not seen.online
        if tx is not None and self._stops(holder, token, accepted):
            self.must_end(Reason.LOCAL)
        elif tx is None and seen.kept and token.same(IdToken(seen.kept)):
            self.let_go(token)
        elif tx is None and holder and token.same(IdToken(holder)):
            seen.presented.clear()
        elif not accepted:
            seen.asked[token.text] = self.now
        elif not self.taken():
            self.present(token)
        self.feed(Tapped((1,), token, known(token) if accepted else Known()))

    def let_go(self, token: IdToken) -> None:
        """The kept cable, for its owner."""
        seen = self.seen
        if seen.kept and token.same(IdToken(seen.kept)):
            seen.kept, seen.over = "", seen.plugged

    def _stops(self, holder: str, token: IdToken, accepted: bool) -> bool:
        return token.same(IdToken(holder)) or (accepted and {token.text, holder} == {"aa01", "AA02"})

    def present(self, token: IdToken) -> None:
        if self.usable():
            self.seen.presented[token.text] = self.now
            self.seen.card_first = not self.seen.plugged

    def verdict(self, token: IdToken, accepted: bool) -> None:
        """What the backend answers to our question."""
        asked_at = self.seen.asked.pop(token.text, None)
        if asked_at is not None and accepted and not self.taken():
            self.present(token)
        self.feed(Authorized(token, TokenInfo(Verdict.ACCEPTED if accepted else Verdict.INVALID)))

    def link(self, online: bool) -> None:
        seen = self.seen
        seen.online = online
        if not online:
            seen.asked.clear()
        self.feed(LinkIs(online))

    def fault(self, name: str, present: bool) -> None:
        seen = self.seen
        if present:
            seen.faults |= {name}
            if CATALOGUE[name].ends is not None:
                self.must_end(CATALOGUE[name].ends or Reason.OTHER, live=True)
        else:
            if CATALOGUE[name].latches and name in seen.faults:
                seen.latched |= {name}
            seen.faults -= {name}
        self.feed(FaultIs(1, name, present))

    def clear(self, name: str) -> None:
        self.seen.latched -= {name}
        self.feed(FaultCleared(1, name))

    def guard(self, present: bool) -> None:
        self.seen.guard = present
        if not present:
            self.seen.closed = False
        self.feed(GuardIs(present))

    def availability(self, operative: bool) -> None:
        self.seen.operative = operative
        self.feed(Asked("t", ChangeAvailability(1, operative)))

    def remote_start(self) -> None:
        if not self.taken():
            self.present(OTHER)
        self.feed(Asked("t", RemoteStart(1, OTHER, remote_start=7)))

    def remote_stop(self) -> None:
        if self.seen.tx is not None:
            self.must_end(Reason.REMOTE)
        self.feed(Asked("t", RemoteStop("tx1" if self.seen.tx is None else self.seen.tx.id)))

    def reset(self) -> None:
        self.seen.resetting = True
        self.must_end(Reason.SOFT_RESET)
        self.feed(Asked("t", Reset(ResetKind.SOFT)))

    def ask_unlock(self) -> None:
        if self.seen.unlock is None:
            self.must_end(Reason.UNLOCK_COMMAND)
            self.let_go(IdToken(self.seen.kept))
            self.seen.unlock = self.now
        self.feed(Asked("unlock", Unlock(1, force=True)))

    def durable(self) -> None:
        tx = self.seen.tx
        if tx is not None:
            tx.durable = True
            self.feed(Durable(tx.id))

    def refuse_start(self) -> None:
        """The backend refuses the token of the running transaction."""
        tx = self.seen.tx
        if tx is None or not tx.durable:
            return
        tx.refused = True
        if self.settings[STOP_ON_INVALID_ID]:
            self.must_end(Reason.DE_AUTHORIZED)
        self.feed(TransactionConfirmed(tx.id, TokenInfo(Verdict.INVALID)))

    def restore(self, ago: float) -> None:
        """Found in the store at start: a transaction that was last known of ``ago`` seconds ago."""
        if self.seen.tx is not None:
            return
        last = Stamp(0, 0.0, 1000.0 + self.now - ago, TimeQuality.NTP)
        started = TransactionStarted(
            self.new_id(), 1, last, 0, Trigger.AUTHORIZED, ChargingState.EV_CONNECTED, MINE, 900.0
        )
        self.seen.tx = Open(started.tx, MINE.text, 3, durable=True, restored=True, since=self.now)
        self.seen.presented.clear()
        self.seen.kept = ""
        self.feed(TransactionWasOpen(started, 3, 950.0, last))
