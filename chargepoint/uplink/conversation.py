"""One connection to the backend, from the open socket to its end.

Order of speech: the boot first, then what the station is like now, then the durable records in order, the heartbeat
when nothing else was said for long enough. The backend's requests are answered at any time, also while a call of ours
is open. Whatever a backend sends is read tolerantly; only a dead link ends the conversation.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from chargepoint.clock import Clock, Stamp, TimeQuality, iso
from chargepoint.core.commands import Command, RemoteStart, Reserve
from chargepoint.core.effects import Answer
from chargepoint.core.facts import Asked, Authorized, ClockIs, Fact, LinkIs, Registration, SettingIs
from chargepoint.core.records import Authorize, Boot, BootReason, Heartbeat, Message, StationIdentity, StatusIs
from chargepoint.core.settings import Settings
from chargepoint.core.tokens import NOBODY
from chargepoint.core.variables import HEARTBEAT_INTERVAL_S, PING_INTERVAL_S
from chargepoint.errors import PeerError
from chargepoint.ocpp.dialect import Call, Dialect, Json, Learned, Refusal, Registered
from chargepoint.ocpp.rpc import Answered, CallReceived, Event, Failed, Ignored, Late, Rpc
from chargepoint.store import Store
from chargepoint.uplink.mailbox import Mailbox
from chargepoint.uplink.outbox import Outbox, Parcel

log = logging.getLogger(__name__)

PONG_WITHIN_S = 20.0
OWN_BOOT_WAIT_S = 60.0
LIVE_RECORDS = 4
"""Up to so many records are what happens now, and are told in order with the rest; more are a backlog, which must not
hold up what the station is like."""
LONGEST_WAIT_S = 86400


_NO_TIME = Stamp(0, 0.0)


class LinkDeadError(Exception):
    """Nothing is heard any more; the text says what was waited for."""


@dataclass
class Registry:
    """What outlives a connection: is the station accepted, by which version, and why did it boot."""

    identity: StationIdentity
    reason: BootReason
    registration: Registration = Registration.NONE
    subprotocol: str = ""


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
    ) -> None:
        self._ws, self._dialect, self._registry, self._mailbox = ws, dialect, registry, mailbox
        self._store, self._settings, self._clock, self._post = store, settings, clock, post
        self._rpc = Rpc(dialect.subprotocol, lambda: str(uuid4()), call_timeout_s)
        self._outbox = Outbox(store, settings, dialect.samples_per_message, log.warning)
        self._wake = asyncio.Event()
        self._commands: dict[str, tuple[str, Command]] = {}
        self._saying: tuple[Message, Parcel | None, list[Call]] | None = None
        self._retained: dict[int, tuple[Message, Parcel | None]] = {}
        self._told: dict[int, list[Call]] = {}
        self._said_at = self._heard_at = clock.mono()
        self._boot_at: float | None = clock.mono()
        if registry.registration is Registration.ACCEPTED and registry.subprotocol == dialect.subprotocol:
            self._boot_at = None
        else:
            registry.registration = Registration.NONE

    # -- from the daemon ------------------------------------------------------------

    def wake(self) -> None:
        """There may be something new to send."""
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
        self._registry.subprotocol = self._dialect.subprotocol
        if self._boot_at is None:
            self._accepted()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="uplink-listen")
                tasks.create_task(self._speak(), name="uplink-speak")
                tasks.create_task(self._ping(), name="uplink-ping")
        except* (LinkDeadError, ConnectionClosed, OSError) as group:
            raise LinkDeadError(str(group.exceptions[0])) from None
        finally:
            self._post(LinkIs(False, self._registry.registration))
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
        raise LinkDeadError(f"the backend closed the connection (code {self._ws.close_code}) {self._ws.close_reason}")

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
            pong = await self._ws.ping()
            try:
                async with asyncio.timeout(PONG_WITHIN_S):
                    await pong
            except TimeoutError:
                if self._heard_at < sent_at:
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
                log.info("backend: ignored %s (rule %s)", text, rule)

    async def _asked(self, event: CallReceived) -> None:
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
        """An answer after its time: what it teaches (a transaction's number) is still true (interop J20)."""
        message, _ = self._retained.pop(id(call), (None, None))
        if message is not None:
            try:
                self._learn(self._dialect.learn(message, payload))
            except PeerError as problem:
                log.info("backend: late answer to %s not understood: %s", call.action, problem)

    def _timed_out(self, call: Call, text: str) -> None:
        message, parcel, _ = self._finished()
        if self._heard_at < self._said_at:
            raise LinkDeadError(f"{text}, and nothing else was heard")
        if len(self._retained) > 8:
            self._retained.clear()
        self._retained[id(call)] = (message, parcel)
        self._give_up(message, parcel, text)

    def _refused(self, call: Call, why: str) -> None:
        message, parcel, _ = self._finished()
        self._give_up(message, parcel, why)

    def _give_up(self, message: Message, parcel: Parcel | None, why: str) -> None:
        log.warning("backend: %s was not taken: %s", type(message).__name__, why)
        if parcel is not None:
            self._outbox.failed(parcel, why, self._clock.mono())
        elif isinstance(message, Authorize):
            self._post(Authorized(message.token, None))
        elif isinstance(message, Boot):
            self._boot_at = self._clock.mono() + OWN_BOOT_WAIT_S

    def _finished(self) -> tuple[Message, Parcel | None, list[Call]]:
        if self._saying is None:
            raise RuntimeError("an answer without a call")
        saying, self._saying = self._saying, None
        return saying

    def _learn(self, learned: Learned) -> None:
        now = self._clock.mono()
        if learned.number is not None:
            self._store.learn_number(*learned.number)
        if learned.utc is not None:
            self._post(ClockIs(learned.utc - now, TimeQuality.BACKEND))
        for fact in learned.facts:
            self._post(fact)
        if learned.registered is not None:
            self._registered(learned.registered, now)

    def _registered(self, answer: Registered, now: float) -> None:
        """OCPP 1.6 section 4.2, OCPP 2.0.1 B01 to B03."""
        self._registry.registration = answer.status
        if answer.utc is not None:
            self._post(ClockIs(answer.utc - now, TimeQuality.BACKEND))
        interval_s = min(answer.interval_s or 0, LONGEST_WAIT_S)
        if answer.status is Registration.ACCEPTED:
            self._boot_at = None
            if interval_s > 0:
                self._post(SettingIs(HEARTBEAT_INTERVAL_S.id, str(interval_s)))
            self._accepted()
        else:
            self._boot_at = now + (interval_s or OWN_BOOT_WAIT_S)
            log.warning("backend: the station is %s; asking again in %d s", answer.status.value, self._boot_at - now)
            self._post(LinkIs(False, answer.status))

    def _accepted(self) -> None:
        """The core tells every status anew when it hears of the link; what waited from before is history."""
        self._mailbox.drop(StatusIs)
        self._post(LinkIs(True, Registration.ACCEPTED))
        log.info("backend: online with %s", self._dialect.subprotocol)

    # -- speaking ----------------------------------------------------------------------

    async def _send(self) -> None:
        self._choose()
        for text in self._rpc.outgoing():
            await self._ws.send(text)
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
                calls = self._dialect.encode(message, self._dated, self._store)
                if not calls:
                    if parcel is not None:
                        self._outbox.confirmed(parcel)
                    continue
            self._saying = (message, parcel, calls[1:])
            self._rpc.call(calls[0], now)
            self._said_at = now

    def _next(self, now: float) -> tuple[Message, Parcel | None] | None:
        accepted = self._registry.registration is Registration.ACCEPTED
        if self._boot_at is not None and now >= self._boot_at:
            self._boot_at = None
            return Boot(self._registry.identity, self._registry.reason), None
        if not accepted:
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

    def _patience(self) -> float:
        """Seconds until time alone makes something due."""
        times = [self._rpc.next_deadline, self._boot_at, self._outbox.next_try]
        if self._registry.registration is Registration.ACCEPTED and self._rpc.can_call:
            times.append(self._heartbeat_at)
        soonest = min((time for time in times if time is not None), default=self._clock.mono() + 3600.0)
        return max(0.01, soonest - self._clock.mono())

    def _dated(self, stamp: Stamp) -> str:
        """RFC 3339; a moment that cannot be dated yet is dated now, never 1970."""
        utc = self._store.dated(stamp)
        return iso(self._clock.utc() if utc is None else utc)
