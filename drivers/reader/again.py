"""When does the same card count again? A module repeats its frame ten times a second while the card lies there.

A card counts when it was not seen for a while; every further sight of it starts that while anew, so a card left on
the reader counts once.
"""

MOST_REMEMBERED = 16


class Again:
    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._seen: dict[bytes, float] = {}

    def counts(self, card: bytes, now: float) -> bool:
        """Whether this sight of ``card`` at ``now`` (monotonic seconds) is a new one."""
        last = self._seen.pop(card, None)
        self._seen[card] = now
        if len(self._seen) > MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return last is None or now - last >= self._after_s
