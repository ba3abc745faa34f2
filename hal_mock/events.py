"""What happens rather than is: cards, injected faults, the link hint. One stream, shared by the readers and the hints.

A card at one connector must arrive at a reader that serves exactly this connector, so there is one reader per
connector and, on a station with several, one more that serves all. A card is delivered once: to the reader that serves
exactly the connectors named, otherwise to the one that serves all. The stream has no task of its own: the transport
hands lines to the topics, and whoever waits for a topic is woken.
"""

import asyncio
import json
from collections import deque
from typing import Any

from chargepoint.hal import DeviceUnavailable

Event = dict[str, Any]
Topic = tuple[str, tuple[int, ...]]

HINTS: Topic = ("hints", ())
MAX_WAITING = 64
MAX_LINE_BYTES = 4096


class Events:
    """Topics and who waits for them. In tests `tell` stands for the world."""

    def __init__(self) -> None:
        self._waiting: dict[Topic, deque[Event]] = {}
        self._bell = asyncio.Event()
        self._reader_gone = False

    def reader(self, connectors: tuple[int, ...]) -> Topic:
        """The topic of the reader that serves exactly these connectors."""
        return self._add(("rfid", connectors))

    def hints(self) -> Topic:
        return self._add(HINTS)

    def tell(self, event: Event) -> None:
        """Deliver one event. What nobody has a topic for is lost, and so is the oldest of `MAX_WAITING`."""
        kind = event.get("event")
        if kind == "rfid":
            queue = self._reader_for(tuple(sorted(event["connectors"])))
        elif kind in ("fault", "network"):
            queue = self._waiting.get(HINTS)
        else:
            queue = None
        if kind == "reader":
            self._reader_gone = bool(event["gone"])
        if queue is not None:
            queue.append(event)
        self.wake_all()

    async def next(self, topic: Topic) -> Event:
        """Wait for the next event of a topic. Raises DeviceUnavailable; safe to cancel."""
        await self._join()
        queue = self._waiting[topic]
        while not queue:
            self._check(topic)
            await self._bell.wait()
        return queue.popleft()

    async def leave(self, topic: Topic) -> None:
        """Give a topic up; with the last one the stream ends. A second time changes nothing."""
        self._waiting.pop(topic, None)
        if not self._waiting:
            await self._part()

    def _add(self, topic: Topic) -> Topic:
        self._waiting[topic] = deque(maxlen=MAX_WAITING)
        return topic

    def _reader_for(self, connectors: tuple[int, ...]) -> "deque[Event] | None":
        exact = self._waiting.get(("rfid", connectors))
        if exact is not None:
            return exact
        readers = [topic for topic in self._waiting if topic[0] == "rfid" and set(connectors) <= set(topic[1])]
        return self._waiting[max(readers, key=lambda topic: len(topic[1]))] if readers else None

    def _check(self, topic: Topic) -> None:
        if self._reader_gone and topic[0] == "rfid":
            raise DeviceUnavailable('the mock reader was taken away (undo: {"op":"reader","gone":false})')

    def wake_all(self) -> None:
        """Wake everybody once; each looks at its own topic."""
        self._bell.set()
        self._bell = asyncio.Event()

    async def _join(self) -> None: ...

    async def _part(self) -> None: ...


class WorldEvents(Events):
    """The stream of a world process, joined when somebody first waits and joined again after it broke."""

    def __init__(self, socket_path: str) -> None:
        super().__init__()
        self._socket_path = socket_path
        self._joining = asyncio.Lock()
        self._wire: _Wire | None = None

    def _check(self, topic: Topic) -> None:
        super()._check(topic)
        if self._wire is None or self._wire.lost.is_set():
            raise DeviceUnavailable(f"the mock world at {self._socket_path} closed the stream of events")

    async def _join(self) -> None:
        async with self._joining:
            if self._wire is not None and not self._wire.lost.is_set():
                return
            loop = asyncio.get_running_loop()
            try:
                _, self._wire = await loop.create_unix_connection(lambda: _Wire(self), self._socket_path)
            except OSError as error:
                raise DeviceUnavailable(f"no mock world answers at {self._socket_path}: {error}") from error

    async def _part(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()
            await wire.lost.wait()


class _Wire(asyncio.Protocol):
    """Lines in, events out."""

    def __init__(self, events: WorldEvents) -> None:
        self._events = events
        self._rest = b""
        self._transport: asyncio.BaseTransport | None = None
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(b'{"op":"events"}\n')

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._events.tell(json.loads(line))
        if len(self._rest) > MAX_LINE_BYTES:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        self._events.wake_all()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
