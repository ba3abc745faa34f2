"""The core's loop with a station of stand-ins: what it renews, what it notices, and in which order it ends."""

import asyncio
import contextlib
import threading
import time
from types import SimpleNamespace

import pytest

from chargepoint import daemon
from chargepoint.clock import SystemClock, TimeQuality
from chargepoint.core.commands import ResetKind
from chargepoint.core.effects import Latch, Reboot
from chargepoint.core.facts import ClockIs, FaultIs, GuardIs, LockIs, QueueIs, SettingIs, Tick
from chargepoint.daemon import Daemon, Inbox, Parts, store_callbacks, store_is_broken
from chargepoint.errors import StoreError
from chargepoint.hal import Devices


class FakeStation:
    """Takes facts, gives the effects it was told to, and says when it wants to be woken."""

    def __init__(self):
        self.facts, self.effects = [], {}
        self.next_deadline = None
        self.around = SimpleNamespace(guard=True)
        self.evses = {1: SimpleNamespace(dead=True)}
        self.slow_s = 0.0

    def handle(self, fact, now):
        self.facts.append(fact)
        if self.slow_s:
            time.sleep(self.slow_s)
        if isinstance(fact, Tick):
            self.next_deadline = None
        return self.effects.get(type(fact), [])


class FakeGuard:
    beat_every_s = 0.02

    def __init__(self):
        self.beats, self.ended = 0, False

    def beat(self):
        self.beats += 1

    def drive(self, effect):
        raise NotImplementedError

    async def run(self):
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


class Recorder:
    def __init__(self):
        self.done = []

    def __getattr__(self, name):
        return lambda *arguments: self.done.append((name, *arguments))


class FakeStore(Recorder):
    waiting = 3

    def restore(self):
        return [SettingIs("a", "b")]

    async def close(self):
        self.done.append(("close",))


class FakeUplink(Recorder):
    async def run(self):
        await asyncio.Event().wait()


def parts(lock=None):
    panel = Recorder()
    panel.run = asyncio.Event().wait
    return Parts(
        station=FakeStation(),
        store=FakeStore(),
        guard=FakeGuard(),
        uplink=FakeUplink(),
        panel=panel,
        clock=SystemClock(1),
        journal=Recorder(),
        devices={1: Devices(lock=lock)},
        readers=(),
        hints=None,
        meter_period_s={1: 1.0},
        inbox=Inbox(),
        close_board=Recorder(),
    )


def lived(scene, made=None):
    """Run a daemon through ``scene(daemon, parts)``; what `run` gave."""
    board = []

    async def go():
        things = made or parts()
        things.close_board = lambda: board.append("closed")
        one = Daemon(things)
        running = asyncio.create_task(one.run())
        try:
            async with asyncio.timeout(10):
                await scene(one, things)
                return await running
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await running
            assert board == ["closed"] and ("close",) in things.store.done and things.guard.ended

    return asyncio.run(go())


async def until(predicate):
    async with asyncio.timeout(5):
        while not predicate():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


def test_it_begins_with_what_the_store_kept_and_beats_on():
    async def scene(one, things):
        await until(lambda: things.guard.beats > 3)
        assert things.station.facts[:3] == [Tick(), SettingIs("a", "b"), QueueIs(3)]
        one._ended.set()

    assert lived(scene) is None


def test_a_deadline_becomes_a_tick():
    async def scene(one, things):
        await until(lambda: things.guard.beats)
        things.station.next_deadline = things.clock.mono() + 0.01
        things.inbox.post(QueueIs(0))
        await until(lambda: things.station.facts.count(Tick()) == 2)
        one._ended.set()

    lived(scene)


