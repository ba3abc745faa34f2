"""What the doctor says: one sentence per finding, about one stage. Who is wrong and what was measured, then what to do.

No secret leaves this room: every finding goes through `hidden`, because a server may repeat what it was sent.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

LONGEST_QUOTE = 120
HIDDEN = "(not shown)"


class Level(Enum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """``todo`` is empty where nothing has to be done."""

    stage: str
    level: Level
    what: str
    todo: str = ""


Say = Callable[[Finding], None]


def ok(stage: str, what: str) -> Finding:
    return Finding(stage, Level.OK, what)


def warn(stage: str, what: str, todo: str = "") -> Finding:
    return Finding(stage, Level.WARN, what, todo)


def bad(stage: str, what: str, todo: str = "") -> Finding:
    return Finding(stage, Level.BAD, what, todo)


def healthy(findings: Iterable[Finding]) -> bool:
    """A warning is no illness."""
    return all(finding.level is not Level.BAD for finding in findings)


def hidden(finding: Finding, secrets: Iterable[str]) -> Finding:
    """The same without any of ``secrets``; the longest goes first, because one may be part of another."""
    what, todo = finding.what, finding.todo
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        what, todo = what.replace(secret, HIDDEN), todo.replace(secret, HIDDEN)
    return replace(finding, what=what, todo=todo)


def quoted(text: str) -> str:
    """Somebody else's words, short and on one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 3] + "..."
