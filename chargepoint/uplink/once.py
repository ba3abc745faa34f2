"""One line of the log per kind of trouble: a backend that errs, errs all day, and a card must not fill up with it."""

from collections.abc import Callable
from dataclasses import dataclass, field

AGAIN_AFTER_S = 3600.0
MOST_KINDS = 64


@dataclass
class Once:
    """``say`` writes a line, ``mono`` gives monotonic seconds. It outlives connections."""

    say: Callable[[str], None]
    mono: Callable[[], float]
    _said: dict[str, tuple[float, int]] = field(default_factory=dict)

    def __call__(self, kind: str, text: str) -> None:
        """Say ``text``, unless something of this kind was said within the hour; then it is only counted."""
        now = self.mono()
        at, more = self._said.get(kind, (None, 0))
        if at is not None and now < at + AGAIN_AFTER_S:
            self._said[kind] = (at, more + 1)
            return
        self._said.pop(kind, None)
        if len(self._said) >= MOST_KINDS:
            del self._said[next(iter(self._said))]
        self._said[kind] = (now, 0)
        self.say(f"{text} ({more} more like it in the hour before)" if more else text)
