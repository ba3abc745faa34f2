"""Smart charging in 1.6's words: its requests -> commands, and the answers to them.

`PROFILES` and `STATUS` have the rows of `decode` and `result` for a station with the profile SmartCharging;
RemoteStartTransaction is among them because it may bring a profile. What a request means although 1.6 asks for
something else is decided by the core (`core.profile_rules.normal`); `deviations` tells which rules of the interop sheet
that needs:

    S9   a profile for a remote start with a transactionId, or a TxProfile for a running transaction without one
    S10  a ChargePointMaxProfile for one connector, for a transaction, or relative to one
    S11  no startSchedule where the kind needs one
    S12  a first period that does not start at 0
    S14  Current and Power for the units A and W
"""

from collections.abc import Callable, Iterator, Mapping

from chargepoint.clock import iso
from chargepoint.core.commands import ClearProfiles, Command, GetComposite, Outcome, RemoteStart, Result, SetProfile
from chargepoint.core.profile import (
    Period,
    Profile,
    ProfileFilter,
    ProfileKind,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from chargepoint.core.tokens import IdToken
from chargepoint.ocpp.codes import CODES
from chargepoint.ocpp.dialect import Json, Ledger, Refusal
from chargepoint.ocpp.v16 import words

PURPOSES = {
    "ChargePointMaxProfile": Purpose.STATION_MAX,
    "TxDefaultProfile": Purpose.TX_DEFAULT,
    "TxProfile": Purpose.TX,
}
UNITS = {"a": RateUnit.AMPS, "w": RateUnit.WATTS, "current": RateUnit.AMPS, "power": RateUnit.WATTS}
STANDARD_UNITS = ("A", "W")


def _set(clean: Json, ledger: Ledger) -> Command:
    told = clean["csChargingProfiles"]
    number = told.get("transactionId")
    tx = None if number is None else ledger.tx(number) or ""
    return SetProfile(clean["connectorId"], _profile(told, tx))


def _clear(clean: Json, ledger: Ledger) -> Command:
    purpose = PURPOSES.get(clean.get("chargingProfilePurpose", ""))
    return ClearProfiles(ProfileFilter(clean.get("id"), clean.get("connectorId"), purpose, clean.get("stackLevel")))


def _composite(clean: Json, ledger: Ledger) -> Command:
    told = clean.get("chargingRateUnit")
    return GetComposite(clean["connectorId"], clean["duration"], None if told is None else _unit(told))


def _remote_start(clean: Json, ledger: Ledger) -> Command:
    # Errata 3.41: the profile is for the transaction that starts, which has no number yet; interop S9.
    told = clean.get("chargingProfile")
    profile = None if told is None else _profile(told, None)
    return RemoteStart(clean.get("connectorId"), IdToken(clean["idTag"]), profile=profile)


def _profile(told: Json, tx: str | None) -> Profile:
    recurrency = told.get("recurrencyKind")
    return Profile(
        told["chargingProfileId"],
        PURPOSES[told["chargingProfilePurpose"]],
        ProfileKind(told["chargingProfileKind"]),
        told["stackLevel"],
        _schedule(told["chargingSchedule"]),
        None if recurrency is None else Recurrency(recurrency),
        told.get("validFrom"),
        told.get("validTo"),
        tx,
    )


def _schedule(told: Json) -> Schedule:
    return Schedule(
        _unit(told["chargingRateUnit"]),
        tuple(
            Period(period["startPeriod"], period["limit"], period.get("numberPhases"))
            for period in told["chargingSchedulePeriod"]
        ),
        told.get("duration"),
        told.get("startSchedule"),
        told.get("minChargingRate"),
    )


def _unit(word: str) -> RateUnit:
    unit = UNITS.get(word.strip().casefold())
    if unit is None:
        raise Refusal(CODES["ocpp1.6"]["value"], f"chargingRateUnit: expected A or W, got {word[:50]!r}")
    return unit


PROFILES: Mapping[str, Callable[[Json, Ledger], Command]] = {
    "ClearChargingProfile": _clear,
    "GetCompositeSchedule": _composite,
    "RemoteStartTransaction": _remote_start,
    "SetChargingProfile": _set,
}
"""action -> what a payload that was read means; raises Refusal for a unit that nobody knows"""


def deviations(action: str, clean: Json) -> Iterator[str]:
    """The ids of the rules that a request of `PROFILES` needs to be understood, each at most once."""
    remote = clean.get("chargingProfile")
    told = clean.get("csChargingProfiles", remote)
    if told is None:
        if clean.get("chargingRateUnit", "A") not in STANDARD_UNITS:
            yield "S14"
        return
    purpose, kind = told["chargingProfilePurpose"], told["chargingProfileKind"]
    schedule = told["chargingSchedule"]
    numbered = "transactionId" in told
    if remote is not None and numbered:
        yield "S9"
    if remote is None and purpose == "TxProfile" and not numbered:
        yield "S9"
    if purpose == "ChargePointMaxProfile" and (clean.get("connectorId") != 0 or numbered or kind == "Relative"):
        yield "S10"
    if kind != "Relative" and "startSchedule" not in schedule:
        yield "S11"
    if any(period["startPeriod"] != 0 for period in schedule["chargingSchedulePeriod"][:1]):
        yield "S12"
    if schedule["chargingRateUnit"] not in STANDARD_UNITS:
        yield "S14"


# -- answers --------------------------------------------------------------

STATUS: Mapping[type, tuple[Mapping[Result, str], str]] = {
    ClearProfiles: (words.PLAIN, "Unknown"),
    SetProfile: ({Result.ACCEPTED: "Accepted", Result.NOT_SUPPORTED: "NotSupported"}, "Rejected"),
}
"""command -> (result -> word, the word for every other result)"""


def composite_answer(command: GetComposite, outcome: Outcome) -> Json:
    """The answer to GetCompositeSchedule, whose outcome has the `Schedule` as its detail."""
    schedule = outcome.detail
    if not isinstance(schedule, Schedule):
        return {"status": "Rejected"}
    return {
        "status": "Accepted",
        "connectorId": command.evse,
        "scheduleStart": iso(schedule.starts_utc or 0.0),  # errata 3.57: here, and not inside the schedule
        "chargingSchedule": {
            "duration": schedule.duration_s,
            "chargingRateUnit": schedule.unit.value,
            "chargingSchedulePeriod": [_told(period) for period in schedule.periods],
        },
    }


def _told(period: Period) -> Json:
    return {"startPeriod": period.starts_s, "limit": period.limit, "numberPhases": period.phases}
