from itertools import product

import pytest

from chargepoint.core.records import ChargingState, ConnectorStatus
from chargepoint.core.session import State
from chargepoint.core.status import FOLLOWS, LIGHTS, between, status

S = ConnectorStatus
IDLE = (State.FREE, State.PLUGGED, State.AUTHORIZED, State.PARKED)
PLAIN = {"faulted": False, "operative": True, "reserved": False}


@pytest.mark.parametrize(
    ("session", "charging", "facts", "expected"),
    [
        (State.FREE, None, {}, S.AVAILABLE),
        (State.FREE, None, {"reserved": True}, S.RESERVED),
        (State.PLUGGED, None, {"reserved": True}, S.PREPARING),
        (State.AUTHORIZED, None, {}, S.PREPARING),
        (State.PARKED, None, {}, S.FINISHING),
        (State.STARTING, ChargingState.EV_CONNECTED, {}, S.PREPARING),
        (State.RUNNING, ChargingState.CHARGING, {}, S.CHARGING),
        (State.RUNNING, ChargingState.SUSPENDED_EV, {}, S.SUSPENDED_EV),
        (State.STOPPING, ChargingState.SUSPENDED_EVSE, {}, S.SUSPENDED_EVSE),
        (State.RUNNING, ChargingState.CHARGING, {"faulted": True, "operative": False}, S.FAULTED),
        (State.FREE, None, {"operative": False, "reserved": True}, S.UNAVAILABLE),
    ],
)
def test_status(session, charging, facts, expected):
    assert status(session, charging, **(PLAIN | facts)) is expected


def test_every_state_has_a_status_and_every_status_a_light():
    charging = [each for each in ChargingState if each is not ChargingState.IDLE]
    for state, facts in product(State, product((True, False), repeat=3)):
        named = dict(zip(PLAIN, facts, strict=True))
        for each in [None] if state in IDLE else charging:
            assert status(state, each, **named) in LIGHTS


def test_one_step_in_between_is_always_enough():
    for before, after in product(S, repeat=2):
        step = between(before, after)
        if step is None:
            assert before is after or after in FOLLOWS[before]
        else:
            assert step in FOLLOWS[before] and after in FOLLOWS[step]


def test_the_steps_are_those_of_the_standard():
    assert between(S.UNAVAILABLE, S.FINISHING) is S.PREPARING  # H2, B6
    assert between(S.PREPARING, S.UNAVAILABLE) is S.AVAILABLE  # B1, A8
    assert between(S.FINISHING, S.CHARGING) is S.PREPARING  # F2, B3
    assert between(S.FINISHING, S.RESERVED) is S.AVAILABLE  # F1, A7
