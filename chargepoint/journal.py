"""Every (now, fact) that the core was told, in a ring of two files: a field bug can be played again at a desk.

Lines are collected and written in slow rhythm, so a journal costs next to nothing. Nobody must learn a card or a
password from it: of a token only the last four characters stay, and values of secret settings and vendor data go.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from chargepoint.codec import CodecError, decode, encode
from chargepoint.core.commands import DataTransfer, RemoteStart, Reserve, SetSetting
from chargepoint.core.facts import Fact, ReservationIs, SettingIs
from chargepoint.core.tokens import IdToken, TokenInfo

_FLUSH_S = 60.0
_FLUSH_BYTES = 65536
_HIDDEN = "***"
_SECRET = re.compile(r"password|authorizationkey|secret|privatekey|pin\b", re.IGNORECASE)
_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Journal:
    """Keeps at most ``max_bytes`` on disk. ``now`` is monotonic seconds. Whoever owns it calls `flush` in the end.

    A journal that cannot be written must not stop a charge: what does not fit is counted in ``lost`` and gone.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._half = max(1, max_bytes // 2)
        self._lines: list[bytes] = []
        self._bytes = 0
        self._since: float | None = None
        self.lost = 0

    def note(self, now: float, fact: Fact) -> None:
        line = (_write([round(now, 6), encode(Fact, masked(fact))]) + "\n").encode()
        if len(line) > self._half:
            self.lost += 1
            return
        if self._bytes + len(line) > min(_FLUSH_BYTES, self._half):
            self.flush()
        self._lines.append(line)
        self._bytes += len(line)
        if self._since is None:
            self._since = now
        elif now - self._since >= _FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        lines, self._lines, self._bytes, self._since = self._lines, [], 0, None
        try:
            self._append(b"".join(lines))
        except OSError:
            self.lost += len(lines)

    def _append(self, chunk: bytes) -> None:
        size = self._path.stat().st_size if self._path.exists() else 0
        if size and size + len(chunk) > self._half:
            self._path.replace(_older(self._path))
        with self._path.open("ab") as file:
            file.write(chunk)


def read(path: Path) -> Iterator[tuple[float, Fact]]:
    """What the ring still holds, oldest first; lines that cannot be understood are passed over. Raises OSError."""
    for part in (_older(path), path):
        if part.exists():
            for line in part.read_bytes().split(b"\n"):
                try:
                    now, fact = json.loads(line)
                    yield float(now), decode(Fact, fact)
                except (ValueError, TypeError, CodecError):
                    continue


def masked(value: Any) -> Any:
    """A fact, or a part of one, without what nobody may read."""
    if rule := _RULES.get(type(value)):
        value = rule(value)
    if isinstance(value, tuple):
        return tuple(masked(item) for item in value)
    if not is_dataclass(value):
        return value
    parts = {field.name: getattr(value, field.name) for field in fields(value)}
    hidden: dict[str, Any] = {
        name: masked(part) for name, part in parts.items() if isinstance(part, tuple) or is_dataclass(part)
    }
    whole: Any = value
    return replace(whole, **hidden) if hidden else value


def _short(text: str) -> str:
    """The last four characters, of a short one at most the last half; the length stays, so different ones mostly do."""
    shown = min(4, len(text) // 2)
    return "*" * (len(text) - shown) + text[len(text) - shown :]


def _group(value: Any) -> Any:
    return replace(value, group=_short(value.group)) if value.group else value


def _setting(value: Any) -> Any:
    return replace(value, value=_HIDDEN) if _SECRET.search(value.name) else value


_RULES: dict[type, Callable[[Any], Any]] = {
    IdToken: lambda token: replace(token, text=_short(token.text)),
    TokenInfo: _group,
    RemoteStart: _group,
    Reserve: _group,
    ReservationIs: _group,
    SettingIs: _setting,
    SetSetting: _setting,
    DataTransfer: lambda transfer: replace(transfer, data=None if transfer.data is None else _HIDDEN),
}


def _older(path: Path) -> Path:
    return path.with_name(path.name + ".1")
