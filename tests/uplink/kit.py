"""A conversation without a network: a socket of lists, a store in memory and a clock that is told the time."""

import asyncio
import contextlib
import json
from itertools import count

from chargepoint.clock import Stamp
from chargepoint.core.facts import LinkIs
from chargepoint.core.records import (
    BootReason,
    ChargingState,
    Reason,
    StationIdentity,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.settings import Settings
from chargepoint.core.tokens import NOBODY, IdToken
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.ocpp.dialects import dialect
from chargepoint.store import Entry
from chargepoint.uplink.conversation import Conversation
from chargepoint.uplink.mailbox import Mailbox
from chargepoint.uplink.once import Once
from chargepoint.uplink.registry import Registry

WITHIN_S = 5.0
AT = Stamp(1, 5.0, 1_800_000_000.0)
CARD = IdToken("04A1B2C3")
ACCEPTED = {"status": "Accepted", "currentTime": "2027-01-15T08:00:00Z", "interval": 300}


def started(tx="tx"):
    state = ChargingState.EV_CONNECTED
    return TransactionStarted(tx, 1, AT, 0, Trigger.AUTHORIZED, state, CARD, 1000.0)


def updated(tx="tx", seq=1, wh=1001.0):
    value = MeterValue(AT, Context.PERIODIC, (Value(Measurand.ENERGY_IMPORT, wh),))
    return TransactionUpdated(tx, 1, AT, seq, Trigger.METER_VALUE_PERIODIC, ChargingState.CHARGING, values=(value,))


def ended(tx="tx", seq=2):
    return TransactionEnded(tx, 1, AT, seq, Trigger.STOP_AUTHORIZED, Reason.LOCAL, CARD, 1005.0)


class FakeClock:
    boot = 1

    def __init__(self):
        self.now = 100.0

    def mono(self):
        return self.now

    def utc(self):
        return 1_800_000_000.0 + self.now


class FakeStore:
    """``hidden`` entries wait but are not on disk yet."""

    def __init__(self, *records):
        self.keys = count(1)
        self.queue = {}
        self.hidden = {}
        self.attempts = {}
        self.confirmed, self.refused, self.numbers, self.fetched = [], [], {}, 0
        for record in records:
            self.keep(record)

    def keep(self, record):
        self.queue[next(self.keys)] = record

    @property
    def waiting(self):
        return len(self.queue) + len(self.hidden)

    async def head(self, limit):
        self.fetched += 1
        entries = [Entry(key, record, self.attempts.get(key, 0)) for key, record in self.queue.items()]
        return entries[:limit]

    def confirm(self, keys):
        self.confirmed += [key for key in keys if self.queue.pop(key, None) is not None]

    def refuse(self, key, why):
        self.queue.pop(key, None)
        self.refused.append((key, why))

    def failed(self, key):
        self.attempts[key] = self.attempts.get(key, 0) + 1

    def learn_number(self, tx, number):
        self.numbers[tx] = number

    def number(self, tx):
        return self.numbers.get(tx)

    def tx(self, number):
        return next((tx for tx, known in self.numbers.items() if known == number), None)

    def dated(self, stamp):
        return stamp.utc

    async def known(self, token):
        return NOBODY


class FakeSocket:
    """``sent`` is what the station said. ``deaf``: pings are never answered. ``stuck``: nothing can be sent."""

    close_code, close_reason = 1000, "bye"

    def __init__(self):
        self.incoming = asyncio.Queue()
        self.sent = []
        self.moved = asyncio.Event()
        self.deaf = self.stuck = False
        self.pings = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        frame = await self.incoming.get()
        if frame is None:
            raise StopAsyncIteration
        if isinstance(frame, Exception):
            raise frame
        return frame

    async def send(self, text):
        if self.stuck:
            await asyncio.Event().wait()
        self.sent.append(json.loads(text))
        self.moved.set()

    async def ping(self):
        self.pings += 1
        pong = asyncio.get_running_loop().create_future()
        if not self.deaf:
            pong.set_result(0.0)
        return pong


class Talk:
    """A running conversation and the backend's side of it."""

    def __init__(self, version="ocpp1.6", store=None, registry=None, clock=None, settings=None):
        self.clock = clock or FakeClock()
        self.store = store or FakeStore()
        self.facts = []
        self.warnings = []
        self.settings = settings or Settings()
        identity = StationIdentity("vendor", "model")
        self.registry = registry or Registry(identity, BootReason.POWER_UP, self.facts.append)
        self.mailbox = Mailbox()
        self.socket = FakeSocket()
        self.read = 0
        self.conversation = Conversation(
            self.socket,
            dialect(version),
            registry=self.registry,
            mailbox=self.mailbox,
            store=self.store,
            settings=self.settings,
            clock=self.clock,
            call_timeout_s=30.0,
            post=self.facts.append,
            warn=Once(self.warnings.append, self.clock.mono),
        )

    async def __aenter__(self):
        self.task = asyncio.create_task(self.conversation.run())
        return self

    async def __aexit__(self, *error):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self.task

    async def said(self):
        """The next frame of the station."""
        async with asyncio.timeout(WITHIN_S):
            while len(self.socket.sent) <= self.read:
                self.socket.moved.clear()
                await self.socket.moved.wait()
        self.read += 1
        return self.socket.sent[self.read - 1]

    async def call(self, action):
        """The next frame, which must be this request: its id and its payload."""
        kind, id, heard, payload = await self.said()
        assert (kind, heard) == (2, action)
        return id, payload

    async def answered(self, action, payload):
        """Take the next request and answer it."""
        id, asked = await self.call(action)
        self.hear([3, id, payload])
        return asked

    async def boot(self, answer=ACCEPTED):
        return await self.answered("BootNotification", answer)

    def hear(self, frame):
        self.socket.incoming.put_nowait(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def silent(self):
        """The station has nothing to say now, however often it looks."""
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(self.socket.sent) == self.read, self.socket.sent[self.read :]

    async def later(self, seconds):
        """So much time passes."""
        await self.settled()
        self.clock.now += seconds
        self.conversation.wake()
        await self.settled()

    async def settled(self):
        for _ in range(20):
            await asyncio.sleep(0)

    async def over(self):
        """The conversation's end, as an exception."""
        async with asyncio.timeout(WITHIN_S):
            return (await asyncio.gather(self.task, return_exceptions=True))[0]

    def links(self):
        return [fact.online for fact in self.facts if isinstance(fact, LinkIs)]


def talk(scene, *records, **how):
    """Run ``scene(t)`` with a conversation."""

    async def go():
        async with asyncio.timeout(20), Talk(store=FakeStore(*records), **how) as t:
            await scene(t)

    asyncio.run(go())
