import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from chargepoint import hal
from chargepoint.config.schema import (
    Board,
    Config,
    Connector,
    ContactorSettings,
    InterlockSettings,
    MeterSettings,
    PilotSettings,
    ReaderSettings,
    Station,
)
from drivers.boards import BOARDS, RaspiMcp3008, problems
from hal_mock.ev import VehicleCircuit
from hal_mock.gpio_wires import Cabinet
from hal_mock.pilot_wires import Converter, PilotWire, PwmTree
from hal_mock.rtu_meter import RtuMeter
from hal_mock.tcp_meter import TcpMeter
from hal_mock.uart_reader import UartReader
from hal_mock.wiegand_wires import WiegandWires
from tests.drivers.support import HandClock, recovered, run, unavailable
from tests.drivers.vectors import VECTORS

CONNECTOR = Connector(pilot=PilotSettings(), contactor=ContactorSettings())


def config(*connectors: Connector, readers: tuple[ReaderSettings, ...] = (), name: str = "raspi-mcp3008") -> Config:
    board = Board(name=name, pin_factory="mock")  # type: ignore[arg-type]
    return Config(Station("CP1"), board=board, connector=connectors or (CONNECTOR,), reader=readers)


def connector(**changes: object) -> Connector:
    return replace(CONNECTOR, **changes)  # type: ignore[arg-type]


class Wired:
    """A Pi with the simulated wires of one connector."""

    def __init__(self, tree: PwmTree, connector: Connector) -> None:
        self.clock = HandClock()
        self.cabinet = Cabinet(mono=self.clock, interlocks={5: False, 6: False})
        self.pilot = PilotWire(tree.share_high, VehicleCircuit(plugged=True, s2=True))
        self.converter = Converter({0: self.pilot.volts})
        self.tree = tree
        self.board = RaspiMcp3008(config(connector), self.cabinet.factory, self.open_spi, tree.root)

    def open_spi(self, bus: int, device: int) -> Converter:
        assert (bus, device) == (0, 0)
        return self.converter


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[PwmTree]:
    with PwmTree(tmp_path / "class", {0: "3f20c000.pwm"}) as tree:
        yield tree


def test_pins_of_one_connector_over_all_wires(tree: PwmTree) -> None:
    two_doors = tuple(InterlockSettings(line, "door") for line in (5, 6))
    wired = Wired(tree, connector(interlock=two_doors))
    (pins,) = wired.board.pins()
    assert tree.share_high() == 0.0 and not pins.contactor.is_closed()
    off = pins.sensor.read()
    assert (off.high, off.low) == pytest.approx((-12.0, -12.0), abs=0.05)
    pins.pilot.pwm(16 / 60)
    volts = pins.sensor.read()
    assert volts.high == pytest.approx(6.0, abs=0.05) and volts.low == pytest.approx(-12.0, abs=0.05)
    assert pins.enable is not None
    pins.enable.pulse()
    pins.contactor.close(1.0)
    assert pins.contactor.is_closed()
    assert not pins.interlocks["door"].is_active()
    wired.cabinet.raised.add(6)
    assert pins.interlocks["door"].is_active()
    wired.board.close()
    assert not wired.cabinet.closed and tree.share_high() == 0.0 and wired.converter.closed
    wired.board.close()


def test_nothing_is_held_when_a_part_is_missing(tree: PwmTree) -> None:
    wired = Wired(tree, connector(pilot=PilotSettings(pwm_device="fe20c000.pwm")))
    with unavailable("fe20c000.pwm", "dtoverlay"):
        wired.board.pins()
    assert wired.cabinet.coil.function == "input"
    right = RaspiMcp3008(config(), wired.cabinet.factory, wired.open_spi, tree.root)
    assert len(right.pins()) == 1
    right.close()


def test_closing_goes_on_when_a_part_refuses(tree: PwmTree) -> None:
    wired = Wired(tree, CONNECTOR)
    (pins,) = wired.board.pins()
    pins.contactor.close(1.0)
    (tree.channel() / "duty_cycle").unlink()
    with unavailable("duty cycle of 0 ns"):
        wired.board.close()
    assert not wired.cabinet.coil.driven_high and wired.converter.closed


def test_without_enable_pulses(tree: PwmTree) -> None:
    wired = Wired(tree, connector(contactor=ContactorSettings(enable_line=-1)))
    (pins,) = wired.board.pins()
    assert pins.enable is None and pins.interlocks == {}
    wired.board.close()


