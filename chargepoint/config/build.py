"""TOML values -> the schema's dataclasses, all problems at once.

A value that cannot be used is reported and replaced by its default, or by an empty one, so that reading goes on and the
checks that compare keys can still run. What is built is only for use when there was no problem.
"""

import re
from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

from chargepoint.config.keys import REQUIRED, Key, Path, keys
from chargepoint.config.schema import Between, Config, Items, Matches
from chargepoint.config.words import bounds, kind, near, shown, unknown, wanted

LONGEST_TEXT = 4000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
EMPTY: dict[str, Any] = {
    "text": "",
    "choice": "",
    "whole number": -1,
    "number": 0.0,
    "true or false": False,
    "list": (),
}


class Problem(NamedTuple):
    """``text`` continues a sentence that begins with the path: "is 100, must be 6..80"."""

    path: Path
    text: str


def build(raw: dict[str, Any]) -> tuple[Config, list[Problem]]:
    problems: list[Problem] = []
    config: Config = _table(Config, raw, (), problems)
    return config, problems


def _table(table: Any, raw: dict[str, Any], path: Path, problems: list[Problem]) -> Any:
    rows = keys(table)
    problems += [Problem((*path, name), unknown(name, table)) for name in raw if name not in rows]
    return table(**{name: _given(row, raw, (*path, name), problems) for name, row in rows.items()})


def _given(key: Key, raw: dict[str, Any], path: Path, problems: list[Problem]) -> Any:
    if key.name in raw:
        return READ[key.shape](key, raw[key.name], path, problems)
    if key.default is not REQUIRED:
        return dict(key.default) if key.shape == "map" else key.default
    if key.shape == "table":
        return _table(key.of, {}, path, problems)
    problems.append(Problem(path, f"is missing, must be {wanted(key)}: {key.meaning}"))
    return EMPTY[key.shape]


def _refuse(key: Key, raw: Any, path: Path, problems: list[Problem], hint: str = "") -> Any:
    found = f"is {kind(raw) or 'something'} that is not shown" if key.secret else f"is {shown(raw)}"
    problems.append(Problem(path, f"{found}, must be {wanted(key)}{hint}"))
    return EMPTY.get(key.shape) if key.default is REQUIRED else key.default


def _text(key: Key, raw: Any, path: Path, problems: list[Problem]) -> Any:
    if not isinstance(raw, str):
        return _refuse(key, raw, path, problems, "; text stands in quotes" if kind(raw) != "a table" else "")
    if _CONTROL.search(raw):
        return _refuse(key, raw, path, problems, ", without control characters")
    if len(raw) > LONGEST_TEXT or (isinstance(key.bound, Matches) and not re.fullmatch(key.bound.pattern, raw)):
        return _refuse(key, raw, path, problems)
    return raw


def _number(key: Key, raw: Any, path: Path, problems: list[Problem]) -> Any:
    kinds = (int, float) if key.shape == "number" else (int,)
    if isinstance(raw, bool) or not isinstance(raw, kinds):
        hint = "; numbers stand without quotes" if isinstance(raw, str) and not key.secret else ""
        return _refuse(key, raw, path, problems, hint)
    if isinstance(key.bound, Between) and not key.bound.low <= raw <= key.bound.high:
        return _refuse(key, raw, path, problems)
    return float(raw) if key.shape == "number" else raw


def _switch(key: Key, raw: Any, path: Path, problems: list[Problem]) -> Any:
    return raw if isinstance(raw, bool) else _refuse(key, raw, path, problems)


def _choice(key: Key, raw: Any, path: Path, problems: list[Problem]) -> Any:
    # True == 1 in Python, and [1] has no hash: compare kind and value
    if any(type(raw) is type(choice) and raw == choice for choice in key.of):
        return raw
    texts = [choice for choice in key.of if isinstance(choice, str)]
    return _refuse(key, raw, path, problems, near(raw, texts) if isinstance(raw, str) else "")


def _list(key: Key, raw: Any, path: Path, problems: list[Problem]) -> Any:
    if not isinstance(raw, list):
        return _refuse(key, raw, path, problems)
    _counted(key, raw, path, problems)
    read = tuple(READ[key.of.shape](key.of, item, (*path, i), problems) for i, item in enumerate(raw, 1))
    for i, item in enumerate(read, 1):
        if item in read[: i - 1] and item != EMPTY[key.of.shape]:
            problems.append(Problem((*path, i), f"is {shown(item)} once more; name it once"))
    return read


def _tables(key: Key, raw: Any, path: Path, problems: list[Problem]) -> Any:
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        return _refuse(key, raw, path, problems)
    _counted(key, raw, path, problems)
    highest = key.bound.high if isinstance(key.bound, Items) else len(raw)
    return tuple(_table(key.of, item, (*path, i), problems) for i, item in enumerate(raw[:highest], 1))


def _one_table(key: Key, raw: Any, path: Path, problems: list[Problem]) -> Any:
    if isinstance(raw, dict):
        return _table(key.of, raw, path, problems)
    _refuse(key, raw, path, problems)
    return _table(key.of, {}, path, []) if key.default is REQUIRED else key.default


def _map(key: Key, raw: Any, path: Path, problems: list[Problem]) -> Any:
    """Component.Variable without quotes arrives as a table in a table: both spellings mean the same."""
    if not isinstance(raw, dict):
        return _refuse(key, raw, path, problems)
    found: dict[str, Any] = {}
    for place, value in _leaves(raw, path):
        name = ".".join(str(part) for part in place[len(path) :])
        _text(key.of, name, place, problems)
        if not isinstance(value, (str, int, float, bool)) or (isinstance(value, float) and not isfinite(value)):
            problems.append(Problem(place, f"is {shown(value)}, must be text, a number, true or false"))
        elif (isinstance(value, str) and len(value) > LONGEST_TEXT) or (isinstance(value, int) and abs(value) > 2**53):
            problems.append(Problem(place, "is too long"))
        elif name.casefold() in (known.casefold() for known in found):
            problems.append(Problem(place, "is given twice; upper and lower case count as the same"))
        else:
            found[name] = value
    _counted(key, list(found), path, problems)
    return found


def _leaves(raw: dict[str, Any], path: Path) -> list[tuple[Path, Any]]:
    found: list[tuple[Path, Any]] = []
    for name, value in raw.items():
        found += _leaves(value, (*path, name)) if isinstance(value, dict) and value else [((*path, name), value)]
    return found


def _counted(key: Key, raw: list[Any], path: Path, problems: list[Problem]) -> None:
    if isinstance(key.bound, Items) and not key.bound.low <= len(raw) <= key.bound.high:
        problems.append(Problem(path, f"has {len(raw)} entries, must have {bounds(key)}"))


READ: dict[str, Callable[[Key, Any, Path, list[Problem]], Any]] = {
    "text": _text,
    "whole number": _number,
    "number": _number,
    "true or false": _switch,
    "choice": _choice,
    "list": _list,
    "tables": _tables,
    "table": _one_table,
    "map": _map,
}
