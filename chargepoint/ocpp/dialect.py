"""What one OCPP version must know how to say. A dialect translates; it holds no state of the station and never waits.

Nothing outside `chargepoint.ocpp` tests a version.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chargepoint.clock import Stamp
from chargepoint.core.commands import Command, Outcome
from chargepoint.core.facts import Fact, Registration
from chargepoint.core.records import Message

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """An OCPP request: the action as it stands on the wire, and its payload."""

    action: str
    payload: Json


class Refusal(Exception):
    """A backend's CALL is answered by CALLERROR. ``code`` is spelled as this version spells it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Registered:
    """The backend's answer to a boot. ``utc`` None: it told no usable time. ``interval_s`` None: none given."""

    status: Registration
    utc: float | None
    interval_s: int | None


@dataclass(frozen=True, slots=True)
class Learned:
    """What an answer taught: facts for the core, the backend's time, its answer to a boot, its transaction number."""

    facts: tuple[Fact, ...] = ()
    utc: float | None = None
    registered: Registered | None = None
    number: tuple[str, int | str] | None = None


class Ledger(Protocol):
    """What a dialect may look up of what earlier answers taught. Only 1.6 needs it."""

    def number(self, tx: str) -> int | str | None:
        """The backend's number for a transaction of ours, if it has told one."""

    def tx(self, number: int | str) -> str | None:
        """Our id of the latest transaction that the backend gave this number."""


class Dialect(Protocol):
    subprotocol: str
    """As in Sec-WebSocket-Protocol, e.g. ``ocpp1.6``."""

    samples_per_message: int
    """How many meter values of one transaction one message may carry; 1 where every event is a message of its own."""

    def encode(self, message: Message, dated: Callable[[Stamp], str], ledger: Ledger) -> list[Call]:
        """The requests that say this, in order; none where this version has no word for it."""

    def learn(self, message: Message, answer: Json) -> Learned:
        """What the answer to the (last) request of `encode` says. Raises PeerError when it cannot be understood."""

    def decode(self, action: str, payload: Any, ledger: Ledger) -> Command:
        """A backend's request in neutral words. Raises Refusal."""

    def result(self, command: Command, outcome: Outcome) -> Json:
        """The answer to a decoded request."""

    def fault_code(self, situation: str) -> str:
        """This version's CALLERROR code for ``not-json``, ``malformed``, ``unknown-action`` or ``internal``."""

    def quirks(self) -> Mapping[str, int]:
        """How often each rule of tolerance was needed, by rule id of the interop sheet."""
