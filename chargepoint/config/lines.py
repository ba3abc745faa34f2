"""Where in the file a key stands. `tomllib` does not tell, and an error without a line number costs a technician time.

The text has already been accepted by `tomllib`, so this scanner only has to find its way through valid TOML. Whatever
it cannot follow, it leaves out: a path that was not seen is answered with the line of the nearest table around it.
"""

import re
from bisect import bisect_right
from contextlib import suppress

from chargepoint.config.keys import Path

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_NAME = re.compile(r"""[ \t]*(?:([A-Za-z0-9_-]+)|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)')[ \t]*""")
_TEXT = re.compile(
    r'''"""(?:[^\\]|\\[\s\S])*?"{3,5}'''  # text over several lines
    r"|'''[\s\S]*?'{3,5}"
    r'''|"(?:[^"\\\n]|\\.)*"'''
    r"|'[^'\n]*'"
    r"|[^\s,\]}#]+(?: [0-9:.Z+-]+)?"  # a number, a date and a time, true, false
)


class _LostError(Exception):
    """The scanner cannot follow."""


def find(text: str) -> dict[Path, int]:
    """The line, counted from 1, of every key and table that was found."""
    scan = _Scan(text)
    with suppress(_LostError, RecursionError):
        scan.document()
    return scan.lines


def nearest(lines: dict[Path, int], path: Path) -> int | None:
    """The line of ``path`` or of the nearest thing around it; None: nothing around it is in the file."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.counts: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self.blank() < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)

    def header(self) -> Path:
        line, double = self.line(), self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        path: Path = ()
        names = self.names()
        for depth, name in enumerate(names, 1):
            path = (*path, name)
            if double and depth == len(names):
                self.counts[path] = self.counts.get(path, 0) + 1
                self.lines.setdefault(path, line)
            if path in self.counts:
                path = (*path, self.counts[path])
        self.lines.setdefault(path, line)
        self.expect("]]" if double else "]")
        return path

    def pair(self, table: Path) -> None:
        line, path = self.line(), table
        for name in self.names():
            path = (*path, name)
            self.lines.setdefault(path, line)
        self.expect("=")
        self.value(path)

    def value(self, path: Path) -> None:
        self.blank()
        if self.text.startswith("[", self.at):
            self.many("]", path)
        elif self.text.startswith("{", self.at):
            self.many("}", path)
        elif found := _TEXT.match(self.text, self.at):
            self.at = found.end()
        else:
            raise _LostError

    def many(self, close: str, path: Path) -> None:
        self.at += 1
        position = 0
        while self.blank() < len(self.text) and not self.text.startswith(close, self.at):
            if self.text.startswith(",", self.at):
                self.at += 1
            elif close == "}":
                self.pair(path)
            else:
                position += 1
                self.lines[(*path, position)] = self.line()
                self.value((*path, position))
        self.expect(close)

    def names(self) -> list[str]:
        names = []
        while True:
            found = _NAME.match(self.text, self.at)
            if not found:
                raise _LostError
            names.append(next(group for group in found.groups() if group is not None))
            self.at = found.end()
            if not self.text.startswith(".", self.at):
                return names
            self.at += 1

    def expect(self, token: str) -> None:
        if not self.text.startswith(token, self.at):
            raise _LostError
        self.at += len(token)

    def blank(self) -> int:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def line(self) -> int:
        return bisect_right(self.starts, self.at)
