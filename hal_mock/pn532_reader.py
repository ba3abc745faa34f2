"""An NXP PN532 at its high speed UART, from the chip's side (user manual UM0701-02): wake-up, acknowledgements, SAM,
retries, and cards in its field.

Own framing and own checksums: it shares no code with the driver. Until it is woken it hears nothing; before
SAMConfiguration it obeys no other command; unless told to give up it waits for a card without an answer.
"""

from collections import deque
from pathlib import Path

from hal_mock.serial_wire import SerialWire

ACKNOWLEDGE = bytes.fromhex("0000ff00ff00")
SYNTAX_ERROR = bytes.fromhex("0000ff01ff7f8100")
FOR_EVER = 0xFF


def framed(body: bytes) -> bytes:
    """From the chip to the host: the body begins with D5."""
    length, check = len(body), 256 - sum(body) % 256
    return bytes([0, 0, 0xFF, length, (256 - length) % 256]) + body + bytes([check % 256, 0])


class Pn532Reader:
    """Use as ``async with``. ``silent`` and ``damaged`` (a wrong checksum in every answer) are its faults."""

    def __init__(self, name: Path) -> None:
        self._wire = SerialWire(name, self._received)
        self._passing: deque[bytes] = deque()
        self._lying = b""
        self.silent = False
        self.damaged = False
        self._reset()

    @property
    def port(self) -> str:
        return self._wire.port

    async def __aenter__(self) -> "Pn532Reader":
        self.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.unplug()

    def plug(self) -> None:
        self._reset()
        self._wire.plug()

    def unplug(self) -> None:
        self._wire.unplug()

    def show(self, uid: bytes) -> None:
        """A card passes by: it is there for one look."""
        self._passing.append(uid)
        self._look()

    def lay(self, uid: bytes) -> None:
        """A card lies there; empty: nothing any more."""
        self._lying = uid
        self._look()

    def raw(self, data: bytes) -> None:
        self._wire.send(data)

    def _reset(self) -> None:
        self._buffer = b""
        self._awake = False
        self._normal = False
        self._retries = FOR_EVER
        self._looking = False

    def _received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data)[-512:]
        if not self._awake:
            at = self._buffer.find(b"\x55\x55")
            if at < 0:
                return
            self._awake, self._buffer = True, self._buffer[at:]
        while (at := self._buffer.find(b"\x00\x00\xff")) >= 0:
            frame = self._buffer[at:]
            size = frame[3] if len(frame) > 3 else 255
            if len(frame) < size + 7:
                return
            body, self._buffer = frame[5 : 5 + size], frame[size + 7 :]
            if (frame[3] + frame[4]) % 256 == 0 and (sum(body) + frame[5 + size]) % 256 == 0 and body[:1] == b"\xd4":
                self._command(body[1], body[2:])

    def _command(self, code: int, data: bytes) -> None:
        if self.silent:
            return
        self._looking = False
        if code != 0x14 and not self._normal:
            return
        self._wire.send(ACKNOWLEDGE)
        if code == 0x14 and data[:1] == b"\x01":
            self._normal = True
            self._answer(b"\xd5\x15")
        elif code == 0x32 and data[:1] == b"\x05" and len(data) == 4:
            self._retries = data[3]
            self._answer(b"\xd5\x33")
        elif code == 0x4A and data == b"\x01\x00":
            self._looking = True
            self._look()
            if self._looking and self._retries != FOR_EVER:
                self._looking = False
                self._answer(b"\xd5\x4b\x00")
        else:
            self._wire.send(SYNTAX_ERROR)

    def _look(self) -> None:
        uid = self._lying or (self._passing.popleft() if self._looking and self._passing else b"")
        if self._looking and uid:
            self._looking = False
            self._answer(b"\xd5\x4b\x01\x01\x00\x04\x08" + bytes([len(uid)]) + uid)

    def _answer(self, body: bytes) -> None:
        frame = framed(body)
        if self.damaged:
            frame = frame[:-2] + bytes([frame[-2] ^ 1]) + frame[-1:]
        self._wire.send(frame)
