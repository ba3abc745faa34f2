"""A retriggerable one-shot, as four numbers on the shared page.

The contactor's coil is held for the length of a lease, the hardware enable for a tenth of a second after each pulse:
both are the same circuit. It is up from ``started`` until ``until``; each trigger moves ``until``. Nobody has to act
for it to drop, so a process that is killed drops it, and whoever reads later still knows exactly when. The hold before
this one is kept too, so a reader that looks rarely counts both. Who writes moves ``until`` last and who reads takes it
first: a reader in between sees the gap, never a hold across it.
"""

ENABLE_HOLD_S = 0.1
CELLS = 4

Span = tuple[float, float]


class OneShot:
    """Four neighbouring cells of a page: started, until, and the same of the hold before. Monotonic seconds."""

    def __init__(self, cells: "memoryview[float]", at: int) -> None:
        self._cells = cells
        self._at = at

    @property
    def started(self) -> float:
        return self._cells[self._at]

    @property
    def until(self) -> float:
        return self._cells[self._at + 1]

    def trigger(self, now: float, hold_s: float) -> None:
        """Up for ``hold_s`` from now."""
        if now >= self.until:
            self._cells[self._at + 2] = self.started
            self._cells[self._at + 3] = self.until
            self._cells[self._at] = now
        self._cells[self._at + 1] = now + hold_s

    def release(self, now: float) -> None:
        if self.until > now:
            self._cells[self._at + 1] = now

    def active(self, now: float) -> bool:
        return self.started <= now < self.until

    def spans(self) -> tuple[Span, ...]:
        """When it was up: the hold before, where there is one, and this one."""
        until, started = self.until, self.started
        before = (self._cells[self._at + 2], self._cells[self._at + 3])
        return ((started, until),) if before[0] == started else (before, (started, until))


def overlap_s(window: Span, first: tuple[Span, ...], second: tuple[Span, ...]) -> float:
    """Seconds within ``window`` in which both were up."""
    return sum(max(0.0, min(window[1], a[1], b[1]) - max(window[0], a[0], b[0])) for a in first for b in second)
