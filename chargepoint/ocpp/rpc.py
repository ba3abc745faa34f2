"""OCPP-J for one connection, without I/O, clock or chance: frames in, events out; calls and answers in, frames out.

One CALL of ours is in flight at a time (OCPP-J 1.6 4.1.1; OCPP 2.1 Part 4, 4.1.1); which one comes next is the caller's
choice, so there is no queue of ours: ask `can_call`. The backend's own CALLs may come at any time, several at once, and
are answered in the order they came, whatever is in flight. After each `call`, `answer`, `refuse`, `receive` and `tick`,
send what `outgoing` gives and look at `next_deadline`.

Nothing a backend sends raises. What is tolerated or dropped is counted in ``quirks`` by its rule of the interop sheet:
J5 surplus items, J9 no payload, J10 odd ids, J11 odd message type, J16 short CALLERROR, J18 no frame at all, J20
answers to nothing and repeated requests, J22 requests before the last one was answered.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chargepoint.ocpp import frames
from chargepoint.ocpp.codes import CODES, SPELLINGS
from chargepoint.ocpp.dialect import Call, Json
from chargepoint.ocpp.frames import Frame, MessageType, UnreadableError

MOST_WAITING = 32
"""Requests of the backend that may wait for our answers at once; the sheet saw 11."""
MOST_REMEMBERED = 32
MOST_LATE = 8


@dataclass(frozen=True, slots=True)
class CallReceived:
    """Give ``id_raw`` back to `Rpc.answer` or `Rpc.refuse`. ``payload`` is any JSON; where there was none it is {}."""

    id_raw: str
    action: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Answered:
    """``call`` is the very object given to `Rpc.call`, in this and the next three."""

    call: Call
    payload: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The backend's CALLERROR, its code in the spelling of 2.x, or no answer in time: then ``code`` is "Timeout"."""

    call: Call
    code: str
    text: str
    details: Json


@dataclass(frozen=True, slots=True)
class Late:
    """The answer to a call that had `Failed` by "Timeout" before: true all the same, if somebody still wants it."""

    call: Call
    payload: Any


@dataclass(frozen=True, slots=True)
class Ignored:
    """``rule`` of the interop sheet, or "type" for a message type this version has no use for; ``text`` says why."""

    rule: str
    text: str


Event = CallReceived | Answered | Failed | Late | Ignored

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Version:
    types: frozenset[int]
    tells_garbage: bool


# 1.6 has no word for "I could not read this" that a backend expects, 2.x has RpcFrameworkError (interop J18).
_VERSIONS = {
    "ocpp1.6": _Version(frozenset({2, 3, 4}), tells_garbage=False),
    "ocpp2.0.1": _Version(frozenset({2, 3, 4}), tells_garbage=True),
    "ocpp2.1": _Version(frozenset({2, 3, 4, 5, 6}), tells_garbage=True),
}


@dataclass(frozen=True, slots=True)
class _InFlight:
    id: str
    call: Call
    deadline: float


@dataclass(slots=True)
class _Waiting:
    """A request of the backend; ``print`` tells whether another with its id is the same one again."""

    print: int
    deadline: float
    reply: str | None = None


