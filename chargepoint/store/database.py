"""The state folder and the file in it: one daemon at a time, and words a technician can act on.

Pages of 1 KiB, because most commits touch one small row in each of a few tables and a commit writes whole pages.
"""

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

from chargepoint.errors import StoreError

FILE = "state.db"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def make_folder(folder: Path) -> None:
    """Raises StoreError."""
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise trouble(folder, error) from None


def lock_folder(state_dir: Path) -> int:
    """A descriptor that holds the folder for this process until it is closed. Raises StoreError."""
    path = state_dir / "lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise trouble(state_dir, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise StoreError(
            f"another chargepoint daemon (process {holder}) uses {state_dir}; stop it first, "
            "or give this one a state_dir of its own"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def connect(path: Path) -> sqlite3.Connection:
    """Opened in WAL mode without implicit transactions. Raises sqlite3.Error or OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in (
            "page_size = 1024",
            "journal_mode = WAL",
            "journal_size_limit = 1048576",
            "cache_size = -512",
            "temp_store = MEMORY",
            "cell_size_check = ON",
        ):
            db.execute(f"PRAGMA {pragma}").fetchall()
    except sqlite3.Error:
        db.close()
        raise
    return db


def damage(path: Path) -> str | None:
    """What is wrong inside an existing file, in a few words; None: nothing. Raises sqlite3.Error or OSError."""
    try:
        db = connect(path)
    except sqlite3.DatabaseError as error:
        return _words(error)
    try:
        found = [str(row[0]) for row in db.execute("PRAGMA integrity_check(3)")]
        return None if found == ["ok"] else "; ".join(found)[:300]
    except sqlite3.DatabaseError as error:
        return _words(error)
    finally:
        db.close()


def trouble(where: Path, error: OSError | sqlite3.Error) -> StoreError:
    """The error for a technician: what cannot be used, why, what to do."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return StoreError(f"{where} is full ({error}); free some space on that file system")
    return StoreError(
        f"{where} cannot be used ({error}); make it readable and writable for user {os.getuid()}, who runs the daemon"
    )


def _words(error: sqlite3.DatabaseError) -> str:
    if error.sqlite_errorcode & 0xFF in _DAMAGED:
        return str(error)
    raise error
