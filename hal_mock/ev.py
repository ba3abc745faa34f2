"""The vehicle, first as the circuit on the control pilot, then as a behaviour.

The station's generator swings between +12 V and -12 V behind 1 kilo-ohm. The vehicle hangs a diode and R2 on the wire;
when it wants energy it closes S2, which puts R3 beside R2. All the station can ever learn is the voltage this divider
leaves at its own end, so a stand-in that computes the divider shows everything a real vehicle would, faults included:
without the diode the negative half-wave is divided too, with the wire on protective earth nothing is left of either.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

GENERATOR_VOLTS = 12.0
SOURCE_OHMS = 1000.0
DIODE_VOLTS = 0.7
R2_OHMS = 2740.0
R3_OHMS = 1300.0
R3_VENTILATED_OHMS = 270.0


class Generator(Enum):
    """What the station does to the pilot."""

    STEADY = "steady"
    PWM = "pwm"
    ERROR = "error"


def generator(duty: float) -> Generator:
    """A duty of 1 never swings low and a duty of 0 never high, so the share alone tells the mode."""
    if duty >= 1.0:
        return Generator.STEADY
    return Generator.PWM if duty > 0.0 else Generator.ERROR


@dataclass(frozen=True, slots=True)
class VehicleCircuit:
    """What hangs on the control pilot. ``shorted``: the wire touches protective earth, with or without a vehicle."""

    plugged: bool = False
    s2: bool = False
    ventilated: bool = False
    diode: bool = True
    shorted: bool = False

    def ohms(self) -> float:
        """The vehicle's resistance behind its diode; infinity without a vehicle."""
        if not self.plugged:
            return float("inf")
        if not self.s2:
            return R2_OHMS
        r3 = R3_VENTILATED_OHMS if self.ventilated else R3_OHMS
        return 1.0 / (1.0 / R2_OHMS + 1.0 / r3)

    def volts(self, source_volts: float) -> float:
        """Volts at the station's end of the wire while the generator stands at ``source_volts``."""
        if self.shorted:
            return 0.0
        if not self.plugged:
            return source_volts
        drop = DIODE_VOLTS if self.diode else 0.0
        if self.diode and source_volts <= drop:
            return source_volts
        ohms = self.ohms()
        return drop + (source_volts - drop) * ohms / (ohms + SOURCE_OHMS)

    def plateaus(self, mode: Generator) -> tuple[float, float]:
        """(high, low) volts over one period; the same number twice while the generator stands still."""
        high = self.volts(-GENERATOR_VOLTS if mode is Generator.ERROR else GENERATOR_VOLTS)
        low = self.volts(GENERATOR_VOLTS if mode is Generator.STEADY else -GENERATOR_VOLTS)
        return high, low

    def shows(self) -> str:
        """The letter of IEC 61851-1 Table A.4 that this circuit stands for: A, B, C, D or E."""
        if self.shorted:
            return "E"
        if not self.plugged:
            return "A"
        if not self.s2:
            return "B"
        return "D" if self.ventilated else "C"

    def showing(self, letter: str) -> "VehicleCircuit":
        """The same vehicle, now showing A, B, C, D or E. Raises KeyError for another letter.

        The diode stays as it was; E shorts the wire and leaves the plug where it is.
        """
        plugged, s2, ventilated, shorted = _SHOWING[letter]
        return VehicleCircuit(self.plugged if plugged is None else plugged, s2, ventilated, self.diode, shorted)


_SHOWING: dict[str, tuple[bool | None, bool, bool, bool]] = {
    "A": (False, False, False, False),
    "B": (True, False, False, False),
    "C": (True, True, False, False),
    "D": (True, True, True, False),
    "E": (None, False, False, True),
}

_OFFERS: tuple[tuple[float, Callable[[float], float]], ...] = (
    (10.0, lambda percent: 6.0),
    (85.0, lambda percent: percent * 0.6),
    (96.0, lambda percent: (percent - 64.0) * 2.5),
    (97.0, lambda percent: 80.0),
)


def offered_amps(duty: float) -> float:
    """What a vehicle reads out of a duty in 0..1 (IEC 61851-1 Table A.8); 0 where charging is not allowed.

    5 % asks for digital communication, which this vehicle does not have.
    """
    percent = round(duty * 100.0, 6)
    if percent < 8.0:
        return 0.0
    return next((amps(percent) for upto, amps in _OFFERS if percent <= upto), 0.0)


def draws(
    circuit: VehicleCircuit, duty: float, closed: bool, wanted_amps: Sequence[float], obeys: bool = True
) -> tuple[float, ...]:
    """Amps per phase that flow. A vehicle that does not obey ignores the duty; none draws through an open contactor."""
    if not closed or circuit.shows() not in ("C", "D"):
        return tuple(0.0 for _ in wanted_amps)
    most = offered_amps(duty) if obeys else float("inf")
    return tuple(min(amps, most) for amps in wanted_amps)
