"""Card readers on a serial port through pyserial; the only module that imports it by name.

The port is opened by `tap` and stays open between taps, so that a card shown while nobody waits is not lost; a few of
them are kept. When the port goes away, `tap` says so once and opens it again at its next call: how often to try is the
caller's business.

Every card is told as ISO14443, the word backends know for RFID: OCPP has none for the 125 kHz kinds.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import serial

from chargepoint.hal import DeviceUnavailable, Tap
from drivers.reader.again import Again

MOST_WAITING = 4
READ_BYTES = 4096


class Parser(Protocol):
    """The protocol of one kind of reader."""

    def feed(self, data: bytes) -> list[bytes]: ...


class UartReader:
    """Implements `hal.Reader`. ``make_parser`` gives a fresh one whenever the port is opened.

    ``reverse``: the module sends the last byte first. ``mono`` is the clock of ``again_after_s``.
    """

    def __init__(
        self,
        port: str,
        baud: int,
        make_parser: Callable[[], Parser],
        again_after_s: float,
        reverse: bool = False,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._port = port
        self._baud = baud
        self._make_parser = make_parser
        self._parser = make_parser()
        self._again = Again(again_after_s)
        self._reverse = reverse
        self._mono = mono
        self._taps: deque[Tap] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._serial: serial.Serial | None = None
        self._lost = ""

    async def tap(self) -> Tap:
        """Wait for the next card. Raises DeviceUnavailable when the port is lost or does not open; safe to cancel."""
        while not self._taps:
            if self._lost:
                why, self._lost = self._lost, ""
                raise DeviceUnavailable(f"reader at {self._port}: lost ({why}); is it plugged in?")
            self._open()
            self._news.clear()
            await self._news.wait()
        return self._taps.popleft()

    async def close(self) -> None:
        """Calling it again does nothing; a `tap` that is still waiting must be cancelled by its owner."""
        self._close()

    def _open(self) -> None:
        if self._serial is not None:
            return
        try:
            self._serial = serial.Serial(self._port, self._baud, timeout=0, exclusive=True)
        except (OSError, ValueError) as exc:
            raise DeviceUnavailable(
                f"reader at {self._port}: {exc}; is it plugged in, may this user open it (group dialout), and does no "
                "other program hold it?"
            ) from exc
        self._parser = self._make_parser()
        asyncio.get_running_loop().add_reader(self._serial.fileno(), self._readable, self._serial)

    def _close(self) -> None:
        if self._serial is not None:
            asyncio.get_running_loop().remove_reader(self._serial.fileno())
            self._serial.close()
            self._serial = None

    def _readable(self, port: serial.Serial) -> None:
        try:
            data = port.read(READ_BYTES)
        except OSError as exc:
            self._close()
            self._lost = str(exc)
            self._news.set()
            return
        for card in self._parser.feed(data):
            if self._again.counts(card, self._mono()):
                self._taps.append(Tap(card[::-1] if self._reverse else card))
                self._news.set()
