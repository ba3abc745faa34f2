"""Visit every reachable state of a model, breadth first, so that the first story that breaks a rule is a shortest one.

The model is anything; ``freeze`` makes a hashable key of all that matters, ``thaw`` makes a model of a key. A move
changes a model and raises AssertionError where a rule is broken. Times belong into a key as what is left of them, so
that the number of states is finite.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from chargepoint.core.machine import Row

M = TypeVar("M")
K = TypeVar("K", bound=Hashable)


class RuleError(AssertionError):
    """A rule does not hold; ``story`` is the shortest way there, as names of moves."""

    def __init__(self, rule: str, story: Sequence[str]) -> None:
        super().__init__(f"{rule}\nafter: {' > '.join(story) or 'nothing'}")
        self.rule, self.story = rule, tuple(story)


@dataclass
class Walk(Generic[M, K]):
    """``inspect``, where given, sees every state once; it may spoil the model."""

    moves: Mapping[str, Callable[[M], None]]
    freeze: Callable[[M], K]
    thaw: Callable[[K], M]
    inspect: Callable[[M], None] | None = None
    limit: int = 200_000
    came: dict[K, tuple[K, str] | None] = field(default_factory=dict)
    after: dict[K, dict[str, K]] = field(default_factory=dict)

    def run(self, *starts: K) -> "Walk[M, K]":
        """Every state reachable from ``starts``. Raises RuleError with the story of the first broken rule."""
        todo = deque(start for start in starts if start not in self.came)
        self.came |= dict.fromkeys(todo)
        while todo:
            key = todo.popleft()
            self.after[key] = self.moved(key)
            for name, after in self.after[key].items():
                if after not in self.came:
                    self.came[after] = (key, name)
                    todo.append(after)
            if len(self.came) > self.limit:
                raise RuleError(f"more than {self.limit} states: something counts without bound", self.story(key))
        return self

    def moved(self, key: K) -> dict[str, K]:
        """Where each move leads from a state."""
        after = {}
        name = "inspection"
        try:
            if self.inspect is not None:
                self.inspect(self.thaw(key))
            for name, move in self.moves.items():
                model = self.thaw(key)
                move(model)
                after[name] = self.freeze(model)
        except (AssertionError, RuntimeError) as broken:
            raise RuleError(str(broken), [*self.story(key), name]) from broken
        return after

    def story(self, key: K) -> list[str]:
        """The shortest way to a state."""
        names: list[str] = []
        step = self.came.get(key)
        while step is not None:
            names.append(step[1])
            step = self.came[step[0]]
        return names[::-1]

    def stranded(self, goal: Callable[[K], bool]) -> list[K]:
        """The states from which no state of ``goal`` can be reached: dead ends."""
        before: dict[K, list[K]] = {key: [] for key in self.came}
        for key, nexts in self.after.items():
            for after in nexts.values():
                before[after].append(key)
        todo = deque(key for key in self.came if goal(key))
        alive = set(todo)
        while todo:
            for key in before[todo.popleft()]:
                if key not in alive:
                    alive.add(key)
                    todo.append(key)
        return [key for key in self.came if key not in alive]

    def notice(self, mutant: "Walk[M, K]", keys: Iterable[K]) -> RuleError | None:
        """How a changed table is found out; None: it is not.

        From each of these states of the sound walk the mutant makes one move. Where it arrives elsewhere without
        breaking a rule, it is followed from there.
        """
        strayed = []
        try:
            for key in keys:
                right = self.after[key]
                strayed += [after for name, after in mutant.moved(key).items() if after != right[name]]
            mutant.run(*strayed)
        except RuleError as found:
            return found
        return None


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
