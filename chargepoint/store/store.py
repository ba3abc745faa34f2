"""The door of the store. The loop asks it from memory and leaves orders; nothing here waits for a disk but `open`.

Every order is applied to memory, written to the tail and handed to the writer under one lock, so the three agree about
the sequence, and what a method returned from survives a killed process.
"""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.facts import Fact
from chargepoint.core.records import Record
from chargepoint.core.tokens import IdToken, Known, TokenInfo
from chargepoint.errors import CommandError, StoreError
from chargepoint.store import ledger, ops
from chargepoint.store.batch import Rhythm, is_sample
from chargepoint.store.opening import Opened, machine_run, open_state
from chargepoint.store.outbox import FRONT, Entry, Outbox
from chargepoint.store.restore import KEYS_PER_BOOT
from chargepoint.store.tables import TOKENS, Committed, DeadLetter, Tables, readable
from chargepoint.store.writer import Writer


class Store:
    """Open with `open`, end with `close`. Implements `ocpp.dialect.Ledger`.

    Unless said otherwise a method neither waits nor raises; a disk error ends the writer thread, which then calls
    ``on_fatal``.
    """

    def __init__(
        self,
        opened: Opened,
        rhythm: Rhythm,
        mono: Callable[[], float],
        on_durable: Callable[[str], None],
        on_queue: Callable[[int], None],
        on_fatal: Callable[[Exception], None],
    ) -> None:
        self.boot = opened.boot
        self.notices = opened.notices
        self._opened = opened
        self._boots = opened.boots
        self._numbers = opened.numbers
        self._tokens = opened.tokens
        self._mono = mono
        self._on_durable = on_durable
        self._on_queue = on_queue
        self._lock = threading.Lock()
        self._closed = False
        self._n = 0
        self._last_key = opened.boot * KEYS_PER_BOOT
        self._retrying = asyncio.Lock()
        self._outbox = Outbox(opened.tables.waiting)
        self._writer = Writer(opened.db, opened.tables, self.boot, rhythm, self._committed, self._moved, on_fatal)
        self._refill(opened.tables, FRONT)
        self._writer.start()

    @classmethod
    def open(
        cls,
        state_dir: Path,
        run_dir: Path,
        on_durable: Callable[[str], None],
        on_queue: Callable[[int], None],
        on_fatal: Callable[[Exception], None],
        *,
        rhythm: Rhythm | None = None,
        machine: str | None = None,
        mono: Callable[[], float] = time.monotonic,
    ) -> "Store":
        """Blocks. The callbacks come from the store's own thread: ``on_durable(tx)`` when a start is on disk,
        ``on_queue(waiting)`` when the queue changed, ``on_fatal`` once. ``machine`` names the run of the kernel and
        defaults to what the kernel says.

        Raises StoreError: another daemon has the folder, it cannot be written, it is full, a newer release wrote it.
        """
        opened = open_state(state_dir, run_dir, machine_run() if machine is None else machine, mono())
        return cls(opened, rhythm or Rhythm(), mono, on_durable, on_queue, on_fatal)

    def restore(self) -> list[Fact]:
        """What the core must be told at the start."""
        return list(self._opened.facts)

    # -- orders ------------------------------------------------------------------------------------------------------

    def keep(self, record: Record) -> None:
        """Deliver this in order, and never lose it."""
        with self._lock:
            key = self._next_key()
            self._outbox.add(key, record, durable=not is_sample(record))
            self._order(ops.Keep(key, record))

    def checkpoint(self, tx: str, seq: int, energy_wh: float, at: Stamp) -> None:
        """How far a running transaction has come; only the latest counts."""
        self._post(ops.Checkpoint(tx, seq, energy_wh, at))

    def confirm(self, keys: Sequence[int]) -> None:
        """The backend has these. A number that came with the answer is told by `learn_number` before."""
        if gone := self._outbox.remove(keys):
            self._post(ops.Confirm(gone, self._now()))

    def refuse(self, key: int, why: str) -> None:
        """The backend will never take it: a dead letter."""
        if self._outbox.remove((key,)):
            self._post(ops.Refuse(key, why, self._now()))

    def failed(self, key: int) -> None:
        self._outbox.failed(key)

    def learn_number(self, tx: str, number: int | str) -> None:
        self._numbers.learn(tx, number)
        self._post(ops.Number(tx, number, self._now()))

    def remember(self, token: IdToken, info: TokenInfo) -> None:
        """Into the authorisation cache, which holds the most recent ones."""
        text = token.text.casefold()
        if self._tokens.get(text) == info:
            return
        self._tokens.pop(text, None)
        self._tokens[text] = info
        if len(self._tokens) > TOKENS:
            del self._tokens[next(iter(self._tokens))]
        self._post(ops.Remember(token, info))

    def forget_tokens(self) -> None:
        self._tokens.clear()
        self._post(ops.Forget())

    def keep_setting(self, name: str, value: str) -> None:
        self._post(ops.KeepSetting(name, value))

    def keep_availability(self, evse: int, operative: bool) -> None:
        self._post(ops.KeepAvailability(evse, operative))

    def keep_reservation(
        self, id: int, evse: int, token: IdToken | None, expires_utc: float = 0.0, group: str | None = None
    ) -> None:
        """``token`` None removes it."""
        self._post(ops.KeepReservation(id, evse, token, expires_utc, group))

    def note_clock(self, offset: float, quality: TimeQuality) -> None:
        """UTC at monotonic 0 of this boot; one of a lower quality than known is not believed."""
        if self._boots.note(offset, quality):
            self._post(ops.NoteClock(offset, quality))

    # -- questions ---------------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many records the backend has not confirmed."""
        return self._outbox.waiting

    def number(self, tx: str) -> int | str | None:
        return self._numbers.number(tx)

    def tx(self, number: int | str) -> str | None:
        return self._numbers.tx(number)

    def dated(self, stamp: Stamp) -> float | None:
        """UTC seconds since 1970; None while neither the boot of the stamp nor a later one knows the time."""
        return self._boots.dated(stamp)

    async def head(self, limit: int) -> list[Entry]:
        """The oldest entries, in order. Those not on disk yet that must be are not among them, nor what follows them.

        Raises StoreError when the writer has failed.
        """
        if self._outbox.lacks(limit):
            await self._ask(lambda tables: self._refill(tables, max(limit, FRONT)), ops.Keep)
        return self._outbox.head(limit)

    async def known(self, token: IdToken) -> Known:
        """What the station holds of a token, expired entries as they are (OCPP identifiers are case-insensitive)."""
        return Known(cached=self._tokens.get(token.text.casefold()))

    @property
    def dead(self) -> int:
        """How many dead letters there are on disk."""
        return self._opened.tables.dead

    async def dead_letters(self) -> list[DeadLetter]:
        """The oldest thousand, in order. Raises StoreError when the writer has failed."""
        found: list[DeadLetter] = await self._ask(Tables.dead_letters, ops.Refuse, ops.Retry)
        return found

    async def retry(self, id: int) -> None:
        """A dead letter goes to the end of the queue; it stays on record until it is confirmed. Raises CommandError."""
        async with self._retrying:
            letter: DeadLetter | None = await self._ask(lambda tables: tables.dead_letter(id), ops.Refuse, ops.Retry)
            if letter is None:
                raise CommandError(f"there is no dead letter {id}; ask for the list of them")
            if letter.waiting:
                raise CommandError(f"dead letter {id} is in the queue again already; wait until it has been sent")
            if letter.record is None:
                raise CommandError(f"dead letter {id} cannot be read by this release; export it and report it by hand")
            with self._lock:
                key = self._next_key()
                self._outbox.add(key, letter.record, durable=True)
                self._order(ops.Retry(id, key, self._now()))
            await self._ask(lambda tables: None, object)

    async def verify(self) -> ledger.Proof:
        """Prove the chain of the ledger. Raises StoreError when it cannot be read."""
        await self._ask(lambda tables: None, object)
        try:
            return await asyncio.to_thread(ledger.verify, self._opened.path)
        except sqlite3.Error as error:
            raise StoreError(f"the ledger cannot be read: {error}; restart the daemon to have it checked") from None

    async def close(self) -> None:
        """Commit everything and end the thread; the folder is free for another then."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._writer.stop)
            self._opened.tail.close()
            os.close(self._opened.lock)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _next_key(self) -> int:
        """Each boot has numbers of its own, so none is used twice, whatever the database forgot in a power cut."""
        self._last_key += 1
        return self._last_key

    def _post(self, op: ops.Op) -> None:
        with self._lock:
            self._order(op)

    def _order(self, op: ops.Op) -> None:
        if self._closed:
            raise RuntimeError(f"an order for a store that is closed: {op}")
        self._n += 1
        try:
            self._opened.tail.append(self.boot, self._n, op)
        except OSError as error:
            self._writer.fail(error)
        self._writer.order(self._n, op)

    def _now(self) -> Stamp:
        return self._boots.stamp(self._mono())

    async def _ask(self, question: Callable[[Tables], Any], *behind: type) -> Any:
        if self._closed:
            raise StoreError("the state database is closed; the daemon is on its way down")
        return await asyncio.wrap_future(self._writer.ask(question, behind))

    # -- on the writer's thread --------------------------------------------------------------------------------------

    def _refill(self, tables: Tables, limit: int) -> None:
        found = [(key, readable(body)) for key, body in tables.head(self._outbox.behind, limit)]
        self._outbox.refill(found)
        for key, record in found:
            if record is None:
                self._post(
                    ops.Refuse(key, "it cannot be read: another release wrote it, or it is damaged", self._now())
                )

    def _committed(self, n: int, key: int, done: Committed) -> None:
        self._outbox.release(key)
        with self._lock:
            if n == self._n:
                self._opened.tail.empty()
        for tx in done.finished:
            self._numbers.forget(tx)
        for tx in done.durable:
            self._on_durable(tx)

    def _moved(self) -> None:
        self._on_queue(self._outbox.waiting)
