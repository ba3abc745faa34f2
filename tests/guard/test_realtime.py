"""What the machine refuses is told, and what it does not refuse is really so."""

import os
import subprocess
import sys

import pytest

from tests.guard.world import ROOT

PROGRAM = """
import ctypes, gc, os, resource, sys
from chargepoint.guard import realtime
if len(sys.argv) > 1:
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (4096, 4096))
    os.setuid(int(sys.argv[1]))
refused = realtime.prepare()
locked = next(line for line in open("/proc/self/status") if line.startswith("VmLck")).split()[1]
print(os.sched_getscheduler(0) == os.SCHED_FIFO, locked != "0", gc.isenabled(), gc.get_freeze_count() > 1000)
print(*refused, sep="\\n")
"""


def prepared(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    )
    return done.stdout.splitlines()


def test_each_gift_is_had_or_its_refusal_told() -> None:
    state, *refused = prepared()
    text = " ".join(refused)
    assert state.split() == [
        str("no real-time priority" not in text),
        str("memory is not locked" not in text),
        "False",
        "True",
    ]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
def test_nobody_gets_none_and_lives() -> None:
    state, *refused = prepared("65534")
    assert state.split() == ["False", "False", "False", "True"]
    assert [sentence.split(";")[0] for sentence in refused if sentence] == [
        "no real-time priority (Operation not permitted)",
        "memory is not locked (Cannot allocate memory)",
    ]
