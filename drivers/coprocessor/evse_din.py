"""EVSE-DIN and EVSE-WB (SimpleEVSE) over Modbus RTU, 9600 8N1, holding registers.

From the platform sheet: 1000 amps to offer, 1002 vehicle, 1005 firmware, 2005 settings; from firmware 17 on, with bit 7
of 2005, current counts in 0.01 A; 0.1 s between two requests. From open programs that use it, not from a manual:

* writes go by function 16; 1000 is volatile and becomes what 2000 says after a reset, so 2000 should be 0;
* 1001 is what the pilot offers, 1006 is 2 while PWM runs;
* 1004 bit 0 is "turn off charging now", taken here as a level that reads back;
* 1007 has the relay as commanded (bit 0), no diode (1), ventilation required (2), residual current (5). A firmware
  without it is asked for one register less, and then its contactor is derived.

Unsure: how soon it opens when 1000 becomes 0. So opening at once always goes by 1004. It has no fail-safe that is known
to us. In its failure state (1002 = 5) it does not tell whether a vehicle is there; one is assumed.
"""

from collections.abc import Mapping, Sequence

from chargepoint.hal import CoprocessorOrder, CoprocessorSeen
from drivers.coprocessor.registers import HOLDING, ModbusCoprocessor, Registers
from drivers.modbus.line import RegisterRefused

GAP_S = 0.1
WRITE = 16
AMPS, COMMAND, SETTINGS = 1000, 1004, 2005
TURN_OFF = 1
FINE_SINCE, FINE = 17, 1 << 7
LETTERS = {1: "A", 2: "B", 3: "C", 4: "D"}
FAILURE = 5
PWM = 2
RELAY, NO_DIODE, VENTILATION, RESIDUAL = 1, 2, 4, 32


class EvseDin(ModbusCoprocessor):
    """Implements `hal.Coprocessor`."""

    kind = "EVSE-DIN"

    def __init__(self, registers: Registers) -> None:
        super().__init__(registers)
        self._count = 8
        self._steps = 0
        self._written = (0, 0)

    async def look(self) -> CoprocessorSeen:
        steps = await self._steps_per_amp()
        block = await self._block()
        if (block[0], block[4] & TURN_OFF) != self._written:
            self._standing = None
        return seen(block, steps)

    async def _order(self, order: CoprocessorOrder) -> None:
        steps = await self._steps_per_amp()
        amps, off = int((order.amps or 0.0) * steps), 0 if order.enabled else TURN_OFF
        writes = ((COMMAND, off), (AMPS, amps))
        for address, value in writes if off else writes[::-1]:
            await self._registers.write(WRITE, address, value)
        self._written = amps, off

    async def _block(self) -> list[int]:
        try:
            return await self._registers.read(HOLDING, AMPS, self._count)
        except RegisterRefused:
            if self._count == 7:
                raise
            self._count = 7
            return await self._registers.read(HOLDING, AMPS, self._count)

    async def _steps_per_amp(self) -> int:
        """1, or 100; asked for once."""
        if not self._steps:
            (firmware,) = await self._registers.read(HOLDING, 1005, 1)
            (settings,) = await self._registers.read(HOLDING, SETTINGS, 1)
            self._steps = 100 if firmware >= FINE_SINCE and settings & FINE else 1
        return self._steps


def seen(block: Sequence[int], steps: int) -> CoprocessorSeen:
    """From registers 1000 to 1006 or 1007."""
    vehicle, status = block[2], block[7] if len(block) > 7 else None
    flags = status or 0
    faults: Mapping[str, str] = {}
    if flags & NO_DIODE:
        faults = {"diode": "diode check failed"}
    elif flags & RESIDUAL:
        faults = {"ground": "residual current"}
    letter = LETTERS.get(vehicle, "")
    if vehicle == FAILURE:
        letter = "D" if flags & VENTILATION else "B" if faults else "E"
    return CoprocessorSeen(
        letter,
        None if status is None else bool(status & RELAY),
        block[1] / steps if block[6] == PWM else 0.0,
        faults,
    )
