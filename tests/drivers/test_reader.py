import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from chargepoint.hal import Tap
from drivers.reader.again import MOST_REMEMBERED, Again
from drivers.reader.line import LONGEST_LINE, TextLine, from_decimal
from drivers.reader.rdm6300 import Rdm6300
from drivers.reader.taps import MOST_WAITING, Spelling, Taps
from drivers.reader.uart import Parser, UartReader
from hal_mock.uart_reader import UartReader as Device
from hal_mock.uart_reader import rdm6300_frame
from tests.drivers.support import HandClock, run, unavailable, until

CARD, OTHER = bytes.fromhex("0a00c5f3d1"), bytes.fromhex("1234567890")
PATTERN = r"([0-9A-Fa-f]{8,20})"


def pieces(parser: Parser, data: bytes, size: int) -> list[bytes]:
    return [card for at in range(0, len(data), size) for card in parser.feed(data[at : at + size])]


def test_a_frame_from_the_data_sheet() -> None:
    assert rdm6300_frame(bytes.fromhex("62e3086ced")) == b"\x0262E3086CED08\x03"  # RDM6300 data sheet, example
    assert Rdm6300().feed(b"\x0262E3086CED08\x03") == [bytes.fromhex("62e3086ced")]
    with pytest.raises(ValueError, match="5 bytes"):
        rdm6300_frame(b"1234")


@pytest.mark.parametrize("size", [1, 3, 7, 14, 100])
@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x00\xff\x03",
        b"\x02",
        b"\x02\x02\x02",
        b"\x020A00C5F3D1",  # cut off
        b"\x020A00C5F3D100\x03",  # wrong check
        b"\x020A00C5F3GGED\x03",
        b"0" * 5000,
        b"\x02" + b"0" * 5000,
    ],
)
def test_frames_are_found_again_after_garbage(garbage: bytes, size: int) -> None:
    data = garbage + rdm6300_frame(CARD) + garbage + rdm6300_frame(OTHER)
    assert pieces(Rdm6300(), data, size) == [CARD, OTHER]


def test_frames_with_a_line_end_inside() -> None:
    frame = rdm6300_frame(CARD)
    assert pieces(Rdm6300(), (frame[:-1] + b"\r\n\x03") * 2, 5) == [CARD, CARD]


@pytest.mark.parametrize("parser", [Rdm6300(), TextLine(PATTERN)])
def test_no_input_grows_the_memory_or_breaks_the_parser(parser: Parser) -> None:
    noise = random.Random(7)
    for _ in range(300):
        data = bytes(noise.choice(b"\x02\x030123456789ABCDEFxyz\r\n\xff") for _ in range(noise.randrange(200)))
        for card in parser.feed(data):
            assert 4 <= len(card) <= 10
        assert len(vars(parser)["_rest"]) <= LONGEST_LINE


@pytest.mark.parametrize("parser", [Rdm6300(), TextLine(PATTERN)])
def test_an_endless_frame_is_not_kept(parser: Parser) -> None:
    for data in (b"\x02" + b"0" * 5000, b"0" * 5000):
        assert parser.feed(data) == []
        assert len(vars(parser)["_rest"]) <= LONGEST_LINE