def test_devices_and_readers_over_their_wires(tmp_path: Path) -> None:
    async def go() -> None:
        async with RtuMeter(tmp_path / "m", unit=2, import_kwh=3.0) as meter, UartReader(tmp_path / "r") as card:
            with_meter = connector(meter=MeterSettings("sdm630", meter.port, unit=2, timeout_s=5.0))
            served = (ReaderSettings("rdm6300", card.port), ReaderSettings("line", "/dev/x", connectors=(2,)))
            board = BOARDS["raspi-mcp3008"](config(with_meter, CONNECTOR, readers=served))
            first, second = board.devices()
            assert first.meter is not None and second.meter is None
            assert (await first.meter.read()).energy_wh == 3000.0
            every, one = board.readers()
            assert (every.name, every.connectors, one.connectors) == (f"rdm6300 at {card.port}", (1, 2), (2,))
            tapped = asyncio.create_task(every.reader.tap())
            await asyncio.sleep(0)
            card.hold(b"12345")
            assert await tapped == hal.Tap(b"12345")
            assert board.hints() is None
            for thing in (first.meter, every.reader, one.reader):
                await thing.close()
            board.close()

    run(go())


def test_meters_on_one_port_share_its_line(tmp_path: Path) -> None:
    async def go() -> None:
        async with RtuMeter(tmp_path / "m", unit=1, import_kwh=1.0) as meter:
            ports = [MeterSettings("sdm630", meter.port, unit=unit, timeout_s=0.1) for unit in (1, 2)]
            devices = RaspiMcp3008(config(*(connector(meter=port) for port in ports))).devices()
            present, absent = (one.meter for one in devices)
            assert present is not None and absent is not None
            for _ in range(2):
                assert (await recovered(present)).energy_wh == 1000.0
                with unavailable("unit 2: no answer"):
                    await absent.read()
            await absent.close()
            await present.close()

    run(go())


READERS = [
    ReaderSettings("rdm6300", "/dev/a"),
    ReaderSettings("line", "/dev/b", digits="decimal"),
    ReaderSettings("pn532", "/dev/c", baud=115200),
    ReaderSettings("twn4", "/dev/d"),
    ReaderSettings("hid", "/dev/input/by-id/e"),
    ReaderSettings("wiegand", "gpio:23,24"),
]


def test_readers_of_every_kind() -> None:
    async def go() -> None:
        board = RaspiMcp3008(config(readers=tuple(READERS)), Cabinet(mono=HandClock()).factory)
        served = board.readers()
        assert [one.name for one in served] == [f"{reader.kind} at {reader.port}" for reader in READERS]
        for one in served[:5]:
            with unavailable(f"reader at {one.name.split()[-1]}: "):
                await one.reader.tap()
        for one in served:
            await one.reader.close()

    run(go())


def test_a_wiegand_reader_spelled_as_configured() -> None:
    async def go() -> None:
        factory = MockFactory()
        reader = ReaderSettings("wiegand", "gpio:23,24", reverse=True, strip="front", pad=7)
        (served,) = RaspiMcp3008(config(readers=(reader,)), factory).readers()
        tap = asyncio.create_task(served.reader.tap())
        await asyncio.sleep(0)
        WiegandWires(factory, 23, 24).show(bytes.fromhex("c3b2a100"))
        assert await tap == hal.Tap(bytes.fromhex("00000000a1b2c3"))
        await served.reader.close()

    run(go())


@pytest.mark.parametrize(
    ("port", "sentence"),
    [
        ("/dev/ttyUSB0", "reader[1].port: '/dev/ttyUSB0' must be gpio:DATA0,DATA1"),
        ("gpio:23,17", "reader[1].port = 'gpio:23,17': GPIO 17 is taken by connector[1].contactor.coil_line"),
        ("gpio:22,24", "GPIO 22 is taken by connector[1].contactor.enable_line"),
        ("gpio:10,24", "GPIO 10 is taken by connector[1].pilot (SPI)"),
        ("gpio:5,24", "GPIO 5 is taken by connector[1].interlock[1].line"),
    ],
)
def test_wiegand_lines_must_be_free(port: str, sentence: str) -> None:
    wired = config(connector(interlock=(InterlockSettings(5, "door"),)), readers=(ReaderSettings("wiegand", port),))
    (told,) = problems(wired)
    assert sentence in told
    with unavailable(re.escape(told)):
        RaspiMcp3008(wired).readers()


def test_two_wiegand_readers_need_four_lines() -> None:
    wired = config(readers=(ReaderSettings("wiegand", "gpio:23,24"), ReaderSettings("wiegand", "gpio:24,25")))
    assert problems(wired) == ["reader[2].port = 'gpio:24,25': GPIO 24 is taken by reader[1].port; choose another line"]


def test_a_board_without_meters_and_readers() -> None:
    board = RaspiMcp3008(config())
    assert board.devices() == [hal.Devices()] and board.readers() == []


