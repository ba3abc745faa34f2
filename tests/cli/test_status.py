"""`chargepoint status` against somebody who answers as the daemon does."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chargepoint.__main__ import main
from chargepoint.cli.exits import Exit
from chargepoint.cli.options import DEFAULT_CONFIG
from chargepoint.cli.paint import Style
from chargepoint.cli.render import render
from chargepoint.cli.screen import HIDE, SHOW, UP, style_of
from tests.cli.daemon import answering
from tests.cli.states import BROKEN, CHARGES, HEALTHY

Out = pytest.CaptureFixture[str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def test_once(path: Path, capsys: Out) -> None:
    with answering(path, {"status": [{"ok": True, "status": HEALTHY}]}) as daemon:
        assert main(["status", "--socket", daemon.path]) == Exit.OK
    assert daemon.asked == [{"ask": "status"}]
    told = capsys.readouterr().out
    assert "Available" in told
    assert "\x1b" not in told


def test_a_fault_is_exit_code_1(path: Path, capsys: Out) -> None:
    with answering(path, {"status": [{"ok": True, "status": BROKEN}]}) as daemon:
        assert main(["status", "--socket", daemon.path]) == Exit.PROBLEMS
    assert "contactor-welded" in capsys.readouterr().out


def test_json_is_what_the_daemon_said(path: Path, capsys: Out) -> None:
    with answering(path, {"status": [{"ok": True, "status": CHARGES}]}) as daemon:
        assert main(["status", "--json", "--socket", daemon.path]) == Exit.OK
    assert json.loads(capsys.readouterr().out) == CHARGES


def test_the_socket_is_found_by_the_file(tmp_path: Path, path: Path, capsys: Out) -> None:
    file = tmp_path / "cp.toml"
    file.write_text(f'[station]\nid = "CP1"\nrun_dir = "{tmp_path}"\n')
    with answering(path, {"status": [{"ok": True, "status": HEALTHY}]}):
        assert main(["status", "--config", str(file)]) == Exit.OK


def test_a_file_that_was_named_must_be_right(tmp_path: Path, capsys: Out) -> None:
    file = tmp_path / "cp.toml"
    file.write_text("[station]\n")
    assert main(["status", "--config", str(file)]) == Exit.USAGE
    assert "station.id is missing" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "[station]\n"])
def test_the_default_file_may_be_absent_or_half_edited(
    tmp_path: Path, path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    monkeypatch.delenv("CHARGEPOINT_CONFIG", raising=False)
    default = tmp_path / "default.toml"
    if text is not None:
        default.write_text(text)
    monkeypatch.setattr("chargepoint.cli.options.DEFAULT_CONFIG", str(default))
    monkeypatch.setattr("chargepoint.cli.options.DEFAULT_RUN_DIR", str(tmp_path))
    with answering(path, {"status": [{"ok": True, "status": HEALTHY}]}):
        assert main(["status"]) == Exit.OK
    assert ("station.id is missing" in capsys.readouterr().err) == (text is not None)
    assert DEFAULT_CONFIG.startswith("/etc/")


# what is at the other end -> exit code, and what is said
ANSWERS = {
    "refused": (b'{"ok": false, "error": "not for you"}\n', Exit.REFUSED, "the daemon refused: not for you"),
    "refused without a word": (b'{"ok": false}\n', Exit.REFUSED, "without a reason"),
    "no answer": (b"", Exit.UNREACHABLE, "hung up without an answer"),
    "half an answer": (b'{"ok": tr', Exit.UNREACHABLE, "hung up without an answer"),
    "not JSON": (b"HTTP/1.1 400\n", Exit.UNREACHABLE, "is not a JSON object"),
    "a list": (b"[1]\n", Exit.UNREACHABLE, "is not a JSON object"),
    "nested": (b"[" * 100_000 + b"\n", Exit.UNREACHABLE, "is not a JSON object"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_other_answers(name: str, path: Path, capsys: Out) -> None:
    line, code, words = ANSWERS[name]
    with answering(path, {"status": [line]}) as daemon:
        assert main(["status", "--socket", daemon.path]) == code
    assert words in capsys.readouterr().err


def test_nobody_there(path: Path, capsys: Out) -> None:
    assert main(["status", "--socket", str(path)]) == Exit.UNREACHABLE
    assert "the daemon is not running" in capsys.readouterr().err
    with answering(path, {}):
        pass
    assert main(["status", "--socket", str(path)]) == Exit.UNREACHABLE
    assert "nobody listens" in capsys.readouterr().err
    assert main(["status", "--socket", "/" + "x" * 200]) == Exit.UNREACHABLE


def test_a_daemon_that_hangs(path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chargepoint.cli.panel.TIMEOUT_S", 0.05)
    with answering(path, {"status": [None]}) as daemon:
        assert main(["status", "--socket", daemon.path]) == Exit.UNREACHABLE
    assert "the daemon hangs" in capsys.readouterr().err


def test_watch_into_a_pipe_prints_every_change_and_ends_with_the_daemon(path: Path, capsys: Out) -> None:
    changes = [{"ok": True, "status": HEALTHY}, {"ok": True, "status": CHARGES}]
    with answering(path, {"watch": changes}) as daemon:
        assert main(["status", "--watch", "--socket", daemon.path]) == Exit.UNREACHABLE
        assert main(["status", "--watch", "--json", "--socket", daemon.path]) == Exit.UNREACHABLE
    told = capsys.readouterr()
    text, lines = told.out.split("{", 1)
    assert text.index("Available") < text.index("Charging")
    assert "\x1b" not in told.out
    assert [json.loads(line) for line in ("{" + lines).splitlines()] == [HEALTHY, CHARGES]
    assert told.err.count("the daemon has ended") == 2


def test_watch_on_a_terminal_draws_in_place_and_ends_with_ctrl_c(path: Path) -> None:
    changes = [{"ok": True, "status": HEALTHY}, {"ok": True, "status": CHARGES}, None]
    ours, theirs = pty.openpty()
    with answering(path, {"watch": changes}) as daemon:
        command = [sys.executable, "-m", "chargepoint", "status", "--watch", "--socket", daemon.path]
        env = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}
        env.pop("NO_COLOR", None)
        watching = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=env)
        os.close(theirs)
        seen = _read_until(ours, b"Charging")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == Exit.OK
        seen += _read_until(ours, SHOW.encode())
    os.close(ours)
    assert seen.startswith(HIDE.encode())
    assert seen.endswith(SHOW.encode())
    first = len(render(HEALTHY, Style(80)))
    assert UP.format(first).encode() in seen, "the second picture starts where the first one stood"
    assert b"Traceback" not in seen


def _read_until(fd: int, what: bytes, within_s: float = 10.0) -> bytes:
    seen, end = b"", time.monotonic() + within_s
    while what not in seen:
        assert time.monotonic() < end, seen
        seen += os.read(fd, 65536)
    return seen


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_it_is_not_wanted(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    try:
        with os.fdopen(theirs, "w", encoding="utf-8") as out:
            monkeypatch.setenv("TERM", "xterm")
            monkeypatch.delenv("NO_COLOR", raising=False)
            assert style_of(out).colour
            monkeypatch.setenv(name, value)
            assert not style_of(out).colour
    finally:
        os.close(ours)
