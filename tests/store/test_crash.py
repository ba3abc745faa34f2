"""SIGKILL at any moment: what a method returned from is there again, in order, once.

A child works through a scripted random sequence. It says "I am about to do this" and "done" through a pipe around each
order; the parent kills it at a random moment, starts again in the same folders, and looks. Only the one order that was
under way may be there or not. Every other round is a power cut as well: the tail is gone and the database must be
consistent alone.
"""

import asyncio
import json
import os
import random
import signal
import time
from dataclasses import dataclass, field

import pytest

from chargepoint.clock import Stamp
from chargepoint.codec import decode, encode
from chargepoint.core.records import Record, TransactionEnded, TransactionStarted, TransactionUpdated
from chargepoint.store.batch import Rhythm, energy_in
from tests.store.kit import Home, ended, event, queued, run, sample, settled, started

QUICK = Rhythm(group=4, sample_s=0.004, lazy_s=0.006, progress_s=0.01)


@dataclass
class Model:
    """What must be in the store after the orders told."""

    queue: list[Record] = field(default_factory=list)
    open: dict[str, tuple[int, float]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def copy(self) -> "Model":
        return Model(list(self.queue), dict(self.open), dict(self.numbers))

    def do(self, order) -> None:
        what, detail = order
        if what == "keep":
            record = decode(Record, detail)
            self.queue.append(record)
            if isinstance(record, TransactionEnded):
                self.open.pop(record.tx)
            elif isinstance(record, TransactionStarted):
                self.open[record.tx] = (0, record.energy_wh)
            elif isinstance(record, TransactionUpdated):
                read = energy_in(record)
                self.open[record.tx] = (record.seq, read[0] if read else self.open[record.tx][1])
        elif what == "checkpoint":
            tx, seq, energy_wh = detail
            self.open[tx] = (seq, energy_wh)
        elif what == "confirm":
            for record in self.queue[:detail]:
                if isinstance(record, TransactionEnded):
                    self.numbers.pop(record.tx, None)
            del self.queue[:detail]
        elif what == "number":
            self.numbers[detail[0]] = detail[1]


async def work(home: Home, seed: int, model: Model, pipe: int) -> None:
    """The child's life: orders by chance, for ever."""
    chance = random.Random(seed)

    def say(*words):
        os.write(pipe, json.dumps(words).encode() + b"\n")

    store = home.open(QUICK)
    store._on_durable = lambda tx: say("durable", tx)
    say("ready", None)
    count = 0
    while True:
        count += 1
        tx = chance.choice(list(model.open)) if model.open else None
        pick = chance.random()
        entries = await store.head(3)
        if tx is None or pick < 0.08:
            order = "keep", encode(Record, started(f"{seed}-{count}", count, store.boot, float(count)))
        elif pick < 0.5:
            energy_wh = float(count) if chance.random() < 0.5 else None
            order = "keep", encode(Record, sample(tx, model.open[tx][0] + 1, energy_wh, store.boot))
        elif pick < 0.56:
            order = "keep", encode(Record, ended(tx, model.open[tx][0] + 1, store.boot))
        elif pick < 0.58:
            order = "keep", encode(Record, event(f"{seed}-{count}"))
        elif pick < 0.64:
            order = "checkpoint", (tx, model.open[tx][0], float(count))
        elif pick < 0.68:
            order = "number", (tx, count)
        elif entries:
            order = "confirm", len(entries)
        else:
            continue
        say("about", order)
        what, detail = order
        if what == "keep":
            store.keep(decode(Record, detail))
        elif what == "checkpoint":
            store.checkpoint(*detail, Stamp(store.boot, 1.0 + model.open[tx][0]))
        elif what == "confirm":
            store.confirm([entry.key for entry in entries])
        else:
            store.learn_number(*detail)
        say("done", order)
        model.do(order)
        if chance.random() < 0.1:
            await asyncio.sleep(chance.random() * 0.01)


def child(home: Home, seed: int, model: Model) -> tuple[int, int]:
    """Its process id and the pipe it talks through."""
    reads, writes = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reads)
            run(work(home, seed, model.copy(), writes))
        finally:
            os._exit(3)
    os.close(writes)
    return pid, reads


def killed(home: Home, seed: int, model: Model, lines: int, more_s: float) -> list:
    """Everything the child said until it was killed, some time after so many lines."""
    pid, pipe = child(home, seed, model)
    said = b""
    while said.count(b"\n") < lines:
        part = os.read(pipe, 65536)
        assert part, "the child ended by itself"
        said += part
    end = time.monotonic() + more_s
    while time.monotonic() < end:
        pass
    os.kill(pid, signal.SIGKILL)
    while part := os.read(pipe, 65536):
        said += part
    os.close(pipe)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    return [json.loads(line) for line in said.split(b"\n")[:-1]]


def models_after(model: Model, said: list) -> list[Model]:
    """The model after what was done, and, if an order was under way, after that too."""
    under_way = None
    for word, order in said:
        if word == "about":
            under_way = order
        elif word == "done":
            model.do(order)
            under_way = None
    found = [model]
    if under_way:
        found.append(model.copy())
        found[1].do(under_way)
    return found


async def look(home: Home, model: Model) -> Model:
    store = home.open(QUICK)
    assert not store.notices
    found = Model(
        await queued(store),
        {fact.started.tx: (fact.seq, fact.energy_wh) for fact in store.restore()},
        {tx: store.number(tx) for tx in model.numbers if store.number(tx) is not None},
    )
    assert store.waiting == len(found.queue)
    assert (await store.verify()).ok
    await store.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_killed_process_loses_nothing(home, seed):
    chance = random.Random(seed)
    model = Model()
    for turn in range(12):
        said = killed(home, seed * 100 + turn, model, chance.randrange(1, 120), chance.random() * 0.004)
        possible = models_after(model, said)
        found = run(look(home, model))
        assert found in possible
        model = found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_power_cut_leaves_a_consistent_database(home, seed):
    chance = random.Random(seed)
    model = Model()
    for turn in range(10):
        said = killed(home, 1000 + seed * 100 + turn, model, chance.randrange(1, 120), chance.random() * 0.004)
        home.cut()
        ever, orders = model.copy(), [order for word, order in said if word == "about"]
        for what, detail in orders:
            if what == "keep":
                ever.do((what, detail))
        model = run(look(home, ever))
        positions = [ever.queue.index(record) for record in model.queue]
        assert positions == sorted(positions)
        durable = {tx for word, tx in said if word == "durable"}
        ends = {decode(Record, detail).tx for what, detail in orders if what == "keep" and "reason" in detail}
        assert durable - ends <= set(model.open)
        assert set(model.open) <= set(ever.open) | ends


def test_the_child_would_be_caught_lying(home):
    """The comparison can fail: a store that lost one record does not fit."""

    async def go():
        store = home.open()
        store.keep(started())
        store.keep(sample())
        await settled(store)
        await store.close()

    run(go())
    model = Model()
    for record in (started(), sample(), sample(seq=2)):
        model.do(("keep", encode(Record, record)))
    assert run(look(home, model)) != model
