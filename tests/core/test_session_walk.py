"""Every reachable state of a station with one charging place, against rules that know nothing of its rows.

The real `Station` is walked, with its real power path, cards and commands: only so can be said that the contactor is
never commanded closed without what it needs. To keep the space small, time runs in whole steps, the times of the power
path that are proved elsewhere are nought, and the hardware obeys between two moves, except where a part of the walk is
about hardware that does not. The facts that do not touch each other are walked apart.

The witness sees what goes in (facts) and what comes out (effects), and judges by that alone. Each row, condition and
action of the table is then removed once, and the same rules must notice.
"""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core import power, session, surroundings
from chargepoint.core.commands import ChangeAvailability, RemoteStart, RemoteStop, Reset, ResetKind, Unlock
from chargepoint.core.effects import Answer, Checkpoint, Drive, Keep, Latch, Level, Say, Tell
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
    ConnectorStatus,
    Reason,
    StationIdentity,
    StatusIs,
    TransactionEnded,
    TransactionStarted,
    Trigger,
)
from chargepoint.core.settings import Settings
from chargepoint.core.setup import EvseSetup, StationSetup
from chargepoint.core.station import Station
from chargepoint.core.tokens import IdToken, Known, TokenInfo, TokenKind, Verdict
from chargepoint.core.variables import (
    CONNECTION_TIMEOUT_S,
    MESSAGE_TIMEOUT_S,
    SAMPLED_INTERVAL_S,
    STOP_ON_EV_DISCONNECT,
    STOP_ON_INVALID_ID,
    UNLOCK_ON_EV_DISCONNECT,
)
from chargepoint.hal import MeterSample
from tests.core.walk import Walk, mutants

TIMEOUT, CLOSING, RESTORE, STALE, RELEASE = 2.0, 2.0, 2.0, 2.0, 1.0
PATCHES: dict[Any, dict[str, Any]] = {
    session: {"CLOSING_UP_S": CLOSING, "RESTORE_S": RESTORE},
    surroundings: {"GUARD_WITHIN_S": 1.0},
    power: {
        "X1_S": 0.0,
        "ERROR_S": 0.0,
        "RELEASE_S": RELEASE,
        "FOLLOW_S": 0.0,
        "PROOF_S": 0.0,
        "VISIBLE_S": 1.0,
        "STRIKES": math.inf,
        "WELDED_S": 1.0,
        "ASTRAY_S": dict.fromkeys(power.LIVE, 1.0),
    },
}
MINE, MATE, OTHER, FREE = (IdToken(text) for text in ("aa01", "AA02", "BB01", "free"))
GROUP = {"aa01": "g", "AA02": "G"}
ASKING = (Vehicle.C, Vehicle.D)
S = ConnectorStatus

MATRIX = {
    S.AVAILABLE: "2 3 4 5 7 8 9",
    S.PREPARING: "1 3 4 5 6 9",
    S.CHARGING: "1 4 5 6 8 9",
    S.SUSPENDED_EV: "1 3 5 6 8 9",
    S.SUSPENDED_EVSE: "1 3 4 6 8 9",
    S.FINISHING: "1 2 8 9",
    S.RESERVED: "1 2 8 9",
    S.UNAVAILABLE: "1 2 3 4 5 9",
    S.FAULTED: "1 2 3 4 5 6 7 8",
}
"""OCPP 1.6 section 4.9, the columns numbered as there, with B6 of the errata."""
COLUMN = {status: str(number) for number, status in enumerate(MATRIX, 1)}


@pytest.fixture(autouse=True, scope="module")
def steps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, values in PATCHES.items():
            for name, value in values.items():
                patch.setattr(module, name, value)
        yield


def known(token: IdToken) -> Known:
    return Known(cached=TokenInfo(Verdict.ACCEPTED, GROUP.get(token.text)))


@dataclass
class Open:
    """A transaction as the witness knows it. ``due``: why it must end, ``since`` when."""

    id: str
    token: str
    seq: int = 0
    durable: bool = False
    restored: bool = False
    refused: bool = False
    due: Reason | None = None
    since: float = 0.0
    left_since: float | None = None
    resumed: bool = False