@dataclass
class Rpc:
    """``ids`` makes message ids: never one twice for this station, at most 36 characters. ``timeout_s`` bounds both how
    long the backend may take to answer and how long we may."""

    subprotocol: str
    ids: Callable[[], str]
    timeout_s: float = 60.0
    quirks: Counter[str] = field(default_factory=Counter)
    _flying: _InFlight | None = None
    _late: dict[str, Call] = field(default_factory=dict)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _replied: dict[str, tuple[int, str]] = field(default_factory=dict)
    _texts: list[str] = field(default_factory=list)

    # -- ours ---------------------------------------------------------------------------------------------------------

    @property
    def can_call(self) -> bool:
        return self._flying is None

    @property
    def in_flight(self) -> Call | None:
        """The call without an answer; it is lost with the connection."""
        return self._flying.call if self._flying else None

    def call(self, call: Call, now: float, id_: str | None = None) -> str:
        """Send a request; gives its id, to be used again when the same request is repeated (OCPP 2.1 Part 4, 4.1.4).

        Only while `can_call`; a second one is a bug of ours and raises RuntimeError.
        """
        if self._flying:
            raise RuntimeError(f"{call.action} must wait for the answer to {self._flying.call.action}")
        id_ = id_ or self.ids()[: frames.LONGEST_ID]
        self._texts.append(frames.call(id_, call.action, call.payload))
        self._flying = _InFlight(id_, call, now + self.timeout_s)
        return id_

    def answer(self, id_raw: str, payload: Json) -> None:
        """Answer a request. Nothing happens if it has been answered or refused before."""
        self._reply(id_raw, frames.result(id_raw, payload))

    def refuse(self, id_raw: str, code: str, text: str) -> None:
        """Answer a request with CALLERROR. Nothing happens if it has been answered or refused before."""
        self._reply(id_raw, frames.error(id_raw, code, text, {}))

    def pass_over(self, id_raw: str) -> None:
        """Leave a request without an answer (OCPP 1.6 section 4.2 of a station that was rejected)."""
        self._waiting.pop(id_raw, None)
        self._release()

    def outgoing(self) -> list[str]:
        """The frames to send now, in order; each is given once."""
        texts, self._texts = self._texts, []
        return texts

    # -- time ---------------------------------------------------------------------------------------------------------

    @property
    def next_deadline(self) -> float | None:
        """When `tick` will have something to do."""
        times = [asked.deadline for asked in self._waiting.values() if asked.reply is None]
        if self._flying:
            times.append(self._flying.deadline)
        return min(times, default=None)

    def tick(self, now: float) -> list[Event]:
        for id_raw, asked in list(self._waiting.items()):
            if asked.reply is None and asked.deadline <= now:
                self.refuse(id_raw, self._code("internal"), f"no answer within {self.timeout_s:g} s")
        flying = self._flying
        if flying is None or now < flying.deadline:
            return []
        self._flying = None
        _remember(self._late, flying.id, flying.call, MOST_LATE)
        return [Failed(flying.call, "Timeout", f"no answer to {flying.call.action} within {self.timeout_s:g} s", {})]

    # -- the backend's ------------------------------------------------------------------------------------------------

    def receive(self, data: str | bytes, now: float) -> list[Event]:
        try:
            frame = frames.parse(data, self.quirks)
        except UnreadableError as error:
            if error.may_be_request and self._version.tells_garbage:
                self._texts.append(frames.error(frames.NO_ID, self._code(error.situation), error.text, {}))
            return [self._ignored("J18", error.text)]
        if frame.type not in self._version.types:
            # "When a message contains a message type number not defined ... it SHALL ignore the message payload."
            return [self._ignored("type", f"message type {str(frame.type)[:20]}")]
        match frame.type:
            case MessageType.CALL:
                return [self._called(frame, hash(data), now)]
            case MessageType.CALLRESULT:
                return [self._resulted(frame)]
            case MessageType.CALLERROR:
                return [self._refused(frame)]
        return [self._ignored("type", f"{MessageType(frame.type).name}: nothing of ours asks for one")]

    def _called(self, frame: Frame, print_: int, now: float) -> Event:
        if not frame.rest or not isinstance(frame.rest[0], str):
            text = "the action is missing or no text"
            self._texts.append(frames.error(frame.id_raw, self._code("malformed"), text, {}))
            return self._ignored("J18", text)
        before, reply = self._replied.get(frame.id_raw, (None, ""))
        if before == print_:
            self._texts.append(reply)
            return self._ignored("J20", "a request again: answered as before")
        if frame.id_raw in self._waiting:
            return self._ignored("J20", "a request again while it waits for its answer")
        if len(self._waiting) >= MOST_WAITING:
            text = f"more than {MOST_WAITING} requests at once"
            self._texts.append(frames.error(frame.id_raw, self._code("internal"), text, {}))
            return self._ignored("J22", text)
        if self._waiting:
            self.quirks["J22"] += 1
        self._waiting[frame.id_raw] = _Waiting(print_, now + self.timeout_s)
        return CallReceived(frame.id_raw, frame.rest[0], self._payload(frame.rest[1:]))

    def _resulted(self, frame: Frame) -> Event:
        if self._flying and frame.id == self._flying.id:
            call, self._flying = self._flying.call, None
            return Answered(call, self._payload(frame.rest))
        late = self._late.pop(frame.id, None)
        if late is None:
            return self._ignored("J20", "an answer to nothing we asked")
        self.quirks["J20"] += 1
        return Late(late, self._payload(frame.rest))

    def _refused(self, frame: Frame) -> Event:
        if self._flying is None or frame.id != self._flying.id:
            self._late.pop(frame.id, None)
            return self._ignored("J20", "an error for nothing we asked")
        call, self._flying = self._flying.call, None
        code, text, details = (*frame.rest, None, None, None)[:3]
        if not (isinstance(code, str) and isinstance(text, str) and isinstance(details, dict)):
            self.quirks["J16"] += 1
        code = code[: frames.LONGEST_TEXT] if isinstance(code, str) else "GenericError"
        text = text[: frames.LONGEST_TEXT] if isinstance(text, str) else ""
        return Failed(call, SPELLINGS.get(code, code), text, details if isinstance(details, dict) else {})

    def _payload(self, rest: list[Any]) -> Any:
        if len(rest) > 1:
            self.quirks["J5"] += 1
        if not rest or rest[0] is None or rest[0] == []:
            self.quirks["J9"] += 1
            return {}
        return rest[0]

    def _reply(self, id_raw: str, text: str) -> None:
        asked = self._waiting.get(id_raw)
        if asked is None or asked.reply is not None:
            return
        asked.reply = text
        self._release()

    def _release(self) -> None:
        """Give out the answers whose turn it is."""
        for earlier, waiting in list(self._waiting.items()):
            if waiting.reply is None:
                break
            del self._waiting[earlier]
            self._texts.append(waiting.reply)
            _remember(self._replied, earlier, (waiting.print, waiting.reply), MOST_REMEMBERED)

    def _ignored(self, rule: str, text: str) -> Ignored:
        self.quirks[rule] += 1
        return Ignored(rule, text)

    def _code(self, situation: str) -> str:
        return CODES[self.subprotocol][situation]

    @property
    def _version(self) -> _Version:
        return _VERSIONS[self.subprotocol]


def _remember(memory: dict[str, _T], key: str, value: _T, most: int) -> None:
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > most:
        del memory[next(iter(memory))]
