"""A block of lines that is drawn again in place, with plain ANSI sequences."""

import os
import shutil
from collections.abc import Sequence
from types import TracebackType
from typing import TextIO

from chargepoint.cli.paint import Style

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
UP, CLEAR_LINE, CLEAR_BELOW = "\x1b[{}F", "\x1b[K", "\x1b[J"


def style_of(out: TextIO) -> Style:
    """NO_COLOR (no-color.org) and TERM=dumb are respected; a pipe gets no colour and no cut below 80 columns."""
    tty = out.isatty()
    width = shutil.get_terminal_size((80, 24)).columns if tty else max(80, shutil.get_terminal_size((120, 24)).columns)
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Style(max(width, 40), tty and not plain, "utf" in (out.encoding or "").lower())


class Screen:
    """Draws on a terminal in place, on anything else one block after the other. The cursor comes back at the end."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._tty = out.isatty()
        self._drawn = 0

    def __enter__(self) -> "Screen":
        if self._tty:
            self._out.write(HIDE)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._tty:
            self._out.write(SHOW)
            self._out.flush()

    def draw(self, lines: Sequence[str]) -> None:
        if not self._tty:
            self._out.write("\n".join([*([""] if self._drawn else []), *lines]) + "\n")
            self._drawn = 1
        else:
            # what has scrolled away cannot be reached by moving up: draw no more than the terminal holds
            shown = lines[: max(1, shutil.get_terminal_size((80, 24)).lines - 1)]
            up = UP.format(self._drawn) if self._drawn else ""
            self._out.write(up + "".join(f"{line}{CLEAR_LINE}\n" for line in shown) + CLEAR_BELOW)
            self._drawn = len(shown)
        self._out.flush()
