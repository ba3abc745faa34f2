"""What we tell -> 1.6's requests. Strict: integers where integers are asked, no text too long, no empty member.

Our transactions have an id of our own; 1.6 wants the number the backend gave in its answer to the start. "If no
transactionId was ever received, the Charge Point SHALL use -1" (1.6 errata 3.18).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chargepoint.clock import Stamp
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.records import (
    Authorize,
    Boot,
    ConnectorStatus,
    DataTransferred,
    Heartbeat,
    Measured,
    Message,
    SecurityEvent,
    StatusIs,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from chargepoint.core.values import Context, MeterValue, Value
from chargepoint.ocpp.dialect import Call, Json, Ledger
from chargepoint.ocpp.text import cut, decimal, half_up
from chargepoint.ocpp.v16.words import NOT_IN_STOP, OF_STATION, REASONS, SECURITY_EVENTS, UNITS

Dated = Callable[[Stamp], str]

NEVER_NUMBERED = -1
MREC_VENDOR = "https://chargex.inl.gov"
"""Who defines the error codes told as vendorErrorCode (ChargeX Minimum Required Error Codes)."""


def encode(message: Message, dated: Dated, ledger: Ledger) -> list[Call]:
    """The one request that says this, or none."""
    say = _SAY.get(type(message))
    return say(message, dated, ledger) if say else []


def _boot(message: Boot, dated: Dated, ledger: Ledger) -> list[Call]:
    us = message.identity
    limits = {
        "chargePointVendor": (us.vendor, 20),
        "chargePointModel": (us.model, 20),
        "chargePointSerialNumber": (us.serial, 25),
        "firmwareVersion": (us.firmware, 50),
        "iccid": (us.iccid, 20),
        "imsi": (us.imsi, 20),
        "meterType": (us.meter_type, 25),
        "meterSerialNumber": (us.meter_serial, 25),
    }
    return [Call("BootNotification", {name: cut(text, most) for name, (text, most) in limits.items() if text})]


def _heartbeat(message: Heartbeat, dated: Dated, ledger: Ledger) -> list[Call]:
    return [Call("Heartbeat", {})]


def _authorize(message: Authorize, dated: Dated, ledger: Ledger) -> list[Call]:
    return [Call("Authorize", {"idTag": message.token.text})]


def _status(message: StatusIs, dated: Dated, ledger: Ledger) -> list[Call]:
    ours = message.evse == 0 and message.status not in OF_STATION
    status = ConnectorStatus.AVAILABLE if ours else message.status
    payload: Json = {
        "connectorId": message.evse,
        "errorCode": "NoError",
        "status": status.value,
        "timestamp": dated(message.at),
    }
    info = message.info
    if message.fault:
        fault = CATALOGUE.get(message.fault, CATALOGUE["other"])
        payload["errorCode"] = fault.code16
        info = info or fault.title
        if fault.mrec:
            payload |= {"vendorId": MREC_VENDOR, "vendorErrorCode": fault.mrec}
    if info:
        payload["info"] = cut(info, 50)
    return [Call("StatusNotification", payload)]


def _started(message: TransactionStarted, dated: Dated, ledger: Ledger) -> list[Call]:
    payload: Json = {
        "connectorId": message.evse,
        "idTag": message.token.text,
        "meterStart": half_up(message.energy_wh),
        "timestamp": dated(message.at),
    }
    if message.reservation is not None:
        payload["reservationId"] = message.reservation
    return [Call("StartTransaction", payload)]


def _updated(message: TransactionUpdated, dated: Dated, ledger: Ledger) -> list[Call]:
    values = _meter_values(message.values, dated)
    if not values:
        return []
    number = _number(message.tx, ledger)
    return [Call("MeterValues", {"connectorId": message.evse, "transactionId": number, "meterValue": values})]


def _ended(message: TransactionEnded, dated: Dated, ledger: Ledger) -> list[Call]:
    payload: Json = {
        "transactionId": _number(message.tx, ledger),
        "meterStop": half_up(message.energy_wh),
        "timestamp": dated(message.at),
        "reason": REASONS.get(message.reason, message.reason.value),
        "idTag": (message.token or message.started_by).text,
    }
    # "Optional": without any value the whole member is left out, as an empty list breaks some readers.
    if values := _meter_values(message.values, dated, NOT_IN_STOP):
        payload["transactionData"] = values
    return [Call("StopTransaction", payload)]


def _measured(message: Measured, dated: Dated, ledger: Ledger) -> list[Call]:
    values = _meter_values(message.values, dated)
    return [Call("MeterValues", {"connectorId": message.evse, "meterValue": values})] if values else []


def _security(message: SecurityEvent, dated: Dated, ledger: Ledger) -> list[Call]:
    kind = SECURITY_EVENTS.get(message.kind, message.kind)
    payload = {"type": cut(kind, 50), "timestamp": dated(message.at)}
    if message.info:
        payload["techInfo"] = cut(message.info, 255)
    return [Call("SecurityEventNotification", payload)]


def _transferred(message: DataTransferred, dated: Dated, ledger: Ledger) -> list[Call]:
    payload = {"vendorId": cut(message.vendor, 255)}
    if message.message:
        payload["messageId"] = cut(message.message, 50)
    if message.data:
        payload["data"] = message.data
    return [Call("DataTransfer", payload)]


def _number(tx: str, ledger: Ledger) -> int | str:
    number = ledger.number(tx)
    return NEVER_NUMBERED if number is None else number


def _meter_values(values: Iterable[MeterValue], dated: Dated, unitless: frozenset[str] = frozenset()) -> list[Json]:
    return [
        {"timestamp": dated(at.at), "sampledValue": [_sampled(value, at.context, unitless) for value in at.values]}
        for at in values
        if at.values
    ]


def _sampled(value: Value, context: Context, unitless: frozenset[str]) -> Json:
    sampled = {"value": decimal(value.amount), "context": context.value, "measurand": value.measurand.value}
    if value.phase:
        sampled["phase"] = value.phase
    unit = UNITS.get(value.measurand)
    if unit and unit not in unitless:
        sampled["unit"] = unit
    return sampled


_SAY: Mapping[type, Callable[[Any, Dated, Ledger], list[Call]]] = {
    Boot: _boot,
    Heartbeat: _heartbeat,
    Authorize: _authorize,
    StatusIs: _status,
    TransactionStarted: _started,
    TransactionUpdated: _updated,
    TransactionEnded: _ended,
    Measured: _measured,
    SecurityEvent: _security,
    DataTransferred: _transferred,
}
