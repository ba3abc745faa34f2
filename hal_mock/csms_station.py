"""One station as a backend in a box sees it: its connection of now, its calls and ours, and what it did wrong.

It outlives connections, because message ids must not repeat over all connections of one identity (OCPP-J 1.6 errata
3.1, OCPP 2.0.1 errata 4.6) and because a test wants to speak to the station, not to a socket.
"""

import asyncio
import inspect
import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from hal_mock.csms_answers import USUAL, Frames, HangUp, Later, Payload, Refuse, Reply, Rule, Twice, Usual
from hal_mock.csms_record import CallError, Exchange

if TYPE_CHECKING:
    from hal_mock.csms import Csms

CALL, RESULT, ERROR = 2, 3, 4
LONGEST_ID = 36
UNREADABLE = {"ocpp1.6": "FormationViolation", "ocpp2.0.1": "RpcFrameworkError"}


class Station:
    """``answers`` overrides the backend's table for this station alone."""

    def __init__(self, csms: "Csms", id: str) -> None:
        self.csms = csms
        self.id = id
        self.answers: dict[str, Rule] = {}
        self.version = ""
        self.connection: ServerConnection | None = None
        self.connections = 0
        """How many there were, and are."""
        self.open_at_once = 0
        """The most that were open at the same time."""
        self.accepted = False
        """A boot of this station was answered Accepted, on any connection."""
        self.repeated: list[Any] = []
        """Message ids that came again with the same content: retries, which are allowed."""
        self._open: set[ServerConnection] = set()
        self._seen: dict[Any, str] = {}
        self._unanswered: set[Any] = set()
        self._asked: dict[Any, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)
        self._turn = asyncio.Lock()
        self._late: set[asyncio.Task[None]] = set()

    @property
    def online(self) -> bool:
        return self.connection is not None

    # -- to the station ---------------------------------------------------------------------------------------------

    async def call(
        self,
        action: str,
        payload: Payload | None = None,
        *,
        within_s: float = 10.0,
        id: Any = None,
        in_turn: bool = True,
    ) -> Payload:
        """A CALL to the station and the payload of its answer.

        Raises CallError for a CALLERROR, TimeoutError, and ConnectionError when the connection is gone. ``in_turn``
        False sends at once, even while another CALL of ours is open, which the protocol forbids.
        """
        if in_turn:
            async with self._turn:
                return await self.call(action, payload, within_s=within_s, id=id, in_turn=False)
        id = f"csms-{next(self._ids)}" if id is None else id
        payload = {} if payload is None else payload
        loop = asyncio.get_running_loop()
        exchange = Exchange(loop.time(), "sent", self.id, self.version, id, action, payload)
        waiter = self._asked[id] = loop.create_future()
        try:
            await self.send(json.dumps([CALL, id, action, payload]))
            self.csms.conversation.begin(exchange)
            async with asyncio.timeout(within_s):
                answer = await waiter
        except CallError as refused:
            self.csms.conversation.end(exchange, refused)
            raise
        finally:
            self._asked.pop(id, None)
        self.csms.conversation.end(exchange, answer)
        return dict(answer)

    async def flood(
        self, action: str, payloads: Sequence[Payload], within_s: float = 10.0
    ) -> list[Payload | Exception]:
        """So many CALLs at once, none waiting for the other; what became of each, in the order given."""
        asked = (self.call(action, payload, within_s=within_s, in_turn=False) for payload in payloads)
        answers: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
        return answers

    async def send(self, frame: str | bytes) -> None:
        """One frame as it is: garbage, half a message, a binary frame."""
        if self.connection is None:
            raise ConnectionError(f"station {self.id} is not connected")
        try:
            await self.connection.send(frame)
        except ConnectionClosed as gone:
            raise ConnectionError(f"station {self.id} is gone: {gone}") from gone

    async def send_big(self, size: int = 2_000_000) -> None:
        """A well-formed CALL of at least ``size`` bytes, without waiting for what becomes of it."""
        await self.send(
            json.dumps([CALL, f"csms-{next(self._ids)}", "DataTransfer", {"vendorId": "x", "data": "x" * size}])
        )

    async def hang_up(self, code: int | None = None, reason: str = "") -> None:
        """Close the connection; without a code, tear it down as a dying network does."""
        for connection in list(self._open):
            if code is None:
                connection.transport.abort()
            else:
                await connection.close(code, reason)

    # -- from the station -------------------------------------------------------------------------------------------

    async def serve(self, connection: ServerConnection, version: str) -> None:
        """Read one connection to its end."""
        self._open.add(connection)
        self.connections += 1
        self.open_at_once = max(self.open_at_once, len(self._open))
        self.connection, self.version = connection, version
        self._unanswered.clear()
        self.csms.conversation.nudge()
        try:
            async for frame in connection:
                if not self.csms.deaf:
                    await self._read(connection, frame)
        except (ConnectionClosed, ConnectionError):
            pass
        finally:
            self._open.discard(connection)
            if self.connection is connection:
                self.connection = None
                for waiter in self._asked.values():
                    if not waiter.done():
                        waiter.set_exception(ConnectionError(f"station {self.id} went away"))
            self.csms.conversation.nudge()

    async def _read(self, connection: ServerConnection, frame: str | bytes) -> None:
        try:
            message = json.loads(frame)
            kind, id, *rest = message
            if isinstance(id, list | dict) or (kind == CALL and rest and not isinstance(rest[0], str)):
                raise ValueError(message)
        except (ValueError, TypeError):
            self._complain(f"sent a frame that is no OCPP message: {frame[:200]!r}")
            await connection.send(json.dumps([ERROR, "-1", UNREADABLE[self.version], "no OCPP message", {}]))
            return
        if kind == CALL and len(rest) == 2:
            await self._called(connection, id, rest[0], rest[1])
        elif kind == RESULT and len(rest) == 1 and id in self._asked:
            self._answered(id, rest[0], None)
        elif kind == ERROR and len(rest) >= 2 and id in self._asked:
            self._answered(id, None, CallError(*rest[:3]))
        else:
            self._complain(f"sent a frame nobody waits for: {frame[:200]!r}")

    def _answered(self, id: Any, answer: Any, refused: CallError | None) -> None:
        waiter = self._asked[id]
        if waiter.done():
            self._complain(f"answered message {id!r} twice")
        elif refused is not None:
            waiter.set_exception(refused)
        else:
            waiter.set_result(answer)

    async def _called(self, connection: ServerConnection, id: Any, action: str, payload: Payload) -> None:
        self._judge(id, action, payload)
        self._unanswered.add(id)
        at = asyncio.get_running_loop().time()
        exchange = Exchange(at, "received", self.id, self.version, id, action, payload)
        self.csms.conversation.begin(exchange)
        rule = self.answers.get(action, self.csms.answers.get(action, Usual()))
        try:
            reply = rule(self, payload) if callable(rule) else rule
        except Exception as wrong:
            reply = self._our_fault(action, wrong)
        if inspect.isawaitable(reply) or isinstance(reply, Later):
            task = asyncio.create_task(self._reply_later(connection, exchange, reply))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        else:
            await self._reply(connection, exchange, reply)

    async def _reply_later(self, connection: ServerConnection, exchange: Exchange, reply: Any) -> None:
        try:
            if inspect.isawaitable(reply):
                reply = await reply
            if isinstance(reply, Later):
                await asyncio.sleep(reply.after_s)
                reply = reply.reply
            await self._reply(connection, exchange, reply)
        except (ConnectionClosed, ConnectionError):
            return

    async def _reply(self, connection: ServerConnection, exchange: Exchange, reply: Reply) -> None:
        times = 1
        if isinstance(reply, Twice):
            times, reply = 2, reply.reply
        if isinstance(reply, Usual):
            reply = self.usual(exchange.action, exchange.payload)
        frames, answer = _frames(exchange.id, reply)
        self._unanswered.discard(exchange.id)
        if exchange.action == "BootNotification":
            self.accepted = isinstance(answer, dict) and answer.get("status") == "Accepted"
        try:
            for frame in [*frames] * times:
                await connection.send(frame)
            if isinstance(reply, HangUp):
                await self.hang_up(reply.code, reply.reason)
        finally:
            self.csms.conversation.end(exchange, answer)

    def usual(self, action: str, payload: Payload) -> Reply:
        """What this backend says without an override; what it books, it books here."""
        rule = USUAL[self.version].get(action)
        if rule is None:
            return Refuse("NotImplemented", f"no such action: {action}")
        try:
            reply = rule(self, payload) if callable(rule) else rule
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            self._complain(f"sent a malformed {action}: {wrong!r} in {payload!r}")
            return Refuse("ProtocolError", f"malformed {action}")
        assert not inspect.isawaitable(reply)
        return reply

    def _our_fault(self, action: str, wrong: Exception) -> Refuse:
        self.csms.conversation.violations.append(f"the test's own answer to {action} failed: {wrong!r}")
        return Refuse("InternalError", repr(wrong))

    def _judge(self, id: Any, action: str, payload: Payload) -> None:
        """Look for what the framing forbids."""
        if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID:
            self._complain(f"used the message id {id!r}; it must be a text of 1 to {LONGEST_ID} characters")
        if self._unanswered:
            self._complain(f"sent {action} while its call {sorted(map(str, self._unanswered))} was open")
        content = json.dumps([action, payload], sort_keys=True)
        known = self._seen.get(id)
        self._seen[id] = content
        if known == content:
            self.repeated.append(id)
        elif known is not None:
            self._complain(f"used message id {id!r} for two messages: {known[:80]} and {content[:80]}")
        if not self.accepted and action != "BootNotification" and self.csms.strict_boot:
            self._complain(f"sent {action} before its boot was accepted")

    def _complain(self, text: str) -> None:
        self.csms.conversation.violations.append(f"{self.id} {text}")
        self.csms.conversation.nudge()

    async def end(self) -> None:
        """Drop what still waits to be answered late."""
        for task in list(self._late):
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)


def _frames(id: Any, reply: Reply) -> tuple[Sequence[str | bytes], Payload | CallError | None]:
    """What goes over the wire, and what the exchange remembers of it."""
    match reply:
        case dict():
            return [json.dumps([RESULT, id, reply])], reply
        case Refuse():
            refused = CallError(reply.code, reply.text, reply.details)
            return [json.dumps([ERROR, id, reply.code, reply.text, reply.details])], refused
        case Frames():
            mark = json.dumps(id)
            return [each.replace("<id>", mark) if isinstance(each, str) else each for each in reply.frames], None
        case _:
            return [], None
