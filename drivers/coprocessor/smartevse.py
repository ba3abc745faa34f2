"""SmartEVSE-3 over Modbus RTU, 9600 8N1, holding registers.

From the platform sheet: 0 state, 1 error bits, 2 current in 0.1 A, 3 mode, 5 access, 7 highest current.
From its published sources, which change between releases:

* It listens only as a node of a load balancing set (menu "load balance": Node n, Modbus address n + 1), and as a node
  it asks its master, us, before it offers (state 4, to be answered by 5) and before it closes (6, by 7).
* States 9 and 10 are B and C without PWM; in 2 and 10 its contactor is closed. That is what it commands, not a mirror
  contact.
* Current 0 means "not limited by us", so pausing goes by access 0. It then gives the vehicle 6 s. To open at once, the
  state is set to 9.
* In one release read here it stops by itself when register 2 was not written for 10 s, and tells error bit 2; in
  another only outside normal mode. So it is fed at each beat and the error is cleared, but no fail-safe is claimed.
"""

from chargepoint.hal import CoprocessorOrder, CoprocessorSeen
from drivers.coprocessor.registers import HOLDING, ModbusCoprocessor, Registers

WRITE = 6
STATE, ERROR, CURRENT, ACCESS = 0, 1, 2, 5
COUNT = 6
B_WITHOUT_PWM = 9
CLOSED = (2, 10)
GRANTS = {4: 5, 6: 7}
NOT_FED = 2

# By state: the vehicle, and whether PWM runs.
STATES = {
    0: ("A", False),
    1: ("B", True),
    2: ("C", True),
    3: ("D", True),
    4: ("B", False),
    5: ("B", False),
    6: ("C", True),
    7: ("C", True),
    8: ("B", False),
    9: ("B", False),
    10: ("C", False),
}
FAULTS = {4: ("high-temperature", "too hot"), 16: ("ground", "residual current monitor tripped")}


class SmartEvse(ModbusCoprocessor):
    """Implements `hal.Coprocessor`."""

    kind = "SmartEVSE-3"

    def __init__(self, registers: Registers) -> None:
        super().__init__(registers)
        self._state = 0
        self._error = 0

    async def look(self) -> CoprocessorSeen:
        state, error, current, _, _, access = await self._registers.read(HOLDING, STATE, COUNT)
        self._state, self._error = state, error
        order = self._standing
        if order is not None and (access, current) != _settings(order, current):
            self._standing = None
        if state in GRANTS and order is not None and order.amps is not None:
            await self._registers.write(WRITE, STATE, GRANTS[state])
        return seen(state, error, current)

    async def beat(self) -> None:
        order = self._standing
        if order is not None and order.amps is not None:
            await self._registers.write(WRITE, CURRENT, int(order.amps * 10))
        if self._error & NOT_FED:
            await self._registers.write(WRITE, ERROR, self._error & ~NOT_FED)

    async def _order(self, order: CoprocessorOrder) -> None:
        access, current = _settings(order, 0)
        if order.amps is not None:
            await self._registers.write(WRITE, CURRENT, current)
        await self._registers.write(WRITE, ACCESS, access)
        if not order.enabled and self._state in CLOSED:
            await self._registers.write(WRITE, STATE, B_WITHOUT_PWM)


def _settings(order: CoprocessorOrder, current: int) -> tuple[int, int]:
    """Access and current that the order wants; without an offer ``current`` is as good as any."""
    return (0, current) if order.amps is None else (1, int(order.amps * 10))


def seen(state: int, error: int, current: int) -> CoprocessorSeen:
    """From registers 0, 1 and 2."""
    letter, pwm = STATES.get(state, ("", False))
    faults = {fault: words for bit, (fault, words) in FAULTS.items() if error & bit}
    return CoprocessorSeen(letter, state in CLOSED, current / 10 if pwm else 0.0, faults)
