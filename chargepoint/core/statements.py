"""What the station says of itself: read-only variables, each a true sentence about this product and this station.

`STATEMENTS` hold for every station. The others are known at run time only: they appear when their value is told, by
``Settings(fixed=...)`` or `Settings.fix`.
"""

from collections.abc import Mapping
from typing import Any

from chargepoint.core.variable import LONGEST_TEXT, Kind, Variable
from chargepoint.core.variables import LONGEST_LIST, MOST_CONNECTORS


def _number(
    component: str, name: str, value: int, key16: str | None, effect: str, *, instance: str = "", unit: str = ""
) -> Variable[int]:
    return Variable(component, name, Kind.INTEGER, value, effect, instance, unit=unit, writable=False, key16=key16)


def _text(
    component: str, name: str, kind: Kind, value: str, effect: str, *, values: tuple[str, ...] = ()
) -> Variable[str]:
    return Variable(component, name, kind, value, effect, values=values, writable=False)


def _list(
    component: str,
    name: str,
    value: tuple[str, ...],
    effect: str,
    *,
    key16: str | None = None,
    kind: Kind = Kind.MEMBERS,
) -> Variable[tuple[str, ...]]:
    return Variable(component, name, kind, value, effect, high=len(value), values=value, writable=False, key16=key16)


def _yes(component: str, effect: str) -> Variable[bool]:
    return Variable(component, "Available", Kind.BOOLEAN, True, effect, writable=False)


# -- of every station --------------------------------------------------------------

_LIST_LENGTH = "How many entries that list may have."
_PER_MESSAGE = "How much one message may hold."
DATA = "DeviceDataCtrlr"
REQUESTS = ("GetReport", "GetVariables", "SetVariables")
STATEMENTS: tuple[Variable[Any], ...] = (
    _number("", "", 100, "GetConfigurationMaxKeys", "How many keys may be asked for at once."),
    _list(
        "", "", ("Core", "RemoteTrigger"), "The parts of OCPP 1.6 that are spoken.", key16="SupportedFeatureProfiles"
    ),
    _number("", "", LONGEST_LIST, "MeterValuesSampledDataMaxLength", _LIST_LENGTH),
    _number("", "", LONGEST_LIST, "MeterValuesAlignedDataMaxLength", _LIST_LENGTH),
    _number("", "", LONGEST_LIST, "StopTxnSampledDataMaxLength", _LIST_LENGTH),
    _number("", "", LONGEST_LIST, "StopTxnAlignedDataMaxLength", _LIST_LENGTH),
    _number("", "", MOST_CONNECTORS + 1, "ConnectorPhaseRotationMaxLength", _LIST_LENGTH),
    *(_number(DATA, "ItemsPerMessage", 50, None, _PER_MESSAGE, instance=request) for request in REQUESTS),
    *(_number(DATA, "BytesPerMessage", 65536, None, _PER_MESSAGE, instance=request) for request in REQUESTS),
    _number("OCPPCommCtrlr", "ActiveNetworkProfile", 1, None, "The connection profile in use."),
    _list(
        "OCPPCommCtrlr", "NetworkConfigurationPriority", ("1",), "The profiles as they are tried.", kind=Kind.SEQUENCE
    ),
    _list("OCPPCommCtrlr", "FileTransferProtocols", (), "How files can be sent and fetched."),
    _yes("AuthCacheCtrlr", "There is an authorisation cache."),
    _yes("SampledDataCtrlr", "Transactions are measured."),
    _yes("AlignedDataCtrlr", "Values can be measured at fixed times."),
    _number(DATA, "ConfigurationValueSize", LONGEST_TEXT, None, "The longest value that can be set."),
    _number(DATA, "ReportingValueSize", LONGEST_TEXT, None, "The longest value that is reported."),
    _list(
        "ClockCtrlr",
        "TimeSource",
        ("RealTimeClock", "NTP", "Heartbeat"),
        "Whose time is believed first.",
        kind=Kind.SEQUENCE,
    ),
    _text("SecurityCtrlr", "OrganizationName", Kind.STRING, "", "Certificates are not requested for anyone."),
    _number("SecurityCtrlr", "CertificateEntries", 0, None, "How many certificates the backend has installed."),
    _yes("ChargingStation", "The station exists."),
)

# -- known at run time --------------------------------------------------------------

STATES = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")
NUMBER_OF_CONNECTORS = _number("", "", 1, "NumberOfConnectors", "How many connectors there are.")
SECURITY_PROFILE = _number("SecurityCtrlr", "SecurityProfile", 0, "SecurityProfile", "How the link is protected.")
IDENTITY = _text("SecurityCtrlr", "Identity", Kind.STRING, "", "The identity the backend knows the station by.")
DATE_TIME = _text("ClockCtrlr", "DateTime", Kind.DATE_TIME, "", "What the station takes for the time.")
STATION_STATE = _text(
    "ChargingStation", "AvailabilityState", Kind.OPTION, "Available", "Status of the station.", values=STATES
)
STATION_PHASES = _number("ChargingStation", "SupplyPhases", 1, None, "Phases wired to the station.")


def of_evse(evse: int, phases: int, max_amps: float, socket: bool) -> Mapping[Variable[Any], Any]:
    """What is known of an EVSE and its one connector from the day it is built, for `Settings(fixed=...)`."""

    def states(
        component: str, name: str, kind: Kind, value: Any, connector: int, high: float | None = None
    ) -> Variable[Any]:
        return Variable(
            component, name, kind, value, "As built.", evse=evse, connector=connector, high=high, writable=False
        )

    power_w = 230 * phases * max_amps
    told = (
        states("EVSE", "Available", Kind.BOOLEAN, True, 0),
        states("EVSE", "SupplyPhases", Kind.INTEGER, phases, 0),
        states("EVSE", "Power", Kind.DECIMAL, power_w, 0, power_w),
        states("Connector", "Available", Kind.BOOLEAN, True, 1),
        states("Connector", "SupplyPhases", Kind.INTEGER, phases, 1),
        states("Connector", "ConnectorType", Kind.STRING, "sType2" if socket else "cType2", 1),
    )
    return {variable: variable.default for variable in told}


def state_of(evse: int, connector: int = 0) -> Variable[str]:
    """AvailabilityState of an EVSE, or of a connector of it, for `Settings.fix`; its value is one of `STATES`."""
    component = "Connector" if connector else "EVSE"
    return Variable(
        component,
        "AvailabilityState",
        Kind.OPTION,
        "Available",
        "Its status.",
        evse=evse,
        connector=connector,
        values=STATES,
        writable=False,
    )
