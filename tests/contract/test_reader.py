"""What every hal.Reader must do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from chargepoint import hal
from drivers.reader.hid import HidReader
from drivers.reader.line import TextLine
from drivers.reader.pn532 import Pn532
from drivers.reader.rdm6300 import Rdm6300
from drivers.reader.taps import Taps
from drivers.reader.twn4 import Twn4
from drivers.reader.uart import AskedReader, Parser, UartReader
from drivers.reader.wiegand import PAUSE_S
from drivers.reader.wiegand_lines import WiegandReader
from hal_mock import uart_reader
from hal_mock.events import Events
from hal_mock.fakes import FakeReader
from hal_mock.keyboard_reader import KeyboardReader
from hal_mock.pn532_reader import Pn532Reader
from hal_mock.twn4_reader import Twn4Reader
from hal_mock.wiegand_wires import WiegandWires
from tests.drivers.support import HandClock, run

CARDS, CARDS4, CARDS7 = (
    tuple(bytes.fromhex(card) for card in cards.split())
    for cards in (
        "04a1b2c3d4 0000000001 ffffffffff",
        "04a1b2c3 00000001 ffffffff",
        "04a1b2c3d4e5f6 00000000000001 ff00ff00ff00ff",
    )
)


@dataclass
class Bench:
    """A reader, a hand that shows it cards, and a hand at its plug."""

    reader: hal.Reader
    card: Callable[[bytes], None]
    gone: Callable[[bool], None]
    cards: tuple[bytes, ...] = CARDS


Make = Callable[[Path], AbstractAsyncContextManager[Bench]]


@asynccontextmanager
async def fake(folder: Path) -> AsyncIterator[Bench]:
    events = Events()
    reader = FakeReader(events, (1,))
    yield Bench(
        reader,
        lambda card: events.tell({"event": "rfid", "token": card.hex(), "connectors": [1]}),
        lambda gone: events.tell({"event": "reader", "gone": gone}),
    )
    await reader.close()


def uart(kind: str) -> Make:
    @asynccontextmanager
    async def made(folder: Path) -> AsyncIterator[Bench]:
        async with uart_reader.UartReader(folder / "ttyCard") as device:
            make_parser: dict[str, Callable[[], Parser]] = {
                "rdm6300": Rdm6300,
                "line": lambda: TextLine(r"UID ([0-9A-F]+)"),
            }
            show: dict[str, Callable[[bytes], None]] = {
                "rdm6300": device.hold,
                "line": lambda card: device.line(f"UID {card.hex().upper()}"),
            }
            reader = UartReader(device.port, 9600, make_parser[kind], Taps(3.0))
            yield Bench(reader, show[kind], lambda gone: device.unplug() if gone else device.plug())
            await reader.close()

    return made


@asynccontextmanager
async def pn532(folder: Path) -> AsyncIterator[Bench]:
    async with Pn532Reader(folder / "ttyCard") as device:
        reader = AskedReader(device.port, 115200, Pn532, Taps(3.0))
        yield Bench(reader, device.show, lambda gone: device.unplug() if gone else device.plug(), CARDS7)
        await reader.close()


@asynccontextmanager
async def twn4(folder: Path) -> AsyncIterator[Bench]:
    async with Twn4Reader(folder / "ttyCard") as device:
        reader = AskedReader(device.port, 9600, Twn4, Taps(3.0))
        yield Bench(reader, device.show, lambda gone: device.unplug() if gone else device.plug(), CARDS7)
        await reader.close()


@asynccontextmanager
async def hid(folder: Path) -> AsyncIterator[Bench]:
    with KeyboardReader() as device:
        reader = HidReader(device.path, lambda: TextLine("([0-9A-F]+)"), Taps(3.0), device.open)
        yield Bench(
            reader, lambda card: device.type(card.hex()), lambda gone: device.unplug() if gone else device.plug()
        )
        await reader.close()


@asynccontextmanager
async def wiegand(folder: Path) -> AsyncIterator[Bench]:
    factory, clock = MockFactory(), HandClock()
    reader = WiegandReader((23, 24), lambda: factory, Taps(3.0), clock)
    wires = WiegandWires(factory, 23, 24)

    def show(card: bytes) -> None:
        clock.now += 2 * PAUSE_S
        wires.show(card)

    yield Bench(reader, show, lambda gone: None, CARDS4)
    await reader.close()


UNPLUGGED = [
    pytest.param(fake, id="fake"),
    *[pytest.param(uart(kind), id=kind) for kind in ("rdm6300", "line")],
    *[pytest.param(make, id=make.__name__) for make in (pn532, twn4, hid)],
]
READERS = [*UNPLUGGED, pytest.param(wiegand, id="wiegand")]  # two wires do not tell that nobody is at their end


async def waiting(reader: hal.Reader) -> "asyncio.Task[hal.Tap]":
    task = asyncio.create_task(reader.tap())
    await asyncio.sleep(0)
    return task


@pytest.mark.parametrize("make", READERS)
def test_cards_arrive_in_order_and_whole(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            for card in bench.cards:
                tap = await waiting(bench.reader)
                bench.card(card)
                assert await tap == hal.Tap(card)

    run(go())


@pytest.mark.parametrize("make", READERS)
def test_a_card_shown_between_two_waits_is_kept(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            tap = await waiting(bench.reader)
            for card in bench.cards:
                bench.card(card)
            assert [(await tap).uid, *[(await bench.reader.tap()).uid for _ in range(2)]] == list(bench.cards)

    run(go())


@pytest.mark.parametrize("make", READERS)
def test_a_cancelled_wait_loses_nothing(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            tap = await waiting(bench.reader)
            tap.cancel()
            await asyncio.wait([tap])
            assert tap.cancelled()
            bench.card(bench.cards[0])
            assert (await bench.reader.tap()).uid == bench.cards[0]

    run(go())


@pytest.mark.parametrize("make", UNPLUGGED)
def test_a_reader_that_is_gone_says_so_and_comes_back(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            tap = await waiting(bench.reader)
            bench.gone(True)
            for attempt in (tap, bench.reader.tap()):
                with pytest.raises(hal.DeviceUnavailable, match="reader"):
                    await attempt
            bench.gone(False)
            tap = await waiting(bench.reader)
            bench.card(bench.cards[1])
            assert (await tap).uid == bench.cards[1]

    run(go())


@pytest.mark.parametrize("make", READERS)
def test_can_be_closed_twice(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            await bench.reader.close()
            await bench.reader.close()

    run(go())
