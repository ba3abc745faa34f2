"""Everything the station says beside transactions <-> the requests of 2.x, and what their answers teach."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from chargepoint.clock import Stamp
from chargepoint.core.facts import Authorized, Registration
from chargepoint.core.records import (
    Authorize,
    Boot,
    ConnectorStatus,
    DataTransferred,
    Heartbeat,
    Measured,
    SecurityEvent,
    StatusIs,
)
from chargepoint.ocpp.dialect import Call, Json, Learned, Registered
from chargepoint.ocpp.reader import read
from chargepoint.ocpp.v2.edition import Edition
from chargepoint.ocpp.v2.tokens import info_of, token_json
from chargepoint.ocpp.v2.values import meter_values

Dated = Callable[[Stamp], str]
CONNECTOR = 1

# 2.x says only that a connector is taken; how far a session is, is told by its transaction events (G01).
STATUSES = {
    ConnectorStatus.AVAILABLE: "Available",
    ConnectorStatus.PREPARING: "Occupied",
    ConnectorStatus.CHARGING: "Occupied",
    ConnectorStatus.SUSPENDED_EV: "Occupied",
    ConnectorStatus.SUSPENDED_EVSE: "Occupied",
    ConnectorStatus.FINISHING: "Occupied",
    ConnectorStatus.RESERVED: "Reserved",
    ConnectorStatus.UNAVAILABLE: "Unavailable",
    ConnectorStatus.FAULTED: "Faulted",
}


def _cut(**texts: tuple[str, int]) -> Json:
    """The texts that say something, none longer than its field (interop J25: cut on a character, never fail)."""
    return {name: text[:longest] for name, (text, longest) in texts.items() if text}


def _boot(message: Boot, dated: Dated, edition: Edition) -> list[Call]:
    identity = message.identity
    station = _cut(
        model=(identity.model, 20),
        vendorName=(identity.vendor, 50),
        serialNumber=(identity.serial, 25),
        firmwareVersion=(identity.firmware, 50),
    )
    if modem := _cut(iccid=(identity.iccid, 20), imsi=(identity.imsi, 20)):
        station["modem"] = modem
    return [Call("BootNotification", {"reason": message.reason.value, "chargingStation": station})]


def _heartbeat(message: Heartbeat, dated: Dated, edition: Edition) -> list[Call]:
    return [Call("Heartbeat", {})]


def _authorize(message: Authorize, dated: Dated, edition: Edition) -> list[Call]:
    return [Call("Authorize", {"idToken": token_json(message.token)})]


def _status(message: StatusIs, dated: Dated, edition: Edition) -> list[Call]:
    """The station itself (EVSE 0) has no status message in 2.x (B01: only connectors of EVSEs have)."""
    if message.evse == 0:
        return []
    payload = {
        "timestamp": dated(message.at),
        "connectorStatus": STATUSES[message.status],
        "evseId": message.evse,
        "connectorId": CONNECTOR,
    }
    return [Call("StatusNotification", payload)]


def _measured(message: Measured, dated: Dated, edition: Edition) -> list[Call]:
    told = meter_values(message.values, dated, edition.measurands)
    return [Call("MeterValues", {"evseId": message.evse, "meterValue": told})] if told else []


def _security(message: SecurityEvent, dated: Dated, edition: Edition) -> list[Call]:
    payload = {"timestamp": dated(message.at), **_cut(type=(message.kind, 50), techInfo=(message.info, 255))}
    return [Call("SecurityEventNotification", payload)]


def _data(message: DataTransferred, dated: Dated, edition: Edition) -> list[Call]:
    payload = _cut(vendorId=(message.vendor, 255), messageId=(message.message, 50))
    if message.data:
        payload["data"] = message.data
    return [Call("DataTransfer", payload)]


ENCODE: dict[type[Any], Callable[[Any, Dated, Edition], list[Call]]] = {
    Boot: _boot,
    Heartbeat: _heartbeat,
    Authorize: _authorize,
    StatusIs: _status,
    Measured: _measured,
    SecurityEvent: _security,
    DataTransferred: _data,
}


def _learn_boot(message: Boot, answer: Json, edition: Edition, quirks: Counter[str]) -> Learned:
    clean = read(edition.answers["BootNotification"], answer, quirks)
    utc = clean.get("currentTime")
    return Learned(utc=utc, registered=Registered(Registration(clean["status"]), utc, clean.get("interval")))


def _learn_heartbeat(message: Heartbeat, answer: Json, edition: Edition, quirks: Counter[str]) -> Learned:
    return Learned(utc=read(edition.answers["Heartbeat"], answer, quirks).get("currentTime"))


def _learn_authorize(message: Authorize, answer: Json, edition: Edition, quirks: Counter[str]) -> Learned:
    clean = read(edition.answers["Authorize"], answer, quirks)
    return Learned((Authorized(message.token, info_of(clean["idTokenInfo"])),))


LEARN: dict[type[Any], Callable[[Any, Json, Edition, Counter[str]], Learned]] = {
    Boot: _learn_boot,
    Heartbeat: _learn_heartbeat,
    Authorize: _learn_authorize,
}
"""The answers that teach something; all others only say that a message arrived."""
