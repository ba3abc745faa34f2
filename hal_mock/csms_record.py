"""What was said between a backend in a box and its stations, in order, and waiting for what is to be said.

A test asks for a condition and a bound, never for a time: `until` looks again at every frame, and every few
milliseconds for conditions that lie outside the conversation.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")

LOOK_S = 0.02
TOLD_AT_TIMEOUT = 12


class CallError(Exception):
    """A CALL was answered by CALLERROR."""

    def __init__(self, code: str, text: str = "", details: Any = None) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.details = details


@dataclass
class Exchange:
    """One CALL and its answer. ``direction`` is the backend's view; ``at`` and ``ended_at`` are monotonic seconds.

    ``answer`` is the payload of the CALLRESULT, a `CallError`, or None while (or because) there is none.
    """

    at: float
    direction: Literal["received", "sent"]
    station: str
    version: str
    id: Any
    action: str
    payload: Any
    answer: Any = None
    ended_at: float | None = None

    def __str__(self) -> str:
        arrow = "->" if self.direction == "received" else "<-"
        return f"{self.station} {arrow} {self.action} {self.payload} = {self.answer!r}"


class Conversation:
    """Every exchange since the start. ``follower`` is called with each one when it has ended."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.violations: list[str] = []
        """What a station did against the protocol, one sentence each."""
        self.follower: Callable[[Exchange], None] | None = None
        self._moved = asyncio.Event()

    def begin(self, exchange: Exchange) -> Exchange:
        self.exchanges.append(exchange)
        self.nudge()
        return exchange

    def end(self, exchange: Exchange, answer: Any) -> None:
        exchange.answer = answer
        exchange.ended_at = asyncio.get_running_loop().time()
        if self.follower is not None:
            self.follower(exchange)
        self.nudge()

    def nudge(self) -> None:
        """Something changed: whoever waits shall look again."""
        self._moved.set()

    def received(self, action: str | None = None, station: str | None = None) -> list[Exchange]:
        """What stations sent, in order; all of it, or only one action or one station."""
        return [
            each
            for each in self.exchanges
            if each.direction == "received" and action in (None, each.action) and station in (None, each.station)
        ]

    def statistics(self) -> dict[str, int]:
        """How many calls of each action stations sent."""
        return dict(Counter(each.action for each in self.received()))

    async def until(self, predicate: Callable[[], T], within_s: float = 5.0) -> T:
        """Wait until ``predicate()`` is true; returns what it gave. Raises TimeoutError that shows the last frames."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while True:
            self._moved.clear()
            if found := predicate():
                return found
            if (left := deadline - loop.time()) <= 0:
                last = "\n".join(f"  {each}" for each in self.exchanges[-TOLD_AT_TIMEOUT:])
                raise TimeoutError(f"did not happen within {within_s} s; the last frames were\n{last}")
            try:
                async with asyncio.timeout(min(left, LOOK_S)):
                    await self._moved.wait()
            except TimeoutError:
                continue

    async def seen(
        self,
        action: str,
        where: Callable[[Any], bool] = lambda payload: True,
        count: int = 1,
        within_s: float = 5.0,
    ) -> Exchange:
        """Wait for the ``count``-th exchange of this action whose payload fits, and return it once it has ended."""

        def found() -> Exchange | None:
            fitting = [each for each in self.received(action) if where(each.payload) and each.ended_at is not None]
            return fitting[count - 1] if len(fitting) >= count else None

        exchange = await self.until(found, within_s)
        assert exchange is not None
        return exchange
