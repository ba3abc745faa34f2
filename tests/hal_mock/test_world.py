"""The world as a process: its socket, its registers, its end."""

import json
import mmap
import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chargepoint.hal import DeviceUnavailable
from hal_mock.control import MAX_LINE_BYTES, OPS, request
from hal_mock.fakes import FakePilotSensor
from hal_mock.launch import Places, ensure_world
from hal_mock.wires import ENDED, PAGE_BYTES, Wired, Wires
from hal_mock.world import main
from tests.hal_mock.worlds import end, free, kill, pid_of, places_in, until, world


class Talk:
    """A connection that stays open."""

    def __init__(self, places: Places) -> None:
        self.wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.wire.settimeout(5)
        self.wire.connect(places.socket)
        self._lines = self.wire.makefile("rb")

    def ask(self, **payload: Any) -> dict[str, Any]:
        self.wire.sendall(json.dumps(payload).encode() + b"\n")
        return self.hear()

    def hear(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer

    def ended(self) -> bool:
        return self._lines.readline() == b""

    def __enter__(self) -> "Talk":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self.wire.close()


@contextmanager
def page(places: Places) -> Iterator[Wires]:
    with open(places.wires, "r+b") as file, mmap.mmap(file.fileno(), PAGE_BYTES) as mapped:
        wires = Wires(mapped)
        yield wires
        wires.close()


def test_every_word_over_the_socket_and_many_on_one_connection(tmp_path: Path) -> None:
    with world(tmp_path, Wired(lock=True)) as places, Talk(places) as talk:
        for name, row in OPS.items():
            if name not in ("events", "end"):
                answer = talk.ask(**json.loads(row.example))
                assert answer["ok"] is True, (name, answer)
        assert talk.ask(op="look", connector=1)["state"] == "B"
        refused = talk.ask(op="look", connector=7)
        assert refused["ok"] is False
        assert "1 to 1" in refused["error"]


def test_a_line_too_long_is_refused_and_the_connection_closed(tmp_path: Path) -> None:
    with world(tmp_path) as places:
        with Talk(places) as talk:
            talk.wire.sendall(b"x" * (MAX_LINE_BYTES + 10))
            assert str(MAX_LINE_BYTES) in talk.hear()["error"]
            assert talk.ended()
        assert request(places.socket, {"op": "look"})["ok"]


def test_listeners_hear_what_holds_and_then_what_happens(tmp_path: Path) -> None:
    with world(tmp_path) as places:
        request(places.socket, {"op": "fault", "connector": 1, "code": "other", "on": True})
        assert request(places.socket, {"op": "rfid", "token": "AA"})["heard"] == 0
        with Talk(places) as first, Talk(places) as second:
            for talk in (first, second):
                assert talk.ask(op="events") == {"ok": True}
                assert talk.hear() == {"event": "fault", "connector": 1, "code": "other", "on": True}
                assert talk.hear() == {"event": "network", "up": True}
                assert talk.hear() == {"event": "reader", "gone": False}
            assert request(places.socket, {"op": "rfid", "token": "04A1B2C3", "connectors": [1]})["heard"] == 2
            for talk in (first, second):
                assert talk.hear() == {"event": "rfid", "token": "04A1B2C3", "connectors": [1]}
        until(lambda: request(places.socket, {"op": "network", "up": False})["heard"] == 0)


def test_the_meter_counts_and_keeps_its_register_over_an_end(tmp_path: Path) -> None:
    with world(tmp_path, Wired(enable=False)) as places:
        with page(places) as wires:
            request(places.socket, {"op": "cable", "state": "C"})
            request(places.socket, {"op": "load", "amps": [32, 32, 32], "obeys": False})
            line = wires.connector(1)
            line.coil.trigger(wires.head.alive_at, 600.0)
            until(lambda: request(places.socket, {"op": "look"})["energy_wh"] > 1.0)
            sample = line.sample()
            assert sample is not None
            assert sample.power_w == pytest.approx(96 * 230)
        end(places)
        with ensure_world(places, [Wired()]):
            seen = request(places.socket, {"op": "look"})
            assert seen["energy_wh"] >= sample.energy_wh
            assert seen["state"] == "A"


def test_a_register_that_was_set_survives_a_kill(tmp_path: Path) -> None:
    with world(tmp_path, Wired(), Wired()) as places:
        request(places.socket, {"op": "meter", "connector": 2, "energy_wh": 4321})
        request(places.socket, {"op": "contactor", "connector": 1, "welded": True})
        until(lambda: os.path.exists(places.registers))
        until(lambda: "4321" in Path(places.registers).read_text())
        kill(places)
        with pytest.raises(DeviceUnavailable, match="mock world"):
            request(places.socket, {"op": "look", "connector": 1})
        with ensure_world(places, [Wired(), Wired()]):
            assert request(places.socket, {"op": "look", "connector": 2})["energy_wh"] == 4321


def test_a_damaged_register_file_is_put_aside(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    os.makedirs(places.state_dir)
    Path(places.registers).write_text('{"energy_wh": [1')
    with world(tmp_path):
        assert request(places.socket, {"op": "look"})["energy_wh"] == 0.0
        assert Path(places.registers + ".damaged").exists()
        assert "damaged" in Path(places.log).read_text()


def test_a_change_on_the_pilot_wakes_the_sleeping_guard(tmp_path: Path) -> None:
    with world(tmp_path) as places, page(places) as wires:
        sensor = FakePilotSensor(wires, 1, places.wake(1))
        wires.connector(1).duty = 0.5
        fd = sensor.wake_fd()
        assert fd is not None
        assert sensor.read().high == 12.0
        request(places.socket, {"op": "cable", "state": "B"})
        assert select.select([fd], [], [], 5)[0] == [fd]
        assert sensor.read().high == pytest.approx(9.0, abs=0.1)
        request(places.socket, {"op": "diode", "failed": True})
        assert select.select([fd], [], [], 5)[0] == [fd]
        assert sensor.read().low > -9.0
        sensor.close()
        assert request(places.socket, {"op": "cable", "state": "A"})["ok"], "nobody sleeps there any more"


def test_it_says_on_the_page_that_it_lives_and_that_it_ended(tmp_path: Path) -> None:
    with world(tmp_path) as places, page(places) as wires:
        seen = wires.head.alive_at
        until(lambda: wires.head.alive_at > seen)
        end(places)
        assert wires.head.alive_at == ENDED


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_in_good_order(tmp_path: Path, signum: signal.Signals) -> None:
    with world(tmp_path) as places:
        request(places.socket, {"op": "meter", "energy_wh": 77})
        os.kill(pid_of(places), signum)
        until(lambda: free(places))
        assert not os.path.exists(places.socket)
        assert "77" in Path(places.registers).read_text()
        assert Path(places.log).read_text() == ""


def test_it_stands_while_somebody_is_attached_and_ends_a_while_after(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    try:
        with ensure_world(places, [Wired()], linger_s=0.3), page(places) as wires:
            since = wires.head.alive_at
            until(lambda: wires.head.alive_at > since + 1.0)
            assert not free(places)
        until(lambda: free(places))
        assert not os.path.exists(places.socket)
    finally:
        end(places)


def test_a_listener_keeps_it_too(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    try:
        attached = ensure_world(places, [Wired()], linger_s=0.3)
        with Talk(places) as talk, page(places) as wires:
            talk.ask(op="events")
            attached.close()
            since = wires.head.alive_at
            until(lambda: wires.head.alive_at > since + 1.0)
            assert not free(places)
        until(lambda: free(places))
    finally:
        end(places)


def test_the_end_that_was_asked_for_is_answered(tmp_path: Path) -> None:
    with world(tmp_path) as places:
        assert request(places.socket, {"op": "end"}) == {"ok": True}
        until(lambda: free(places))


def test_a_second_world_leaves_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as places:
        pid = pid_of(places)
        main([f"--run-dir={places.run_dir}", f"--state-dir={places.state_dir}"])
        assert pid_of(places) == pid


def test_wires_held_by_somebody_silent_are_told(tmp_path: Path) -> None:
    from hal_mock.world import hold

    with world(tmp_path) as places:
        elsewhere = Places.of(places.run_dir, places.state_dir, str(tmp_path / "other.sock"))
        with pytest.raises(DeviceUnavailable, match="own run_dir"):
            hold(elsewhere, within_s=0.1)
