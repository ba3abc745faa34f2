"""The wires between a station and its mock world: one small page that several processes map.

Writer and reader share no lock, because each may be killed at any moment. So nothing on the page needs one. Every value
is one double in a cell of its own, at a multiple of eight bytes, stored through a memoryview: that is one machine
store, and no reader ever sees half of it (``struct.pack_into`` is not used, it clears the place before it writes). What
belongs together is packed into one cell: the vehicle's circuit and the switches are bits. A meter reading is too wide
for that; it has two banks, and ``turn`` tells which one is whole.

Each cell has one writer: the station's side (guard, daemon) or the world. What follows from several cells, like the
position of the contactor, is never stored but computed from the page and the time. A page of zeros is safe: pilot at
-12 V, coil open, no vehicle.
"""

from dataclasses import dataclass
from enum import IntFlag
from mmap import mmap
from typing import overload

from chargepoint.hal import MeterSample
from hal_mock.ev import VehicleCircuit
from hal_mock.oneshot import ENABLE_HOLD_S, OneShot

LAYOUT = 2.0
MAX_CONNECTORS = 8
CELLS = 64
CELL_BYTES = 8
PAGE_BYTES = CELL_BYTES * CELLS * (1 + MAX_CONNECTORS)
PHASES = 3
INTERLOCKS = ("emergency-stop", "ground", "door", "tilt")
ENDED = -1.0

_TURN_TRIES = 100


class Switch(IntFlag):
    """Faults of one connector's hardware."""

    WELDED = 1
    STUCK = 2
    JAMMED = 4
    SILENT = 8
    FROZEN = 16
    WRONG = 32


@dataclass(frozen=True, slots=True)
class Wired:
    """What is screwed to the wall for one connector. As text: "3 lock enable"."""

    phases: int = PHASES
    lock: bool = False
    enable: bool = True

    def __str__(self) -> str:
        return " ".join([str(self.phases), *(["lock"] if self.lock else []), *(["enable"] if self.enable else [])])

    @classmethod
    def read(cls, text: str) -> "Wired":
        """Raises ValueError when the text is not as `str` gives it."""
        phases, *parts = text.split()
        if phases not in ("1", "3") or not set(parts) <= {"lock", "enable"}:
            raise ValueError(f'wiring is "1" or "3" phases, then "lock" and "enable" as there are; not {text!r}')
        return cls(int(phases), "lock" in parts, "enable" in parts)


class Cell:
    """One number on the page: a descriptor that knows its place in the block."""

    def __init__(self, index: int) -> None:
        self.index = index

    @overload
    def __get__(self, block: None, owner: type) -> "Cell": ...

    @overload
    def __get__(self, block: "Block", owner: type) -> float: ...

    def __get__(self, block: "Block | None", owner: type) -> "Cell | float":
        return self if block is None else block.cells[self.index]

    def __set__(self, block: "Block", value: float) -> None:
        block.cells[self.index] = value


class Block:
    """64 cells."""

    def __init__(self, cells: "memoryview[float]") -> None:
        self.cells = cells


class Head(Block):
    """What concerns the whole station; the world writes it.

    ``alive_at`` is when the world last looked (monotonic seconds), `ENDED` when it went away in good order, and 0 on a
    page that no process serves.
    """

    layout = Cell(0)
    count = Cell(1)
    alive_at = Cell(2)