@dataclass
class Seen:
    """What the witness remembers. ``presented``: token -> when, as far as it may still start something."""

    vehicle: Vehicle | None = None
    plugged: bool = False
    plugged_at: float = 0.0
    faults: frozenset[str] = frozenset()
    latched: frozenset[str] = frozenset()
    guard: bool = True
    online: bool = False
    operative: bool = True
    resetting: bool = False
    closed: bool = False
    locked: bool = False
    measured_at: float = 0.0
    pilot: Level | float = Level.STEADY
    commanded: bool = False
    opened_at: float = -math.inf
    latch: bool | None = None
    presented: dict[str, float] = field(default_factory=dict)
    card_first: bool = False
    asked: dict[str, float] = field(default_factory=dict)
    tx: Open | None = None
    over: bool = False
    kept: str = ""
    status: ConnectorStatus | None = None
    unlock: float | None = None


class World:
    """A station with one charging place, the time, and a witness."""

    def __init__(self, setup: EvseSetup, settings: dict[Any, Any], obey: bool = True, meter: bool = True) -> None:
        fixed = {CONNECTION_TIMEOUT_S: 2, SAMPLED_INTERVAL_S: 0, MESSAGE_TIMEOUT_S: 1, **settings}
        self.ids = 0
        self.setup, self.settings, self.obey, self.meter = setup, Settings(fixed=fixed), obey, meter
        built = StationSetup((setup,), StationIdentity("v", "m"))
        self.station = Station(built, self.settings, self.new_id)
        self.evse = self.station.evses[1]
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

    # -- rules -------------------------------------------------------------------------------------------------------

    def taken(self) -> bool:
        return self.seen.tx is not None or bool(self.seen.presented) or bool(self.seen.kept)

    def usable(self) -> bool:
        seen = self.seen
        return seen.guard and seen.operative and not seen.resetting and not self.blocking()

    def blocking(self) -> set[str]:
        found = {fault for fault in self.seen.faults | self.seen.latched if CATALOGUE[fault].blocks}
        found |= {fault for fault in self.evse.power.faults if CATALOGUE[fault].blocks}
        return found | ({"guard"} if not self.seen.guard else set()) | ({"meter"} if not self.fresh() else set())

    def fresh(self) -> bool:
        return self.now < self.seen.measured_at + STALE

    def must_end(self, reason: Reason, live: bool = False) -> None:
        tx = self.seen.tx
        if tx is not None and tx.due is None and not (live and tx.restored and not tx.resumed):
            tx.due, tx.since = reason, self.now

    def watch(self, fact: Fact, out: list[Any]) -> None:
        seen = self.seen
        self.foresee()
        for effect in out:
            match effect:
                case Keep(record=TransactionStarted() as record):
                    self.started(record)
                case Keep(record=TransactionEnded() as record):
                    self.ended(record)
                case Keep(record=record):
                    assert seen.tx is not None and record.tx == seen.tx.id, "told of what is not open"
                    self.count(record)
                case Drive():
                    if seen.commanded and not effect.closed:
                        seen.opened_at = self.now
                    seen.commanded, seen.pilot = effect.closed, effect.pilot
                case Latch():
                    seen.latch = effect.engaged
                case Tell(report=StatusIs(evse=1) as report):
                    before, seen.status = seen.status, report.status
                    legal = before is None or before is report.status or COLUMN[report.status] in MATRIX[before]
                    assert legal, f"{before} > {report.status} is none of the standard's"
                case Say(text=text) if "resumed" in text and seen.tx is not None:
                    seen.tx.resumed = True
                case Answer(ticket="unlock"):
                    assert seen.unlock is not None or "already" in effect.outcome.reason, "answered twice"
                    seen.unlock = None if "already" not in effect.outcome.reason else seen.unlock
        self.judge()

    def foresee(self) -> None:
        """Causes of an end that time or the state of things brings about."""
        seen, tx, setup = self.seen, self.seen.tx, self.setup
        seen.presented = {
            token: at
            for token, at in seen.presented.items()
            if self.now < max(at, seen.plugged_at if seen.plugged else at) + TIMEOUT
        }
        seen.asked = {token: at for token, at in seen.asked.items() if self.now < at + 1.0}
        if tx is None:
            return
        if any(CATALOGUE[fault].ends for fault in self.evse.power.latched):
            self.must_end(Reason.OTHER, live=True)
        if tx.restored and not tx.resumed:
            spoken = setup.resume_within_s is None and seen.vehicle in (Vehicle.A, Vehicle.B, *ASKING)
            if spoken or self.now >= tx.since + RESTORE:
                self.must_end(Reason.POWER_LOSS)
            return
        if not self.fresh():
            self.must_end(Reason.OTHER)
        if tx.left_since is not None:
            patience = 0.0
            if not self.settings[STOP_ON_EV_DISCONNECT]:
                patience = math.inf if setup.has_lock else TIMEOUT
            if self.now >= tx.left_since + patience:
                self.must_end(Reason.EV_DISCONNECTED)

    def count(self, record: Any) -> None:
        tx = self.seen.tx
        assert tx is not None
        tx.seq += 1
        assert record.seq == tx.seq, "a gap in the numbers"

    def started(self, record: TransactionStarted) -> None:
        seen = self.seen
        assert seen.tx is None, "two transactions at once"
        assert record.seq == 0
        assert seen.plugged and self.usable() and self.fresh(), "started where nothing may start"
        token = record.token.text
        if token == FREE.text:
            assert self.setup.free_token is not None and not seen.over, "free vending goes on after its end"
            trigger = Trigger.CABLE_PLUGGED_IN
        else:
            assert token in seen.presented, "started for somebody who was not granted this vehicle"
            usual = Trigger.AUTHORIZED if record.remote_start is None else Trigger.REMOTE_START
            trigger = Trigger.CABLE_PLUGGED_IN if seen.card_first else usual
        assert record.trigger is trigger, f"{record.trigger} is told, it was {trigger}"
        seen.presented.clear()
        seen.tx = Open(record.tx, token)

    def ended(self, record: TransactionEnded) -> None:
        seen, tx = self.seen, self.seen.tx
        assert tx is not None and tx.id == record.tx, "an end without a start"
        self.count(record)
        assert tx.due is not None, "ended without cause"
        assert record.reason is tx.due, f"{record.reason} is told, it was {tx.due}"
        ready = not seen.closed and not seen.commanded and seen.measured_at > tx.since
        assert ready or self.now >= tx.since + CLOSING, "ended before the contactor is open and the meter read"
        goes_on = tx.due is Reason.POWER_LOSS and self.setup.free_token is not None
        seen.tx, seen.over = None, seen.plugged and not goes_on
        left = record.reason is Reason.EV_DISCONNECTED and not seen.plugged
        if left and self.setup.has_lock and not self.settings[UNLOCK_ON_EV_DISCONNECT] and seen.unlock is None:
            seen.kept = tx.token

    def judge(self) -> None:
        seen, tx = self.seen, self.seen.tx
        live = tx is not None and tx.durable and not (tx.restored and not tx.resumed)
        if seen.commanded:
            assert live, "closed without a running, durable transaction"
            assert seen.vehicle in ASKING, "closed and nobody asks"
            assert not self.blocking(), "closed while something is wrong"
            assert not self.setup.has_lock or seen.latch, "closed and the cable may be taken"
            assert tx is not None and (tx.due is None or self.now < tx.since + RELEASE), "still closed after the end"
        if isinstance(seen.pilot, float):
            assert live and tx is not None and tx.due is None, "offered without reason"
        assert not self.setup.has_lock or seen.latch or not (seen.closed or seen.commanded), "live and not locked"
        if seen.kept:
            assert seen.latch, "the cable was to stay locked"
        if tx is not None and tx.due is not None:
            read = not seen.closed and seen.measured_at > tx.since
            assert not read, "could be ended and is not"
            assert self.now < tx.since + CLOSING, "never ends"
        if tx is None and seen.plugged and self.usable() and self.fresh():
            assert not seen.presented, "may charge and does not start"
            assert self.setup.free_token is None or seen.over or seen.kept, "free and does not start"
        offered = isinstance(seen.pilot, float)
        if live and tx is not None and tx.due is None and not tx.refused and not self.blocking():
            locked = not self.setup.has_lock or seen.locked
            if seen.plugged and seen.vehicle is not Vehicle.E and locked and not self.evse.power.latched:
                assert offered or seen.closed is not seen.commanded, "runs, and nothing is offered"
        if seen.unlock is not None:
            assert self.now < seen.unlock + CLOSING + 11, "the unlocking is never answered"
        self.judge_status()

    def judge_status(self) -> None:
        seen, tx, status = self.seen, self.seen.tx, self.seen.status
        if status is None:
            return
        if self.blocking():
            assert status is S.FAULTED
        elif tx is not None:
            usual = {S.PREPARING, S.CHARGING, S.SUSPENDED_EV, S.SUSPENDED_EVSE}
            if tx.restored and not tx.resumed:
                usual = {S.SUSPENDED_EVSE}
            elif not tx.durable:
                usual = {S.PREPARING}
            elif tx.due is None and tx.refused:
                usual = {S.SUSPENDED_EVSE, S.CHARGING} if seen.commanded else {S.SUSPENDED_EVSE}
            elif tx.due is None and not seen.plugged and not seen.closed:
                usual = {S.SUSPENDED_EV}
            assert status in usual, f"{status} in a transaction"
        elif not seen.operative:
            assert status is S.UNAVAILABLE
        elif seen.kept:
            assert status is S.FINISHING
        elif not seen.plugged:
            assert status is (S.PREPARING if seen.presented else S.AVAILABLE)
        elif not seen.over:
            waits = seen.presented or self.setup.free_token is not None or self.waits()
            assert status is (S.PREPARING if waits else S.FINISHING), f"{status}, and the vehicle waits {waits}"

    def waits(self) -> bool:
        return self.now < self.seen.plugged_at + TIMEOUT


