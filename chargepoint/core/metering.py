"""What is measured of one charging place.

A sample carries when it was measured and is never re-stamped; a meter that has not spoken for `meter_stale_s`, or whose
register stands still while it reports power, is a fault with a policy. A sample older than the last one tells nothing.

The register of a running transaction never goes back: when the meter restarts or is swapped, the energy counted so far
is carried over and the log says so. When a register that fell is suddenly where it was before, faster than energy can
flow, the fall was a misreading and nothing is carried over. Any other jump *upwards* is reported as it is, with a
warning: the meter's count is the legal one, not ours to correct.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chargepoint.core.setup import EvseSetup
from chargepoint.core.values import Measurand, MeterValue, Value
from chargepoint.core.variables import measured
from chargepoint.hal import MeterSample

NOMINAL_VOLTS = 230.0
FROZEN_AFTER_WH = 100.0
MOST_COLLECTED = 200


@dataclass
class Metering:
    """The meter of one charging place. ``feed`` takes raw samples and returns what a technician should read.

    ``since`` is from when on the meter is waited for (monotonic seconds), ``carried_wh`` the register that a
    transaction brought along from before a power cut, ``correction_wh`` what is added to the meter's own count.
    """

    setup: EvseSetup
    since: float = 0.0
    sample: MeterSample | None = None
    carried_wh: float = 0.0
    correction_wh: float = 0.0
    _raw: MeterSample | None = None
    _fell: tuple[float, float] | None = None
    _unmoved_wh: float = 0.0

    def feed(self, raw: MeterSample, in_transaction: bool) -> str | None:
        if not math.isfinite(raw.energy_wh):
            return f"the meter's register reads {raw.energy_wh}, which is no number; check its register map"
        before = self._raw
        if before is not None and raw.measured_at < before.measured_at:
            return None
        self._raw = raw
        self._watch(before, raw)
        note = None
        if not in_transaction:
            self.correction_wh, self._fell = 0.0, None
        elif (lost := self.energy_wh - raw.energy_wh - self.correction_wh) > 0:
            self.correction_wh += lost
            self._fell = None if before is None else (before.energy_wh, lost)
            note = f"meter register went back by {lost:.0f} Wh during a transaction; what was counted is carried over"
        elif before is not None and self._is_back(before, raw):
            note = "meter register is where it was before it went back: that was a misreading"
        elif before is not None:
            note = self._jump(raw.energy_wh - before.energy_wh, raw.measured_at - before.measured_at)
        self.sample = replace(raw, energy_wh=raw.energy_wh + self.correction_wh)
        return note

    def carry_over(self, energy_wh: float) -> None:
        """A transaction was open when the power went: its register must not go back below ``energy_wh``."""
        self.carried_wh = energy_wh
        if self.sample is not None and self.sample.energy_wh < energy_wh:
            self.correction_wh += energy_wh - self.sample.energy_wh
            self.sample = replace(self.sample, energy_wh=energy_wh)

    @property
    def energy_wh(self) -> float:
        return self.carried_wh if self.sample is None else self.sample.energy_wh

    @property
    def silent_at(self) -> float:
        """When the meter counts as lost if nothing more is heard of it; never without a meter."""
        if not self.setup.has_meter:
            return math.inf
        return (self.since if self.sample is None else self.sample.measured_at) + self.setup.meter_stale_s

    def next_deadline(self, now: float) -> float | None:
        return self.silent_at if now < self.silent_at < math.inf else None

    def trouble(self, now: float) -> str:
        """Why the meter cannot be trusted now; empty when it can."""
        if now >= self.silent_at:
            return f"no reading for {self.setup.meter_stale_s:.0f} s"
        if self._unmoved_wh > FROZEN_AFTER_WH:
            return f"reports power, but its register has not moved for {self._unmoved_wh:.0f} Wh"
        return ""

    def fresh(self, now: float) -> bool:
        """A reading is there and can be trusted (always so without a meter)."""
        return self.measured_since(-math.inf) and not self.trouble(now)

    def measured_since(self, mono: float) -> bool:
        """A reading was made after ``mono`` (monotonic seconds), or there is nothing to read."""
        return not self.setup.has_meter or (self.sample is not None and self.sample.measured_at > mono)

    def _is_back(self, before: MeterSample, raw: MeterSample) -> bool:
        """The register that fell stands again at least where it had been, faster than energy can flow."""
        if self._fell is None or raw.energy_wh < self._fell[0]:
            return False
        if self._jump(raw.energy_wh - before.energy_wh, raw.measured_at - before.measured_at) is None:
            return False
        self.correction_wh = max(self.correction_wh - self._fell[1], self.energy_wh - raw.energy_wh)
        self._fell = None
        return True

    def _watch(self, before: MeterSample | None, raw: MeterSample) -> None:
        """Count the energy that the meter's own power should have moved its register by."""
        if before is not None and raw.energy_wh == before.energy_wh and raw.power_w:
            self._unmoved_wh += abs(raw.power_w) * (raw.measured_at - before.measured_at) / 3600.0
        else:
            self._unmoved_wh = 0.0

    def _jump(self, gained_wh: float, seconds: float) -> str | None:
        hours = max(seconds, 1.0) / 3600.0
        if gained_wh <= 2.0 * self.setup.max_amps * self.setup.phases * NOMINAL_VOLTS * hours + 50.0:
            return None
        what = f"meter register jumped by {gained_wh:.0f} Wh in {seconds:.1f} s"
        return f"{what}, more than this connector can carry; check the meter"


