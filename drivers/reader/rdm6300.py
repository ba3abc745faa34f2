"""Frames of an RDM6300 (125 kHz, EM4100 cards): bytes in, card numbers out, no I/O.

A frame is 0x02, ten hex digits (five bytes), two hex digits (their exclusive or), 0x03; relatives of the module put
CR LF before the last byte. A frame that is cut or damaged is dropped, and the next 0x02 starts anew.
"""

import re
from functools import reduce
from operator import xor

FRAME = re.compile(rb"\x02([0-9A-Fa-f]{10})([0-9A-Fa-f]{2})(?:\r\n)?\x03")
LONGEST = 16


class Rdm6300:
    """Implements `uart.Parser`."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The cards whose frames end in ``data``, five bytes each."""
        buffer = self._rest + data
        cards = []
        end = 0
        for frame in FRAME.finditer(buffer):
            card, check = bytes.fromhex(frame[1].decode()), int(frame[2], 16)
            if reduce(xor, card) == check:
                cards.append(card)
            end = frame.end()
        rest = buffer[max(end, len(buffer) - LONGEST + 1) :]
        start = rest.rfind(b"\x02")
        self._rest = rest[start:] if start >= 0 else b""
        return cards
