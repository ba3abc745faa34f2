"""Which record goes next, and what becomes of one that fails."""

import asyncio

from chargepoint.core.records import SecurityEvent
from chargepoint.core.settings import Settings
from chargepoint.uplink.outbox import FETCH, LOW_WATER, Outbox
from tests.uplink.kit import AT, FakeStore, ended, started, updated

SETTINGS = {"TransactionMessageAttempts": 3, "TransactionMessageRetryInterval": 10}


def outbox(*records, merge=50, store=None):
    found = Outbox(store or FakeStore(*records), Settings(SETTINGS), merge, lambda kind, text: None)
    asyncio.run(found.fetch())
    return found


def keys(parcel):
    return None if parcel is None else parcel.keys


def test_in_order():
    box = outbox(started(), updated(), ended())
    sent = []
    while parcel := box.next(0.0):
        sent.append(parcel.keys)
        box.confirmed(parcel)
    assert sent == [(1,), (2,), (3,)] and box.store.confirmed == [1, 2, 3]


def test_a_transaction_that_waits_does_not_hold_up_another_nor_is_it_overtaken_by_itself():
    box = outbox(started("a"), started("b"), ended("a"), ended("b"))
    box.failed(box.next(0.0), "no", 0.0)
    assert box.next_try == 10.0
    b = box.next(0.0)
    assert b.keys == (2,)
    box.confirmed(b)
    assert keys(box.next(0.0)) == (4,)
    box.confirmed(box.next(0.0))
    assert box.next(9.9) is None
    assert keys(box.next(10.0)) == (1,)


def test_the_pause_grows_and_the_last_try_sets_it_aside():
    box = outbox(started(), ended())
    for now, due in ((0.0, 10.0), (10.0, 30.0)):
        box.failed(box.next(now), "no", now)
        assert box.next_try == due
    box.failed(box.next(30.0), "no", 30.0)
    assert box.store.refused == [(1, "3 times: no")]
    assert keys(box.next(30.0)) == (2,) and box.next_try is None


def test_tries_count_over_connections():
    store = FakeStore(started())
    for _ in range(2):
        box = outbox(store=store)
        box.failed(box.next(0.0), "no", 0.0)
    box = outbox(store=store)
    box.failed(box.next(0.0), "no", 0.0)
    assert store.refused


def test_samples_in_a_row_are_merged_but_not_across_an_end():
    box = outbox(started(), updated(seq=1), updated("b"), updated(seq=2), ended(seq=3), updated(seq=4))
    box.confirmed(box.next(0.0))
    merged = box.next(0.0)
    assert merged.keys == (2, 4) and len(merged.record.values) == 2
    box.confirmed(merged)
    assert keys(box.next(0.0)) == (3,)


def test_no_more_than_a_message_may_carry():
    box = outbox(*(updated(seq=seq) for seq in range(5)), merge=2)
    assert keys(box.next(0.0)) == (1, 2)
    assert keys(outbox(updated(), updated(), merge=1).next(0.0)) == (1,)


def test_merged_ones_that_fail_are_tried_one_by_one_and_only_the_bad_one_is_set_aside():
    store = FakeStore(updated(seq=1), updated(seq=2))
    box = Outbox(store, Settings(SETTINGS | {"TransactionMessageAttempts": 1}), 50, lambda kind, text: None)
    asyncio.run(box.fetch())
    box.failed(box.next(0.0), "no", 0.0)
    assert store.refused == []
    single = box.next(10.0)
    assert single.keys == (1,)
    box.failed(single, "no", 10.0)
    assert [key for key, _ in store.refused] == [1]
    assert keys(box.next(10.0)) == (2,)


def test_security_events_are_a_line_of_their_own():
    box = outbox(SecurityEvent("x", AT), started())
    box.failed(box.next(0.0), "no", 0.0)
    assert keys(box.next(0.0)) == (2,)


def test_it_fetches_as_it_runs_down_and_not_again_for_nothing():
    store = FakeStore(*(started(f"tx{n}") for n in range(FETCH + 50)))
    box = Outbox(store, Settings(SETTINGS), 1, lambda kind, text: None)
    assert box.hungry
    asyncio.run(box.fetch())
    assert len(box.entries) == FETCH and not box.hungry
    while len(box.entries) >= LOW_WATER:
        box.confirmed(box.next(0.0))
    assert box.hungry
    asyncio.run(box.fetch())
    assert [entry.key for entry in box.entries] == sorted(entry.key for entry in box.entries)
    assert len(box.entries) == store.waiting and not box.hungry


def test_what_is_not_on_disk_is_not_asked_for_again_and_again():
    store = FakeStore()
    store.hidden[1] = started()
    box = outbox(store=store)
    assert not box.hungry
    box.refreshed()
    assert box.hungry
