"""The hardware that is broken on purpose: the real drivers on simulated wires, and the mock board."""

import asyncio
import socket
import termios
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from chargepoint import hal, wiring
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
from chargepoint.doctor import contactor, meters
from chargepoint.doctor.finding import Finding, Level, healthy
from chargepoint.doctor.hardware import examine
from chargepoint.doctor.machine import Machine
from chargepoint.doctor.running import Running
from drivers.boards import RaspiMcp3008
from hal_mock.control import request
from hal_mock.ev import VehicleCircuit
from hal_mock.gpio_wires import Cabinet
from hal_mock.pilot_wires import Converter, PilotWire, PwmTree
from hal_mock.rtu_meter import RtuMeter
from hal_mock.uart_reader import UartReader
from tests.hal_mock.worlds import end, places_in

WIRED = Connector(pilot=PilotSettings(), contactor=ContactorSettings(), interlock=(InterlockSettings(5, "door"),))
PIN_STAGES = {"pins", "pwm", "adc", "pilot", "mirror", "interlock", "contactor", "board"}


class Bench:
    """A Pi with the simulated wires of one connector."""

    def __init__(self, tree: PwmTree, folder: Path) -> None:
        self.tree, self.folder = tree, folder
        self.cabinet = Cabinet(interlocks={5: False})
        self.pilot = PilotWire(tree.share_high)
        self.converter = Converter({0: self.pilot.volts})
        self.connector = WIRED
        self.readers: tuple[ReaderSettings, ...] = ()
        self.boards: list[hal.Board] = []

    def config(self) -> Config:
        station = Station("CP1", state_dir=str(self.folder), run_dir=str(self.folder))
        board = Board(name="raspi-mcp3008", pin_factory="mock")
        return Config(station, board=board, connector=(self.connector,), reader=self.readers)

    def board(self, config: Config) -> hal.Board:
        board = RaspiMcp3008(config, self.cabinet.factory, lambda bus, device: self.converter, self.tree.root)
        self.boards.append(board)
        return board

    async def diagnose(self, close_contactor: bool = False, daemon: Running = None) -> list[Finding]:
        told: list[Finding] = []
        machine = Machine(lambda: 1.8e9, self.folder / "root", lambda: True, lambda folder: 10**10)
        async with asyncio.timeout(30):
            await examine(self.config(), self.board, daemon, close_contactor, told.append, machine)
        assert not self.cabinet.coil.driven_high and self.tree.share_high() in (None, 0.0), "everything is left safe"
        return told


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with PwmTree(tmp_path / "class", {0: "3f20c000.pwm"}) as tree:
        yield Bench(tree, tmp_path)


def run(going: Awaitable[Any]) -> Any:
    async def bounded() -> Any:
        return await going

    return asyncio.run(bounded())


def of(told: list[Finding], *stages: str) -> list[Finding]:
    return [finding for finding in told if finding.stage in stages]


def worst(told: list[Finding], *stages: str) -> Finding:
    (found,) = [finding for finding in of(told, *(stages or PIN_STAGES)) if finding.level is not Level.OK]
    return found


# -- pins, pilot, mirror ----------------------------------------------------------------------------------------------


def test_sound_pins(bench: Bench) -> None:
    told = of(run(bench.diagnose()), *PIN_STAGES)
    assert [finding.stage for finding in told] == ["pins", "pilot", "pilot", "pilot", "mirror", "interlock"]
    assert {finding.level for finding in told} == {Level.OK}
    assert "+12.0 V without PWM: no vehicle is plugged" in told[2].what
    assert "PWM runs: its plateaus are +12.0 / -12.0 V" in told[3].what
    assert bench.converter.closed


@dataclass
class Trouble:
    make: Callable[[Bench], None]
    stage: str
    what: str
    todo: str
    level: Level = Level.BAD


def wired(**changes: Any) -> Callable[[Bench], None]:
    def make(bench: Bench) -> None:
        bench.connector = replace(WIRED, **changes)

    return make


