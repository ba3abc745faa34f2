"""1.6's requests -> commands. What 1.6 has and we have not is NotSupported; what 1.6 has not, NotImplemented."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from chargepoint.core.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    Command,
    DataTransfer,
    GetSettings,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    ResetKind,
    SetSetting,
    TriggerMessage,
    Unlock,
    Wanted,
)
from chargepoint.core.tokens import IdToken
from chargepoint.ocpp.codes import CODES
from chargepoint.ocpp.dialect import Json, Ledger, Refusal
from chargepoint.ocpp.reader import ReadError, read
from chargepoint.ocpp.v16.schema import ANSWERS, REQUESTS

_CODES = CODES["ocpp1.6"]


def decode(action: str, payload: Any, ledger: Ledger, quirks: Counter[str]) -> Command:
    """Raises Refusal and nothing else, whatever action and payload are."""
    understand = _UNDERSTAND.get(action)
    if understand is None:
        known = action in REQUESTS or action in ANSWERS
        situation, why = ("not-supported", "not supported here") if known else ("unknown-action", "unknown to OCPP 1.6")
        raise Refusal(_CODES[situation], f"{action[:50]} is {why}")
    try:
        clean = read(REQUESTS[action], payload, quirks)
    except ReadError as error:
        raise Refusal(_CODES[error.kind], str(error)) from None
    return understand(clean, ledger)


def _remote_start(clean: Json, ledger: Ledger) -> Command:
    # Interop S8: without a connector the station chooses; 0 and less name none, and the core refuses them.
    return RemoteStart(clean.get("connectorId"), IdToken(clean["idTag"]))


def _remote_stop(clean: Json, ledger: Ledger) -> Command:
    return RemoteStop(ledger.tx(clean["transactionId"]) or "")


def _availability(clean: Json, ledger: Ledger) -> Command:
    return ChangeAvailability(clean["connectorId"], clean["type"] == "Operative")


def _reset(clean: Json, ledger: Ledger) -> Command:
    return Reset(ResetKind.HARD if clean["type"] == "Hard" else ResetKind.SOFT)


def _unlock(clean: Json, ledger: Ledger) -> Command:
    return Unlock(clean["connectorId"], force=True)


def _clear_cache(clean: Json, ledger: Ledger) -> Command:
    return ClearCache()


def _reserve(clean: Json, ledger: Ledger) -> Command:
    token, group = IdToken(clean["idTag"]), clean.get("parentIdTag") or None
    return Reserve(clean["reservationId"], clean["connectorId"], token, clean["expiryDate"], group)


def _cancel_reservation(clean: Json, ledger: Ledger) -> Command:
    return CancelReservation(clean["reservationId"])


def _get_settings(clean: Json, ledger: Ledger) -> Command:
    return GetSettings(tuple(name.strip() for name in clean.get("key", ())))


def _set_setting(clean: Json, ledger: Ledger) -> Command:
    return SetSetting(clean["key"].strip(), clean["value"])


def _trigger(clean: Json, ledger: Ledger) -> Command:
    return TriggerMessage(_WANTED.get(clean["requestedMessage"]), clean.get("connectorId"))


def _transfer(clean: Json, ledger: Ledger) -> Command:
    data = clean.get("data")
    # Interop S28: 1.6 wants text here; whoever sends an object means its text.
    text = data if data is None or isinstance(data, str) else json.dumps(data)
    return DataTransfer(clean["vendorId"], clean.get("messageId", ""), text)


_UNDERSTAND: Mapping[str, Callable[[Json, Ledger], Command]] = {
    "CancelReservation": _cancel_reservation,
    "ChangeAvailability": _availability,
    "ChangeConfiguration": _set_setting,
    "ClearCache": _clear_cache,
    "DataTransfer": _transfer,
    "GetConfiguration": _get_settings,
    "RemoteStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "ReserveNow": _reserve,
    "Reset": _reset,
    "TriggerMessage": _trigger,
    "UnlockConnector": _unlock,
}

_WANTED = {
    wanted.value: wanted
    for wanted in (
        Wanted.BOOT,
        Wanted.DIAGNOSTICS_STATUS,
        Wanted.FIRMWARE_STATUS,
        Wanted.HEARTBEAT,
        Wanted.METER_VALUES,
        Wanted.STATUS,
    )
}
