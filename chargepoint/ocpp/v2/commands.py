"""A backend's requests in 2.x -> commands.

A connector other than the first of an EVSE does not exist here (one cable per EVSE); what asks for one becomes a
request for an EVSE that does not exist, so that it is answered in the words of its own message, not by a CALLERROR.
"""

from collections.abc import Callable

from chargepoint.core.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    Command,
    DataTransfer,
    GetInventory,
    GetVariables,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    ResetKind,
    SetSetting,
    SetVariables,
    TransactionStatus,
    TriggerMessage,
    Unlock,
    Wanted,
)
from chargepoint.ocpp.dialect import Json, Refusal
from chargepoint.ocpp.v2.names import ACTUAL, text_of
from chargepoint.ocpp.v2.tokens import group_of, token_of

NOWHERE = -1
FIRST_CONNECTOR = (0, 1)  # some backends number the only connector 0

WANTED = {
    "BootNotification": Wanted.BOOT,
    "FirmwareStatusNotification": Wanted.FIRMWARE_STATUS,
    "Heartbeat": Wanted.HEARTBEAT,
    "LogStatusNotification": Wanted.LOG_STATUS,
    "MeterValues": Wanted.METER_VALUES,
    "SignChargingStationCertificate": Wanted.SIGN_CERTIFICATE,
    "StatusNotification": Wanted.STATUS,
    "TransactionEvent": Wanted.TRANSACTION,
}


def _place(evse: int, connector: int) -> int:
    return evse if connector in FIRST_CONNECTOR else NOWHERE


def _evse(clean: Json) -> int | None:
    evse = clean.get("evse")
    return None if evse is None else _place(evse["id"], evse.get("connectorId", 1))


def _cancel_reservation(clean: Json) -> Command:
    return CancelReservation(clean["reservationId"])


def _change_availability(clean: Json) -> Command:
    return ChangeAvailability(_evse(clean) or 0, clean["operationalStatus"] == "Operative")


def _clear_cache(clean: Json) -> Command:
    return ClearCache()


def _data_transfer(clean: Json) -> Command:
    return DataTransfer(clean["vendorId"], clean.get("messageId", ""), clean.get("data"))


def _get_base_report(clean: Json) -> Command:
    if clean["reportBase"] == "SummaryInventory":
        raise Refusal("NotSupported", "SummaryInventory is not supported; ask for FullInventory")
    return GetInventory(clean["requestId"], clean["reportBase"] == "ConfigurationInventory")


def _get_transaction_status(clean: Json) -> Command:
    return TransactionStatus(clean.get("transactionId"))


def _get_variables(clean: Json) -> Command:
    return GetVariables(tuple(_named(item) for item in clean["getVariableData"]))


def _request_start(clean: Json) -> Command:
    """A charging profile that comes along is ignored while there is no smart charging (F01)."""
    return RemoteStart(clean.get("evseId"), token_of(clean["idToken"]), clean["remoteStartId"], group_of(clean))


def _request_stop(clean: Json) -> Command:
    return RemoteStop(clean["transactionId"])


def _reserve_now(clean: Json) -> Command:
    return Reserve(
        clean["id"], clean.get("evseId", 0), token_of(clean["idToken"]), clean["expiryDateTime"], group_of(clean)
    )


def _reset(clean: Json) -> Command:
    when_idle = clean["type"] == "OnIdle"
    return Reset(ResetKind.SOFT if when_idle else ResetKind.HARD, when_idle, clean.get("evseId"))


def _set_variables(clean: Json) -> Command:
    items = clean["setVariableData"]
    return SetVariables(tuple(SetSetting(_named(item), item["attributeValue"]) for item in items))


def _trigger_message(clean: Json) -> Command:
    return TriggerMessage(WANTED.get(clean["requestedMessage"]), _evse(clean))


def _unlock_connector(clean: Json) -> Command:
    return Unlock(_place(clean["evseId"], clean["connectorId"]), force=False)


def _named(item: Json) -> str:
    return text_of(item["component"], item["variable"], item.get("attributeType", ACTUAL))


DECODE: dict[str, Callable[[Json], Command]] = {
    "CancelReservation": _cancel_reservation,
    "ChangeAvailability": _change_availability,
    "ClearCache": _clear_cache,
    "DataTransfer": _data_transfer,
    "GetBaseReport": _get_base_report,
    "GetTransactionStatus": _get_transaction_status,
    "GetVariables": _get_variables,
    "RequestStartTransaction": _request_start,
    "RequestStopTransaction": _request_stop,
    "ReserveNow": _reserve_now,
    "Reset": _reset,
    "SetVariables": _set_variables,
    "TriggerMessage": _trigger_message,
    "UnlockConnector": _unlock_connector,
}
"""Action -> its command, from a payload that was read. What the version knows beside these is NotSupported."""
