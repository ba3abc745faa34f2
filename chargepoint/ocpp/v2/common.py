"""What 2.0.1 and 2.1 share: the dialect itself, told by an `Edition` which of the two it is."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from chargepoint.clock import Stamp
from chargepoint.core.commands import Command, Outcome
from chargepoint.core.records import InventoryPart, Message, TransactionEnded, TransactionStarted, TransactionUpdated
from chargepoint.ocpp.codes import CODES
from chargepoint.ocpp.dialect import Call, Json, Learned, Ledger, Refusal
from chargepoint.ocpp.reader import ReadError, read
from chargepoint.ocpp.v2 import inventory, reports, transactions
from chargepoint.ocpp.v2.commands import DECODE
from chargepoint.ocpp.v2.edition import Edition
from chargepoint.ocpp.v2.results import result


class V2:
    """A `Dialect`. It keeps nothing but the count of what it tolerated."""

    samples_per_message = 1  # every event has its own sequence number, and a hole in them is a lost event (E01)

    def __init__(self, edition: Edition) -> None:
        self.subprotocol = edition.subprotocol
        self.samples_per_message = 1
        self._edition = edition
        self._quirks: Counter[str] = Counter()

    def encode(self, message: Message, dated: Callable[[Stamp], str], ledger: Ledger) -> list[Call]:
        if isinstance(message, TransactionStarted | TransactionUpdated | TransactionEnded):
            return transactions.encode(message, dated, self._edition)
        if isinstance(message, InventoryPart):
            return inventory.encode(message, dated)
        say = reports.ENCODE.get(type(message))
        return [] if say is None else say(message, dated, self._edition)

    def learn(self, message: Message, answer: Json) -> Learned:
        if isinstance(message, TransactionStarted | TransactionUpdated | TransactionEnded):
            return transactions.learn(message, answer, self._edition, self._quirks)
        learn = reports.LEARN.get(type(message))
        return Learned() if learn is None else learn(message, answer, self._edition, self._quirks)

    def decode(self, action: str, payload: Any, ledger: Ledger) -> Command:
        understand = DECODE.get(action)
        if understand is None:
            known = action in self._edition.requests or action in self._edition.answers
            situation = "not-supported" if known else "unknown-action"
            raise Refusal(self.fault_code(situation), f"{action[:50]} is not {'supported' if known else 'known'} here")
        if payload is None or payload == []:
            self._quirks["J9"] += 1
            payload = {}
        try:
            clean = read(self._edition.requests[action], payload, self._quirks)
        except ReadError as error:
            raise Refusal(self.fault_code(error.kind), str(error)) from error
        return understand(clean)

    def result(self, command: Command, outcome: Outcome) -> Json:
        return result(command, outcome)

    def fault_code(self, situation: str) -> str:
        return CODES[self.subprotocol][situation]

    def quirks(self) -> Mapping[str, int]:
        return dict(self._quirks)
