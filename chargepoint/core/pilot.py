"""Control pilot volts -> what the vehicle shows; amps <-> duty cycle (IEC 61851-1 Annex A).

A vehicle is believed slowly when it asks for power and quickly when it stops asking: a late start costs a second, a
late stop costs a contactor, or a person. Between two bands of volts lies one volt that belongs to both neighbours
(A.4.11 allows hysteresis); who was there stays there, and who comes from elsewhere gets the more careful neighbour.
"""

from dataclasses import dataclass
from enum import Enum
from math import isfinite

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


ASKING = (Vehicle.C, Vehicle.D)
PRESENT = (Vehicle.B, *ASKING)
TAKEN_QUICKLY = (Vehicle.A, Vehicle.E, Vehicle.F, Vehicle.NO_DIODE)

# The band above begins at `upper` volts, the band below ends at `lower` volts (IEC 61851-1 Table A.4).
_BORDERS = (
    # upper, lower, above, below, from elsewhere
    (11.0, 10.0, Vehicle.A, Vehicle.B, Vehicle.B),
    (8.0, 7.0, Vehicle.B, Vehicle.C, Vehicle.B),
    (5.0, 4.0, Vehicle.C, Vehicle.D, Vehicle.D),
    (2.0, 1.0, Vehicle.D, Vehicle.E, Vehicle.E),
    (-10.0, -11.0, Vehicle.E, Vehicle.F, Vehicle.E),
)
_DIODE_LOST_ABOVE_V = -10.0
_DIODE_BACK_BELOW_V = -11.0


def classify(volts: PilotVolts, pwm_on: bool, before: Vehicle) -> Vehicle:
    """What one look at the plateaus shows. ``before`` is what the look before it showed.

    The vehicle's diode can be checked only while PWM runs: it must leave the low plateau at -12 V, so a vehicle whose
    low plateau is above -10 V is none. Volts that are no number are a shorted pilot.
    """
    shown = _band(volts.high, before)
    limit = _DIODE_BACK_BELOW_V if before is Vehicle.NO_DIODE else _DIODE_LOST_ABOVE_V
    if pwm_on and shown in PRESENT and not volts.low <= limit:
        return Vehicle.NO_DIODE
    return shown


def _band(high: float, before: Vehicle) -> Vehicle:
    if not isfinite(high):
        return Vehicle.E
    for upper, lower, above, below, elsewhere in _BORDERS:
        if high >= upper:
            return above
        if high > lower:
            return before if before in (above, below) else elsewhere
    return Vehicle.F


@dataclass(frozen=True, slots=True)
class Debounce:
    """Believes a vehicle slowly when it asks for power (``on_s``) and quickly when it stops or fails (``off_s``).

    Leaving C or D is timed from the first look that disagreed, whatever the looks after it showed instead; a return
    wipes that out only after it has lasted ``off_s`` itself. So a contact that chatters counts as open. Everything
    else must be shown without a break for its whole time. ``off_s`` 0 believes at once.
    """

    on_s: float
    off_s: float
    state: Vehicle = Vehicle.F
    shown: Vehicle = Vehicle.F
    shown_since: float = 0.0
    away_since: float | None = None

    def feed(self, shown: Vehicle, now: float) -> "Debounce":
        """The next value, after a look at ``now`` (monotonic seconds, never going back)."""
        since = self.shown_since if shown is self.shown else now
        away = self.away_since
        if shown is self.state:
            healed = away is None or now >= since + self.off_s
            return Debounce(self.on_s, self.off_s, self.state, shown, since, None if healed else away)
        pending = Debounce(self.on_s, self.off_s, self.state, shown, since, now if away is None else away)
        deadline = pending.deadline
        if deadline is not None and now >= deadline:
            return Debounce(self.on_s, self.off_s, shown, shown, since)
        return pending

    def restarted(self) -> "Debounce":
        """The same state with nothing pending: the looks were interrupted, so no time may be counted across the gap."""
        return Debounce(self.on_s, self.off_s, self.state, self.state)

    @property
    def deadline(self) -> float | None:
        """When the pending state is taken if every look until then shows the same; None: nothing is pending."""
        if self.shown is self.state:
            return None
        if self.state in ASKING and self.shown is not Vehicle.C and self.away_since is not None:
            return self.away_since + self.off_s
        if self.shown in TAKEN_QUICKLY:
            return self.shown_since + self.off_s
        return self.shown_since + self.on_s

    @property
    def unsettled(self) -> bool:
        """A change is pending, or one was and is not forgotten: look more often."""
        return self.shown is not self.state or self.away_since is not None


def duty_for(amps: float) -> float:
    """Duty cycle in 0..1 that offers ``amps`` per phase (IEC 61851-1 Annex A), never more than asked for.

    Between 51 and 52.5 A nothing can be encoded, so 51 is offered; above 80 A, 80. Raises ValueError below 6 A: there
    is no such offer, a pause is the steady pilot (state x1).
    """
    if not amps >= 6.0:
        raise ValueError(f"{amps} A cannot be offered: the least is 6 A, a pause is the steady pilot")
    if amps < 52.5:
        return min(amps, 51.0) / 60.0
    return min(amps, 80.0) / 250.0 + 0.64


# Percent up to and including, and how a vehicle reads it in amps (IEC 61851-1 Table A.8).
_READINGS = (
    (85.0, lambda percent: percent * 0.6),
    (96.0, lambda percent: (percent - 64.0) * 2.5),
    (97.0, lambda percent: 80.0),
)


def amps_for(duty: float) -> float:
    """The current a vehicle may draw at this duty cycle (0..1), in amps (IEC 61851-1 Table A.8); 0 where none.

    3 to 7 % asks for digital communication (ISO 15118), which this station does not have: no current.
    """
    percent = round(duty * 100.0, 6)
    if not percent >= 8.0:
        return 0.0
    if percent < 10.0:
        return 6.0
    return next((amps(percent) for most, amps in _READINGS if percent <= most), 0.0)
