"""What each order does to the database: one function per op, all of a batch in one transaction."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from chargepoint.clock import Stamp
from chargepoint.codec import CodecError, dump, encode, load
from chargepoint.core.records import Record, SecurityEvent, TransactionEnded, TransactionStarted, TransactionUpdated
from chargepoint.store.batch import Batch, Progress, started
from chargepoint.store.ledger import Ledger
from chargepoint.store.ops import (
    Confirm,
    Forget,
    Keep,
    KeepAvailability,
    KeepReservation,
    KeepSetting,
    NoteClock,
    Number,
    Refuse,
    Remember,
    Retry,
)

TOKENS = 2000
_WHY = 500
_LISTED = 1000
_LETTERS = "SELECT id, tx, kind, body, why, at, retry FROM dead_letters"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that the backend refused for good. ``record`` None: it cannot be read any more, ``body`` is its JSON.
    ``waiting``: it is in the queue again."""

    id: int
    tx: str
    kind: str
    why: str
    at: Stamp
    waiting: bool
    record: Record | None
    body: str


@dataclass(slots=True)
class Committed:
    """What a commit made true: transactions whose start is on disk, and those that nobody will ask for again."""

    durable: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)


class Tables:
    """Owns no thread and no file; every method may raise sqlite3.Error. ``waiting`` and ``dead`` are the numbers of
    outbox rows and dead letters."""

    def __init__(self, db: sqlite3.Connection, waiting: int) -> None:
        self._db = db
        self._ledger = Ledger(db)
        self._done = Committed()
        self.waiting = waiting
        self.dead = int(db.execute("SELECT count(*) FROM dead_letters").fetchone()[0])
        self._apply: dict[type, Callable[[int, Any], None]] = {
            Keep: self._keep,
            Confirm: self._confirm,
            Refuse: self._refuse,
            Retry: self._retry,
            Number: self._number,
            Remember: self._remember,
            Forget: self._forget,
            KeepSetting: self._setting,
            KeepAvailability: self._availability,
            KeepReservation: self._reservation,
            NoteClock: self._clock,
        }

    def commit(self, batch: Batch, synced: bool) -> Committed:
        """``synced``: on disk at return; otherwise with the next synced one, or when the system writes it back.

        Mere progress may be taken in twice from the tail, so it costs one page and not the boot's as well. After an
        error these tables are of no use any more.
        """
        self._db.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
        self._done = Committed()
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for op in batch.ops.values():
                self._apply[type(op)](batch.boot, op)
                if tx := started(op):
                    self._done.durable.append(tx)
            for tx, progress in batch.progress.items():
                self._advance(tx, progress)
            if batch.ops:
                self._db.execute(
                    "UPDATE boots SET applied = ?, waiting = ?, last = max(last, ?) WHERE boot = ?",
                    (batch.last_n, self.waiting, batch.last_mono, batch.boot),
                )
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return self._done

    def head(self, above: int, limit: int) -> list[tuple[int, str]]:
        """(key, body) of the oldest outbox rows with a key above this one."""
        return self._db.execute(
            "SELECT id, body FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (above, limit)
        ).fetchall()

    def dead_letters(self) -> list[DeadLetter]:
        rows = self._db.execute(f"{_LETTERS} ORDER BY id LIMIT ?", (_LISTED,))
        return [_letter(row) for row in rows]

    def dead_letter(self, key: int) -> DeadLetter | None:
        row = self._db.execute(f"{_LETTERS} WHERE id = ?", (key,)).fetchone()
        return row and _letter(row)

    def _keep(self, boot: int, op: Keep) -> None:
        record = op.record
        tx = "" if isinstance(record, SecurityEvent) else record.tx
        kind = type(record).__name__
        self._db.execute("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?)", (op.key, tx, kind, dump(Record, record)))
        self.waiting += 1
        if isinstance(record, TransactionStarted):
            self._db.execute(
                "INSERT OR REPLACE INTO transactions VALUES (?, ?, ?, ?, ?, NULL, 0)",
                (tx, dump(TransactionStarted, record), record.seq, record.energy_wh, dump(Stamp, record.at)),
            )
        elif isinstance(record, TransactionEnded):
            self._db.execute("UPDATE transactions SET ended = 1 WHERE tx = ?", (tx,))
        if not isinstance(record, TransactionUpdated):
            bare = record if isinstance(record, SecurityEvent) else replace(record, values=())
            self._ledger.append(kind, tx, {"id": op.key, **encode(type(bare), bare)})

    def _advance(self, tx: str, progress: Progress) -> None:
        self._db.execute(
            "UPDATE transactions SET seq = max(seq, ?), energy_wh = coalesce(?, energy_wh), at = coalesce(?, at)"
            " WHERE tx = ? AND NOT ended",
            (progress.seq, progress.energy_wh, progress.at and dump(Stamp, progress.at), tx),
        )

    def _take(self, key: int) -> tuple[str, str, str] | None:
        """(tx, kind, body) of an outbox row, which is gone then."""
        rows = self._db.execute("DELETE FROM outbox WHERE id = ? RETURNING tx, kind, body", (key,)).fetchall()
        self.waiting -= len(rows)
        return rows[0] if rows else None

    def _confirm(self, boot: int, op: Confirm) -> None:
        for key in op.keys:
            if row := self._take(key):
                tx, kind, _ = row
                again = self._db.execute("DELETE FROM dead_letters WHERE retry = ?", (key,)).rowcount
                self.dead -= again
                if again or kind != TransactionUpdated.__name__:
                    self._ledger.append("Confirmed", tx, {"id": key, "kind": kind, "at": encode(Stamp, op.at)})
                if again or kind == TransactionEnded.__name__:
                    self._finish(tx)

    def _finish(self, tx: str) -> None:
        """The number of a transaction is needed as long as a dead letter of it may be sent again."""
        gone = self._db.execute(
            "DELETE FROM transactions WHERE tx = ? AND ended AND tx NOT IN (SELECT tx FROM dead_letters)", (tx,)
        ).rowcount
        if gone:
            self._done.finished.append(tx)

    def _refuse(self, boot: int, op: Refuse) -> None:
        if row := self._take(op.key):
            tx, kind, body = row
            why, at = op.why[:_WHY], dump(Stamp, op.at)
            again = self._db.execute(
                "UPDATE dead_letters SET why = ?, at = ?, retry = NULL WHERE retry = ?", (why, at, op.key)
            ).rowcount
            if not again:
                self.dead += 1
                self._db.execute(
                    "INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, NULL)", (op.key, tx, kind, body, why, at)
                )
            self._ledger.append("Refused", tx, {"id": op.key, "kind": kind, "why": why, "at": encode(Stamp, op.at)})

    def _retry(self, boot: int, op: Retry) -> None:
        again = self._db.execute(
            "INSERT OR REPLACE INTO outbox SELECT ?, tx, kind, body FROM dead_letters WHERE id = ? RETURNING tx",
            (op.key, op.id),
        ).fetchall()
        self._db.execute("UPDATE dead_letters SET retry = ? WHERE id = ?", (op.key, op.id))
        for (tx,) in again:
            self.waiting += 1
            self._ledger.append("Retried", tx, {"id": op.key, "letter": op.id, "at": encode(Stamp, op.at)})

    def _number(self, boot: int, op: Number) -> None:
        self._db.execute("UPDATE transactions SET number = ? WHERE tx = ?", (json.dumps(op.number), op.tx))
        self._ledger.append("Numbered", op.tx, {"number": op.number, "at": encode(Stamp, op.at)})

    def _remember(self, boot: int, op: Remember) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO tokens (text, body) VALUES (?, ?)", (op.token.text.casefold(), dump(Remember, op))
        )
        self._db.execute("DELETE FROM tokens WHERE id <= (SELECT max(id) FROM tokens) - ?", (TOKENS,))

    def _forget(self, boot: int, op: Forget) -> None:
        self._db.execute("DELETE FROM tokens")

    def _setting(self, boot: int, op: KeepSetting) -> None:
        self._db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (op.name, op.value))

    def _availability(self, boot: int, op: KeepAvailability) -> None:
        self._db.execute("INSERT OR REPLACE INTO availability VALUES (?, ?)", (op.evse, op.operative))

    def _reservation(self, boot: int, op: KeepReservation) -> None:
        if op.token is None:
            self._db.execute("DELETE FROM reservations WHERE id = ?", (op.id,))
        else:
            self._db.execute("INSERT OR REPLACE INTO reservations VALUES (?, ?)", (op.id, dump(KeepReservation, op)))

    def _clock(self, boot: int, op: NoteClock) -> None:
        self._db.execute("UPDATE boots SET clock = ?, quality = ? WHERE boot = ?", (op.offset, op.quality, boot))


def _letter(row: tuple[int, str, str, str, str, str, int | None]) -> DeadLetter:
    key, tx, kind, body, why, at, retry = row
    return DeadLetter(key, tx, kind, why, load(Stamp, at), retry is not None, readable(body), body)


def readable(body: str) -> Record | None:
    """The record of an outbox row; None: it was written by another release, or is damaged."""
    try:
        record: Record = load(Record, body)
    except CodecError:
        return None
    return record
