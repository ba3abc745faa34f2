"""Meter values in the field's words (OCPP 2.1 MeasurandEnumType, ReadingContextEnumType, LocationEnumType)."""

from dataclasses import dataclass
from enum import Enum

from chargepoint.clock import Stamp


class Measurand(Enum):
    ENERGY_IMPORT = "Energy.Active.Import.Register"
    ENERGY_EXPORT = "Energy.Active.Export.Register"
    POWER_IMPORT = "Power.Active.Import"
    POWER_FACTOR = "Power.Factor"
    POWER_OFFERED = "Power.Offered"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_OFFERED = "Current.Offered"
    VOLTAGE = "Voltage"
    FREQUENCY = "Frequency"
    TEMPERATURE = "Temperature"


class Context(Enum):
    BEGIN = "Transaction.Begin"
    END = "Transaction.End"
    PERIODIC = "Sample.Periodic"
    CLOCK = "Sample.Clock"
    TRIGGER = "Trigger"
    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"


@dataclass(frozen=True, slots=True)
class Value:
    """One sampled value: Wh, W, A, V, Hz or Celsius by its measurand; ``phase`` is "L1", "L1-N" or None for the sum."""

    measurand: Measurand
    amount: float
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class MeterValue:
    """Values measured at one moment."""

    at: Stamp
    context: Context
    values: tuple[Value, ...]
