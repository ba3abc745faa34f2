"""Outcomes -> the answers of 2.x: each command's own words for the neutral results, and a statusInfo that says why.

reasonCode comes from the list of OCPP 2.0.1 appendix 5 (at most 20 characters), additionalInfo is our own sentence.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chargepoint.core.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    Command,
    DataTransfer,
    GetInventory,
    GetVariables,
    Outcome,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    Result,
    SetVariables,
    TransactionStatus,
    TriggerMessage,
    Unlock,
)
from chargepoint.ocpp.dialect import Json
from chargepoint.ocpp.v2.names import ACTUAL, named

LONGEST_INFO = 512
LONGEST_VALUE = 2500

YES_OR_NO = {Result.ACCEPTED: "Accepted"}
YES_NO_OR_LATER = {Result.ACCEPTED: "Accepted", Result.SCHEDULED: "Scheduled"}
OTHERWISE = "Rejected"
UNKNOWN_VARIABLE = {Result.UNKNOWN: "UnknownComponent", Result.UNKNOWN_ITEM: "UnknownVariable"}
OTHER_ATTRIBUTE = "NotSupportedAttributeType"

# command -> (its word for each result, its word for every other result)
STATUSES: dict[type[Any], tuple[Mapping[Result, str], str]] = {
    CancelReservation: (YES_OR_NO, OTHERWISE),
    ChangeAvailability: (YES_NO_OR_LATER, OTHERWISE),
    ClearCache: (YES_OR_NO, OTHERWISE),
    DataTransfer: (
        {Result.ACCEPTED: "Accepted", Result.UNKNOWN: "UnknownVendorId", Result.UNKNOWN_ITEM: "UnknownMessageId"},
        OTHERWISE,
    ),
    GetInventory: ({Result.ACCEPTED: "Accepted", Result.NOT_SUPPORTED: "NotSupported"}, OTHERWISE),
    RemoteStart: (YES_OR_NO, OTHERWISE),
    RemoteStop: (YES_OR_NO, OTHERWISE),
    Reserve: (
        {
            Result.ACCEPTED: "Accepted",
            Result.OCCUPIED: "Occupied",
            Result.FAULTED: "Faulted",
            Result.UNAVAILABLE: "Unavailable",
        },
        OTHERWISE,
    ),
    Reset: (YES_NO_OR_LATER, OTHERWISE),
    TriggerMessage: (
        {Result.ACCEPTED: "Accepted", Result.NOT_SUPPORTED: "NotImplemented", Result.UNKNOWN: "NotImplemented"},
        OTHERWISE,
    ),
    Unlock: (
        {
            Result.ACCEPTED: "Unlocked",
            Result.UNLOCKED: "Unlocked",
            Result.ONGOING: "OngoingAuthorizedTransaction",
            Result.UNKNOWN: "UnknownConnector",
        },
        "UnlockFailed",
    ),
}

CODES = {
    Result.ACCEPTED: "NoError",
    Result.SCHEDULED: "TxInProgress",
    Result.NOT_SUPPORTED: "UnsupportedRequest",
    Result.UNKNOWN: "NotFound",
    Result.UNKNOWN_ITEM: "NotFound",
    Result.READ_ONLY: "ReadOnly",
    Result.ONGOING: "TxInProgress",
    Result.FAILED: "InternalError",
}
CODES_OF: dict[tuple[type[Any], Result], str] = {
    (ClearCache, Result.REJECTED): "NotEnabled",
    (GetVariables, Result.REJECTED): "WriteOnly",
    (RemoteStop, Result.REJECTED): "TxNotFound",
    (SetVariables, Result.REJECTED): "InvalidValue",
    (Unlock, Result.NOT_SUPPORTED): "FixedCable",
    (Unlock, Result.UNKNOWN): "UnknownConnectorId",
}


def result(command: Command, outcome: Outcome) -> Json:
    """The payload of the CALLRESULT."""
    return RESULTS.get(type(command), _status)(command, outcome)


def _info(command: Command, outcome: Outcome) -> Json | None:
    if not outcome.reason:
        return None
    code = CODES_OF.get((type(command), outcome.result)) or CODES.get(outcome.result, "Unspecified")
    return {"reasonCode": code, "additionalInfo": outcome.reason[:LONGEST_INFO]}


def _status(command: Command, outcome: Outcome) -> Json:
    words, otherwise = STATUSES[type(command)]
    answer: Json = {"status": words.get(outcome.result, otherwise)}
    if info := _info(command, outcome):
        answer["statusInfo"] = info
    return answer


def _start(command: RemoteStart, outcome: Outcome) -> Json:
    """The transaction is named when it ran already, waiting for an authorisation (F01)."""
    answer = _status(command, outcome)
    return answer if outcome.tx is None else answer | {"transactionId": outcome.tx}


def _data(command: DataTransfer, outcome: Outcome) -> Json:
    answer = _status(command, outcome)
    return answer if outcome.detail is None else answer | {"data": outcome.detail}


def _transaction_status(command: TransactionStatus, outcome: Outcome) -> Json:
    """Without an id only the queue is told (E14)."""
    ongoing, queued = outcome.detail if outcome.accepted else (False, False)
    answer: Json = {"messagesInQueue": queued}
    if command.tx is not None:
        answer["ongoingIndicator"] = bool(ongoing)
    return answer


def _got(command: GetVariables, outcome: Outcome) -> Json:
    results = []
    for name, each in zip(command.names, outcome.detail, strict=True):
        item = _item(command, name, each)
        if item["attributeStatus"] == "Accepted":
            # B06: a variable without a value is Accepted with an empty text.
            item["attributeValue"] = str(each.detail or "")[:LONGEST_VALUE]
        results.append(item)
    return {"getVariableResult": results}


def _set(command: SetVariables, outcome: Outcome) -> Json:
    pairs = zip(command.items, outcome.detail, strict=True)
    return {"setVariableResult": [_item(command, item.name, each) for item, each in pairs]}


def _item(command: Command, name: str, outcome: Outcome) -> Json:
    wire = named(name)
    words = {Result.ACCEPTED: "Accepted", Result.REBOOT_REQUIRED: "RebootRequired", **UNKNOWN_VARIABLE}
    item: Json = {
        "attributeStatus": words.get(outcome.result, OTHERWISE),
        "component": wire.component,
        "variable": wire.variable,
    }
    if wire.attribute != ACTUAL:
        return item | {"attributeStatus": OTHER_ATTRIBUTE, "attributeType": wire.attribute}
    if outcome.result not in (Result.ACCEPTED, Result.REBOOT_REQUIRED) and (info := _info(command, outcome)):
        item["attributeStatusInfo"] = info
    return item


RESULTS: dict[type[Any], Callable[[Any, Outcome], Json]] = {
    DataTransfer: _data,
    GetVariables: _got,
    RemoteStart: _start,
    SetVariables: _set,
    TransactionStatus: _transaction_status,
}
