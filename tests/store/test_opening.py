"""From a folder to a store: who may not, what is mended, what an older release left behind."""

import asyncio
import errno
import os
import resource
import sqlite3
import stat
import subprocess
import sys

import pytest

from chargepoint.clock import Stamp
from chargepoint.core.facts import SettingIs, TransactionWasOpen
from chargepoint.core.records import TransactionUpdated
from chargepoint.core.tokens import IdToken, TokenInfo, Verdict
from chargepoint.errors import StoreError
from chargepoint.store import database, schema
from chargepoint.store.opening import machine_run
from chargepoint.store.ops import Forget
from chargepoint.store.salvage import finish
from chargepoint.store.tail import Tail, tail_path
from tests.store.kit import CARD, Home, ended, queued, run, sample, settled, started


async def filled(home, count=40):
    store = home.open()
    store.keep_setting("a", "1")
    store.keep(started())
    for seq in range(1, count):
        store.keep(sample(seq=seq))
    await settled(store)
    store.learn_number("t1", 5)
    await store.close()
    return [started(), *(sample(seq=seq) for seq in range(1, count))]


def test_a_second_daemon_is_refused(home):
    async def go():
        home.state.mkdir(parents=True)
        (home.state / "lock").write_text("9" * 15)
        store = home.open()
        with pytest.raises(StoreError, match=rf"another chargepoint daemon \(process {os.getpid()}\) uses .*; stop it"):
            home.open()
        await store.close()
        await home.open().close()

    run(go())


def test_a_second_process_is_refused(home):
    async def go():
        store = home.open()
        script = (
            "import sys; from pathlib import Path; from chargepoint.store import Store\n"
            "try: Store.open(Path(sys.argv[1]), Path(sys.argv[2]), print, print, print)\n"
            "except Exception as error: sys.exit(type(error).__name__)"
        )
        command = [sys.executable, "-c", script, str(home.state), str(home.run)]
        found = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)
        assert found.stderr.strip() == "StoreError"
        await store.close()

    run(go())


def test_only_the_owner_may_read(home):
    async def go():
        store = home.open()
        store.keep(started())
        await settled(store)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (*home.state.iterdir(), home.tail)}
        assert set(modes.values()) == {0o600}, modes
        await store.close()

    run(go())


@pytest.mark.parametrize("folder", ["state", "run"])
def test_a_folder_that_cannot_be_is_said(home, folder):
    getattr(home, folder).parent.mkdir(exist_ok=True)
    getattr(home, folder).write_text("a file")
    with pytest.raises(StoreError, match=f"{folder} cannot be used .*exist"):
        home.open()


@pytest.mark.parametrize("folder", ["lock", "state.db"])
def test_a_file_that_cannot_be_opened_is_said(home, folder):
    (home.state / folder).mkdir(parents=True)
    with pytest.raises(StoreError, match=r"cannot be used \(.*; make it readable and writable for user \d+"):
        home.open()
    assert os.listdir(home.state / folder) == []


def test_a_run_file_that_cannot_be_opened_is_said(home):
    tail_path(home.run, home.state).mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be used"):
        home.open()


def test_a_full_disk_is_said(tmp_path):
    db = sqlite3.connect(tmp_path / "x.db")
    db.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as full:
        db.executescript("CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x);")
    db.close()
    for error in (full.value, OSError(errno.ENOSPC, "No space left on device")):
        assert "is full" in str(database.trouble(tmp_path, error))
        assert "free some space" in str(database.trouble(tmp_path, error))


def test_a_newer_schema_is_refused_and_left_alone(home):
    async def go():
        kept = await filled(home)
        db = sqlite3.connect(home.file)
        db.execute("PRAGMA user_version = 99")
        db.close()
        with pytest.raises(StoreError, match=r"schema 99, this release knows 4.*newer release"):
            home.open()
        db = sqlite3.connect(home.file)
        db.execute(f"PRAGMA user_version = {schema.newest()}")
        db.close()
        store = home.open()
        assert await queued(store) == kept
        await store.close()

    run(go())


@pytest.mark.parametrize("number", range(1, schema.newest()))
def test_an_older_schema_is_brought_up_to_date(home, number):
    async def go():
        home.state.mkdir(parents=True)
        db = database.connect(home.file)
        schema.migrate(db, number)
        assert schema.version(db) == number
        db.execute("INSERT INTO outbox VALUES (3000000001, '', 'SecurityEvent', ?)", ('{"is":"SecurityEvent"}',))
        db.execute("INSERT INTO boots (boot, machine, opened, last, waiting) VALUES (3, 'm', 0, 0, 1)")
        db.close()
        store = home.open()
        assert store.boot == 4
        assert store.waiting == 0
        assert [letter.id for letter in await store.dead_letters()] == [3000000001]
        store.keep_setting("a", "1")
        await store.close()
        db = sqlite3.connect(home.file)
        assert schema.version(db) == schema.newest()
        db.close()

    run(go())


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    db = database.connect(tmp_path / "x.db")
    schema.migrate(db, 1)
    good = schema.steps()
    monkeypatch.setattr(schema, "steps", lambda: {**good, 4: "CREATE TABLE fine (x); CREATE TABLE outbox (x);"})
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        schema.migrate(db)
    assert schema.version(db) == 1
    assert {row[0] for row in db.execute("SELECT name FROM sqlite_master")} >= {"outbox"}
    assert not db.execute("SELECT * FROM sqlite_master WHERE name IN ('fine', 'dead_letters')").fetchall()
    db.close()


