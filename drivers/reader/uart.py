"""Card readers on a serial port.

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

from chargepoint.hal import DeviceUnavailable, Tap
from drivers.reader.again import Again
from drivers.serial_line import SerialLine

MOST_WAITING = 4


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
        self._who = f"reader at {port}"
        self._line = SerialLine(self._who, port, baud, self._received, self._is_lost)
        self._make_parser = make_parser
        self._parser = make_parser()
        self._again = Again(again_after_s)
        self._reverse = reverse
        self._mono = mono
        self._taps: deque[Tap] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._lost = ""

    async def tap(self) -> Tap:
        """Wait for the next card. Raises DeviceUnavailable when the port is lost or does not open; safe to cancel."""
        while not self._taps:
            if self._lost:
                why, self._lost = self._lost, ""
                raise DeviceUnavailable(f"{self._who}: lost ({why}); is it plugged in?")
            self._open()
            self._news.clear()
            await self._news.wait()
        return self._taps.popleft()

    async def close(self) -> None:
        """Calling it again does nothing; a `tap` that is still waiting must be cancelled by its owner."""
        self._line.close()

    def _open(self) -> None:
        if not self._line.is_open:
            self._line.open()
            self._parser = self._make_parser()

    def _is_lost(self, why: str) -> None:
        self._lost = why
        self._news.set()

    def _received(self, data: bytes) -> None:
        for card in self._parser.feed(data):
            if self._again.counts(card, self._mono()):
                self._taps.append(Tap(card[::-1] if self._reverse else card))
                self._news.set()