@pytest.mark.parametrize(
    ("pattern", "data", "cards"),
    [
        (PATTERN, b"04A1B2C3\r\n", ["04a1b2c3"]),
        (PATTERN, b"04a1b2c3d4e5f6\n\n04A1B2C3\r", ["04a1b2c3d4e5f6", "04a1b2c3"]),
        (PATTERN, b"hello\r\nUID=04A1B2C3 ok\r\n", ["04a1b2c3"]),
        (PATTERN, b"123\r\n", []),
        (r"UID:((?:[0-9A-F]{2}:?)+)", b"UID:04:A1:B2:C3\r\n", ["04a1b2c3"]),
        (r"card (\d+)", b"card 123\r\n", ["0123"]),
        (r"card (\w+)", b"card xyz\r\n", []),
        (r"card(?: (\d+))?", b"card\r\n", []),
        (PATTERN, b"\xff\xfe04A1B2C3\xff\r\n", ["04a1b2c3"]),
        (PATTERN, b"x" * 300 + b"04A1B2C3\r\n04A1B2C4\r\n", ["04a1b2c4"]),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_lines(pattern: str, data: bytes, cards: list[str], size: int) -> None:
    assert [card.hex() for card in pieces(TextLine(pattern), data, size)] == cards


@pytest.mark.parametrize(
    ("digits", "card"),
    [
        ("0", "00000000"),
        ("0077705923", "04a1b2c3"),
        ("4294967295", "ffffffff"),
        ("4294967296", "0100000000"),
        ("99999999999999999999", "056bc75e2d630fffff"),
        ("999999999999999999999", ""),
        ("12a4", ""),
        ("", ""),
        ("\u0661\u0662", ""),
    ],
)
def test_decimals(digits: str, card: str) -> None:
    assert from_decimal(digits).hex() == card


def test_decimal_lines() -> None:
    assert TextLine(r"(\d{10})", "decimal").feed(b"0077705923\r\n77\r\n") == [bytes.fromhex("04a1b2c3")]


def test_a_card_that_lies_there_counts_once() -> None:
    again = Again(3.0)
    seen = [again.counts(CARD, now) for now in (0.0, 0.1, 2.0, 4.0, 6.9, 9.9)]
    assert seen == [True, False, False, False, False, True]


def test_two_cards_do_not_hide_each_other() -> None:
    again = Again(3.0)
    assert [again.counts(card, 0.0) for card in (CARD, OTHER, CARD, OTHER)] == [True, True, False, False]


def test_only_so_many_cards_are_remembered() -> None:
    again = Again(3.0)
    for number in range(1000):
        assert again.counts(number.to_bytes(2), 0.0)
    assert len(vars(again)["_seen"]) == MOST_REMEMBERED


def reader(
    device: Device, make: Callable[[], Parser] = Rdm6300, mono: HandClock | None = None, reverse: bool = False
) -> UartReader[Parser]:
    return UartReader(device.port, 9600, make, Taps(3.0, Spelling(reverse), mono or HandClock()))


def test_taps_of_an_rdm6300(tmp_path: Path) -> None:
    async def go() -> None:
        async with Device(tmp_path / "ttyCard") as device:
            clock = HandClock()
            driver = reader(device, mono=clock)
            waiting = asyncio.create_task(driver.tap())
            await asyncio.sleep(0)
            device.hold(CARD, frames=5)
            assert await waiting == Tap(CARD)
            device.hold(OTHER)
            assert await driver.tap() == Tap(OTHER)
            clock.now += 3.0
            device.hold(CARD)
            assert await driver.tap() == Tap(CARD)
            await driver.close()

    run(go())


def test_text_lines_and_reversed_bytes(tmp_path: Path) -> None:
    async def go() -> None:
        async with Device(tmp_path / "ttyCard") as device:
            driver = reader(device, lambda: TextLine(PATTERN), reverse=True)
            waiting = asyncio.create_task(driver.tap())
            await asyncio.sleep(0)
            device.line("UID 04A1B2C3")
            assert await waiting == Tap(bytes.fromhex("c3b2a104"))
            await driver.close()

    run(go())


def test_a_cancelled_wait_loses_no_card(tmp_path: Path) -> None:
    async def go() -> None:
        async with Device(tmp_path / "ttyCard") as device:
            driver = reader(device)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await driver.tap()
            device.hold(CARD)
            assert await driver.tap() == Tap(CARD)
            await driver.close()
            await driver.close()

    run(go())


def test_cards_nobody_fetches_do_not_pile_up(tmp_path: Path) -> None:
    async def go() -> None:
        async with Device(tmp_path / "ttyCard") as device:
            driver = reader(device)
            first = asyncio.create_task(driver.tap())
            await asyncio.sleep(0)
            device.hold(CARD)
            assert await first == Tap(CARD)
            for number in range(20):
                device.hold(number.to_bytes(5))
            taps = vars(vars(driver)["_taps"])["_waiting"]
            await until(lambda: bool(taps) and taps[-1].uid == (19).to_bytes(5))
            assert len(taps) == MOST_WAITING
            await driver.close()

    run(go())


def test_unplugged_and_plugged_in_again(tmp_path: Path) -> None:
    async def go() -> None:
        async with Device(tmp_path / "ttyCard") as device:
            driver = reader(device)
            waiting = asyncio.create_task(driver.tap())
            await asyncio.sleep(0)
            device.raw(b"\x020A00")
            device.unplug()
            with unavailable("ttyCard: lost", "plugged in"):
                await waiting
            with unavailable("ttyCard", "No such file", "dialout"):
                await driver.tap()
            device.plug()
            waiting = asyncio.create_task(driver.tap())
            await asyncio.sleep(0)
            device.hold(CARD)
            assert await waiting == Tap(CARD)
            await driver.close()

    run(go())


def test_a_port_that_another_program_holds(tmp_path: Path) -> None:
    async def go() -> None:
        async with Device(tmp_path / "ttyCard") as device:
            first, second = reader(device), reader(device)
            waiting = asyncio.create_task(first.tap())
            await asyncio.sleep(0)
            with unavailable("exclusively lock"):
                await second.tap()
            waiting.cancel()
            await asyncio.wait([waiting])
            await first.close()

    run(go())
