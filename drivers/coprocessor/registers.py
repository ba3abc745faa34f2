"""One device's registers on an RS-485 line of co-processors, and what all drivers on such a line have in common."""

import asyncio

from chargepoint.hal import CoprocessorOrder, CoprocessorSeen, DeviceUnavailable
from drivers.modbus.line import Line
from drivers.modbus.rtu import RtuLine

COIL, HOLDING, INPUT = 1, 3, 4


class BoardLine(RtuLine):
    what = "co-processor"


class Registers:
    """``gap_s``: how long the device wants to be left alone between two requests."""

    def __init__(self, line: Line, unit: int, gap_s: float = 0.0) -> None:
        self._line: Line | None = line.take()
        self._unit = unit
        self._gap_s = gap_s
        self._free_at = 0.0
        self.where = f"{line.name} unit {unit}"

    async def read(self, function: int, address: int, count: int) -> list[int]:
        line = await self._ready()
        try:
            return await line.read(self._unit, function, address, count)
        finally:
            self._done()

    async def write(self, function: int, address: int, value: int) -> None:
        line = await self._ready()
        try:
            await line.write(self._unit, function, address, value)
        finally:
            self._done()

    def close(self) -> None:
        if self._line is not None:
            self._line.give_back()
            self._line = None

    async def _ready(self) -> Line:
        if self._line is None:
            raise DeviceUnavailable(f"co-processor at {self.where}: it was closed by us")
        await asyncio.sleep(max(0.0, self._free_at - asyncio.get_running_loop().time()))
        return self._line

    def _done(self) -> None:
        self._free_at = asyncio.get_running_loop().time() + self._gap_s


class ModbusCoprocessor:
    """What does not differ between them: a name, no fail-safe that could be relied on, and orders that are levels.

    ``_standing`` is the order the device was given and, as far as it shows, still has.
    """

    kind = ""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._standing: CoprocessorOrder | None = None
        self.name = f"{self.kind} at {registers.where}"

    @property
    def watchdog_s(self) -> float | None:
        return None

    @property
    def fallback_amps(self) -> float:
        return 0.0

    async def look(self) -> CoprocessorSeen:
        raise NotImplementedError

    async def beat(self) -> None:
        """It has nothing that could be fed."""

    async def drive(self, order: CoprocessorOrder) -> None:
        if order != self._standing:
            self._standing = None
            await self._order(order)
            self._standing = order

    async def close(self) -> None:
        self._registers.close()

    async def _order(self, order: CoprocessorOrder) -> None:
        raise NotImplementedError
