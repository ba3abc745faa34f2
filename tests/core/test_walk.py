"""The walker finds the shortest story, dead ends, what has no bound, and whether a changed model is noticed."""

from collections.abc import Callable

import pytest

from chargepoint.core.machine import Row
from tests.core.test_machine import ROWS, Lamp, click
from tests.core.walk import RuleError, Walk, mutants


class Counter:
    def __init__(self, value: int = 0) -> None:
        self.value = value


def up(by: int, top: int = 4, forbidden: int = -1) -> Callable[[Counter], None]:
    def move(counter: Counter) -> None:
        counter.value = min(counter.value + by, top)
        assert counter.value != forbidden, f"{forbidden} is forbidden"

    return move


def walk(**moves: Callable[[Counter], None]) -> Walk[Counter, int]:
    return Walk(moves, lambda counter: counter.value, Counter, limit=50)


def test_every_state_and_the_shortest_way():
    found = walk(one=up(1), two=up(2)).run(0)
    assert sorted(found.came) == [0, 1, 2, 3, 4]
    assert found.story(4) == ["two", "two"]


def test_a_broken_rule_tells_its_story():
    with pytest.raises(RuleError, match="3 is forbidden") as broken:
        walk(one=up(1, forbidden=3), two=up(2, forbidden=3)).run(0)
    assert broken.value.story == ("one", "two")


def test_an_inspection_that_fails_is_told_too():
    def even(counter: Counter) -> None:
        assert counter.value != 1, "one is odd"

    with pytest.raises(RuleError, match="one is odd") as broken:
        Walk({"one": up(1)}, lambda counter: counter.value, Counter, even).run(0)
    assert broken.value.story == ("one", "inspection")


def test_dead_ends():
    found = walk(one=up(1)).run(0)
    assert found.stranded(lambda key: key == 4) == []
    assert found.stranded(lambda key: key == 2) == [3, 4]


def test_what_counts_without_bound():
    with pytest.raises(RuleError, match="more than 50 states"):
        walk(one=up(1, top=1000)).run(0)


def test_a_mutant_is_noticed_at_once_or_later_or_never():
    sound = walk(one=up(1), two=up(2)).run(0)
    at_once = walk(one=up(1, forbidden=1), two=up(2))
    later = walk(one=up(1, top=6, forbidden=6), two=up(2))
    assert str(sound.notice(at_once, [0])).startswith("1 is forbidden")
    assert str(sound.notice(later, [4])).startswith("6 is forbidden")
    assert sound.notice(later, [0]) is None
    assert sound.notice(walk(one=up(1), two=up(2)), sound.came) is None


def test_mutants_remove_one_thing_each():
    found = dict(mutants(ROWS))
    assert len(found) == 10
    assert found["row 2 OFF > ON removed"] == [*ROWS[:2], ROWS[3]]
    assert found["row 2 OFF > ON without condition pressed"][2] == Row(Lamp.OFF, Lamp.ON, (), (click,))
    assert found["row 2 OFF > ON without action click"][2].do == ()
