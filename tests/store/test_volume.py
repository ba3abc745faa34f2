"""What a session costs the card: bytes into the WAL, and commits that wait for the disk.

One hour with a sample each minute, all confirmed as they come, against one synchronous insert and one synchronous
delete per record.
"""

import sqlite3

from chargepoint.clock import Stamp
from chargepoint.codec import dump
from chargepoint.core.records import Record
from chargepoint.store.batch import Rhythm
from tests.store.kit import NEVER, Home, ended, run, settled, started, until, wide

SAMPLES = 60
SESSION = [started(), *(wide(seq) for seq in range(1, SAMPLES + 1)), ended(seq=SAMPLES + 1)]


class Counter:
    """Counts commits by their `synchronous`; ``frames`` is what they wrote into the WAL, in bytes."""

    def __init__(self, db: sqlite3.Connection, file) -> None:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        self._wal = file.with_name(file.name + "-wal")
        self._before = self._size()
        self._full = True
        self.synced = self.lazy = 0
        db.set_trace_callback(self._trace)

    def _trace(self, statement: str) -> None:
        if "synchronous" in statement:
            self._full = "FULL" in statement
        elif statement == "COMMIT":
            self.synced += self._full
            self.lazy += not self._full

    def _size(self) -> int:
        return self._wal.stat().st_size if self._wal.exists() else 0

    @property
    def frames(self) -> int:
        return self._size() - self._before


def naive(tmp_path, page_size: int, bodies: list[str]) -> Counter:
    """One synchronous insert and one delete per record."""
    file = tmp_path / "naive.db"
    db = sqlite3.connect(file, isolation_level=None)
    db.execute(f"PRAGMA page_size = {page_size}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, body TEXT)")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    count = Counter(db, file)
    for key, body in enumerate(bodies):
        for sql, values in (
            ("INSERT INTO outbox VALUES (?, ?)", (key, body)),
            ("DELETE FROM outbox WHERE id = ?", (key,)),
        ):
            db.execute("BEGIN")
            db.execute(sql, values)
            db.execute("COMMIT")
    found = count.frames
    db.close()
    count._before -= found - count.frames
    return count


async def counted(store, home) -> Counter:
    return await store._ask(lambda tables: Counter(tables._db, home.file))


async def online(home: Home, rhythm: Rhythm, progress_each: int) -> Counter:
    """Every record is confirmed as soon as it shows; each so many samples the slow rhythm strikes."""
    store = home.open(rhythm)
    count = await counted(store, home)
    for position, record in enumerate(SESSION):
        store.keep(record)
        waiting = []
        while not waiting:
            waiting = await store.head(9)
            await until(lambda: home.queue)
        store.confirm([entry.key for entry in waiting])
        if position % progress_each == 1:
            await store._ask(lambda tables: None)
            await store._ask(lambda tables: store._writer._commit(False))
    assert store.waiting == 0
    await settled(store)
    found = count.frames
    await store.close()
    count._before -= found - count.frames
    return count


def test_an_hour_online_costs_a_tenth(home, tmp_path):
    """With the progress of the transaction written each five minutes, as it is by default.

    The usual way keeps frames (400, 1440 and 900 bytes) in pages of 4 KiB. Even with our short records and small pages
    it would write four times as much.
    """
    usual = naive(tmp_path, 4096, ["x" * 400, *["x" * 1440] * SAMPLES, "x" * 900])
    (tmp_path / "naive.db").unlink()
    lean = naive(tmp_path, 1024, [dump(Record, record) for record in SESSION])
    assert usual.synced == lean.synced == 2 * len(SESSION)
    ours = run(online(home, NEVER, 5))
    assert (ours.synced, ours.lazy) == (2, 13)
    assert ours.synced < usual.synced / 10
    assert ours.frames < usual.frames / 16
    assert ours.frames < lean.frames / 4


def test_a_confirmed_sample_never_touches_the_disk(home):
    async def go():
        store = home.open()
        store.keep(started())
        await settled(store)
        store.confirm([entry.key for entry in await store.head(9)])
        await settled(store)
        count = await counted(store, home)
        for seq in range(1, 2000):
            store.keep(wide(seq))
            store.confirm([entry.key for entry in await store.head(9)])
        await store._ask(lambda tables: None)
        assert (count.synced, count.lazy, count.frames) == (0, 0, 0)
        assert not store._writer._batch.ops
        await settled(store)
        await store.close()
        store = home.open()
        assert [fact.seq for fact in store.restore()] == [1999]
        await store.close()

    run(go())


def test_offline_samples_go_in_groups(home):
    async def go():
        store = home.open(Rhythm())
        store.keep(started())
        await settled(store)
        count = await counted(store, home)
        for seq in range(1, SAMPLES + 1):
            store.keep(wide(seq))
            await store._ask(lambda tables: None)
        assert (count.synced, count.lazy) == (0, SAMPLES // 10)
        await store.close()

    run(go())


def test_the_last_of_the_slow_rhythm_strikes(home):
    """A sample, a confirmation and a checkpoint each reach the disk by time alone."""

    async def go():
        quick = Rhythm(group=100, sample_s=0.01, lazy_s=0.02, progress_s=0.03)
        store = home.open(quick)
        count = await counted(store, home)
        store.keep(started())
        await until(lambda: home.durable)
        store.confirm([entry.key for entry in await store.head(1)])
        await until(lambda: count.lazy == 1)
        store.keep(wide(1))
        await until(lambda: count.lazy == 2)
        store.checkpoint("t1", 1, 5.0, Stamp(1, 9.0))
        await until(lambda: count.lazy == 3)
        assert count.synced == 1
        await until(lambda: not home.tail.stat().st_size)
        await store.close()

    run(go())


def test_a_start_waits_for_nothing_and_takes_everything_with_it(home):
    async def go():
        store = home.open(Rhythm())
        count = await counted(store, home)
        for seq in range(1, 4):
            store.keep(wide(seq, "other"))
        assert home.tail.stat().st_size
        store.keep(started())
        await until(lambda: home.durable)
        assert (count.synced, count.lazy) == (1, 0)
        assert len(await store._ask(lambda tables: tables.head(0, 9))) == 4
        await until(lambda: not home.tail.stat().st_size)
        await store.close()

    run(go())
