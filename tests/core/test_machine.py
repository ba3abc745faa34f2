"""The adapter over `transitions`: order of rows, fixed point, order of callbacks, cost, diagram."""

import timeit
from enum import Enum

import pytest

from chargepoint.core.machine import Machine, Row, from_each, mermaid


class Lamp(Enum):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


class Bulb:
    def __init__(self) -> None:
        self.pressed = False
        self.smashed = False
        self.heard: list[str] = []


def pressed(bulb: Bulb) -> bool:
    return bulb.pressed


def released(bulb: Bulb) -> bool:
    return not bulb.pressed


def smashed(bulb: Bulb) -> bool:
    return bulb.smashed


def click(bulb: Bulb) -> None:
    bulb.heard.append("click")


def entered(bulb: Bulb, state: Lamp) -> None:
    bulb.heard.append(state.name)


ROWS: list[Row[Lamp, Bulb]] = [
    *from_each((Lamp.OFF, Lamp.ON), Lamp.BROKEN, (smashed,)),
    Row(Lamp.OFF, Lamp.ON, (pressed,), (click,)),
    Row(Lamp.ON, Lamp.OFF, (released,), (click, click)),
]


def machine(rows: list[Row[Lamp, Bulb]] = ROWS) -> tuple[Bulb, Machine[Lamp, Bulb]]:
    bulb = Bulb()
    return bulb, Machine(bulb, Lamp, rows, Lamp.OFF, entered)


def test_nothing_applies_and_nothing_happens():
    bulb, lamp = machine()
    lamp.settle()
    assert (lamp.state, bulb.heard) == (Lamp.OFF, [])


def test_entering_comes_before_the_actions_of_the_row():
    bulb, lamp = machine()
    bulb.pressed = True
    lamp.settle()
    assert (lamp.state, bulb.heard) == (Lamp.ON, ["ON", "click"])


def test_rows_are_taken_until_none_applies():
    rows = [Row(Lamp.OFF, Lamp.ON, ()), Row(Lamp.ON, Lamp.BROKEN, (pressed,))]
    bulb, lamp = machine(rows)
    bulb.pressed = True
    lamp.settle()
    assert bulb.heard == ["ON", "BROKEN"]


def test_the_first_row_whose_conditions_all_hold_wins():
    bulb, lamp = machine()
    bulb.pressed = bulb.smashed = True
    lamp.settle()
    assert lamp.state is Lamp.BROKEN


def test_a_row_needs_all_its_conditions():
    bulb, lamp = machine([Row(Lamp.OFF, Lamp.ON, (pressed, smashed))])
    bulb.pressed = True
    lamp.settle()
    assert lamp.state is Lamp.OFF


def test_a_table_without_rest_is_a_bug():
    bulb, lamp = machine([Row(Lamp.OFF, Lamp.ON), Row(Lamp.ON, Lamp.OFF)])
    with pytest.raises(RuntimeError, match=r"does not settle: 5 rows taken, now at Lamp\.ON"):
        lamp.settle(5)
    assert len(bulb.heard) == 5


def test_a_failing_action_is_not_hidden():
    def fail(bulb: Bulb) -> None:
        raise ZeroDivisionError

    _, lamp = machine([Row(Lamp.OFF, Lamp.ON, (), (fail,))])
    with pytest.raises(ZeroDivisionError):
        lamp.settle()


def test_two_machines_do_not_share_a_state():
    (one, first), (_, second) = machine(), machine()
    one.pressed = True
    first.settle()
    second.settle()
    assert (first.state, second.state) == (Lamp.ON, Lamp.OFF)


def test_from_each_repeats_the_row():
    assert ROWS[:2] == [Row(Lamp.OFF, Lamp.BROKEN, (smashed,)), Row(Lamp.ON, Lamp.BROKEN, (smashed,))]


def test_settling_costs_little_where_nothing_applies():
    _, lamp = machine([Row(Lamp.OFF, Lamp.ON, (released, smashed))] * 10)
    best_s = min(timeit.repeat(lamp.settle, number=200, repeat=20)) / 200
    assert best_s < 20e-6


def test_the_diagram_names_conditions_and_actions():
    assert mermaid([*ROWS[2:], Row(Lamp.OFF, Lamp.ON)]) == (
        "stateDiagram-v2\n    OFF --> ON: pressed / click\n    ON --> OFF: released / click, click\n"
        "    OFF --> ON: always\n"
    )
