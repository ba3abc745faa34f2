import sqlite3

import pytest

from chargepoint.errors import StoreError
from chargepoint.store.ledger import Proof
from tests.store.kit import ended, event, run, sample, settled, started


def rows(home):
    db = sqlite3.connect(home.file)
    found = db.execute("SELECT kind, tx FROM ledger ORDER BY id").fetchall()
    db.close()
    return found


async def a_session(store, tx="t1"):
    store.keep(started(tx))
    store.keep(sample(tx))
    store.keep(ended(tx))
    await settled(store)
    entries = await store.head(9)
    store.learn_number(tx, 7)
    store.confirm([entries[0].key])
    store.confirm([entries[1].key])
    store.refuse(entries[2].key, "no")


def test_it_tells_what_happened_in_order(home):
    async def go():
        store = home.open()
        await a_session(store)
        store.keep(event())
        assert await store.verify() == Proof(True, 6)
        await store.retry((await store.dead_letters())[0].id)
        assert await store.verify() == Proof(True, 7)
        await store.close()

    run(go())
    assert rows(home) == [
        ("TransactionStarted", "t1"),
        ("TransactionEnded", "t1"),
        ("Numbered", "t1"),
        ("Confirmed", "t1"),
        ("Refused", "t1"),
        ("SecurityEvent", ""),
        ("Retried", "t1"),
    ]


def test_an_empty_ledger_is_proved(home):
    async def go():
        store = home.open()
        assert await store.verify() == Proof(True, 0)
        await store.close()

    run(go())


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        ("UPDATE ledger SET body = replace(body, '1000.0', '900.0') WHERE id = 1", 1),
        ("UPDATE ledger SET tx = 'other' WHERE id = 2", 2),
        ("UPDATE ledger SET kind = 'Refused' WHERE id = 4", 4),
        ("UPDATE ledger SET hash = zeroblob(32) WHERE id = 3", 3),
        ("DELETE FROM ledger WHERE id = 2", 3),
        ("UPDATE ledger SET id = 99 WHERE id = 5", 99),
    ],
)
def test_every_change_is_found(home, tamper, broken):
    async def go(first):
        store = home.open()
        if first:
            await a_session(store)
        proof = await store.verify()
        await store.close()
        return proof

    assert run(go(True)).ok
    db = sqlite3.connect(home.file)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(tamper)
    db.execute("DROP TRIGGER ledger_keeps_rows")
    db.execute("DROP TRIGGER ledger_keeps_words")
    db.execute(tamper)
    db.commit()
    db.close()
    proof = run(go(False))
    assert (proof.ok, proof.broken) == (False, broken)


def test_a_ledger_that_cannot_be_read_is_said(home):
    async def go():
        store = home.open()
        await store._ask(lambda tables: tables._db.execute("DROP TABLE ledger"))
        with pytest.raises(StoreError, match="ledger cannot be read"):
            await store.verify()
        await store.close()

    run(go())
