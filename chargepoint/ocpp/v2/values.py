"""Meter values on the wire of 2.x."""

import math
from collections.abc import Callable, Iterable

from chargepoint.clock import Stamp
from chargepoint.core.values import Measurand, MeterValue, Value
from chargepoint.ocpp.dialect import Json

DIGITS = 3

UNITS = {
    Measurand.ENERGY_IMPORT: "Wh",
    Measurand.ENERGY_EXPORT: "Wh",
    Measurand.POWER_IMPORT: "W",
    Measurand.POWER_OFFERED: "W",
    Measurand.CURRENT_IMPORT: "A",
    Measurand.CURRENT_OFFERED: "A",
    Measurand.VOLTAGE: "V",
    Measurand.FREQUENCY: "Hz",
    Measurand.TEMPERATURE: "Celsius",
}


def meter_values(
    values: Iterable[MeterValue], dated: Callable[[Stamp], str], measurands: frozenset[Measurand]
) -> list[Json]:
    """MeterValueType, one each; without what this version cannot name, and without what would then be empty."""
    told = []
    for value in values:
        sampled = [_sampled(value, each) for each in value.values if _can_tell(each, measurands)]
        if sampled:
            told.append({"timestamp": dated(value.at), "sampledValue": sampled})
    return told


def _can_tell(value: Value, measurands: frozenset[Measurand]) -> bool:
    return value.measurand in measurands and math.isfinite(value.amount)


def _sampled(of: MeterValue, value: Value) -> Json:
    sampled: Json = {
        "value": round(value.amount, DIGITS),
        "context": of.context.value,
        "measurand": value.measurand.value,
    }
    if value.phase is not None:
        sampled["phase"] = value.phase
    if value.measurand in UNITS:
        sampled["unitOfMeasure"] = {"unit": UNITS[value.measurand]}
    return sampled
