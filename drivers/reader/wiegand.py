"""Wiegand: every bit of a card's number is a short pulse on one of two lines. Bits in, card numbers out, no I/O.

The lines rest high; a pulse on DATA0 is a 0, one on DATA1 a 1, some 50 us long and 1 to 2 ms apart. A pause ends the
number. It is a parity bit, the data, and another parity bit: the first makes its half of the frame even, the last makes
the other half odd.
"""

FORMATS = (26, 34)  # bits in a frame
PAUSE_S = 0.05
MOST_BITS = 64


class Wiegand:
    def __init__(self) -> None:
        self._bits: list[int] = []
        self._last = 0.0

    def pulse(self, bit: int, now: float) -> bytes:
        """A pulse at ``now`` (seconds). The card that was complete before it, or empty."""
        card = self.end() if now - self._last >= PAUSE_S else b""
        if len(self._bits) < MOST_BITS:
            self._bits.append(bit)
        self._last = now
        return card

    def end(self) -> bytes:
        """There was a pause: the card that is complete, or empty."""
        bits, self._bits = self._bits, []
        return decode(bits)


def decode(bits: list[int]) -> bytes:
    """Three bytes of 26 bits, four of 34; empty where length or parity is wrong."""
    half = len(bits) // 2
    if len(bits) not in FORMATS or sum(bits[:half]) % 2 != 0 or sum(bits[half:]) % 2 != 1:
        return b""
    number = int("".join(map(str, bits[1:-1])), 2)
    return number.to_bytes((len(bits) - 2) // 8)
