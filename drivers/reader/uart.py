"""Card readers on a serial port: modules that send by themselves, and modules that must be asked.

The port is opened by `tap` and stays open between taps, so that a card shown while nobody waits is not lost; a few of
them are kept. When the port goes away, `tap` says so once and opens it again at its next call: how often to try is the
caller's business.

Every card is told as ISO14443, the word backends know for RFID: OCPP has none for the 125 kHz kinds.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from chargepoint.hal import DeviceUnavailable, Tap
from drivers.reader.taps import Taps
from drivers.serial_line import SerialLine


class Parser(Protocol):
    """The protocol of one kind of reader."""

    def feed(self, data: bytes) -> list[bytes]: ...


class Unanswered(Exception):
    """A module that is asked does not answer; the text says what to check."""


class Talker(Parser, Protocol):
    """The protocol of a module that must be asked. ``poll_s``: how often."""

    poll_s: float

    def question(self, now: float) -> bytes:
        """What to send at ``now`` (seconds of one clock); empty while an answer may come. Raises Unanswered."""


P = TypeVar("P", bound=Parser)


class UartReader(Generic[P]):
    """Implements `hal.Reader`. ``make_parser`` gives a fresh one whenever the port is opened."""

    def __init__(self, port: str, baud: int, make_parser: Callable[[], P], taps: Taps) -> None:
        self._who = f"reader at {port}"
        self._line = SerialLine(self._who, port, baud, self._received, self._is_lost)
        self._make_parser = make_parser
        self._parser = make_parser()
        self._taps = taps

    async def tap(self) -> Tap:
        """Wait for the next card. Raises DeviceUnavailable when the port is lost or does not open; safe to cancel."""
        return await self._taps.next(self._open)

    async def close(self) -> None:
        """Calling it again does nothing; a `tap` that is still waiting must be cancelled by its owner."""
        self._line.close()

    def _open(self) -> None:
        if not self._line.is_open:
            self._line.open()
            self._parser = self._make_parser()

    def _is_lost(self, why: str) -> None:
        self._taps.lost(f"{self._who}: lost ({why}); is it plugged in?")

    def _received(self, data: bytes) -> None:
        for card in self._parser.feed(data):
            self._taps.card(card)


class AskedReader(UartReader[Talker]):
    """A module that must be asked; asking goes on between taps."""

    def __init__(self, port: str, baud: int, make_talker: Callable[[], Talker], taps: Taps) -> None:
        super().__init__(port, baud, make_talker, taps)
        self._timer: asyncio.TimerHandle | None = None

    async def close(self) -> None:
        self._rest()
        await super().close()

    def _open(self) -> None:
        if not self._line.is_open:
            super()._open()
            self._turn()

    def _is_lost(self, why: str) -> None:
        self._rest()
        super()._is_lost(why)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            question = self._parser.question(loop.time())
            if question:
                self._line.send(question)
        except (Unanswered, DeviceUnavailable) as exc:
            self._rest()
            self._line.close()
            self._taps.lost(f"{self._who}: {exc}" if isinstance(exc, Unanswered) else str(exc))
        else:
            self._timer = loop.call_later(self._parser.poll_s, self._turn)
