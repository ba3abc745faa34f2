"""What a reader saw -> taps: one spelling of the identifier, no double taps, and a short queue for whoever waits.

The spelling is for readers that turn the bytes round or fill them up (a 4 byte identifier as 7 bytes with zeros), so
that one card has one identifier at every reader.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chargepoint.hal import DeviceUnavailable, Tap
from drivers.reader.again import Again

MOST_WAITING = 4
ANY_RANDOM = b"random"
Strip = Literal["none", "front", "end"]


@dataclass(frozen=True, slots=True)
class Spelling:
    """In this order: ``reverse`` the bytes, ``strip`` zero bytes at one end, ``pad`` with them in front to a length."""

    reverse: bool = False
    strip: Strip = "none"
    pad: int = 0

    def stripped(self, uid: bytes) -> bytes:
        uid = uid[::-1] if self.reverse else uid
        if self.strip == "none":
            return uid
        return uid.lstrip(b"\0") if self.strip == "front" else uid.rstrip(b"\0")

    def padded(self, uid: bytes) -> bytes:
        return uid.rjust(self.pad, b"\0")


def is_random(uid: bytes) -> bool:
    """ISO/IEC 14443-3, 6.5.4: a single size UID whose first byte is 08 is a random number, drawn anew each time."""
    return len(uid) == 4 and uid[0] == 0x08


class Taps:
    """``mono`` is the clock of ``again_after_s``."""

    def __init__(
        self, again_after_s: float, spelling: Spelling | None = None, mono: Callable[[], float] = time.monotonic
    ) -> None:
        self._again = Again(again_after_s)
        self._spelling = spelling or Spelling()
        self._mono = mono
        self._waiting: deque[Tap] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._problem = ""

    def card(self, raw: bytes) -> None:
        """The reader sees this card. A phone that draws a new number at every look is one card."""
        uid = self._spelling.stripped(raw)
        random = is_random(uid)
        if uid and self._again.counts(ANY_RANDOM if random else uid, self._mono()):
            self._waiting.append(Tap(self._spelling.padded(uid), random=random))
            self._news.set()

    def lost(self, problem: str) -> None:
        """The reader is gone; a full sentence. Told once, by `next`."""
        self._problem = problem
        self._news.set()

    async def next(self, open_reader: Callable[[], None]) -> Tap:
        """Wait for the next tap, with the reader open. Raises DeviceUnavailable; safe to cancel."""
        while not self._waiting:
            if self._problem:
                problem, self._problem = self._problem, ""
                raise DeviceUnavailable(problem)
            self._news.clear()
            open_reader()
            await self._news.wait()
        return self._waiting.popleft()