def test_facts_that_concern_the_uplink_wake_it_and_the_clock_is_noted():
    async def scene(one, things):
        await until(lambda: things.guard.beats)
        woken = things.uplink.done.count(("wake",))
        things.inbox.post(ClockIs(5.0, TimeQuality.NTP))
        things.inbox.post(QueueIs(1))
        await until(lambda: things.uplink.done.count(("wake",)) == woken + 1)
        assert ("note_clock", 5.0, TimeQuality.NTP) in things.store.done
        one._network(False)
        assert ("hint", False) in things.uplink.done
        one._ended.set()

    lived(scene)


def test_a_reset_ends_it_and_says_which():
    async def scene(one, things):
        things.station.effects[QueueIs] = [Reboot(ResetKind.HARD)]
        things.inbox.post(QueueIs(0))

    assert lived(scene) is ResetKind.HARD


def test_without_a_lock_the_cable_counts_as_moved():
    async def scene(one, things):
        things.station.effects[SettingIs] = [Latch(1, True)]
        await until(lambda: LockIs(1, True) in things.station.facts)
        one._ended.set()

    lived(scene)


def test_a_core_that_stood_still_takes_it_for_a_lost_guard(caplog):
    async def scene(one, things):
        await until(lambda: things.guard.beats)
        things.station.slow_s = 0.1
        things.inbox.post(QueueIs(0))
        await until(lambda: QueueIs(0) in things.station.facts)
        things.station.slow_s = 0.0
        time.sleep(0.15)  # noqa: ASYNC251
        await until(lambda: GuardIs(True) in things.station.facts)
        at = things.station.facts.index(GuardIs(False))
        assert things.station.facts[at + 1] == GuardIs(True)
        one._ended.set()

    lived(scene)
    assert "the core stood still" in caplog.text and "a turn of the core took" in caplog.text


def test_after_the_end_is_asked_for_nothing_is_told():
    async def scene(one, things):
        await until(lambda: things.guard.beats)
        one._ended.set()
        things.inbox.post(GuardIs(False))
        await until(lambda: things.guard.ended)
        assert GuardIs(False) not in things.station.facts

    lived(scene)


def test_a_broken_core_ends_loudly():
    async def scene(one, things):
        things.station.handle = None
        things.inbox.post(QueueIs(0))

    with pytest.raises(TypeError):
        lived(scene)


def test_a_broken_disk_makes_safe_first(caplog):
    async def scene(one, things):
        await until(lambda: things.guard.beats)
        things.station.evses[1].dead = False
        thread = threading.Thread(target=store_is_broken(things.inbox), args=(OSError(28, "no space"),))
        thread.start()
        await until(lambda: any(isinstance(fact, FaultIs) for fact in things.station.facts))
        thread.join()
        await asyncio.sleep(0.1)
        assert not things.guard.ended
        things.station.evses[1].dead = True

    with pytest.raises(StoreError, match="cannot be written"):
        lived(scene)
    assert "cannot be written" in caplog.text


def test_a_task_that_does_not_end_is_ended_with_the_process(monkeypatch, caplog):
    monkeypatch.setattr(daemon, "END_WITHIN_S", 0.05)
    exits = []
    monkeypatch.setattr(daemon.os, "_exit", exits.append)
    released = asyncio.Event()

    async def stubborn():
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()
        raise asyncio.CancelledError

    async def scene(one, things):
        await until(lambda: things.guard.beats)
        one._ended.set()
        await until(lambda: exits)
        released.set()

    made = parts()
    made.panel.run = stubborn
    lived(scene, made)
    assert exits == [1]
    assert "others does not end" in caplog.text and ("close",) in made.store.done


def test_threads_post_through_the_loop_and_after_it_nowhere():
    inbox = Inbox()
    durable, queue = store_callbacks(inbox)
    durable("tx")
    queue(3)
    inbox.fail_from_thread("x")
    assert not inbox.facts

    async def go():
        inbox.loop = asyncio.get_running_loop()
        await asyncio.to_thread(queue, 4)
        await until(lambda: inbox.facts)
        assert list(inbox.facts) == [QueueIs(4)]

    asyncio.run(go())
    queue(5)
    assert len(inbox.facts) == 1
