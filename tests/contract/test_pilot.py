"""What every hal.Pilot with its hal.PilotSensor must do (IEC 61851-1 Annex A)."""

import os

import pytest

from hal_mock.ev import VehicleCircuit
from tests.contract.power_path import PowerPath

A = VehicleCircuit()
B = VehicleCircuit(plugged=True)
C = VehicleCircuit(plugged=True, s2=True)
D = VehicleCircuit(plugged=True, s2=True, ventilated=True)
E = VehicleCircuit(plugged=True, shorted=True)

# Table A.4: nominal volts of the high plateau; within half a volt nobody can mistake one for its neighbour.
STATES = [(A, 12.0), (B, 9.0), (C, 6.0), (D, 3.0), (E, 0.0)]
HALF_A_VOLT = 0.5


def near(volts: float) -> object:
    return pytest.approx(volts, abs=HALF_A_VOLT)


def test_the_safe_value_is_there_from_the_start(path: PowerPath) -> None:
    volts = path.sensor.read()
    assert (volts.high, volts.low) == (near(-12), near(-12))


@pytest.mark.parametrize(("vehicle", "high"), STATES)
def test_steady_shows_the_vehicle_on_one_level(path: PowerPath, vehicle: VehicleCircuit, high: float) -> None:
    path.pilot.steady()
    path.vehicle(vehicle)
    volts = path.sensor.read()
    assert (volts.high, volts.low) == (near(high), near(high))


@pytest.mark.parametrize("duty", [0.1, 16 / 60, 32 / 60, 0.85, 0.96])
@pytest.mark.parametrize(("vehicle", "high"), STATES)
def test_pwm_shows_vehicle_and_diode(path: PowerPath, vehicle: VehicleCircuit, high: float, duty: float) -> None:
    path.pilot.pwm(duty)
    path.vehicle(vehicle)
    volts = path.sensor.read()
    assert (volts.high, volts.low) == (near(high), near(0 if vehicle.shorted else -12))


@pytest.mark.parametrize("s2", [False, True])
def test_without_a_diode_the_low_half_collapses(path: PowerPath, s2: bool) -> None:
    path.pilot.pwm(0.5)
    path.vehicle(VehicleCircuit(plugged=True, s2=s2, diode=False))
    volts = path.sensor.read()
    assert volts.low == near(-volts.high) and volts.low > -10.0


@pytest.mark.parametrize("vehicle", [A, B, C, D])
def test_error_is_minus_twelve_volts(path: PowerPath, vehicle: VehicleCircuit) -> None:
    path.pilot.pwm(0.5)
    path.vehicle(vehicle)
    path.pilot.error()
    volts = path.sensor.read()
    assert (volts.high, volts.low) == (near(-12), near(-12))


def test_the_last_order_counts(path: PowerPath) -> None:
    path.vehicle(B)
    for order, low in ((path.pilot.steady, 9), (path.pilot.error, -12), (path.pilot.steady, 9)):
        order()
        path.period()
        assert path.sensor.read().low == near(low)
    path.pilot.pwm(0.5)
    path.period()
    assert path.sensor.read().low == near(-12)


@pytest.mark.parametrize("duty", [-0.1, 1.1])
def test_a_duty_is_a_share(path: PowerPath, duty: float) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1"):
        path.pilot.pwm(duty)


def test_the_descriptor_to_wait_for_is_real_where_there_is_one(path: PowerPath) -> None:
    descriptor = path.sensor.wake_fd()
    if descriptor is not None:
        os.fstat(descriptor)