PROBLEMS: list[tuple[dict[str, object], str]] = [
    ({"pilot": None}, "connector[1].pilot is missing: .*add [connector.pilot]"),
    ({"contactor": None}, "connector[1].contactor is missing"),
    ({"contactor": ContactorSettings(coil_line=4)}, "connector[1].contactor.coil_line = 4: GPIO 4 is pulled up"),
    ({"contactor": ContactorSettings(coil_line=14)}, "GPIO 14 is the UART's transmit line"),
    ({"contactor": ContactorSettings(enable_line=15)}, "enable_line = 15: GPIO 15 is the UART's receive line"),
    ({"contactor": ContactorSettings(enable_line=-1, hardware_interlock=True)}, "enable_line = -1 wires none"),
    (
        {"contactor": ContactorSettings(mirror_line=3, mirror_active_high=False)},
        "mirror_line = 3: GPIO 3 has a pull-up",
    ),
    ({"interlock": (InterlockSettings(2, "door"),)}, "connector[1].interlock[1].line = 2: GPIO 2 has a pull-up"),
    ({"pilot": PilotSettings(volts_at_zero=0.0)}, "connector[1].pilot: the converter sees 0 to 15 V"),
    ({"cable": "socket"}, 'connector[1].cable = "socket": this board drives no cable lock'),
    ({"meter": MeterSettings("sdm7")}, "connector[1].meter.model: there is no register map 'sdm7'"),
    ({"meter": MeterSettings("sdm120")}, "connector[1].meter.model: Eastron SDM120 measures one phase"),
    ({"meter": MeterSettings("sdm630", unit=248)}, "connector[1].meter.unit = 248: on a serial line"),
    ({"meter": MeterSettings("sdm630", "tcp://a/b")}, "connector[1].meter.port: 'tcp://a/b' must be tcp://host"),
]


@pytest.mark.parametrize(("changes", "sentence"), PROBLEMS)
def test_what_this_board_cannot_do(changes: dict[str, object], sentence: str) -> None:
    (told,) = problems(config(connector(**changes)))
    head, _, tail = sentence.partition(".*")
    assert head in told and tail in told and told.startswith("connector[1]")
    board = RaspiMcp3008(config(connector(**changes)))
    with unavailable(re.escape(told)):
        board.devices() if "meter" in changes else board.pins()


def test_what_it_can_do() -> None:
    guarded = ContactorSettings(coil_line=4, hardware_interlock=True)
    fine = connector(contactor=guarded, meter=MeterSettings("sdm120"), phases=1)
    assert problems(config(fine)) == []
    assert problems(config(connector(cable="socket"), name="mock")) == []


def test_meters_on_one_port_must_agree() -> None:
    meters = [MeterSettings("sdm630", unit=1), MeterSettings("sdm630", unit=2, timeout_s=2.0, local_echo=True)]
    assert problems(config(*(connector(meter=meter) for meter in meters))) == [
        f"connector[2].meter.{name} differs from connector[1].meter.{name}, but both meters are on /dev/ttyUSB0"
        for name in ("timeout_s", "local_echo")
    ]


def test_the_makers_address_counts_as_an_address() -> None:
    meters = [MeterSettings("wm3m4", unit=0), MeterSettings("sdm630", unit=33), MeterSettings("sdm630", unit=0)]
    assert problems(config(*(connector(meter=meter) for meter in meters))) == [
        "connector[2].meter.unit: both this meter and connector[1].meter have address 33 on /dev/ttyUSB0; give each "
        "its own"
    ]


def test_a_meter_behind_tcp_at_the_makers_address() -> None:
    async def go() -> None:
        async with TcpMeter({33: VECTORS["wm3m4"].table()}) as device:
            wired = MeterSettings("wm3m4", device.endpoint, unit=0, timeout_s=5.0)
            board = RaspiMcp3008(config(connector(meter=wired)))
            (one,) = board.devices()
            assert one.meter is not None
            assert (await one.meter.read()).energy_wh == VECTORS["wm3m4"].sample.energy_wh
            await one.meter.close()

    run(go())


LIBRARIES = ("gpiozero", "lgpio", "spidev", "serial", "pymodbus", "asyncio")


@pytest.mark.parametrize(
    ("part", "loaded"),
    [
        ("problems(plain)", set()),
        ("board(plain).devices(); board(plain).readers()", set()),
        ("pins(plain)", {"gpiozero"}),
        ("board(metered).devices()", {"pymodbus", "serial", "asyncio"}),
        ("board(carded).readers()", {"serial", "asyncio"}),
    ],
)
def test_a_station_loads_only_the_drivers_it_uses(tmp_path: Path, part: str, loaded: set[str]) -> None:
    code = f"""
import sys
from chargepoint.config.schema import *
from drivers.boards import BOARDS, problems
board = BOARDS["raspi-mcp3008"]
connector = Connector(pilot=PilotSettings(), contactor=ContactorSettings())
def config(connector=connector, **more):
    return Config(Station("CP1"), board=Board("raspi-mcp3008", "mock"), connector=(connector,), **more)
def pins(config):
    try:
        board(config).pins()
    except Exception as exc:
        assert "pilot PWM" in str(exc), exc
plain = config()
metered = config(Connector(pilot=PilotSettings(), contactor=ContactorSettings(), meter=MeterSettings("sdm630")))
carded = config(reader=(ReaderSettings("rdm6300", "/dev/x"),))
{part}
print(*[name for name in {LIBRARIES!r} if name in sys.modules])
"""
    told = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert set(told.stdout.split()) == loaded
