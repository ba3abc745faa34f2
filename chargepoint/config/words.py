"""How a value and a bound are put into words. No secret comes through here, and no text longer than a line."""

import re
from typing import Any

from chargepoint.config.keys import Key, Path, keys, tables
from chargepoint.config.schema import Between, Config, Items, Matches

LONGEST = 60
_USER_INFO = re.compile(r"//[^/\s]*@")
_KINDS = ((bool, "true or false"), (str, "text"), (int, "a whole number"), (float, "a number"), (dict, "a table"))


def number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def bounds(key: Key) -> str:
    """What is allowed, without the unit: ``6..80``, ``"stop" or "resume"``."""
    if key.shape == "choice":
        choices = [shown(choice) for choice in key.of]
        return " or ".join(choices) if len(choices) < 3 else f"one of {', '.join(choices)}"
    if key.shape == "list" and key.of.shape == "choice":
        return f"{_count(key.bound)} of {', '.join(shown(choice) for choice in key.of.of)}"
    if isinstance(key.bound, Between):
        return f"{number(key.bound.low)}..{number(key.bound.high)}"
    if isinstance(key.bound, Items):
        return f"{_count(key.bound)} entries"
    return key.bound.words if isinstance(key.bound, Matches) else ""


def wanted(key: Key) -> str:
    """The end of a sentence that begins with "must be"."""
    allowed = bounds(key)
    if key.shape == "table":
        return f"a table: write [{key.name}]"
    if key.shape == "tables":
        return f"a list of tables: write [[{key.name}]]"
    if key.shape == "number":
        return " ".join(filter(None, ("a number" if not allowed else "", allowed, f"({key.unit})" if key.unit else "")))
    if key.shape == "whole number":
        return " ".join(filter(None, ("a whole number", allowed, f"({key.unit})" if key.unit else "")))
    plain = {"text": "text", "true or false": "true or false", "list": "a list", "map": "a table of settings"}
    return allowed if key.shape in ("text", "choice") and allowed else plain.get(key.shape, "")


def shown(value: Any) -> str:
    """A value as the file would write it, cut to a line, without a user name in an address."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = _USER_INFO.sub("//***@", value)
        cut = text if len(text) <= LONGEST else text[:LONGEST] + "…"
        return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut) + '"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    try:
        return str(value)[:LONGEST]
    except ValueError:  # int() refuses to print more than 4300 digits
        return "a huge number"


def kind(value: Any) -> str:
    return next((words for known, words in _KINDS if isinstance(value, known)), "")


def near(name: str, known: list[str]) -> str:
    import difflib  # 5 ms that only a file with a mistake has to pay

    close = difflib.get_close_matches(name.casefold(), known, 1, 0.6)
    return f"; did you mean {close[0]}?" if close else ""


def unknown(name: str, table: type) -> str:
    """What to say of a key that this table does not have."""
    hint = near(name, list(keys(table)))
    if not hint:
        homes = [place for place, inner in _places() if name in keys(inner)]
        hint = (
            f" here; it belongs to {' or '.join(homes)}" if homes else "; `chargepoint config reference` lists all keys"
        )
    return f"is unknown{hint}"


def heading(path: Path, key: Key) -> str:
    name = ".".join(str(part) for part in path)
    return f"[[{name}]]" if key.shape == "tables" else f"[{name}]"


def _places() -> list[tuple[str, type]]:
    return [
        (heading(path, key) if path else "the top of the file", key.of)
        for path, key in tables(Key("", "table", Config))
    ]


def _count(bound: Any) -> str:
    return f"{bound.low}..{bound.high}" if isinstance(bound, Items) else "any"
