"""The status of a connector is a function of facts, never stored (OCPP 1.6 section 4.9; 2.x narrows it).

The standard lists which status may follow which. Where ours jumps, the one in between is told too: a parked vehicle
whose place is taken back into service goes from Unavailable over Preparing to Finishing, as in H2 and B6.
"""

from collections.abc import Mapping

from chargepoint.core.records import ChargingState, ConnectorStatus
from chargepoint.core.session import State
from chargepoint.hal import Light

Status = ConnectorStatus

_RUNNING = {
    ChargingState.EV_CONNECTED: Status.PREPARING,
    ChargingState.CHARGING: Status.CHARGING,
    ChargingState.SUSPENDED_EV: Status.SUSPENDED_EV,
    ChargingState.SUSPENDED_EVSE: Status.SUSPENDED_EVSE,
}

_IDLE = {
    State.FREE: Status.AVAILABLE,
    State.PLUGGED: Status.PREPARING,
    State.AUTHORIZED: Status.PREPARING,
    State.PARKED: Status.FINISHING,
}

_ANY = frozenset(Status)
_ENERGY = frozenset((Status.CHARGING, Status.SUSPENDED_EV, Status.SUSPENDED_EVSE))
_OUT = frozenset((Status.UNAVAILABLE, Status.FAULTED))

FOLLOWS: Mapping[Status, frozenset[Status]] = {
    Status.AVAILABLE: _ANY - {Status.FINISHING},
    Status.PREPARING: _ENERGY | {Status.AVAILABLE, Status.FINISHING, Status.FAULTED},
    **{each: _ENERGY | _OUT | {Status.AVAILABLE, Status.FINISHING} for each in _ENERGY},
    Status.FINISHING: _OUT | {Status.AVAILABLE, Status.PREPARING},
    Status.RESERVED: _OUT | {Status.AVAILABLE, Status.PREPARING},
    Status.UNAVAILABLE: _ENERGY | {Status.AVAILABLE, Status.PREPARING, Status.FAULTED},
    Status.FAULTED: _ANY,
}
"""OCPP 1.6 section 4.9, rows A to I, with B6 of the errata."""

LIGHTS = {
    Status.AVAILABLE: Light.AVAILABLE,
    Status.PREPARING: Light.WAITING,
    Status.CHARGING: Light.CHARGING,
    Status.SUSPENDED_EV: Light.SUSPENDED,
    Status.SUSPENDED_EVSE: Light.SUSPENDED,
    Status.FINISHING: Light.FINISHED,
    Status.RESERVED: Light.RESERVED,
    Status.UNAVAILABLE: Light.UNAVAILABLE,
    Status.FAULTED: Light.FAULTED,
}


def status(
    session: State, charging: ChargingState | None, *, faulted: bool, operative: bool, reserved: bool
) -> ConnectorStatus:
    """Faulted beats Unavailable beats whatever the session says; a free connector may be reserved.

    ``charging`` is the state of the open transaction, None without one.
    """
    if faulted:
        return Status.FAULTED
    if not operative:
        return Status.UNAVAILABLE
    if charging is not None:
        return _RUNNING[charging]
    if session is State.FREE and reserved:
        return Status.RESERVED
    return _IDLE[session]


def between(before: ConnectorStatus, after: ConnectorStatus) -> ConnectorStatus | None:
    """The status to tell between the two, so that each step is one the standard has; None where it has this one."""
    if before is after or after in FOLLOWS[before]:
        return None
    steps = (Status.PREPARING, Status.AVAILABLE)
    return next(step for step in steps if step in FOLLOWS[before] and after in FOLLOWS[step])
