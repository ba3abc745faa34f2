"""From the pilot's edge (C to A at the converter) to the contactor commanded open, whatever the daemon is doing.

The loads: nothing; replaying 10,000 records over TLS; parsing a frame of 2 MB again and again; stopped by SIGSTOP. In
the first part the guard believes an edge at once, in the second after its default time.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chargepoint.config.schema import Connector
from hal_mock.control import request
from tests.bench.backend import Backend, backend
from tests.bench.edges import Latency, Plug
from tests.bench.harness import Line, Size, ended, home, python, run_async, until
from tests.bench.queue import fill
from tests.system.station import Station

RECORDS = 10_000
FOR_S, DEBOUNCED_FOR_S = 8.0, 4.0
FRAMES_PER_S = 5.0
STOPPED_S, AWAKE_S, LEASE_S = 1.5, 0.2, 3.0
P999_MS, WORST_MS, DEBOUNCED_MS = 2.0, 10.0, 50.0


@dataclass
class Scene:
    """A daemon that runs, its backend, the plug, and for how long to look."""

    daemon: subprocess.Popen
    peer: Backend
    plug: Plug
    for_s: float
    records: int

    def for_a_while(self) -> Callable[[], bool]:
        end = time.monotonic() + self.for_s
        return lambda: time.monotonic() < end


def replaying(scene: Scene) -> list[float]:
    page = scene.peer.page
    until(lambda: page["messages"], "the replay to begin", every_s=0.001)
    found = scene.plug.latencies(lambda: page["messages"] < scene.records)
    until(lambda: page["messages"] >= scene.records, "the replay to end")
    return found


def nothing(scene: Scene) -> list[float]:
    return scene.plug.latencies(scene.for_a_while())


def parsing(scene: Scene) -> list[float]:
    page = scene.peer.page
    page["ask"] = FRAMES_PER_S
    until(lambda: page["asked"], "the first big frame to be answered")
    found = scene.plug.latencies(scene.for_a_while())
    page["ask"] = 0.0
    return found


def stopped(scene: Scene) -> list[float]:
    """For half of its lease the daemon stands still, then it is let live to renew it."""
    found, goes_on = [], scene.for_a_while()
    while goes_on():
        scene.daemon.send_signal(signal.SIGSTOP)
        try:
            end = time.monotonic() + min(STOPPED_S, scene.for_s)
            found += scene.plug.latencies(lambda end=end: time.monotonic() < end)
        finally:
            scene.daemon.send_signal(signal.SIGCONT)
        time.sleep(AWAKE_S)
    return found


LOADS = {"replay over TLS": replaying, "nothing": nothing, "2 MB frames": parsing, "SIGSTOP": stopped}


def measure(size: Size, folder: Path) -> Iterator[Line]:
    records = size.of(RECORDS, 200)
    template = Station(home(folder, "template"), None)
    run_async(fill(template.state_dir, template.run_dir, records))
    with backend(folder, certificate(folder)) as peer:
        for debounce_s, kind in ((0.0, "at once"), (Connector.debounce_off_s, "debounced")):
            found = {}
            for_s = size.of(DEBOUNCED_FOR_S if debounce_s else FOR_S, 0.2)
            with scene(home(folder, kind.split()[-1]), template, debounce_s, peer, for_s, records) as it:
                for load, work in LOADS.items():
                    found[load] = Latency.of(work(it))
                priority = "guard with" if is_first_served(it.daemon.pid) else "guard without"
            for load, latency in found.items():
                yield told(load, latency, found["nothing"], debounce_s, kind, priority)


def told(load: str, of: Latency, quiet: Latency, debounce_s: float, kind: str, priority: str) -> Line:
    note = f"median {of.median:.2f}, p99 {of.p99:.2f}, max {of.worst:.2f} of {of.count}, {priority} real-time priority"
    name, ratio = f"edge to open {kind}, p99.9, {load}", of.p999 / quiet.p999
    if debounce_s:
        ok, target = of.worst <= DEBOUNCED_MS, f"never over {DEBOUNCED_MS:.0f} ms"
    else:
        ok, target = of.p999 < P999_MS and of.worst < WORST_MS, f"< {P999_MS:.0f}, max < {WORST_MS:.0f} ms"
    return Line(name, of.p999, "ms", ratio, "with no load", target, ok, note)


@contextmanager
def scene(
    folder: Path, template: Station, debounce_s: float, peer: Backend, for_s: float, records: int
) -> Iterator[Scene]:
    peer.page.clear()
    station = Station(
        folder,
        peer.url,
        versions=("ocpp2.0.1",),
        backend={"ca_file": str(folder.parent / "certificate.pem"), "max_message_bytes": 4 << 20},
        guard={"lease_s": LEASE_S},
        connectors=[{"debounce_off_s": debounce_s, "meter_period_s": 1.0}],
    )
    station.write_config()
    shutil.copytree(template.state_dir, station.state_dir)
    shutil.copytree(template.run_dir, station.run_dir)
    log = (folder / "log").open("wb")
    with log, ended(python("-m", "tests.bench.busy", str(station.config), stdout=log, stderr=log)) as daemon:
        try:
            until(lambda: (station.run_dir / "world.wake.1").exists(), "the guard to come")
            with Plug(station.run_dir) as plug:
                yield Scene(daemon, peer, plug, for_s, records)
        finally:
            daemon.terminate()
            daemon.wait(15)
            request(str(station.run_dir / "world.sock"), {"op": "end"})


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is thrown away with the folder."""
    found, key = folder / "certificate.pem", folder / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*words, "-out", str(found), "-keyout", str(key)], check=True, capture_output=True)
    return found, key


def is_first_served(daemon: int) -> bool:
    """Does its guard run with real-time priority?"""

    def children() -> list[str]:
        return Path(f"/proc/{daemon}/task/{daemon}/children").read_text().split()

    guard = int(until(children, "the guard's process")[0])
    return os.sched_getscheduler(guard) == os.SCHED_FIFO
