"""The drivers of co-processor boards where the boards differ, and when the wire is bad."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chargepoint.config.load import examine_text
from chargepoint.config.schema import Board, Config, Connector, CoprocessorSettings, Station
from chargepoint.hal import Coprocessor, CoprocessorOrder, CoprocessorSeen, DeviceUnavailable
from drivers.boards import BOARDS, problems
from drivers.coprocessor import evse_din, openevse, phoenix, smartevse
from drivers.coprocessor.rapi import LONGEST_LINE, Line, Lines, checksum, command, parse
from drivers.coprocessor.recipes import RECIPES
from hal_mock.evse_din import EvseDinDevice
from hal_mock.openevse import OpenEvseDevice
from hal_mock.phoenix import PhoenixDevice
from hal_mock.rtu_device import DEVICE_FAILURE
from hal_mock.smartevse import SmartEvseDevice
from tests.drivers.support import HandClock, run, unavailable

OFF, PAUSE = CoprocessorOrder(enabled=False), CoprocessorOrder(enabled=True)
OFFER = CoprocessorOrder(True, 16.0)
MODBUS: list[tuple[str, Any]] = [
    ("evse-din", EvseDinDevice),
    ("phoenix", PhoenixDevice),
    ("smartevse3", SmartEvseDevice),
]
on_modbus = pytest.mark.parametrize(("kind", "make"), MODBUS, ids=[kind for kind, _ in MODBUS])


@asynccontextmanager
async def driver(kind: str, device: Any) -> AsyncIterator[Coprocessor]:
    async with device:
        (one,) = RECIPES[kind]([CoprocessorSettings(device.port, timeout_s=0.1)])
        yield one
        await one.close()


# -- Modbus -----------------------------------------------------------------------------------------------------------


@on_modbus
@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"silent": True}, ("co-processor at", "unit 1", "no answer")),
        ({"bad_crc": True}, ("co-processor at", "no valid frame")),
        ({"garbage": b"\xff\x00hello"}, ("co-processor at",)),
        ({"exception": DEVICE_FAILURE}, ("exception 4", "device failure")),
    ],
    ids=["silent", "crc", "garbage", "exception"],
)
def test_a_bad_wire_is_named_and_forgiven(
    kind: str, make: Any, faults: dict[str, Any], words: tuple[str, ...], tmp_path: Path
) -> None:
    async def go() -> None:
        device = make(tmp_path / "tty")
        async with driver(kind, device) as board:
            device.vehicle = "B"
            for name, value in faults.items():
                setattr(device.faults, name, value)
            with unavailable(*words):
                await board.look()
            with unavailable(*words):
                await board.drive(OFFER)
            for name in faults:
                setattr(device.faults, name, type(getattr(device.faults, name))())
            while device.amps != 16:
                try:
                    await board.drive(OFFER)
                    await board.look()
                except DeviceUnavailable:
                    await asyncio.sleep(0.01)

    run(go())


@on_modbus
def test_a_missing_port_is_named(kind: str, make: Any, tmp_path: Path) -> None:
    async def go() -> None:
        (board,) = RECIPES[kind]([CoprocessorSettings(str(tmp_path / "nothing"))])
        with unavailable("co-processor at", "does not exist"):
            await board.look()
        await board.close()
        with unavailable("closed by us"):
            await board.look()

    run(go())


def test_boards_on_one_line_are_told_apart(tmp_path: Path) -> None:
    async def go() -> None:
        device = EvseDinDevice(tmp_path / "tty", unit=2)
        async with device:
            settings = [CoprocessorSettings(device.port, unit, timeout_s=0.05) for unit in (1, 2)]
            first, second = RECIPES["evse-din"](settings)
            with unavailable("unit 1", "no answer"):
                await first.look()
            await second.drive(OFFER)
            assert device.amps == 16
            await first.close()
            assert (await second.look()).vehicle == "A"
            await second.close()

    run(go())


# -- EVSE-DIN --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("firmware", "fine", "written"), [(18, True, 1650), (16, True, 16), (18, False, 16)])
def test_evse_din_counts_current_as_its_firmware_does(firmware: int, fine: bool, written: int, tmp_path: Path) -> None:
    async def go() -> None:
        device = EvseDinDevice(tmp_path / "tty", firmware=firmware, fine=fine)
        async with driver("evse-din", device) as board:
            await board.drive(CoprocessorOrder(True, 16.5))
            assert (1000, written) in device.writes

    run(go())


def test_evse_din_is_turned_off_before_anything_else(tmp_path: Path) -> None:
    async def go() -> None:
        device = EvseDinDevice(tmp_path / "tty")
        async with driver("evse-din", device) as board:
            for order in (OFFER, OFF, OFFER):
                await board.drive(order)
            assert device.writes == [(1000, 16), (1004, 0), (1004, 1), (1000, 0), (1000, 16), (1004, 0)]

    run(go())


@pytest.mark.parametrize(
    ("vehicle", "flags", "letter", "faults"),
    [
        (1, 0, "A", set()),
        (4, 1, "D", set()),
        (5, 2, "B", {"diode"}),
        (5, 4, "D", set()),
        (5, 32, "B", {"ground"}),
        (5, 0, "E", set()),
        (9, 0, "", set()),
    ],
)
def test_what_evse_din_shows(vehicle: int, flags: int, letter: str, faults: set[str]) -> None:
    seen = evse_din.seen([16, 16, vehicle, 32, 0, 18, 2, flags], 1)
    assert (seen.vehicle, set(seen.faults), seen.closed, seen.offered_amps) == (letter, faults, bool(flags & 1), 16.0)


# -- Phoenix ----------------------------------------------------------------------------------------------------------


def test_phoenix_is_made_to_obey_coils_once(tmp_path: Path) -> None:
    async def go() -> None:
        device = PhoenixDevice(tmp_path / "tty", enabled_by=1)
        async with driver("phoenix", device) as board:
            for _ in range(3):
                await board.drive(OFFER)
            assert device.writes.count((4000, 3)) == 1
            assert (20001, 1) not in device.writes
            await board.drive(CoprocessorOrder(True, 80.0))
            assert device.amps == 63

    run(go())


def test_phoenix_shows_state_f_where_it_is_set_up_for_it(tmp_path: Path) -> None:
    async def go() -> None:
        device = PhoenixDevice(tmp_path / "tty", available_by=2)
        async with driver("phoenix", device) as board:
            await board.drive(OFF)
            assert (await board.look()).vehicle == "F"
            await board.drive(PAUSE)
            assert (await board.look()).vehicle == "A"

    run(go())


@pytest.mark.parametrize(("bit", "fault"), [(bit, fault) for bit, (fault, _) in phoenix.FAULTS.items()])
def test_what_phoenix_finds(bit: int, fault: str) -> None:
    assert set(phoenix.seen(ord("B") << 8 | ord("2"), 16, 1 << (bit - 1)).faults) == {fault}


def test_what_phoenix_shows() -> None:
    def seen(text: str) -> CoprocessorSeen:
        return phoenix.seen(ord(text[0]) << 8 | ord(text[1]), 16, 0)

    assert [seen(text).vehicle for text in ("A1", "B2", "C2", "D1", "E\0", "F\0", "x1")] == [*"ABCDEF", ""]
    assert [seen(text).offered_amps for text in ("B1", "B2", "C2")] == [0.0, 16.0, 16.0]


# -- SmartEVSE --------------------------------------------------------------------------------------------------------


def test_smartevse_asks_its_master_and_is_answered_only_under_an_offer(tmp_path: Path) -> None:
    async def go() -> None:
        device = SmartEvseDevice(tmp_path / "tty")
        async with driver("smartevse3", device) as board:
            device.vehicle = "C"
            for _ in range(3):
                await board.look()
            assert not device.writes and not device.closed
            await board.drive(OFFER)
            for _ in range(4):
                await board.look()
            assert (0, 5) in device.writes and (0, 7) in device.writes

    run(go())


def test_smartevse_is_fed_and_forgiven_that_it_was_not(tmp_path: Path) -> None:
    async def go() -> None:
        device = SmartEvseDevice(tmp_path / "tty")
        async with driver("smartevse3", device) as board:
            await board.drive(OFFER)
            device.error = 2 | 4
            seen = await board.look()
            assert set(seen.faults) == {"high-temperature"}
            device.writes.clear()
            await board.beat()
            assert device.writes == [(2, 160), (1, 4)]
            await board.look()
            await board.beat()
            assert device.writes[2:] == [(2, 160)]

    run(go())


def test_smartevse_gives_the_vehicle_time_unless_it_must_open_at_once(tmp_path: Path) -> None:
    async def go() -> None:
        device = SmartEvseDevice(tmp_path / "tty")
        async with driver("smartevse3", device) as board:
            device.vehicle = "C"
            for _ in range(4):
                await board.drive(OFFER)
                await board.look()
            await board.drive(PAUSE)
            seen = await board.look()
            assert (seen.vehicle, seen.closed, seen.offered_amps) == ("C", True, 0.0)
            await board.drive(OFF)
            seen = await board.look()
            assert (seen.vehicle, seen.closed) == ("B", False)

    run(go())


def test_what_smartevse_shows() -> None:
    letters = "".join(smartevse.seen(state, 0, 160).vehicle or "-" for state in range(13))
    assert letters == "ABCDBBCCBBC--"


# -- OpenEVSE ---------------------------------------------------------------------------------------------------------


def test_rapi_as_the_protocol_notes_write_it() -> None:
    assert checksum(b"$GS") == 0x30 and checksum(b"$FF D 0") ^ checksum(b"$FF D 1") == 1
    assert command("SC 16 V", 0x0A) == b"$SC 16 V :0A^%02X\r" % checksum(b"$SC 16 V :0A")
    line = command("OK 01 0 ff 0040", 7)
    assert parse(line) == Line("OK", ("01", "0", "ff", "0040"), 7)
    assert parse(b"$NK^%02X" % checksum(b"$NK")) == Line("NK", ())
    assert parse(b"\n" + line) == parse(line)


@pytest.mark.parametrize(
    "line", [b"", b"$OK", b"$OK^00", b"OK^0B", b"$OK :1^00", b"$OK ^^00", b"hello", b"\xff\xfe^00"]
)
def test_what_is_no_rapi(line: bytes) -> None:
    assert parse(line) is None


def test_rapi_lines_survive_noise_and_any_cut() -> None:
    sent = b"\xffnoise\r" + command("OK 1", 1) + b"x" * 3 * LONGEST_LINE + b"\r" + command("AT 01 01 16 0000", 2)
    for size in (1, 3, 7, len(sent)):
        lines, found = Lines(), []
        for start in range(0, len(sent), size):
            found += lines.feed(sent[start : start + size])
        assert [line.word for line in found] == ["OK", "AT"] and lines.garbage == 2


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"silent": True}, ("OpenEVSE at", "no answer to GS", "RAPI 3.0")),
        ({"bad_checksum": True}, ("OpenEVSE at", "no RAPI")),
        ({"no_sequence": True}, ("OpenEVSE at", "RAPI 3.0")),
    ],
    ids=["silent", "checksum", "old"],
)
def test_an_openevse_that_cannot_be_understood(faults: dict[str, Any], words: tuple[str, ...], tmp_path: Path) -> None:
    async def go() -> None:
        device = OpenEvseDevice(tmp_path / "tty")
        async with driver("openevse", device) as board:
            for name, value in faults.items():
                setattr(device.faults, name, value)
            with unavailable(*words):
                await board.look()

    run(go())


def test_garbage_before_an_answer_and_news_between_do_no_harm(tmp_path: Path) -> None:
    async def go() -> None:
        device = OpenEvseDevice(tmp_path / "tty")
        async with driver("openevse", device) as board:
            device.faults.garbage = b"\x00\xff$AT 02 02 16 0100^00\r$OK 03 0 03 0140 :FF^1F\r"
            device.vehicle = "B"
            for _ in range(300):
                assert (await board.look()).vehicle == "B"

    run(go())


def test_the_heartbeat_is_set_up_once_and_fed(tmp_path: Path) -> None:
    async def go() -> None:
        device = OpenEvseDevice(tmp_path / "tty")
        async with driver("openevse", device) as board:
            for _ in range(3):
                await board.beat()
            assert device.commands == ["SY", "SY 3 0", "SY", "SY"]
            assert (board.watchdog_s, board.fallback_amps) == (3.0, 6.0)

    run(go())


def test_after_a_missed_heartbeat_our_current_comes_back_and_no_higher(tmp_path: Path) -> None:
    async def go() -> None:
        clock = HandClock()
        device = OpenEvseDevice(tmp_path / "tty", mono=clock)
        async with driver("openevse", device) as board:
            await board.drive(OFFER)
            await board.beat()
            clock.now += 3.5
            assert device.amps == 6
            device.commands.clear()
            await board.beat()
            assert device.commands == ["SY", "SY 165", "SC 16 V", "FE"]
            assert device.amps == 16

    run(go())


def test_a_firmware_without_supervision_has_no_fail_safe(tmp_path: Path) -> None:
    async def go() -> None:
        device = OpenEvseDevice(tmp_path / "tty")
        device.faults.unsupervised = True
        async with driver("openevse", device) as board:
            await board.beat()
            assert board.watchdog_s is None

    run(go())


def test_its_own_limit_is_respected_and_parts_of_an_ampere_are_left_out(tmp_path: Path) -> None:
    async def go() -> None:
        device = OpenEvseDevice(tmp_path / "tty", max_amps=20)
        async with driver("openevse", device) as board:
            await board.drive(CoprocessorOrder(True, 32.0))
            assert device.amps == 20
            await board.drive(CoprocessorOrder(True, 15.9))
            assert device.amps == 15

    run(go())


def test_asleep_it_opens_when_the_vehicle_does_not(tmp_path: Path) -> None:
    async def go() -> None:
        clock = HandClock()
        device = OpenEvseDevice(tmp_path / "tty", mono=clock)
        async with driver("openevse", device) as board:
            device.vehicle = "C"
            await board.drive(OFFER)
            await board.drive(PAUSE)
            seen = await board.look()
            assert (seen.vehicle, seen.closed, seen.offered_amps) == ("C", True, 0.0)
            clock.now += 3.0
            assert (await board.look()).closed is False

    run(go())


def test_its_button_and_its_boot_message_are_noticed(tmp_path: Path) -> None:
    async def go() -> None:
        device = OpenEvseDevice(tmp_path / "tty")
        async with driver("openevse", device) as board:
            await board.drive(OFFER)
            device.press_button()
            await board.look()
            await board.drive(OFFER)
            assert device.amps == 16
            device.reset()
            await board.look()
            await board.drive(OFFER)
            assert device.amps == 16

    run(go())


@pytest.mark.parametrize(
    ("state", "pilot", "flags", "vehicle", "closed", "faults"),
    [
        (0x03, 0x03, 0x0140, "C", True, set()),
        (0x02, 0x03, 0x0100, "B", False, set()),
        (0xFE, 0x03, 0x0140, "C", True, set()),
        (0xFE, 0x00, 0x0000, "", False, set()),
        (0xFF, 0x02, 0x0100, "F", False, set()),
        (0x00, 0x00, 0x0000, "", False, set()),
        (0x04, 0x04, 0x0100, "D", False, set()),
        (0x05, 0x05, 0x0100, "B", False, {"diode"}),
        (0x06, 0x00, 0x0000, "A", False, {"ground"}),
        (0x08, 0x02, 0x0100, "B", True, {"contactor-welded"}),
        (0x0E, 0x03, 0x0100, "C", False, {"contactor-stuck"}),
    ],
)
def test_what_openevse_shows(state: int, pilot: int, flags: int, vehicle: str, closed: bool, faults: set[str]) -> None:
    seen = openevse.seen(state, pilot, flags, 16)
    assert (seen.vehicle, seen.closed, set(seen.faults)) == (vehicle, closed, faults)


@pytest.mark.parametrize("told", [True, False])
def test_a_reset_that_nobody_heard_of_does_not_raise_the_current(told: bool, tmp_path: Path) -> None:
    async def go() -> None:
        device = OpenEvseDevice(tmp_path / "tty")
        async with driver("openevse", device) as board:
            device.vehicle = "C"
            await board.drive(OFFER)
            device.faults.bad_checksum = not told
            device.reset()
            device.faults.bad_checksum = False
            assert device.amps == 32
            assert (await board.look()).offered_amps == 32.0
            await board.drive(OFFER)
            assert device.amps == 16

    run(go())


def test_a_plug_pulled_is_told_and_the_port_taken_again(tmp_path: Path) -> None:
    async def go() -> None:
        device = OpenEvseDevice(tmp_path / "tty")
        async with driver("openevse", device) as board:
            await board.drive(OFFER)
            device.unplug()
            with pytest.raises(DeviceUnavailable, match="OpenEVSE at"):
                await board.look()
            device.plug()
            device.reset()
            assert (await board.look()).vehicle == "A"
            await board.drive(OFFER)
            assert device.amps == 16

    run(go())


def test_its_boot_message_is_enough(tmp_path: Path) -> None:
    async def go() -> None:
        device = OpenEvseDevice(tmp_path / "tty")
        async with driver("openevse", device) as board:
            await board.drive(OFFER)
            device.reset()
            await board.beat()
            await board.drive(OFFER)
            assert device.amps == 16

    run(go())


# -- boards -----------------------------------------------------------------------------------------------------------


def config(name: str, *connectors: Connector) -> Config:
    wired = connectors or (Connector(coprocessor=CoprocessorSettings()),)
    return Config(Station("CP1"), board=Board(name=name), connector=wired)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", RECIPES)
def test_a_board_is_its_co_processors_and_has_no_pins(name: str) -> None:
    board = BOARDS[name](config(name))
    (one,) = board.coprocessors()
    assert "/dev/ttyUSB0" in one.name
    assert len(board.devices()) == 1 and board.readers() == [] and board.hints() is None
    with unavailable("has no pins", "chargepoint-guard.service"):
        board.pins()
    board.close()
    assert problems(config(name)) == []


def test_what_a_co_processor_board_cannot_do() -> None:
    socket = Connector(cable="socket", coprocessor=CoprocessorSettings())
    faster = Connector(coprocessor=CoprocessorSettings(unit=2, baud=19200))
    found = problems(config("evse-din", Connector(), socket, faster))
    assert [one.split(" ")[0] for one in found] == [
        "connector[1].coprocessor",
        "connector[2].cable",
        "connector[3].coprocessor.baud",
    ]
    with unavailable("coprocessor is missing"):
        BOARDS["evse-din"](config("evse-din", Connector())).coprocessors()


@pytest.mark.parametrize("name", RECIPES)
def test_the_page_of_a_board_shows_a_file_that_works(name: str) -> None:
    page = (Path(__file__).parents[2] / f"deploy/boards/{name}.md").read_text()
    shown = page.split("```toml\n")[1].split("```")[0]
    report = examine_text(f'[station]\nid = "CP1"\n{shown}', name)
    assert (report.problems, report.warnings) == ((), ())
    assert report.config is not None and report.config.board.name == name
    assert problems(report.config) == []
