"""What outlives a connection: is the station accepted, by which version, and when may it ask again."""

from collections.abc import Callable
from dataclasses import dataclass

from chargepoint.core.facts import Fact, LinkIs, Registration, SettingIs
from chargepoint.core.records import Boot, BootReason, StationIdentity
from chargepoint.core.variables import HEARTBEAT_INTERVAL_S
from chargepoint.ocpp.dialect import Registered

OWN_BOOT_WAIT_S = 60.0
LONGEST_WAIT_S = 86400


@dataclass
class Registry:
    """``boot_at`` is the monotonic time at which the boot is due; None while it is under way, and once it was accepted.

    A reconnection does not boot again (OCPP-J 1.6 5.3), unless the version is another; and a station that must wait
    keeps waiting, however often the link is lost meanwhile.
    """

    identity: StationIdentity
    reason: BootReason
    post: Callable[[Fact], None]
    registration: Registration = Registration.NONE
    subprotocol: str = ""
    boot_at: float | None = None
    _told: LinkIs | None = None

    @property
    def accepted(self) -> bool:
        return self.registration is Registration.ACCEPTED

    def connected(self, subprotocol: str, now: float) -> None:
        if subprotocol != self.subprotocol:
            self.registration, self.boot_at = Registration.NONE, None
        self.subprotocol = subprotocol
        if not self.accepted and self.boot_at is None:
            self.boot_at = now

    def boot(self, now: float) -> Boot | None:
        """The boot, if it is due; then it counts as under way."""
        if self.boot_at is None or now < self.boot_at:
            return None
        self.boot_at = None
        return Boot(self.identity, self.reason)

    def boot_failed(self, now: float) -> None:
        if not self.accepted:
            self.boot_at = now + OWN_BOOT_WAIT_S

    def answered(self, answer: Registered, now: float) -> bool:
        """The backend's answer to a boot (OCPP 1.6 section 4.2, OCPP 2.0.1 B01 to B03); True: the station is in."""
        self.registration = answer.status
        interval_s = min(max(answer.interval_s or 0, 0), LONGEST_WAIT_S)
        if not self.accepted:
            self.boot_at = now + (interval_s or OWN_BOOT_WAIT_S)
            self.tell(False)
            return False
        self.boot_at = None
        if interval_s > 0:
            self.post(SettingIs(HEARTBEAT_INTERVAL_S.id, str(interval_s)))
        return True

    def tell(self, online: bool) -> None:
        """Tell the core how the link is, when that has changed."""
        link = LinkIs(online, self.registration)
        if link != self._told:
            self._told = link
            self.post(link)
