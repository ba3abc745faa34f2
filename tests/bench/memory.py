"""What the daemon and its guard hold in memory after one charging session: their proportional share of each page."""

from collections.abc import Iterator
from pathlib import Path

from tests.bench.backend import Backend, backend
from tests.bench.harness import Line, Size, ended, home, pss_mb, python, run_async, until
from tests.system.station import Station

ENOUGH_MB = 40.0
SHARE_WH = 2.0


def measure(size: Size, folder: Path) -> Iterator[Line]:
    with backend(folder) as peer:
        plain = script(peer)
        found = run_async(after_a_session(home(folder), peer))
    together = found["daemon"] + found["guard"]
    note = f"daemon {found['daemon']:.1f}, guard {found['guard']:.1f}; the mock world's {found['world']:.1f} apart"
    yield Line(
        "PSS of daemon and guard after a session", together, "MB", together / plain, "plain ocpp script",
        f"at most {ENOUGH_MB:.0f} MB", together <= ENOUGH_MB, note,
    )  # fmt: skip


def script(peer: Backend) -> float:
    with ended(python("-m", "tests.bench.plain", peer.url, "ocpp2.0.1")) as process:
        until(lambda: peer.page["boots"], "the plain script to boot")
        return pss_mb(process.pid)


async def after_a_session(folder: Path, peer: Backend) -> dict[str, float]:
    async with Station(folder, peer.url, versions=("ocpp2.0.1",)) as station:
        await station.online()
        await station.charge()
        await station.drawn(SHARE_WH)
        await station.unplug()
        await station.delivered()
        return {kind: pss_mb(pid) for pid, kind in station.pids.items()}
