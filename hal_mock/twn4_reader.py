"""An ELATEC TWN4 with the Simple Protocol app, from the reader's side: lines of hex digits that end with CR.

SearchTag is function 0500 with the most bytes an identifier may have; every answer begins with an error code, of which
00 is none and 01 an unknown function.
"""

from collections import deque
from pathlib import Path

from hal_mock.serial_wire import SerialWire

ISO14443A = 0x80


class Twn4Reader:
    """Use as ``async with``. ``silent`` and ``refuses`` (another app, which does not know SearchTag) are its faults."""

    def __init__(self, name: Path) -> None:
        self._wire = SerialWire(name, self._received)
        self._passing: deque[bytes] = deque()
        self._heard = b""
        self.silent = False
        self.refuses = False

    @property
    def port(self) -> str:
        return self._wire.port

    async def __aenter__(self) -> "Twn4Reader":
        self.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.unplug()

    def plug(self) -> None:
        self._heard = b""
        self._wire.plug()

    def unplug(self) -> None:
        self._wire.unplug()

    def show(self, uid: bytes) -> None:
        """A card passes by: it is there for one search."""
        self._passing.append(uid)

    def raw(self, data: bytes) -> None:
        self._wire.send(data)

    def _received(self, data: bytes) -> None:
        *lines, self._heard = (self._heard + data)[-512:].split(b"\r")
        for line in lines:
            if not self.silent:
                self._wire.send(self._answer(line.decode("ascii").upper()).encode() + b"\r")

    def _answer(self, line: str) -> str:
        if self.refuses or line[:4] != "0500" or len(line) != 6:
            return "01"
        if not self._passing:
            return "0000"
        uid = self._passing.popleft()[: int(line[4:], 16)]
        return f"0001{ISO14443A:02X}{8 * len(uid):02X}{len(uid):02X}{uid.hex().upper()}"
