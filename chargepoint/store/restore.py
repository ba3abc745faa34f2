"""What the database tells at the start."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.codec import CodecError, load
from chargepoint.core.facts import AvailabilityIs, Fact, ReservationIs, SettingIs, TransactionWasOpen
from chargepoint.core.records import TransactionStarted
from chargepoint.core.tokens import TokenInfo
from chargepoint.store.dating import Boot
from chargepoint.store.ops import KeepReservation, Remember
from chargepoint.store.tables import TOKENS

KEYS_PER_BOOT = 1_000_000_000
_KEEP_BOOTS = 100


class Restored:
    """Reads once, in the opening thread. ``notices`` names what was there and could not be understood."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.notices: list[str] = []

    def facts(self) -> list[Fact]:
        """Settings and availability before transactions, so that a resumed one finds the station as it was."""
        return [*self._settings(), *self._availability(), *self._reservations(), *self.open_transactions()]

    def open_transactions(self) -> Iterator[TransactionWasOpen]:
        rows = "SELECT tx, started, at, seq, energy_wh FROM transactions WHERE NOT ended"
        for tx, started, at, seq, energy_wh in self._db.execute(rows):
            found = (
                self._load(TransactionStarted, started, f"transaction {tx}"),
                self._load(Stamp, at, f"transaction {tx}"),
            )
            if None not in found:
                yield TransactionWasOpen(found[0], seq, energy_wh, found[1])

    def numbers(self) -> dict[str, int | str]:
        """Our transaction id -> the backend's number."""
        rows = self._db.execute("SELECT tx, number FROM transactions WHERE number IS NOT NULL")
        return {tx: json.loads(number) for tx, number in rows}

    def tokens(self) -> dict[str, TokenInfo]:
        """Case-folded text -> what the backend said last, the least recent first."""
        rows = self._db.execute("SELECT text, body FROM tokens ORDER BY id DESC LIMIT ?", (TOKENS,)).fetchall()
        found = {text: self._load(Remember, body, "a token of the cache") for text, body in reversed(rows)}
        return {text: op.info for text, op in found.items() if op}

    def boots(self) -> list[Boot]:
        rows = self._db.execute("SELECT boot, machine, opened, last, clock, quality FROM boots ORDER BY boot")
        known = set(TimeQuality)
        return [
            Boot(boot, machine, opened, last, clock, TimeQuality(quality) if quality in known else TimeQuality.RESTORED)
            for boot, machine, opened, last, clock, quality in rows
        ]

    def last_boot(self) -> int:
        """The highest boot that left a trace."""
        highest = "SELECT max(boot) FROM boots", "SELECT max(id) FROM outbox", "SELECT max(id) FROM dead_letters"
        boot, *keys = (self._db.execute(sql).fetchone()[0] or 0 for sql in highest)
        return max(boot, *(key // KEYS_PER_BOOT for key in keys))

    def forget_boots(self, boot: int) -> None:
        """Drop boots of which no stamp is left, but for the last hundred."""
        oldest = "SELECT min(id) FROM outbox", "SELECT min(id) FROM dead_letters"
        needed = [key // KEYS_PER_BOOT for sql in oldest if (key := self._db.execute(sql).fetchone()[0])]
        needed += [min(found.at.boot, found.started.at.boot) for found in self.open_transactions()]
        self._db.execute("DELETE FROM boots WHERE boot < ?", (min([boot - _KEEP_BOOTS, *needed]),))

    def _settings(self) -> list[Fact]:
        return [SettingIs(*row) for row in self._db.execute("SELECT name, value FROM settings")]

    def _availability(self) -> list[Fact]:
        rows = self._db.execute("SELECT evse, operative FROM availability")
        return [AvailabilityIs(evse, bool(operative)) for evse, operative in rows]

    def _reservations(self) -> list[Fact]:
        found = [
            self._load(KeepReservation, body, f"reservation {key}")
            for key, body in self._db.execute("SELECT id, body FROM reservations")
        ]
        return [ReservationIs(op.id, op.evse, op.token, op.expires_utc, op.group) for op in found if op]

    def _load(self, kind: Any, body: str, what: str) -> Any:
        try:
            return load(kind, body)
        except CodecError as error:
            notice = f"{what} in the state database cannot be read ({error}); it stays there, unused"
            if notice not in self.notices:
                self.notices.append(notice)
            return None
