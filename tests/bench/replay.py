"""The outbox after an outage: how fast the whole daemon replays it, and what one exchange costs it in CPU.

Three contenders take turns at the same backend: the daemon with its queue on disk; a bare `websockets` loop that sends
one of our frames and waits for the answer; a script on the PyPI package `ocpp` with readings of the same eight values.
The daemon's CPU is that of its process and all its threads: queue, core, journal, confirmation, disk. In 1.6 the
readings of an outage travel up to 50 in a message, in 2.0.1 each is an event of its own, and only there the CPU of one
exchange has a target.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.backend import Backend, backend
from tests.bench.harness import Line, Size, cpu_s, ended, home, output, python, run_async, until
from tests.bench.queue import fill
from tests.system.station import Station

VERSIONS = ("ocpp1.6", "ocpp2.0.1")
SHARE = 0.6
TENTH = 0.1
QUIET_S = 0.3
Speed = tuple[float, float]
"""Records (or exchanges) per second, and the CPU microseconds of one."""


def measure(size: Size, folder: Path) -> Iterator[Line]:
    with backend(folder) as peer:
        for version in VERSIONS:
            yield from of_version(version, size, folder, peer)


def of_version(version: str, size: Size, folder: Path, peer: Backend) -> Iterator[Line]:
    found: dict[str, list[Speed]] = {"ours": [], "bare": [], "plain": []}
    rounds, records = size.of(3, 1), size.of(8000, 100)
    for number in range(rounds):
        found["ours"].append(replay(version, records, home(folder, f"{version}-{number}"), peer))
        found["bare"].append(told(output("-m", "tests.bench.bare", peer.url, version, str(records))))
        found["plain"].append(script(version, size.of(500, 5), peer))
    ours, bare, plain = (median(speed for speed, _ in speeds) for speeds in found.values())
    yield Line(
        f"records replayed, {version}", ours, "/s", ours / bare, "a bare websockets loop",
        f"{SHARE:.0%} or better", ours >= SHARE * bare, f"bare {bare:.0f}/s",
    )  # fmt: skip
    yield Line(f"records replayed, {version}", ours, "/s", ours / plain, "the ocpp client", note=f"ocpp {plain:.0f}/s")
    ours, bare, plain = (median(cost for _, cost in speeds) for speeds in found.values())
    judged = version == "ocpp2.0.1"
    yield Line(
        f"CPU of one record there and back, {version}", ours, "us", ours / plain, "the ocpp client",
        "under a tenth" if judged else "", ours < TENTH * plain if judged else None,
        f"ocpp {plain:.0f}, bare loop {bare:.0f}",
    )  # fmt: skip


def replay(version: str, records: int, folder: Path, peer: Backend) -> Speed:
    """A daemon that finds so many records when it starts; from the first to the last of them at the backend."""

    async def work() -> Speed:
        station = Station(folder, peer.url, versions=(version,))
        await fill(station.state_dir, station.run_dir, records)
        peer.page.clear()
        await station.start(ready=False)
        try:
            pid = station.process.pid
            until(lambda: peer.page["messages"], "the first record", every_s=0.001)
            begun, cpu = peer.page["messages"], cpu_s(pid)
            until(lambda: time.monotonic() > peer.page["last_at"] + QUIET_S, "the replay to end", every_s=0.02)
            took, used = peer.page["last_at"] - peer.page["first_at"], cpu_s(pid) - cpu
            await station.delivered()
            return records / took, 1e6 * used / (records * (1 - begun / peer.page["messages"]))
        finally:
            await station.end()

    return run_async(work())


def script(version: str, count: int, peer: Backend) -> Speed:
    with ended(python("-m", "tests.bench.plain", peer.url, version, str(count), stderr=subprocess.DEVNULL)) as process:
        return told(process.stdout.readline())


def told(line: str) -> Speed:
    speed, cost = line.split()
    return float(speed), float(cost)
