"""The device model on the wire: NotifyReport, one part of the answer to GetBaseReport (OCPP 2.0.1 B07)."""

from collections.abc import Callable

from chargepoint.clock import Stamp
from chargepoint.core.records import InventoryItem, InventoryPart, Mutability
from chargepoint.ocpp.dialect import Call, Json
from chargepoint.ocpp.v2.names import named

LONGEST_VALUE = 2500
NUMBERS = ("integer", "decimal")
BOUNDED = (*NUMBERS, "string")


def encode(part: InventoryPart, dated: Callable[[Stamp], str]) -> list[Call]:
    """One NotifyReport; ``tbc`` says that more follows (B07)."""
    payload: Json = {
        "requestId": part.request,
        "generatedAt": dated(part.at),
        "seqNo": part.seq,
        "tbc": part.more,
    }
    if part.items:
        payload["reportData"] = [_report(item) for item in part.items]
    return [Call("NotifyReport", payload)]


def _report(item: InventoryItem) -> Json:
    name = named(item.name)
    attribute: Json = {"mutability": item.mutability.value}
    if item.value is not None and item.mutability is not Mutability.WRITE_ONLY:
        attribute["value"] = item.value[:LONGEST_VALUE]
    return {
        "component": name.component,
        "variable": name.variable,
        "variableAttribute": [attribute],
        "variableCharacteristics": _characteristics(item),
    }


def _characteristics(item: InventoryItem) -> Json:
    told: Json = {"dataType": item.kind, "supportsMonitoring": False}
    if item.unit:
        told["unit"] = item.unit[:16]
    if item.low is not None and item.kind in NUMBERS:
        told["minLimit"] = item.low
    if item.high is not None and item.kind in BOUNDED:
        told["maxLimit"] = item.high
    if item.values:
        told["valuesList"] = ",".join(item.values)[:1000]
    return told
