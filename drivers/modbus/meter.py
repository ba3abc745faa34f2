"""An energy meter behind Modbus, described by a register map."""

import time
from collections.abc import Callable

from chargepoint.hal import DeviceUnavailable, MeterIdentity, MeterSample
from drivers.modbus.line import Line, RegisterRefused
from drivers.modbus.map import RegisterMap
from drivers.modbus.values import Text, Value


class ModbusMeter:
    """Implements `hal.Meter`. ``phases`` is what the connector has wired: a three-phase meter tells only those.

    ``mono`` is the clock of `hal.MeterSample.measured_at`.
    """

    def __init__(
        self, line: Line, unit: int, registers: RegisterMap, phases: int, mono: Callable[[], float] = time.monotonic
    ) -> None:
        self._line: Line | None = line.take()
        self._unit = unit
        self._map = registers
        self._phases = min(phases, registers.phases)
        self._mono = mono
        self._blocks = registers.blocks()
        energy = registers.quantities["energy_wh"][0]
        self._energy_at = (energy.function, energy.address)

    async def identify(self) -> MeterIdentity:
        """Model by the register map and, where it tells, by the meter. Raises DeviceUnavailable.

        What the meter refuses to tell stays empty: it is the map that asks for too much.
        """
        told: dict[str, str] = {}
        for name, value in self._map.identity.items():
            try:
                told[name] = await self._told(value)
            except RegisterRefused:
                continue
        model = " ".join(filter(None, (self._map.title, told.get("model", ""))))
        return MeterIdentity(model, told.get("serial", ""), told.get("firmware", ""))

    async def read(self) -> MeterSample:
        """All quantities of the map, stamped when the energy register's answer arrived.

        Raises DeviceUnavailable, also where the meter answers but has no energy to tell. Safe to cancel.
        """
        registers: dict[tuple[int, int], int] = {}
        measured_at = 0.0
        for block in self._blocks:
            words = await self._open_line().read(self._unit, block.function, block.address, block.count)
            registers.update(((block.function, block.address + offset), word) for offset, word in enumerate(words))
            if self._energy_at in registers and not measured_at:
                measured_at = self._mono()
        return self._sample(registers, measured_at)

    async def close(self) -> None:
        """The port is closed with the last meter on it. Calling it again does nothing."""
        if self._line is not None:
            self._line.give_back()
            self._line = None

    def _open_line(self) -> Line:
        if self._line is None:
            raise DeviceUnavailable(f"meter {self._map.title} unit {self._unit}: it was closed by us")
        return self._line

    async def _told(self, value: Value | Text) -> str:
        (span,) = value.spans()
        words = await self._open_line().read(self._unit, span.function, span.address, span.count)
        registers = {(span.function, span.address + offset): word for offset, word in enumerate(words)}
        return value.decode(registers) if isinstance(value, Text) else f"{value.raw(registers):.0f}"

    def _sample(self, registers: dict[tuple[int, int], int], measured_at: float) -> MeterSample:
        told = {
            name: tuple(value.decode(registers) for value in values) for name, values in self._map.quantities.items()
        }
        energy_wh = told["energy_wh"][0]
        if energy_wh is None:
            raise DeviceUnavailable(
                f"meter {self._map.title} unit {self._unit}: its energy register holds no number (NaN); "
                "check the wiring of the meter, and the register map (model)"
            )
        return MeterSample(
            measured_at=measured_at,
            energy_wh=energy_wh,
            power_w=_single(told.get("power_w")),
            amps=self._per_phase(told.get("amps")),
            volts=self._per_phase(told.get("volts")),
            powers_w=self._per_phase(told.get("powers_w")),
            energies_wh=self._per_phase(told.get("energies_wh")),
            export_wh=_single(told.get("export_wh")),
            frequency_hz=_single(told.get("frequency_hz")),
            power_factor=_single(told.get("power_factor")),
            temperature_c=_single(told.get("temperature_c")),
        )

    def _per_phase(self, values: tuple[float | None, ...] | None) -> tuple[float, ...]:
        """Empty unless every wired phase has a number: a gap would shift the phases behind it."""
        wired = (values or ())[: self._phases]
        numbers = tuple(value for value in wired if value is not None)
        return numbers if len(numbers) == len(wired) else ()


def _single(values: tuple[float | None, ...] | None) -> float | None:
    return values[0] if values else None
