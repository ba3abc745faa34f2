"""The status of a connector is a function of facts, never stored (OCPP 1.6 section 4.9; 2.x narrows it)."""

from chargepoint.core.records import ChargingState, ConnectorStatus
from chargepoint.core.session import State
from chargepoint.hal import Light

_RUNNING = {
    ChargingState.EV_CONNECTED: ConnectorStatus.PREPARING,
    ChargingState.CHARGING: ConnectorStatus.CHARGING,
    ChargingState.SUSPENDED_EV: ConnectorStatus.SUSPENDED_EV,
    ChargingState.SUSPENDED_EVSE: ConnectorStatus.SUSPENDED_EVSE,
    ChargingState.IDLE: ConnectorStatus.FINISHING,
}

_SESSION = {
    State.PLUGGED: ConnectorStatus.PREPARING,
    State.AUTHORIZED: ConnectorStatus.PREPARING,
    State.STARTING: ConnectorStatus.PREPARING,
    State.PARKED: ConnectorStatus.FINISHING,
    State.RESTORED: ConnectorStatus.SUSPENDED_EVSE,
}

LIGHTS = {
    ConnectorStatus.AVAILABLE: Light.AVAILABLE,
    ConnectorStatus.PREPARING: Light.WAITING,
    ConnectorStatus.CHARGING: Light.CHARGING,
    ConnectorStatus.SUSPENDED_EV: Light.SUSPENDED,
    ConnectorStatus.SUSPENDED_EVSE: Light.SUSPENDED,
    ConnectorStatus.FINISHING: Light.FINISHED,
    ConnectorStatus.RESERVED: Light.RESERVED,
    ConnectorStatus.UNAVAILABLE: Light.UNAVAILABLE,
    ConnectorStatus.FAULTED: Light.FAULTED,
}


def status(
    session: State, charging: ChargingState, *, faulted: bool, operative: bool, reserved: bool
) -> ConnectorStatus:
    """Faulted beats Unavailable beats whatever the session says; a free connector may be reserved."""
    if faulted:
        return ConnectorStatus.FAULTED
    if not operative:
        return ConnectorStatus.UNAVAILABLE
    if session in (State.RUNNING, State.STOPPING):
        return _RUNNING[charging]
    if session is State.FREE:
        return ConnectorStatus.RESERVED if reserved else ConnectorStatus.AVAILABLE
    return _SESSION[session]
