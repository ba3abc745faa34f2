"""How a backend in a box answers: the usual replies of a plain backend, and the unusual ones a test may put in place.

An entry of an answer table is a reply, or a function of the station and the payload that gives one (it may be
``async``). A reply is the payload of a CALLRESULT or one of the classes below; `Later` and `Twice` hold another one,
`Later` on the outside.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hal_mock.csms import Csms
    from hal_mock.csms_station import Station

Payload = dict[str, Any]


@dataclass(frozen=True)
class Refuse:
    """CALLERROR."""

    code: str = "InternalError"
    text: str = ""
    details: Any = field(default_factory=dict)


@dataclass(frozen=True)
class Silence:
    """No answer at all."""


@dataclass(frozen=True)
class Usual:
    """What this backend would have said without the override."""


@dataclass(frozen=True)
class Later:
    """The reply, after a while; other calls are answered meanwhile."""

    after_s: float
    reply: "Reply" = field(default_factory=Usual)


@dataclass(frozen=True)
class Twice:
    """The same answer two times."""

    reply: "Reply" = field(default_factory=Usual)


@dataclass(frozen=True)
class Frames:
    """These frames instead of an answer, as they are; ``<id>`` in a text stands for the message id as JSON."""

    frames: tuple[str | bytes, ...]


@dataclass(frozen=True)
class HangUp:
    """The connection closed instead of an answer; without a code it is torn down without a closing handshake."""

    code: int | None = None
    reason: str = ""


class Turns:
    """One reply after the other; the last one stays."""

    def __init__(self, *replies: "Reply") -> None:
        self._replies = list(replies)

    def __call__(self, station: "Station", payload: Payload) -> "Reply":
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


Reply = Payload | Refuse | Silence | Usual | Later | Twice | Frames | HangUp
Rule = Reply | Callable[["Station", Payload], Reply | Awaitable[Reply]]


def iso(utc: float) -> str:
    return datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _boot(station: "Station", payload: Payload) -> Reply:
    csms = station.csms
    return {"status": csms.registration, "currentTime": iso(csms.utc()), "interval": csms.interval_s}


def _heartbeat(station: "Station", payload: Payload) -> Reply:
    return {"currentTime": iso(station.csms.utc())}


def _nothing(station: "Station", payload: Payload) -> Reply:
    return {}


def _accepted(station: "Station", payload: Payload) -> Reply:
    return {"status": "Accepted"}


# -- OCPP 1.6 -------------------------------------------------------------------------------------------------------


def _tag_info(csms: "Csms", tag: str) -> Payload:
    group = csms.groups.get(tag)
    return {"status": csms.verdict(tag)} | ({"parentIdTag": group} if group else {})


def _authorize16(station: "Station", payload: Payload) -> Reply:
    return {"idTagInfo": _tag_info(station.csms, payload["idTag"])}


def _start16(station: "Station", payload: Payload) -> Reply:
    tx = station.csms.ledger.start(station.id, payload)
    return {"transactionId": int(tx.id), "idTagInfo": _tag_info(station.csms, payload["idTag"])}


def _stop16(station: "Station", payload: Payload) -> Reply:
    station.csms.ledger.stop(station.id, payload)
    return {"idTagInfo": _tag_info(station.csms, payload["idTag"])} if "idTag" in payload else {}


def _measure16(station: "Station", payload: Payload) -> Reply:
    if "transactionId" in payload:
        station.csms.ledger.measure(station.id, payload)
    return {}


V16: dict[str, Rule] = {
    "Authorize": _authorize16,
    "BootNotification": _boot,
    "DataTransfer": _accepted,
    "DiagnosticsStatusNotification": _nothing,
    "FirmwareStatusNotification": _nothing,
    "Heartbeat": _heartbeat,
    "LogStatusNotification": _nothing,
    "MeterValues": _measure16,
    "SecurityEventNotification": _nothing,
    "SignCertificate": _accepted,
    "SignedFirmwareStatusNotification": _nothing,
    "StartTransaction": _start16,
    "StatusNotification": _nothing,
    "StopTransaction": _stop16,
}


# -- OCPP 2.0.1 -----------------------------------------------------------------------------------------------------


def _token_info(csms: "Csms", token: str) -> Payload:
    group = csms.groups.get(token)
    return {"status": csms.verdict(token)} | ({"groupIdToken": {"idToken": group, "type": "Central"}} if group else {})


def _authorize201(station: "Station", payload: Payload) -> Reply:
    return {"idTokenInfo": _token_info(station.csms, payload["idToken"]["idToken"])}


def _event201(station: "Station", payload: Payload) -> Reply:
    station.csms.ledger.event(station.id, payload)
    token = payload.get("idToken")
    return {} if token is None else {"idTokenInfo": _token_info(station.csms, token["idToken"])}


V201: dict[str, Rule] = {
    "Authorize": _authorize201,
    "BootNotification": _boot,
    "ClearedChargingLimit": _nothing,
    "DataTransfer": _accepted,
    "FirmwareStatusNotification": _nothing,
    "Heartbeat": _heartbeat,
    "LogStatusNotification": _nothing,
    "MeterValues": _nothing,
    "NotifyChargingLimit": _nothing,
    "NotifyCustomerInformation": _nothing,
    "NotifyEvent": _nothing,
    "NotifyMonitoringReport": _nothing,
    "NotifyReport": _nothing,
    "ReportChargingProfiles": _nothing,
    "ReservationStatusUpdate": _nothing,
    "SecurityEventNotification": _nothing,
    "SignCertificate": _accepted,
    "StatusNotification": _nothing,
    "TransactionEvent": _event201,
}

USUAL: dict[str, dict[str, Rule]] = {"ocpp1.6": V16, "ocpp2.0.1": V201}
