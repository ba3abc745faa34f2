"""`chargepoint doctor` and `chargepoint rfid` from the command line."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chargepoint.__main__ import main
from chargepoint.cli.exits import Exit
from chargepoint.cli.findings import render, summary
from chargepoint.cli.paint import Style
from chargepoint.doctor.finding import Level, bad, hidden, ok, quoted, warn
from chargepoint.doctor.spellings import advice, spellings
from chargepoint.hal import Tap
from hal_mock.control import request
from hal_mock.csms import Csms
from hal_mock.launch import Places
from hal_mock.uart_reader import UartReader
from tests.cli.daemon import answering
from tests.cli.states import HEALTHY
from tests.hal_mock.worlds import end, places_in, until

Out = pytest.CaptureFixture[str]
PASSWORD = "hunter2-hunter2-hunter2"


def write(folder: Path, more: str = "") -> Path:
    file = folder / "cp.toml"
    file.write_text(f'[station]\nid = "CP1"\nstate_dir = "{folder}/state"\nrun_dir = "{folder}/run"\n{more}')
    (folder / "run").mkdir(exist_ok=True)
    return file


@contextmanager
def backend(**options: Any) -> Iterator[str]:
    """One in a thread of its own, because the commands bring their own loop."""
    ready, stop = threading.Event(), asyncio.Event()
    told: list[Any] = []

    async def serve() -> None:
        async with Csms(**options) as csms:
            told.extend((csms.url, asyncio.get_running_loop()))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(5)
    try:
        yield told[0]
    finally:
        told[1].call_soon_threadsafe(stop.set)
        thread.join(5)


# -- doctor backend ---------------------------------------------------------------------------------------------------


def test_a_healthy_backend(tmp_path: Path, capsys: Out) -> None:
    with backend(passwords={"CP1": PASSWORD}) as url:
        file = write(tmp_path, f'[[backend]]\nurl = "{url}"\npassword = "{PASSWORD}"\n')
        assert main(["doctor", "backend", "--config", str(file)]) == Exit.OK
        told = capsys.readouterr().out
        assert "the backend accepts this station" in told and PASSWORD not in told
        assert told.splitlines()[-1].endswith("fine, 1 warning, no problems")
        assert main(["doctor", "backend", "--json", "--config", str(file)]) == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True
    assert {"stage", "level", "what", "todo"} == set(answer["findings"][0])
    assert [finding["stage"] for finding in answer["findings"]][-2:] == ["boot", "clock"]


def test_a_sick_one_is_exit_code_1(tmp_path: Path, capsys: Out) -> None:
    with backend(passwords={"CP1": PASSWORD}) as url:
        file = write(tmp_path, f'[[backend]]\nurl = "{url}"\n')
        assert main(["doctor", "backend", "--config", str(file)]) == Exit.PROBLEMS
        assert main(["doctor", "backend", "--json", "--config", str(file)]) == Exit.PROBLEMS
    text, _, machine = capsys.readouterr().out.rpartition("\n{")
    assert "wants a password" in text
    assert json.loads("{" + machine)["ok"] is False


def test_a_daemon_that_runs_is_found_by_its_socket(tmp_path: Path, capsys: Out) -> None:
    with backend() as url:
        file = write(tmp_path, f'[[backend]]\nurl = "{url}"\n')
        with answering(tmp_path / "run" / "control.sock", {"status": [{"ok": True, "status": HEALTHY}]}):
            assert main(["doctor", "backend", "--config", str(file)]) == Exit.OK
            assert "so none is opened" in " ".join(capsys.readouterr().out.split())
            assert main(["doctor", "backend", "--force", "--config", str(file)]) == Exit.OK
    assert "accepts this station" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [b"nonsense\n", {"ok": False, "error": "no"}, {"ok": True, "status": 3}])
def test_a_daemon_that_does_not_tell_is_still_a_daemon(tmp_path: Path, capsys: Out, answer: Any) -> None:
    file = write(tmp_path)
    with answering(tmp_path / "run" / "control.sock", {"status": [answer]}):
        assert main(["doctor", "hardware", "--config", str(file)]) == Exit.PROBLEMS
    assert "does not tell its status" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "more", "sentence"),
    [
        (["backend"], "", "names no backend"),
        (["backend", "--close-contactor"], "", "--close-contactor belongs to `chargepoint doctor hardware`"),
        (["hardware", "--force"], "", "--force belongs to `chargepoint doctor backend`"),
    ],
)
def test_a_wrong_command_line(tmp_path: Path, capsys: Out, words: list[str], more: str, sentence: str) -> None:
    assert main(["doctor", *words, "--config", str(write(tmp_path, more))]) == Exit.USAGE
    assert sentence in capsys.readouterr().err


def test_a_file_that_cannot_be_used(tmp_path: Path, capsys: Out) -> None:
    file = write(tmp_path, "max_amps = 99\n")
    assert main(["doctor", "hardware", "--config", str(file)]) == Exit.PROBLEMS
    told = capsys.readouterr().out
    assert "max_amps" in told and "daemon" not in told
    assert main(["doctor", "hardware", "--config", str(tmp_path / "none")]) == Exit.USAGE


# -- doctor hardware --------------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Places]:
    places = places_in(tmp_path)
    yield places
    end(places)


def test_the_mock_board(tmp_path: Path, world: Places, capsys: Out) -> None:
    file = write(tmp_path)
    assert main(["doctor", "hardware", "--config", str(file)]) == Exit.OK
    told = capsys.readouterr().out
    assert "no vehicle is plugged" in told and "contactor " not in told
    request(world.socket, {"op": "cable", "connector": 1, "state": "B"})
    assert main(["doctor", "hardware", "--close-contactor", "--config", str(file)]) == Exit.PROBLEMS
    assert "the contactor was not closed" in capsys.readouterr().out


# -- rfid -------------------------------------------------------------------------------------------------------------


def test_a_card_in_every_spelling() -> None:
    told = spellings(Tap(bytes.fromhex("04A1B2C3")))
    assert told["sent"] == "04A1B2C3 (ISO14443)"
    assert told["hex, reversed"] == "C3B2A104"
    assert told["decimal"] == "77705923"
    assert told["padded to 7, behind"] == "04A1B2C3000000"
    assert told["padded to 7, before"] == "00000004A1B2C3"
    assert len(told["padded to 10, behind"]) == 20
    assert "padded to 7, behind" not in spellings(Tap(bytes(7)))
    assert spellings(Tap(bytes.fromhex("0A00BC614E")))["as printed on 125 kHz cards"] == "0012345678 or 188,24910"


@pytest.mark.parametrize(
    ("tap", "random"),
    [
        (Tap(bytes.fromhex("08A1B2C3")), True),
        (Tap(bytes.fromhex("04A1B2C3"), random=True), True),
        (Tap(bytes.fromhex("08A1B2C3D4E5F6")), False),
        (Tap(b""), False),
    ],
)
def test_a_card_that_draws_its_number(tap: Tap, random: bool) -> None:
    assert bool(advice(tap)) == random


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[str]]:
    """The command line in a process of its own, which ends in time whatever happens."""
    command = [sys.executable, "-m", "chargepoint", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        bound = threading.Timer(30, started.kill)
        bound.start()
        try:
            yield started
        finally:
            started.kill()
            bound.cancel()
            bound.join()


def test_a_tap_at_the_mock_reader(tmp_path: Path, world: Places) -> None:
    with process("rfid", "show", "--once", "--config", str(write(tmp_path))) as shown:
        assert shown.stdout is not None
        assert "show a card to mock reader 1" in shown.stdout.readline()
        until(lambda: request(world.socket, {"op": "rfid", "token": "04A1B2C3", "connectors": [1]})["heard"])
        told, _ = shown.communicate(timeout=20)
    assert shown.returncode == Exit.OK
    assert "C3B2A104" in told and "04A1B2C3 (ISO14443)" in told


def test_taps_at_a_real_reader_until_ctrl_c(tmp_path: Path) -> None:
    async def go() -> None:
        async with UartReader(tmp_path / "r") as reader:
            more = f'{REAL}[[reader]]\nkind = "line"\nport = "{reader.port}"\n'
            with process("rfid", "show", "--json", "--config", str(write(tmp_path, more))) as shown:
                out = shown.stdout
                assert out is not None

                async def line() -> Any:
                    return json.loads(await asyncio.to_thread(out.readline))

                waiting = asyncio.create_task(line())
                number = 0
                while not waiting.done():
                    number += 1
                    reader.line(f"{number:08X}")
                    await asyncio.wait([waiting], timeout=0.2)
                assert (await waiting)["reader"] == f"line at {reader.port}"
                shown.send_signal(signal.SIGINT)
                await asyncio.to_thread(shown.communicate, timeout=20)
            assert shown.returncode == Exit.OK

    asyncio.run(asyncio.wait_for(go(), 30))


def test_beside_a_daemon_no_card_is_read(tmp_path: Path, capsys: Out) -> None:
    file = write(tmp_path)
    with answering(tmp_path / "run" / "control.sock", {"status": [{"ok": True, "status": HEALTHY}]}):
        assert main(["rfid", "show", "--config", str(file)]) == Exit.REFUSED
    assert "the daemon is running and holds the readers" in capsys.readouterr().err


REAL = (
    '[board]\nname = "raspi-mcp3008"\n[guard]\nmode = "service"\n'
    "[[connector]]\n[connector.pilot]\n[connector.contactor]\n"
)


def test_no_reader_at_all(tmp_path: Path, capsys: Out) -> None:
    assert main(["rfid", "show", "--config", str(write(tmp_path, REAL))]) == Exit.USAGE
    assert "names no reader" in capsys.readouterr().err


def test_a_reader_that_is_gone(tmp_path: Path, capsys: Out) -> None:
    more = f'{REAL}[[reader]]\nkind = "rdm6300"\nport = "{tmp_path}/none"\n'
    assert main(["rfid", "show", "--config", str(write(tmp_path, more))]) == Exit.PROBLEMS
    assert "is it plugged in" in capsys.readouterr().err


# -- findings as lines ------------------------------------------------------------------------------------------------


def test_findings_as_lines() -> None:
    found = bad("tcp", "nobody listens at this port of this machine", "correct the port")
    lines = render(found, Style(width=44))
    assert lines == [
        "✖  tcp          nobody listens at this port",
        "                of this machine",
        "                → correct the port",
    ]
    assert render(ok("dns", "fine\x1b[2J"), Style(width=80, unicode=False)) == ["ok dns          fine [2J"]
    assert all("\x1b" in line for line in render(found, Style(colour=True)))
    assert summary([found, ok("dns", ""), warn("tls", "")]) == "1 fine, 1 warning, 1 problem"


def test_the_longer_secret_is_hidden_first() -> None:
    found = hidden(bad("x", "abcdef and abc", "abc"), ["abc", "abcdef", ""])
    assert (found.what, found.todo) == ("(not shown) and (not shown)", "(not shown)")
    assert found.level is Level.BAD


def test_what_others_say_is_short_and_on_one_line() -> None:
    assert quoted("a\nb\x1b c") == "a b c"
    assert len(quoted("x" * 999)) == 120


def test_a_signal_leaves_the_outputs_safe(tmp_path: Path, world: Places) -> None:
    """Ended in the middle of the examination."""
    two = write(tmp_path, "[[connector]]\n[[connector]]\n")
    with process("doctor", "hardware", "--config", str(two)) as examining:
        assert examining.stdout is not None
        assert any("meter 2" in line for line in examining.stdout), "the readers take a while"
        examining.terminate()
        examining.communicate(timeout=20)
    assert examining.returncode == Exit.INTERRUPTED
    look = request(world.socket, {"op": "look", "connector": 1})
    assert look["contactor"] is False and look["duty"] == 0