def test_the_schema_files_are_numbered_without_a_gap():
    assert list(schema.steps()) == list(range(1, schema.newest() + 1))


def smash(home, offset, size):
    with home.file.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * size)


def middle_page(home, kept):
    """Where the row in the middle of the queue lies."""
    text = home.file.read_bytes()
    needle = f'"seq":{len(kept) // 2},"trigger":"MeterValuePeriodic"'.encode()
    assert text.count(needle) == 1
    return text.index(needle) // 1024 * 1024


def test_a_damaged_page_costs_only_what_was_on_it(home):
    async def go():
        kept = await filled(home, 200)
        smash(home, middle_page(home, kept), 1024)
        store = home.open()
        assert any("was damaged" in notice for notice in store.notices)
        assert any("rows are missing from outbox" in notice for notice in store.notices)
        left = await queued(store)
        assert [record for record in kept if record in left] == left
        assert len(kept) - 12 < len(left) < len(kept)
        assert store.waiting == len(left)
        assert SettingIs("a", "1") in store.restore()
        assert TransactionWasOpen(started(), 199, 1000.0, Stamp(1, 1.0)) in store.restore()
        assert store.number("t1") == 5
        assert store.boot == 2
        assert (await store.verify()).ok
        store.keep(ended(seq=200))
        await settled(store)
        assert (await queued(store))[-1] == ended(seq=200)
        await store.close()
        (aside,) = home.state.glob("state.db.damaged-*")
        assert aside.stat().st_size
        store = home.open()
        assert store.notices == ()
        assert store.waiting == len(left) + 1
        await store.close()

    run(go())


def test_lost_boots_are_made_up_for(home):
    """The next one is counted from the keys, so that no key and no stamp means two things."""

    async def go():
        for _ in range(3):
            kept = await filled(home, 3)
        text = home.file.read_bytes()
        smash(home, text.index(machine_run().encode()) // 1024 * 1024, 1024)
        store = home.open()
        assert any("rows are missing from boots" in notice for notice in store.notices)
        assert store.boot == 4
        assert store.waiting == 9
        assert len(await queued(store)) == 9
        assert (await queued(store))[-3:] == kept
        assert store.dated(Stamp(2, 5.0)) is None
        await store.close()

    run(go())


def test_a_file_that_is_no_database_is_put_aside(home):
    async def go():
        await filled(home)
        home.file.write_bytes(b"this was a database once" * 1000)
        store = home.open()
        assert "file is not a database" in store.notices[0]
        assert await queued(store) == []
        store.keep(started())
        await store.close()
        (aside,) = home.state.glob("state.db.damaged-*")
        assert aside.read_bytes().startswith(b"this was a database once")
        home.file.write_bytes(b"and again" * 1000)
        store = home.open()
        await store.close()
        assert len(list(home.state.glob("state.db.damaged-*"))) == 2

    run(go())


def test_a_damaged_database_still_takes_in_the_tail(home):
    """The process was killed, and the card lost the database: what the tail holds is not lost."""

    async def go():
        store = home.open()
        store.keep(sample(seq=1))
        store.keep(sample(seq=2))
        lines = home.tail.read_bytes()
        await store.close()
        home.tail.write_bytes(lines)
        home.file.write_bytes(b"x" * 5000)
        store = home.open()
        assert await queued(store) == [sample(seq=1), sample(seq=2)]
        assert store.waiting == 2
        assert store.boot == 2
        await store.close()

    run(go())


def test_a_tail_of_a_database_that_was_removed_is_not_taken_in(home):
    async def go():
        store = home.open()
        store.keep(sample(seq=1))
        lines = home.tail.read_bytes()
        await store.close()
        home.file.unlink()
        home.tail.write_bytes(lines)
        store = home.open()
        assert store.waiting == 0
        await store.close()

    run(go())


def test_a_damaged_index_costs_nothing(home):
    """integrity_check finds it; every row is still there."""

    async def go():
        store = home.open()
        for name in ("ab", "cd", "ef"):
            store.remember(IdToken(name), TokenInfo(Verdict.ACCEPTED))
        await store.close()
        text = bytearray(home.file.read_bytes())
        spots = [at for at in range(len(text)) if text[at : at + 2] == b"cd"]
        text[spots[-1] : spots[-1] + 2] = b"zz"
        home.file.write_bytes(bytes(text))
        store = home.open()
        assert any("was damaged" in notice for notice in store.notices)
        assert not [notice for notice in store.notices if "rows are missing from" in notice]
        await store.close()

    run(go())


@pytest.mark.parametrize("part", ["state.db.new", "state.db.salvaged"])
def test_a_salvage_that_was_interrupted_is_finished(home, part):
    """Unfinished: the old file counts. Complete but not in place: it takes its place, the old one is kept."""

    async def go():
        kept = await filled(home)
        (home.state / part).write_bytes(home.file.read_bytes())
        if part == "state.db.salvaged":
            home.file.write_bytes(b"broken" * 1000)
            (home.state / "state.db-wal").write_bytes(b"stale")
        else:
            (home.state / part).write_bytes(b"half")
        store = home.open()
        assert await queued(store) == kept
        await store.close()
        assert not (home.state / part).exists()
        aside = {path.name[-4:] for path in home.state.glob("state.db.damaged-*")}
        assert ("-wal" in aside) == (part == "state.db.salvaged")

    run(go())


def test_finish_does_nothing_where_nothing_is_to_be_done(home):
    home.state.mkdir(parents=True)
    finish(home.file, "now")
    assert not list(home.state.iterdir())


def test_a_tail_is_read_up_to_a_torn_line_and_over_a_strange_one(tmp_path):
    tail = Tail(tmp_path / "tail")
    tail.append(1, 1, Forget())
    with (tmp_path / "tail").open("ab") as file:
        file.write(b'[1,2,{"is":"Teleport"}]\n[1,3,{"is":"Forget"}]\n[1,4,{"is":"For')
    assert [(boot, n, op) for boot, n, op in tail.lines()] == [(1, 1, Forget()), (1, 2, None), (1, 3, Forget())]
    with (tmp_path / "tail").open("ab") as file:
        file.write(b'get\n[1,5,{"is":"Forget"}]\n')
    assert len(list(tail.lines())) == 3
    tail.empty()
    assert list(tail.lines()) == []
    tail.close()


def test_a_line_that_does_not_fit_is_an_error(tmp_path):
    """The file system takes a part of it: what is there is torn, and the caller must know."""
    tail = Tail(tmp_path / "tail")
    tail.append(1, 1, Forget())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (tail._path.stat().st_size + 5, hard))
    try:
        with pytest.raises(OSError, match=r"took 5 of .* run_dir is full"):
            tail.append(1, 2, Forget())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(list(tail.lines())) == 1
    tail.close()


