"""What every hal.Reader must do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chargepoint import hal
from drivers.reader.line import HexLine
from drivers.reader.rdm6300 import Rdm6300
from drivers.reader.uart import Parser, UartReader
from hal_mock import uart_reader
from hal_mock.events import Events
from hal_mock.fakes import FakeReader
from tests.drivers.support import run


@dataclass
class Bench:
    """A reader, a hand that shows it cards, and a hand at its plug."""

    reader: hal.Reader
    card: Callable[[bytes], None]
    gone: Callable[[bool], None]


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
                "line": lambda: HexLine(r"UID ([0-9A-F]+)"),
            }
            show: dict[str, Callable[[bytes], None]] = {
                "rdm6300": device.hold,
                "line": lambda card: device.line(f"UID {card.hex().upper()}"),
            }
            reader = UartReader(device.port, 9600, make_parser[kind], 3.0)
            yield Bench(reader, show[kind], lambda gone: device.unplug() if gone else device.plug())
            await reader.close()

    return made


READERS = [pytest.param(fake, id="fake"), *[pytest.param(uart(kind), id=kind) for kind in ("rdm6300", "line")]]
CARDS = [bytes.fromhex(card) for card in ("04a1b2c3d4", "0000000001", "ffffffffff")]


async def waiting(reader: hal.Reader) -> "asyncio.Task[hal.Tap]":
    task = asyncio.create_task(reader.tap())
    await asyncio.sleep(0)
    return task


@pytest.mark.parametrize("make", READERS)
def test_cards_arrive_in_order_and_whole(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            for card in CARDS:
                tap = await waiting(bench.reader)
                bench.card(card)
                assert await tap == hal.Tap(card)

    run(go())


@pytest.mark.parametrize("make", READERS)
def test_a_card_shown_between_two_waits_is_kept(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            tap = await waiting(bench.reader)
            for card in CARDS:
                bench.card(card)
            assert [(await tap).uid, *[(await bench.reader.tap()).uid for _ in range(2)]] == CARDS

    run(go())


@pytest.mark.parametrize("make", READERS)
def test_a_cancelled_wait_loses_nothing(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            tap = await waiting(bench.reader)
            tap.cancel()
            await asyncio.wait([tap])
            assert tap.cancelled()
            bench.card(CARDS[0])
            assert (await bench.reader.tap()).uid == CARDS[0]

    run(go())


@pytest.mark.parametrize("make", READERS)
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
            bench.card(CARDS[1])
            assert (await tap).uid == CARDS[1]

    run(go())


@pytest.mark.parametrize("make", READERS)
def test_can_be_closed_twice(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            await bench.reader.close()
            await bench.reader.close()

    run(go())
