"""`chargepoint queue` and `chargepoint ledger verify`."""

import json
from pathlib import Path

import pytest

from chargepoint.__main__ import main
from chargepoint.cli.exits import Exit
from tests.cli.daemon import answering

Out = pytest.CaptureFixture[str]
WAITING = [
    {"key": 7, "kind": "TransactionStarted", "tx": "0f3c", "at": "2025-11-20T10:22:31.000Z", "attempts": 2},
    {"key": 8, "kind": "TransactionEnded", "tx": "0f3c", "at": None, "attempts": 0},
]
DEAD = [{"id": 3, "kind": "TransactionEnded", "tx": "0f3c", "why": "x" * 80, "waiting": False, "body": "{}"}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.mark.parametrize("words", [[], ["show"]])
def test_what_waits(path: Path, capsys: Out, words: list[str]) -> None:
    with answering(path, {"queue": [{"ok": True, "waiting": 5, "queue": WAITING}]}) as daemon:
        assert main(["queue", *words, "--socket", daemon.path]) == Exit.OK
    assert capsys.readouterr().out.splitlines() == [
        "key  kind                tx    at                        attempts",
        "7    TransactionStarted  0f3c  2025-11-20T10:22:31.000Z  2",
        "8    TransactionEnded    0f3c  -                         0",
        "and 3 more",
    ]


def test_dead_letters(path: Path, capsys: Out) -> None:
    with answering(path, {"dead": [{"ok": True, "dead": DEAD}]}) as daemon:
        assert main(["queue", "dead", "--socket", daemon.path]) == Exit.OK
        assert main(["queue", "dead", "--json", "--socket", daemon.path]) == Exit.OK
    *_, row, as_json = capsys.readouterr().out.splitlines()
    assert "xxx..." in row
    assert json.loads(as_json) == {"dead": DEAD}


def test_nothing_there(path: Path, capsys: Out) -> None:
    answers = {"queue": [{"ok": True, "queue": [], "waiting": 0}], "dead": [{"ok": True, "dead": []}]}
    with answering(path, answers) as daemon:
        assert main(["queue", "--socket", daemon.path]) == Exit.OK
        assert main(["queue", "dead", "--socket", daemon.path]) == Exit.OK
    told = capsys.readouterr().out
    assert told == "nothing waits for the backend\nthe backend has refused nothing for good\n"


def test_another_try(path: Path, capsys: Out) -> None:
    with answering(path, {"retry": [{"ok": True, "retried": 3}]}) as daemon:
        assert main(["queue", "retry", "3", "--socket", daemon.path]) == Exit.OK
    assert daemon.asked == [{"ask": "retry", "id": 3}]
    assert capsys.readouterr().out.startswith("3 is in the queue again\n")


def test_only_an_administrator_may(path: Path, capsys: Out) -> None:
    with answering(path, {"retry": [{"ok": False, "error": "only root may command"}]}) as daemon:
        assert main(["queue", "retry", "3", "--socket", daemon.path]) == Exit.REFUSED
    assert capsys.readouterr().err == "the daemon refused: only root may command\n"


@pytest.mark.parametrize("words", [["retry"], ["show", "3"]])
def test_an_id_where_it_belongs(words: list[str], capsys: Out) -> None:
    assert main(["queue", *words]) == Exit.USAGE
    assert "needs an id" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ({"ok": True, "rows": 812, "broken": None}, Exit.OK, ["the ledger is whole", "rows    812", "broken  -"]),
        ({"ok": False, "rows": 40, "broken": 40}, Exit.PROBLEMS, ["THE LEDGER IS BROKEN", "broken  40"]),
    ],
)
def test_the_ledger(path: Path, capsys: Out, answer: dict[str, object], code: int, words: list[str]) -> None:
    with answering(path, {"ledger": [{"ok": True, "ledger": answer}]}) as daemon:
        assert main(["ledger", "verify", "--socket", daemon.path]) == code
        told = capsys.readouterr().out
        assert main(["ledger", "verify", "--json", "--socket", daemon.path]) == code
    assert all(word in told for word in words)
    assert json.loads(capsys.readouterr().out) == answer
