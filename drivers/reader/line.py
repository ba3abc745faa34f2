"""Readers that send a card's number as a line of text: bytes in, card numbers out, no I/O.

The pattern of the configuration finds the number in the line; its first group holds the digits, which may be parted
by colons, dashes or spaces. A line without a match is dropped, and so is one that is longer than any card number.
"""

import re
from typing import Literal

LONGEST_LINE = 256
MOST_DECIMALS = 20
DECIMAL_BYTES = 4
PARTING = re.compile(r"[:\- ]")


class TextLine:
    """Implements `uart.Parser`. ``pattern`` has at least one group. Decimals become 4 bytes, or more if needed."""

    def __init__(self, pattern: str, digits: Literal["hex", "decimal"] = "hex") -> None:
        self._pattern = re.compile(pattern)
        self._number = from_hex if digits == "hex" else from_decimal
        self._rest = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """The cards of the lines that end in ``data``."""
        *lines, rest = re.split(rb"[\r\n]", self._rest + data)
        if lines and self._overlong:
            del lines[0]
            self._overlong = False
        if len(rest) > LONGEST_LINE:
            rest, self._overlong = b"", True
        self._rest = rest
        return [card for line in lines if (card := self._card(line))]

    def _card(self, line: bytes) -> bytes:
        if len(line) > LONGEST_LINE:
            return b""
        found = self._pattern.search(line.decode("ascii", "replace"))
        return self._number(PARTING.sub("", found[1])) if found and found[1] is not None else b""


def from_hex(digits: str) -> bytes:
    """Empty where they are none."""
    try:
        return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
    except ValueError:
        return b""


def from_decimal(digits: str) -> bytes:
    """The number, most significant byte first; empty where they are none."""
    if not digits.isascii() or not digits.isdigit() or len(digits) > MOST_DECIMALS:
        return b""
    number = int(digits)
    return number.to_bytes(max(DECIMAL_BYTES, (number.bit_length() + 7) // 8))
