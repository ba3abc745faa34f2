"""The settings table: the single truth for the configuration keys of OCPP 1.6 and the device model of 2.x.

A variable we do not act on is not there: a backend is told so, instead of being told "Accepted" and ignored. This is
the part that steers the station; what the station only says of itself is in `core.statements`, and the values in
force, whoever set them, are in `core.settings`.
"""

from typing import Any

from chargepoint.core.values import Measurand
from chargepoint.core.variable import Kind, Variable

DAY_S = 86400
PHASES = ("L1", "L2", "L3")
PER_PHASE = {
    Measurand.CURRENT_IMPORT: PHASES,
    Measurand.POWER_IMPORT: PHASES,
    Measurand.VOLTAGE: (*PHASES, *(f"{phase}-N" for phase in PHASES)),
}
"""What can be asked for one phase alone, as ``Voltage.L1-N`` (OCPP 1.6 section 9.1.21)."""

MEASURANDS = tuple(measurand.value for measurand in Measurand)
MEASURANDS_OF_PHASES = tuple(f"{name.value}.{phase}" for name, phases in PER_PHASE.items() for phase in phases)
LONGEST_LIST = 20


def measured(name: str) -> tuple[Measurand, str | None]:
    """An entry of a list of measurands: what, and which phase (None: whatever there is)."""
    for measurand, phases in PER_PHASE.items():
        for phase in phases:
            if name == f"{measurand.value}.{phase}":
                return measurand, phase
    return Measurand(name), None


def _switch(component: str, name: str, default: bool, key16: str | None, effect: str) -> Variable[bool]:
    return Variable(component, name, Kind.BOOLEAN, default, effect, key16=key16)


def _number(
    component: str,
    name: str,
    default: int,
    high: int,
    key16: str | None,
    effect: str,
    *,
    low: int = 0,
    unit: str = "",
    instance: str = "",
) -> Variable[int]:
    return Variable(
        component, name, Kind.INTEGER, default, effect, instance, unit=unit, low=low, high=high, key16=key16
    )


def _seconds(
    component: str, name: str, default: int, key16: str | None, effect: str, *, low: int = 0, instance: str = ""
) -> Variable[int]:
    return _number(component, name, default, 7 * DAY_S, key16, effect, low=low, unit="s", instance=instance)


def _measurands(
    component: str, name: str, default: tuple[Measurand, ...], key16: str | None, effect: str
) -> Variable[tuple[str, ...]]:
    names = tuple(measurand.value for measurand in default)
    return Variable(
        component,
        name,
        Kind.MEMBERS,
        names,
        effect,
        low=0,
        high=LONGEST_LIST,
        values=MEASURANDS,
        values16=MEASURANDS_OF_PHASES,
        key16=key16,
    )


_COMM, _AUTH, _TX = "OCPPCommCtrlr", "AuthCtrlr", "TxCtrlr"
_SAMPLED, _ALIGNED = "SampledDataCtrlr", "AlignedDataCtrlr"

# -- who may charge --------------------------------------------------------------

AUTHORIZE_REMOTE_START = _switch(
    _AUTH,
    "AuthorizeRemoteStart",
    False,
    "AuthorizeRemoteTxRequests",
    "A remote start asks the backend about its token first.",
)
LOCAL_AUTHORIZE_OFFLINE = _switch(
    _AUTH,
    "LocalAuthorizeOffline",
    True,
    "LocalAuthorizeOffline",
    "Without a link, tokens of list and cache may charge.",
)
LOCAL_PRE_AUTHORIZE = _switch(
    _AUTH,
    "LocalPreAuthorize",
    False,
    "LocalPreAuthorize",
    "Tokens of list and cache may start before the backend answers.",
)
OFFLINE_UNKNOWN_ALLOWED = _switch(
    _AUTH,
    "OfflineTxForUnknownIdEnabled",
    False,
    "AllowOfflineTxForUnknownId",
    "Without a link, unknown tokens may charge.",
)
AUTH_CACHE_ENABLED = _switch(
    "AuthCacheCtrlr",
    "Enabled",
    True,
    "AuthorizationCacheEnabled",
    "Answers of the backend about tokens are remembered.",
)

# -- transactions --------------------------------------------------------------

