"""Reservations as facts: who holds which charging place until when (OCPP 1.6 section 5.13, OCPP 2.0.1 H01 to H04).

A reservation on evse 0 holds *some* place: it needs one to stay free. It ends when its owner starts, when it expires,
when its place is out of order, or when it is cancelled.
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
        return self.token.same(token) or (self.group is not None and self.group == group)


@dataclass
class Reservations:
    held: dict[int, Reservation] = field(default_factory=dict)

    def on(self, evse: int) -> Reservation | None:
        return next((each for each in self.held.values() if each.evse == evse), None)

    def expired(self, utc: float | None) -> list[Reservation]:
        return [] if utc is None else [each for each in self.held.values() if utc >= each.expires_utc]

    def refuses(self, evse: int, token: IdToken, group: str | None, free: int) -> bool:
        """A token may not start at ``evse``: it is held for another, or is the last of ``free`` places that evse-0
        reservations of others need."""
        own = self.on(evse)
        if own is not None:
            return not own.admits(token, group)
        floating = [each for each in self.held.values() if each.evse == 0 and not each.admits(token, group)]
        return bool(floating) and len(floating) >= free

    def used_by(self, evse: int, token: IdToken, group: str | None) -> Reservation | None:
        """The reservation that a start of ``token`` at ``evse`` uses up."""
        candidates = [each for each in self.held.values() if each.evse in (evse, 0)]
        candidates.sort(key=lambda each: each.evse == 0)
        return next((each for each in candidates if each.admits(token, group)), None)

    @property
    def next_expiry(self) -> float | None:
        return min((each.expires_utc for each in self.held.values()), default=None)
