import asyncio
import random
from pathlib import Path

import pytest

from chargepoint.hal import Tap
from drivers.reader.pn532 import ANSWER_WITHIN_S, LIST_ONE_CARD, SAM_CONFIGURATION, WAKE, Pn532, frame
from drivers.reader.taps import Taps
from drivers.reader.uart import AskedReader, Unanswered
from hal_mock.pn532_reader import ACKNOWLEDGE, Pn532Reader, framed
from tests.drivers.support import HandClock, run, unavailable

UID4, UID7, UID10 = (bytes.fromhex(uid) for uid in ("a1b2c3d4", "04a1b2c3d4e5f6", "04a1b2c3d4e5f6070809"))
SAM_OK, RETRIES_OK, NOBODY = framed(b"\xd5\x15"), framed(b"\xd5\x33"), framed(b"\xd5\x4b\x00")


def card(uid: bytes) -> bytes:
    return framed(b"\xd5\x4b\x01\x01\x00\x04\x08" + bytes([len(uid)]) + uid)


def test_frames_from_the_user_manual() -> None:
    assert frame(SAM_CONFIGURATION) == bytes.fromhex("0000ff05fbd41401140102 00")
    assert frame(LIST_ONE_CARD) == bytes.fromhex("0000ff04fcd44a0100e100")
    assert framed(b"\xd5\x4b\x00") == bytes.fromhex("0000ff03fdd54b00e000")


def listing() -> Pn532:
    """A chip that is configured and was asked for a card."""
    talker = Pn532()
    for answer in (SAM_OK, RETRIES_OK):
        talker.question(0.0)
        assert talker.feed(ACKNOWLEDGE + answer) == []
    assert talker.question(0.0) == frame(LIST_ONE_CARD)
    return talker


def test_the_conversation() -> None:
    talker = Pn532()
    assert talker.question(0.0) == WAKE + frame(SAM_CONFIGURATION)
    assert talker.question(0.1) == b""
    assert talker.feed(ACKNOWLEDGE) == [] and talker.question(0.2) == b""
    assert talker.feed(SAM_OK) == []
    assert talker.question(0.3) == frame(bytes.fromhex("3205ff0102"))
    assert talker.feed(ACKNOWLEDGE + RETRIES_OK) == []
    for answer, cards in ((NOBODY, []), (card(UID7), [UID7]), (card(UID4), [UID4]), (card(UID10), [UID10])):
        assert talker.question(0.4) == frame(LIST_ONE_CARD)
        assert talker.feed(ACKNOWLEDGE + answer) == cards


def test_silence_is_told_and_a_stray_answer_is_none() -> None:
    talker = Pn532()
    assert talker.feed(card(UID7)) == []
    talker.question(10.0)
    assert talker.feed(card(UID7) + ACKNOWLEDGE) == []
    assert talker.question(10.0 + ANSWER_WITHIN_S) == b""
    with pytest.raises(Unanswered, match="HSU"):
        talker.question(10.1 + ANSWER_WITHIN_S)


@pytest.mark.parametrize("size", [1, 2, 5, 9, 100])
@pytest.mark.parametrize(
    "garbage",
    [
        *(b"", b"\x00", b"\x00\x00", b"\x00\xff", b"\x00\x00\xff\xff\x00\x00", b"\x00\x00\xff\xff\xff\x00\x09\xf7\xd5"),
        bytes.fromhex("0000ff01ff7f8100"),  # syntax error
        card(UID4)[:-4],
        card(UID4)[:-2] + b"\x00\x00",  # wrong checksum
    ],
)
def test_an_answer_is_found_after_garbage(garbage: bytes, size: int) -> None:
    talker = listing()
    data = garbage + b"\x33" * 255 + ACKNOWLEDGE + card(UID7)
    cards = [uid for at in range(0, len(data), size) for uid in talker.feed(data[at : at + size])]
    assert cards == [UID7]


@pytest.mark.parametrize("head", ["0000fffe00", "0000ffff00ff", "0000ff7f7f"])
def test_a_damaged_length_is_not_waited_for(head: str) -> None:
    assert listing().feed(bytes.fromhex(head) + card(UID7)) == [UID7]


@pytest.mark.parametrize(
    "body", ["d54b", "d54b01", "d54b01010004080704a1b2", "d54b010100040800", "d54b01010004080504a1b2c3d4"]
)
def test_a_card_that_cannot_be_is_none(body: str) -> None:
    assert listing().feed(framed(bytes.fromhex(body))) == []


def test_no_input_grows_the_memory_or_breaks_the_parser() -> None:
    noise, talker = random.Random(3), listing()
    for _ in range(300):
        for uid in talker.feed(bytes(noise.choice(b"\x00\xff\xd5\x4b\x04\xfc") for _ in range(noise.randrange(200)))):
            assert len(uid) in (4, 7, 10)
        assert len(vars(talker)["_rest"]) <= 260


def reader(device: Pn532Reader) -> AskedReader:
    return AskedReader(device.port, 115200, Pn532, Taps(3.0, mono=HandClock()))


def test_taps_and_a_card_that_lies_there(tmp_path: Path) -> None:
    async def go() -> None:
        async with Pn532Reader(tmp_path / "tty") as device:
            driver = reader(device)
            device.lay(UID7)
            assert await driver.tap() == Tap(UID7)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await driver.tap()
            device.lay(b"")
            device.show(b"\x08" + UID4[:3])
            assert await driver.tap() == Tap(b"\x08" + UID4[:3], random=True)
            await driver.close()
            await driver.close()

    run(go())


def test_an_unplugged_module_is_not_asked_any_more(tmp_path: Path) -> None:
    async def go() -> None:
        async with Pn532Reader(tmp_path / "tty") as device:
            driver = reader(device)
            waiting = asyncio.create_task(driver.tap())
            await asyncio.sleep(0)
            device.unplug()
            with unavailable("tty: lost"):
                await waiting
            assert vars(driver)["_timer"] is None
            with unavailable("tty: .*No such file"):
                await driver.tap()
            await driver.close()

    run(go())


@pytest.mark.parametrize("fault", ["silent", "damaged"])
def test_a_module_that_does_not_answer_is_told_and_comes_back(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.reader.pn532.ANSWER_WITHIN_S", 0.05)

    async def go() -> None:
        async with Pn532Reader(tmp_path / "tty") as device:
            driver = reader(device)
            setattr(device, fault, True)
            with unavailable("reader at .*tty: no answer of a PN532 within 0.05 s", "HSU", "115200"):
                await driver.tap()
            setattr(device, fault, False)
            device.show(UID7)
            monkeypatch.setattr("drivers.reader.pn532.ANSWER_WITHIN_S", 5.0)
            assert await driver.tap() == Tap(UID7)
            await driver.close()

    run(go())
