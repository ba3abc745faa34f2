"""Readers that send a card's number as a line of text: bytes in, card numbers out, no I/O.

The pattern of the configuration finds the number in the line; its first group holds hex digits, which may be parted
by colons, dashes or spaces. A line without a match is dropped, and so is one that is longer than any card number.
"""

import re

LONGEST_LINE = 256
PARTING = re.compile(r"[:\- ]")


class HexLine:
    """Implements `uart.Parser`. ``pattern`` has at least one group."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
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
        if not found or found[1] is None:
            return b""
        digits = PARTING.sub("", found[1])
        try:
            return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
        except ValueError:
            return b""
