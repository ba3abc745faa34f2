"""What all benchmarks share: a line of the report, rounds, percentiles, and what the kernel says of a process.

Every process gets its compiled code from one folder that the first start fills, because a start that has to compile
takes four times as long, and an installed product never does.
"""

import asyncio
import contextlib
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
FAST_DISK = Path("/dev/shm")
T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    """One figure. ``ratio`` is the figure by that of ``against``; ``target`` says in words when ``ok`` is true, and is
    empty where there is none."""

    name: str
    figure: float
    unit: str
    ratio: float | None = None
    against: str = ""
    target: str = ""
    ok: bool | None = None
    note: str = ""

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.3g} x {self.against}"
        verdict = {None: "", True: "ok", False: "MISSED"}[self.ok]
        note = f"  ({self.note})" if self.note else ""
        figure = f"{self.figure:,.4g}" if self.figure < 10000 else f"{self.figure:,.0f}"
        return f"{self.name:<44} {figure:>9} {self.unit:<11} {ratio:<38} {self.target:<22} {verdict}{note}".rstrip()

    def as_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Size:
    """Whole, for figures to believe, or ``tiny``: just enough to see that it works."""

    tiny: bool = False

    def of(self, whole: T, tiny: T) -> T:
        return tiny if self.tiny else whole


# -- rounds -----------------------------------------------------------------------------------------------------------


def interleaved(rounds: int, **ways: Callable[[], T]) -> dict[str, list[T]]:
    """Every way once per round, so that a slow moment hits all of them."""
    found: dict[str, list[T]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    return found


def medians(found: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in found.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def until(condition: Callable[[], T], what: str, within_s: float = 60.0, every_s: float = 0.005) -> T:
    """Wait until it is true. Raises TimeoutError."""
    end = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {within_s:g} s in vain: {what}")
        time.sleep(every_s)
    return found


def run_async(work):
    """`asyncio.run` for whatever a benchmark has to do with a `tests.system.station.Station`."""
    return asyncio.run(work)


# -- processes --------------------------------------------------------------------------------------------------------


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for one run on the disk of the system's temporary folder; the environment of all children."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        os.environ["PYTHONPATH"] = str(ROOT)
        try:
            yield Path(folder)
        finally:
            os.environ.clear()
            os.environ.update(before)


def home(folder: Path, name: str = "station") -> Path:
    """A folder of its own for a station: it counts everything that names this folder as its process."""
    found = folder / name
    found.mkdir()
    return found


def python(*arguments: str, **how) -> subprocess.Popen:
    """A Python process of ours; `ended` ends it. Its first line comes from a pipe unless ``stdout`` is given."""
    how = {"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True, "cwd": ROOT} | how
    return subprocess.Popen([sys.executable, "-P", *arguments], **how)


@contextmanager
def ended(process: subprocess.Popen) -> Iterator[subprocess.Popen]:
    """Nothing that was started outlives the benchmark."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        process.communicate()


def output(*arguments: str) -> str:
    """What a Python process prints. Raises CalledProcessError."""
    words = [sys.executable, "-P", *arguments]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120).stdout


def children_cpu_s() -> float:
    """CPU seconds of all children that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads of a process that live, to the nanosecond."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def pss_mb(pid: int) -> float:
    """Proportional set size, in MB of 1024 * 1024 bytes."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def written_bytes(pid: int | str = "self") -> int:
    """What a process made the kernel write to block devices (not to a tmpfs)."""
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["write_bytes"]) - int(fields["cancelled_write_bytes"])
