"""A SmartEVSE-3 on a serial line, as a node of a load balancing set: its registers, its contactor, a vehicle.

It asks its master before it offers and before it closes, and waits in that state until it is answered.
"""

from dataclasses import dataclass

from hal_mock.rtu_device import READ_HOLDING, WRITE_REGISTER, RtuDevice

A, B, C, ASKS_B, MAY_B, ASKS_C, MAY_C, B1, C1 = 0, 1, 2, 4, 5, 6, 7, 9, 10
FULL_AMPS = 16


@dataclass
class SmartEvseDevice(RtuDevice):
    """``error`` is register 1. The state is worked out from the vehicle whenever somebody looks."""

    error: int = 0
    master: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reset()

    def reset(self) -> None:
        self._buffer = b""
        self._state, self._access, self._current = A, 1, 0

    @property
    def amps(self) -> float:
        """What the pilot offers; 0: no PWM."""
        return (self._current / 10 or FULL_AMPS) if self.state in (B, C, ASKS_C, MAY_C) else 0.0

    @property
    def closed(self) -> bool:
        if self.faults.opens_never:
            return True
        return self.state in (C, C1) and not self.faults.closes_never

    @property
    def state(self) -> int:
        """As far as it goes by itself."""
        for _ in range(4):
            self._state = self._next()
        return self._state

    def _next(self) -> int:
        state, vehicle = self._state, self.vehicle
        if vehicle == "A":
            return A
        if not self._access or self.error:
            return state if state == C1 and vehicle == "C" else C1 if state == C and vehicle == "C" else B1
        if state in (A, B1):
            return ASKS_B
        if state == MAY_B:
            return B
        if vehicle == "C":
            return {B: ASKS_C, MAY_C: C, C1: C1}.get(state, state)
        return B if state in (C, ASKS_C, MAY_C) else B1 if state == C1 else state

    def register(self, function: int, address: int) -> int | None:
        if function != READ_HOLDING:
            return None
        known = {0: self.state, 1: self.error, 2: self._current, 3: 0, 4: 0, 5: self._access, 7: 16, 10: 300}
        return known.get(address)

    def written(self, function: int, address: int, value: int) -> bool:
        if function != WRITE_REGISTER or address not in (0, 1, 2, 5):
            return False
        if address == 0:
            self._state = value
        elif address == 1:
            self.error = value
        elif address == 2:
            self._current = value
        else:
            self._access = value
        return True
