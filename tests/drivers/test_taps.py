import asyncio

import pytest

from chargepoint.hal import Tap
from drivers.reader.taps import Spelling, Taps, is_random
from tests.drivers.support import HandClock, run, unavailable

UID4, UID7 = bytes.fromhex("04a1b2c3"), bytes.fromhex("04a1b2c3d4e5f6")


async def told(taps: Taps) -> list[Tap]:
    found = []
    while vars(taps)["_waiting"]:
        found.append(await taps.next(lambda: None))
    return found


@pytest.mark.parametrize(
    ("spelling", "raw", "uid"),
    [
        (Spelling(), "04a1b2c3", "04a1b2c3"),
        (Spelling(reverse=True), "c3b2a104", "04a1b2c3"),
        (Spelling(strip="end"), "04a1b2c3000000", "04a1b2c3"),
        (Spelling(strip="front"), "00000004a1b2c3", "04a1b2c3"),
        (Spelling(reverse=True, strip="front"), "c3b2a104000000", "04a1b2c3"),
        (Spelling(pad=7), "04a1b2c3", "00000004a1b2c3"),
        (Spelling(pad=4), "04a1b2c3d4e5f6", "04a1b2c3d4e5f6"),
        (Spelling(strip="end", pad=7), "04a1b2c3000000", "00000004a1b2c3"),
        (Spelling(strip="none"), "0000a1b2", "0000a1b2"),
    ],
)
def test_one_card_has_one_spelling(spelling: Spelling, raw: str, uid: str) -> None:
    async def go() -> None:
        taps = Taps(3.0, spelling, HandClock())
        taps.card(bytes.fromhex(raw))
        assert await told(taps) == [Tap(bytes.fromhex(uid))]

    run(go())


def test_a_card_of_nothing_but_stripped_zeros_is_none() -> None:
    async def go() -> None:
        taps = Taps(3.0, Spelling(strip="end"), HandClock())
        taps.card(bytes(7))
        taps.card(b"")
        assert await told(taps) == []

    run(go())


@pytest.mark.parametrize(
    ("uid", "random"), [("08a1b2c3", True), ("04a1b2c3", False), ("08a1b2c3d4e5f6", False), ("08", False), ("", False)]
)
def test_random_identifiers(uid: str, random: bool) -> None:
    assert is_random(bytes.fromhex(uid)) is random


def test_a_phone_that_lies_there_counts_once_whatever_it_calls_itself() -> None:
    async def go() -> None:
        clock = HandClock()
        taps = Taps(3.0, Spelling(strip="end", pad=7), clock)
        for number in range(5):
            taps.card(bytes([0x08, 0xA1, 0xB2, number + 1, 0, 0, 0]))
            clock.now += 1.0
        taps.card(UID7)
        clock.now += 3.0
        taps.card(bytes.fromhex("08010101"))
        phone, other = bytes.fromhex("00000008a1b201"), bytes.fromhex("00000008010101")
        assert await told(taps) == [Tap(phone, random=True), Tap(UID7), Tap(other, random=True)]

    run(go())


def test_a_loss_is_told_once_and_after_the_cards_before_it() -> None:
    async def go() -> None:
        taps, opened = Taps(3.0, mono=HandClock()), []
        taps.card(UID4)
        taps.lost("reader at x: lost")
        assert await taps.next(lambda: opened.append(1)) == Tap(UID4)
        with unavailable("reader at x: lost"):
            await taps.next(lambda: opened.append(1))
        assert opened == []
        waiting = asyncio.create_task(taps.next(lambda: opened.append(1)))
        await asyncio.sleep(0)
        taps.card(UID7)
        assert await waiting == Tap(UID7) and opened == [1]

    run(go())