def also(*makes: Callable[[Bench], None]) -> Callable[[Bench], None]:
    def make(bench: Bench) -> None:
        for one in makes:
            one(bench)

    return make


def converter(**changes: Any) -> Callable[[Bench], None]:
    return lambda bench: [setattr(bench.converter, name, value) for name, value in changes.items()] and None


def vehicle(circuit: VehicleCircuit) -> Callable[[Bench], None]:
    return lambda bench: setattr(bench.pilot, "vehicle", circuit)


def share(change: Callable[[float | None], float | None]) -> Callable[[Bench], None]:
    return lambda bench: setattr(bench.pilot, "share_high", lambda: change(bench.tree.share_high()))


def upside_down(high: float | None) -> float | None:
    return None if high is None else 1.0 - high


TROUBLES = {
    "pin held by another": Trouble(
        wired(contactor=ContactorSettings(coil_line=99)),
        "pins",
        "GPIO 99 (contactor coil) cannot be used",
        "holding",
    ),
    "no pwm": Trouble(wired(pilot=PilotSettings(pwm_device="fe20c000.pwm")), "pwm", "no chip under", "dtoverlay=pwm"),
    "converter unplugged": Trouble(converter(unplugged=True), "adc", "are not from an MCP3008", "MISO"),
    "converter dead": Trouble(converter(shorted=True), "adc", "reads 0 in all", "reference voltage"),
    "spi refuses": Trouble(converter(broken=True), "adc", "the SPI bus refuses", ""),
    "output stage inverts": Trouble(share(upside_down), "pilot", "upside down", "pwm_inverted = true"),
    "amplifier without supply": Trouble(share(lambda high: None), "pilot", "does not move: +0.0 V", "amplifier"),
    "pwm stuck high": Trouble(share(lambda high: 1.0), "pilot", "does not move: +12.0 V", "PWM pin"),
    "divider off": Trouble(
        converter(volts_at_zero=-17.0, volts_at_full=16.0),
        "pilot",
        "more than 0.6 V off",
        "pilot.volts_at_zero = -17.0",
        Level.WARN,
    ),
    "vehicle plugged": Trouble(
        vehicle(VehicleCircuit(plugged=True)), "pilot", "a vehicle is plugged (state B)", "unplug", Level.WARN
    ),
    "mirror wire broken": Trouble(
        lambda bench: setattr(bench.cabinet, "mirror_broken", True), "mirror", "says closed", "mirror_active_high"
    ),
    "welded": Trouble(lambda bench: setattr(bench.cabinet, "welded", True), "mirror", "says closed", "welded"),
    "door": Trouble(
        lambda bench: bench.cabinet.raised.add(5), "interlock", "the interlock door is active", "release", Level.WARN
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_broken_pins(name: str, bench: Bench) -> None:
    trouble = TROUBLES[name]
    trouble.make(bench)
    told = run(bench.diagnose(close_contactor=True))
    refusals = [finding for finding in told if finding.stage == "contactor"]
    found = worst([finding for finding in told if finding not in refusals])
    assert (found.stage, found.level) == (trouble.stage, trouble.level)
    assert trouble.what in found.what and trouble.todo in found.todo
    if name != "divider off":
        assert all("was not closed" in finding.what for finding in refusals)


def test_several_things_that_the_board_refuses(bench: Bench) -> None:
    bench.connector = Connector()
    told = of(run(bench.diagnose()), "pins")
    assert [finding.level for finding in told] == [Level.BAD, Level.BAD]


# -- the contactor ----------------------------------------------------------------------------------------------------


def test_the_contactor_stays_open_unless_asked(bench: Bench) -> None:
    moved: list[bool] = []
    bench.cabinet.coil._edge = lambda: moved.append(True)
    run(bench.diagnose())
    assert not moved


def test_the_mirror_contact_follows(bench: Bench) -> None:
    closed, opened = of(run(bench.diagnose(close_contactor=True)), "contactor")
    assert (closed.level, opened.level) == (Level.OK, Level.OK)
    assert "closed: the mirror contact followed" in closed.what and "opened: " in opened.what


def test_a_contactor_that_does_not_close(bench: Bench) -> None:
    bench.cabinet.stuck_open = True
    (found,) = of(run(bench.diagnose(close_contactor=True)), "contactor")
    assert found.level is Level.BAD and "did not follow" in found.what and "one-shot" in found.todo


def test_a_contactor_that_welds_when_it_closes(bench: Bench) -> None:
    bench.cabinet.coil._edge = lambda: setattr(bench.cabinet, "welded", True)
    _, found = of(run(bench.diagnose(close_contactor=True)), "contactor")
    assert found.level is Level.BAD and "still says closed" in found.what


def test_a_vehicle_that_comes_meanwhile_opens_it(bench: Bench) -> None:
    bench.cabinet.coil._edge = lambda: setattr(bench.pilot, "vehicle", VehicleCircuit(plugged=True))
    found = of(run(bench.diagnose(close_contactor=True)), "contactor")[0]
    assert found.level is Level.BAD and "cut short: the pilot shows a vehicle (state B)" in found.what


def test_cancelling_opens_it(bench: Bench) -> None:
    async def go() -> None:
        closed = asyncio.Event()
        bench.cabinet.coil._edge = closed.set
        task = asyncio.create_task(bench.diagnose(close_contactor=True))
        await closed.wait()
        assert bench.cabinet.coil.driven_high
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(go())
    assert not bench.cabinet.coil.driven_high and bench.tree.share_high() == 0.0


def test_the_trial_itself_leaves_it_open(bench: Bench) -> None:
    """Without the board's own last word, and cut off in the middle."""

    async def go() -> None:
        board = bench.board(bench.config())
        (pins,) = board.pins()
        closed = asyncio.Event()
        bench.cabinet.coil._edge = closed.set
        task = asyncio.create_task(contactor.move(pins))
        await closed.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert not bench.cabinet.coil.driven_high and bench.tree.share_high() == 0.0
        board.close()

    run(go())


# -- the station runs -------------------------------------------------------------------------------------------------

STATUS: dict[str, Any] = {
    "station": {"guard": True, "faults": []},
    "connectors": [
        {
            "number": 1,
            "vehicle": "B",
            "contactor": False,
            "measured": {"energy_wh": 1500.0, "volts": [230.0]},
            "faults": [{"id": "door", "seen": "open", "help": "close it"}],
        },
        {"number": 2, "vehicle": None, "contactor": None, "measured": {}, "faults": []},
    ],
}


def test_beside_a_running_station_nothing_is_touched(bench: Bench) -> None:
    told = run(bench.diagnose(close_contactor=True, daemon=STATUS))
    assert not bench.boards
    assert "no pin, meter or reader is touched" in told[0].what
    assert [finding.what for finding in of(told, "connector 1")] == [
        "vehicle B, contactor open by its mirror contact",
        "meter 1.500 kWh, 230 V",
        "fault door: open",
    ]
    assert "no reading" in of(told, "connector 2")[1].what


@pytest.mark.parametrize(
    ("status", "what"), [({}, "does not tell its status"), ({"station": {"guard": False}}, "the guard is missing")]
)
def test_a_station_that_runs_badly(bench: Bench, status: Running, what: str) -> None:
    told = run(bench.diagnose(daemon=status))
    assert not bench.boards and not healthy(told)
    assert any(what in finding.what for finding in told)


def test_beside_a_guard_alone_nothing_is_touched(bench: Bench) -> None:
    path = str(bench.folder / "guard.sock")
    listing = bench.folder / "root" / "proc" / "net" / "unix"
    listing.parent.mkdir(parents=True)
    listing.write_text(f"Num       RefCount Protocol Flags    Type St Inode Path\n0: 2 0 10000 1 1 4711 {path}\n")
    told = run(bench.diagnose())
    assert not bench.boards and "the guard is running on its own" in told[-1].what


def test_the_kernel_lists_a_bound_socket_as_we_read_it(tmp_path: Path) -> None:
    from chargepoint.doctor.hardware import guard_runs

    config = Config(Station("CP1", run_dir=str(tmp_path)))
    here = Machine(lambda: 0.0)
    assert not guard_runs(config, here)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as guard:
        guard.bind(str(tmp_path / "guard.sock"))
        guard.listen()
        assert guard_runs(config, here)
    assert not guard_runs(config, here)


# -- the meter --------------------------------------------------------------------------------------------------------


@dataclass
class PickyMeter(RtuMeter):
    """Understands one baud rate only, as a real one."""

    speed: int = 9600
    heard: list[int] = field(default_factory=list)

    def _received(self, data: bytes) -> None:
        number = termios.tcgetattr(self._wire._ours)[4]
        self.heard.append(number)
        if number == getattr(termios, f"B{self.speed}"):
            super()._received(data)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """And without trials of parity, of which a pty knows nothing."""
    monkeypatch.setattr(meters, "TRIAL_TIMEOUT_S", 0.1)
    monkeypatch.setattr(meters, "PARITIES", ("N",))


def metered(bench: Bench, meter: RtuMeter, **changes: Any) -> None:
    settings = {"timeout_s": 0.2, **changes}
    bench.connector = replace(WIRED, meter=MeterSettings("sdm630", meter.port, **settings))


def test_a_sound_meter(bench: Bench) -> None:
    async def go() -> list[Finding]:
        async with RtuMeter(bench.folder / "m", import_kwh=12.5) as meter:
            metered(bench, meter, timeout_s=2.0)
            return await bench.diagnose()

    (found,) = of(run(go()), "meter")
    assert found.level is Level.OK
    assert found.what == "Eastron SDM630 serial 12345678: 12.500 kWh, 230 / 230 / 230 V"


def test_a_phase_without_voltage(bench: Bench) -> None:
    async def go() -> list[Finding]:
        async with RtuMeter(bench.folder / "m", volts=(230.0, 3.0, 231.0)) as meter:
            metered(bench, meter, timeout_s=2.0)
            return await bench.diagnose()

    found = of(run(go()), "meter")[1]
    assert found.level is Level.WARN and found.what == "L2 measures 3 V, which is no mains"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("meter", "configured", "todo"),
    [
        ({"speed": 19200}, {}, "set connector[1].meter.baud = 19200"),
        ({"unit": 7}, {}, "set connector[1].meter.unit = 7"),
        ({"echo": True}, {}, "set connector[1].meter.local_echo = true"),
    ],
)
def test_a_meter_that_answers_otherwise(
    bench: Bench, meter: dict[str, Any], configured: dict[str, Any], todo: str
) -> None:
    async def go() -> list[Finding]:
        values = dict(meter)
        echo = values.pop("echo", False)
        async with PickyMeter(bench.folder / "m", **values) as there:
            there.faults.echo = echo
            metered(bench, there, **configured)
            return await bench.diagnose()

    silent, found = of(run(go()), "meter")
    assert silent.level is Level.BAD
    assert found.level is Level.BAD and found.todo == todo and "Eastron SDM630 answers" in found.what


@dataclass
class ParityMeter:
    """It answers to odd parity, at an adapter that has no even one. At the HAL, because a pty knows neither."""

    parity: str
    closed: bool = False

    async def identify(self) -> hal.MeterIdentity:
        if self.parity == "E":
            raise termios.error(22, "Invalid argument")
        if self.parity == "N":
            raise hal.DeviceUnavailable("meter: 3 bytes came that are no valid frame; check baud, parity")
        return hal.MeterIdentity("M")

    async def read(self) -> hal.MeterSample:
        raise AssertionError("nobody asked for a reading")

    async def close(self) -> None:
        self.closed = True


class ParityBoard:
    def __init__(self, config: Config) -> None:
        assert config.connector[0].meter is not None
        self.meter = ParityMeter(config.connector[0].meter.parity)
        self.closed = False

    def pins(self) -> list[hal.Pins]:
        raise AssertionError("the pins are none of a meter's business")

    def devices(self) -> list[hal.Devices]:
        return [hal.Devices(meter=self.meter)]

    def readers(self) -> list[hal.ServedReader]:
        return []

    def hints(self) -> None:
        return None

    def close(self) -> None:
        self.closed = True


def test_a_wrong_parity() -> None:
    made: list[ParityBoard] = []

    def make(config: Config) -> hal.Board:
        made.append(ParityBoard(config))
        return made[-1]

    settings = MeterSettings("sdm630", local_echo=True)
    config = Config(Station("CP1"), connector=(Connector(meter=settings),))
    found = run(meters.otherwise(1, settings, config, make, "meter"))
    assert found.todo == 'set connector[1].meter.parity = "O"'
    assert [each.meter.parity for each in made] == ["N", "E", "O"]
    assert all(each.closed and each.meter.closed for each in made)


def test_the_trials_are_bounded_and_each_differs() -> None:
    settings = MeterSettings("sdm630", unit=3, baud=19200, parity="E")
    trials = list(meters.trials(settings))
    assert len(trials) <= 50
    tried = [replace(settings, **changes) for changes in trials]
    assert settings not in tried and len(set(tried)) == len(tried)


@pytest.mark.usefixtures("impatient")
def test_a_meter_that_is_dead(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters, "TRIALS_WITHIN_S", 0.5)

    async def go() -> list[Finding]:
        async with RtuMeter(bench.folder / "m") as meter:
            meter.faults.silent = True
            metered(bench, meter)
            return await bench.diagnose()

    silent, found = of(run(go()), "meter")
    assert silent.level is Level.BAD and "no answer within" in silent.what
    assert found.level is Level.WARN and "nothing answered" in found.what and "120 ohm" in found.todo


def test_a_port_that_is_not_there(bench: Bench) -> None:
    bench.connector = replace(WIRED, meter=MeterSettings("sdm630", str(bench.folder / "none")))
    (found,) = of(run(bench.diagnose()), "meter")
    assert found.level is Level.BAD and "does not exist" in found.what


def test_no_meter(bench: Bench) -> None:
    (found,) = of(run(bench.diagnose()), "meter")
    assert found.level is Level.WARN and "there is no meter" in found.what


# -- the reader -------------------------------------------------------------------------------------------------------


def test_readers(bench: Bench) -> None:
    async def go() -> list[Finding]:
        async with UartReader(bench.folder / "r") as reader:
            gone = ReaderSettings("line", str(bench.folder / "gone"))
            bench.readers = (ReaderSettings("rdm6300", reader.port), gone)
            return await bench.diagnose()

    there, gone = of(run(go()), "reader")
    assert there.level is Level.OK and "rfid show" in there.what
    assert gone.level is Level.BAD and "is it plugged in" in gone.todo


def test_no_reader(bench: Bench) -> None:
    (found,) = of(run(bench.diagnose()), "reader")
    assert found.level is Level.WARN


# -- the mock board ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connectors", [1, 2])
def test_the_mock_board(tmp_path: Path, connectors: int) -> None:
    places = places_in(tmp_path)
    station = Station("CP1", state_dir=str(tmp_path / "state"), run_dir=str(tmp_path / "run"))
    config = Config(station, connector=(Connector(),) * connectors)
    told: list[Finding] = []
    try:
        run(examine(config, wiring.board, None, True, told.append, Machine(lambda: 1.8e9)))
        assert healthy(told), told
        moved = [finding for finding in told if finding.stage.startswith("contactor")]
        assert len(moved) == 2 * connectors
        assert ("contactor 2" in {finding.stage for finding in told}) == (connectors == 2)
        look = request(places.socket, {"op": "look", "connector": 1})
        assert look["contactor"] is False
    finally:
        end(places)


def test_a_mock_board_that_cannot_be_made(tmp_path: Path) -> None:
    config = Config(Station("CP1", run_dir=str(tmp_path)), board=Board(mock_socket="/" + "x" * 200))
    told: list[Finding] = []
    run(examine(config, wiring.board, None, False, told.append, Machine(lambda: 1.8e9)))
    assert told[-1].stage == "board" and "socket path" in told[-1].what
