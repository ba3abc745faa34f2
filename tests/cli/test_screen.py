"""Drawing in place: what goes to a terminal, what to anything else, and that the cursor comes back."""

import io

import pytest

from chargepoint.__main__ import main
from chargepoint.cli.exits import Exit
from chargepoint.cli.screen import CLEAR_BELOW, CLEAR_LINE, HIDE, SHOW, UP, Screen, style_of


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "4")
    return Terminal()


def test_the_second_picture_covers_the_first(terminal: Terminal) -> None:
    with Screen(terminal) as screen:
        screen.draw(["a", "b", "c"])
        screen.draw(["d"])
    first = f"a{CLEAR_LINE}\nb{CLEAR_LINE}\nc{CLEAR_LINE}\n{CLEAR_BELOW}"
    assert terminal.getvalue() == f"{HIDE}{first}{UP.format(3)}d{CLEAR_LINE}\n{CLEAR_BELOW}{SHOW}"


def test_no_more_than_the_terminal_holds(terminal: Terminal) -> None:
    with Screen(terminal) as screen:
        screen.draw(list("abcdef"))
        screen.draw(list("ghijkl"))
    assert UP.format(3) in terminal.getvalue()
    assert "d" not in terminal.getvalue()


def test_the_cursor_comes_back_whatever_happens(terminal: Terminal) -> None:
    with pytest.raises(KeyboardInterrupt), Screen(terminal):
        raise KeyboardInterrupt
    assert terminal.getvalue() == HIDE + SHOW


def test_anything_else_gets_block_after_block() -> None:
    out = io.StringIO()
    with Screen(out) as screen:
        screen.draw(["a", "b"])
        screen.draw(["c"])
    assert out.getvalue() == "a\nb\n\nc\n"


def test_the_style_is_what_the_other_end_can_show(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert (style_of(terminal).width, style_of(terminal).colour) == (80, True)
    assert not style_of(io.StringIO()).colour
    assert not style_of(io.TextIOWrapper(io.BytesIO(), "ascii")).unicode
    assert style_of(io.TextIOWrapper(io.BytesIO(), "utf-8")).unicode


def test_ctrl_c_ends_a_watch_without_a_complaint(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: str) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("chargepoint.cli.status.watch", interrupted)
    assert main(["status", "--watch", "--socket", "/s"]) == Exit.OK
