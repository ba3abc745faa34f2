"""A real world process for a test, and the certainty that it is gone afterwards."""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from chargepoint.hal import DeviceUnavailable
from hal_mock.control import request
from hal_mock.launch import Places, ensure_world
from hal_mock.wires import Wired

WITHIN_S = 10.0


def until(condition: Callable[[], Any], within_s: float = WITHIN_S) -> Any:
    """The condition's first truthy answer; fails when there is none in time."""
    deadline = time.monotonic() + within_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return answer


def run(going: Coroutine[Any, Any, None]) -> None:
    """A loop of its own, and an end to waiting in vain."""
    asyncio.run(asyncio.wait_for(going, WITHIN_S))


def free(places: Places) -> bool:
    """No process holds these wires."""
    if not os.path.exists(places.wires):
        return True
    fd = os.open(places.wires, os.O_RDWR)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(fd)


def end(places: Places) -> None:
    with suppress(DeviceUnavailable):
        request(places.socket, {"op": "end"})
    until(lambda: free(places))


def pid_of(places: Places) -> int:
    return int(request(places.socket, {"op": "attach"})["pid"])


def kill(places: Places) -> None:
    os.kill(pid_of(places), signal.SIGKILL)
    until(lambda: free(places))


def places_in(tmp_path: Path) -> Places:
    return Places.of(str(tmp_path / "run"), str(tmp_path / "state"))


@contextmanager
def world(tmp_path: Path, *wired: Wired, linger_s: float = 20.0) -> Iterator[Places]:
    places = places_in(tmp_path)
    try:
        with ensure_world(places, wired or (Wired(),), linger_s):
            yield places
    finally:
        end(places)