class Line(Block):
    """The wires of one connector."""

    # written by the station's side
    duty = Cell(0)
    COIL, ENABLE = 1, 5
    lock_wanted = Cell(9)
    light = Cell(10)
    # written by the world
    vehicle_bits = Cell(16)
    switch_bits = Cell(17)
    interlock_bits = Cell(18)
    lock_held = Cell(19)
    proximity_ohms = Cell(20)
    phases = Cell(21)
    has_lock = Cell(22)
    has_enable = Cell(23)
    turn = Cell(24)
    BANKS = (32, 48)

    def __init__(self, cells: "memoryview[float]") -> None:
        super().__init__(cells)
        self.coil = OneShot(cells, self.COIL)
        self.enable = OneShot(cells, self.ENABLE)

    @property
    def wired(self) -> Wired:
        return Wired(int(self.phases), bool(self.has_lock), bool(self.has_enable))

    @wired.setter
    def wired(self, wired: Wired) -> None:
        self.phases, self.has_lock, self.has_enable = wired.phases, wired.lock, wired.enable

    @property
    def vehicle(self) -> VehicleCircuit:
        bits = int(self.vehicle_bits)
        return VehicleCircuit(bool(bits & 1), bool(bits & 2), bool(bits & 4), not bits & 8, bool(bits & 16))

    @vehicle.setter
    def vehicle(self, it: VehicleCircuit) -> None:
        self.vehicle_bits = it.plugged | it.s2 << 1 | it.ventilated << 2 | (not it.diode) << 3 | it.shorted << 4

    def is_on(self, switch: Switch) -> bool:
        return bool(int(self.switch_bits) & switch)

    def turn_switch(self, switch: Switch, on: bool) -> None:
        bits = int(self.switch_bits)
        self.switch_bits = bits | switch if on else bits & ~switch

    def interlock(self, fault: str) -> bool:
        return bool(int(self.interlock_bits) & 1 << INTERLOCKS.index(fault))

    def set_interlock(self, fault: str, active: bool) -> None:
        bit = 1 << INTERLOCKS.index(fault)
        self.interlock_bits = int(self.interlock_bits) | bit if active else int(self.interlock_bits) & ~bit

    def contactor_closed(self, now: float) -> bool:
        """Where the contacts really are: a coil under lease, an enable that is fed, and no mechanical fault."""
        if self.is_on(Switch.WELDED):
            return True
        fed = not self.has_enable or self.enable.active(now)
        return self.coil.active(now) and fed and not self.is_on(Switch.STUCK)

    def lock_engaged(self) -> bool:
        """A jammed lock stays where it was when it jammed."""
        return bool(self.lock_held if self.is_on(Switch.JAMMED) else self.lock_wanted)

    def show(self, sample: MeterSample) -> None:
        """Put a reading on the meter: fill the bank nobody reads, then turn."""
        turn = int(self.turn) + 1
        bank = self.BANKS[turn & 1]
        values = (
            sample.measured_at,
            sample.energy_wh,
            sample.power_w or 0.0,
            *_three(sample.amps),
            *_three(sample.volts),
        )
        for index, value in enumerate(values):
            self.cells[bank + index] = value
        self.turn = turn

    def sample(self) -> MeterSample | None:
        """The reading on the meter, whole; None when the writer turned faster than this could read."""
        phases = int(self.phases)
        for _ in range(_TURN_TRIES):
            turn = self.turn
            at = self.BANKS[int(turn) & 1]
            measured_at, energy_wh, power_w, *rest = self.cells[at : at + 3 + 2 * PHASES].tolist()
            if self.turn == turn:
                return MeterSample(
                    measured_at, energy_wh, power_w, tuple(rest[:phases]), tuple(rest[PHASES : PHASES + phases])
                )
        return None


class Wires:
    """A page over any writable buffer of `PAGE_BYTES`: a bytearray in one process, a mapped file between several."""

    def __init__(self, buffer: bytearray | mmap) -> None:
        self._cells = memoryview(buffer).cast("d")
        self._blocks = [self._cells[at : at + CELLS] for at in range(0, CELLS * (1 + MAX_CONNECTORS), CELLS)]
        self.head = Head(self._blocks[0])
        self._lines = tuple(Line(block) for block in self._blocks[1:])

    @classmethod
    def blank(cls, *wired: Wired) -> "Wires":
        """A page of its own for tests within one process; without arguments one three-phase connector with enable."""
        wires = cls(bytearray(PAGE_BYTES))
        wires.wire(wired or (Wired(),))
        return wires

    def wire(self, wired: tuple[Wired, ...]) -> None:
        for line, one in zip(self._lines, wired, strict=False):
            line.wired = one
        self.head.count = len(wired)
        self.head.layout = LAYOUT

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._lines[: int(self.head.count)]

    def connector(self, number: int) -> Line:
        """Numbered over the station from 1."""
        return self._lines[number - 1]

    def close(self) -> None:
        """Let go of the buffer; a mapped file cannot be closed before."""
        for block in self._blocks:
            block.release()
        self._cells.release()


def _three(values: tuple[float, ...]) -> tuple[float, ...]:
    return (*values, 0.0, 0.0, 0.0)[:PHASES]


__all__ = ["ENABLE_HOLD_S", "INTERLOCKS", "MAX_CONNECTORS", "PAGE_BYTES", "Line", "Switch", "Wired", "Wires"]
