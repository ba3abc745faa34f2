"""An EVSE-DIN on a serial line: its registers, its relay, a vehicle."""

from dataclasses import dataclass

from hal_mock.rtu_device import READ_HOLDING, WRITE_SEVERAL, RtuDevice

STATES = {"A": 1, "B": 2, "C": 3, "D": 4}
FAILURE = 5


@dataclass
class EvseDinDevice(RtuDevice):
    """``trouble`` are the bits of register 1007 beside the relay. ``fine``: current counts in 0.01 A. ``old``: register
    1007 is not there."""

    firmware: int = 18
    fine: bool = False
    old: bool = False
    trouble: int = 0
    boot_amps: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reset()

    def reset(self) -> None:
        self._buffer = b""
        self._amps = self.boot_amps * self._steps
        self._command = 0

    @property
    def amps(self) -> float:
        """What the pilot offers; 0: no PWM."""
        amps = self._amps / self._steps
        return amps if amps >= 6 and not self._command & 1 and not self.trouble else 0.0

    @property
    def closed(self) -> bool:
        if self.faults.opens_never:
            return True
        return self.vehicle in "CD" and self.amps > 0 and not self.faults.closes_never

    @property
    def _steps(self) -> int:
        return 100 if self.fine else 1

    def register(self, function: int, address: int) -> int | None:
        if function != READ_HOLDING:
            return None
        state = FAILURE if self.trouble else STATES[self.vehicle]
        if state in (3, 4) and not self.amps:
            state = 2
        return {
            1000: self._amps,
            1001: int(self.amps * self._steps),
            1002: state,
            1003: 32,
            1004: self._command,
            1005: self.firmware,
            1006: 2 if self.amps else 1,
            1007: None if self.old else self.trouble | self.closed,
            2005: 1 << 7 if self.fine else 0,
        }.get(address)

    def written(self, function: int, address: int, value: int) -> bool:
        if function != WRITE_SEVERAL or address not in (1000, 1004):
            return False
        if address == 1000:
            self._amps = value
        else:
            self._command = value
        return True
