"""One connection to the backend, from the open socket to its end.

Order of speech: the boot first, then what the station is like now, then the durable records in order, the heartbeat
when nothing else was said for long enough. The backend's requests are answered at any time, also while a call of ours
is open. Whatever a backend sends is read tolerantly; only a dead link ends the conversation.

A record that is told again in the same words has the same message id, also after a restart, so a backend that drops
repetitions books it once (OCPP 2.1 Part 4, 4.1.4).
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid4, uuid5

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from chargepoint.clock import Clock, Stamp, TimeQuality, iso
from chargepoint.core.commands import Command, RemoteStart, Reserve
from chargepoint.core.effects import Answer
from chargepoint.core.facts import Asked, Authorized, ClockIs, Fact, Registration
from chargepoint.core.records import Authorize, Boot, Heartbeat, Message, StatusIs
from chargepoint.core.settings import Settings
from chargepoint.core.tokens import NOBODY
from chargepoint.core.variables import HEARTBEAT_INTERVAL_S, PING_INTERVAL_S
from chargepoint.errors import PeerError
from chargepoint.ocpp.dialect import Call, Dialect, Json, Learned, Refusal
from chargepoint.ocpp.frames import encode
from chargepoint.ocpp.rpc import Answered, CallReceived, Event, Failed, Ignored, Late, Rpc
from chargepoint.store import Store
from chargepoint.uplink.ending import LinkDeadError, closed, why
from chargepoint.uplink.mailbox import Mailbox
from chargepoint.uplink.once import Once
from chargepoint.uplink.outbox import Outbox, Parcel
from chargepoint.uplink.registry import LONGEST_WAIT_S, Registry

log = logging.getLogger(__name__)

PONG_WITHIN_S = 20.0
SENT_WITHIN_S = 60.0
MOST_RETAINED = 8
LIVE_RECORDS = 4
"""Up to so many records are what happens now, and are told in order with the rest; more are a backlog, which must not
hold up what the station is like."""
_NO_TIME = Stamp(0, 0.0)


class Conversation:
    """Run it with `run`; it returns or raises when the link is gone."""

    def __init__(
        self,
        ws: ClientConnection,
        dialect: Dialect,
        *,
        registry: Registry,
        mailbox: Mailbox,
        store: Store,
        settings: Settings,
        clock: Clock,
        call_timeout_s: float,
        post: Callable[[Fact], None],
        warn: Once,
    ) -> None:
        self._ws, self._dialect, self._registry, self._mailbox, self._warn = ws, dialect, registry, mailbox, warn
        self._store, self._settings, self._clock, self._post = store, settings, clock, post
        self._rpc = Rpc(dialect.subprotocol, lambda: str(uuid4()), call_timeout_s)
        self._outbox = Outbox(store, settings, dialect.samples_per_message, warn)
        self._wake = asyncio.Event()
        self._looks_at = -math.inf
        self._sending = asyncio.Lock()
        self._commands: dict[str, tuple[str, Command]] = {}
        self._saying: tuple[Message, Parcel | None, list[Call]] | None = None
        self._retained: deque[tuple[Call, Message, Parcel | None]] = deque(maxlen=MOST_RETAINED)
        self._told: dict[int, list[Call]] = {}
        self._said_at = self._heard_at = clock.mono()

    # -- from the daemon ------------------------------------------------------------

    def wake(self) -> None:
        """There may be something new to send."""
        self._outbox.refreshed()
        self._wake.set()

    def answer(self, effect: Answer) -> bool:
        """The core's answer to a request of this connection; False when it is of another."""
        found = self._commands.pop(effect.ticket, None)
        if found is None:
            return False
        id_raw, command = found
        self._rpc.answer(id_raw, self._dialect.result(command, effect.outcome))
        self._wake.set()
        return True

    @property
    def quirks(self) -> dict[str, int]:
        return dict(self._rpc.quirks) | dict(self._dialect.quirks())

    # -- the connection's life ------------------------------------------------------------

    async def run(self) -> None:
        """Talk until the link is gone. Raises LinkDeadError or what websockets raises. Safe to cancel."""
        self._registry.connected(self._dialect.subprotocol, self._clock.mono())
        if self._registry.accepted:
            self._accepted()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="uplink-listen")
                tasks.create_task(self._speak(), name="uplink-speak")
                tasks.create_task(self._ping(), name="uplink-ping")
        except ExceptionGroup as group:
            dead, other = group.split((LinkDeadError, ConnectionClosed, OSError))
            if dead is None or other is not None:
                raise
            raise LinkDeadError(why(dead.exceptions[0])) from None
        finally:
            self._registry.tell(False)
            self._forget()

    def _forget(self) -> None:
        """What was on its way when the link went: tokens are decided by the offline rules, records stay queued."""
        reports = self._mailbox.drop(Authorize)
        if self._saying is not None and isinstance(self._saying[0], Authorize):
            reports.append(self._saying[0])
        for report in reports:
            if isinstance(report, Authorize):
                self._post(Authorized(report.token, None))

    async def _listen(self) -> None:
        async for text in self._ws:
            self._heard_at = self._clock.mono()
            for event in self._rpc.receive(text, self._heard_at):
                await self._take(event)
            await self._send()
            if self._due < self._looks_at:
                self._wake.set()
        raise LinkDeadError(closed(self._ws.close_code, self._ws.close_reason))

    async def _speak(self) -> None:
        while True:
            self._wake.clear()
            now = self._clock.mono()
            for event in self._rpc.tick(now):
                await self._take(event)
            if self._outbox.hungry:
                await self._outbox.fetch()
            await self._send()
            try:
                async with asyncio.timeout(self._patience()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _ping(self) -> None:
        """OCPP-J 1.6 5.2. A backend that never answers pings but talks is alive all the same (interop S4)."""
        while True:
            interval_s = self._settings[PING_INTERVAL_S]
            await asyncio.sleep(interval_s or PONG_WITHIN_S)
            if not interval_s:
                continue
            sent_at = self._clock.mono()
            try:
                async with asyncio.timeout(PONG_WITHIN_S):
                    await (await self._ws.ping())
            except TimeoutError:
                if self._heard_at <= sent_at:
                    raise LinkDeadError(f"the backend has been deaf for {PONG_WITHIN_S:.0f} s (no pong)") from None

    # -- hearing ----------------------------------------------------------------------

    async def _take(self, event: Event) -> None:
        match event:
            case CallReceived():
                await self._asked(event)
            case Answered(call, payload):
                self._heard(call, payload)
            case Failed(call, "Timeout", text):
                self._timed_out(call, text)
            case Failed(call, code, text):
                self._refused(call, f"{code}: {text}")
            case Late(call, payload):
                self._late(call, payload)
            case Ignored(rule, text):
                self._warn(f"ignored {rule}", f"backend: ignored {text} (rule {rule})")

    async def _asked(self, event: CallReceived) -> None:
        if self._registry.registration is Registration.REJECTED:
            self._rebuff(event)
            return
        try:
            command = self._dialect.decode(event.action, event.payload, self._store)
        except Refusal as refusal:
            self._rpc.refuse(event.id_raw, refusal.code, refusal.text)
            return
        known = NOBODY
        if isinstance(command, RemoteStart | Reserve):
            known = await self._store.known(command.token)
        ticket = str(uuid4())
        self._commands[ticket] = (event.id_raw, command)
        self._post(Asked(ticket, command, known))

    def _rebuff(self, event: CallReceived) -> None:
        """A rejected station obeys nobody (OCPP 1.6 section 4.2: no answer; OCPP 2.0.1 B03.FR.07: SecurityError)."""
        code = self._dialect.fault_code("rejected")
        if code:
            self._rpc.refuse(event.id_raw, code, "the station was rejected and waits to boot again")
        else:
            self._rpc.pass_over(event.id_raw)

    def _heard(self, call: Call, payload: Json) -> None:
        message, parcel, more = self._finished()
        if more:
            self._saying = (message, parcel, more)
            return
        try:
            learned = self._dialect.learn(message, payload)
        except PeerError as problem:
            self._give_up(message, parcel, str(problem))
            return
        self._learn(learned)
        if parcel is not None:
            self._outbox.confirmed(parcel)

    def _late(self, call: Call, payload: Json) -> None:
        """An answer after its time: what it says is still true, and a record that it confirms is not sent again
        (interop J20)."""
        found = next((each for each in self._retained if each[0] is call), None)
        if found is None:
            return
        self._retained.remove(found)
        _, message, parcel = found
        try:
            self._learn(self._dialect.learn(message, payload))
        except PeerError as problem:
            self._warn(f"late {call.action}", f"backend: late answer to {call.action} not understood: {problem}")
            return
        if parcel is not None:
            self._outbox.confirmed(parcel)

    def _timed_out(self, call: Call, text: str) -> None:
        if self._heard_at <= self._said_at:
            raise LinkDeadError(f"{text}, and nothing else was heard")
        message, parcel, more = self._finished()
        if not more:
            self._retained.append((call, message, parcel))
        self._give_up(message, parcel, text)

    def _refused(self, call: Call, why: str) -> None:
        message, parcel, _ = self._finished()
        self._give_up(message, parcel, why)

    def _give_up(self, message: Message, parcel: Parcel | None, why: str) -> None:
        kind = type(message).__name__
        self._warn(f"{kind} {why[:20]}", f"backend: {kind} was not taken: {why}")
        if parcel is not None:
            self._outbox.failed(parcel, why, self._clock.mono())
        elif isinstance(message, Authorize):
            self._post(Authorized(message.token, None))
        elif isinstance(message, Boot):
            self._registry.boot_failed(self._clock.mono())

    def _finished(self) -> tuple[Message, Parcel | None, list[Call]]:
        if self._saying is None:
            raise RuntimeError("an answer without a call")
        saying, self._saying = self._saying, None
        return saying

    def _learn(self, learned: Learned) -> None:
        now = self._clock.mono()
        if learned.number is not None:
            self._store.learn_number(*learned.number)
        utc = learned.registered.utc if learned.registered is not None else learned.utc
        if utc is not None:
            self._post(ClockIs(utc - now, TimeQuality.BACKEND))
        for fact in learned.facts:
            self._post(fact)
        if learned.registered is not None:
            if self._registry.answered(learned.registered, now):
                self._accepted()
            else:
                status = self._registry.registration.value
                self._warn(f"boot {status}", f"backend: the station is {status}; it will ask again when it is told to")

    def _accepted(self) -> None:
        """The core tells every status anew when it hears of the link; what waited from before is history."""
        self._mailbox.drop(StatusIs)
        self._registry.tell(True)
        log.info("backend: online with %s", self._dialect.subprotocol)

    # -- speaking ----------------------------------------------------------------------

    async def _send(self) -> None:
        async with self._sending:
            self._choose()
            try:
                async with asyncio.timeout(SENT_WITHIN_S):
                    for text in self._rpc.outgoing():
                        await self._ws.send(text)
            except TimeoutError:
                raise LinkDeadError(f"the backend has read nothing for {SENT_WITHIN_S:.0f} s") from None
        if self._outbox.hungry:
            self._wake.set()

    def _choose(self) -> None:
        while self._rpc.can_call:
            now = self._clock.mono()
            if self._saying is not None:
                message, parcel, calls = self._saying
            else:
                found = self._next(now)
                if found is None:
                    return
                message, parcel = found
                calls = self._worded(message, parcel)
                if not calls:
                    if parcel is not None:
                        self._outbox.confirmed(parcel)
                    continue
            self._saying = (message, parcel, calls[1:])
            self._rpc.call(calls[0], now, None if parcel is None else message_id(parcel, calls[0]))
            self._said_at = now

    def _worded(self, message: Message, parcel: Parcel | None) -> list[Call]:
        """What cannot be put into words is a bug of ours, which must not hold up every other record for ever."""
        try:
            return self._dialect.encode(message, self._dated, self._store)
        except Exception as problem:
            if parcel is None:
                raise
            log.exception("a record cannot be told in %s; this is a bug of ours", self._dialect.subprotocol)
            self._outbox.refused(parcel, f"it cannot be told in {self._dialect.subprotocol}: {problem!r}")
            return []

    def _next(self, now: float) -> tuple[Message, Parcel | None] | None:
        boot = self._registry.boot(now)
        if boot is not None:
            return boot, None
        if not self._registry.accepted:
            return self._report(False) if self._registry.registration is Registration.PENDING else None
        parcel = self._outbox.next(now)
        if parcel is not None and len(self._outbox.entries) <= LIVE_RECORDS:
            return parcel.record, parcel
        report = self._report(True)
        if report is not None:
            return report
        if parcel is not None:
            return parcel.record, parcel
        if now >= self._heartbeat_at:
            return Heartbeat(), None
        return None

    def _report(self, accepted: bool) -> tuple[Message, None] | None:
        """The next report; a status that this version cannot tell from the last one is not told again."""
        while found := self._mailbox.take(accepted):
            report, asked = found
            if not isinstance(report, StatusIs):
                return report, None
            calls = self._dialect.encode(replace(report, at=_NO_TIME), lambda _: "", self._store)
            if asked or self._told.get(report.evse) != calls:
                self._told[report.evse] = calls
                return report, None
        return None

    @property
    def _heartbeat_at(self) -> float:
        """Any call of ours counts as a sign of life (OCPP 1.6 section 9.1.10, OCPP 2.0.1 G02)."""
        return self._said_at + (self._settings[HEARTBEAT_INTERVAL_S] or LONGEST_WAIT_S)

    @property
    def _due(self) -> float:
        """When time alone makes something due (monotonic seconds)."""
        times = [self._rpc.next_deadline, self._registry.boot_at, self._outbox.next_try]
        if self._registry.accepted and self._rpc.can_call:
            times.append(self._heartbeat_at)
        return min((time for time in times if time is not None), default=math.inf)

    def _patience(self) -> float:
        """Seconds until something is due; whoever makes it due earlier must wake the speaker."""
        now = self._clock.mono()
        self._looks_at = min(self._due, now + 3600.0)
        return max(0.01, self._looks_at - now)

    def _dated(self, stamp: Stamp) -> str:
        """RFC 3339; a moment that cannot be dated yet is dated now, never 1970."""
        utc = self._store.dated(stamp)
        return iso(self._clock.utc() if utc is None else utc)


def message_id(parcel: Parcel, call: Call) -> str:
    """The same for the same record in the same words; other words, or another record, have another."""
    return str(uuid5(NAMESPACE_URL, encode([parcel.keys[0], call.action, call.payload])))
