"""Effects become deeds, and locks are moved until they obey."""

import asyncio
import contextlib

import pytest

from chargepoint.act import locks
from chargepoint.act.locks import LockKeeper
from chargepoint.act.perform import Performer
from chargepoint.clock import Stamp
from chargepoint.core import effects
from chargepoint.core.commands import GetSettings, Outcome, ResetKind, Result
from chargepoint.core.facts import FaultIs, LockIs
from chargepoint.core.records import Heartbeat, SecurityEvent
from chargepoint.core.tokens import IdToken, TokenInfo, Verdict
from chargepoint.hal import Devices, DeviceUnavailable, Light

AT = Stamp(1, 0.0)
CARD, INFO = IdToken("AB"), TokenInfo(Verdict.ACCEPTED)


class Everything:
    """Writes down what it is asked to do, by name."""

    def __init__(self):
        self.done = []

    def __getattr__(self, name):
        return lambda *arguments: self.done.append((name, *arguments))


def performed(*orders, backend=True, lights=True):
    world = Everything()
    performer = Performer(
        world,
        world if backend else None,
        world,
        {1: Devices(lights=world if lights else None)},
        lambda evse, engaged: world.done.append(("latch", evse, engaged)),
        lambda effect: world.done.append(("reboot", effect.kind)),
    )
    for order in orders:
        performer.perform(order)
    return world.done


def test_every_effect_has_a_deed():
    drive = effects.Drive(1, effects.Level.STEADY, False)
    event = SecurityEvent("x", AT)
    answer = effects.Answer("t", GetSettings(), Outcome(Result.ACCEPTED))
    assert performed(
        drive,
        effects.Latch(1, True),
        effects.Shine(1, Light.CHARGING),
        effects.Keep(event),
        effects.Tell(Heartbeat(), True),
        effects.Checkpoint("tx", 3, 5.0, AT),
        answer,
        effects.Remember(CARD, INFO),
        effects.ForgetTokens(),
        effects.KeepSetting("a", "b"),
        effects.KeepAvailability(1, False),
        effects.KeepReservation(7, 1, CARD, 9.0, "g"),
        effects.Reboot(ResetKind.SOFT),
        effects.Say(1, "hello"),
    ) == [
        ("drive", drive),
        ("latch", 1, True),
        ("show", Light.CHARGING),
        ("keep", event),
        ("wake",),
        ("tell", Heartbeat(), True),
        ("checkpoint", "tx", 3, 5.0, AT),
        ("answer", answer),
        ("remember", CARD, INFO),
        ("forget_tokens",),
        ("keep_setting", "a", "b"),
        ("keep_availability", 1, False),
        ("keep_reservation", 7, 1, CARD, 9.0, "g"),
        ("reboot", ResetKind.SOFT),
    ]


def test_without_backend_and_lights_records_are_kept_all_the_same():
    event = SecurityEvent("x", AT)
    answer = effects.Answer("t", GetSettings(), Outcome(Result.REJECTED, "because"))
    orders = [effects.Keep(event), effects.Tell(Heartbeat()), answer, effects.Shine(1, Light.OFF)]
    assert performed(*orders, backend=False, lights=False) == [("keep", event)]


def test_what_is_said_names_its_place(caplog):
    caplog.set_level("INFO")
    performed(effects.Say(2, "a thing"), effects.Say(0, "another", warning=True))
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "connector 2: a thing"),
        ("WARNING", "another"),
    ]


# -- locks ----------------------------------------------------------------------------------------------------------


class FakeLock:
    """``jammed``: it ignores so many orders. ``broken``: it cannot be asked."""

    def __init__(self, jammed=0):
        self.engaged, self.jammed, self.broken, self.moves = False, jammed, False, 0

    async def _move(self, engaged):
        self.moves += 1
        if self.jammed:
            self.jammed -= 1
        else:
            self.engaged = engaged

    async def engage(self):
        await self._move(True)

    async def release(self):
        await self._move(False)

    async def is_engaged(self):
        if self.broken:
            raise DeviceUnavailable("no feedback")
        return self.engaged


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(locks, "SETTLE_S", 0.0)
    monkeypatch.setattr(locks, "LOOK_EVERY_S", 0.005)


def kept(lock, scene):
    facts = []

    async def go():
        keeper = LockKeeper(1, lock, facts.append)
        task = asyncio.create_task(keeper.run())

        async def until(predicate):
            async with asyncio.timeout(5):
                while not predicate():  # noqa: ASYNC110
                    await asyncio.sleep(0.001)

        try:
            await scene(keeper, until, facts)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(go())
    return facts


def test_a_lock_follows_and_says_so_once():
    async def scene(keeper, until, facts):
        await until(lambda: facts == [LockIs(1, False)])
        keeper.want(True)
        await until(lambda: lock.engaged)
        keeper.want(False)
        await until(lambda: not lock.engaged and len(facts) == 3)
        await asyncio.sleep(0.03)

    lock = FakeLock()
    assert kept(lock, scene) == [LockIs(1, False), LockIs(1, True), LockIs(1, False)]
    assert lock.moves == 2


def test_a_stubborn_lock_is_tried_again_and_then_is_a_fault_until_it_obeys(caplog):
    async def scene(keeper, until, facts):
        keeper.want(True)
        await until(lambda: FaultIs(1, "lock", False, "") in facts)

    facts = kept(FakeLock(jammed=4), scene)
    faults = [fact for fact in facts if isinstance(fact, FaultIs)]
    assert [fault.present for fault in faults] == [True, False]
    assert "did not engage after 3 tries" in faults[0].info
    assert len(caplog.records) == 1


def test_a_lock_that_cannot_be_asked():
    async def scene(keeper, until, facts):
        lock.broken = True
        await until(lambda: FaultIs(1, "lock", True, "no feedback") in facts)
        lock.broken = False
        await until(lambda: FaultIs(1, "lock", False, "") in facts)

    lock = FakeLock()
    kept(lock, scene)


def test_a_lock_is_left_as_it_is_until_somebody_wants_something():
    async def scene(keeper, until, facts):
        await until(lambda: facts)
        await asyncio.sleep(0.02)

    lock = FakeLock()
    lock.engaged = True
    assert kept(lock, scene) == [LockIs(1, True)]
    assert lock.moves == 0
