"""From the start of the process to the BootNotification at the backend.

The mock world stands already, as the hardware would, and the state folder is that of a station that ran before.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.backend import Backend, backend
from tests.bench.harness import ROOT, Line, Size, home, interleaved, medians, python, run_async, until
from tests.system.station import Station

BARE = "import websockets.asyncio.client"


def measure(size: Size, folder: Path) -> Iterator[Line]:
    with backend(folder) as peer:
        found = run_async(rounds(size.of(9, 1), home(folder), peer))
    bare, plain, ours = found["bare"], found["plain"], found["ours"]
    yield Line("start to BootNotification", 1000 * ours, "ms", ours / bare, "import websockets client")
    yield Line(
        "start to BootNotification, against a script", 1000 * ours, "ms", ours / plain, "plain ocpp script",
        "no slower", ours <= plain, f"script {1000 * plain:.0f} ms",
    )  # fmt: skip


async def rounds(count: int, folder: Path, peer: Backend) -> dict[str, float]:
    async with Station(folder, peer.url, versions=("ocpp2.0.1",)) as station:
        await station.online()
        await station.stop()
        run = ("-m", "chargepoint", "run", "--config", str(station.config))
        ways = {
            "bare": bare,
            "plain": lambda: booted(peer, "-m", "tests.bench.plain", peer.url, "ocpp2.0.1"),
            "ours": lambda: booted(peer, *run),
        }
        interleaved(1, **ways)
        return medians(interleaved(count, **ways))


def bare() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-P", "-c", BARE], cwd=ROOT, check=True)
    return time.monotonic() - began


def booted(peer: Backend, *words: str) -> float:
    """Seconds until the backend has the BootNotification; the process is ended then."""
    peer.page.clear()
    began = time.monotonic()
    process = python(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: peer.page["boots"], "the BootNotification", every_s=0.001)
        return peer.page["boot_at"] - began
    finally:
        process.terminate()
        process.wait(15)
