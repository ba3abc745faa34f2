"""The machine under the station, made of files."""

from pathlib import Path

import pytest

from chargepoint.clock import TimeQuality
from chargepoint.config.schema import Board, Config, Station
from chargepoint.doctor import machine
from chargepoint.doctor.finding import Level
from chargepoint.doctor.machine import Machine
from chargepoint.sense.wallclock import EARLIEST_UTC

NOW = EARLIEST_UTC + 1.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def made(root: Path, utc: float = NOW, synchronised: bool = True, free_bytes: int = 10**10) -> Machine:
    return Machine(lambda: utc, root, lambda: synchronised, lambda folder: free_bytes)


@pytest.mark.parametrize(
    ("utc", "synchronised", "level", "what"),
    [
        (NOW, True, Level.OK, "is synchronised"),
        (NOW, False, Level.WARN, "nobody has confirmed it"),
        (0.0, True, Level.BAD, "1970-01-01"),
    ],
)
def test_the_clock(root: Path, utc: float, synchronised: bool, level: Level, what: str) -> None:
    found = machine.clock(made(root, utc, synchronised))
    assert found.level is level and what in found.what
    assert machine.quality(utc, synchronised) in TimeQuality


PARAMETER = "sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs"
CMDLINE = "console=tty1 pinctrl_bcm2835.persist_gpio_outputs={} rootwait"


@pytest.mark.parametrize(
    ("live", "line", "level"),
    [
        ("N", None, Level.OK),
        ("Y", None, Level.BAD),
        ("Y", CMDLINE.format("n"), Level.BAD),
        (None, CMDLINE.format("n"), Level.OK),
        (None, CMDLINE.format("y"), Level.BAD),
        (None, "console=tty1", Level.WARN),
        (None, None, Level.WARN),
    ],
)
def test_pins_of_a_dead_process(root: Path, live: str | None, line: str | None, level: Level) -> None:
    if live is not None:
        write(root, PARAMETER, f"{live}\n")
    if line is not None:
        write(root, "proc/cmdline", f"{line}\n")
    found = machine.persistence(made(root))
    assert found.level is level
    assert (level is Level.OK) != ("persist_gpio_outputs=n" in found.todo)


@pytest.mark.parametrize(
    ("state", "level", "what"),
    [("active", Level.OK, "(15 s)"), ("inactive", Level.WARN, "sleeps"), (None, Level.WARN, "there is no")],
)
def test_the_watchdog(root: Path, state: str | None, level: Level, what: str) -> None:
    if state is not None:
        write(root, "sys/class/watchdog/watchdog0/state", f"{state}\n")
        write(root, "sys/class/watchdog/watchdog0/timeout", "15\n")
    found = machine.watchdog(made(root))
    assert found.level is level and what in found.what


def mounts(root: Path, *lines: tuple[str, str, str]) -> None:
    table = (f"36 35 98:0 / {point} {options} shared:1 - {kind} /dev/x rw" for point, kind, options in lines)
    write(root, "proc/self/mountinfo", "\n".join(table))


@pytest.mark.parametrize(
    ("kind", "options", "level", "what"),
    [
        ("ext4", "rw,noatime", Level.OK, "is on ext4"),
        ("tmpfs", "rw", Level.BAD, "gone with the power"),
        ("overlay", "rw", Level.BAD, "gone with the power"),
        ("ext4", "ro,noatime", Level.BAD, "read-only"),
        ("vfat", "rw", Level.WARN, "is on vfat"),
    ],
)
def test_where_the_state_lies(root: Path, tmp_path: Path, kind: str, options: str, level: Level, what: str) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    mounts(root, ("/", "squashfs", "ro"), (str(folder), kind, options))
    place, space = machine.state(str(folder), made(root))
    assert place.level is level and what in place.what
    assert space.level is Level.OK


def test_a_folder_that_is_not_there_yet(root: Path, tmp_path: Path) -> None:
    mounts(root, ("/", "ext4", "rw"))
    absent, place, _ = machine.state(str(tmp_path / "not" / "yet"), made(root))
    assert absent.level is Level.WARN and str(tmp_path) in absent.todo
    assert place.level is Level.OK


@pytest.mark.parametrize(("megabytes", "level"), [(10, Level.BAD), (100, Level.WARN), (1000, Level.OK)])
def test_room(root: Path, tmp_path: Path, megabytes: int, level: Level) -> None:
    assert machine.space(tmp_path, made(root, free_bytes=megabytes * 10**6)).level is level


def test_the_run_folder_and_a_neighbour_with_the_same_beginning(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    mounts(root, ("/", "ext4", "rw"), (str(tmp_path / "ru"), "tmpfs", "rw"))
    assert machine.run_dir(str(folder), made(root)).level is Level.WARN
    mounts(root, ("/", "ext4", "rw"), (str(folder), "tmpfs", "rw"))
    assert machine.run_dir(str(folder), made(root)).level is Level.OK


@pytest.mark.parametrize(("board", "raspi"), [("mock", False), ("raspi-mcp3008", True)])
def test_a_pi_is_asked_for_what_only_a_pi_has(root: Path, tmp_path: Path, board: str, raspi: bool) -> None:
    station = Station("CP1", state_dir=str(tmp_path), run_dir=str(tmp_path))
    config = Config(station, board=Board(name=board))  # type: ignore[arg-type]
    stages = {finding.stage for finding in machine.findings(config, made(root))}
    assert (machine.PINS in stages, machine.WATCHDOG in stages) == (raspi, raspi)
    assert {machine.CLOCK, machine.STATE, machine.RUN} <= stages


def test_this_machine_can_be_examined(tmp_path: Path) -> None:
    here = Machine(lambda: NOW)
    kind, options = machine.file_system(tmp_path, here)
    assert kind and "rw" in options
    assert here.free_bytes(tmp_path) > 0
