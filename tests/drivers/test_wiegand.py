import asyncio
import random

import pytest
from gpiozero.pins.mock import MockFactory

from chargepoint.hal import Tap
from drivers.reader.port import GpioPort, PortError
from drivers.reader.taps import Taps
from drivers.reader.wiegand import MOST_BITS, PAUSE_S, Wiegand, decode
from drivers.reader.wiegand_lines import WiegandReader
from hal_mock.wiegand_wires import WiegandWires, framed
from tests.drivers.support import HandClock, run, unavailable

CARD3, CARD4 = bytes.fromhex("a1b2c3"), bytes.fromhex("04a1b2c3")
LINES = (23, 24)


def bits(text: str) -> list[int]:
    return [int(bit) for bit in text]


def test_a_frame_as_a_data_sheet_writes_it() -> None:
    # facility 159, card 1234: even parity over the first half, odd parity over the second
    assert framed(bytes([159]) + (1234).to_bytes(2)) == "0" + "10011111" + "0000010011010010" + "0"
    assert decode(bits("0" + "10011111" + "0000010011010010" + "0")) == bytes.fromhex("9f04d2")


@pytest.mark.parametrize("size", [3, 4])
def test_every_number_comes_through_and_no_flipped_bit_does(size: int) -> None:
    numbers = random.Random(size)
    for _ in range(50):
        number = numbers.randbytes(size)
        frame = bits(framed(number))
        assert decode(frame) == number
        for at in range(len(frame)):
            assert decode([bit ^ (place == at) for place, bit in enumerate(frame)]) == b""


@pytest.mark.parametrize("text", ["", "0", framed(CARD3)[:-1], framed(CARD3) + "0", "1" * 37])
def test_other_lengths_are_none(text: str) -> None:
    assert decode(bits(text)) == b""


def test_a_pause_ends_a_number() -> None:
    decoder, now = Wiegand(), 5.0
    for frame, before in ((framed(CARD3), b""), (framed(CARD4), CARD3), ("10110", CARD4), (framed(CARD3), b"")):
        now += PAUSE_S
        told = []
        for bit in bits(frame):
            told.append(decoder.pulse(bit, now))
            now += 0.002
        assert told == [before] + [b""] * (len(frame) - 1)
    assert decoder.end() == CARD3 and decoder.end() == b""


def test_endless_pulses_are_not_kept() -> None:
    decoder = Wiegand()
    for number in range(1000):
        assert decoder.pulse(1, 1.0 + number * 0.001) == b""
    assert len(vars(decoder)["_bits"]) == MOST_BITS


def reader(factory: MockFactory) -> WiegandReader:
    return WiegandReader(LINES, lambda: factory, Taps(3.0, mono=HandClock()))


def test_taps_over_the_pins() -> None:
    async def go() -> None:
        factory = MockFactory()
        driver, wires = reader(factory), WiegandWires(factory, *LINES)
        tap = asyncio.create_task(driver.tap())
        await asyncio.sleep(0)
        wires.show(CARD4)
        assert await tap == Tap(CARD4)
        wires.send("101")
        await asyncio.sleep(2 * PAUSE_S)
        wires.show(CARD3)
        assert await driver.tap() == Tap(CARD3)
        wires.send("1")
        await asyncio.sleep(0)
        wires.send("1")
        await driver.close()
        await driver.close()
        await asyncio.sleep(0)
        wires.show(CARD4)

    run(go())


def test_pulses_from_another_thread() -> None:
    async def go() -> None:
        factory = MockFactory()
        driver, wires = reader(factory), WiegandWires(factory, *LINES)
        tap = asyncio.create_task(driver.tap())
        await asyncio.sleep(0)
        await asyncio.to_thread(wires.show, CARD4)
        assert await tap == Tap(CARD4)
        await driver.close()

    run(go())


def test_a_line_that_somebody_holds_leaves_none_taken() -> None:
    async def go() -> None:
        factory = MockFactory()
        first, second = reader(factory), WiegandReader((25, 24), lambda: factory, Taps(3.0))
        tap = asyncio.create_task(first.tap())
        await asyncio.sleep(0)
        with unavailable("GPIO 24 .Wiegand DATA1. cannot be used") as told:  # its frames keep what they hold
            await second.tap()
        tap.cancel()
        await asyncio.wait([tap])
        await first.close()
        tap = asyncio.create_task(second.tap())
        await asyncio.sleep(0)
        WiegandWires(factory, 25, 24).show(CARD3)
        assert await tap == Tap(CARD3) and told.tb
        await second.close()

    run(go())


@pytest.mark.parametrize("text", ["gpio:23", "gpio:23,23", "gpio:23,54", "23,24", "/dev/ttyUSB0", "gpio:123,4", ""])
def test_no_ports(text: str) -> None:
    with pytest.raises(PortError, match="must be gpio:DATA0,DATA1"):
        GpioPort.of(text)


def test_a_port() -> None:
    assert GpioPort.of("gpio:23,24").lines == (23, 24)