# -- keys -------------------------------------------------------------------------------------------------------------

STRUCTURE = ("Evse", "Session", "PowerPath", "Metering", "Schedule", "Telling", "Unlocking", "Surroundings", "Station")
STRUCTURE += ("Cards", "Reported", "Reservations", "Machine", "Settings", "method", "function", "StationSetup")


def data(thing: Any) -> dict[str, Any]:
    """The attributes that are data, containers copied."""
    found = {name: value for name, value in vars(thing).items() if type(value).__name__ not in STRUCTURE}
    return {name: copy.copy(each) if isinstance(each, dict | set | list) else each for name, each in found.items()}


def parts_of(w: World) -> tuple[Any, ...]:
    s, e = w.station, w.evse
    around = (s.around, s.around.reported, s.around.reservations)
    return (s, *around, s.cards, e, e.reported, e.metering, e.session, e.power, e.telling, e.unlocking)


def snapshot(w: World) -> tuple[Any, ...]:
    states = w.evse.session.state, w.evse.power.state
    seen = data(w.seen)
    return [data(part) for part in parts_of(w)], states, copy.copy(w.evse.session.tx), seen, copy.copy(w.seen.tx), w.now


def restore(w: World, saved: tuple[Any, ...]) -> World:
    datas, states, tx, seen, open_tx, w.now = saved
    for part, values in zip(parts_of(w), datas, strict=True):
        vars(part).update(
            {name: copy.copy(each) if isinstance(each, dict | set | list) else each for name, each in values.items()}
        )
    w.evse.session._machine._cell.state, w.evse.power._machine._cell.state = states
    w.evse.session.tx = copy.copy(tx)
    w.seen = Seen(**seen)
    w.seen.presented, w.seen.asked = dict(w.seen.presented), dict(w.seen.asked)
    w.seen.tx = copy.copy(open_tx)
    return w


