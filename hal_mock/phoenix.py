"""A Phoenix EV Charge Control Basic on a serial line: its registers and coils, a vehicle."""

from dataclasses import dataclass

from hal_mock.rtu_device import READ_HOLDING, READ_INPUT, WRITE_COIL, WRITE_REGISTER, RtuDevice


@dataclass
class PhoenixDevice(RtuDevice):
    """``errors`` is register 24025. ``enabled_by`` and ``available_by`` are 4000 and 4001, which survive a reset."""

    errors: int = 0
    enabled_by: int = 1
    available_by: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reset()

    def reset(self) -> None:
        self._buffer = b""
        self._amps, self._enabled, self._available = 6, False, False

    @property
    def amps(self) -> float:
        """What the pilot offers; 0: no PWM."""
        running = self._enabled and self.enabled_by == 3 and not self._state_f and not self.errors
        return float(self._amps) if running else 0.0

    @property
    def closed(self) -> bool:
        if self.faults.opens_never:
            return True
        return self.vehicle in "CD" and self.amps > 0 and not self.faults.closes_never

    @property
    def _state_f(self) -> bool:
        return self.available_by == 2 and not self._available

    def register(self, function: int, address: int) -> int | None:
        if function == READ_HOLDING:
            return {4000: self.enabled_by, 4001: self.available_by, 22000: self._amps}.get(address)
        if function != READ_INPUT:
            return None
        text = "F\0" if self._state_f else self.vehicle + ("2" if self.amps else "1")
        return {
            24000: ord(text[0]) << 8 | ord(text[1]),
            24001: 32,
            24002: round(self._amps / 0.6),
            24003: self._amps,
            24025: self.errors,
        }.get(address)

    def written(self, function: int, address: int, value: int) -> bool:
        if (function, address) == (WRITE_COIL, 20000):
            self._enabled = bool(value)
        elif (function, address) == (WRITE_COIL, 20001):
            self._available = bool(value)
        elif (function, address) == (WRITE_REGISTER, 22000) and 6 <= value <= 63:
            self._amps = value
        elif (function, address) == (WRITE_REGISTER, 4000):
            self.enabled_by = value
        else:
            return False
        return True
