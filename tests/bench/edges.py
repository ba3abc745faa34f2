"""Edges on the control pilot from C to A, and when the guard took the contactor's command away.

The vehicle changes on the world's page of wires and wakes the guard as the world would; the page then tells to the
microsecond when the coil was released. Both ends read the same clock.
"""

import contextlib
import mmap
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hal_mock.ev import VehicleCircuit
from hal_mock.launch import Places
from hal_mock.wires import PAGE_BYTES, Wires
from tests.bench.harness import percentile

AWAY, ASKING = VehicleCircuit(), VehicleCircuit(plugged=True, s2=True)
POLL_S = 0.0002
CLOSED_WITHIN_S = 20.0
PRIORITY = 10


@dataclass(frozen=True)
class Latency:
    """Milliseconds."""

    count: int
    median: float
    p99: float
    p999: float
    worst: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Latency":
        found = [1000 * each for each in seconds]
        return cls(len(found), *(percentile(found, share) for share in (0.5, 0.99, 0.999)), max(found))


class Plug:
    """The first connector of a mock world that stands; use as a context manager."""

    def __init__(self, run_dir: Path) -> None:
        places = Places.of(str(run_dir), str(run_dir))
        descriptor = os.open(places.wires, os.O_RDWR)
        self._page = mmap.mmap(descriptor, PAGE_BYTES)
        os.close(descriptor)
        self._wires = Wires(self._page)
        self._line = self._wires.connector(1)
        self._wake = os.open(places.wake(1), os.O_RDWR | os.O_NONBLOCK)

    def __enter__(self) -> "Plug":
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._wake)
        self._wires.close()
        self._page.close()

    def latencies(self, goes_on: Callable[[], bool]) -> list[float]:
        """One edge after the other, at random times, at least one and as long as it goes on; seconds of each."""
        found = []
        with first_served():
            while goes_on() or not found:
                self._shows(ASKING)
                self._waits(lambda: self._line.coil.active(time.monotonic()), CLOSED_WITHIN_S)
                time.sleep(random.uniform(0.0005, 0.004))
                if not self._line.coil.active(time.monotonic()):
                    continue
                began = self._shows(AWAY)
                self._waits(lambda: not self._line.coil.active(time.monotonic()), CLOSED_WITHIN_S)
                if (took := self._line.coil.until - began) > 0:
                    found.append(took)
        return found

    def _shows(self, vehicle: VehicleCircuit) -> float:
        now = time.monotonic()
        self._line.vehicle = vehicle
        os.write(self._wake, b"!")
        return now

    def _waits(self, condition: Callable[[], bool], within_s: float) -> None:
        end = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"the guard did not follow the vehicle within {within_s:g} s")
            time.sleep(POLL_S)


@contextlib.contextmanager
def first_served():
    """The edges come from outside the machine, so nothing in it may hold them up, where that is allowed."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, *before)
