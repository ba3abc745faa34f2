"""Which durable record goes next, and what becomes of one that fails.

Records of one transaction keep their order; a transaction whose record is waiting for its next try does not hold up
the others. A record the backend refuses is tried MessageAttempts times with a growing pause (OCPP 1.6 section 3.7.1,
OCPP 2.0.1 E13); then it goes to the dead letters, where a person can see, export and retry it, and the queue moves on.
Samples of one transaction that wait in a row are sent as one message where the version allows it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from chargepoint.core.records import Record, SecurityEvent, TransactionUpdated
from chargepoint.core.settings import Settings
from chargepoint.core.variables import MESSAGE_ATTEMPT_INTERVAL_S, MESSAGE_ATTEMPTS
from chargepoint.store import Entry, Store

FETCH = 100
LOW_WATER = 25


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent as one: a record and the keys of the entries it stands for."""

    keys: tuple[int, ...]
    record: Record


@dataclass
class Outbox:
    """One connection's view of the queue. ``merge`` is how many samples one message may carry (1: none)."""

    store: Store
    settings: Settings
    merge: int
    warn: Callable[[str, str], None]
    entries: list[Entry] = field(default_factory=list)
    _tries: dict[int, int] = field(default_factory=dict)
    _not_before: dict[str, float] = field(default_factory=dict)
    _drained: bool = False

    @property
    def hungry(self) -> bool:
        """More can be fetched. What waits to reach the disk cannot; it is told by `refreshed`."""
        return not self._drained and len(self.entries) < LOW_WATER and self.store.waiting > len(self.entries)

    def refreshed(self) -> None:
        """The queue has something new, or more of it is on disk."""
        self._drained = False

    async def fetch(self) -> None:
        """Read more entries behind the ones at hand."""
        self._drained = True
        found = await self.store.head(FETCH + len(self.entries))
        known = {entry.key for entry in self.entries}
        new = [entry for entry in found if entry.key not in known]
        if new:
            self._drained = False
            self.entries = sorted([*self.entries, *new], key=lambda entry: entry.key)
            self._tries.update({entry.key: entry.attempts for entry in new if entry.attempts})

    def next(self, now: float) -> Parcel | None:
        """The oldest record whose transaction may speak now."""
        blocked: set[str] = set()
        for position, entry in enumerate(self.entries):
            line = _line(entry.record)
            if line in blocked:
                continue
            if self._not_before.get(line, 0.0) > now:
                blocked.add(line)
                continue
            return self._parcel(position)
        return None

    @property
    def next_try(self) -> float | None:
        """When the earliest record in waiting may be tried again."""
        if not self._not_before:
            return None
        lines = {_line(entry.record) for entry in self.entries}
        return min((at for line, at in self._not_before.items() if line in lines), default=None)

    def confirmed(self, parcel: Parcel) -> None:
        self.store.confirm(parcel.keys)
        self._leave(parcel)

    def failed(self, parcel: Parcel, why: str, now: float) -> None:
        """Try again later, or set aside for good. Samples that were sent as one are tried one by one."""
        key, line = parcel.keys[0], _line(parcel.record)
        self.store.failed(key)
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        if tries >= self.settings[MESSAGE_ATTEMPTS] and len(parcel.keys) == 1:
            self.refused(parcel, f"{tries} times: {why}")
        else:
            self._not_before[line] = now + self.settings[MESSAGE_ATTEMPT_INTERVAL_S] * tries

    def refused(self, parcel: Parcel, why: str) -> None:
        """Set aside for good."""
        kind = type(parcel.record).__name__
        self.warn(f"dead {kind}", f"the backend refused a {kind} ({why}); it is kept: chargepoint queue dead")
        for key in parcel.keys:
            self.store.refuse(key, why)
        self._leave(parcel)

    def _leave(self, parcel: Parcel) -> None:
        self.entries = [entry for entry in self.entries if entry.key not in parcel.keys]
        self._tries.pop(parcel.keys[0], None)
        self._not_before.pop(_line(parcel.record), None)

    def _parcel(self, position: int) -> Parcel:
        first = self.entries[position]
        if not isinstance(first.record, TransactionUpdated) or self.merge < 2 or first.key in self._tries:
            return Parcel((first.key,), first.record)
        alike = _run(self.entries[position:], first.record, self.merge)
        values = tuple(value for entry in alike for value in entry.record.values)
        return Parcel(tuple(entry.key for entry in alike), replace(first.record, values=values))


@dataclass(frozen=True, slots=True)
class _Sampled:
    key: int
    record: TransactionUpdated


def _run(entries: Sequence[Entry], first: TransactionUpdated, most: int) -> list[_Sampled]:
    """The samples of the same transaction that follow each other, up to ``most`` meter values."""
    found: list[_Sampled] = []
    count = 0
    for entry in entries:
        record = entry.record
        if _line(record) != first.tx:
            continue
        if not isinstance(record, TransactionUpdated) or (found and count + len(record.values) > most):
            break
        found.append(_Sampled(entry.key, record))
        count += len(record.values)
    return found


def _line(record: Record) -> str:
    """Records with the same line keep their order."""
    return "security" if isinstance(record, SecurityEvent) else record.tx
