"""The text of an OCPP-J frame: taking it apart and putting it together (OCPP 2.1 Part 4, 4.2).

A frame is a JSON list of message type, message id and what the type needs. The id of a request is kept as the text
it came in and echoed byte for byte, because backends use numbers, floats, empty text and 60 characters for it, and
compare what comes back (interop J10).
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NoReturn


class MessageType(IntEnum):
    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6


_TYPES = tuple(str(known.value) for known in MessageType)

NO_ID = '"-1"'
"""The id in the answer to a request whose own id could not be read (OCPP 2.0.1 Part 4, 4.2.3)."""

LONGEST_ID = 36
LONGEST_TEXT = 255
_LONGEST_ECHO = 1000
_ID = re.compile(r'\s*\[\s*(?:"[^"]*"|[^",\]\s]+)\s*,\s*("(?:[^"\\]|\\.)*"|[-+.0-9eE]+)', re.ASCII | re.DOTALL)
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Frame:
    """``type`` may be a number no standard knows; ``id`` is the id as text; ``rest`` is what follows it."""

    type: int
    id: str
    id_raw: str
    rest: list[Any]


class UnreadableError(Exception):
    """No frame. ``situation`` is ``not-json`` or ``malformed``; a frame that was an answer must not be answered."""

    def __init__(self, situation: str, text: str, may_be_request: bool = True) -> None:
        super().__init__(text)
        self.situation = situation
        self.text = text
        self.may_be_request = may_be_request


def parse(data: str | bytes, quirks: Counter[str]) -> Frame:
    """Take a frame apart. Raises UnreadableError and nothing else, whatever the data is."""
    if not isinstance(data, str):
        raise UnreadableError("not-json", "a binary frame")
    if data.startswith(_BOM):
        quirks["J18"] += 1
        data = data[1:]
    try:
        items = _DECODER.decode(data)
    except (ValueError, RecursionError):
        raise UnreadableError("not-json", "no JSON, or more than one text") from None
    if not isinstance(items, list) or not items:
        raise UnreadableError("malformed", "no JSON list with a message type")
    type_ = _type(items[0], quirks)
    if type_ is None:
        raise UnreadableError("malformed", "the message type is no number")
    found = _ID.match(data)
    if found is None or len(found[1]) > _LONGEST_ECHO:
        raise UnreadableError("malformed", "the message id is missing or unreadable", type_ == MessageType.CALL)
    if not isinstance(items[1], str) or not 0 < len(items[1]) <= LONGEST_ID:
        quirks["J10"] += 1
    return Frame(type_, str(items[1]), found[1], items[2:])


def _type(value: Any, quirks: Counter[str]) -> int | None:
    if type(value) is int:
        return value
    if (type(value) is str and value.strip() in _TYPES) or (type(value) is float and value.is_integer()):
        quirks["J11"] += 1
        return int(value)
    return None


def call(id_: str, action: str, payload: Any) -> str:
    return encode([MessageType.CALL.value, id_, action, payload])


def result(id_raw: str, payload: Any) -> str:
    return f"[{MessageType.CALLRESULT},{id_raw},{encode(payload)}]"


def error(id_raw: str, code: str, text: str, details: dict[str, Any]) -> str:
    # "errorDescription ... should be filled in if possible, otherwise a clear empty string": 255 characters at most.
    return f"[{MessageType.CALLERROR},{id_raw},{encode(code)},{encode(text[:LONGEST_TEXT])},{encode(details)}]"


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
"""JSON without spaces, in ASCII. Raises ValueError for what JSON has no word for (NaN, infinity)."""
