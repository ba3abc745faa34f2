"""The doctor's findings as lines for a technician: a pure function of findings and a style."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from chargepoint.cli.paint import Span, Style, flow, paint, titled
from chargepoint.doctor.finding import Finding, Level

TITLE = 16
# level: symbol, the same in ASCII, colour
MARKS = {Level.OK: ("✓", "ok", "good"), Level.WARN: ("!", "!", "warn"), Level.BAD: ("✖", "x", "bad")}


def render(finding: Finding, style: Style) -> list[str]:
    """The sentence, and below it what to do."""
    rich, plain, colour = MARKS[finding.level]
    title = Span(f"{rich if style.unicode else plain:<2} {finding.stage}", colour)
    lines = titled(title, [Span(finding.what)], TITLE, style)
    if finding.todo:
        arrow = "→" if style.unicode else "->"
        lines += flow([Span(f"{arrow} {finding.todo}", "head")], TITLE, style)
    return [paint(line, style) for line in lines]


def summary(findings: Sequence[Finding]) -> str:
    """``12 fine, 1 warning, 2 problems``."""
    count = {level: sum(finding.level is level for finding in findings) for level in Level}

    def of(level: Level, word: str) -> str:
        return f"{count[level] or 'no'} {word}{'' if count[level] == 1 else 's'}"

    return f"{count[Level.OK]} fine, {of(Level.WARN, 'warning')}, {of(Level.BAD, 'problem')}"


def plain(finding: Finding) -> dict[str, Any]:
    """For JSON."""
    return {**asdict(finding), "level": finding.level.value}
