"""Lines for a terminal: spans of text with a colour, cut to a width. Pure.

Text from outside (a backend's error, a fault's help) never carries its control characters to the terminal.
"""

from collections.abc import Sequence
from typing import NamedTuple

COLOURS = {"": "", "good": "32", "warn": "33", "bad": "31;1", "dim": "2", "head": "1"}


class Style(NamedTuple):
    """How the lines will be shown. ``unicode`` False: the terminal can show ASCII only."""

    width: int = 80
    colour: bool = False
    unicode: bool = True


class Span(NamedTuple):
    text: str
    colour: str = ""


def paint(spans: Sequence[Span], style: Style) -> str:
    """One line, never wider than the terminal."""
    room = style.width
    painted = []
    for text, colour in spans:
        plain = clean(text, style)
        cut = plain if len(plain) <= room else plain[: max(0, room - 1)] + ("…" if style.unicode else "~")[:room]
        room -= len(cut)
        code = COLOURS[colour] if style.colour and cut.strip() else ""
        painted.append(f"\x1b[{code}m{cut}\x1b[0m" if code else cut)
    return "".join(painted).rstrip()


def clean(text: str, style: Style) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text)
    return printable if style.unicode else printable.encode("ascii", "replace").decode()


def table(rows: Sequence[Sequence[Span]], right: frozenset[int], gap: str = "  ") -> list[list[Span]]:
    """Rows of cells, padded so that columns stand below each other; columns in ``right`` stand at the right."""
    widths = [max(len(row[i].text) for row in rows) for i in range(len(rows[0]))]
    return [
        [
            Span((cell.text.rjust(width) if i in right else cell.text.ljust(width)) + gap, cell.colour)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    ]


def flow(segments: Sequence[Span], indent: int, style: Style, gap: str = "  ") -> list[list[Span]]:
    """Segments one after the other, on the next line where one does not fit; a long one is broken at its spaces."""
    lines: list[list[Span]] = []
    room = 0
    for text, colour in segments:
        for i, piece in enumerate(_pieces(text, style.width - indent)):
            if i or not lines or len(piece) + len(gap) > room:
                lines.append([Span(" " * indent)])
                room = style.width - indent
            else:
                piece = gap + piece
            lines[-1].append(Span(piece, colour))
            room -= len(piece)
    return lines


def titled(title: Span, segments: Sequence[Span], indent: int, style: Style) -> list[list[Span]]:
    """`flow` with a title before the first line, in the place of its indent."""
    lines = flow(segments, indent, style) or [[Span("")]]
    return [[Span(title.text.ljust(indent), title.colour), *lines[0][1:]], *lines[1:]]


def _pieces(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, max(width, 10)) or [""]
