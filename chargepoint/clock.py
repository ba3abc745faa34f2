"""Time with a quality. A Pi has no clock battery: it may wake up in 1970, and a record must never say so.

``mono`` is monotonic seconds within one boot; ``boot`` counts the starts of the station, so (boot, mono) orders
everything that ever happened. ``utc`` is seconds since 1970 or None where the time was not known *then*; such a stamp
is dated later, when the offset of that boot has become known.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Protocol


class TimeQuality(IntEnum):
    """Where the time comes from; a higher one replaces a lower one."""

    NONE = 0
    RESTORED = 1  # the system clock says so, nobody confirmed it since the start
    BACKEND = 2
    NTP = 3
    RTC = 4


@dataclass(frozen=True, slots=True)
class Stamp:
    boot: int
    mono: float
    utc: float | None = None
    quality: TimeQuality = TimeQuality.NONE


class Clock(Protocol):
    boot: int

    def mono(self) -> float: ...

    def utc(self) -> float: ...


class SystemClock:
    """The machine's own clocks."""

    def __init__(self, boot: int = 0) -> None:
        self.boot = boot

    def mono(self) -> float:
        return time.monotonic()

    def utc(self) -> float:
        return time.time()


def iso(utc: float) -> str:
    """RFC 3339 in UTC with milliseconds and ``Z``, the form every backend reads (interop sheet, problem 8)."""
    whole = datetime.fromtimestamp(round(utc * 1000) / 1000, UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%S.") + f"{whole.microsecond // 1000:03d}Z"
