"""What a backend (or a technician) may ask, in neutral words, and the answer to each: an `Outcome`."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from chargepoint.core.profile import Profile, ProfileFilter, RateUnit
from chargepoint.core.tokens import IdToken


class Result(Enum):
    """The neutral answer; each dialect has its own word for it, per command."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SCHEDULED = "scheduled"
    NOT_SUPPORTED = "not supported"
    UNKNOWN = "unknown"  # no such key, variable, connector, vendor, message
    UNKNOWN_ITEM = "unknown item"  # the finer of two: variable of a known component, message of a known vendor
    READ_ONLY = "read only"
    REBOOT_REQUIRED = "reboot required"
    UNLOCKED = "unlocked"
    FAILED = "failed"
    OCCUPIED = "occupied"
    FAULTED = "faulted"
    UNAVAILABLE = "unavailable"
    ONGOING = "ongoing authorised transaction"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``reason`` is a sentence for people and logs; ``detail`` what the answer carries beside its status."""

    result: Result
    reason: str = ""
    tx: str | None = None
    detail: Any = None

    @property
    def accepted(self) -> bool:
        return self.result is Result.ACCEPTED


class ResetKind(Enum):
    SOFT = "soft"  # 2.x: OnIdle is `when_idle`
    HARD = "hard"  # 2.x: Immediate


@dataclass(frozen=True, slots=True)
class RemoteStart:
    """``evse`` None: the station chooses. ``remote_start`` is 2.x's number for the request. ``profile`` is for the
    transaction that starts."""

    evse: int | None
    token: IdToken
    remote_start: int | None = None
    group: str | None = None
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class RemoteStop:
    tx: str


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    """``evse`` 0 is the station with everything in it."""

    evse: int
    operative: bool


@dataclass(frozen=True, slots=True)
class Reset:
    """``when_idle`` waits for running transactions (2.x OnIdle); otherwise they are ended first."""

    kind: ResetKind
    when_idle: bool = False
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class Unlock:
    """``force`` ends a running transaction first (1.6); without it a transaction refuses (2.x F05.FR.02)."""

    evse: int
    force: bool


@dataclass(frozen=True, slots=True)
class ClearCache:
    pass


@dataclass(frozen=True, slots=True)
class Reserve:
    id: int
    evse: int
    token: IdToken
    expires_utc: float
    group: str | None = None


@dataclass(frozen=True, slots=True)
class CancelReservation:
    id: int


@dataclass(frozen=True, slots=True)
class GetSettings:
    """``names`` are 1.6 keys, or "Component.Variable" / "Component.Variable[Instance]"; empty asks for all.

    Outcome detail: a `SettingsFound`.
    """

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: str | None
    read_only: bool


@dataclass(frozen=True, slots=True)
class SettingsFound:
    known: tuple[Setting, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetSetting:
    """One setting, named as in `GetSettings`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class GetVariables:
    """2.x: one outcome each, in order. Outcome detail: tuple of Outcome whose detail is the value or None."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetVariables:
    """2.x: one outcome each, in order. Outcome detail: tuple of Outcome."""

    items: tuple[SetSetting, ...]


@dataclass(frozen=True, slots=True)
class GetInventory:
    """2.x GetBaseReport: after the answer, everything (or only what can be set) is reported under ``request``.

    ``summary`` asks for the report of what is wrong, which this station does not have.
    """

    request: int
    settable_only: bool
    summary: bool = False


class Wanted(Enum):
    """What TriggerMessage may ask for."""

    BOOT = "BootNotification"
    HEARTBEAT = "Heartbeat"
    STATUS = "StatusNotification"
    METER_VALUES = "MeterValues"
    TRANSACTION = "TransactionEvent"
    LOG_STATUS = "LogStatusNotification"
    DIAGNOSTICS_STATUS = "DiagnosticsStatusNotification"
    FIRMWARE_STATUS = "FirmwareStatusNotification"
    SIGN_CERTIFICATE = "SignChargePointCertificate"


@dataclass(frozen=True, slots=True)
class TriggerMessage:
    """``wanted`` None: the backend asked for something this version does not have."""

    wanted: Wanted | None
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class DataTransfer:
    vendor: str
    message: str = ""
    data: Any = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class TransactionStatus:
    """2.x GetTransactionStatus. Outcome detail: (ongoing or None, messages in queue)."""

    tx: str | None


@dataclass(frozen=True, slots=True)
class SetProfile:
    """``evse`` 0 is the station. ``replace``: a profile of the same purpose, stack level and EVSE gives way (1.6);
    without it that one refuses (2.x K01.FR.06)."""

    evse: int
    profile: Profile
    replace: bool = True


@dataclass(frozen=True, slots=True)
class ClearProfiles:
    """Unknown where nothing fits."""

    wanted: ProfileFilter


@dataclass(frozen=True, slots=True)
class GetComposite:
    """What may be drawn from now on for ``duration_s``; ``evse`` 0 is the station, ``unit`` None the station's choice.

    Outcome detail: a `profile.Schedule`.
    """

    evse: int
    duration_s: int
    unit: RateUnit | None = None


Command = (
    RemoteStart
    | RemoteStop
    | ChangeAvailability
    | Reset
    | Unlock
    | ClearCache
    | Reserve
    | CancelReservation
    | GetSettings
    | SetSetting
    | GetVariables
    | SetVariables
    | GetInventory
    | TriggerMessage
    | DataTransfer
    | TransactionStatus
    | SetProfile
    | ClearProfiles
    | GetComposite
)
