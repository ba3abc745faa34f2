"""Reservations as facts: who holds which charging place until when (OCPP 1.6 section 5.13, OCPP 2.0.1 H01 to H04).

A reservation ends when its owner starts, when it expires, when its place is out of order, or when it is cancelled.
"""

from dataclasses import dataclass, field

from chargepoint.core.tokens import IdToken


@dataclass(frozen=True, slots=True)
class Reservation:
    id: int
    evse: int
    token: IdToken
    expires_utc: float
    group: str | None = None

    def admits(self, token: IdToken, group: str | None) -> bool:
        """The token itself or one of the same non-empty group."""
        return self.token.same(token) or same_group(self.group, group)


def same_group(one: str | None, other: str | None) -> bool:
    """Identifiers are compared without letter case; an empty group is none (OCPP 2.0.1 C09)."""
    return bool(one) and bool(other) and str(one).casefold() == str(other).casefold()


@dataclass
class Reservations:
    """``held`` by id: the same id again replaces (OCPP 2.0.1 H01.FR.02)."""

    held: dict[int, Reservation] = field(default_factory=dict)

    def on(self, evse: int) -> Reservation | None:
        return next((each for each in self.held.values() if each.evse == evse), None)

    def expired(self, now: float, offset: float | None) -> list[Reservation]:
        """``now`` is monotonic seconds, ``offset`` UTC at monotonic 0; without it nothing expires."""
        return [] if offset is None else [each for each in self.held.values() if now >= each.expires_utc - offset]

    def next_expiry(self, offset: float | None) -> float | None:
        """Monotonic seconds of the next one to expire."""
        return None if offset is None else min((each.expires_utc - offset for each in self.held.values()), default=None)

    def refuses(self, evse: int, token: IdToken, group: str | None) -> bool:
        """The place is held for somebody else."""
        own = self.on(evse)
        return own is not None and not own.admits(token, group)
