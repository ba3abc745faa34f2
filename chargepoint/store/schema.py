"""The numbered schema files, and the way from an older number to the newest: all steps in one transaction."""

import re
import sqlite3
from importlib.resources import files

from chargepoint.errors import StoreError

_FILE = re.compile(r"(\d{3})_\w+\.sql")


def steps() -> dict[int, str]:
    """Schema number -> SQL, ascending."""
    found = {}
    for file in files(__package__).iterdir():
        if match := _FILE.fullmatch(file.name):
            found[int(match[1])] = file.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def newest() -> int:
    return max(steps())


def version(db: sqlite3.Connection) -> int:
    """The schema number of a file; 0 for an empty one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection, to: int | None = None) -> None:
    """Bring a file to the newest schema (or to the number ``to``). Raises StoreError when it is newer than we are."""
    have, want = version(db), newest() if to is None else to
    if have > want:
        raise StoreError(
            f"the state database has schema {have}, this release knows {want}: it was written by a newer release; "
            "install that one again, or move the database away"
        )
    todo = "".join(sql for number, sql in steps().items() if have < number <= want)
    if not todo:
        return
    try:
        db.executescript(f"BEGIN IMMEDIATE;\n{todo}\nPRAGMA user_version = {want};\nCOMMIT;")
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
