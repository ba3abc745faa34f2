"""Visit every reachable state of a model, breadth first, so that the first story that breaks a rule is a shortest one.

The model is anything; ``freeze`` makes a hashable key of all that matters, ``thaw`` makes a model of a key. A move
changes a model and raises AssertionError where a rule is broken. Times belong into a key as what is left of them, so
that the number of states is finite.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from chargepoint.core.machine import Row

M = TypeVar("M")
K = TypeVar("K", bound=Hashable)


class Broken(AssertionError):
    """A rule does not hold; ``story`` is the shortest way there, as names of moves."""

    def __init__(self, rule: str, story: Sequence[str]) -> None:
        super().__init__(f"{rule}\nafter: {' > '.join(story) or 'nothing'}")
        self.rule, self.story = rule, tuple(story)


@dataclass
class Walked(Generic[K]):
    """Each state with how it was reached first, and with the states one move away."""

    came: dict[K, tuple[K, str] | None] = field(default_factory=dict)
    nexts: dict[K, set[K]] = field(default_factory=dict)

    def story(self, key: K) -> list[str]:
        """The shortest way to a state."""
        names: list[str] = []
        step = self.came[key]
        while step is not None:
            names.append(step[1])
            step = self.came[step[0]]
        return names[::-1]

    def stranded(self, goal: Callable[[K], bool]) -> list[K]:
        """The states from which no state of ``goal`` can be reached: dead ends."""
        before: dict[K, list[K]] = {key: [] for key in self.came}
        for key, nexts in self.nexts.items():
            for after in nexts:
                before[after].append(key)
        todo = deque(key for key in self.came if goal(key))
        alive = set(todo)
        while todo:
            for key in before[todo.popleft()]:
                if key not in alive:
                    alive.add(key)
                    todo.append(key)
        return [key for key in self.came if key not in alive]


def walk(
    start: M,
    moves: Mapping[str, Callable[[M], None]],
    freeze: Callable[[M], K],
    thaw: Callable[[K], M],
    limit: int = 200_000,
) -> Walked[K]:
    """Every state reachable from ``start``. Raises Broken with the story of the first broken rule."""
    first = freeze(start)
    walked: Walked[K] = Walked({first: None})
    todo = deque([first])
    while todo:
        key = todo.popleft()
        nexts = walked.nexts[key] = set()
        for name, move in moves.items():
            model = thaw(key)
            try:
                move(model)
            except (AssertionError, RuntimeError) as broken:
                raise Broken(str(broken), [*walked.story(key), name]) from broken
            after = freeze(model)
            nexts.add(after)
            if after not in walked.came:
                walked.came[after] = (key, name)
                todo.append(after)
        if len(walked.came) > limit:
            raise Broken(f"more than {limit} states: something counts without bound", walked.story(todo[-1]))
    return walked


def mutants(rows: Sequence[Row[Any, Any]]) -> Iterator[tuple[str, list[Row[Any, Any]]]]:
    """The table with each row removed, each condition of a row removed, each action of a row removed, one at a time."""
    for number, row in enumerate(rows):
        above, below = list(rows[:number]), list(rows[number + 1 :])
        what = f"row {number} {row.source.name} > {row.dest.name}"
        yield f"{what} removed", [*above, *below]
        for condition in row.when:
            fewer = replace(row, when=tuple(other for other in row.when if other is not condition))
            yield f"{what} without condition {condition.__name__}", [*above, fewer, *below]
        for action in row.do:
            fewer = replace(row, do=tuple(other for other in row.do if other is not action))
            yield f"{what} without action {action.__name__}", [*above, fewer, *below]
