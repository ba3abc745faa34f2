"""What may break is told and started again, a little later each time."""

import asyncio
import contextlib

import pytest

from chargepoint import supervise
from chargepoint.supervise import supervised


@pytest.fixture
def pauses(monkeypatch):
    found = []

    async def sleep(seconds):
        found.append(seconds)
        if len(found) >= 9:
            raise asyncio.CancelledError

    monkeypatch.setattr(supervise.asyncio, "sleep", sleep)
    return found


def test_it_is_started_again_later_and_later(pauses, caplog):
    async def break_down():
        raise ZeroDivisionError

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(supervised(break_down, "thing"))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert caplog.text.count("thing broke; this is a bug of ours") == 9


def test_what_ran_long_begins_with_a_short_pause_again(pauses, monkeypatch):
    monkeypatch.setattr(supervise, "STEADY_AFTER_S", -1.0)

    async def end():
        return None

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(supervised(end, "thing"))
    assert pauses == [1.0] * 9
