"""What one transaction costs the card: bytes for the disk, and how often it is waited for.

A charging hour (a sample each minute, every record confirmed as it comes) is lived 600 times faster, and so is the
rhythm of the store, so that as many samples meet as many commits as in a real hour. The usual way beside it is one
synchronous insert and one synchronous delete per record of its frame's size, in WAL as SQLite advises; with the journal
that SQLite has by default it would be several times dearer still.

Bytes are ``write_bytes`` of the process, which leaves the file system's own journal out for both; flushes are the calls
of fsync and fdatasync that `strace` counts, where it is installed and allowed. The run folder is on a tmpfs, as on a
real station, or else its writes count too.
"""

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chargepoint.store import Store
from chargepoint.store.batch import Rhythm
from tests.bench.harness import FAST_DISK, ROOT, Line, Size, home, written_bytes
from tests.store.kit import ended, started, wide

HOUR_S, SAMPLES = 6.0, 60
SPEED = 3600.0 / HOUR_S
FRAME_BYTES = (400, *(1440,) * SAMPLES, 900)
TENTH = 0.1
FLUSHED = re.compile(r"\bf(?:data)?sync\(")


def measure(size: Size, folder: Path) -> Iterator[Line]:
    hour_s = size.of(HOUR_S, 0.3)
    ours, usual = (transaction(way, hour_s, folder) for way in ("ours", "usual"))
    share = ours.bytes / usual.bytes
    yield Line(
        "written per transaction of 60 samples", ours.bytes / 1024, "kB", share, "insert and delete each (WAL)",
        "under a tenth", share < TENTH, f"usual {usual.bytes / 1024:.0f} kB; write_bytes of the process",
    )  # fmt: skip
    if ours.flushes is None or usual.flushes is None:
        yield Line("flushes per transaction", 0, "", note="not counted: strace is missing or not allowed")
        return
    share = ours.flushes / usual.flushes
    yield Line(
        "flushes per transaction", ours.flushes, "", share, "insert and delete each (WAL)",
        "under a tenth", share < TENTH, f"usual {usual.flushes}; fsync and fdatasync by strace",
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
    done = subprocess.run(
        [*(watch if counted else ()), *words], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=120
    )
    return Wear(int(done.stdout), len(FLUSHED.findall(trace.read_text())) if counted else None)


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


async def usual(hour_s: float, folder: Path) -> None:
    db = sqlite3.connect(folder / "usual.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL").fetchall()
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, body TEXT)")
    for key, length in enumerate(FRAME_BYTES if hour_s else ()):
        db.execute("INSERT INTO outbox VALUES (?, ?)", (key, "x" * length))
        db.execute("DELETE FROM outbox WHERE id = ?", (key,))
    db.close()


def nothing(*told: object) -> None:
    """Nobody listens to this store."""


if __name__ == "__main__":
    asyncio.run({"ours": ours, "usual": usual}[sys.argv[1]](float(sys.argv[2]), Path(sys.argv[3])))
    print(written_bytes())
