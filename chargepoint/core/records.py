"""What the backend must learn, in our own words; a dialect makes the frame when it is sent.

A `Record` is durable and ordered: it is on disk, survives restarts, and leaves only when the backend has confirmed it
or refused it for good. A `Report` is latest-wins and never touches the disk: what counts is how things are now.
Records are keyed by our own transaction id (a UUID); what a backend calls the transaction is an attribute it learned.
"""

from dataclasses import dataclass
from enum import Enum

from chargepoint.clock import Stamp
from chargepoint.core.tokens import IdToken
from chargepoint.core.values import MeterValue


class ChargingState(Enum):
    """OCPP 2.0.1 ChargingStateEnumType."""

    CHARGING = "Charging"
    EV_CONNECTED = "EVConnected"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    IDLE = "Idle"


class Trigger(Enum):
    """Why a transaction event happened (OCPP 2.0.1 TriggerReasonEnumType)."""

    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_RATE_CHANGED = "ChargingRateChanged"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    DEAUTHORIZED = "Deauthorized"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    METER_VALUE_CLOCK = "MeterValueClock"
    METER_VALUE_PERIODIC = "MeterValuePeriodic"
    TRIGGER = "Trigger"
    UNLOCK_COMMAND = "UnlockCommand"
    STOP_AUTHORIZED = "StopAuthorized"
    EV_DEPARTED = "EVDeparted"
    REMOTE_STOP = "RemoteStop"
    REMOTE_START = "RemoteStart"
    ABNORMAL_CONDITION = "AbnormalCondition"
    RESET_COMMAND = "ResetCommand"


class Reason(Enum):
    """Why a transaction ended (OCPP 2.0.1 ReasonEnumType plus 1.6's HardReset; 1.6's dialect narrows the rest)."""

    DE_AUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_DISCONNECTED = "EVDisconnected"
    GROUND_FAULT = "GroundFault"
    HARD_RESET = "HardReset"
    IMMEDIATE_RESET = "ImmediateReset"
    LOCAL = "Local"
    OTHER = "Other"
    OVERCURRENT_FAULT = "OvercurrentFault"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOFT_RESET = "SoftReset"
    TIMEOUT = "Timeout"
    UNLOCK_COMMAND = "UnlockCommand"


# -- durable, ordered --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TransactionStarted:
    """``energy_wh`` is the meter register; ``seq`` is 0 (OCPP 2.0.1 Part 2 E.1)."""

    tx: str
    evse: int
    at: Stamp
    seq: int
    trigger: Trigger
    state: ChargingState
    token: IdToken
    energy_wh: float
    offline: bool = False
    reservation: int | None = None
    remote_start: int | None = None
    values: tuple[MeterValue, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionUpdated:
    """``token`` is set only in the event that tells of an authorisation (E02.FR.20)."""

    tx: str
    evse: int
    at: Stamp
    seq: int
    trigger: Trigger
    state: ChargingState
    offline: bool = False
    token: IdToken | None = None
    values: tuple[MeterValue, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionEnded:
    """``token`` is the one that stopped it, where a card did; ``started_by`` the one the transaction runs on.

    ``values`` holds what was collected for the end: the Transaction.Begin, periodic and Transaction.End readings.
    """

    tx: str
    evse: int
    at: Stamp
    seq: int
    trigger: Trigger
    reason: Reason
    started_by: IdToken
    energy_wh: float
    offline: bool = False
    token: IdToken | None = None
    values: tuple[MeterValue, ...] = ()


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """A critical security event (OCPP A04): queued like a transaction record, guaranteed to arrive."""

    kind: str
    at: Stamp
    info: str = ""


TransactionRecord = TransactionStarted | TransactionUpdated | TransactionEnded
Record = TransactionRecord | SecurityEvent


# -- latest wins --------------------------------------------------------------


class ConnectorStatus(Enum):
    """OCPP 1.6's nine, the wider set; 2.x narrows them to five."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class BootReason(Enum):
    """OCPP 2.0.1 BootReasonEnumType."""

    APPLICATION_RESET = "ApplicationReset"
    FIRMWARE_UPDATE = "FirmwareUpdate"
    LOCAL_RESET = "LocalReset"
    POWER_UP = "PowerUp"
    REMOTE_RESET = "RemoteReset"
    SCHEDULED_RESET = "ScheduledReset"
    TRIGGERED = "Triggered"
    UNKNOWN = "Unknown"
    WATCHDOG = "Watchdog"


@dataclass(frozen=True, slots=True)
class StationIdentity:
    vendor: str
    model: str
    serial: str = ""
    firmware: str = ""
    meter_type: str = ""
    meter_serial: str = ""
    iccid: str = ""
    imsi: str = ""


@dataclass(frozen=True, slots=True)
class Boot:
    identity: StationIdentity
    reason: BootReason


@dataclass(frozen=True, slots=True)
class Heartbeat:
    pass


@dataclass(frozen=True, slots=True)
class Authorize:
    token: IdToken


@dataclass(frozen=True, slots=True)
class StatusIs:
    """The status of a connector; evse 0 is the station itself. ``fault`` is an id of the fault catalogue or empty."""

    evse: int
    status: ConnectorStatus
    at: Stamp
    fault: str = ""
    info: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """Meter values outside a transaction; evse 0 is the station's main meter."""

    evse: int
    values: tuple[MeterValue, ...]


@dataclass(frozen=True, slots=True)
class DataTransferred:
    """Vendor data from us to the backend."""

    vendor: str
    message: str = ""
    data: str = ""


class Mutability(Enum):
    """OCPP 2.0.1 MutabilityEnumType."""

    READ_ONLY = "ReadOnly"
    READ_WRITE = "ReadWrite"
    WRITE_ONLY = "WriteOnly"


@dataclass(frozen=True, slots=True)
class InventoryItem:
    """One variable as a base report tells it. ``name`` as `core.variable.address` writes it, ``kind`` an OCPP 2.0.1
    DataEnumType; ``low`` and ``high`` bound a number, ``high`` the characters of a text; ``value`` None: a secret."""

    name: str
    value: str | None
    mutability: Mutability
    kind: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InventoryPart:
    """One part of the answer to `commands.GetInventory`: ``seq`` from 0, ``more`` says that another follows.

    Parts do not replace each other: all of them are sent, in order. 1.6 has no word for it.
    """

    request: int
    seq: int
    more: bool
    at: Stamp
    items: tuple[InventoryItem, ...]


Report = Boot | Heartbeat | Authorize | StatusIs | Measured | DataTransferred | InventoryPart
Message = Record | Report
