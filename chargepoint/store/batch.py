"""What waits for the next commit, and when that commit is due.

A start, an end and a security event are due at once. A sample waits for company: it goes with the next commit, with
the tenth that waits, or after a minute; one that the backend confirms before that never touches the disk, only its
transaction is known to have come that far. A spaced write costs the card 15 kB whatever its size, so commits are what
is counted (performance sheet, "Durable queue").
"""

import math
from dataclasses import dataclass, field

from chargepoint.clock import Stamp
from chargepoint.core.records import Record, SecurityEvent, TransactionStarted, TransactionUpdated
from chargepoint.core.values import Measurand
from chargepoint.store.ops import (
    Checkpoint,
    Confirm,
    Forget,
    Keep,
    KeepAvailability,
    KeepReservation,
    KeepSetting,
    Op,
    Retry,
)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """``group``: how many samples wait at most. Seconds: how long a sample, a confirmation (or another thing that may
    be told twice), and the mere progress of a transaction wait for company."""

    group: int = 10
    sample_s: float = 60.0
    lazy_s: float = 60.0
    progress_s: float = 300.0


@dataclass(slots=True)
class Progress:
    """How far a transaction has come. ``energy_wh`` is the register at ``at``; None: not told since the last commit."""

    seq: int
    energy_wh: float | None = None
    at: Stamp | None = None


# What was promised to somebody (a vehicle, a backend that got Accepted) is kept before anything else happens.
_AT_ONCE = (Retry, Forget, KeepSetting, KeepAvailability, KeepReservation)


def is_sample(record: Record) -> bool:
    return isinstance(record, TransactionUpdated)


def energy_in(record: Record) -> tuple[float, Stamp] | None:
    """The register that a record tells last, in Wh, and when it was read."""
    if isinstance(record, SecurityEvent):
        return None
    for meter_value in reversed(record.values):
        for value in meter_value.values:
            if value.measurand is Measurand.ENERGY_IMPORT and value.phase is None:
                return value.amount, meter_value.at
    if isinstance(record, TransactionUpdated):
        return None
    return record.energy_wh, record.at


@dataclass(slots=True)
class Batch:
    """``boot`` is the one whose tail lines these are."""

    boot: int
    rhythm: Rhythm = field(default_factory=Rhythm)
    ops: dict[int, Op] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    last_n: int = 0
    last_mono: float = 0.0
    durable: bool = False  # something in it must be on disk before anything else happens
    _samples: dict[int, tuple[int, float]] = field(default_factory=dict)  # key -> n, since
    _lazy_since: float = math.inf
    _progress_since: float = math.inf

    def add(self, n: int, op: Op, now: float) -> None:
        """``now`` is monotonic seconds and starts the waiting."""
        self.last_n = n
        if isinstance(op, Keep):
            self._keep(n, op, now)
        elif isinstance(op, Checkpoint):
            self._advance(op.tx, op.seq, (op.energy_wh, op.at), now)
        elif isinstance(op, Confirm):
            self._confirm(n, op, now)
        else:
            self.ops[n] = op
            self.durable |= isinstance(op, _AT_ONCE)
            self._lazy_since = min(self._lazy_since, now)

    @property
    def due(self) -> float:
        """Monotonic seconds at which the commit must happen; infinity: nothing waits."""
        if self.durable or len(self._samples) >= self.rhythm.group:
            return -math.inf
        oldest = next((since for _, since in self._samples.values()), math.inf)
        return min(
            oldest + self.rhythm.sample_s,
            self._lazy_since + self.rhythm.lazy_s,
            self._progress_since + self.rhythm.progress_s,
        )

    def _keep(self, n: int, op: Keep, now: float) -> None:
        self.ops[n] = op
        record = op.record
        if is_sample(record):
            self._samples[op.key] = n, now
        else:
            self.durable = True
        self._saw(record.at)
        if not isinstance(record, SecurityEvent):
            self._advance(record.tx, record.seq, energy_in(record), now)

    def _confirm(self, n: int, op: Confirm, now: float) -> None:
        left = []
        for key in op.keys:
            if key in self._samples:
                del self.ops[self._samples.pop(key)[0]]
            else:
                left.append(key)
        if left:
            self.ops[n] = Confirm(tuple(left), op.at)
            self._lazy_since = min(self._lazy_since, now)

    def _advance(self, tx: str, seq: int, energy: tuple[float, Stamp] | None, now: float) -> None:
        progress = self.progress.setdefault(tx, Progress(seq))
        progress.seq = max(progress.seq, seq)
        if energy:
            progress.energy_wh, progress.at = energy
            self._saw(energy[1])
        self._progress_since = min(self._progress_since, now)

    def _saw(self, stamp: Stamp) -> None:
        if stamp.boot == self.boot:
            self.last_mono = max(self.last_mono, stamp.mono)


def started(op: Op) -> str | None:
    """The transaction whose start this op keeps."""
    return op.record.tx if isinstance(op, Keep) and isinstance(op.record, TransactionStarted) else None
