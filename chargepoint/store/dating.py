"""When was that? Stamps of boots that knew the time late, or never.

A stamp that knew its UTC keeps it. Otherwise its boot is asked, or another start of the daemon within the same run of
the machine, for monotonic seconds go on there. A boot that never knew is put right before the start of the next one
that did, its own distances kept: late by the time the power was away, but in order, and never in 1970. While neither
it nor a later boot knows the time there is no answer yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chargepoint.clock import Stamp, TimeQuality

_APART_S = 0.001


@dataclass(slots=True)
class Boot:
    """One start of the daemon. ``opened`` and ``last`` are monotonic seconds: when, and the last record's. ``clock`` is
    UTC at monotonic 0; ``machine`` names the run of the kernel."""

    boot: int
    machine: str
    opened: float
    last: float
    clock: float | None = None
    quality: TimeQuality = TimeQuality.NONE


class Boots:
    """``rows`` ascending; the last is the current one."""

    def __init__(self, rows: Iterable[Boot]) -> None:
        self._rows = {row.boot: row for row in rows}
        self._now = next(reversed(self._rows.values()))

    def note(self, offset: float, quality: TimeQuality) -> bool:
        """The time of this boot. True: it says more than what was known, by quality or by more than a second."""
        now = self._now
        if quality < now.quality:
            return False
        better = now.clock is None or quality > now.quality or abs(offset - now.clock) > 1.0
        if better:
            now.clock, now.quality = offset, quality
        return better

    def stamp(self, mono: float) -> Stamp:
        """This moment of the current boot, with what is known of the time."""
        clock = self._clock(self._now)
        return Stamp(self._now.boot, mono, None if clock is None else clock + mono, self._now.quality)

    def dated(self, stamp: Stamp) -> float | None:
        """UTC seconds since 1970, or None while nobody can know."""
        if stamp.utc is not None:
            return stamp.utc
        row = self._rows.get(stamp.boot)
        clock = self._clock(row) if row else None
        if clock is not None:
            return clock + stamp.mono
        left = max(0.0, row.last - stamp.mono) if row else 0.0
        return self._before(stamp.boot, left)

    def _before(self, boot: int, left: float) -> float | None:
        """``left`` seconds before the end of a boot that never knew."""
        for row in self._rows.values():
            if row.boot > boot:
                left += _APART_S
                clock = self._clock(row)
                if clock is not None:
                    return clock + row.opened - left
                left += max(0.0, row.last - row.opened)
        return None

    def _clock(self, row: Boot) -> float | None:
        if row.clock is not None:
            return row.clock
        known = [
            other.clock for other in self._rows.values() if other.machine == row.machine and other.clock is not None
        ]
        return known[-1] if known else None
