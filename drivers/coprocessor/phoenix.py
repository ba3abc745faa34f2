"""Phoenix Contact EV Charge Control Basic (EV-CC-AC1-...-SER) over Modbus RTU, 9600 8N1.

From the platform sheet: input 24000 status in two ASCII letters (A1 ... D2, E, F), coil 20000 enable, holding 22000
amps. The manual (106377_en_04, table 9-2, seen in excerpts) adds: 24003 amps offered, 24025 errors; 4000 (kept over a
power cut) must be 3, else coil 20000 does nothing, so it is set where it is not; where 4001 is 2, coil 20001 at 0 makes
state F. What coils and 22000 hold is lost at a reset, so they are written whenever an order is given.

Unsure, to be checked on the device:

* The manual lists 24000 as a holding register; a program that is used in the field reads it as an input register, and
  so do we.
* The error bits count to 16, so they are taken as counted from 1.
* It does not tell its contactor; state C or D under an offer is taken for closed.
* How soon it opens when 20000 becomes 0. Where it must be at once, let it be made available by coil 20001 (S1/DIP 2 on,
  4001 = 2): state F opens.

It has no fail-safe that is known to us.
"""

from chargepoint.hal import CoprocessorOrder, CoprocessorSeen, DeviceUnavailable
from drivers.coprocessor.registers import HOLDING, INPUT, ModbusCoprocessor, Registers

WRITE_COIL, WRITE_REGISTER = 5, 6
ENABLE, AVAILABLE = 20000, 20001
AMPS = 22000
STATUS, ERRORS = 24000, 24025
SETTINGS = 4000
BY_COIL, F_BY_COIL = 3, 2
MOST_AMPS = 63

# Bit as the manual counts it, our fault id, its meaning.
FAULTS = {
    2: ("proximity", "cable for 13 A refused"),
    3: ("proximity", "invalid proximity pilot"),
    6: ("lock", "locking failed"),
    7: ("lock", "unlocking failed"),
    8: ("lock", "no feedback of the lock"),
    12: ("contactor-welded", "contactor monitoring"),
    13: ("diode", "no diode in the vehicle"),
    15: ("ground", "residual current"),
    16: ("internal", "self test of the residual current monitor failed"),
}


class Phoenix(ModbusCoprocessor):
    """Implements `hal.Coprocessor`."""

    kind = "Phoenix EV Charge Control"

    def __init__(self, registers: Registers) -> None:
        super().__init__(registers)
        self._has_state_f: bool | None = None

    async def drive(self, order: CoprocessorOrder) -> None:
        """Written each time: after a reset in state A it shows no difference."""
        self._standing = None
        await super().drive(order)

    async def look(self) -> CoprocessorSeen:
        try:
            status, _, _, amps = await self._registers.read(INPUT, STATUS, 4)
            (errors,) = await self._registers.read(INPUT, ERRORS, 1)
        except DeviceUnavailable:
            self._has_state_f = None
            raise
        return seen(status, amps, errors)

    async def _order(self, order: CoprocessorOrder) -> None:
        if self._has_state_f is None:
            self._has_state_f = await self._prepare()
        if order.amps is not None:
            await self._registers.write(WRITE_REGISTER, AMPS, min(int(order.amps), MOST_AMPS))
        if self._has_state_f:
            await self._registers.write(WRITE_COIL, AVAILABLE, order.enabled)
        await self._registers.write(WRITE_COIL, ENABLE, order.amps is not None)

    async def _prepare(self) -> bool:
        """Coil 20000 shall count; does coil 20001?"""
        enabled_by, available_by = await self._registers.read(HOLDING, SETTINGS, 2)
        if enabled_by != BY_COIL:
            await self._registers.write(WRITE_REGISTER, SETTINGS, BY_COIL)
        return available_by == F_BY_COIL


def seen(status: int, amps: int, errors: int) -> CoprocessorSeen:
    """From registers 24000, 24003 and 24025."""
    letter, digit = chr(status >> 8), chr(status & 0xFF)
    faults = {fault: words for bit, (fault, words) in FAULTS.items() if errors >> (bit - 1) & 1}
    return CoprocessorSeen(letter if letter in "ABCDEF" else "", None, float(amps) if digit == "2" else 0.0, faults)
