"""OpenEVSE over its serial port (RAPI, 115200 baud 8N1).

It owns pilot, relay and ground fault detection, and watches its host: `$SY` sets after how many seconds without a pulse
it falls back to a current. Facts and doubts, from the published firmware:

* A fallback of 0 A is asked for, but the firmware read here raises it to its least current, 6 A: it does not open.
* `$SY` is a pulse; answered NK, one was missed before, and `$SY 165` acknowledges it. That restores the *highest*
  current allowed, so ours is set again before anything else is done. A firmware without supervision answers NK and
  no parameters.
* `$SC n V` is whole amps and forgotten at a reset; `$FE`, `$FS`, `$FD` enable, sleep, disable. Asleep it has no PWM and
  opens when the vehicle has, or after 3 s. Disabled it opens at once and shows state F. After a reset it is *enabled*
  (unless it was built with a boot lock) at the current it has stored. So it is told anew when it announces its start
  (`$AB`), and whenever its state or its current (`$GE`) is not what it was given.
* The relay is told as commanded (vflags, bit 6), and as welded when its own test found it so.
* In some fault states it does not tell the pilot; then a vehicle it calls connected is taken as B.

It speaks unasked, too: `$AT` at every change. Those lines are not needed here, since it is asked twice a second.
"""

import asyncio
from collections.abc import Mapping

from chargepoint.hal import CoprocessorOrder, CoprocessorSeen, DeviceUnavailable
from drivers.coprocessor.rapi import Line, Lines, command
from drivers.serial_line import SerialLine

BAUD = 115200
WATCHDOG_S = 3
FALLBACK_ASKED = 0
FALLBACK_AMPS = 6.0
ACKNOWLEDGE = 165

SLEEPING, DISABLED = 0xFE, 0xFF
CHARGING_ON, EV_CONNECTED = 0x0040, 0x0100
LETTERS = {1: "A", 2: "B", 3: "C", 4: "D"}
WELDED = 0x08

# Fault states of the firmware, our fault id, its meaning.
FAULTS = {
    0x05: ("diode", "diode check failed"),
    0x06: ("ground", "ground fault interrupter tripped"),
    0x07: ("other", "no protective earth"),
    WELDED: ("contactor-welded", "stuck relay"),
    0x09: ("internal", "self test of the ground fault interrupter failed"),
    0x0A: ("high-temperature", "over temperature"),
    0x0B: ("over-current", "over current"),
    0x0E: ("contactor-stuck", "relay did not close"),
}


