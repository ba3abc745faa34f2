"""The mock board in two processes' clothes: what guard and daemon hold, and what survives them."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chargepoint.config.schema import Board, Config, Connector, ContactorSettings, Station
from chargepoint.hal import DeviceUnavailable, Injected, Light, Tap
from hal_mock.boards import BOARDS, MockBoard
from hal_mock.control import request
from hal_mock.launch import Places
from tests.hal_mock.worlds import WITHIN_S, end, kill, run, until

GUARD = """
import sys, time
from chargepoint.config.schema import Config, Station
from hal_mock.boards import MockBoard
board = MockBoard(Config(Station("CP1", state_dir=sys.argv[2], run_dir=sys.argv[1])))
pins, = board.pins()
heavy = {"asyncio", "json", "logging", "subprocess", "threading", "argparse"} & set(sys.modules)
pins.pilot.pwm(0.5)
print(heavy or "small", flush=True)
while True:
    pins.contactor.close(60.0)
    pins.enable.pulse()
    time.sleep(0.01)
"""


def config_of(tmp_path: Path, *connectors: Connector, socket: str = "") -> Config:
    station = Station("CP1", state_dir=str(tmp_path / "state"), run_dir=str(tmp_path / "run"))
    return Config(station, board=Board(mock_socket=socket), connector=connectors or (Connector(),))


def places_of(config: Config) -> Places:
    return Places.of(config.station.run_dir, config.station.state_dir, config.board.mock_socket)


@contextmanager
def board_of(config: Config) -> Iterator[tuple[MockBoard, str]]:
    board, places = MockBoard(config, linger_s=20.0), places_of(config)
    try:
        yield board, places.socket
    finally:
        board.close()
        end(places)


def test_the_guard_s_part_is_small_and_its_death_opens_the_contactor(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    places = places_of(config)
    guard = subprocess.Popen(
        [sys.executable, "-c", GUARD, places.run_dir, places.state_dir], stdout=subprocess.PIPE, text=True
    )
    assert guard.stdout is not None
    try:
        assert guard.stdout.readline() == "small\n"
        request(places.socket, {"op": "cable", "state": "C"})
        until(lambda: request(places.socket, {"op": "look"})["contactor"])
        until(lambda: request(places.socket, {"op": "look"})["power_w"] == 3 * 16 * 230)
        guard.kill()
        guard.wait()
        until(lambda: not request(places.socket, {"op": "look"})["contactor"], within_s=1.0)
        seen = request(places.socket, {"op": "look"})
        assert (seen["coil"], seen["enable"], seen["state"], seen["duty"]) == (True, False, "C", 50)
        assert seen["energy_wh"] > 0
        with board_of(config) as (board, _):
            board.pins()
            seen = request(places.socket, {"op": "look"})
            assert (seen["coil"], seen["duty"]) == (False, 0), "the next guard starts from the safe values"
    finally:
        guard.kill()
        guard.wait()
        guard.stdout.close()
        end(places)


def test_pins_work_and_are_left_safe(tmp_path: Path) -> None:
    with board_of(config_of(tmp_path)) as (board, socket):
        (pins,) = board.pins()
        pins.pilot.steady()
        assert pins.sensor.read().high == 12.0
        assert pins.enable is not None
        pins.enable.pulse()
        pins.contactor.close(30.0)
        assert not pins.interlocks["emergency-stop"].is_active()
        request(socket, {"op": "input", "connector": 1, "fault": "emergency-stop", "active": True})
        assert pins.interlocks["emergency-stop"].is_active()
        board.close()
        seen = request(socket, {"op": "look", "connector": 1})
        assert (seen["duty"], seen["coil"]) == (0, False)
        board.close()


def test_a_board_follows_the_configuration(tmp_path: Path) -> None:
    bare = Connector(contactor=ContactorSettings(enable_line=-1))
    config = config_of(tmp_path, bare, Connector(cable="socket", phases=1), socket=str(tmp_path / "w.sock"))
    with board_of(config) as (board, socket):
        assert socket == str(tmp_path / "w.sock")
        first, second = board.pins()
        assert first.enable is None
        assert second.enable is not None
        tethered, outlet = board.devices()
        assert (tethered.lock, tethered.proximity) == (None, None)
        assert outlet.lock is not None
        assert outlet.proximity is not None
        assert [served.connectors for served in board.readers()] == [(1,), (2,), (1, 2)]


def test_the_daemon_s_part(tmp_path: Path) -> None:
    async def go() -> None:
        with board_of(config_of(tmp_path, Connector(cable="socket"))) as (board, socket):
            (devices,) = board.devices()
            assert devices.meter is not None
            assert devices.lock is not None
            assert devices.lights is not None
            request(socket, {"op": "meter", "connector": 1, "energy_wh": 1234})
            sample = await devices.meter.read()
            assert (sample.energy_wh, sample.volts) == (1234.0, (230.0,) * 3)
            await devices.lock.engage()
            devices.lights.show(Light.CHARGING)
            seen = request(socket, {"op": "look", "connector": 1})
            assert (seen["lock"], seen["lights"]) == (True, "charging")

    run(go())


def test_cards_and_hints_arrive_once(tmp_path: Path) -> None:
    async def go() -> None:
        with board_of(config_of(tmp_path, Connector(), Connector())) as (board, socket):
            readers, hints = board.readers(), board.hints()
            assert hints is not None
            assert await hints.next() == Injected("network", True)
            taps = {served.connectors: asyncio.create_task(served.reader.tap()) for served in readers}
            answer = request(socket, {"op": "rfid", "token": "04A1B2C3", "connectors": [2]})
            assert answer == {"ok": True, "heard": 1}
            assert await taps.pop((2,)) == Tap(bytes.fromhex("04A1B2C3"))
            request(socket, {"op": "rfid", "token": "BB", "connectors": [2, 1]})
            assert await taps.pop((1, 2)) == Tap(b"\xbb")
            request(socket, {"op": "fault", "connector": 2, "code": "other", "on": True})
            assert await hints.next() == Injected("fault", True, 2, "other")
            request(socket, {"op": "network", "up": False})
            assert await hints.next() == Injected("network", False)
            assert not taps[(1,)].done()
            request(socket, {"op": "reader", "gone": True})
            with pytest.raises(DeviceUnavailable, match="taken away"):
                await taps[(1,)]
            for served in readers:
                await served.reader.close()
            await hints.close()

    run(go())


async def heard(socket: str, token: str) -> None:
    """Show a card until somebody listens."""
    deadline = asyncio.get_running_loop().time() + WITHIN_S
    while not request(socket, {"op": "rfid", "token": token})["heard"]:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)


def test_the_stream_breaks_with_the_world_and_comes_back_with_it(tmp_path: Path) -> None:
    async def go() -> None:
        config = config_of(tmp_path)
        with board_of(config) as (board, socket):
            (served,) = board.readers()
            waiting = asyncio.create_task(served.reader.tap())
            await heard(socket, "AA")
            assert (await waiting).uid == b"\xaa"
            waiting = asyncio.create_task(served.reader.tap())
            await asyncio.sleep(0)
            kill(places_of(config))
            with pytest.raises(DeviceUnavailable, match="closed the stream"):
                await waiting
            with pytest.raises(DeviceUnavailable, match="no mock world"):
                await served.reader.tap()
            with board_of(config) as (second, _):
                second.devices()
                waiting = asyncio.create_task(served.reader.tap())
                await heard(socket, "BB")
                assert (await waiting).uid == b"\xbb"
                await served.reader.close()

    run(go())


def test_a_world_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with board_of(config_of(tmp_path)) as (board, _):
        monkeypatch.setattr("hal_mock.boards.LAYOUT", 1.0)
        for take in (board.pins, board.devices):
            with pytest.raises(DeviceUnavailable, match="another version"):
                take()


def test_the_board_is_listed_by_its_name() -> None:
    assert list(BOARDS) == ["mock"]
    assert BOARDS["mock"] is MockBoard
