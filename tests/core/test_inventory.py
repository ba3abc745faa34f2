"""The base report: all variables, once each, in parts that know whether another follows."""

import math

import pytest

from chargepoint.clock import Stamp
from chargepoint.core.commands import GetInventory
from chargepoint.core.inventory import ITEMS_PER_PART, inventory
from chargepoint.core.records import InventoryItem, Mutability
from chargepoint.core.settings import Settings
from chargepoint.core.variable import Kind, Variable
from chargepoint.core.variables import HEARTBEAT_INTERVAL_S, SAMPLED_UPDATED, TABLE, TX_START_POINT

AT = Stamp(3, 12.5, 1000.0)
PASSWORD = Variable(
    "SecurityCtrlr", "BasicAuthPassword", Kind.STRING, "secret", "The key of the door.", write_only=True
)
WRITABLE = [variable.id for variable in TABLE if variable.writable and variable.component]


def items(settings: Settings, settable_only: bool = False) -> dict[str, InventoryItem]:
    found = [item for part in inventory(settings, GetInventory(7, settable_only), AT) for item in part.items]
    assert len(found) == len({item.name for item in found}), "a variable is told twice"
    return {item.name: item for item in found}


def extra(count: int) -> Settings:
    """Settings of which exactly ``count`` can be set."""
    more = {Variable("Extra", f"V{n}", Kind.STRING, "", "None."): "x" for n in range(count)}
    return Settings(locked=WRITABLE, fixed=more)


# -- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 39, 40, 41, 100])
def test_parts_are_filled_numbered_and_ended(count: int):
    parts = inventory(extra(count), GetInventory(7, settable_only=True), AT)
    assert [len(part.items) for part in parts[:-1]] == [ITEMS_PER_PART] * (len(parts) - 1)
    assert sum(len(part.items) for part in parts) == count
    assert len(parts) == max(1, math.ceil(count / ITEMS_PER_PART))
    assert [part.seq for part in parts] == list(range(len(parts)))
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]


def test_where_there_is_nothing_one_empty_part_says_so():
    (part,) = inventory(extra(0), GetInventory(7, settable_only=True), AT)
    assert (part.items, part.more, part.seq) == ((), False, 0)


def test_every_part_names_the_request_and_the_time():
    parts = inventory(Settings(), GetInventory(7, settable_only=False), AT)
    assert len(parts) > 1
    assert {(part.request, part.at) for part in parts} == {(7, AT)}


# -- items ------------------------------------------------------------------------------------------------------------


def test_everything_that_2_x_knows_is_told_in_the_order_of_the_table():
    names = list(items(Settings()))
    expected = [variable.id for variable in TABLE if variable.component]
    assert [name for name in names if name in expected] == expected


def test_only_what_can_be_set_is_told_where_that_was_asked():
    assert list(items(Settings(), settable_only=True)) == WRITABLE
    assert HEARTBEAT_INTERVAL_S.id not in items(Settings(locked=[HEARTBEAT_INTERVAL_S.id]), settable_only=True)


@pytest.mark.parametrize(
    ("settings", "variable", "value", "mutability"),
    [
        (Settings(), HEARTBEAT_INTERVAL_S, "300", Mutability.READ_WRITE),
        (Settings(first={HEARTBEAT_INTERVAL_S.id: 20}), HEARTBEAT_INTERVAL_S, "20", Mutability.READ_WRITE),
        (Settings(locked=[HEARTBEAT_INTERVAL_S.id]), HEARTBEAT_INTERVAL_S, "300", Mutability.READ_ONLY),
        (Settings(), TX_START_POINT, "PowerPathClosed", Mutability.READ_ONLY),
        (Settings(fixed={PASSWORD: "hidden"}), PASSWORD, "", Mutability.WRITE_ONLY),
        (Settings(fixed={SAMPLED_UPDATED: ()}), SAMPLED_UPDATED, "", Mutability.READ_WRITE),
    ],
)
def test_the_value_and_who_may_change_it(
    settings: Settings, variable: Variable[object], value: str, mutability: Mutability
):
    item = items(settings)[variable.id]
    assert (item.value, item.mutability) == (value, mutability)


def test_a_secret_is_nowhere_in_the_report():
    assert "hidden" not in str(inventory(Settings(fixed={PASSWORD: "hidden"}), GetInventory(7, False), AT))


def test_type_unit_and_bounds_are_told():
    assert items(Settings())[HEARTBEAT_INTERVAL_S.id] == InventoryItem(
        "OCPPCommCtrlr.HeartbeatInterval", "300", Mutability.READ_WRITE, "integer", "s", 1, 604800
    )
    members = items(Settings())[SAMPLED_UPDATED.id]
    assert (members.kind, members.high, members.values) == ("MemberList", 20, SAMPLED_UPDATED.values)
