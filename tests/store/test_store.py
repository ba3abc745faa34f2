"""What the loop asks and orders, over restarts."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.facts import AvailabilityIs, ReservationIs, SettingIs, TransactionWasOpen
from chargepoint.core.tokens import NOBODY, IdToken, TokenInfo, Verdict
from chargepoint.errors import CommandError, StoreError
from chargepoint.store import outbox, tables
from chargepoint.store import store as store_module
from chargepoint.store.batch import Rhythm
from tests.store.kit import CARD, Home, ended, event, queued, run, sample, settled, started, until

FINE = TokenInfo(Verdict.ACCEPTED)


def test_order_is_kept_over_restarts(home):
    kept = [started(), sample(seq=1), sample(seq=2), event(), sample(seq=3), ended(seq=4), started("t2"), sample("t2")]

    async def go():
        for position in range(0, len(kept), 3):
            store = home.open()
            for record in kept[position : position + 3]:
                store.keep(record)
            await settled(store)
            assert await queued(store) == kept[: position + 3]
            await store.close()
        store = home.open()
        assert await queued(store) == kept
        assert store.waiting == len(kept)
        await store.close()

    run(go())


def test_durable_is_told_after_the_commit_and_only_for_starts(home):
    async def go():
        store = home.open()
        store.keep(started("a"))
        store.keep(event())
        await until(lambda: home.durable)
        await settled(store)
        assert home.durable == ["a"]
        await store.close()
        assert not home.fatal

    run(go())


def test_nothing_shows_before_it_is_on_disk(home):
    """While the writer is busy, neither the start nor a sample behind it may be sent."""

    async def go():
        store = home.open()
        busy, go_on = threading.Event(), threading.Event()

        def hold(tables):
            busy.set()
            assert go_on.wait(10)

        question = asyncio.ensure_future(store._ask(hold))
        await asyncio.to_thread(busy.wait, 10)
        store.keep(sample("old"))
        store.keep(started())
        store.keep(sample())
        assert await queued(store) == [sample("old")]
        assert store.waiting == 3
        go_on.set()
        await question
        await until(lambda: home.durable)
        assert await queued(store) == [sample("old"), started(), sample()]
        await store.close()

    run(go())


def test_the_queue_is_told_of_what_comes_and_goes(home):
    async def go():
        store = home.open()
        store.keep(started())
        await until(lambda: home.queue == [1])
        store.confirm([entry.key for entry in await store.head(1)])
        await until(lambda: home.queue == [1, 0])
        store.checkpoint("t1", 0, 5.0, Stamp(1, 2.0))
        await settled(store)
        assert home.queue == [1, 0]
        await store.close()

    run(go())


def test_confirmed_entries_leave_and_unknown_keys_do_nothing(home):
    async def go():
        store = home.open()
        for record in (started(), sample(seq=1), sample(seq=2)):
            store.keep(record)
        await settled(store)
        first, second, third = await store.head(3)
        store.confirm([first.key, second.key])
        store.confirm([first.key, 77])
        store.refuse(first.key, "too late")
        assert store.waiting == 1
        assert await store.head(9) == [third]
        await store.close()
        store = home.open()
        assert store.waiting == 1
        assert await store.head(9) == [third]
        assert await store.dead_letters() == []
        await store.close()

    run(go())


def test_attempts_are_counted_for_this_start(home):
    async def go():
        store = home.open()
        store.keep(started())
        await settled(store)
        (entry,) = await store.head(1)
        store.failed(entry.key)
        store.failed(entry.key)
        store.failed(1)
        assert [entry.attempts for entry in await store.head(1)] == [2]
        await store.close()
        store = home.open()
        assert [entry.attempts for entry in await store.head(1)] == [0]
        await store.close()

    run(go())


def test_keys_are_never_used_again_not_even_after_a_power_cut(home):
    async def go():
        seen = []
        for _ in range(3):
            store = home.open()
            for seq in range(3):
                store.keep(sample(seq=seq))
            keys = [entry.key for entry in await store.head(9)]
            seen += keys
            store.confirm(keys)
            await store.close()
            home.cut()
        assert len(set(seen)) == 9
        assert seen == sorted(seen)

    run(go())


def test_a_long_queue_is_fetched_in_parts(home, monkeypatch):
    for module in (outbox, store_module):
        monkeypatch.setattr(module, "FRONT", 5)

    async def go():
        store = home.open(Rhythm(group=4))
        kept = [sample(seq=seq) for seq in range(23)]
        for record in kept[:17]:
            store.keep(record)
        sent = []
        while entries := await store.head(3):
            sent += [entry.record for entry in entries]
            store.confirm([entry.key for entry in entries])
            if len(sent) == 6:
                for record in kept[17:]:
                    store.keep(record)
        assert sent == kept
        assert store.waiting == 0
        await store.close()

    run(go())


def test_a_long_queue_of_an_earlier_start(home):
    async def go():
        store = home.open()
        kept = [sample(seq=seq) for seq in range(outbox.FRONT * 2 + 10)]
        for record in kept:
            store.keep(record)
        await store.close()
        store = home.open()
        assert store.waiting == len(kept)
        store.keep(ended())
        await settled(store)
        assert await queued(store) == [*kept, ended()]
        await store.close()

    run(go())


def test_an_open_transaction_is_found_again(home):
    async def go():
        store = home.open()
        store.keep(started(energy_wh=100.0))
        store.keep(sample(seq=1, energy_wh=150.0))
        store.checkpoint("t1", 1, 170.0, Stamp(1, 50.0))
        store.keep(sample(seq=2))
        store.keep(started("gone"))
        store.keep(ended("gone"))
        await store.close()
        store = home.open()
        assert store.restore() == [TransactionWasOpen(started(energy_wh=100.0), 2, 170.0, Stamp(1, 50.0))]
        store.keep(sample(seq=3, energy_wh=180.0))
        await store.close()
        store = home.open()
        assert store.restore() == [TransactionWasOpen(started(energy_wh=100.0), 3, 180.0, Stamp(1, 4.0))]
        await store.close()

    run(go())


def test_a_sequence_number_never_goes_back(home):
    async def go():
        store = home.open()
        store.keep(started())
        store.keep(sample(seq=7))
        await settled(store)
        store.checkpoint("t1", 6, 170.0, Stamp(1, 50.0))
        await store.close()
        store = home.open()
        assert store.restore() == [TransactionWasOpen(started(), 7, 170.0, Stamp(1, 50.0))]
        await store.close()

    run(go())


def test_a_start_without_anything_after_it(home):
    async def go():
        store = home.open()
        store.keep(started(energy_wh=100.0))
        await store.close()
        store = home.open()
        assert store.restore() == [TransactionWasOpen(started(energy_wh=100.0), 0, 100.0, Stamp(1, 1.0))]
        await store.close()

    run(go())


@pytest.mark.parametrize("number", [0, -1, 2**63 - 1, 10**25, "a-7"])
def test_a_number_is_known_until_the_end_is_confirmed(home, number):
    async def go():
        store = home.open()
        store.keep(started())
        await settled(store)
        store.learn_number("t1", number)
        store.confirm([entry.key for entry in await store.head(1)])
        assert store.number("t1") == number
        assert store.tx(number) == "t1"
        assert store.tx(str(number)) == "t1"
        store.keep(ended())
        await store.close()
        store = home.open()
        assert store.number("t1") == number
        assert store.tx(number) == "t1"
        store.confirm([entry.key for entry in await store.head(1)])
        await settled(store)
        assert store.number("t1") is None
        assert store.tx(number) is None
        await store.close()

    run(go())


def test_of_a_repeated_number_the_latest_is_meant(home):
    async def go():
        store = home.open()
        for tx in ("t1", "t2"):
            store.keep(started(tx))
            store.learn_number(tx, 0)
        store.keep(ended("t1"))
        assert store.tx(0) == "t2"
        await settled(store)
        store.confirm([entry.key for entry in await store.head(9)])
        await settled(store)
        assert store.number("t1") is None
        assert store.tx(0) == "t2"
        await store.close()

    run(go())


def test_the_cache_is_case_insensitive_and_says_what_it_was_told(home):
    async def go():
        store = home.open()
        expired = TokenInfo(Verdict.ACCEPTED, "group", 5.0, "old")
        store.remember(IdToken("aBc"), FINE)
        store.remember(IdToken("ABC"), expired)
        assert (await store.known(IdToken("abc"))).cached == expired
        await store.close()
        store = home.open()
        assert (await store.known(IdToken("Abc"))).cached == expired
        store.forget_tokens()
        assert await store.known(IdToken("Abc")) == NOBODY
        await store.close()
        store = home.open()
        assert await store.known(IdToken("Abc")) == NOBODY
        await store.close()

    run(go())


def test_the_cache_is_bounded(home, monkeypatch):
    for module in (tables, store_module):
        monkeypatch.setattr(module, "TOKENS", 3)

    async def go():
        store = home.open()
        for name in ("a", "b", "c", "a", "d"):
            store.remember(IdToken(name), TokenInfo(Verdict.ACCEPTED, message=f"{name}{len(store._tokens)}"))
        assert set(store._tokens) == {"c", "a", "d"}
        await store.close()
        store = home.open()
        assert set(store._tokens) <= {"c", "a", "d"}
        assert {"a", "d"} <= set(store._tokens)
        await store.close()

    run(go())


def test_what_is_remembered_already_is_not_written_again(home):
    async def go():
        store = home.open()
        store.remember(CARD, FINE)
        size = home.tail.stat().st_size
        store.remember(CARD, FINE)
        assert home.tail.stat().st_size == size
        await store.close()

    run(go())


def test_settings_availability_and_reservations_come_back(home):
    async def go():
        store = home.open()
        store.keep_setting("HeartbeatInterval", "60")
        store.keep_setting("HeartbeatInterval", "90")
        store.keep_availability(0, False)
        store.keep_availability(1, False)
        store.keep_availability(1, True)
        store.keep_reservation(5, 1, CARD, 9.0, "g")
        store.keep_reservation(6, 1, CARD)
        store.keep_reservation(6, 1, None)
        await store.close()
        store = home.open()
        assert store.restore() == [
            SettingIs("HeartbeatInterval", "90"),
            AvailabilityIs(0, False),
            AvailabilityIs(1, True),
            ReservationIs(5, 1, CARD, 9.0, "g"),
        ]
        await store.close()

    run(go())


def test_a_promise_survives_a_power_cut(home):
    async def go():
        store = home.open()
        store.keep_setting("a", "1")
        await until(lambda: not home.tail.stat().st_size)
        again = home.state.with_name("copy")
        again.mkdir()
        for suffix in ("", "-wal"):
            part = home.file.with_name(home.file.name + suffix)
            again.joinpath(part.name).write_bytes(part.read_bytes())
        await store.close()
        copy = Home(home.state.parent)
        copy.state = again
        store = copy.open()
        assert store.restore() == [SettingIs("a", "1")]
        await store.close()

    run(go())


def test_dead_letters_are_kept_and_can_be_sent_again(home):
    async def go():
        store = home.open()
        for record in (started(), sample(), ended(seq=2)):
            store.keep(record)
        store.learn_number("t1", 12)
        await settled(store)
        first, second, third = await store.head(3)
        store.confirm([first.key])
        store.refuse(second.key, "FormationViolation " + "x" * 1000)
        store.confirm([third.key])
        await store.close()

        store = home.open()
        assert (store.waiting, store.dead) == (0, 1)
        (letter,) = await store.dead_letters()
        assert (letter.id, letter.tx, letter.kind, letter.record) == (second.key, "t1", "TransactionUpdated", sample())
        assert letter.why.startswith("FormationViolation") and len(letter.why) == 500
        assert not letter.waiting
        assert store.number("t1") == 12

        await store.retry(letter.id)
        (entry,) = await store.head(9)
        assert entry.record == sample()
        assert entry.key > third.key
        assert [letter.waiting for letter in await store.dead_letters()] == [True]
        with pytest.raises(CommandError, match="in the queue again already"):
            await store.retry(letter.id)
        store.refuse(entry.key, "still no")
        (letter,) = await store.dead_letters()
        assert (letter.id, letter.why, letter.waiting) == (second.key, "still no", False)

        await store.retry(letter.id)
        await store.close()
        store = home.open()
        store.confirm([entry.key for entry in await store.head(9)])
        assert (await store.verify()).ok
        assert await store.dead_letters() == []
        assert store.dead == 0
        assert store.number("t1") is None
        with pytest.raises(CommandError, match="no dead letter 4711"):
            await store.retry(4711)
        await store.close()

    run(go())


def test_two_who_retry_at_once_queue_it_once(home):
    async def go():
        store = home.open()
        store.keep(started())
        await settled(store)
        (entry,) = await store.head(1)
        store.refuse(entry.key, "no")
        done = await asyncio.gather(store.retry(entry.key), store.retry(entry.key), return_exceptions=True)
        assert [type(result) for result in done] == [type(None), CommandError]
        assert await queued(store) == [started()]
        assert store.waiting == 1
        await store.close()

    run(go())


def test_what_cannot_be_read_becomes_a_dead_letter_and_blocks_nobody(home):
    async def go():
        store = home.open()
        for seq in range(3):
            store.keep(sample(seq=seq))
        await settled(store)
        entries = await store.head(3)
        await store._ask(
            lambda tables: tables._db.execute(
                "UPDATE outbox SET body = ? WHERE id = ?", ('{"is":"Transmogrified"}', entries[1].key)
            )
        )
        await store.close()
        store = home.open()
        assert await queued(store) == [sample(seq=0), sample(seq=2)]
        assert store.waiting == 2
        (letter,) = await store.dead_letters()
        assert letter.record is None
        assert letter.body == '{"is":"Transmogrified"}'
        with pytest.raises(CommandError, match="cannot be read"):
            await store.retry(letter.id)
        await store.close()
        store = home.open()
        assert store.waiting == 2
        await store.close()

    run(go())


def test_the_boot_counts_the_opens(home):
    async def go():
        boots = []
        for _ in range(3):
            store = home.open()
            boots.append(store.boot)
            await store.close()
        assert boots == [1, 2, 3]

    run(go())


def test_a_closed_store_says_so(home):
    async def go():
        store = home.open()
        await store.close()
        await store.close()
        with pytest.raises(RuntimeError, match="closed"):
            store.keep(started())
        with pytest.raises(StoreError, match="closed"):
            await store.dead_letters()

    run(go())


def test_a_disk_error_is_fatal_and_leaves_nobody_waiting(home):
    async def go():
        store = home.open()
        await store._ask(lambda tables: tables._db.execute("DROP TABLE settings"))
        store.keep(sample())
        store.keep_setting("a", "1")
        await until(lambda: home.fatal)
        assert "no such table" in str(home.fatal[0])
        with pytest.raises(StoreError, match="no such table"):
            await store.dead_letters()
        with pytest.raises(StoreError, match="failed"):
            await asyncio.gather(store.dead_letters(), store.verify())
        store.keep(sample(seq=2))
        await store.close()
        assert len(home.fatal) == 1

    run(go())


def test_a_question_that_fails_is_answered(home):
    async def go():
        store = home.open()
        with pytest.raises(StoreError, match="no such table"):
            await store._ask(lambda tables: tables._db.execute("SELECT * FROM elsewhere"))
        assert len(home.fatal) == 1
        await store.close()

    run(go())


def test_a_full_run_folder_is_fatal(home):
    async def go():
        store = home.open()
        tail = store._opened.tail
        real, tail._fd = tail._fd, os.open("/dev/full", os.O_WRONLY)
        store.keep(sample())
        await until(lambda: home.fatal)
        assert isinstance(home.fatal[0], OSError)
        os.close(tail._fd)
        tail._fd = real
        await store.close()

    run(go())


def test_an_idle_store_sleeps(home):
    """The kernel counts how often the thread went to sleep: with nothing to do, and with a commit far ahead, never."""

    def switches(store):
        text = Path(f"/proc/self/task/{store._writer._thread.native_id}/status").read_text()
        return [line for line in text.splitlines() if "ctxt" in line], "S (sleeping)" in text

    async def go():
        store = home.open(Rhythm())
        for record in (started(), sample()):
            store.keep(record)
            await settled(store)
            store.checkpoint("t1", 1, 5.0, Stamp(1, 9.0))
            await until(lambda: switches(store)[1] and not store._writer._jobs.qsize())
            before = switches(store)
            await asyncio.sleep(0.2)
            assert switches(store) == before
        await store.close()

    run(go())


def test_a_cancelled_question_harms_nobody(home):
    async def go():
        store = home.open()
        go_on = threading.Event()
        first = asyncio.ensure_future(store._ask(lambda tables: go_on.wait(10)))
        second = asyncio.ensure_future(store.dead_letters())
        await asyncio.sleep(0)
        second.cancel()
        go_on.set()
        await first
        assert await store.dead_letters() == []
        assert not home.fatal
        await store.close()

    run(go())


def test_a_clock_of_lower_quality_is_not_believed(home):
    async def go():
        store = home.open(mono=lambda: 10.0, machine="m")
        store.note_clock(1.8e9, TimeQuality.NTP)
        store.note_clock(0.0, TimeQuality.RESTORED)
        assert store.dated(Stamp(store.boot, 5.0)) == 1.8e9 + 5
        await store.close()

    run(go())
