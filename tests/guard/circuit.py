"""A pilot circuit, a contactor and an interlock for the guard's tests: the volts a vehicle makes of what the pilot
drives, and a log of everything that was driven."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chargepoint.hal import DigitalInput, PilotVolts, Pins

HIGH = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0, "E": 0.0}


@dataclass
class Circuit:
    """``shows`` is what the vehicle does with the pilot; the contactor follows at once unless it is welded or stuck."""

    shows: str = "A"
    diode: bool = True
    mode: str = "error"
    duty: float = 0.0
    closed: bool = False
    welded: bool = False
    door_open: bool = False
    read_raises: Exception | None = None
    drive_raises: Exception | None = None
    wake: int | None = None
    log: list[tuple[str, float]] = field(default_factory=list)
    driven: Callable[[str, float], None] | None = None

    def pins(self, interlocks: Mapping[str, DigitalInput] | None = None) -> Pins:
        return Pins(self, self, self, self, {"door": Door(self)} if interlocks is None else interlocks)

    def count(self, what: str) -> int:
        return sum(name == what for name, _ in self.log)

    # hal.Pilot
    def steady(self) -> None:
        self._driven("steady", 0.0)
        self.mode = "steady"

    def pwm(self, duty: float) -> None:
        self._driven("pwm", duty)
        self.mode, self.duty = "pwm", duty

    def error(self) -> None:
        self._driven("error", 0.0)
        self.mode = "error"

    # hal.PilotSensor
    def read(self) -> PilotVolts:
        if self.read_raises is not None:
            raise self.read_raises
        high = HIGH[self.shows]
        if self.shows == "E":
            return PilotVolts(0.0, 0.0)
        if self.mode == "error":
            return PilotVolts(-12.0, -12.0)
        if self.mode == "steady":
            return PilotVolts(high, high)
        return PilotVolts(high, -12.0 if self.diode or self.shows == "A" else -high)

    def wake_fd(self) -> int | None:
        return self.wake

    # hal.Contactor
    def close(self, lease_s: float) -> None:
        self._driven("close", lease_s)
        self.closed = True

    def open(self) -> None:
        self._driven("open", 0.0)
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed or self.welded

    # hal.Enable
    def pulse(self) -> None:
        self._driven("pulse", 0.0)

    def _driven(self, what: str, value: float) -> None:
        self.log.append((what, value))
        if self.driven is not None:
            self.driven(what, value)
        if self.drive_raises is not None:
            raise self.drive_raises


@dataclass
class Door:
    circuit: Circuit

    def is_active(self) -> bool:
        return self.circuit.door_open
