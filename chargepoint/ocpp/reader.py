"""Tolerant reading of what a backend sends, along the shapes that `deploy/generate_schema.py` makes of the schemas.

What can be understood is understood, and every tolerated deviation is counted under its rule of the interop sheet:

    J1   null, or an empty list where one entry is the least: the member is absent
    J2   a number or boolean written as text, if exact
    J3   an integral float where an integer is asked
    J4   a number or boolean where text is asked
    J5   unknown members are ignored
    J6   members of enumerations in any case
    J7   member names in any case (only with ``any_case``)
    J8   text longer than the schema allows, up to 255 characters; it is never cut
    J12  a decimal finer than the step asked
    J13  empty text for a date, number or enumeration, or an optional date nobody can read: absent
    J15  a transaction id that is no 32-bit integer: kept as it came

A shape is ``(names of required members, {name: field})`` and a field ``(kind, constraint)``:

    ``str``     most characters, 0 for any          ``enum``    tuple of the words allowed
    ``int``     (least, most) or None               ``num``     (least, most, step) or None, each or None
    ``bool``    None                                ``date``    None; read as UTC seconds (float)
    ``id``      None; an integer, or text           ``any``     None; kept as it came, if not nested too deep
    ``object``  shape                               ``list``    (field of the entries, least, most or None)
    ``word``    tuple of the words known, where others are taken too
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from chargepoint.errors import PeerError
from chargepoint.ocpp.dates import parse
from chargepoint.ocpp.dialect import Json

Field = tuple[str, Any]
Shape = tuple[tuple[str, ...], dict[str, Field]]

LONGEST_TEXT = 255
LARGEST_INT = 2**63 - 1
DEEPEST = 16
_EXACT = re.compile(r"\s*(-?\d{1,18})(\.\d{1,18})?\s*", re.ASCII)
_TRUTH = {"true": True, "false": False}


class _Absent:
    """The type of `_ABSENT`."""


_ABSENT = _Absent()


class ReadError(PeerError):
    """The payload cannot be understood. ``path`` names the member ("" is the payload itself), ``kind`` is ``missing``,
    ``type``, ``value`` or ``format`` (a situation of `codes.CODES`), ``text`` says what was expected and found."""

    def __init__(self, path: str, kind: str, text: str) -> None:
        super().__init__(path, kind, text)
        self.path = path
        self.kind = kind
        self.text = text

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


def read(shape: Shape, payload: Any, quirks: Counter[str], any_case: bool = False) -> Json:
    """The payload with the known members only, each of the right type; dates are UTC seconds.

    Tolerances are counted in ``quirks``. Raises ReadError and nothing else, whatever the payload is.
    """
    return _object(payload, shape, quirks, any_case)


def _object(value: Any, shape: Shape, quirks: Counter[str], any_case: bool) -> Json:
    if type(value) is not dict:
        raise _wrong("an object", value)
    required, fields = shape
    clean: Json = {}
    for name, member in value.items():
        field = fields.get(name)
        if field is None:
            other = _other_case(name, fields) if any_case else None
            quirks["J5" if other is None else "J7"] += 1
            if other is None or other in value:
                continue
            name, field = other, fields[other]
        if member is None:
            quirks["J1"] += 1
            continue
        try:
            taken = _READ[field[0]](member, field[1], quirks, any_case)
        except ReadError as error:
            raise _under(name, error) from None
        if taken is not _ABSENT:
            clean[name] = taken
    for name in required:
        if name not in clean:
            raise _lacking(name, value.get(name))
    return clean


def _other_case(name: str, fields: dict[str, Field]) -> str | None:
    wanted = name.casefold()
    return next((known for known in fields if known.casefold() == wanted), None)


def _lacking(name: str, value: Any) -> ReadError:
    if value in (None, "", []):
        return ReadError(name, "missing", "required, but missing")
    return ReadError(name, "format", f"unreadable: {_short(value)}")


def _under(name: str, error: ReadError) -> ReadError:
    dot = "" if not error.path or error.path.startswith("[") else "."
    return ReadError(f"{name}{dot}{error.path}", error.kind, error.text)


def _wrong(expected: str, value: Any, kind: str = "type") -> ReadError:
    return ReadError("", kind, f"expected {expected}, got {_short(value)}")


def _short(value: Any) -> str:
    shown = ascii(value) if isinstance(value, (str, int, float)) else type(value).__name__
    return shown if len(shown) <= 50 else shown[:47] + "..."


def _str(value: Any, longest: int, quirks: Counter[str], any_case: bool) -> str:
    if type(value) is bool:
        quirks["J4"] += 1
        value = "true" if value else "false"
    elif type(value) in (int, float):
        quirks["J4"] += 1
        value = repr(int(value) if type(value) is float and value.is_integer() else value)
    elif type(value) is not str:
        raise _wrong("text", value)
    if longest and len(value) > longest:
        if len(value) > LONGEST_TEXT:
            raise _wrong(f"at most {max(longest, LONGEST_TEXT)} characters", value, "value")
        quirks["J8"] += 1
    if not value.isascii() and not value.isprintable() and any("\ud800" <= c <= "\udfff" for c in value):
        raise _wrong("text that can be written as UTF-8", value, "format")
    return str(value)


def _enum(value: Any, words: tuple[str, ...], quirks: Counter[str], any_case: bool) -> str | _Absent:
    if value in words and type(value) is str:
        return value
    if type(value) is not str:
        raise _wrong("a word", value)
    wanted = value.strip().casefold()
    if not wanted:
        quirks["J13"] += 1
        return _ABSENT
    for word in words:
        if word.casefold() == wanted:
            quirks["J6"] += 1
            return word
    raise _wrong(f"one of {', '.join(words)}", value, "value")


def _word(value: Any, words: tuple[str, ...], quirks: Counter[str], any_case: bool) -> str | _Absent:
    try:
        return _enum(value, words, quirks, any_case)
    except ReadError as error:
        if error.kind != "value":
            raise
        return _str(value, LONGEST_TEXT, quirks, any_case)


def _int(
    value: Any, bounds: tuple[int | None, int | None] | None, quirks: Counter[str], any_case: bool
) -> int | _Absent:
    if type(value) is not int:
        value = _number(value, quirks)
        if isinstance(value, _Absent):
            return value
        if type(value) is float:
            if not value.is_integer():
                raise _wrong("an integer", value)
            quirks["J3"] += 1
            value = int(value)
    if not -LARGEST_INT <= value <= LARGEST_INT:
        raise _wrong("an integer of 64 bits", value, "value")
    if bounds:
        _between(value, *bounds)
    return int(value)


def _num(
    value: Any, bounds: tuple[float | None, float | None, float | None] | None, quirks: Counter[str], any_case: bool
) -> float | _Absent:
    if type(value) not in (int, float):
        value = _number(value, quirks)
        if isinstance(value, _Absent):
            return value
    if not -LARGEST_INT <= value <= LARGEST_INT:
        raise _wrong("a number of common size", value, "value")
    if bounds:
        least, most, step = bounds
        _between(value, least, most)
        if step and not math.isclose(value / step, round(value / step), abs_tol=1e-6):
            quirks["J12"] += 1
    return float(value)


def _number(value: Any, quirks: Counter[str]) -> int | float | _Absent:
    if type(value) is float:
        return value
    if type(value) is not str:
        raise _wrong("a number", value)
    if not value.strip():
        quirks["J13"] += 1
        return _ABSENT
    found = _EXACT.fullmatch(value)
    if found is None:
        raise _wrong("a number", value)
    quirks["J2"] += 1
    return float(value) if found[2] else int(value)


def _between(value: float, least: float | None, most: float | None) -> None:
    if least is not None and value < least:
        raise _wrong(f"at least {least}", value, "value")
    if most is not None and value > most:
        raise _wrong(f"at most {most}", value, "value")


def _bool(value: Any, _: None, quirks: Counter[str], any_case: bool) -> bool:
    if type(value) is bool:
        return value
    truth = _TRUTH.get(value.strip().casefold()) if type(value) is str else None
    if truth is None:
        raise _wrong("true or false", value)
    quirks["J2"] += 1
    return truth


def _date(value: Any, _: None, quirks: Counter[str], any_case: bool) -> float | _Absent:
    if type(value) is not str:
        raise _wrong("a date", value)
    utc = parse(value)
    if utc is None:
        quirks["J13"] += 1
        return _ABSENT
    return utc


def _id(value: Any, _: None, quirks: Counter[str], any_case: bool) -> int | str | _Absent:
    if type(value) is str and value.strip():
        found = _EXACT.fullmatch(value)
        if found is None or found[2] or str(int(value)) != value:
            quirks["J15"] += 1
            return _str(value, LONGEST_TEXT, quirks, any_case)
    number = _int(value, None, quirks, any_case)
    if type(number) is int and not -(2**31) <= number < 2**31:
        quirks["J15"] += 1
    return number


def _any(value: Any, _: None, quirks: Counter[str], any_case: bool) -> Any:
    if _too_deep(value, DEEPEST):
        raise ReadError("", "value", f"expected at most {DEEPEST} levels of lists and objects")
    return value


def _too_deep(value: Any, left: int) -> bool:
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    return any(left == 0 or _too_deep(each, left - 1) for each in inner)


def _list(
    value: Any, constraint: tuple[Field, int, int | None], quirks: Counter[str], any_case: bool
) -> list[Any] | _Absent:
    if type(value) is not list:
        raise _wrong("a list", value)
    (kind, inner), least, most = constraint
    if not value and least:
        quirks["J1"] += 1
        return _ABSENT
    if most is not None and len(value) > most:
        raise ReadError("", "value", f"expected at most {most} entries, got {len(value)}")
    entry_of = _READ[kind]
    entries = []
    for index, entry in enumerate(value):
        try:
            taken = entry_of(entry, inner, quirks, any_case)
        except ReadError as error:
            raise _under(f"[{index}]", error) from None
        if taken is not _ABSENT:
            entries.append(taken)
    return entries


_READ: dict[str, Callable[[Any, Any, Counter[str], bool], Any]] = {
    "str": _str,
    "enum": _enum,
    "word": _word,
    "int": _int,
    "num": _num,
    "bool": _bool,
    "date": _date,
    "id": _id,
    "any": _any,
    "object": _object,
    "list": _list,
}
