from pathlib import Path

import pytest

from chargepoint.hal import Tap
from drivers.reader.taps import Taps
from drivers.reader.twn4 import ANSWER_WITHIN_S, LONGEST_LINE, SEARCH_TAG, Twn4
from drivers.reader.uart import AskedReader, Unanswered
from hal_mock.twn4_reader import Twn4Reader
from tests.drivers.support import HandClock, run, unavailable

UID = bytes.fromhex("04a1b2c3d4e5f6")
FOUND = b"0001803807" + UID.hex().upper().encode() + b"\r"


@pytest.mark.parametrize(
    ("answer", "cards"),
    [
        (FOUND, [UID]),
        (FOUND.lower(), [UID]),
        (FOUND[:-1] + b"\r\n", [UID]),
        (b"0000\r", []),
        (b"00\r", []),
        (b"0001803808" + FOUND[10:], []),  # a byte is missing
        (b"00018088110102030405060708090a0b0c0d0e0f1011\r", []),  # more than was asked for
        (b"hello\r", []),
        (b"\r", []),
        (b"\xff\xfe\r", []),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100])
def test_answers(answer: bytes, cards: list[bytes], size: int) -> None:
    talker = Twn4()
    assert talker.question(0.0) == SEARCH_TAG == b"050010\r"
    found = [uid for at in range(0, len(answer), size) for uid in talker.feed(answer[at : at + size])]
    assert found == cards


def test_one_question_at_a_time() -> None:
    talker = Twn4()
    talker.question(0.0)
    assert talker.question(0.2) == b""
    talker.feed(b"0000\r")
    assert talker.question(0.4) == SEARCH_TAG
    with pytest.raises(Unanswered, match="Simple Protocol"):
        talker.question(0.5 + ANSWER_WITHIN_S)


def test_nothing_is_believed_that_was_not_asked_for_and_nothing_grows() -> None:
    talker = Twn4()
    assert talker.feed(FOUND) == []
    talker.feed(b"0" * 5000)
    assert len(vars(talker)["_rest"]) <= LONGEST_LINE


def reader(device: Twn4Reader) -> AskedReader:
    return AskedReader(device.port, 9600, Twn4, Taps(3.0, mono=HandClock()))


def test_taps(tmp_path: Path) -> None:
    async def go() -> None:
        async with Twn4Reader(tmp_path / "tty") as device:
            driver = reader(device)
            device.show(UID)
            device.show(UID)
            device.show(UID[:4])
            assert [await driver.tap() for _ in range(2)] == [Tap(UID), Tap(UID[:4])]
            await driver.close()

    run(go())


@pytest.mark.parametrize(
    ("fault", "words"), [("silent", "no answer to SearchTag within 0.05 s"), ("refuses", "refused .error 01.")]
)
def test_a_reader_with_another_app(fault: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.reader.twn4.ANSWER_WITHIN_S", 0.05)

    async def go() -> None:
        async with Twn4Reader(tmp_path / "tty") as device:
            driver = reader(device)
            setattr(device, fault, True)
            with unavailable("reader at .*tty: ", words, "Simple Protocol"):
                await driver.tap()
            setattr(device, fault, False)
            monkeypatch.setattr("drivers.reader.twn4.ANSWER_WITHIN_S", 5.0)
            device.show(UID)
            assert await driver.tap() == Tap(UID)
            await driver.close()

    run(go())
