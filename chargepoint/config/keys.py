"""What the schema's annotations say, as plain rows, for the loader, the reference page and the example.

A path is a tuple of names and positions. Positions count from 1: ``connector[2]`` is connector 2 of the station.
"""

import re
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from chargepoint.config.schema import Between, Example, Items, Matches, Secret

Path = tuple[str | int, ...]
Shape = Literal["text", "whole number", "number", "true or false", "choice", "list", "map", "table", "tables"]
REQUIRED: Any = object()

SCALARS: dict[type, Shape] = {str: "text", int: "whole number", float: "number", bool: "true or false"}
UNITS = (
    (re.compile(r".*_amps"), "amps per phase"),
    (re.compile(r".*_s"), "seconds"),
    (re.compile(r".*_bytes"), "bytes"),
    (re.compile(r"volts_.*"), "volts"),
    (re.compile(r"baud"), "baud"),
)


class Key(NamedTuple):
    """One key of one table. ``of`` is what the shape is made of: choices, the item's `Key`, or a dataclass."""

    name: str
    shape: Shape
    of: Any = None
    meaning: str = ""
    bound: Between | Matches | Items | None = None
    default: Any = REQUIRED
    secret: bool = False
    example: str | int | None = None

    @property
    def unit(self) -> str:
        return next((unit for pattern, unit in UNITS if pattern.fullmatch(self.name)), "")


@cache
def keys(table: type) -> dict[str, Key]:
    """The keys of one dataclass of the schema, by name, in its order."""
    rows = {}
    for field in fields(table):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        rows[field.name] = _key(field.name, field.type, REQUIRED if default is MISSING else default)
    return rows


def dotted(path: Path) -> str:
    """``connector[2].max_amps``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def tables(key: Key, path: Path = ()) -> list[tuple[Path, Key]]:
    """This table and all tables in it, outer ones first; paths without positions."""
    here = (*path, key.name) if key.name else path
    found = [(here, key)]
    for inner in keys(key.of).values():
        if inner.shape in ("table", "tables"):
            found += tables(inner, here)
    return found


def _key(name: str, hint: Any, default: Any = REQUIRED) -> Key:
    notes: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        notes = tuple(rest)
    shape, of = _shape(hint)
    meaning = next((note for note in notes if isinstance(note, str)), "")
    return Key(
        name,
        shape,
        of,
        meaning or (_first_line(of) if shape == "table" else ""),
        next((note for note in notes if isinstance(note, (Between, Matches, Items))), None),
        default,
        any(isinstance(note, Secret) for note in notes),
        next((note.value for note in notes if isinstance(note, Example)), None),
    )


def _shape(hint: Any) -> tuple[Shape, Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return _shape(next(kind for kind in inner if kind is not NoneType))
    if is_dataclass(hint):
        return "table", hint
    if origin is Literal:
        return "choice", inner
    if origin is tuple:
        item = _key("", inner[0])
        return ("tables", item.of) if item.shape == "table" else ("list", item)
    if origin is dict:
        return "map", _key("", inner[0])
    return SCALARS[hint], None


def _first_line(table: type) -> str:
    return (table.__doc__ or "").strip().splitlines()[0]
