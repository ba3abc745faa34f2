"""A retriggerable one-shot, as three numbers on the shared page.

The contactor's coil is held for the length of a lease, the hardware enable for a tenth of a second after each pulse:
both are the same circuit. It is up from ``started`` until ``until``; each trigger moves ``until``. Nobody has to act
for it to drop, so a process that is killed drops it, and whoever reads later still knows exactly when. ``before`` is
the end of the hold that came before this one: with it a reader that looks rarely counts both.
"""

ENABLE_HOLD_S = 0.1

Span = tuple[float, float]


class OneShot:
    """Three neighbouring cells of a page: started, until, before. Times are monotonic seconds."""

    def __init__(self, cells: "memoryview[float]", at: int) -> None:
        self._cells = cells
        self._at = at

    @property
    def started(self) -> float:
        return self._cells[self._at]

    @property
    def until(self) -> float:
        return self._cells[self._at + 1]

    @property
    def before(self) -> float:
        return self._cells[self._at + 2]

    def trigger(self, now: float, hold_s: float) -> None:
        """Up for ``hold_s`` from now. ``until`` is written last: a reader in between sees it down."""
        if now >= self.until:
            self._cells[self._at + 2] = self.until
            self._cells[self._at] = now
        self._cells[self._at + 1] = now + hold_s

    def release(self, now: float) -> None:
        if self.until > now:
            self._cells[self._at + 1] = now

    def active(self, now: float) -> bool:
        return self.started <= now < self.until

    def spans(self, started_earlier: float) -> tuple[Span, ...]:
        """When it was up, for a reader who last saw it with ``started_earlier``."""
        if self.started == started_earlier:
            return ((self.started, self.until),)
        return (started_earlier, self.before), (self.started, self.until)


def overlap_s(window: Span, first: tuple[Span, ...], second: tuple[Span, ...]) -> float:
    """Seconds within ``window`` in which both were up."""
    return sum(max(0.0, min(window[1], a[1], b[1]) - max(window[0], a[0], b[0])) for a in first for b in second)
