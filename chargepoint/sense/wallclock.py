"""The machine's clock -> facts. Whether the kernel holds it for synchronised decides its quality; a clock from before
this program was written is no time at all."""

import asyncio
import ctypes
from collections.abc import Callable

from chargepoint.clock import Clock, TimeQuality
from chargepoint.core.facts import ClockIs, Fact

EARLIEST_UTC = 1_760_000_000.0  # October 2025
LOOK_EVERY_S = 60.0
STEP_S = 0.5
_UNSYNCHRONISED = 0x40
_TIMEX_BYTES = 256


def quality(utc: float, synchronised: bool) -> TimeQuality:
    if utc < EARLIEST_UTC:
        return TimeQuality.NONE
    return TimeQuality.NTP if synchronised else TimeQuality.RESTORED


def kernel_is_synchronised() -> bool:
    """adjtimex(2) without changing anything: is STA_UNSYNC clear?"""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        timex = ctypes.create_string_buffer(_TIMEX_BYTES)
        state = libc.adjtimex(timex)
    except (OSError, AttributeError):
        return False
    status_at = 5 * ctypes.sizeof(ctypes.c_long)
    status = int.from_bytes(timex.raw[status_at : status_at + 4], "little")
    return state >= 0 and not status & _UNSYNCHRONISED


async def watch(clock: Clock, synchronised: Callable[[], bool], post: Callable[[Fact], None]) -> None:
    """Tell the time at once, and again whenever it stepped or its quality changed. Safe to cancel."""
    told: ClockIs | None = None
    while True:
        utc, mono = clock.utc(), clock.mono()
        seen = ClockIs(utc - mono, quality(utc, synchronised()))
        if seen.quality is not TimeQuality.NONE and (
            told is None or told.quality is not seen.quality or abs(told.offset - seen.offset) > STEP_S
        ):
            told = seen
            post(seen)
        await asyncio.sleep(LOOK_EVERY_S)
