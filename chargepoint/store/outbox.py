"""The queue as the uplink sees it, from memory: the oldest entries, and how many wait in all.

Only a front part is held; after a long outage the rest stays in the database and is fetched as the front runs down. An
entry shows only when everything durable up to it is on disk: the backend never hears of a transaction that a power cut
could still undo. One lock, never held over a disk access, lets the loop and the writer thread share it.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock

from chargepoint.core.records import Record

FRONT = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """``key`` is never used again; ``attempts`` counts those of this start of the daemon that failed."""

    key: int
    record: Record
    attempts: int


class Outbox:
    """``waiting`` counts all entries, those of the database included."""

    def __init__(self, waiting: int) -> None:
        self._lock = Lock()
        self._front: dict[int, Record] = {}
        self._behind = 0
        self._uncommitted: deque[int] = deque()
        self._attempts: dict[int, int] = {}
        self.waiting = waiting

    @property
    def behind(self) -> int:
        """Every waiting entry up to this key is in the front."""
        return self._behind

    def add(self, key: int, record: Record, durable: bool) -> None:
        """``durable``: hold it, and all behind it, until `release`."""
        with self._lock:
            if len(self._front) == self.waiting < FRONT:
                self._front[key] = record
                self._behind = key
            self.waiting += 1
            if durable:
                self._uncommitted.append(key)

    def release(self, upto: int) -> None:
        """Everything up to this key is in the database."""
        with self._lock:
            while self._uncommitted and self._uncommitted[0] <= upto:
                self._uncommitted.popleft()

    def head(self, limit: int) -> list[Entry]:
        """The oldest entries that may be sent."""
        with self._lock:
            hold = self._uncommitted[0] if self._uncommitted else None
            return [
                Entry(key, record, self._attempts.get(key, 0))
                for key, record in islice(self._front.items(), limit)
                if hold is None or key < hold
            ]

    def lacks(self, limit: int) -> bool:
        """The front is shorter than asked for, and more waits behind it."""
        return len(self._front) < min(limit, self.waiting)

    def remove(self, keys: Sequence[int]) -> tuple[int, ...]:
        """Take entries out of the front; returns those that were there."""
        with self._lock:
            gone = tuple(key for key in keys if self._front.pop(key, None) is not None)
            self.waiting -= len(gone)
            for key in gone:
                self._attempts.pop(key, None)
            return gone

    def failed(self, key: int) -> None:
        with self._lock:
            if key in self._front:
                self._attempts[key] = self._attempts.get(key, 0) + 1

    def refill(self, entries: Iterable[tuple[int, Record | None]]) -> None:
        """What follows the front, oldest first, without a gap; record None: it leaves the queue unseen."""
        with self._lock:
            for key, record in entries:
                if record is None:
                    self.waiting -= 1
                else:
                    self._front[key] = record
                self._behind = key
