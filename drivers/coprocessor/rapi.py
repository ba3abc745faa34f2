"""OpenEVSE's remote API (RAPI): lines of ASCII, each with a checksum. No I/O.

A command is ``$CC parameters :SS^XX`` and a carriage return, where SS is a sequence number in hex (01 to FF) and XX the
exclusive or of all characters before the ``^``. The answer is ``$OK`` or ``$NK``, parameters, and the same sequence
number; a line that begins with ``$A`` comes unasked. (open_evse firmware, rapi_proc.h; sequence numbers since 3.0.0.)
"""

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor

END = b"\r"
LONGEST_LINE = 128
_LINE = re.compile(rb"(\$([A-Z][A-Z0-9])((?: [^ \^:$]+)*)(?: :([0-9A-Fa-f]{2}))?)\^([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Line:
    """``word`` is OK, NK, or what came unasked, such as AT or AB. ``sequence`` 0: none."""

    word: str
    parameters: tuple[str, ...]
    sequence: int = 0


def checksum(text: bytes) -> int:
    return reduce(xor, text, 0)


def command(text: str, sequence: int) -> bytes:
    """``text`` without ``$``, such as ``SC 16 V``."""
    body = f"${text} :{sequence:02X}".encode("ascii")
    return body + b"^%02X" % checksum(body) + END


def parse(line: bytes) -> Line | None:
    """None: it is no RAPI line, or its checksum is wrong."""
    found = _LINE.fullmatch(line.strip())
    if found is None or checksum(found[1]) != int(found[5], 16):
        return None
    word, parameters = found[2].decode("ascii"), found[3].decode("latin-1").split()
    return Line(word, tuple(parameters), int(found[4] or b"0", 16))


class Lines:
    """Bytes -> lines. Counts what was not understood; a line that is too long is dropped."""

    def __init__(self) -> None:
        self._rest = b""
        self.garbage = 0

    def feed(self, data: bytes) -> list[Line]:
        *whole, self._rest = (self._rest + data).split(END)
        self._rest = self._rest[-LONGEST_LINE:]
        parsed = [parse(line[-LONGEST_LINE:]) for line in whole]
        self.garbage += parsed.count(None)
        return [line for line in parsed if line is not None]
