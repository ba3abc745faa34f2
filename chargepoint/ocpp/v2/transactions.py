"""Transaction records <-> TransactionEvent (OCPP 2.0.1 block E).

The record carries what the core decided: sequence number, trigger, charging state, whether it happened offline. The
identifier is told only in the event that tells of it (E02.FR.20); the EVSE in every event, because the first event
after the cable was plugged must name it (E01.FR.16) and a backend that lost an event is then still in the picture.
What is billed is told always: an end without collected values gets the register.
"""

from collections import Counter
from collections.abc import Callable

from chargepoint.clock import Stamp
from chargepoint.core.facts import TransactionConfirmed
from chargepoint.core.records import TransactionEnded, TransactionRecord, TransactionStarted, TransactionUpdated
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.ocpp.dialect import Call, Json, Learned
from chargepoint.ocpp.reader import read
from chargepoint.ocpp.v2.edition import Edition
from chargepoint.ocpp.v2.tokens import info_of, token_json
from chargepoint.ocpp.v2.values import meter_values

ACTION = "TransactionEvent"
EVENTS: dict[type[TransactionRecord], str] = {
    TransactionStarted: "Started",
    TransactionUpdated: "Updated",
    TransactionEnded: "Ended",
}
CONNECTOR = 1


def encode(record: TransactionRecord, dated: Callable[[Stamp], str], edition: Edition) -> list[Call]:
    """One TransactionEvent."""
    payload: Json = {
        "eventType": EVENTS[type(record)],
        "timestamp": dated(record.at),
        "triggerReason": record.trigger.value,
        "seqNo": record.seq,
        "transactionInfo": _info(record, edition),
        "evse": {"id": record.evse, "connectorId": CONNECTOR},
    }
    if record.offline:
        payload["offline"] = True
    if isinstance(record, TransactionStarted) and record.reservation is not None:
        payload["reservationId"] = record.reservation
    if record.token is not None:
        payload["idToken"] = token_json(record.token)
    if told := meter_values(record.values or _register(record), dated, edition.measurands):
        payload["meterValue"] = told
    return [Call(ACTION, payload)]


def _info(record: TransactionRecord, edition: Edition) -> Json:
    info: Json = {"transactionId": record.tx}
    if isinstance(record, TransactionEnded):
        info["stoppedReason"] = edition.reasons.get(record.reason, record.reason.value)
        return info
    info["chargingState"] = record.state.value
    if isinstance(record, TransactionStarted) and record.remote_start is not None:
        info["remoteStartId"] = record.remote_start
    return info


def _register(record: TransactionRecord) -> tuple[MeterValue, ...]:
    if isinstance(record, TransactionUpdated):
        return ()
    context = Context.BEGIN if isinstance(record, TransactionStarted) else Context.END
    return (MeterValue(record.at, context, (Value(Measurand.ENERGY_IMPORT, record.energy_wh),)),)


def learn(record: TransactionRecord, answer: Json, edition: Edition, quirks: Counter[str]) -> Learned:
    """What the backend thinks of the token, where it says so; to a start, that it took it (E05)."""
    clean = read(edition.answers[ACTION], answer, quirks)
    info = info_of(clean["idTokenInfo"]) if "idTokenInfo" in clean else None
    if isinstance(record, TransactionEnded) or (info is None and isinstance(record, TransactionUpdated)):
        return Learned()
    return Learned((TransactionConfirmed(record.tx, info),))
