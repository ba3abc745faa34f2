"""The boards this package can drive: name -> recipe, and what a recipe has to say about a configuration.

A recipe makes only what the configuration names, and imports it only then. The guard's process takes `pins` and loads
GPIO, never Modbus; the daemon takes `devices` and `readers` and loads GPIO only for a reader on two of its lines.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chargepoint import hal
from chargepoint.config.schema import (
    COPROCESSOR_BOARDS,
    Config,
    Connector,
    ContactorSettings,
    PilotSettings,
)
from drivers import checks
from drivers.coprocessor.board import CoprocessorBoard
from drivers.peripherals import make_meters, make_readers

if TYPE_CHECKING:
    from drivers.gpio.contactor import GpioContactor, GpioEnable
    from drivers.gpio.pins import Factory

PWM_ROOT = Path("/sys/class/pwm")


class Held(Protocol):
    """A pin or bus that was taken. `release` drives it to its safe value first."""

    def release(self) -> None: ...


class RaspiMcp3008:
    """A Raspberry Pi: gpiozero for contactor and interlocks, kernel PWM for the pilot, an MCP3008 or MCP3208 to see it,
    Modbus meters, card readers. Implements `hal.Board`.

    ``factory``, ``open_spi`` and ``pwm_root`` stand for the machine; a test puts simulated wires there.
    """

    def __init__(
        self,
        config: Config,
        factory: "Factory | None" = None,
        open_spi: Callable[[int, int], Any] | None = None,
        pwm_root: Path = PWM_ROOT,
    ) -> None:
        self._config = config
        self._factory = factory
        self._open_spi = open_spi
        self._pwm_root = pwm_root
        self._held: list[Held] = []

    def pins(self) -> Sequence[hal.Pins]:
        """Contactors first, so they are open before anything else is touched.

        Raises DeviceUnavailable, and then holds nothing.
        """
        _refuse(checks.pin_problems(self._config))
        try:
            factory = self._pin_factory()
            relays = [self._relay(connector, factory) for connector in self._config.connector]
            return [
                hal.Pins(*self._pilot(connector), contactor, enable, self._interlocks(connector, factory))
                for connector, (contactor, enable) in zip(self._config.connector, relays, strict=True)
            ]
        except BaseException:
            with contextlib.suppress(hal.DeviceUnavailable):
                self.close()
            raise

    def coprocessors(self) -> Sequence[hal.Coprocessor]:
        return ()

    def devices(self) -> Sequence[hal.Devices]:
        _refuse(checks.meter_problems(self._config))
        return [hal.Devices(meter=meter) for meter in make_meters(self._config)]

    def readers(self) -> Sequence[hal.ServedReader]:
        _refuse(checks.reader_problems(self._config))
        return make_readers(self._config, self._pin_factory)

    def hints(self) -> None:
        return None

    def close(self) -> None:
        """Open the contactors, put the pilots to -12 V, give the lines back. Meters and readers have their own close.

        What fails does not keep the rest from being released; the first DeviceUnavailable is raised at the end.
        """
        held, self._held = self._held, []
        failures = []
        for one in held:
            try:
                one.release()
            except hal.DeviceUnavailable as exc:
                failures.append(exc)
        if failures:
            raise failures[0]

    def _pin_factory(self) -> "Factory":
        from drivers.gpio.pins import pin_factory

        return self._factory or pin_factory(self._config.board.pin_factory)

    def _relay(self, connector: Connector, factory: "Factory") -> "tuple[GpioContactor, GpioEnable | None]":
        from drivers.gpio.contactor import GpioContactor, GpioEnable

        wired = connector.contactor or ContactorSettings()
        contactor = GpioContactor(wired.coil_line, wired.mirror_line, wired.mirror_active_high, factory)
        self._held.append(contactor)
        if wired.enable_line < 0:
            return contactor, None
        enable = GpioEnable(wired.enable_line, factory)
        self._held.append(enable)
        return contactor, enable

    def _pilot(self, connector: Connector) -> tuple[hal.Pilot, hal.PilotSensor]:
        from drivers.gpio.adc import CHIPS, Divider, McpPilotSensor, open_spi
        from drivers.gpio.pwm import KernelPilot, find_channel

        wired = connector.pilot or PilotSettings()
        pilot = KernelPilot(find_channel(self._pwm_root, wired.pwm_device, wired.pwm_channel), wired.pwm_inverted)
        self._held.append(pilot)
        spi = (self._open_spi or open_spi)(wired.spi_bus, wired.spi_device)
        divider = Divider(wired.volts_at_zero, wired.volts_at_full)
        sensor = McpPilotSensor(spi, CHIPS[wired.adc], wired.adc_channel, divider)
        self._held.append(sensor)
        return pilot, sensor

    def _interlocks(self, connector: Connector, factory: "Factory") -> Mapping[str, hal.DigitalInput]:
        from drivers.gpio.contactor import AnyOf
        from drivers.gpio.pins import InputLine

        contacts: dict[str, list[hal.DigitalInput]] = {}
        for wired in connector.interlock:
            contact = InputLine(wired.line, f"interlock {wired.fault}", wired.active_high, factory)
            self._held.append(contact)
            contacts.setdefault(wired.fault, []).append(contact)
        return {fault: AnyOf(several) for fault, several in contacts.items()}


BOARDS: dict[str, Callable[[Config], hal.Board]] = {
    "raspi-mcp3008": RaspiMcp3008,
    **dict.fromkeys(COPROCESSOR_BOARDS, CoprocessorBoard),
}


def problems(config: Config) -> list[str]:
    """What speaks against running ``config`` on the board it names, one sentence each. No hardware is touched."""
    if config.board.name in COPROCESSOR_BOARDS:
        return [*checks.coprocessor_problems(config), *checks.meter_problems(config), *checks.reader_problems(config)]
    return checks.problems(config) if config.board.name in BOARDS else []


def _refuse(found: list[str]) -> None:
    if found:
        raise hal.DeviceUnavailable("\n".join(found))
