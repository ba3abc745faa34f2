"""From a folder to a store that can be used: lock, check, salvage, migrate, take in the tail, begin a new boot."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chargepoint.core.facts import Fact
from chargepoint.core.tokens import TokenInfo
from chargepoint.store.batch import Batch
from chargepoint.store.database import FILE, connect, damage, lock_folder, make_folder, trouble
from chargepoint.store.dating import Boots
from chargepoint.store.numbers import Numbers
from chargepoint.store.restore import Restored
from chargepoint.store.salvage import finish, salvage
from chargepoint.store.schema import migrate
from chargepoint.store.tables import Tables
from chargepoint.store.tail import Tail, tail_path


@dataclass(frozen=True, slots=True)
class Opened:
    """All that `Store` works with. ``lock`` is a descriptor; it, ``db`` and ``tail`` are to be closed in the end."""

    lock: int
    path: Path
    db: sqlite3.Connection
    tail: Tail
    tables: Tables
    boot: int
    boots: Boots
    numbers: Numbers
    tokens: dict[str, TokenInfo]
    facts: tuple[Fact, ...]
    notices: tuple[str, ...]


def machine_run() -> str:
    """What names this run of the kernel; empty where it does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def open_state(state_dir: Path, run_dir: Path, machine: str, mono: float) -> Opened:
    """``mono`` is now in monotonic seconds. Raises StoreError."""
    make_folder(state_dir)
    make_folder(run_dir)
    with ExitStack() as undo:
        lock = lock_folder(state_dir)
        undo.callback(os.close, lock)
        try:
            tail = Tail(tail_path(run_dir, state_dir))
        except OSError as error:
            raise trouble(run_dir, error) from None
        undo.callback(tail.close)
        try:
            opened = _open(state_dir / FILE, tail, lock, machine, mono, undo)
        except (OSError, sqlite3.Error) as error:
            raise trouble(state_dir, error) from None
        undo.pop_all()
        return opened


def _open(path: Path, tail: Tail, lock: int, machine: str, mono: float, undo: ExitStack) -> Opened:
    notices = _mend(path)
    salvaged = bool(notices)
    db = connect(path)
    undo.callback(db.close)
    migrate(db)
    restored = Restored(db)
    tables = Tables(db, _waiting(db))
    skipped = _take_in(db, tables, tail, salvaged)
    if skipped:
        notices.append(f"{skipped} lines of the tail file were written by another release and could not be understood")
    if salvaged:
        tables.waiting = int(db.execute("SELECT count(*) FROM outbox").fetchone()[0])
    boot = restored.last_boot() + 1
    db.execute(
        "INSERT INTO boots (boot, machine, opened, last, waiting) VALUES (?, ?, ?, ?, ?)",
        (boot, machine or f"boot {boot}", mono, mono, tables.waiting),
    )
    tail.empty()
    restored.forget_boots(boot)
    facts = tuple(restored.facts())
    return Opened(
        lock,
        path,
        db,
        tail,
        tables,
        boot,
        Boots(restored.boots()),
        Numbers(restored.numbers()),
        restored.tokens(),
        facts,
        (*notices, *restored.notices),
    )


def _mend(path: Path) -> list[str]:
    """Sentences about what was wrong with the file; none: it is as it was left."""
    moment = _moment(path)
    finish(path, moment)
    if not path.exists() or not path.stat().st_size:
        return []
    found = damage(path)
    return list(salvage(path, found, moment)) if found else []


def _moment(path: Path) -> str:
    """Now, as part of a name that no file put aside has yet (a Pi may wake up in 1970 every time)."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    taken = len(list(path.parent.glob(f"{path.name}.damaged-{now}*")))
    return f"{now}-{taken}" if taken else now


def _waiting(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT waiting FROM boots ORDER BY boot DESC LIMIT 1").fetchone()
    return int(row[0]) if row else 0


def _take_in(db: sqlite3.Connection, tables: Tables, tail: Tail, salvaged: bool) -> int:
    """Commit what the tail holds and the database does not; how many lines could not be understood.

    A tail of a boot that the database never saw belongs to a database that was removed, unless this one was salvaged.
    """
    applied: dict[int, int] = dict(db.execute("SELECT boot, applied FROM boots"))
    batches: dict[int, Batch] = {}
    skipped = 0
    for boot, n, op in tail.lines():
        if n <= applied.get(boot, 0) or not (boot in applied or salvaged):
            continue
        if op is None:
            skipped += 1
        else:
            batches.setdefault(boot, Batch(boot)).add(n, op, 0.0)
    _know_boots(db, batches)
    for boot in sorted(batches):
        tables.commit(batches[boot], synced=True)
    return skipped


def _know_boots(db: sqlite3.Connection, boots: Iterable[int]) -> None:
    db.executemany(
        "INSERT OR IGNORE INTO boots (boot, machine, opened, last) VALUES (?, ?, 0, 0)",
        [(boot, f"boot {boot}") for boot in boots],
    )
