"""The ledger: what happened, in order, each row sealed by the sha256 over the seal before it and its own words.

A row that was changed, moved, inserted or taken out breaks every proof from there on; only rows cut off at the very end
leave no trace in the file itself. Rows are written in the transaction that does what they tell.
"""

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FIRST = bytes(32)
_write = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Proof:
    """``broken``: id of the first row whose seal does not fit, None when all do."""

    ok: bool
    rows: int
    broken: int | None = None


def seal(before: bytes, row: int, kind: str, tx: str, body: str) -> bytes:
    return hashlib.sha256(before + _write([row, kind, tx, body]).encode()).digest()


class Ledger:
    """Goes on where the database ends. Appends within the caller's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        last = db.execute("SELECT id, hash FROM ledger ORDER BY id DESC LIMIT 1").fetchone()
        self._row: int = last[0] if last else 0
        self._seal: bytes = last[1] if last else _FIRST

    def append(self, kind: str, tx: str, body: dict[str, Any]) -> None:
        text = _write(body)
        self._row += 1
        self._seal = seal(self._seal, self._row, kind, tx, text)
        self._db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?)", (self._row, kind, tx, text, self._seal))


def verify(path: Path) -> Proof:
    """Walk the whole chain of a state database over a connection of its own. Raises sqlite3.Error."""
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        before, rows = _FIRST, 0
        for row, kind, tx, body, found in db.execute("SELECT id, kind, tx, body, hash FROM ledger ORDER BY id"):
            before = seal(before, row, kind, tx, body)
            rows += 1
            if row != rows or found != before:
                return Proof(False, rows, row)
        return Proof(True, rows)
    finally:
        db.close()