class OpenEvse:
    """Implements `hal.Coprocessor`. ``timeout_s``: how long it may take to answer one command."""

    def __init__(self, port: str, baud: int = BAUD, timeout_s: float = 0.2) -> None:
        self.name = f"OpenEVSE at {port}"
        self._timeout_s = timeout_s
        self._line = SerialLine(self.name, port, baud, self._received, self._is_lost)
        self._lines = Lines()
        self._lock = asyncio.Lock()
        self._sequence = 0
        self._answer: asyncio.Future[Line] | None = None
        self._standing: CoprocessorOrder | None = None
        self._order: CoprocessorOrder | None = None
        self._taken = 0
        self._supervised = True

    @property
    def watchdog_s(self) -> float | None:
        return float(WATCHDOG_S) if self._supervised else None

    @property
    def fallback_amps(self) -> float:
        return FALLBACK_AMPS

    async def look(self) -> CoprocessorSeen:
        told = (await self._ask("GS")).parameters + (await self._ask("GE")).parameters
        try:
            state, pilot, flags, amps = int(told[0], 16), int(told[2], 16), int(told[3], 16), int(told[4])
        except (ValueError, IndexError):
            words = " ".join(told)
            raise DeviceUnavailable(
                f'{self.name}: told its state as "{words}", which is not what RAPI 4 tells; update its firmware'
            ) from None
        self._compare(state, amps)
        return seen(state, pilot, flags, amps)

    async def drive(self, order: CoprocessorOrder) -> None:
        self._order = order
        if order == self._standing:
            return
        self._standing = None
        if not order.enabled:
            await self._do("FD")
        elif order.amps is None:
            await self._do("FS")
        else:
            await self._offer(int(order.amps))
            await self._do("FE")
        self._standing = order

    async def beat(self) -> None:
        answer = await self._ask("SY")
        if not answer.parameters:
            self._supervised = False
            return
        self._supervised = True
        if answer.word == "NK":
            await self._ask(f"SY {ACKNOWLEDGE}")
            self._standing = None
            if self._order is not None:
                await self.drive(self._order)
        if answer.parameters[:2] != (str(WATCHDOG_S), str(FALLBACK_ASKED)):
            await self._do(f"SY {WATCHDOG_S} {FALLBACK_ASKED}")

    async def close(self) -> None:
        self._line.close()

    def _compare(self, state: int, amps: int) -> None:
        """It must be as it was told; in a fault it is as it must be."""
        order = self._standing
        if order is None or state in FAULTS:
            return
        expected = {DISABLED} if not order.enabled else {SLEEPING} if order.amps is None else {0, *LETTERS}
        if state not in expected or (order.amps is not None and amps != self._taken):
            self._standing = None

    async def _offer(self, amps: int) -> None:
        """Its own limit may be lower; then it says NK and what it took."""
        answer = await self._ask(f"SC {amps} V")
        self._taken = int(answer.parameters[0]) if answer.parameters and answer.parameters[0].isdigit() else 0
        if not 0 < self._taken <= amps:
            raise DeviceUnavailable(f"{self.name}: did not take {amps} A; look at its display")

    async def _do(self, text: str) -> None:
        answer = await self._ask(text)
        if answer.word != "OK":
            raise DeviceUnavailable(f"{self.name}: refused the command {text}; look at its display")

    async def _ask(self, text: str) -> Line:
        """The answer, OK or NK."""
        async with self._lock:
            self._line.open()
            self._sequence = self._sequence % 0xFF + 1
            self._lines.garbage = 0
            answer: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
            self._answer = answer
            self._line.send(command(text, self._sequence))
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await answer
            except TimeoutError:
                raise DeviceUnavailable(f"{self.name}: {self._diagnosis(text)}") from None
            finally:
                self._answer = None

    def _diagnosis(self, text: str) -> str:
        missing = f"no answer to {text} within {self._timeout_s:g} s"
        if self._lines.garbage:
            return f"{missing}, but {self._lines.garbage} lines that are no RAPI; check baud and wiring"
        return f"{missing}; check its supply, its serial wires, and that its firmware knows RAPI 3.0 or newer"

    @property
    def _waiting(self) -> "asyncio.Future[Line] | None":
        return None if self._answer is None or self._answer.done() else self._answer

    def _received(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            waiting = self._waiting
            if line.word == "AB":
                self._standing = None
            elif waiting is not None and line.word in ("OK", "NK") and line.sequence == self._sequence:
                waiting.set_result(line)

    def _is_lost(self, why: str) -> None:
        if (waiting := self._waiting) is not None:
            waiting.set_exception(DeviceUnavailable(f"{self.name}: lost ({why}); is it plugged in?"))


def seen(state: int, pilot: int, flags: int, amps: int) -> CoprocessorSeen:
    """From the answers to `$GS`, state, pilot state and flags, and to `$GE`."""
    faults: Mapping[str, str] = {}
    if state in FAULTS:
        fault, words = FAULTS[state]
        faults = {fault: f"{words} (state {state:02X})"}
    offered = float(amps) if state in LETTERS else 0.0
    closed = bool(flags & CHARGING_ON) or state == WELDED
    return CoprocessorSeen(_letter(state, pilot, flags), closed, offered, faults)


def _letter(state: int, pilot: int, flags: int) -> str:
    if state == DISABLED:
        return "F"
    if state in LETTERS:
        return LETTERS[state]
    if pilot in LETTERS:
        return LETTERS[pilot]
    if state in FAULTS:
        return "B" if flags & EV_CONNECTED else "A"
    return ""
