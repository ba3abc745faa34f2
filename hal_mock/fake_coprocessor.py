"""A co-processor at the level of the HAL: what a board would do, without any wire."""

from dataclasses import dataclass, field

from chargepoint.hal import CoprocessorOrder, CoprocessorSeen, DeviceUnavailable


@dataclass
class FakeFaults:
    """Switches; all off is a healthy device."""

    silent: bool = False
    opens_never: bool = False
    closes_never: bool = False


@dataclass
class FakeCoprocessor:
    """Implements `hal.Coprocessor`. ``vehicle`` is what it shows on the pilot; ``troubles`` maps a fault id to words,
    and with one it offers nothing. ``tells_contactor`` False: it does not say whether it is closed. As boards do, it
    comes up enabled."""

    name: str = "fake co-processor"
    watchdog_s: float | None = 1.0
    fallback_amps: float = 0.0
    vehicle: str = "A"
    troubles: dict[str, str] = field(default_factory=dict)
    tells_contactor: bool = True
    faults: FakeFaults = field(default_factory=FakeFaults)
    orders: list[CoprocessorOrder] = field(default_factory=list)
    beats: int = 0
    closed_by_us: bool = False

    def __post_init__(self) -> None:
        self.order = CoprocessorOrder(True, 32.0)

    def reset(self) -> None:
        self.order = CoprocessorOrder(True, 32.0)

    @property
    def amps(self) -> float:
        """What the pilot offers; 0: no PWM."""
        return (self.order.amps or 0.0) if not self.troubles else 0.0

    @property
    def closed(self) -> bool:
        if self.faults.opens_never:
            return True
        return self.vehicle in ("C", "D") and self.amps > 0 and not self.faults.closes_never

    async def look(self) -> CoprocessorSeen:
        self._answer()
        vehicle = self.vehicle if self.order.enabled else "F"
        return CoprocessorSeen(vehicle, self.closed if self.tells_contactor else None, self.amps, dict(self.troubles))

    async def drive(self, order: CoprocessorOrder) -> None:
        self._answer()
        self.order = order
        self.orders.append(order)

    async def beat(self) -> None:
        self._answer()
        self.beats += 1

    async def close(self) -> None:
        self.closed_by_us = True

    def _answer(self) -> None:
        if self.faults.silent:
            raise DeviceUnavailable(f"{self.name}: it was told to be silent")
