"""The words of smart charging: a profile, its schedule, and the charging place it is applied to.

A profile is somebody's wish: at most this many amps (or watts), in these hours, for this purpose. It is kept in one
normal form, which `profile_rules.normal` makes of whatever arrives: ``starts_utc`` is set exactly when the schedule
hangs on the clock (it counts from the start of a transaction otherwise), ``recurrency`` exactly when it repeats, and
all moments are whole seconds. Reading it therefore needs no look at ``kind``, which is kept to be told again.
Words and values are those of OCPP 2.1 (ChargingProfileType, ChargingScheduleType, ChargingSchedulePeriodType).
"""

from dataclasses import dataclass
from enum import Enum


class Purpose(Enum):
    """OCPP 2.1 ChargingProfilePurposeEnumType, of which 1.6 calls STATION_MAX ChargePointMaxProfile."""

    EXTERNAL = "ChargingStationExternalConstraints"
    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    PRIORITY = "PriorityCharging"


CEILINGS = (Purpose.EXTERNAL, Purpose.STATION_MAX)
"""Purposes that bound whatever the others allow."""


class ProfileKind(Enum):
    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class Recurrency(Enum):
    """How often a schedule starts anew, counted in seconds from its ``starts_utc`` (OCPP 1.6 errata 3.79)."""

    DAILY = "Daily"
    WEEKLY = "Weekly"

    @property
    def seconds(self) -> int:
        return 86_400 if self is Recurrency.DAILY else 604_800


class RateUnit(Enum):
    AMPS = "A"  # per phase
    WATTS = "W"  # over all phases


@dataclass(frozen=True, slots=True)
class Period:
    """From ``starts_s`` (seconds into the schedule) until the next one. ``phases`` None: as many as there are."""

    starts_s: int
    limit: float
    phases: int | None = None
    phase_to_use: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Without ``duration_s`` it never ends. ``min_rate`` (in ``unit``) is a hint of a backend and bounds nothing."""

    unit: RateUnit
    periods: tuple[Period, ...]
    duration_s: int | None = None
    starts_utc: float | None = None
    min_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Valid from ``valid_from_utc`` on and no more at ``valid_to_utc`` (None: unbounded). ``tx`` is our id of the
    transaction that a `Purpose.TX` is for: None where none was named, "" where an unknown one was."""

    id: int
    purpose: Purpose
    kind: ProfileKind
    stack_level: int
    schedule: Schedule
    recurrency: Recurrency | None = None
    valid_from_utc: float | None = None
    valid_to_utc: float | None = None
    tx: str | None = None


@dataclass(frozen=True, slots=True)
class Installed:
    """A profile where it was put; evse 0 is the station."""

    evse: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class ProfileFilter:
    """Which profiles are meant: the one with this ``id``, or those that fit everything else that is not None."""

    id: int | None = None
    evse: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A transaction; ``priority``: its driver asked for priority charging (OCPP 2.1 K21)."""

    id: str
    started_utc: float
    priority: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A charging place as profiles meet it: what its hardware gives per phase, the phases in use and their voltage
    (measured where that is known), whether it can switch to fewer phases, and what is running on it."""

    max_amps: float
    phases: int = 3
    volts: float = 230.0
    can_switch: bool = False
    tx: Running | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a station takes: the settings ChargingScheduleAllowedChargingRateUnit (the first is the default of an
    answer), ChargeProfileMaxStackLevel, MaxChargingProfilesInstalled and ChargingScheduleMaxPeriods, and the purposes
    that whoever asks may set (OCPP 2.0.1 K01: external constraints are not the backend's)."""

    units: tuple[RateUnit, ...] = (RateUnit.AMPS, RateUnit.WATTS)
    max_stack_level: int = 20
    max_installed: int = 50
    max_periods: int = 100
    purposes: frozenset[Purpose] = frozenset({Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX})
