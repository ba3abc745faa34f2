"""The guard made of co-processors: permits, facts, silence; and the core on top of it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from chargepoint.core.effects import Drive, Level
from chargepoint.core.facts import ContactorIs, Fact, FaultIs, GuardIs, VehicleIs
from chargepoint.core.pilot import Vehicle
from chargepoint.guard import coprocessor
from chargepoint.guard.bridge import OFF, PAUSE
from chargepoint.guard.coprocessor import CoprocessorGuard, told_to_open
from chargepoint.hal import CoprocessorOrder, CoprocessorSeen, DeviceUnavailable
from hal_mock.fake_coprocessor import FakeCoprocessor

LEASE_S = 0.3
WITHIN_S = 5.0
STEADY = Drive(1, Level.STEADY, False)
OFFER = Drive(1, 16.0, False)
CLOSED = Drive(1, 16.0, True)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """All the times of the real guard, a tenth as long."""
    for name in ("POLL_S", "QUICK_S", "SETTLE_S", "SILENT_S", "END_S"):
        monkeypatch.setattr(coprocessor, name, getattr(coprocessor, name) / 10)
    monkeypatch.setattr(coprocessor, "BACK_OFF_S", (0.01, 0.05))


class World:
    """A guard over fakes. ``alive``: the core beats."""

    def __init__(self, *devices: FakeCoprocessor, lease_s: float = LEASE_S) -> None:
        self.devices = devices or (FakeCoprocessor(),)
        self.device = self.devices[0]
        self.facts: list[Fact] = []
        self.lines: list[str] = []
        self.guard = CoprocessorGuard(self.devices, lease_s, self.facts.append, self.lines.append)
        self.alive = True

    async def beats(self) -> None:
        while True:
            if self.alive:
                self.guard.beat()
            await asyncio.sleep(self.guard.beat_every_s)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not condition():  # noqa: ASYNC110 - the condition is no event
                await asyncio.sleep(0.002)

    async def told(self, *facts: Fact) -> None:
        """Wait for these facts; those before them are forgotten."""
        for fact in facts:
            await self.until(lambda fact=fact: fact in self.facts)  # type: ignore[misc]
        self.facts.clear()

    def last(self, kind: type[Fact]) -> Fact | None:
        return next((fact for fact in reversed(self.facts) if type(fact) is kind), None)


def play(
    scene: Callable[[World], Coroutine[Any, Any, None]], *devices: FakeCoprocessor, lease_s: float = LEASE_S
) -> World:
    world = World(*devices, lease_s=lease_s)

    async def go() -> None:
        async with asyncio.timeout(20):
            tasks = [asyncio.create_task(world.guard.run()), asyncio.create_task(world.beats())]
            try:
                await scene(world)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    asyncio.run(go())
    return world


def test_before_any_order_the_device_is_disabled() -> None:
    async def scene(world: World) -> None:
        await world.told(GuardIs(True), ContactorIs(1, False))
        assert set(world.device.orders) == {OFF}

    play(scene)


def test_from_plug_to_closed_to_open() -> None:
    async def scene(world: World) -> None:
        device, guard = world.device, world.guard
        guard.drive(STEADY)
        device.vehicle = "B"
        await world.told(GuardIs(True), VehicleIs(1, Vehicle.B))
        guard.drive(OFFER)
        await world.until(lambda: device.amps == 16)
        device.vehicle = "C"
        await world.told(VehicleIs(1, Vehicle.C))
        assert device.closed and ContactorIs(1, True) not in world.facts
        guard.drive(CLOSED)
        await world.told(ContactorIs(1, True))
        guard.drive(Drive(1, Level.STEADY, True))
        await world.until(lambda: device.order == PAUSE)
        device.vehicle = "B"
        await world.told(VehicleIs(1, Vehicle.B), ContactorIs(1, False))
        assert OFF not in device.orders[-3:]

    play(scene)


def test_amps_follow_the_order_at_once() -> None:
    async def scene(world: World) -> None:
        world.guard.drive(OFFER)
        await world.until(lambda: world.device.amps == 16)
        world.guard.drive(Drive(1, 9.0, False))
        await world.until(lambda: world.device.amps == 9)

    play(scene)


def test_an_order_does_not_wait_for_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POLL_S", "QUICK_S"):
        monkeypatch.setattr(coprocessor, name, 60.0)

    async def scene(world: World) -> None:
        await world.told(GuardIs(True))
        world.guard.drive(STEADY)
        await world.until(lambda: world.device.order == PAUSE)
        world.device.vehicle = "C"
        world.guard.drive(CLOSED)
        await world.told(ContactorIs(1, True))
        world.guard.drive(STEADY)
        await world.until(lambda: world.device.orders[-2:] == [OFF, PAUSE])

    play(scene, lease_s=60.0)


def test_the_end_of_the_lease_does_not_wait_for_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POLL_S", "QUICK_S"):
        monkeypatch.setattr(coprocessor, name, 60.0)

    async def scene(world: World) -> None:
        world.guard.drive(OFFER)
        await world.until(lambda: world.device.amps == 16)
        world.alive = False
        await world.until(lambda: world.device.order == OFF)

    play(scene)


def test_an_order_is_answered_from_what_was_seen_last_while_the_wire_is_slow() -> None:
    class Slow(FakeCoprocessor):
        stuck = False

        async def look(self) -> CoprocessorSeen:
            if self.stuck:
                await asyncio.Event().wait()
            return await super().look()

    device = Slow(vehicle="C")

    async def scene(world: World) -> None:
        world.guard.drive(OFFER)
        await world.told(VehicleIs(1, Vehicle.C))
        device.stuck = True
        world.guard.drive(CLOSED)
        await world.told(ContactorIs(1, True))

    play(scene, device)


def test_after_silence_nothing_is_offered_until_the_core_says_so() -> None:
    async def scene(world: World) -> None:
        world.guard.drive(OFFER)
        await world.until(lambda: world.device.amps == 16)
        world.device.faults.silent = True
        await world.told(GuardIs(False))
        orders = len(world.device.orders)
        world.device.faults.silent = False
        await world.until(lambda: len(world.device.orders) > orders + 3)
        assert not any(order.amps for order in world.device.orders[orders:])
        world.guard.drive(OFFER)
        await world.until(lambda: world.device.amps == 16)

    play(scene)


def test_when_the_core_falls_silent_permission_goes_and_the_device_is_not_fed() -> None:
    async def scene(world: World) -> None:
        device = world.device
        device.vehicle = "C"
        world.guard.drive(CLOSED)
        await world.told(ContactorIs(1, True))
        world.alive = False
        await world.told(ContactorIs(1, False))
        assert device.order == OFF
        beats = device.beats
        orders = len(device.orders)
        await world.until(lambda: len(device.orders) > orders + 3)
        assert device.beats == beats and set(device.orders[orders:]) == {OFF}
        world.alive = True
        await world.until(lambda: device.beats > beats)

    play(scene)


def test_while_the_core_lives_the_device_is_fed() -> None:
    async def scene(world: World) -> None:
        await world.until(lambda: world.device.beats > 5)

    play(scene)


def test_the_end_opens_and_gives_the_line_back() -> None:
    async def scene(world: World) -> None:
        world.device.vehicle = "C"
        world.guard.drive(CLOSED)
        await world.told(ContactorIs(1, True))

    world = play(scene)
    assert world.device.order == OFF and not world.device.closed and world.device.closed_by_us


def test_at_the_end_a_silent_device_is_given_up() -> None:
    async def scene(world: World) -> None:
        await world.told(GuardIs(True))
        world.device.faults.silent = True

    assert play(scene).device.closed_by_us


def test_a_device_that_forgets_its_order_is_told_again() -> None:
    async def scene(world: World) -> None:
        world.guard.drive(OFFER)
        await world.until(lambda: world.device.amps == 16)
        world.device.reset()
        await world.until(lambda: world.device.amps == 16)

    play(scene)


def test_faults_come_and_go_by_name() -> None:
    async def scene(world: World) -> None:
        world.guard.drive(STEADY)
        await world.told(GuardIs(True))
        world.device.troubles = {"ground": "tripped"}
        await world.told(FaultIs(1, "ground", True, "fake co-processor: tripped"))
        world.device.troubles = {}
        await world.told(FaultIs(1, "ground", False))

    play(scene)


def test_a_contactor_that_does_not_open_is_told() -> None:
    async def scene(world: World) -> None:
        device = world.device
        device.vehicle = "C"
        world.guard.drive(CLOSED)
        await world.told(ContactorIs(1, True))
        device.faults.opens_never = True
        world.guard.drive(STEADY)
        await world.until(lambda: device.orders[-3:] == [OFF] * 3)
        assert world.last(ContactorIs) == ContactorIs(1, True)

    play(scene)


def test_silence_is_a_lost_guard_told_once_and_heals() -> None:
    async def scene(world: World) -> None:
        world.guard.drive(STEADY)
        await world.told(GuardIs(True), VehicleIs(1, Vehicle.A))
        world.device.faults.silent = True
        await world.told(GuardIs(False))
        world.device.faults.silent = False
        world.device.vehicle = "B"
        await world.told(GuardIs(True), VehicleIs(1, Vehicle.B), ContactorIs(1, False))

    world = play(scene)
    assert world.lines == [
        "fake co-processor: it was told to be silent; trying again",
        "fake co-processor: answers again",
    ]


def test_a_device_that_never_answers_is_a_missing_guard() -> None:
    async def scene(world: World) -> None:
        await world.told(GuardIs(False))

    device = FakeCoprocessor()
    device.faults.silent = True
    play(scene, device)


def test_one_lost_answer_is_no_news() -> None:
    class Forgetful(FakeCoprocessor):
        lost = 0

        async def beat(self) -> None:
            self.beats += 1
            if self.beats % 3 == 0:
                self.lost += 1
                raise DeviceUnavailable("lost")

    device = Forgetful()

    async def scene(world: World) -> None:
        world.guard.drive(STEADY)
        await world.told(GuardIs(True), VehicleIs(1, Vehicle.A))
        await world.until(lambda: device.lost > 3)
        assert not [fact for fact in world.facts if isinstance(fact, GuardIs | FaultIs)]

    assert play(scene, device).lines == []


def test_while_the_contactor_should_open_no_answer_is_waited_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coprocessor, "SILENT_S", 60.0)

    async def scene(world: World) -> None:
        world.device.vehicle = "C"
        world.guard.drive(CLOSED)
        await world.told(ContactorIs(1, True))
        world.device.faults.silent = True
        world.guard.drive(STEADY)
        await world.told(ContactorIs(1, False), GuardIs(False))

    play(scene)


def test_of_two_devices_the_other_goes_on() -> None:
    first, second = FakeCoprocessor(), FakeCoprocessor(name="second")

    async def scene(world: World) -> None:
        for evse in (1, 2):
            world.guard.drive(Drive(evse, Level.STEADY, False))
        await world.told(VehicleIs(1, Vehicle.A), VehicleIs(2, Vehicle.A))
        first.faults.silent = True
        await world.until(lambda: any(isinstance(fact, FaultIs) for fact in world.facts))
        fault = world.last(FaultIs)
        assert isinstance(fault, FaultIs) and (fault.evse, fault.fault, fault.present) == (1, "guard", True)
        assert GuardIs(False) not in world.facts
        second.vehicle = "B"
        await world.told(VehicleIs(2, Vehicle.B))
        second.faults.silent = True
        await world.told(GuardIs(False))
        first.faults.silent = False
        await world.told(GuardIs(True), FaultIs(1, "guard", False))

    play(scene, first, second)


def test_a_driver_that_hangs_is_a_silent_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coprocessor, "TURN_S", 0.05)

    class Hanging(FakeCoprocessor):
        async def beat(self) -> None:
            await asyncio.Event().wait()

    async def scene(world: World) -> None:
        await world.told(GuardIs(False))
        assert "did not come back" in world.lines[0]

    play(scene, Hanging())


def test_the_facts_are_told_again_with_every_order() -> None:
    async def scene(world: World) -> None:
        world.guard.drive(STEADY)
        await world.told(GuardIs(True), VehicleIs(1, Vehicle.A), ContactorIs(1, False))
        world.guard.drive(STEADY)
        await world.told(VehicleIs(1, Vehicle.A), ContactorIs(1, False))

    play(scene)


@pytest.mark.parametrize(
    ("watchdog_s", "fallback_amps", "words"),
    [(None, 0.0, "no fail-safe of its own"), (3.0, 6.0, "falls back to 6 A"), (3.0, 0.0, "")],
)
def test_what_is_missing_to_a_fail_safe_is_said_once(
    watchdog_s: float | None, fallback_amps: float, words: str
) -> None:
    async def scene(world: World) -> None:
        await world.until(lambda: len(world.device.orders) > 3)

    world = play(scene, FakeCoprocessor(watchdog_s=watchdog_s, fallback_amps=fallback_amps))
    assert len(world.lines) == bool(words) and words in "".join(world.lines)


def test_told_to_open_from_outside() -> None:
    device = FakeCoprocessor()
    device.order = CoprocessorOrder(True, 16.0)
    assert asyncio.run(told_to_open([device]))
    assert device.order == OFF and device.closed_by_us
    deaf = FakeCoprocessor()
    deaf.faults.silent = True
    assert not asyncio.run(told_to_open([device, deaf]))
    assert deaf.closed_by_us
