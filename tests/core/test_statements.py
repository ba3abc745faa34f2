"""What the station says of itself is read-only, and the parts known at run time are made for one station."""

import pytest

from chargepoint.core import statements
from chargepoint.core.settings import Settings
from chargepoint.core.statements import STATEMENTS, STATES, of_evse, state_of
from chargepoint.core.variable import Variable


def test_nothing_here_can_be_set():
    known = [*STATEMENTS, *(value for value in vars(statements).values() if isinstance(value, Variable))]
    assert len(known) > 20
    assert not any(variable.writable for variable in known)


def test_the_profiles_spoken_are_named():
    assert Settings().find16(["SupportedFeatureProfiles"]).known[0].value == "Core,RemoteTrigger"


@pytest.mark.parametrize(("socket", "kind"), [(True, "sType2"), (False, "cType2")])
def test_an_evse_as_built(socket, kind):
    settings = Settings(fixed={**of_evse(1, 3, 16.0, socket), **of_evse(2, 1, 32.0, False)})
    assert settings.read2("EVSE#1.SupplyPhases").detail == "3"
    assert settings.read2("evse#2.power").detail == "7360.0"
    assert settings.read2("Connector#1/1.ConnectorType").detail == kind
    assert settings.read2("Connector#2/1.Available").detail == "true"
    assert not settings.read2("EVSE#3.Available").accepted
    power = next(entry.variable for entry in settings.inventory(False) if entry.variable.id == "EVSE#1.Power")
    assert power.high == 11040.0


def test_states_are_told_when_they_are_known():
    settings = Settings()
    assert not settings.read2("EVSE#1.AvailabilityState").accepted
    for state in STATES:
        settings.fix(state_of(1), state)
        settings.fix(state_of(1, 1), state)
        assert settings.read2("EVSE#1.AvailabilityState").detail == state
        assert settings.read2("Connector#1/1.AvailabilityState").detail == state
