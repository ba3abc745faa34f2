"""The way to the backend: connect, talk, and come back for ever.

One connection at a time; the old one is closed before a new one is opened. Versions are negotiated by subprotocol; a
server that answers none is spoken to in the only version configured, and after such failures versions are offered one
at a time. Each reason for a lost or refused connection is kept in words a technician understands.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from chargepoint import __version__
from chargepoint.clock import Clock
from chargepoint.config.schema import Backend
from chargepoint.core.effects import Answer
from chargepoint.core.facts import Fact
from chargepoint.core.records import BootReason, Report, StationIdentity
from chargepoint.core.settings import Settings
from chargepoint.ocpp.dialects import dialect
from chargepoint.store import Store
from chargepoint.uplink.address import address
from chargepoint.uplink.backoff import Backoff
from chargepoint.uplink.conversation import Conversation
from chargepoint.uplink.ending import LinkDeadError
from chargepoint.uplink.mailbox import Mailbox
from chargepoint.uplink.once import Once
from chargepoint.uplink.registry import Registry

log = logging.getLogger(__name__)

HANDSHAKE_WITHIN_S = 30.0
WORKED_AFTER_S = 5.0
OFFERED_TOGETHER = 2
"""So often all versions are offered to a server that names none; then each in its turn, until one is accepted."""


class NoVersionError(Exception):
    """The server chose no subprotocol, and which version it speaks cannot be told."""


class Uplink:
    """Give it reports, answers and wake-ups; it posts facts."""

    def __init__(
        self,
        backend: Backend,
        identity: str,
        station: StationIdentity,
        reason: BootReason,
        *,
        store: Store,
        settings: Settings,
        clock: Clock,
        post: Callable[[Fact], None],
        changed: Callable[[], None],
    ) -> None:
        self._backend, self._address = backend, address(backend, identity)
        self._store, self._settings, self._clock, self._post, self._changed = store, settings, clock, post, changed
        self._registry = Registry(station, reason, post)
        self._warn = Once(log.warning, clock.mono)
        self._mailbox = Mailbox()
        self._backoff = Backoff(settings, random.random)
        self._talk: Conversation | None = None
        self._hint = asyncio.Event()
        self._up = True
        self._singly = 0
        self._state, self._since, self._next_try = "connecting", clock.mono(), 0.0
        self._last_error = ""
        self._quirks: dict[str, int] = {}

    # -- from the daemon ------------------------------------------------------------

    def tell(self, report: Report, asked: bool) -> None:
        self._mailbox.put(report, asked)
        self.wake()

    def answer(self, effect: Answer) -> None:
        if self._talk is not None:
            self._talk.answer(effect)

    def wake(self) -> None:
        """The queue or the mailbox has something new."""
        if self._talk is not None:
            self._talk.wake()

    def hint(self, up: bool) -> None:
        """The network is gone (stop trying) or back (try at once)."""
        self._up = up
        self._hint.set()

    def status(self) -> dict[str, Any]:
        """For the panel."""
        now = self._clock.mono()
        return {
            "url": self._address.shown,
            "state": self._state,
            "version": self._registry.subprotocol if self._talk else "",
            "registration": self._registry.registration.value,
            "since_s": round(now - self._since),
            "last_error": self._last_error,
            "next_try_s": max(0, round(self._next_try - now)) if self._talk is None else 0,
            "queue": self._store.waiting,
            "quirks": self._quirks | (self._talk.quirks if self._talk else {}),
        }

    # -- the loop ----------------------------------------------------------------------

    async def run(self) -> None:
        """Connect and talk for ever. Safe to cancel."""
        while True:
            self._hint.clear()
            if self._up:
                await self._attempt_or_hint()
            if self._up:
                wait_s = self._backoff.next_s()
                self._next_try = self._clock.mono() + wait_s
                await self._wait(wait_s)
            else:
                self._set("offline", "the network is gone")
                await self._wait(None)
                self._backoff.worked()

    async def _attempt_or_hint(self) -> None:
        """One attempt; it is cut short when the network is said to be gone."""
        attempt = asyncio.create_task(self._attempt(), name="uplink-attempt")
        hint = asyncio.create_task(self._gone(), name="uplink-hint")
        try:
            await asyncio.wait((attempt, hint), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (attempt, hint):
                task.cancel()
            await asyncio.gather(attempt, hint, return_exceptions=True)
        if attempt.done() and not attempt.cancelled() and attempt.exception() is not None:
            raise attempt.exception() or AssertionError

    async def _gone(self) -> None:
        while self._up:
            await self._hint.wait()
            self._hint.clear()

    async def _attempt(self) -> None:
        started = self._clock.mono()
        self._set("connecting", self._last_error)
        try:
            await self._connect_and_talk()
        except (LinkDeadError, NoVersionError, OSError, WebSocketException) as problem:
            if isinstance(problem, NoVersionError) or (
                self._singly >= OFFERED_TOGETHER and not self._registry.accepted
            ):
                self._singly += 1
            self._set("offline", self._explain(problem))
            self._warn(f"link {self._last_error}", f"backend {self._address.shown}: {self._last_error}")
        if self._registry.accepted and self._clock.mono() - started > WORKED_AFTER_S:
            self._backoff.worked()

    async def _connect_and_talk(self) -> None:
        async with connect(
            self._address.url,
            subprotocols=self._offered(),
            additional_headers=self._address.headers,
            ssl=self._address.tls,
            compression=None,
            proxy=None,
            max_size=self._backend.max_message_bytes,
            ping_interval=None,
            open_timeout=HANDSHAKE_WITHIN_S,
            close_timeout=3,
            user_agent_header=f"chargepoint/{__version__}",
        ) as ws:
            chosen = ws.subprotocol or self._only_version()
            self._talk = Conversation(
                ws,
                dialect(chosen),
                registry=self._registry,
                mailbox=self._mailbox,
                store=self._store,
                settings=self._settings,
                clock=self._clock,
                call_timeout_s=self._backend.call_timeout_s,
                post=self._post,
                warn=self._warn,
            )
            self._set("online", "")
            try:
                await self._talk.run()
            finally:
                for rule, count in self._talk.quirks.items():
                    self._quirks[rule] = self._quirks.get(rule, 0) + count
                self._talk = None

    def _offered(self) -> list[Any]:
        versions = list(self._backend.versions)
        if self._singly < OFFERED_TOGETHER or len(versions) == 1:
            return versions
        return [versions[self._singly % len(versions)]]

    def _only_version(self) -> str:
        """Interop U10: a server that negotiates nothing is taken at the only version offered."""
        offered = self._offered()
        if len(offered) != 1:
            raise NoVersionError(
                f"the server chose none of {', '.join(offered)}; name the one it speaks in backend.versions"
            )
        return str(offered[0])

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hint.wait()
        except TimeoutError:
            return

    def _set(self, state: str, error: str) -> None:
        if state != self._state:
            self._state, self._since = state, self._clock.mono()
        self._last_error = error
        self._changed()

    def _explain(self, problem: BaseException) -> str:
        """What a technician should read."""
        if isinstance(problem, InvalidStatus):
            code = problem.response.status_code
            return f"the server answered HTTP {code}: {HTTP.get(code, 'it does not speak OCPP at this address')}"
        if isinstance(problem, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({problem.verify_message}); add its root with backend.ca_file"
        if isinstance(problem, ssl.SSLError):
            return f"TLS failed ({problem.reason}); is this port really wss?"
        if isinstance(problem, TimeoutError):
            return f"no answer within {HANDSHAKE_WITHIN_S:.0f} s; check address, port and firewall"
        if isinstance(problem, ConnectionResetError) and self._address.tls is not None:
            return "the server cut the connection off; is this port really wss?"
        if isinstance(problem, ConnectionRefusedError):
            return "nothing listens at this address and port"
        return str(problem) or type(problem).__name__


HTTP = {
    400: "it did not like the request; check path and versions",
    401: "user or password is wrong",
    403: "this station may not connect",
    404: "it does not know this station or path; check backend.url and station.id",
    429: "too many attempts; it will be tried more slowly",
    503: "it is down or overloaded",
}
