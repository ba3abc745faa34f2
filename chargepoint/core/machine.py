"""A typed table on top of `transitions`: rows are data, conditions and actions are functions of the model.

The table is level-triggered: a row says *when the facts look like this*, not *when that message arrives*, and the
table is walked until no row applies. For one state the rows are tried top to bottom and the first whose conditions all
hold is taken. Then the state changes, ``on_enter`` runs, and the row's actions run, in this order.

Three sharp edges of `transitions` are kept inside: there are no callbacks by name (they fail late, with the state
already changed), no automatic transitions (they open every door), and its triggers hang on a private cell instead of
the model. As its dispatch is dear and mostly nothing applies, the conditions of the current state are asked first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from transitions import Machine as _Machine

S = TypeVar("S", bound=Enum)
M = TypeVar("M")

Condition = Callable[[M], bool]
Action = Callable[[M], None]

_TRIGGER = "settle"


@dataclass(frozen=True, slots=True)
class Row(Generic[S, M]):
    source: S
    dest: S
    when: tuple[Condition[M], ...] = ()
    do: tuple[Action[M], ...] = ()


def from_each(
    sources: Iterable[S], dest: S, when: tuple[Condition[M], ...] = (), do: tuple[Action[M], ...] = ()
) -> list[Row[S, M]]:
    """The same row for several sources."""
    return [Row(source, dest, when, do) for source in sources]


class _Cell:
    """What `transitions` takes for the model."""

    state: Any


class Machine(Generic[S, M]):
    """The state of ``model`` by the table ``rows``; ``on_enter`` runs for every state that is entered by a row."""

    def __init__(
        self, model: M, states: type[S], rows: Sequence[Row[S, M]], initial: S, on_enter: Callable[[M, S], None]
    ) -> None:
        def about_model(function: Callable[[M], Any]) -> Callable[[Any], Any]:
            return lambda _event: function(model)

        def enter(state: S) -> Callable[[Any], None]:
            return lambda _event: on_enter(model, state)

        self._model = model
        self._cell = _Cell()
        machine: Any = _Machine(
            self._cell,
            initial=initial,
            auto_transitions=False,
            send_event=True,
            states=[{"name": state, "on_enter": [enter(state)]} for state in states],
            transitions=[
                {
                    "trigger": _TRIGGER,
                    "source": row.source,
                    "dest": row.dest,
                    "conditions": [about_model(condition) for condition in row.when],
                    "after": [about_model(action) for action in row.do],
                }
                for row in rows
            ],
        )
        self._fire: Callable[[Any], bool] = machine.events[_TRIGGER].trigger
        self._when = {state: [row.when for row in rows if row.source is state] for state in states}

    @property
    def state(self) -> S:
        state: S = self._cell.state
        return state

    def settle(self, limit: int = 16) -> None:
        """Take rows until none applies. Raises RuntimeError after ``limit`` rows: such a table is a bug of ours."""
        for _ in range(limit):
            if not self._applies():
                return
            self._fire(self._cell)
        raise RuntimeError(f"the table does not settle: {limit} rows taken, now at {self.state}")

    def _applies(self) -> bool:
        model = self._model
        for when in self._when[self._cell.state]:
            for condition in when:
                if not condition(model):
                    break
            else:
                return True
        return False


def mermaid(rows: Sequence[Row[Any, Any]]) -> str:
    """The table as a Mermaid state diagram: ``source --> dest: conditions / actions``."""
    lines = ["stateDiagram-v2"]
    for row in rows:
        when = " and ".join(condition.__name__ for condition in row.when) or "always"
        did = ", ".join(action.__name__ for action in row.do)
        lines.append(f"    {row.source.name} --> {row.dest.name}: {when}" + (f" / {did}" if did else ""))
    return "\n".join(lines) + "\n"