def test_strange_lines_of_a_tail_are_told(home):
    async def go():
        store = home.open()
        store.keep(sample())
        lines = home.tail.read_bytes()
        await store.close()
        store = home.open()
        await store.close()
        home.tail.write_bytes(lines.replace(b"[1,1,", b"[2,1,") + b'[2,2,{"is":"Teleport"}]\n')
        store = home.open()
        assert "1 lines of the tail file" in store.notices[0]
        assert store.waiting == 2
        await store.close()

    run(go())


def test_unreadable_rows_are_told_and_stay(home):
    async def go():
        store = home.open()
        store.keep(started())
        store.keep_reservation(4, 1, CARD, 5.0)
        await settled(store)
        await store._ask(lambda tables: tables._db.execute("UPDATE transactions SET started = '{}'"))
        await store._ask(lambda tables: tables._db.execute("UPDATE reservations SET body = '{}'"))
        await store._ask(lambda tables: tables._db.execute("UPDATE boots SET quality = 99"))
        await store.close()
        store = home.open()
        assert store.restore() == []
        assert len(store.notices) == 2
        assert "reservation 4 in the state database cannot be read" in " ".join(store.notices)
        await store.close()

    run(go())


def test_boots_of_which_nothing_is_left_are_forgotten(home):
    async def go():
        store = home.open()
        store.keep(sample())
        await store.close()
        db = sqlite3.connect(home.file)
        db.executemany(
            "INSERT INTO boots (boot, machine, opened, last, waiting) VALUES (?, 'x', 0, 0, 1)",
            [(boot,) for boot in range(2, 300)],
        )
        db.commit()
        store = home.open()
        assert db.execute("SELECT min(boot), max(boot) FROM boots").fetchone() == (1, 300)
        store.confirm([entry.key for entry in await store.head(1)])
        await store.close()
        store = home.open()
        assert db.execute("SELECT min(boot), max(boot) FROM boots").fetchone() == (201, 301)
        db.close()
        await store.close()

    run(go())


def test_two_stations_may_share_a_run_folder(home, tmp_path):
    async def go():
        other = Home(tmp_path / "other")
        other.run = home.run
        first, second = home.open(), other.open()
        first.keep(sample(seq=1))
        second.keep(sample(seq=2))
        assert isinstance((await queued(first))[0], TransactionUpdated)
        await first.close()
        await second.close()
        first, second = home.open(), other.open()
        assert (await queued(first), await queued(second)) == ([sample(seq=1)], [sample(seq=2)])
        await first.close()
        await second.close()

    run(go())
