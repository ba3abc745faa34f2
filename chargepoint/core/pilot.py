"""Control pilot volts -> what the vehicle shows; amps <-> duty cycle (IEC 61851-1 Annex A).

A vehicle is believed slowly when it asks for power and at once when it stops asking: a late start costs a second, a
late stop costs a contactor, or a person. Between two bands of volts lies half a volt that belongs to both neighbours
(A.4.11 allows 10 % of hysteresis); who was there stays there.
"""

from dataclasses import dataclass
from enum import Enum

from chargepoint.hal import PilotVolts


class Vehicle(Enum):
    """IEC 61851-1 Table A.4, and `NO_DIODE` for what looks like a vehicle and is none."""

    A = "not connected"
    B = "connected"
    C = "asks for power"
    D = "asks for power, ventilated"
    E = "pilot shorted"
    F = "station not available"
    NO_DIODE = "vehicle without diode"