def left(time: float | None, now: float) -> float | None:
    return None if time is None else max(time - now, 0.0)


def age(time: float | None, now: float, cap: float = 2.0) -> float | None:
    return None if time is None else min(now - time, cap)


def freeze(w: World) -> tuple[Any, ...]:
    now, s, e, seen = w.now, w.station, w.evse, w.seen
    around, ses, p, tx, known_tx = s.around, e.session, e.power, e.session.tx, w.seen.tx
    live = ses.state in session.LIVE
    return (
        (ses.state, ses.grant and (ses.grant.token, ses.grant.trigger), ses.stop and ses.stop.reason),
        (ses.keeper and ses.keeper.token, left(ses.deadline, now)),
        tx and (tx.durable, tx.plugged, tx.charging, tx.invalid_from_wh, tx.last and age(tx.last.utc, now + 1000.0, 9)),
        (e.vehicle, e.plugged, e.closed, e.locked, e.operative, age(e.left_at, now) if live and not e.plugged else 0),
        (frozenset(e.reported.faults), frozenset(e.reported._present), around.guard, around.online),
        (around.resetting is not None, around.waiting > 0, left(s._flush_until, now), s._rebooting),
        (p.state, p.latched, p.vehicle_fault, p.astray and (p.astray[0], age(p.astray[1], now))),
        left(p.release_until, now) if p.state is power.Power.RELEASING else 0,
        max(p.error_until - now, -1.0) if p.state is power.Power.FAULTED else 0,
        (e.telling.latch, e.telling.status, e.telling.pending, e.unlocking.asked, left(e.unlocking.deadline, now)),
        tuple((key, age(each.asked_at, now), each.evses) for key, each in s.cards.questions.items()),
        (age(seen.measured_at, now), seen.measured_at > ses.stopped_at if ses.state is session.State.STOPPING else 0),
        tuple((token, age(at, now)) for token, at in seen.presented.items()),
        tuple((token, age(at, now)) for token, at in seen.asked.items()),
        age(seen.plugged_at, now) if seen.plugged else None,
        bool(seen.presented) and seen.card_first,
        (seen.vehicle, seen.faults, seen.latched, seen.over, seen.kept, seen.status, seen.latch, seen.pilot),
        (seen.commanded, seen.closed, seen.locked, age(seen.unlock, now, 13.0)),
        known_tx
        and (known_tx.token, known_tx.durable, known_tx.restored, known_tx.refused, known_tx.due, known_tx.resumed),
        known_tx and (age(known_tx.since, now), age(known_tx.left_since, now), seen.measured_at > known_tx.since),
    )


