"""`chargepoint check`."""

import json
from pathlib import Path

import pytest

from chargepoint.__main__ import main
from chargepoint.cli.exits import Exit

Out = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cp.toml"


def test_a_good_file(file: Path, capsys: Out) -> None:
    file.write_text('[station]\nid = "CP1"\n')
    assert main(["check", str(file)]) == Exit.OK
    assert capsys.readouterr().out == f"{file} can be used: no problems, no warnings\n"


def test_all_problems_and_all_warnings(file: Path, capsys: Out) -> None:
    file.write_text('[station]\nidd = "CP1"\n[[backend]]\nurl = "ws://h"\npassword = "hunter2"\n')
    assert main(["check", str(file)]) == Exit.PROBLEMS
    told = capsys.readouterr()
    assert [line.split(": ")[0] for line in told.err.splitlines()] == [f"{file}:1", f"{file}:2", f"{file}:4"]
    assert told.err.endswith("(warning)\n")
    assert told.out == f"{file} cannot be used: 2 problems, 1 warning\n"
    assert "hunter2" not in told.err


def test_json(file: Path, capsys: Out) -> None:
    file.write_text('[station]\nid = "CP1"\n[guard]\nlease_s = 9\n')
    assert main(["check", "--json", str(file)]) == Exit.PROBLEMS
    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "problems": [
            {"file": str(file), "line": 4, "key": "guard.lease_s", "text": "is 9, must be 0.3..3 (seconds)"},
        ],
        "warnings": [],
    }


def test_what_only_the_parts_know_is_told_too(file: Path, capsys: Out) -> None:
    file.write_text('locked = ["HartbeatInterval"]\n[station]\nid = "CP1"\n')
    assert main(["check", str(file)]) == Exit.PROBLEMS
    assert "HartbeatInterval" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_mistake_of_the_command_line(file: Path, capsys: Out) -> None:
    assert main(["check", str(file)]) == Exit.USAGE
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_the_shipped_example_is_good(capsys: Out) -> None:
    example = Path(__file__).parents[2] / "deploy" / "chargepoint.toml"
    assert main(["check", str(example)]) == Exit.OK
