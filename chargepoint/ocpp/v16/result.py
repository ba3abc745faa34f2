"""Outcomes -> 1.6's answers: a status word per command, by table."""

import json
from collections.abc import Mapping

from chargepoint.core.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    Command,
    DataTransfer,
    GetSettings,
    Outcome,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    Result,
    SetSetting,
    SettingsFound,
    TriggerMessage,
    Unlock,
)
from chargepoint.ocpp.dialect import Json
from chargepoint.ocpp.text import cut
from chargepoint.ocpp.v16 import words

_STATUS: Mapping[type, tuple[Mapping[Result, str], str]] = {
    CancelReservation: (words.PLAIN, "Rejected"),
    ChangeAvailability: (words.AVAILABILITY, "Rejected"),
    ClearCache: (words.PLAIN, "Rejected"),
    DataTransfer: (words.TRANSFERRING, "Rejected"),
    RemoteStart: (words.PLAIN, "Rejected"),
    RemoteStop: (words.PLAIN, "Rejected"),
    Reserve: (words.RESERVING, "Rejected"),
    Reset: (words.PLAIN, "Rejected"),
    SetSetting: (words.SETTING, "Rejected"),
    TriggerMessage: (words.TRIGGERING, "Rejected"),
    Unlock: (words.UNLOCKING, "UnlockFailed"),
}
"""command -> (result -> word, the word for every other result)"""


def result(command: Command, outcome: Outcome) -> Json:
    if isinstance(command, GetSettings):
        return _settings(outcome.detail if isinstance(outcome.detail, SettingsFound) else SettingsFound())
    known, otherwise = _STATUS[type(command)]
    answer: Json = {"status": known.get(outcome.result, otherwise)}
    if isinstance(command, DataTransfer) and outcome.detail is not None:
        answer["data"] = outcome.detail if isinstance(outcome.detail, str) else json.dumps(outcome.detail)
    return answer


def _settings(found: SettingsFound) -> Json:
    answer: Json = {"configurationKey": []}
    for setting in found.known:
        entry: Json = {"key": cut(setting.name, 50), "readonly": setting.read_only}
        if setting.value is not None:
            entry["value"] = cut(setting.value, 500)
        answer["configurationKey"].append(entry)
    if found.unknown:
        answer["unknownKey"] = [cut(name, 50) for name in found.unknown]
    return answer
