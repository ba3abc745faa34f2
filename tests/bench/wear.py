"""What one transaction costs the card: bytes for the disk, and how often it is waited for.

A charging hour (a sample each minute, every record confirmed as it comes) is lived 600 times faster, and so is the
rhythm of the store, so that as many samples meet as many commits as in a real hour. Meanwhile this process writes the
files back every few milliseconds, as the kernel would in the minutes between: else pages that really go to the card
again and again would be counted once. The naive way beside it is one synchronous insert and one synchronous delete per
record, of its frame's size, in a database as SQLite makes it; in WAL it is measured too.

Bytes are ``write_bytes`` of the process, which leaves the file system's own journal out for all; flushes are the calls
of fsync and fdatasync that `strace` counts, where it is installed and allowed. The run folder is on a tmpfs, as on a
real station, or else its writes count too.
"""

import asyncio
import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chargepoint.store import Store
from chargepoint.store.batch import Rhythm
from tests.bench.harness import FAST_DISK, ROOT, Line, Size, home, written_bytes
from tests.bench.harness import ended as ending
from tests.store.kit import ended, started, wide

HOUR_S, SAMPLES = 6.0, 60
SPEED = 3600.0 / HOUR_S
FRAME_BYTES = (400, *(1440,) * SAMPLES, 900)
TENTH = 0.1
WRITE_BACK_S = 0.02
FLUSHED = re.compile(r"\bf(?:data)?sync\(")


def measure(size: Size, folder: Path) -> Iterator[Line]:
    hour_s = size.of(HOUR_S, 0.3)
    ours, naive, wal = (transaction(way, hour_s, folder) for way in WAYS)
    for than, name, judged in ((naive, "insert and delete each", True), (wal, "the same in WAL", False)):
        share = ours.bytes / than.bytes
        yield Line(
            "written per transaction of 60 samples", ours.bytes / 1024, "kB", share, name,
            "under a tenth" if judged else "", share < TENTH if judged else None,
            f"{than.bytes / 1024:.0f} kB; write_bytes of the process",
        )  # fmt: skip
    if ours.flushes is None or naive.flushes is None:
        yield Line("flushes per transaction", 0, "", note="not counted: strace is missing or not allowed")
        return
    share = ours.flushes / naive.flushes
    yield Line(
        "flushes per transaction", ours.flushes, "", share, "insert and delete each",
        "under a tenth", share < TENTH, f"{naive.flushes}, in WAL {wal.flushes}; fsync and fdatasync by strace",
    )  # fmt: skip


@dataclass(frozen=True)
class Wear:
    bytes: int
    flushes: int | None


def transaction(way: str, hour_s: float, folder: Path) -> Wear:
    """What a process cost that lived one transaction, less what one cost that only opened and closed its database."""
    lived(way, 0.0, home(folder, f"{way}-compiles"))
    whole, empty = lived(way, hour_s, home(folder, way)), lived(way, 0.0, home(folder, f"{way}-empty"))
    flushes = None if whole.flushes is None or empty.flushes is None else whole.flushes - empty.flushes
    return Wear(whole.bytes - empty.bytes, flushes)


def lived(way: str, hour_s: float, folder: Path) -> Wear:
    trace = folder / "trace"
    watch = ("strace", "-f", "-qq", "-o", str(trace), "-e", "trace=fsync,fdatasync")
    counted = (
        shutil.which("strace") is not None and not subprocess.run([*watch, "true"], capture_output=True).returncode
    )
    words = (sys.executable, "-P", "-m", "tests.bench.wear", way, str(hour_s), str(folder))
    with ending(subprocess.Popen([*(watch if counted else ()), *words], cwd=ROOT, stdout=subprocess.PIPE)) as process:
        while process.poll() is None:
            write_back(folder)
            time.sleep(WRITE_BACK_S)
        total = int(process.stdout.read())
    return Wear(total, len(FLUSHED.findall(trace.read_text())) if counted else None)


def write_back(folder: Path) -> None:
    for file in folder.glob("*.db*"):
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(file, os.O_RDONLY)
            os.fdatasync(descriptor)
            os.close(descriptor)


# -- the process that lives it ----------------------------------------------------------------------------------------


async def ours(hour_s: float, folder: Path) -> None:
    rhythm = Rhythm()
    pace = Rhythm(rhythm.group, rhythm.sample_s / SPEED, rhythm.lazy_s / SPEED, rhythm.progress_s / SPEED)
    with tempfile.TemporaryDirectory(dir=FAST_DISK if FAST_DISK.is_dir() else folder) as run_folder:
        loop, moved = asyncio.get_running_loop(), asyncio.Event()

        def tell(waiting: int) -> None:
            loop.call_soon_threadsafe(moved.set)

        store = Store.open(folder, Path(run_folder), nothing, tell, nothing, rhythm=pace)
        if hour_s:
            for record in (started(), *(wide(seq) for seq in range(1, SAMPLES + 1)), ended(seq=SAMPLES + 1)):
                moved.clear()
                store.keep(record)
                await moved.wait()
                waiting = await store.head(9)
                store.confirm([entry.key for entry in waiting])
                await asyncio.sleep(hour_s / SAMPLES)
        await store.close()


async def naive(hour_s: float, folder: Path, journal: str = "DELETE") -> None:
    db = sqlite3.connect(folder / "naive.db", isolation_level=None)
    db.execute(f"PRAGMA journal_mode = {journal}").fetchall()
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, body TEXT)")
    for key, length in enumerate(FRAME_BYTES if hour_s else ()):
        db.execute("INSERT INTO outbox VALUES (?, ?)", (key, "x" * length))
        db.execute("DELETE FROM outbox WHERE id = ?", (key,))
        await asyncio.sleep(hour_s / SAMPLES)
    db.close()


def nothing(*told: object) -> None:
    """Nobody listens to this store."""


WAYS = {"ours": ours, "naive": naive, "wal": partial(naive, journal="WAL")}

if __name__ == "__main__":
    asyncio.run(WAYS[sys.argv[1]](float(sys.argv[2]), Path(sys.argv[3])))
    print(written_bytes())
