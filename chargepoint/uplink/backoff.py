"""How long to wait before the next attempt (OCPP 2.0.1 Part 4 5.3 with errata 4.12).

The first wait after a link that worked is short; then it is RetryBackOffWaitMinimum plus chance, and doubles with new
chance added each time, at most RetryBackOffRepeatTimes times. Never at once: a backend that just died needs a second.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chargepoint.core.settings import Settings
from chargepoint.core.variables import BACKOFF_RANDOM_RANGE_S, BACKOFF_REPEAT_TIMES, BACKOFF_WAIT_MINIMUM_S


@dataclass
class Backoff:
    """``chance`` gives 0..1."""

    settings: Settings
    chance: Callable[[], float]
    failures: int = 0
    _wait_s: float = 0.0

    def worked(self) -> None:
        self.failures, self._wait_s = 0, 0.0

    def next_s(self) -> float:
        """The wait before the next attempt, in seconds."""
        self.failures += 1
        if self.failures == 1:
            return 1.0 + self.chance()
        extra = self.chance() * self.settings[BACKOFF_RANDOM_RANGE_S]
        if self.failures == 2:
            self._wait_s = max(1.0, self.settings[BACKOFF_WAIT_MINIMUM_S] + extra)
        elif self.failures - 2 <= self.settings[BACKOFF_REPEAT_TIMES]:
            self._wait_s = 2 * self._wait_s + extra
        return self._wait_s
