"""The base report of the device model: every variable, cut into messages (OCPP 2.0.1 B07)."""

from chargepoint.clock import Stamp
from chargepoint.core.commands import GetInventory
from chargepoint.core.records import InventoryItem, InventoryPart, Mutability
from chargepoint.core.settings import Listed, Settings

ITEMS_PER_PART = 20


def inventory(settings: Settings, ask: GetInventory, at: Stamp) -> list[InventoryPart]:
    """At least one part, seq from 0; the last says that no more follows."""
    items = [_item(listed) for listed in settings.inventory(ask.settable_only)]
    cuts = [items[n : n + ITEMS_PER_PART] for n in range(0, len(items), ITEMS_PER_PART)] or [[]]
    return [InventoryPart(ask.request, seq, seq + 1 < len(cuts), at, tuple(cut)) for seq, cut in enumerate(cuts)]


def _item(listed: Listed) -> InventoryItem:
    """B07.FR.03: a value that may only be written is left empty."""
    variable = listed.variable
    if listed.value is None:
        mutability = Mutability.WRITE_ONLY
    else:
        mutability = Mutability.READ_WRITE if listed.writable else Mutability.READ_ONLY
    return InventoryItem(
        name=variable.id,
        value=listed.value or "",
        mutability=mutability,
        kind=variable.kind.value,
        unit=variable.unit,
        low=variable.low,
        high=variable.high,
        values=variable.values,
    )
