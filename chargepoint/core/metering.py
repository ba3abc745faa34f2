"""What is measured of one charging place, and when it is told.

A sample carries when it was measured and is never re-stamped; a meter that has not spoken for `meter_stale_s`, or whose
register stands still while it reports power, is a fault with a policy. The register of a running transaction never
goes back: when the meter restarts or is swapped, the energy counted so far is carried over and the log says so. A jump
*upwards* is reported as it is, with a warning: the meter's count is the legal one, not ours to correct.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from chargepoint.clock import Stamp
from chargepoint.core.setup import EvseSetup
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.core.variables import measured
from chargepoint.hal import MeterSample

NOMINAL_VOLTS = 230.0
FROZEN_AFTER_WH = 100.0
MOST_COLLECTED = 200


@dataclass
class Metering:
    """The meter of one charging place. ``feed`` takes raw samples and returns what a technician should read."""

    setup: EvseSetup
    sample: MeterSample | None = None
    correction_wh: float = 0.0
    waiting_since: float | None = None
    _raw: MeterSample | None = None
    _unmoved_wh: float = 0.0

    def feed(self, raw: MeterSample, in_transaction: bool) -> str | None:
        before, self._raw, note = self._raw, raw, None
        if not in_transaction:
            self.correction_wh = 0.0
        elif self.sample is not None and raw.energy_wh + self.correction_wh < self.sample.energy_wh:
            lost = self.sample.energy_wh - raw.energy_wh - self.correction_wh
            self.correction_wh += lost
            note = f"meter register went back by {lost:.0f} Wh during a transaction; what was counted is carried over"
        elif before is not None and raw.energy_wh - before.energy_wh > self._most_wh(
            raw.measured_at - before.measured_at
        ):
            note = (
                f"meter register jumped by {raw.energy_wh - before.energy_wh:.0f} Wh in "
                f"{raw.measured_at - before.measured_at:.1f} s, more than this connector can carry; check the meter"
            )
        if before is not None and raw.energy_wh == before.energy_wh and raw.power_w:
            self._unmoved_wh += raw.power_w * (raw.measured_at - before.measured_at) / 3600.0
        else:
            self._unmoved_wh = 0.0
        self.sample = replace(raw, energy_wh=raw.energy_wh + self.correction_wh)
        return note

    def carry_over(self, energy_wh: float) -> None:
        """A transaction was open when the power went: its register must not go back below ``energy_wh``."""
        if self.sample is None:
            self.sample = MeterSample(-math.inf, energy_wh)
        elif self.sample.energy_wh < energy_wh:
            self.correction_wh += energy_wh - self.sample.energy_wh
            self.sample = replace(self.sample, energy_wh=energy_wh)

    @property
    def energy_wh(self) -> float:
        return 0.0 if self.sample is None else self.sample.energy_wh

    @property
    def silent_at(self) -> float | None:
        """When the meter counts as lost if nothing more is heard of it; None without a meter."""
        if not self.setup.has_meter:
            return None
        heard = None if self.sample is None or self.sample.measured_at == -math.inf else self.sample.measured_at
        since = heard if heard is not None else self.waiting_since
        return None if since is None else since + self.setup.meter_stale_s

    def trouble(self, now: float) -> str:
        """Why the meter cannot be trusted now; empty when it can."""
        if not self.setup.has_meter:
            return ""
        if self.silent_at is not None and now >= self.silent_at:
            return f"no reading for {self.setup.meter_stale_s:.0f} s"
        if self._unmoved_wh > FROZEN_AFTER_WH:
            return f"reports power, but its register has not moved for {self._unmoved_wh:.0f} Wh"
        return ""

    def fresh(self, now: float) -> bool:
        """A reading is there and can be trusted (always so without a meter)."""
        if not self.setup.has_meter:
            return True
        return self.measured_since(-math.inf) and not self.trouble(now)

    def measured_since(self, mono: float) -> bool:
        """A reading was made after ``mono`` (monotonic seconds)."""
        return not self.setup.has_meter or (self.sample is not None and self.sample.measured_at > mono)

    def _most_wh(self, seconds: float) -> float:
        return 2.0 * self.setup.max_amps * self.setup.phases * NOMINAL_VOLTS * max(seconds, 1.0) / 3600.0 + 50.0


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
        found += (
            value
            for value in _all(measurand, sample, offered_amps, phases)
            if phase is None or (value.phase or "").startswith(phase)
        )
    return tuple(found)


def _all(measurand: Measurand, sample: MeterSample, offered_amps: float, phases: int) -> list[Value]:
    match measurand:
        case Measurand.ENERGY_IMPORT:
            return [Value(measurand, sample.energy_wh)]
        case Measurand.ENERGY_EXPORT:
            return _sum(measurand, sample.export_wh)
        case Measurand.POWER_IMPORT:
            return _sum(measurand, sample.power_w) + _phases(measurand, sample.powers_w, "")
        case Measurand.CURRENT_IMPORT:
            return _phases(measurand, sample.amps, "")
        case Measurand.VOLTAGE:
            return _phases(measurand, sample.volts, "-N")
        case Measurand.FREQUENCY:
            return _sum(measurand, sample.frequency_hz)
        case Measurand.POWER_FACTOR:
            return _sum(measurand, sample.power_factor)
        case Measurand.TEMPERATURE:
            return _sum(measurand, sample.temperature_c)
        case Measurand.CURRENT_OFFERED:
            return [Value(measurand, offered_amps)]
        case Measurand.POWER_OFFERED:
            return [Value(measurand, offered_amps * phases * NOMINAL_VOLTS)]


def _sum(measurand: Measurand, amount: float | None) -> list[Value]:
    return [] if amount is None else [Value(measurand, amount)]


def _phases(measurand: Measurand, amounts: Sequence[float], suffix: str) -> list[Value]:
    return [Value(measurand, amount, f"L{n}{suffix}") for n, amount in enumerate(amounts, 1)]


def meter_value(
    sample: MeterSample | None, names: Iterable[str], context: Context, at: Stamp, offered_amps: float, phases: int
) -> MeterValue:
    return MeterValue(at, context, () if sample is None else read(sample, names, offered_amps, phases))


def next_tick(utc: float, interval_s: int) -> float:
    """The next clock-aligned moment after ``utc``, counted from midnight UTC (OCPP 1.6 section 9.1.3)."""
    midnight = utc - utc % 86400.0
    return midnight + (math.floor((utc - midnight) / interval_s) + 1) * interval_s