@dataclass
class Collected:
    """Meter values kept for the end of a transaction, bounded: when full, every second one between first and last goes
    (OCPP 1.6 section 3.16.6, OCPP 2.0.1 J02.FR.20: the intermediate ones first)."""

    values: list[MeterValue] = field(default_factory=list)

    def add(self, value: MeterValue) -> None:
        if not value.values:
            return
        if len(self.values) >= MOST_COLLECTED:
            self.values = [self.values[0], *self.values[2::2]]
        self.values.append(value)


def read(sample: MeterSample, names: Iterable[str], offered_amps: float, phases: int) -> tuple[Value, ...]:
    """The values of ``sample`` that ``names`` ask for: a measurand, or measurand and phase as in ``Voltage.L1``."""
    found: list[Value] = []
    for name in names:
        measurand, phase = measured(name)
        if measurand is Measurand.CURRENT_OFFERED:
            found.append(Value(measurand, offered_amps))
        elif measurand is Measurand.POWER_OFFERED:
            found.append(Value(measurand, offered_amps * phases * NOMINAL_VOLTS))
        else:
            values = _READ[measurand](measurand, sample)
            found += (value for value in values if phase is None or (value.phase or "").startswith(phase))
    return tuple(found)


def _sum(measurand: Measurand, amount: float | None) -> list[Value]:
    return [] if amount is None else [Value(measurand, amount)]


def _phases(measurand: Measurand, amounts: Sequence[float], suffix: str = "") -> list[Value]:
    return [Value(measurand, amount, f"L{n}{suffix}") for n, amount in enumerate(amounts, 1)]


_READ: Mapping[Measurand, Callable[[Measurand, MeterSample], list[Value]]] = {
    Measurand.ENERGY_IMPORT: lambda what, sample: _sum(what, sample.energy_wh),
    Measurand.ENERGY_EXPORT: lambda what, sample: _sum(what, sample.export_wh),
    Measurand.POWER_IMPORT: lambda what, sample: _sum(what, sample.power_w) + _phases(what, sample.powers_w),
    Measurand.POWER_FACTOR: lambda what, sample: _sum(what, sample.power_factor),
    Measurand.CURRENT_IMPORT: lambda what, sample: _phases(what, sample.amps),
    Measurand.VOLTAGE: lambda what, sample: _phases(what, sample.volts, "-N"),
    Measurand.FREQUENCY: lambda what, sample: _sum(what, sample.frequency_hz),
    Measurand.TEMPERATURE: lambda what, sample: _sum(what, sample.temperature_c),
}
