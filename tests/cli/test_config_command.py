"""`chargepoint config ...`."""

import json
import tomllib
from pathlib import Path

import pytest

from chargepoint.__main__ import main
from chargepoint.cli.exits import Exit
from chargepoint.config.reference import example, page
from tests.cli.daemon import answering

Out = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "cp.toml"
    file.write_text(
        f'[station]\nid = "CP1"\nrun_dir = "{tmp_path}"\n[[backend]]\nurl = "wss://h"\npassword = "hunter2"\n'
    )
    return file


def test_the_pages(capsys: Out) -> None:
    assert main(["config", "reference"]) == Exit.OK
    assert capsys.readouterr().out == page()
    assert main(["config", "example"]) == Exit.OK
    assert capsys.readouterr().out == example()


def test_show_is_toml_without_secrets(file: Path, capsys: Out) -> None:
    assert main(["config", "show", str(file)]) == Exit.OK
    told = capsys.readouterr().out
    assert "hunter2" not in told
    assert tomllib.loads(told)["connector"][0]["max_amps"] == 16.0
    assert main(["config", "show", "--json", str(file)]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["backend"][0]["password"] == "(not shown)"


def test_show_of_a_file_that_cannot_be_used(file: Path, capsys: Out) -> None:
    file.write_text("[station]\n")
    assert main(["config", "show", str(file)]) == Exit.USAGE
    assert "station.id is missing" in capsys.readouterr().err


def test_explain_a_key_of_the_file_without_a_daemon(file: Path, capsys: Out) -> None:
    assert main(["config", "explain", "station.id", "--config", str(file)]) == Exit.OK
    told = capsys.readouterr().out.splitlines()
    assert told[0] == 'station.id = "CP1"'
    assert told[1].startswith("from: file ")
    assert told[2] == "The identity the backend knows this station by."
    assert main(["config", "explain", "guard.lease_s", "--json", "--config", str(file)]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["by"] == "default"


def test_explain_a_key_that_the_file_has_not(file: Path, capsys: Out) -> None:
    assert main(["config", "explain", "station.idd", "--config", str(file)]) == Exit.USAGE
    assert "has no key station.idd" in capsys.readouterr().err
    file.write_text("[station]\n")
    assert main(["config", "explain", "station.id", "--config", str(file)]) == Exit.USAGE
    assert "station.id is missing" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["HeartbeatInterval", "settings.HeartbeatInterval"])
def test_explain_a_setting_asks_the_daemon(file: Path, capsys: Out, name: str) -> None:
    found = {"name": "HeartbeatInterval", "value": "300", "by": "set by the backend"}
    with answering(file.parent / "control.sock", {"setting": [{"ok": True, "setting": found}]}) as daemon:
        assert main(["config", "explain", name, "--config", str(file)]) == Exit.OK
    assert daemon.asked == [{"ask": "setting", "name": "HeartbeatInterval"}]
    assert capsys.readouterr().out.splitlines() == [
        "HeartbeatInterval = 300",
        "from: set by the backend   (locked in the file > set by the backend > file > default)",
    ]


def test_explain_an_unknown_setting(file: Path, capsys: Out) -> None:
    answers = {"setting": [{"ok": False, "error": "there is no setting 'X'"}]}
    with answering(file.parent / "control.sock", answers):
        assert main(["config", "explain", "X", "--config", str(file)]) == Exit.REFUSED
    assert "there is no setting" in capsys.readouterr().err
