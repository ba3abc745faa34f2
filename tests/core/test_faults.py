"""The catalogue is whole, its codes are the standards' codes, and it can be found by any of its names."""

import re

import pytest

from chargepoint.core import power
from chargepoint.core.faults import CATALOGUE, find
from chargepoint.core.records import Reason

CODES_16 = """
ConnectorLockFailure EVCommunicationError GroundFailure HighTemperature InternalError LocalListConflict OtherError
OverCurrentFailure PowerMeterFailure PowerSwitchFailure ReaderFailure ResetFailure UnderVoltage OverVoltage WeakSignal
"""
NEEDED = """
ground emergency-stop over-current over-voltage under-voltage high-temperature lock meter reader contactor-welded
contactor-stuck contactor-dropped pilot diode sensor proximity guard door tilt weak-signal internal other
"""


def test_the_catalogue_is_whole():
    assert list(CATALOGUE) == NEEDED.split()
    assert all(fault.id == key for key, fault in CATALOGUE.items())


@pytest.mark.parametrize("fault", CATALOGUE.values(), ids=lambda fault: fault.id)
def test_each_entry_can_be_told(fault):
    assert fault.code16 in CODES_16.split()
    assert fault.mrec == "" or re.fullmatch(r"CX0(0[1-9]|1\d|2[0-6])", fault.mrec)
    assert len(fault.title) <= 40
    assert 40 < len(fault.help) <= 240 and fault.help.endswith((".", ")."))
    assert fault.blocks or (fault.ends is None and not fault.latches), "what does not block neither ends nor latches"


def test_every_fault_the_power_path_finds_is_in_the_catalogue_and_blocks():
    for fault in (power.WELDED, power.STUCK, power.DROPPED, power.PILOT, power.DIODE):
        assert CATALOGUE[fault].blocks
    assert all(CATALOGUE[fault].latches for fault in (power.WELDED, power.STUCK, power.DROPPED))


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("ground", "ground"),
        (" Emergency-Stop ", "emergency-stop"),
        ("GroundFailure", "ground"),
        ("overcurrentfailure", "over-current"),
        ("PowerSwitchFailure", "contactor-welded"),
        ("EVCommunicationError", "pilot"),
        ("InternalError", "internal"),
        ("other", "other"),
        ("OtherError", "other"),
        ("cx023", "proximity"),
    ],
)
def test_find(text, id):
    assert find(text) is CATALOGUE[id]


@pytest.mark.parametrize("text", ["", "NoError", "ground failure", "CX999"])
def test_find_nothing(text):
    assert find(text) is None


def test_dangers_end_a_transaction_with_their_own_reason():
    assert CATALOGUE["emergency-stop"].ends is Reason.EMERGENCY_STOP
    assert CATALOGUE["ground"].ends is Reason.GROUND_FAULT
    assert CATALOGUE["over-current"].ends is Reason.OVERCURRENT_FAULT