CONNECTION_TIMEOUT_S = _seconds(
    _TX,
    "EVConnectionTimeOut",
    60,
    "ConnectionTimeOut",
    "An authorisation lapses when no vehicle is plugged in by then.",
    low=1,
)
STOP_ON_EV_DISCONNECT = _switch(
    _TX,
    "StopTxOnEVSideDisconnect",
    True,
    "StopTransactionOnEVSideDisconnect",
    "Unplugging at the vehicle ends the transaction.",
)
STOP_ON_INVALID_ID = _switch(
    _TX,
    "StopTxOnInvalidId",
    True,
    "StopTransactionOnInvalidId",
    "A transaction ends when the backend refuses its token.",
)
MAX_ENERGY_ON_INVALID_ID_WH = _number(
    _TX,
    "MaxEnergyOnInvalidId",
    0,
    1_000_000,
    "MaxEnergyOnInvalidId",
    "A transaction that goes on with a refused token gets this much more.",
    unit="Wh",
)
TX_START_POINT: Variable[tuple[str, ...]] = Variable(
    _TX,
    "TxStartPoint",
    Kind.MEMBERS,
    ("PowerPathClosed",),
    "When a transaction starts.",
    high=1,
    values=("PowerPathClosed",),
    writable=False,
)
TX_STOP_POINT: Variable[tuple[str, ...]] = Variable(
    _TX,
    "TxStopPoint",
    Kind.MEMBERS,
    ("EVConnected", "Authorized"),
    "When a transaction ends.",
    high=2,
    values=("EVConnected", "Authorized"),
    writable=False,
)
UNLOCK_ON_EV_DISCONNECT = _switch(
    _COMM,
    "UnlockOnEVSideDisconnect",
    True,
    "UnlockConnectorOnEVSideDisconnect",
    "Unplugging at the vehicle frees the cable.",
)

# -- the link --------------------------------------------------------------

HEARTBEAT_INTERVAL_S = _seconds(
    _COMM, "HeartbeatInterval", 300, "HeartbeatInterval", "A heartbeat is sent after this much silence.", low=1
)
PING_INTERVAL_S = _seconds(
    _COMM, "WebSocketPingInterval", 30, "WebSocketPingInterval", "The link is probed this often; 0: never."
)
MESSAGE_TIMEOUT_S = Variable(
    _COMM,
    "MessageTimeout",
    Kind.INTEGER,
    60,
    "A call without an answer by then has failed.",
    "Default",
    unit="s",
    writable=False,
    key16="MessageTimeout",
)
MESSAGE_ATTEMPTS = _number(
    _COMM,
    "MessageAttempts",
    5,
    100,
    "TransactionMessageAttempts",
    "How often a refused transaction message is sent.",
    low=1,
    instance="TransactionEvent",
)
MESSAGE_ATTEMPT_INTERVAL_S = _seconds(
    _COMM,
    "MessageAttemptInterval",
    10,
    "TransactionMessageRetryInterval",
    "Wait before sending it again, times the tries before.",
    instance="TransactionEvent",
)
BACKOFF_WAIT_MINIMUM_S = _seconds(
    _COMM, "RetryBackOffWaitMinimum", 3, None, "First wait before connecting again; doubles with each failure.", low=1
)
BACKOFF_RANDOM_RANGE_S = _seconds(_COMM, "RetryBackOffRandomRange", 10, None, "Up to this much is added to each wait.")
BACKOFF_REPEAT_TIMES = _number(_COMM, "RetryBackOffRepeatTimes", 5, 16, None, "How often the wait doubles.")
OFFLINE_THRESHOLD_S = _seconds(
    _COMM, "OfflineThreshold", 60, None, "After a longer outage every status is told, not only the changed ones."
)
RESET_RETRIES = _number(_COMM, "ResetRetries", 2, 10, "ResetRetries", "How often a failed reset is tried again.")
MINIMUM_STATUS_DURATION_S = _seconds(
    "", "", 0, "MinimumStatusDuration", "A status is told when it has lasted this long."
)

# -- meter values --------------------------------------------------------------

