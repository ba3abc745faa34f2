"""How long from a pilot edge to the contactor's output, and what the guard costs in memory and wake-ups:
``python -m tests.guard.measure_edges [EDGES]``, on a machine with nothing else to do.

The edge is a byte in a FIFO, written by this process; output and edge are dated by the same clock. The interrupt, the
ADC and the GPIO call of real hardware are not in it. As root both ends run with real-time priority.
"""

import bisect
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from chargepoint.guard.rules import Order
from chargepoint.guard.wire import VERSION, Hello, encode
from tests.guard.world import ROOT, World, until


def measure(folder: Path, edges: int) -> None:
    world = World(folder, sample_s=0.02, on_s=0.0, off_s=0.0, rest_s=0.0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        fd = theirs.fileno()
        process = subprocess.Popen([*world.argv, "--fd", str(fd)], pass_fds=(fd,), cwd=ROOT)
        theirs.close()
        ours.send(encode(Hello(VERSION, 0)))
        ours.setblocking(False)
        _permit(ours)
        until(lambda: world.closed, "the contactor to close")
        print(f"memory: {_memory(process.pid)}")
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(51))
        times = [_edge(world, ours) for _ in range(edges)]
        time.sleep(0.1)
        opened = [driven.at for driven in world.driven("open")]
        late = sorted(opened[bisect.bisect_left(opened, at)] - at for at in times)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)):
            print(f"edge to output {name}: {late[min(edges - 1, int(share * edges))] * 1000:.3f} ms")
        world.shows("B")
        _permit(ours, closed=False)
        time.sleep(0.1)
        before, wakeups = time.monotonic(), _wakeups(process.pid)
        time.sleep(2.5)
        print(f"wake-ups while idle: {(_wakeups(process.pid) - wakeups) / (time.monotonic() - before):.1f}/s")
        print(f"memory: {_memory(process.pid)}")
        ours.close()
        process.wait(10)


def _permit(line: socket.socket, closed: bool = True) -> None:
    line.send(encode(Order(1, 16.0, closed, 3.0, time.monotonic())))


def _edge(world: World, line: socket.socket) -> float:
    """C to B, some milliseconds later back; the time of the first."""
    _permit(line)
    with suppress(BlockingIOError):
        while line.recv(2000):
            pass
    time.sleep(random.uniform(0.002, 0.006))
    at = world.shows("B")
    time.sleep(random.uniform(0.002, 0.006))
    world.shows("C")
    return at


def _memory(pid: int) -> str:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return ", ".join(" ".join(line.split()) for line in lines if line.startswith(("Rss", "Pss:", "Private_Dirty")))


def _wakeups(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        measure(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else 2500)
