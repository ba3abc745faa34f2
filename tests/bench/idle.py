"""CPU time of a station that does nothing, and of one that charges.

Two daemons stand side by side: one reads its meter as often as by default, one as rarely as it may. What the difference
costs per reading is the sampling of the mock board; without it remains what the daemon itself costs. CPU time is what
the scheduler counted for every thread, to the nanosecond.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.backend import backend
from tests.bench.harness import Line, Size, cpu_s, home, run_async
from tests.system.station import Station

IDLE_S, CHARGE_S = 30.0, 15.0
OFTEN_S, RARELY_S = 1.0, 60.0
MOST = 0.5
SETTLE_S = 3.0


def measure(size: Size, folder: Path) -> Iterator[Line]:
    with backend(folder) as peer:
        found = run_async(watched(folder, peer.url, size))
    often, rarely, busy = found["often"], found["rarely"], found["busy"]
    sampling = max(0.0, often.daemon - rarely.daemon)
    yield share("daemon, idle", often.daemon - sampling, f"sampling of the mock meter apart: {sampling:.2f} %", MOST)
    yield share("guard, idle", often.guard, f"mock world: {often.world:.2f} %")
    yield share("daemon, charging", busy.daemon, f"mock world: {busy.world:.2f} %")
    yield share("guard, charging", busy.guard, "looks every 20 ms")


def share(name: str, percent: float, note: str, most: float | None = None) -> Line:
    target = "" if most is None else f"under {most:g} %"
    return Line(
        f"CPU of the {name}", percent, "% of a core", percent / 100, "one core", target,
        None if most is None else percent < most, note,
    )  # fmt: skip


@dataclass(frozen=True)
class Used:
    """Percent of one core."""

    daemon: float
    guard: float
    world: float


async def watched(folder: Path, url: str, size: Size) -> dict[str, Used]:
    how = {"versions": ("ocpp2.0.1",), "settings": {"MeterValueSampleInterval": 60}}
    async with (
        Station(home(folder, "often"), url, connectors=[{"meter_period_s": OFTEN_S}], **how) as often,
        Station(
            home(folder, "rarely"), url, connectors=[{"meter_period_s": RARELY_S, "meter_stale_s": 5 * RARELY_S}], **how
        ) as rarely,
    ):
        for station in (often, rarely):
            await station.online()
        await asyncio.sleep(size.of(SETTLE_S, 0.1))
        found = await used({"often": often, "rarely": rarely}, size.of(IDLE_S, 0.3))
        await often.charge()
        await asyncio.sleep(size.of(SETTLE_S, 0.1))
        found |= {"busy": (await used({"often": often}, size.of(CHARGE_S, 0.3)))["often"]}
        await often.unplug()
    return found


async def used(stations: dict[str, Station], for_s: float) -> dict[str, Used]:
    """Nothing is asked meanwhile: a question would be work."""
    pids = {name: {kind: pid for pid, kind in station.pids.items()} for name, station in stations.items()}
    before = {pid: cpu_s(pid) for kinds in pids.values() for pid in kinds.values()}
    await asyncio.sleep(for_s)
    percent = {pid: 100 * (cpu_s(pid) - began) / for_s for pid, began in before.items()}
    return {name: Used(**{kind: percent[pid] for kind, pid in kinds.items()}) for name, kinds in pids.items()}
