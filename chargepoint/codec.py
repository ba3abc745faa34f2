"""Our own dataclasses as JSON and back, driven by their annotations.

What is written today is read by the release of next year, and perhaps by the one of last year after a failed update.
So a field that equals its default is not written, a missing field takes its default, an unknown field is ignored, and
enumerations go by value. Where an annotation allows several dataclasses, the object carries its class name in ``is``.
Only what really cannot be understood raises `CodecError`; the caller decides what becomes of it.
"""

import json
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

TAG = "is"
_Convert = Callable[[Any], Any]
_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class CodecError(ValueError):
    """The text says which field, and what stood there."""


def dump(kind: Any, value: Any) -> str:
    """One line of JSON for a ``value`` of the annotation ``kind`` (a dataclass, or a union of them)."""
    return _write(_pair(kind)[0](value))


def load(kind: Any, text: str | bytes) -> Any:
    """The value again. Raises CodecError."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CodecError(f"not JSON: {error}") from None
    return decode(kind, data)


def encode(kind: Any, value: Any) -> Any:
    """As `dump`, but dicts and lists instead of text."""
    return _pair(kind)[0](value)


def decode(kind: Any, data: Any) -> Any:
    """As `load`, from dicts and lists. Raises CodecError."""
    return _pair(kind)[1](data)


@cache
def _pair(kind: Any) -> tuple[_Convert, _Convert]:
    """How to write and how to read a value of this annotation."""
    if kind is Any:
        return _same, _same
    if get_origin(kind) in (Union, UnionType):
        return _union(get_args(kind))
    if get_origin(kind) is tuple:
        write, read = _pair(get_args(kind)[0])
        return lambda items: [write(item) for item in items], lambda data: tuple(map(read, _checked(list, data)))
    if _is_record(kind):
        return _object(kind)
    if issubclass(kind, Enum):
        return lambda member: member.value, _enum(kind)
    if kind is float:
        return _same, _number
    return _same, lambda data: data if type(data) is kind else _checked(kind, data)


def _is_record(kind: Any) -> bool:
    return is_dataclass(kind)


def _same(value: Any) -> Any:
    return value


def _checked(kind: type, data: Any) -> Any:
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise CodecError(f"expected {kind.__name__}, found {str(data)[:40]!r}")
    return data


def _number(data: Any) -> float:
    if type(data) is float:
        return data
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise CodecError(f"expected a number, found {str(data)[:40]!r}")
    return float(data)


def _enum(kind: type[Enum]) -> _Convert:
    members = {member.value: member for member in kind}

    def read(data: Any) -> Enum:
        try:
            return members[data]
        except (KeyError, TypeError):
            raise CodecError(f"{str(data)[:40]!r} is no {kind.__name__}") from None

    return read


def _union(kinds: tuple[Any, ...]) -> tuple[_Convert, _Convert]:
    classes = {kind.__name__: kind for kind in kinds if _is_record(kind)}
    others = tuple(kind for kind in kinds if kind is not NoneType and not _is_record(kind))
    if len(classes) + len(others) == 1:
        write, read = _pair(next(kind for kind in kinds if kind is not NoneType))
        return lambda value: None if value is None else write(value), lambda data: None if data is None else read(data)
    if not classes:
        return _same, lambda data: _scalar(kinds, data)

    def write_tagged(value: Any) -> Any:
        return None if value is None else {TAG: type(value).__name__, **encode(type(value), value)}

    def read_tagged(data: Any) -> Any:
        if data is None and NoneType in kinds:
            return None
        name = _checked(str, _checked(dict, data).get(TAG))
        if name not in classes:
            raise CodecError(f"no such thing as {name[:40]!r} here")
        return decode(classes[name], data)

    return write_tagged, read_tagged


def _scalar(kinds: tuple[Any, ...], data: Any) -> Any:
    if type(data) not in kinds:
        raise CodecError(f"found {str(data)[:40]!r} of the wrong type")
    return data


def _object(kind: type) -> tuple[_Convert, _Convert]:
    hints = get_type_hints(kind)
    rows = [(field.name, field.default, *_pair(hints[field.name])) for field in fields(kind)]

    def write(value: Any) -> dict[str, Any]:
        found = {}
        for name, default, put, _ in rows:
            item = getattr(value, name)
            if item is not default and (default is MISSING or item != default):
                found[name] = put(item)
        return found

    def read(data: Any) -> Any:
        found = {}
        _checked(dict, data)
        for name, default, _, take in rows:
            if name in data:
                try:
                    found[name] = take(data[name])
                except CodecError as error:
                    raise CodecError(f"{kind.__name__}.{name}: {error}") from None
            elif default is MISSING:
                raise CodecError(f"{kind.__name__}.{name} is missing")
        return kind(**found)

    return write, read
