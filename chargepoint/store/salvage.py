"""A damaged database is put aside, never thrown away, and what can be read of it goes into a new one.

Each table is read from its beginning up to the first page that fails, then from its end. The new file is built beside
the old one and takes its place by renames whose order lets a power cut at any point be finished at the next start:
``state.db.new`` is unfinished and worth nothing, ``state.db.salvaged`` is complete.
"""

import os
import sqlite3
from pathlib import Path

from chargepoint.store.ledger import Ledger
from chargepoint.store.schema import migrate

_KEYS = {
    "boots": "boot",
    "outbox": "id",
    "transactions": "tx",
    "dead_letters": "id",
    "ledger": "id",
    "settings": "name",
    "availability": "evse",
    "reservations": "id",
    "tokens": "id",
}


def salvage(path: Path, damage: str, moment: str) -> tuple[str, ...]:
    """Replace a damaged file; ``moment`` goes into the name of the old one. Sentences for the log.

    Raises sqlite3.Error or OSError when the new file cannot be written.
    """
    building, aside = path.with_name(path.name + ".new"), path.with_name(f"{path.name}.damaged-{moment}")
    building.unlink(missing_ok=True)
    new = sqlite3.connect(building, isolation_level=None)
    try:
        new.execute("PRAGMA page_size = 1024")
        migrate(new)
        lost = _copy(path, new)
        Ledger(new).append("Salvaged", "", {"aside": aside.name, "incomplete": lost})
        new.execute("UPDATE boots SET waiting = (SELECT count(*) FROM outbox)")
    finally:
        new.close()
    building.chmod(0o600)
    building.rename(path.with_name(path.name + ".salvaged"))
    finish(path, moment)
    told = [
        f"the state database was damaged ({damage}); it is kept as {aside}, what could be read of it goes on being used"
    ]
    if lost:
        told.append(f"not everything could be read: rows are missing from {', '.join(lost)}")
    return tuple(told)


def finish(path: Path, moment: str) -> None:
    """Put a completed salvage in place, and clear away an unfinished one."""
    done = path.with_name(path.name + ".salvaged")
    if done.exists():
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(path.with_name(f"{path.name}.damaged-{moment}{suffix}"))
        done.rename(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    path.with_name(path.name + ".new").unlink(missing_ok=True)


def _copy(path: Path, new: sqlite3.Connection) -> list[str]:
    """The tables that could not be read in full."""
    old = sqlite3.connect(path, isolation_level=None)
    old.text_factory = lambda raw: raw.decode("utf-8", "replace")
    lost = []
    new.execute("BEGIN")
    try:
        for table, key in _KEYS.items():
            if not (_rescue(old, new, table, key, "ASC") or _rescue(old, new, table, key, "DESC")):
                lost.append(table)
    finally:
        old.close()
    new.execute("COMMIT")
    return lost


def _rescue(old: sqlite3.Connection, new: sqlite3.Connection, table: str, key: str, order: str) -> bool:
    """True: read to the end."""
    try:
        known = {row[1] for row in new.execute(f"PRAGMA table_info({table})")}
        columns = [row[1] for row in old.execute(f"PRAGMA table_info({table})") if row[1] in known]
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        for row in old.execute(f"SELECT {names} FROM {table} ORDER BY {key} {order}"):  # noqa: S608
            new.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            raise
        return False
    return True
