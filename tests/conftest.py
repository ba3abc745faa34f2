"""For all tests: hypothesis is repeatable, and a test that leaves a thread or a process behind fails by name."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

CHECKS_OFF = [HealthCheck.too_slow, HealthCheck.filter_too_much]
settings.register_profile("project", deadline=None, derandomize=True, suppress_health_check=CHECKS_OFF)
settings.load_profile("project")

# a shell that starts the tests in the background has SIGINT ignored, and so would every process they start
signal.signal(signal.SIGINT, signal.default_int_handler)

GONE_WITHIN_S = 5.0


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Threads and children that were not there before must be gone soon after the test."""
    before = leftovers()
    yield
    until = time.monotonic() + GONE_WITHIN_S
    while left := leftovers() - before:
        if time.monotonic() > until:
            pytest.fail(f"left behind: {', '.join(sorted(left))}")
        time.sleep(0.01)


def leftovers() -> set[str]:
    threads = {f"thread {thread.name}" for thread in threading.enumerate() if not thread.daemon}
    return threads | {f"process {pid} {told(pid)}" for pid in children()}


def children() -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def told(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:100]
    except OSError:
        return ""
