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
_WORDS = {measurand: (measurand.value, UNITS.get(measurand, "")) for measurand in Measurand}


def meter_values(
    values: Iterable[MeterValue], dated: Callable[[Stamp], str], measurands: frozenset[Measurand]
) -> list[Json]:
    """MeterValueType, one each; without what this version cannot name, and without what would then be empty."""
    told = []
    for value in values:
        context = value.context.value
        sampled = [
            _sampled(each, context)
            for each in value.values
            if each.measurand in measurands and math.isfinite(each.amount)
        ]
        if sampled:
            told.append({"timestamp": dated(value.at), "sampledValue": sampled})
    return told


def _sampled(value: Value, context: str) -> Json:
    measurand, unit = _WORDS[value.measurand]
    sampled: Json = {"value": round(value.amount, DIGITS), "context": context, "measurand": measurand}
    if value.phase is not None:
        sampled["phase"] = value.phase
    if unit:
        sampled["unitOfMeasure"] = {"unit": unit}
    return sampled
