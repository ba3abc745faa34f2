"""What the daemon tells of its store, printed as it comes: lists of objects as a table, one object as lines. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chargepoint.cli.paint import Span, Style, paint, table

WIDEST = 48


def listed(entries: Sequence[Any], style: Style, none: str) -> list[str]:
    """A table whose columns are the keys in the order of their first appearance."""
    rows = [entry for entry in entries if isinstance(entry, Mapping)]
    if not rows:
        return [none]
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[Span(name, "head") for name in names], *([Span(_cell(row.get(name))) for name in names] for row in rows)]
    numbers = frozenset(
        i for i, name in enumerate(names) if all(isinstance(row.get(name), (int, float)) for row in rows)
    )
    return [paint(line, style) for line in table(cells, numbers)]


def described(facts: Mapping[str, Any], style: Style) -> list[str]:
    cells = [[Span(str(name), "head"), Span(_text(value))] for name, value in facts.items()]
    return [paint(line, style) for line in table(cells, frozenset())] if cells else []


def _cell(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value)
