"""`chargepoint sim ...`: which requests reach the mock world, and what a person reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from chargepoint.__main__ import main
from chargepoint.cli.exits import Exit
from chargepoint.cli.sim import WORDS
from tests.cli.daemon import answering

Out = pytest.CaptureFixture[str]
OPS = ("cable", "load", "rfid", "look", "fault", "network", "diode", "meter", "help")

# words -> the requests, in order
CASES: dict[str, list[dict[str, Any]]] = {
    "plug": [{"op": "cable", "connector": 1, "state": "B"}],
    "plug 2": [{"op": "cable", "connector": 2, "state": "B"}],
    "unplug 1": [{"op": "cable", "connector": 1, "state": "A"}],
    "pause 1": [{"op": "cable", "connector": 1, "state": "B"}],
    "charge 1": [
        {"op": "load", "connector": 1, "amps": [16.0, 16.0, 16.0]},
        {"op": "cable", "connector": 1, "state": "C"},
    ],
    "charge 2 --amps 10 --phases 1": [
        {"op": "load", "connector": 2, "amps": [10.0]},
        {"op": "cable", "connector": 2, "state": "C"},
    ],
    "card 04A1B2C3": [{"op": "rfid", "token": "04A1B2C3"}],
    "card 04A1B2C3 --connector 2": [{"op": "rfid", "token": "04A1B2C3", "connectors": [2]}],
    "look": [{"op": "look", "connector": 1}],
    "fault 1 other": [{"op": "fault", "connector": 1, "code": "other", "on": True}],
    "fault 0 other --clear": [{"op": "fault", "connector": 0, "code": "other", "on": False}],
    "network down": [{"op": "network", "up": False}],
    "network up": [{"op": "network", "up": True}],
    "diode": [{"op": "diode", "connector": 1, "failed": True}],
    "diode 1 --clear": [{"op": "diode", "connector": 1, "failed": False}],
    "meter 1 --energy-wh 1500": [{"op": "meter", "connector": 1, "energy_wh": 1500.0}],
    "meter 1 --silent on --wrong off": [{"op": "meter", "connector": 1, "silent": True, "wrong": False}],
    'raw {"op":"help"}': [{"op": "help"}],
}


@pytest.mark.parametrize("words", CASES)
def test_each_word_becomes_its_requests(words: str, tmp_path: Path, capsys: Out) -> None:
    with answering(tmp_path / "w.sock", {op: [{"ok": True}] for op in OPS}) as world:
        assert main(["sim", *words.split(), "--socket", world.path]) == Exit.OK
    assert world.asked == CASES[words]
    assert capsys.readouterr().out == "done\n"


def test_every_word_is_tried_above() -> None:
    assert {words.split()[0] for words in CASES} == set(WORDS)


def test_look_is_read_line_by_line_or_as_json(tmp_path: Path, capsys: Out) -> None:
    seen = {"ok": True, "duty": 26.667, "contactor": True, "lights": "charging"}
    with answering(tmp_path / "w.sock", {"look": [seen]}) as world:
        assert main(["sim", "look", "1", "--socket", world.path]) == Exit.OK
        assert " ".join(capsys.readouterr().out.split()) == "duty 26.667 contactor true lights charging"
        assert main(["sim", "look", "1", "--json", "--socket", world.path]) == Exit.OK
    assert json.loads(capsys.readouterr().out) == seen


def test_a_note_is_told(tmp_path: Path, capsys: Out) -> None:
    with answering(tmp_path / "w.sock", {"rfid": [{"ok": True, "heard": 0, "note": "nobody listens"}]}) as world:
        assert main(["sim", "card", "04A1", "--socket", world.path]) == Exit.OK
    assert capsys.readouterr().out == "done; nobody listens\n"


def test_a_refusal_stops_at_once(tmp_path: Path, capsys: Out) -> None:
    with answering(tmp_path / "w.sock", {"load": [{"ok": False, "error": "no connector 9"}]}) as world:
        assert main(["sim", "charge", "9", "--socket", world.path]) == Exit.REFUSED
    assert len(world.asked) == 1
    assert capsys.readouterr().err == "the mock world refused: no connector 9\n"


def test_no_world(tmp_path: Path, capsys: Out) -> None:
    assert main(["sim", "plug", "--socket", str(tmp_path / "w.sock")]) == Exit.UNREACHABLE
    assert "no mock world answers" in capsys.readouterr().err


@pytest.mark.parametrize("socket", ["", "elsewhere.sock"])
def test_the_socket_is_found_by_the_file(tmp_path: Path, socket: str) -> None:
    file = tmp_path / "cp.toml"
    board = f'[board]\nmock_socket = "{tmp_path / socket}"\n' if socket else ""
    file.write_text(f'[station]\nid = "CP1"\nrun_dir = "{tmp_path}"\n{board}')
    with answering(tmp_path / (socket or "world.sock"), {"cable": [{"ok": True}]}) as world:
        assert main(["sim", "plug", "--config", str(file)]) == Exit.OK
    assert len(world.asked) == 1


def test_real_hardware_is_not_simulated(tmp_path: Path, capsys: Out) -> None:
    file = tmp_path / "cp.toml"
    pins = "[[connector]]\n[connector.pilot]\n[connector.contactor]\n"
    file.write_text(f'[station]\nid = "CP1"\n[board]\nname = "raspi-mcp3008"\n{pins}')
    assert main(["sim", "plug", "--config", str(file)]) == Exit.USAGE
    assert "real hardware" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["raw nonsense", "raw [1]", "network sideways", "card", "fault other", "dance"])
def test_words_that_cannot_be(words: str, capsys: Out) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sim", *words.split()])
    assert ended.value.code == Exit.USAGE
    assert "error: " in capsys.readouterr().err
