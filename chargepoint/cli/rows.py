"""What the daemon tells of its store: a list of objects as a table, one object as lines. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chargepoint.cli.paint import Span, Style, paint, table

WIDEST = 48


def listed(entries: Sequence[Mapping[str, Any]], columns: Sequence[str], style: Style) -> list[str]:
    cells = [
        [Span(name, "head") for name in columns],
        *([Span(_cell(row.get(name))) for name in columns] for row in entries),
    ]
    return [paint(line, style) for line in table(cells, frozenset())]


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
