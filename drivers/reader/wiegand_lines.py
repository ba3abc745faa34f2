"""A Wiegand reader on two GPIO lines.

The pulses are heard in gpiozero's thread and only passed on from there, with their time; everything else happens on
the event loop. The two wires say nothing of whether a reader is at their end.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from chargepoint.hal import Tap
from drivers.reader.taps import Taps
from drivers.reader.wiegand import PAUSE_S, Wiegand

if TYPE_CHECKING:
    from drivers.gpio.pins import Factory, FallingEdges


class WiegandReader:
    """Implements `hal.Reader`. ``make_factory`` gives gpiozero's pins; ``mono`` is the clock of the pulses."""

    def __init__(
        self,
        data_lines: tuple[int, int],
        make_factory: "Callable[[], Factory]",
        taps: Taps,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data_lines = data_lines
        self._make_factory = make_factory
        self._taps = taps
        self._mono = mono
        self._decoder = Wiegand()
        self._held: list[FallingEdges] = []
        self._timer: asyncio.TimerHandle | None = None

    async def tap(self) -> Tap:
        """Wait for the next card. Raises DeviceUnavailable when a line cannot be had; safe to cancel."""
        return await self._taps.next(self._open)

    async def close(self) -> None:
        """Calling it again does nothing; a `tap` that is still waiting must be cancelled by its owner."""
        held, self._held = self._held, []
        for line in held:
            line.release()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _open(self) -> None:
        if self._held:
            return
        from drivers.gpio.pins import FallingEdges

        loop, factory = asyncio.get_running_loop(), self._make_factory()
        held: list[FallingEdges] = []
        try:
            for bit, line in enumerate(self._data_lines):
                held.append(FallingEdges(line, f"Wiegand DATA{bit}", self._passes_on(loop, bit), factory))
        except BaseException:
            for taken in held:
                taken.release()
            raise
        self._decoder = Wiegand()
        self._held = held

    def _passes_on(self, loop: asyncio.AbstractEventLoop, bit: int) -> Callable[[], None]:
        def fell() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._pulse, bit, self._mono())

        return fell

    def _pulse(self, bit: int, at: float) -> None:
        if not self._held:
            return
        self._tell(self._decoder.pulse(bit, at))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self._pause)

    def _pause(self) -> None:
        self._timer = None
        self._tell(self._decoder.end())

    def _tell(self, card: bytes) -> None:
        if card:
            self._taps.card(card)
