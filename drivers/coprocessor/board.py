"""A computer with a serial port, and pilot and contactor on boards of their own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chargepoint import hal
from chargepoint.config.schema import Config
from drivers import checks
from drivers.peripherals import make_meters, make_readers

if TYPE_CHECKING:
    from drivers.gpio.pins import Factory


class CoprocessorBoard:
    """Implements `hal.Board`. Meters and readers are as on a Pi; what is made is closed by who asked for it."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def pins(self) -> Sequence[hal.Pins]:
        """Raises DeviceUnavailable: there are none."""
        raise hal.DeviceUnavailable(
            f"board {self._config.board.name} has no pins: its co-processor is the guard, and the daemon talks to it "
            "itself; do not start chargepoint-guard.service (systemctl mask chargepoint-guard.service)"
        )

    def coprocessors(self) -> Sequence[hal.Coprocessor]:
        """No port is touched before the first question. Raises DeviceUnavailable for a configuration that cannot be."""
        from drivers.coprocessor.recipes import make

        _refuse(checks.coprocessor_problems(self._config))
        return make(self._config)

    def devices(self) -> Sequence[hal.Devices]:
        _refuse(checks.meter_problems(self._config))
        return [hal.Devices(meter=meter) for meter in make_meters(self._config)]

    def readers(self) -> Sequence[hal.ServedReader]:
        _refuse(checks.reader_problems(self._config))
        return make_readers(self._config, self._pin_factory)

    def hints(self) -> None:
        return None

    def close(self) -> None:
        """It holds nothing itself."""

    def _pin_factory(self) -> "Factory":
        from drivers.gpio.pins import pin_factory

        return pin_factory(self._config.board.pin_factory)


def _refuse(found: list[str]) -> None:
    if found:
        raise hal.DeviceUnavailable("\n".join(found))
