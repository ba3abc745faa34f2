"""The front door: finding a command, exit codes, and what each way in imports."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import chargepoint
from chargepoint import __version__
from chargepoint.__main__ import COMMANDS, main
from chargepoint.cli.exits import MEANING, Exit
from chargepoint.errors import ChargepointError, CommandError, ConfigError, StoreError

GOOD = '[station]\nid = "CP1"\n'
Out = pytest.CaptureFixture[str]


def called(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "100", **environment}
    command = [sys.executable, "-m", "chargepoint", *words]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=30, check=False)


def test_help_lists_every_command_and_every_exit_code(capsys: Out) -> None:
    assert main(["--help"]) == Exit.OK
    told = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in told
    for code, meaning in MEANING.items():
        assert f"\n  {int(code)} " in told
        assert meaning in told
    assert set(MEANING) == set(Exit)


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"demo"}))
def test_every_command_explains_itself(name: str, capsys: Out) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: chargepoint {name}" in capsys.readouterr().out


def test_without_a_command_it_tells_how(capsys: Out) -> None:
    assert main([]) == Exit.USAGE
    assert "usage: chargepoint COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "hint"),
    [("statsu", "did you mean `chargepoint status`?"), ("xyzzy", "`chargepoint --help` lists the commands")],
)
def test_an_unknown_command(word: str, hint: str, capsys: Out) -> None:
    assert main([word]) == Exit.USAGE
    assert capsys.readouterr().err == f"there is no command {word!r}; {hint}\n"


def test_version(capsys: Out) -> None:
    assert main(["--version"]) == Exit.OK
    assert main(["version"]) == Exit.OK
    assert main(["version", "--json"]) == Exit.OK
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"chargepoint {__version__}"
    assert told[1].startswith(f"chargepoint {__version__} (Python 3.")
    assert f'"version": "{__version__}"' in told[2]


@pytest.fixture
def wiring(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the commands find as `chargepoint.wiring`; it records how it was called."""
    calls: list[tuple[object, ...]] = []

    def answer(name: str) -> object:
        def called(*args: object) -> int:
            calls.append((name, *args))
            return 0

        return called

    fake = SimpleNamespace(calls=calls, **{name: answer(name) for name in ("run", "guard", "safe_state")})
    monkeypatch.setattr(chargepoint, "wiring", fake, raising=False)
    return fake


def test_what_the_commands_hand_on(wiring: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHARGEPOINT_CONFIG", raising=False)
    assert main(["run", "--config", "/a"]) == 0
    assert main(["guard", "--config", "/a", "--fd", "7"]) == 0
    assert main(["guard", "--socket", "/s"]) == 0
    monkeypatch.setenv("CHARGEPOINT_CONFIG", "/b")
    assert main(["safe-state"]) == 0
    assert wiring.calls == [
        ("run", "/a"),
        ("guard", "/a", 7, None),
        ("guard", "/etc/chargepoint/chargepoint.toml", None, "/s"),
        ("safe_state", "/b"),
    ]


@pytest.mark.parametrize("words", [[], ["--fd", "3", "--socket", "/s"], ["--fd", "x"]])
def test_the_guard_wants_exactly_one_line_to_the_daemon(words: list[str], capsys: Out) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["guard", *words])
    assert ended.value.code == Exit.USAGE
    assert "usage: chargepoint guard" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError(["f:1: a", "f:2: b"]), Exit.USAGE),
        (CommandError("no"), Exit.USAGE),
        (StoreError("locked"), Exit.PROBLEMS),
        (ChargepointError("?"), Exit.PROBLEMS),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
    ],
)
def test_errors_become_exit_codes(
    wiring: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: Out, error: BaseException, code: int
) -> None:
    def fail(path: str) -> int:
        raise error

    monkeypatch.setattr(wiring, "run", fail)
    assert main(["run"]) == code
    assert capsys.readouterr().err.strip() == str(error)


def test_a_bug_is_not_hidden(wiring: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(wiring, "run")
    with pytest.raises(AttributeError):
        main(["run"])


def test_exit_codes_of_the_process(tmp_path: Path) -> None:
    file = tmp_path / "cp.toml"
    file.write_text(GOOD)
    assert called("check", str(file)).returncode == Exit.OK
    file.write_text("[station]\n")
    done = called("check", str(file))
    assert done.returncode == Exit.PROBLEMS
    assert "station.id is missing" in done.stderr
    assert called("status", "--nonsense").returncode == Exit.USAGE
    assert called("status", "--socket", str(tmp_path / "none.sock")).returncode == Exit.UNREACHABLE


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m chargepoint config reference | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "# The configuration file\n0\n"
    assert done.stderr == ""


def test_the_way_to_the_guard_imports_nothing_heavy() -> None:
    heavy = "asyncio socket json logging difflib chargepoint.config chargepoint.core chargepoint.cli.status hal_mock"
    code = (
        "import sys, types, chargepoint; from chargepoint.__main__ import main\n"
        "chargepoint.wiring = types.SimpleNamespace(guard=lambda *a: 0)\n"
        "assert main(['guard', '--fd', '3']) == 0\n"
        "print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *heavy.split()], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
