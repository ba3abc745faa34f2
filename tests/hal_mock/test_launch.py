"""Joining a world: one for all who come, started by whoever is first."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chargepoint.hal import DeviceUnavailable
from hal_mock import launch
from hal_mock.control import request
from hal_mock.launch import Places, ensure_world
from hal_mock.wires import Wired
from tests.hal_mock.worlds import end, pid_of, places_in, world

JOIN = """
import sys, time
from hal_mock.launch import Places, ensure_world
from hal_mock.wires import Wired
wire = ensure_world(Places.of(sys.argv[1], sys.argv[2]), [Wired()])
print("joined", flush=True)
sys.stdin.read()
"""


def joiner(places: Places) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", JOIN, places.run_dir, places.state_dir],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_at_once_get_one_world_and_it_outlives_their_kill(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    both = [joiner(places), joiner(places)]
    try:
        for one in both:
            assert one.stdout is not None
            assert one.stdout.readline() == "joined\n"
        pid = pid_of(places)
        assert request(places.socket, {"op": "cable", "state": "C"})["ok"]
        for one in both:
            one.kill()
            one.communicate()
        assert pid_of(places) == pid
        assert request(places.socket, {"op": "look"})["state"] == "C"
        assert Path(places.log).read_text() == ""
    finally:
        for one in both:
            one.kill()
            one.wait()
        end(places)


def test_two_threads_at_once(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    try:
        pids: list[int] = []

        def join() -> None:
            with ensure_world(places, [Wired()]):
                pids.append(pid_of(places))

        threads = [threading.Thread(target=join) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(pids) == 3
        assert len(set(pids)) == 1
    finally:
        end(places)


def test_only_one_starts_while_others_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = places_in(tmp_path)
    started: list[Places] = []
    monkeypatch.setattr(launch, "_start", lambda places, *_: started.append(places))
    os.makedirs(places.run_dir)
    other = os.open(places.run_dir, os.O_RDONLY)
    try:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DeviceUnavailable):
            ensure_world(places, [Wired()], within_s=0.1)
        assert started == []
    finally:
        os.close(other)
    with pytest.raises(DeviceUnavailable):
        ensure_world(places, [Wired()], within_s=0.1)
    assert started == [places], "the other is gone, and once is enough for a while"


def test_the_world_is_nobodys_child(tmp_path: Path) -> None:
    with world(tmp_path) as places:
        pid = pid_of(places)
        status = Path(f"/proc/{pid}/status").read_text()
        assert f"PPid:\t{os.getpid()}\n" not in status
        assert os.getsid(pid) != os.getsid(0)
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def test_who_comes_with_other_wiring_gets_it(tmp_path: Path) -> None:
    with world(tmp_path, Wired()) as places:
        pid = pid_of(places)
        request(places.socket, {"op": "cable", "connector": 1, "state": "B"})
        with ensure_world(places, [Wired(1), Wired(3, lock=True)]):
            assert pid_of(places) == pid
            assert request(places.socket, {"op": "look", "connector": 1})["state"] == "B"
            assert request(places.socket, {"op": "look", "connector": 2})["lock"] is False


def test_wiring_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with world(tmp_path) as places, pytest.raises(DeviceUnavailable, match="up to 8"):
        ensure_world(places, [Wired()] * 9)


def test_a_socket_left_behind_is_no_world(tmp_path: Path) -> None:
    with world(tmp_path) as places:
        pass
    Path(places.socket).touch()
    try:
        with ensure_world(places, [Wired()]):
            assert request(places.socket, {"op": "look"})["ok"]
    finally:
        end(places)


def test_a_world_that_does_not_come_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = places_in(tmp_path)

    def fails(*_: object) -> None:
        Path(places.log).write_text("first\nthe reason\n")

    monkeypatch.setattr(launch, "_start", fails)
    with pytest.raises(DeviceUnavailable, match="the reason"):
        ensure_world(places, [Wired()], within_s=0.1)
    Path(places.log).unlink()
    monkeypatch.setattr(launch, "_start", lambda *_: None)
    with pytest.raises(DeviceUnavailable, match="says nothing"):
        ensure_world(places, [Wired()], within_s=0.1)


def test_a_path_no_socket_can_have(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="107"):
        Places.of(str(tmp_path / ("x" * 100)), str(tmp_path))