def quiet(w: World) -> None:
    """If time alone can change anything, a deadline is set, and nothing changes before it."""
    deadline = w.station.next_deadline
    assert deadline is None or deadline > w.now, f"a deadline in the past: {deadline} at {w.now}"
    before = freeze(w)[0]
    out = w.station.handle(Tick(), w.now + (1e6 if deadline is None else 0.99 * (deadline - w.now)))
    said = [effect for effect in out if not isinstance(effect, Checkpoint)]
    assert not said, f"time alone said {said}, the deadline was {deadline}"
    after = freeze(w)[0]
    assert after == before, "time alone changed the session"


# -- the parts --------------------------------------------------------------------------------------------------------


def vehicles(*states: Vehicle) -> dict[str, Callable[[World], None]]:
    return {f"vehicle {state.name}": lambda w, state=state: w.plug(state) for state in states}


def taps(*tokens: IdToken) -> dict[str, Callable[[World], None]]:
    return {f"tap {token.text}": lambda w, token=token: w.tap(token) for token in tokens}


A, B, C, E = Vehicle.A, Vehicle.B, Vehicle.C, Vehicle.E
USUAL: dict[str, Callable[[World], None]] = {"a step": World.step, "durable": World.durable}
FAULTS: dict[str, Callable[[World], None]] = {
    f"{name} {on}": lambda w, name=name, on=on: w.fault(name, on) for name in ("door", "ground") for on in (True, False)
}
PARTS: dict[str, tuple[Callable[[], World], dict[str, Callable[[World], None]]]] = {
    "cards": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}),
        USUAL
        | vehicles(A, B, C)
        | taps(MINE, MATE)
        | {
            "online": lambda w: w.link(True),
            "offline": lambda w: w.link(False),
            "accepted": lambda w: w.verdict(MINE, True),
            "refused": lambda w: w.verdict(MINE, False),
        },
    ),
    "faults": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}),
        USUAL | vehicles(A, C) | taps(MINE) | FAULTS | {"clear": lambda w: w.clear("ground")},
    ),
    "faults that heal": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}),
        USUAL
        | vehicles(A, C, E)
        | taps(MINE)
        | {"lock": lambda w: w.fault("lock", True), "no lock": lambda w: w.fault("lock", False)},
    ),
    "guard and meter": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}, meter=False),
        USUAL
        | vehicles(A, C)
        | taps(MINE)
        | {"guard": lambda w: w.guard(True), "no guard": lambda w: w.guard(False), "measured": World.measure},
    ),
    "contactor": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}, obey=False),
        USUAL
        | vehicles(A, B, C)
        | taps(MINE)
        | {"closed": lambda w: w.tell_closed(True), "open": lambda w: w.tell_closed(False)},
    ),
    "commands": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {STOP_ON_INVALID_ID: False}),
        USUAL
        | vehicles(A, C)
        | {
            "remote start": World.remote_start,
            "remote stop": World.remote_stop,
            "inoperative": lambda w: w.availability(False),
            "operative": lambda w: w.availability(True),
            "refuse": World.refuse_start,
            "reset": World.reset,
        },
    ),
    "locks": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE, has_lock=True), {UNLOCK_ON_EV_DISCONNECT: False}),
        USUAL | vehicles(A, C) | taps(MINE, OTHER) | {"unlock": World.ask_unlock, "refuse": World.refuse_start},
    ),
    "free to leave": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {STOP_ON_EV_DISCONNECT: False}),
        USUAL | vehicles(A, B, C) | taps(MINE),
    ),
    "free to leave a locked cable": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE, has_lock=True), {STOP_ON_EV_DISCONNECT: False}),
        USUAL | vehicles(A, C) | taps(MINE),
    ),
    "free of charge": (
        lambda: World(
            EvseSetup(rest_s=0.0, meter_stale_s=STALE, free_token=IdToken("free", TokenKind.NO_AUTHORIZATION)), {}
        ),
        USUAL
        | vehicles(A, C)
        | {
            "remote stop": World.remote_stop,
            "lock fault": lambda w: w.fault("lock", True),
            "no lock fault": lambda w: w.fault("lock", False),
            "restored": lambda w: w.restore(1.0),
        },
    ),
    "power cut, ended": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}),
        USUAL | vehicles(A, C, E) | taps(MINE) | {"restored": lambda w: w.restore(1.0)},
    ),
    "power cut, resumed": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE, resume_within_s=5.0), {}),
        USUAL
        | vehicles(A, C)
        | taps(MINE)
        | {
            "restored": lambda w: w.restore(1.0),
            "restored late": lambda w: w.restore(9.0),
            "inoperative": lambda w: w.availability(False),
        },
    ),
}


