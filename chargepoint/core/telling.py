"""What one charging place says: order, lock, light and status, each when it has changed.

All of it is derived; only what was said last is kept, so that nothing is said twice.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chargepoint.core.effects import Drive, Latch, Shine, Tell
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.records import ConnectorStatus, StatusIs
from chargepoint.core.status import LIGHTS, between
from chargepoint.core.variables import MINIMUM_STATUS_DURATION_S
from chargepoint.hal import Light

if TYPE_CHECKING:
    from chargepoint.core.evse import Evse

EV_SIDE = "EV side disconnected"
"""OCPP 1.6 section 9.1.28: the words of ``info`` when the vehicle is gone and its transaction is not."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A status as it is told: with the one fault to show and what is known of it."""

    status: ConnectorStatus
    fault: str = ""
    info: str = ""

    def same(self, other: "Shown | None") -> bool:
        """What was measured of a fault may tremble; it is no news."""
        return other is not None and (self.status, self.fault or self.info) == (other.status, other.fault or other.info)


@dataclass
class Telling:
    """``status`` was told at ``told_at``; ``pending`` waits since ``pending_since`` (monotonic seconds)."""

    evse: "Evse"
    order: Drive | None = None
    latch: bool | None = None
    light: Light | None = None
    status: Shown | None = None
    told_at: float = 0.0
    pending: Shown | None = None
    pending_since: float = 0.0

    @property
    def next_deadline(self) -> float | None:
        if self.pending is None:
            return None
        return self.pending_since + self.evse.around.settings[MINIMUM_STATUS_DURATION_S]

    def run(self) -> None:
        self._drive()
        self._latch()
        shown = self._shown()
        light = LIGHTS[shown.status]
        if light is not self.light:
            self.light = light
            self.evse.around.emit(Shine(self.evse.number, light))
        self._hold_back(shown)

    def tell(self, asked: bool = False) -> None:
        """Say the status now, changed or not."""
        self._tell(self._shown(), asked)

    def _drive(self) -> None:
        order = self.evse.power.order
        if order != self.order:
            self.order = order
            self.evse.around.emit(order)

    def _latch(self) -> None:
        """Before the pilot has told first the lock stays as it is: a transaction may be about to go on."""
        evse = self.evse
        known = evse.plug_seen or self.latch is not None
        if evse.setup.has_lock and known and evse.wants_lock is not self.latch:
            self.latch = evse.wants_lock
            evse.around.emit(Latch(evse.number, self.latch))

    def _hold_back(self, shown: Shown) -> None:
        """OCPP 1.6 section 9.1.20: a status is told when it has lasted for MinimumStatusDuration."""
        now = self.evse.around.now
        if shown.same(self.status):
            self.pending = None
            return
        if not shown.same(self.pending):
            self.pending, self.pending_since = shown, now
        if now >= self.pending_since + self.evse.around.settings[MINIMUM_STATUS_DURATION_S]:
            self.told_at = now
            self._tell(shown)

    def _tell(self, shown: Shown, asked: bool = False) -> None:
        evse, step = self.evse, None
        if self.status is not None:
            step = between(self.status.status, shown.status)
        for each in (Shown(step), shown) if step is not None else (shown,):
            status = StatusIs(evse.number, each.status, evse.around.stamp(), each.fault, each.info)
            evse.around.emit(Tell(status, asked))
        self.status, self.pending = shown, None

    def _shown(self) -> Shown:
        """One fault to show: one that blocks, else any."""
        evse, faults, tx = self.evse, self.evse.all_faults, self.evse.session.tx
        fault = next(iter(evse.blocking or faults), "")
        info = faults.get(fault, "") or (CATALOGUE[fault].title if fault else "")
        if not fault and tx is not None and not tx.plugged:
            info = EV_SIDE
        return Shown(evse.status, fault, info)
