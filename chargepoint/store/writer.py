"""The one thread that touches the database: an fsync on a card can take half a second, and the loop must not feel it.

It sleeps until an order comes or a commit is due, and takes all orders that wait in one go. A question is answered
after a commit of what it depends on. An error ends its work for good: the daemon is told, and goes
down in order; what was ordered after the last commit is in the tail file.
"""

import math
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from chargepoint.errors import StoreError
from chargepoint.store.batch import Batch, Rhythm
from chargepoint.store.ops import Confirm, Keep, Op, Refuse, Retry
from chargepoint.store.tables import Committed, Tables

GATHER_S = 0.02
"""A thread that wakes for every confirmation of a replay costs the loop more than the replay itself."""


@dataclass(frozen=True, slots=True)
class _Ordered:
    n: int
    op: Op


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Callable[[Tables], Any]
    behind: tuple[type, ...]
    answer: Future[Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


_Job = _Ordered | _Asked | _Failed | _Stop


class Writer:
    """All three callbacks are called from the thread: ``committed`` after each commit with the last n and the highest
    key in it, ``moved`` when the queue changed, ``fatal`` once."""

    def __init__(
        self,
        db: sqlite3.Connection,
        tables: Tables,
        boot: int,
        rhythm: Rhythm,
        committed: Callable[[int, int, Committed], None],
        moved: Callable[[], None],
        fatal: Callable[[Exception], None],
    ) -> None:
        self._db = db
        self._tables = tables
        self._boot = boot
        self._rhythm = rhythm
        self._committed = committed
        self._moved = moved
        self._fatal = fatal
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._questions: list[_Asked] = []
        self._batch = Batch(boot, rhythm)
        self._hurry = Event()
        self._thread = Thread(target=self._run, name="store", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def order(self, n: int, op: Op) -> None:
        self._put(_Ordered(n, op), hurry=not isinstance(op, Confirm))

    def ask(self, question: Callable[[Tables], Any], behind: tuple[type, ...] = (object,)) -> Future[Any]:
        """Answered after a commit, if one of these ops waits for it. The answer raises StoreError when the thread has
        failed."""
        answer: Future[Any] = Future()
        self._put(_Asked(question, behind, answer))
        return answer

    def fail(self, error: Exception) -> None:
        self._put(_Failed(error))

    def stop(self) -> None:
        """Commit everything that was ordered, close the database, end. Blocks until then."""
        self._put(_Stop())
        self._thread.join()

    def _put(self, job: _Job, hurry: bool = True) -> None:
        self._jobs.put(job)
        if hurry:
            self._hurry.set()

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:
            self._fatal(error)
            self._refuse_questions(error)
        finally:
            self._db.close()

    def _serve(self) -> None:
        stopping = False
        while not stopping:
            jobs = self._wait()
            self._questions = [job for job in jobs if isinstance(job, _Asked)]
            stopping = any(isinstance(job, _Stop) for job in jobs)
            moved = False
            for job in jobs:
                if isinstance(job, _Failed):
                    raise job.error
                if isinstance(job, _Ordered):
                    self._batch.add(job.n, job.op, time.monotonic())
                    moved |= isinstance(job.op, Keep | Confirm | Refuse | Retry)
            if stopping or self._batch.due <= time.monotonic() or self._asked_for():
                self._commit(synced=stopping or self._batch.durable)
            while self._questions:
                self._answer(self._questions[0])
                del self._questions[0]
            if moved:
                self._moved()

    def _wait(self) -> list[_Job]:
        """Everything there is to do; nothing when only a commit is due. Confirmations are let come together."""
        due = self._batch.due
        try:
            jobs = [self._jobs.get(timeout=None if due == math.inf else max(0.0, due - time.monotonic()))]
        except Empty:
            return []
        self._hurry.wait(GATHER_S)
        self._hurry.clear()
        while not self._jobs.empty():
            jobs.append(self._jobs.get_nowait())
        return jobs

    def _asked_for(self) -> bool:
        behind = tuple(kind for asked in self._questions for kind in asked.behind)
        return bool(behind) and any(isinstance(op, behind) for op in self._batch.ops.values())

    def _commit(self, synced: bool) -> None:
        batch = self._batch
        if not (batch.ops or batch.progress):
            return
        done = self._tables.commit(batch, synced)
        self._batch = Batch(self._boot, self._rhythm)
        keys = [op.key for op in batch.ops.values() if isinstance(op, Keep | Retry)]
        self._committed(batch.last_n, max(keys, default=0), done)

    def _answer(self, asked: _Asked) -> None:
        if asked.answer.set_running_or_notify_cancel():
            asked.answer.set_result(asked.question(self._tables))

    def _refuse_questions(self, error: Exception) -> None:
        """Until the owner lets go, nobody may wait for an answer that cannot come."""
        while True:
            for asked in self._questions:
                if asked.answer.running() or asked.answer.set_running_or_notify_cancel():
                    asked.answer.set_exception(StoreError(f"the state database failed: {error}; restart the daemon"))
            job = self._jobs.get()
            if isinstance(job, _Stop):
                return
            self._questions = [job] if isinstance(job, _Asked) else []
