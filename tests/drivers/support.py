"""Small helpers of the driver tests."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from chargepoint.hal import DeviceUnavailable, Meter, MeterSample

T = TypeVar("T")
BOUND_S = 10.0


def run(go: Coroutine[Any, Any, T]) -> T:
    """On an event loop of its own, for at most `BOUND_S`."""

    async def bounded() -> T:
        async with asyncio.timeout(BOUND_S):
            return await go

    return asyncio.run(bounded())


async def recovered(meter: Meter) -> MeterSample:
    """The first sample after a fault has passed. A busy machine may miss a short timeout once more."""
    while True:
        try:
            return await meter.read()
        except DeviceUnavailable:
            await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the condition is in another library
        await asyncio.sleep(0.001)


class HandClock:
    """A monotonic clock turned by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def unavailable(*words: str) -> Any:
    """Expects DeviceUnavailable whose text has these words in this order."""
    return pytest.raises(DeviceUnavailable, match="(?s)" + ".*".join(words))