_ENERGY = (Measurand.ENERGY_IMPORT,)
SAMPLED_STARTED = _measurands(_SAMPLED, "TxStartedMeasurands", _ENERGY, None, "Measured when a transaction starts.")
SAMPLED_UPDATED = _measurands(
    _SAMPLED,
    "TxUpdatedMeasurands",
    (Measurand.ENERGY_IMPORT, Measurand.POWER_IMPORT, Measurand.CURRENT_IMPORT),
    "MeterValuesSampledData",
    "Measured while a transaction runs.",
)
SAMPLED_ENDED = _measurands(
    _SAMPLED, "TxEndedMeasurands", _ENERGY, "StopTxnSampledData", "Told with the end of a transaction."
)
SAMPLED_INTERVAL_S = _seconds(
    _SAMPLED,
    "TxUpdatedInterval",
    60,
    "MeterValueSampleInterval",
    "How often a running transaction is measured; 0: never.",
)
SAMPLED_ENDED_INTERVAL_S = _seconds(
    _SAMPLED, "TxEndedInterval", 0, None, "How often values are collected for the end; 0: only begin and end."
)
ALIGNED_MEASURANDS = _measurands(
    _ALIGNED, "Measurands", _ENERGY, "MeterValuesAlignedData", "Measured at fixed times of the day."
)
ALIGNED_INTERVAL_S = _number(
    _ALIGNED,
    "Interval",
    0,
    DAY_S,
    "ClockAlignedDataInterval",
    "Time between them, counted from midnight UTC; 0: never.",
    unit="s",
)
ALIGNED_ENDED = _measurands(
    _ALIGNED,
    "TxEndedMeasurands",
    (),
    "StopTxnAlignedData",
    "Collected at fixed times and told with the end of a transaction.",
)
ALIGNED_ENDED_INTERVAL_S = _number(
    _ALIGNED, "TxEndedInterval", 0, DAY_S, None, "Time between those, counted from midnight UTC; 0: never.", unit="s"
)

# -- the housing --------------------------------------------------------------

_ROTATIONS = ("NotApplicable", "Unknown", "RST", "RTS", "SRT", "STR", "TRS", "TSR")
MOST_CONNECTORS = 8
PHASE_ROTATION: Variable[tuple[str, ...]] = Variable(
    "",
    "",
    Kind.MEMBERS,
    ("0.Unknown",),
    "Kept for the backend: how the phases of each connector are wired.",
    low=0,
    high=MOST_CONNECTORS + 1,
    values=tuple(f"{connector}.{rotation}" for connector in range(MOST_CONNECTORS + 1) for rotation in _ROTATIONS),
    values16=_ROTATIONS,
    key16="ConnectorPhaseRotation",
)
LIGHT_INTENSITY_PERCENT = _number("", "", 100, 100, "LightIntensity", "Brightness of the lights.", unit="%")
BLINK_REPEAT = _number("", "", 3, 100, "BlinkRepeat", "How often the lights blink to tell something.")

# -- all of them --------------------------------------------------------------

TABLE: tuple[Variable[Any], ...] = (
    AUTHORIZE_REMOTE_START,
    LOCAL_AUTHORIZE_OFFLINE,
    LOCAL_PRE_AUTHORIZE,
    OFFLINE_UNKNOWN_ALLOWED,
    AUTH_CACHE_ENABLED,
    CONNECTION_TIMEOUT_S,
    STOP_ON_EV_DISCONNECT,
    STOP_ON_INVALID_ID,
    MAX_ENERGY_ON_INVALID_ID_WH,
    TX_START_POINT,
    TX_STOP_POINT,
    UNLOCK_ON_EV_DISCONNECT,
    HEARTBEAT_INTERVAL_S,
    PING_INTERVAL_S,
    MESSAGE_TIMEOUT_S,
    MESSAGE_ATTEMPTS,
    MESSAGE_ATTEMPT_INTERVAL_S,
    BACKOFF_WAIT_MINIMUM_S,
    BACKOFF_RANDOM_RANGE_S,
    BACKOFF_REPEAT_TIMES,
    OFFLINE_THRESHOLD_S,
    RESET_RETRIES,
    MINIMUM_STATUS_DURATION_S,
    SAMPLED_STARTED,
    SAMPLED_UPDATED,
    SAMPLED_ENDED,
    SAMPLED_INTERVAL_S,
    SAMPLED_ENDED_INTERVAL_S,
    ALIGNED_MEASURANDS,
    ALIGNED_INTERVAL_S,
    ALIGNED_ENDED,
    ALIGNED_ENDED_INTERVAL_S,
    PHASE_ROTATION,
    LIGHT_INTENSITY_PERCENT,
    BLINK_REPEAT,
)
