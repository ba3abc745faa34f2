"""OCPP 1.6 (edition 2 with errata): Core, RemoteTrigger, Reservation, and the security whitepaper's events."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from chargepoint.clock import Stamp
from chargepoint.core.commands import Command, Outcome
from chargepoint.core.records import Message
from chargepoint.ocpp.codes import CODES
from chargepoint.ocpp.dialect import Call, Json, Learned, Ledger
from chargepoint.ocpp.v16.decode import decode
from chargepoint.ocpp.v16.encode import encode
from chargepoint.ocpp.v16.learn import learn
from chargepoint.ocpp.v16.result import result


class V16:
    """Implements `chargepoint.ocpp.dialect.Dialect`."""

    subprotocol = "ocpp1.6"
    samples_per_message = 50

    def __init__(self) -> None:
        self._quirks: Counter[str] = Counter()

    def encode(self, message: Message, dated: Callable[[Stamp], str], ledger: Ledger) -> list[Call]:
        return encode(message, dated, ledger)

    def learn(self, message: Message, answer: Json) -> Learned:
        return learn(message, answer, self._quirks)

    def decode(self, action: str, payload: Any, ledger: Ledger) -> Command:
        return decode(action, payload, ledger, self._quirks)

    def result(self, command: Command, outcome: Outcome) -> Json:
        return result(command, outcome)

    def fault_code(self, situation: str) -> str:
        return CODES[self.subprotocol][situation]

    def quirks(self) -> Mapping[str, int]:
        return self._quirks
