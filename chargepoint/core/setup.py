"""What the station is built like: values the core is told once, at start. The composition root fills them in."""

from dataclasses import dataclass

from chargepoint.core.records import BootReason, StationIdentity
from chargepoint.core.tokens import IdToken


@dataclass(frozen=True, slots=True)
class EvseSetup:
    """One charging place. ``resume_within_s`` None: a transaction found open at start is ended, never resumed."""

    max_amps: float = 16.0
    phases: int = 3
    has_lock: bool = False
    has_meter: bool = True
    ventilation: bool = False
    rest_s: float = 5.0
    meter_stale_s: float = 10.0
    stop_on_meter_loss: bool = True
    free_token: IdToken | None = None
    resume_within_s: float | None = None


@dataclass(frozen=True, slots=True)
class StationSetup:
    evses: tuple[EvseSetup, ...]
    identity: StationIdentity
    boot: int = 0
    boot_reason: BootReason = BootReason.POWER_UP
    has_backend: bool = True
