"""Two set-ups of one connector's power path: the fakes on their page of wires, and the real drivers on simulated wires.

Each offers the HAL on one side and the hand of the world on the other.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from chargepoint import hal
from drivers.gpio.adc import CHIPS, Divider, McpPilotSensor
from drivers.gpio.contactor import GpioContactor, GpioEnable
from drivers.gpio.pwm import KernelPilot, find_channel
from hal_mock.ev import VehicleCircuit
from hal_mock.fakes import FakeContactor, FakeEnable, FakePilot, FakePilotSensor
from hal_mock.gpio_wires import Cabinet
from hal_mock.pilot_wires import Converter, PilotWire, PwmTree
from hal_mock.wires import Switch, Wires
from tests.drivers.support import HandClock


class PowerPath(Protocol):
    clock: HandClock
    pilot: hal.Pilot
    sensor: hal.PilotSensor
    contactor: hal.Contactor
    enable: hal.Enable

    def vehicle(self, circuit: VehicleCircuit) -> None: ...

    def weld(self, on: bool) -> None: ...

    def stick(self, on: bool) -> None: ...

    def period(self) -> None:
        """One period of the pilot passes; the kernel's PWM takes a new duty at its end."""


Make = Callable[[Path], AbstractContextManager[PowerPath]]


class Fakes:
    def __init__(self) -> None:
        self.clock = HandClock()
        wires = Wires.blank()
        self._line = wires.connector(1)
        self.pilot: hal.Pilot = FakePilot(wires, 1)
        self.sensor: hal.PilotSensor = FakePilotSensor(wires, 1, mono=self.clock)
        self.contactor: hal.Contactor = FakeContactor(wires, 1, self.clock)
        self.enable: hal.Enable = FakeEnable(wires, 1, self.clock)

    def vehicle(self, circuit: VehicleCircuit) -> None:
        self._line.vehicle = circuit

    def weld(self, on: bool) -> None:
        self._line.turn_switch(Switch.WELDED, on)

    def stick(self, on: bool) -> None:
        self._line.turn_switch(Switch.STUCK, on)

    def period(self) -> None:
        self.clock.now += 0.001


class Drivers:
    def __init__(self, tree: PwmTree, chip: str) -> None:
        self.clock = HandClock()
        self._cabinet = Cabinet(mono=self.clock)
        self._wire = PilotWire(tree.share_high)
        self.pilot: hal.Pilot = KernelPilot(find_channel(tree.root, "3f20c000.pwm", 0))
        self._converter = Converter({0: self._wire.volts}, CHIPS[chip].bits, -15.0, 15.0)
        self.sensor: hal.PilotSensor = McpPilotSensor(self._converter, CHIPS[chip], 0, Divider(-15.0, 15.0))
        self.contactor: hal.Contactor = GpioContactor(17, 27, True, self._cabinet.factory)
        self.enable: hal.Enable = GpioEnable(22, self._cabinet.factory)

    def vehicle(self, circuit: VehicleCircuit) -> None:
        self._wire.vehicle = circuit

    def weld(self, on: bool) -> None:
        self._cabinet.welded = on

    def stick(self, on: bool) -> None:
        self._cabinet.stuck_open = on

    def period(self) -> None:
        self.clock.now += 0.001
        self._converter.now_us += 1000.0


@contextmanager
def fakes(folder: Path) -> Iterator[PowerPath]:
    yield Fakes()


def drivers(chip: str) -> Make:
    @contextmanager
    def made(folder: Path) -> Iterator[PowerPath]:
        with PwmTree(folder / "class", {0: "3f20c000.pwm"}) as tree:
            yield Drivers(tree, chip)

    return made


POWER_PATHS: dict[str, Make] = {"fake": fakes, "gpio-mcp3008": drivers("mcp3008"), "gpio-mcp3208": drivers("mcp3208")}
