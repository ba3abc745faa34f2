"""The page: nothing can be torn, nothing overlaps, and zeros are safe."""

import threading
from dataclasses import replace

import pytest

from chargepoint.hal import MeterSample
from hal_mock.ev import VehicleCircuit, generator
from hal_mock.oneshot import CELLS as SHOT_CELLS
from hal_mock.wires import (
    CELL_BYTES,
    CELLS,
    INTERLOCKS,
    MAX_CONNECTORS,
    PAGE_BYTES,
    PHASES,
    Cell,
    Head,
    Line,
    Switch,
    Wired,
    Wires,
)


def cells_of(block: type) -> list[int]:
    return [cell.index for cell in vars(block).values() if isinstance(cell, Cell)]


def test_every_value_has_an_aligned_cell_of_its_own() -> None:
    shots = [at + offset for at in (Line.COIL, Line.ENABLE) for offset in range(SHOT_CELLS)]
    banks = [at + offset for at in Line.BANKS for offset in range(3 + 2 * PHASES)]
    line = cells_of(Line) + shots + banks
    for used in (cells_of(Head), line):
        assert len(used) == len(set(used))
        assert all(0 <= index < CELLS for index in used)
    assert PAGE_BYTES == (1 + MAX_CONNECTORS) * CELLS * CELL_BYTES
    assert memoryview(bytearray(PAGE_BYTES)).cast("d").itemsize == CELL_BYTES


def test_connectors_do_not_share_cells() -> None:
    wires = Wires.blank(*[Wired()] * MAX_CONNECTORS)
    for number, line in enumerate(wires.lines, start=1):
        line.duty = number / 100
        line.turn_switch(Switch.WELDED, number % 2 == 0)
    assert [line.duty for line in wires.lines] == [number / 100 for number in range(1, MAX_CONNECTORS + 1)]
    assert [line.is_on(Switch.WELDED) for line in wires.lines] == [False, True] * (MAX_CONNECTORS // 2)


def test_a_blank_page_is_safe() -> None:
    line = Wires(bytearray(PAGE_BYTES)).connector(1)
    assert line.duty == 0.0
    assert not line.contactor_closed(0.0)
    assert line.vehicle == VehicleCircuit()
    assert line.vehicle.plateaus(generator(line.duty)) == (-12.0, -12.0)


@pytest.mark.parametrize("field", ["plugged", "s2", "ventilated", "diode", "shorted"])
def test_the_circuit_survives_the_page(field: str) -> None:
    line = Wires.blank().connector(1)
    before = VehicleCircuit()
    changed = replace(before, **{field: not getattr(before, field)})
    line.vehicle = changed
    assert line.vehicle == changed


def test_switches_and_inputs_are_independent() -> None:
    line = Wires.blank().connector(1)
    for switch in Switch:
        line.turn_switch(switch, True)
    line.turn_switch(Switch.STUCK, False)
    assert [line.is_on(switch) for switch in Switch] == [switch is not Switch.STUCK for switch in Switch]
    for fault in INTERLOCKS:
        line.set_interlock(fault, True)
        assert line.interlock(fault)
        line.set_interlock(fault, False)
        assert not line.interlock(fault)


@pytest.mark.parametrize("wired", [Wired(), Wired(1, True, False), Wired(3, True, True), Wired(1, False, False)])
def test_wiring_survives_text_and_page(wired: Wired) -> None:
    assert Wired.read(str(wired)) == wired
    assert Wires.blank(wired).connector(1).wired == wired


@pytest.mark.parametrize("text", ["2", "3 loc", "lock"])
def test_wrong_wiring_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="phases"):
        Wired.read(text)


def test_the_contactor_needs_coil_enable_and_no_fault() -> None:
    line = Wires.blank().connector(1)
    line.coil.trigger(10.0, 1.0)
    assert not line.contactor_closed(10.0)
    line.enable.trigger(10.0, 0.1)
    assert line.contactor_closed(10.05)
    assert not line.contactor_closed(10.15), "the one-shot drops"
    line.turn_switch(Switch.STUCK, True)
    assert not line.contactor_closed(10.05)
    line.turn_switch(Switch.WELDED, True)
    assert line.contactor_closed(99.0)


def test_without_an_enable_the_lease_alone_holds() -> None:
    line = Wires.blank(Wired(enable=False)).connector(1)
    line.coil.trigger(10.0, 1.0)
    assert line.contactor_closed(10.9)
    assert not line.contactor_closed(11.0)


def test_a_reading_is_never_seen_half_written() -> None:
    line = Wires.blank().connector(1)
    line.show(MeterSample(0.0, 0.0, 0.0, (0.0,) * 3, (0.0,) * 3))
    written = 0

    def write() -> None:
        nonlocal written
        for number in range(1, 20_000):
            value = float(number)
            line.show(MeterSample(value, value, value, (value,) * 3, (value,) * 3))
            written = number

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while writer.is_alive():
        sample = line.sample()
        if sample is not None:
            values = {sample.measured_at, sample.energy_wh, sample.power_w, *sample.amps, *sample.volts}
            assert len(values) == 1
            seen |= values
    writer.join()
    assert written == 19_999
    assert len(seen) > 1


def test_a_reading_turned_under_the_reader_is_not_given_out() -> None:
    """A writer faster than the reader: every look at the bank meets another turn."""
    line = Wires.blank().connector(1)

    class Hasty(Line):
        looks = 0.0

        @property
        def turn(self) -> float:  # type: ignore[override]
            self.looks += 1.0
            return self.looks

    assert Hasty(line.cells).sample() is None


def test_a_single_phase_meter_tells_one_phase() -> None:
    line = Wires.blank(Wired(phases=1)).connector(1)
    line.show(MeterSample(1.0, 2.0, 3.0, (4.0,), (5.0,)))
    assert line.sample() == MeterSample(1.0, 2.0, 3.0, (4.0,), (5.0,))


def test_closing_lets_the_buffer_go() -> None:
    buffer = bytearray(PAGE_BYTES)
    wires = Wires(buffer)
    with pytest.raises(BufferError):
        buffer.append(0)
    wires.close()
    buffer.append(0)
