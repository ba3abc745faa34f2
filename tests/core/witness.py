"""What must hold of a station with one charging place, judged by the facts that go in and the effects that come out.

The witness knows nothing of rows and states of the tables. Time runs in whole steps.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from chargepoint.core.effects import Answer, Drive, Keep, Latch, Level, Say, Tell
from chargepoint.core.facts import (
    Fact,
)
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.pilot import Vehicle
from chargepoint.core.power import PowerPath
from chargepoint.core.records import (
    ConnectorStatus,
    Reason,
    StatusIs,
    TransactionEnded,
    TransactionStarted,
    Trigger,
)
from chargepoint.core.settings import Settings
from chargepoint.core.setup import EvseSetup
from chargepoint.core.tokens import IdToken
from chargepoint.core.variables import (
    STOP_ON_EV_DISCONNECT,
    UNLOCK_ON_EV_DISCONNECT,
)

TIMEOUT, CLOSING, RESTORE, STALE, RELEASE = 2.0, 2.0, 2.0, 2.0, 1.0
"""Seconds: ConnectionTimeOut, and the times of `core.session`, of the meter and of the power path in steps."""

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


class Witness:
    """``now``, ``setup``, ``settings`` and ``power`` (the power path under test) are set by the world it watches."""

    now: float
    setup: EvseSetup
    settings: Settings
    power: PowerPath
    seen: Seen

    def taken(self) -> bool:
        return self.seen.tx is not None or bool(self.seen.presented) or bool(self.seen.kept)

    def usable(self) -> bool:
        seen = self.seen
        return seen.guard and seen.operative and not seen.resetting and not self.blocking()

    def blocking(self) -> set[str]:
        found = {fault for fault in self.seen.faults | self.seen.latched if CATALOGUE[fault].blocks}
        found |= {fault for fault in self.power.faults if CATALOGUE[fault].blocks}
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
        if any(CATALOGUE[fault].ends for fault in self.power.latched):
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
            if seen.plugged and seen.vehicle is not Vehicle.E and locked and not self.power.latched:
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
