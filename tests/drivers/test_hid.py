import asyncio
import sys

import pytest

from chargepoint.hal import Tap
from drivers.reader.hid import HidReader, open_evdev
from drivers.reader.keys import typed
from drivers.reader.line import TextLine
from drivers.reader.taps import Taps
from hal_mock.keyboard_reader import KeyboardReader
from tests.drivers.support import HandClock, run, unavailable

UID = bytes.fromhex("04a1b2c3")
PATTERN = r"([0-9A-Fa-f:]{8,20})"


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([(1, 5, 1), (1, 5, 0), (0, 0, 0)], b"4"),
        ([(1, 30, 1), (1, 30, 2), (1, 30, 2)], b"A"),  # held: it repeats
        ([(4, 4, 458782), (1, 42, 1), (1, 48, 1), (1, 42, 0)], b"B"),
        ([(1, code, 1) for code in (82, 79, 80, 81, 75, 76, 77, 71, 72, 73, 96)], b"0123456789\n"),
        ([(1, code, 1) for code in (2, 10, 11, 12, 16, 25, 38, 39, 44, 50, 57, 28, 15)], b"190-QPL:ZM \n\n"),
        ([(1, 999, 1), (1, 0, 1), (2, 30, 1)], b""),
    ],
)
def test_what_was_typed(events: list[tuple[int, int, int]], text: bytes) -> None:
    assert typed(events) == text


def reader(device: KeyboardReader, digits: str = "hex") -> HidReader:
    make = lambda: TextLine(PATTERN, digits)  # type: ignore[arg-type]  # noqa: E731
    return HidReader(device.path, make, Taps(3.0, mono=HandClock()), device.open)


@pytest.mark.parametrize(
    ("digits", "text", "uid"),
    [
        ("hex", "04A1B2C3", UID),
        ("hex", "04:a1:b2:c3", UID),
        ("decimal", "0077705923", UID),
        ("decimal", "00001299374531971", bytes.fromhex("012e88c1e583")),
    ],
)
def test_taps(digits: str, text: str, uid: bytes) -> None:
    async def go() -> None:
        with KeyboardReader() as device:
            driver = reader(device, digits)
            tap = asyncio.create_task(driver.tap())
            await asyncio.sleep(0)
            assert device.grabbed
            device.type("123")
            device.type(text)
            assert await tap == Tap(uid)
            await driver.close()
            assert not device.grabbed

    run(go())


def test_unplugged_in_the_middle_of_a_number() -> None:
    async def go() -> None:
        with KeyboardReader() as device:
            driver = reader(device)
            tap = asyncio.create_task(driver.tap())
            await asyncio.sleep(0)
            device.key(5)
            device.unplug()
            with unavailable("event-kbd: lost", "plugged in"):
                await tap
            with unavailable("event-kbd: .*No such file", "group input"):
                await driver.tap()
            device.plug()
            tap = asyncio.create_task(driver.tap())
            await asyncio.sleep(0)
            device.type("04A1B2C3")
            assert await tap == Tap(UID)
            await driver.close()

    run(go())


def test_a_keyboard_that_another_program_has_grabbed() -> None:
    async def go() -> None:
        with KeyboardReader() as device:
            device.grabbed = True
            with unavailable("event-kbd: .*busy", "grabbed"):
                await reader(device).tap()

    run(go())


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "evdev", None)
    with unavailable("reader at /dev/input/event0: python-evdev is not installed", "python3-evdev"):
        open_evdev("/dev/input/event0")


def test_with_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def InputDevice(self, path: str) -> str:  # noqa: N802 - evdev's name
            return f"opened {path}"

    monkeypatch.setitem(sys.modules, "evdev", Library())  # type: ignore[arg-type]
    assert open_evdev("/dev/input/event0") == "opened /dev/input/event0"  # type: ignore[comparison-overlap]