def part(name: str, saved: dict[Any, Any]) -> tuple[Walk[World, Any], Any]:
    """A walk, and where it begins. ``saved``: key -> how to make that state again."""
    make, moves = PARTS[name]
    world = make()

    def remember(w: World) -> Any:
        key = freeze(w)
        if key not in saved:
            saved[key] = snapshot(w)
        return key

    return Walk(moves, remember, lambda key: restore(world, saved[key]), quiet, limit=20_000), remember(world)


WALKED: dict[str, tuple[Walk[World, Any], dict[Any, Any]]] = {}


def walked(name: str) -> tuple[Walk[World, Any], dict[Any, Any]]:
    if name not in WALKED:
        saved: dict[Any, Any] = {}
        walk, start = part(name, saved)
        WALKED[name] = walk.run(start), saved
    return WALKED[name]


def is_free(key: Any) -> bool:
    return key[0][0] is session.State.FREE and not key[3][1]


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_every_reachable_state_keeps_the_rules(name: str):
    walk, _ = walked(name)
    only = {"vehicle A", "a step"} | ({"tap aa01", "tap BB01"} if "lock" in name else set())
    for nexts in walk.after.values():
        for move in set(nexts) - only:
            del nexts[move]
    assert not walk.stranded(is_free), "dead ends"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "rows"), list(mutants(session.TABLE)), ids=[what for what, _ in mutants(session.TABLE)]
)
def test_every_row_condition_and_action_is_needed(what: str, rows: list[Any], monkeypatch: pytest.MonkeyPatch):
    walks = {name: walked(name) for name in PARTS}
    monkeypatch.setattr(session, "TABLE", rows)
    source = session.State[what.split()[2]]
    for name, (sound, saved) in walks.items():
        mutant, _ = part(name, dict(saved))
        if sound.notice(mutant, [key for key in sound.after if key[0][0] is source]):
            return
    pytest.fail(f"{what}: nobody noticed")
