"""Where the value of a key of the file comes from. Backend settings have more sources; the daemon explains those."""

import re
from typing import Any, NamedTuple

from chargepoint.config import toml
from chargepoint.config.keys import Key, Path, dotted, keys
from chargepoint.config.load import HIDDEN, Report
from chargepoint.config.schema import Config

_PARTS = re.compile(r"[^.\[\]]+")


class Explained(NamedTuple):
    """``value`` as TOML; ``by`` is who won: "file" or "default"."""

    name: str
    value: str
    by: str
    help: str


def is_of_the_file(name: str) -> bool:
    """``station.id`` is; ``HeartbeatInterval`` and ``settings.HeartbeatInterval`` are for the daemon."""
    row = keys(Config).get((_PARTS.findall(name) or [""])[0])
    return row is not None and row.shape != "map"


def explain(name: str, report: Report) -> Explained | None:
    """``connector[2].max_amps``; without a position the first. None: there is no such key, or no such entry.

    ``report`` holds a usable configuration.
    """
    table: Any = Config
    here: Any = report.config
    raw: Any = report.raw
    path: Path = ()
    parts = _PARTS.findall(name)
    while parts:
        part = parts.pop(0)
        row = keys(table).get(part)
        if row is None or here is None:
            return None
        path, here, raw = (*path, part), getattr(here, part), raw.get(part) if isinstance(raw, dict) else None
        if row.shape not in ("table", "tables"):
            return None if parts else _explained(path, row, here, raw is not None)
        if row.shape == "tables":
            position = int(parts.pop(0)) if parts and parts[0].isdecimal() else 1
            path, here, raw = (*path, position), _entry(here, position), _entry(raw, position)
        table = row.of
    return None


def _entry(entries: Any, position: int) -> Any:
    return entries[position - 1] if entries and 1 <= position <= len(entries) else None


def _explained(path: Path, row: Key, value: Any, given: bool) -> Explained:
    shown = HIDDEN if row.secret and value else toml.value(value)
    return Explained(dotted(path), shown, "file" if given else "default", row.meaning)
