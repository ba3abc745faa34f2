"""An NXP PN532 over its high speed UART: bytes in and out, no I/O.

Frames are 00 00 FF, a length and its complement, the direction (D4 to the chip, D5 from it), the command, its data, and
a checksum (PN532 user manual UM0701-02, 6.2). The chip is woken, told to leave its security module alone and to give up
soon when no card is there (it would wait for ever and say nothing), and then asked for a card again and again.
"""

from collections.abc import Iterator

from drivers.reader.uart import Unanswered

WAKE = b"\x55\x55" + b"\0" * 14
START = b"\x00\xff"
TO_CHIP, FROM_CHIP = 0xD4, 0xD5
SAM_CONFIGURATION = bytes([0x14, 0x01, 0x14, 0x01])  # normal mode
FEW_RETRIES = bytes([0x32, 0x05, 0xFF, 0x01, 0x02])  # RFConfiguration, MaxRetries: the last one is for passive targets
LIST_ONE_CARD = bytes([0x4A, 0x01, 0x00])  # InListPassiveTarget: one, ISO 14443 type A at 106 kbit/s
STEPS = (SAM_CONFIGURATION, FEW_RETRIES, LIST_ONE_CARD)
UID_LENGTHS = (4, 7, 10)  # ISO/IEC 14443-3: single, double, triple size
ANSWER_WITHIN_S = 1.0


def frame(command: bytes) -> bytes:
    body = bytes([TO_CHIP]) + command
    length = len(body)
    return b"\x00" + START + bytes([length, -length & 0xFF]) + body + bytes([-sum(body) & 0xFF, 0])


class Pn532:
    """Implements `uart.Talker`."""

    poll_s = 0.1

    def __init__(self) -> None:
        self._rest = b""
        self._step = 0
        self._asked_at: float | None = None

    def question(self, now: float) -> bytes:
        """The next command, once the last one is answered. Raises Unanswered."""
        if self._asked_at is None:
            self._asked_at = now
            return (WAKE if self._step == 0 else b"") + frame(STEPS[self._step])
        if now - self._asked_at > ANSWER_WITHIN_S:
            raise Unanswered(
                f"no answer of a PN532 within {ANSWER_WITHIN_S:g} s; set its switches to HSU, check TX and RX, and the "
                "baud rate (115200 as delivered)"
            )
        return b""

    def feed(self, data: bytes) -> list[bytes]:
        cards = []
        for body in self._bodies(data):
            if self._asked_at is not None and body[:2] == bytes([FROM_CHIP, STEPS[self._step][0] + 1]):
                cards += [card] if (card := _uid(body)) else []
                self._asked_at = None
                self._step = min(self._step + 1, len(STEPS) - 1)
        return cards

    def _bodies(self, data: bytes) -> Iterator[bytes]:
        """What the complete and undamaged frames hold; acknowledgements are none."""
        buffer = self._rest + data
        while (at := buffer.find(START)) >= 0:
            buffer = buffer[at:]
            if len(buffer) < 4:
                break
            length, end = buffer[2], 4 + buffer[2] + 1
            if not length or (length + buffer[3]) & 0xFF:
                buffer = buffer[len(START) :]
            elif len(buffer) < end:
                break
            elif sum(buffer[4:end]) & 0xFF:
                buffer = buffer[len(START) :]
            else:
                yield buffer[4 : end - 1]
                buffer = buffer[end:]
        else:
            buffer = buffer[-1:]
        self._rest = buffer


def _uid(body: bytes) -> bytes:
    """D5 4B, how many, number, SENS_RES (2), SEL_RES, length, UID. Empty without a card."""
    if body[1] != LIST_ONE_CARD[0] + 1 or len(body) < 8 or body[2] == 0:
        return b""
    uid = body[8 : 8 + body[7]]
    return uid if len(uid) == body[7] and len(uid) in UID_LENGTHS else b""
