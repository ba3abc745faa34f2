"""The daemon's end, with a real guard process at the other."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chargepoint.core.effects import Drive, Level
from chargepoint.core.facts import ContactorIs, Fact, FaultIs, GuardIs, VehicleIs
from chargepoint.core.pilot import Vehicle
from chargepoint.guard import client as client_module
from chargepoint.guard.client import GuardClient
from chargepoint.guard.rules import Level as WireLevel
from chargepoint.guard.rules import Order
from chargepoint.guard.wire import MAX_BYTES, VERSION, Hello, Message, Seen, Turn, decode, encode
from tests.guard.world import PATIENCE_S, World, alive

LEASE_S = 0.6


class Core:
    """Collects facts and beats as a core would."""

    def __init__(self, argv: list[str] | None, path: Path | None = None) -> None:
        self.facts: list[Fact] = []
        self.said: list[str] = []
        self.beating = True
        self.client = GuardClient(argv, path, LEASE_S, self.facts.append, self.said.append)

    async def beat(self) -> None:
        while True:
            if self.beating:
                self.client.beat()
            await asyncio.sleep(self.client.beat_every_s)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"waited {PATIENCE_S} s in vain: {what}; {self.facts}; {self.said}"
            await asyncio.sleep(0.005)

    async def hears(self, fact: Fact) -> None:
        """Wait until the last word on this matter is ``fact``."""

        def matter(other: Fact) -> tuple[object, ...]:
            return type(other), getattr(other, "evse", 0), getattr(other, "fault", "")

        def last_word() -> Fact | None:
            return next((other for other in reversed(self.facts) if matter(other) == matter(fact)), None)

        await self.until(lambda: last_word() == fact, str(fact))


@asynccontextmanager
async def running(core: Core) -> AsyncIterator[Core]:
    tasks = [asyncio.create_task(core.client.run()), asyncio.create_task(core.beat())]
    try:
        yield core
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results), results


def go(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(client_module, "SILENCE_S", 1.0)
    monkeypatch.setattr(client_module, "BACK_OFF_S", (0.02, 0.1))
    return World(tmp_path)


def test_orders_go_down_and_facts_come_up(world: World) -> None:
    async def story() -> None:
        async with running(Core(world.argv)) as core:
            core.client.drive(Drive(1, 16.0, True))
            await core.hears(ContactorIs(1, True))
            assert core.facts[0] == GuardIs(True)
            assert VehicleIs(1, Vehicle.C) in core.facts
            world.shows("E")
            await core.hears(ContactorIs(1, False))
            await core.hears(FaultIs(1, "pilot", True, "pilot at +0.0 V high, +0.0 V low"))
            world.shows("B")
            await core.hears(FaultIs(1, "pilot", False))
            await core.until(lambda: core.client.turn.worst_s > 0, "telemetry")
            pid = world.pid
        assert not alive(pid)
        assert world.safe
        assert core.facts[-1] == GuardIs(False)
        assert core.said == []

    go(story())


def test_facts_are_posted_on_change_only(world: World) -> None:
    async def story() -> None:
        async with running(Core(world.argv)) as core:
            core.client.drive(Drive(1, Level.STEADY, False))
            await core.hears(VehicleIs(1, Vehicle.C))
            count = len(core.facts)
            await asyncio.sleep(1.2)
            assert core.facts[count:] == []

    go(story())


def test_a_core_that_does_not_beat_loses_the_power_within_one_lease(world: World) -> None:
    async def story() -> None:
        async with running(Core(world.argv)) as core:
            core.client.drive(Drive(1, 16.0, True))
            await core.hears(ContactorIs(1, True))
            core.beating = False
            hung = time.monotonic()
            await core.hears(ContactorIs(1, False))
            assert world.opened_at - hung <= LEASE_S + 0.1

    go(story())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_guard_that_is_lost_is_told_ended_and_replaced(world: World, end: signal.Signals) -> None:
    async def story() -> None:
        async with running(Core(world.argv)) as core:
            core.client.drive(Drive(1, 16.0, True))
            await core.hears(ContactorIs(1, True))
            first = world.pid
            os.kill(first, end)
            await core.hears(GuardIs(False))
            told = time.monotonic()
            await core.until(lambda: not alive(first), "its end")
            assert time.monotonic() - told < client_module.END_S / 2
            await core.until(lambda: core.facts.count(GuardIs(True)) == 2, "the next guard")
            assert world.pid != first
            lost = core.facts.index(GuardIs(False))
            await core.until(lambda: VehicleIs(1, Vehicle.C) in core.facts[lost:], "the vehicle")
            await asyncio.sleep(0.3)
            closed_again = [driven for driven in world.driven("close") if driven.at > world.driven("pid")[-1].at]
            assert closed_again == []
            core.client.drive(Drive(1, 16.0, True))
            await core.hears(ContactorIs(1, True))
            assert any("trying again" in text for text in core.said)

    go(story())


def test_a_guard_that_cannot_be_started_is_tried_again(world: World) -> None:
    async def story() -> None:
        for argv in (["/nonexistent/guard"], ["/bin/false"]):
            async with running(Core(argv)) as core:
                await core.until(lambda: len(core.said) >= 4, "attempts")
            assert core.facts == [GuardIs(False)]

    go(story())


def test_the_orders_of_before_wait_for_the_guard(world: World) -> None:
    async def story() -> None:
        core = Core(world.argv)
        core.client.drive(Drive(1, 5.9, False))
        async with running(core):
            await core.until(lambda: world.driven("steady"), "the steady pilot")
            core.client.drive(Drive(1, 100.0, False))
            await core.until(lambda: world.driven("pwm"), "PWM")
            assert world.driven("pwm")[-1].value == pytest.approx(0.96)
            core.client.drive(Drive(1, Level.ERROR, False))
            await core.until(lambda: world.safe, "state F")

    go(story())


class Service:
    """A guard's side of the line, by hand."""

    def __init__(self, path: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.setblocking(False)

    async def accept(self) -> socket.socket:
        peer, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(self.listener), PATIENCE_S)
        return peer

    async def hears(self, peer: socket.socket) -> Message:
        packet = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(peer, MAX_BYTES), PATIENCE_S)
        return decode(packet)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([encode(Hello(VERSION + 1, 1))], f"speaks version {VERSION + 1}"),
        ([encode(Turn(0.0, 0))], "did not introduce itself"),
        ([b"\xff" * 100], "unknown kind"),
        ([encode(Hello(VERSION, 1)), b"S\x00"], "damaged packet"),
        ([encode(Hello(VERSION, 1)), b"x" * 5000], "at most 1024"),
        ([], "nothing was heard from it for 1 s"),
        ([encode(Hello(VERSION, 1))], "nothing was heard from it for 1 s"),
        ([b""], "ended the connection"),
    ],
)
def test_a_service_that_talks_nonsense_or_nothing_is_left(
    world: World, tmp_path: Path, words: list[bytes], complaint: str
) -> None:
    async def story() -> None:
        service = Service(tmp_path / "guard.sock")
        with service.listener:
            async with running(Core(None, tmp_path / "guard.sock")) as core:
                with await service.accept() as peer:
                    for word in words:
                        peer.send(word)
                    await core.until(lambda: core.said, "a complaint")
                    assert complaint in core.said[0]
                    with await service.accept():
                        assert core.facts[-1] == GuardIs(False)

    go(story())


def test_the_next_guard_is_listened_to_afresh(world: World, tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(tmp_path / "guard.sock")
        seen = [VehicleIs(1, Vehicle.B), ContactorIs(1, False)]
        with service.listener:
            async with running(Core(None, tmp_path / "guard.sock")) as core:
                for _ in range(2):
                    with await service.accept() as peer:
                        peer.send(encode(Hello(VERSION, 1)))
                        for _ in range(3):
                            peer.send(encode(Seen(1, Vehicle.B, False, 9.0, 9.0, (), "")))
                        await core.hears(GuardIs(True))
                        await core.hears(seen[-1])
                        core.facts.append(ContactorIs(1, True))
                    await core.hears(GuardIs(False))
                assert [fact for fact in core.facts if fact in seen] == seen * 2

    go(story())


def test_a_service_that_is_not_there_is_named(world: World, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(Core(None, tmp_path / "guard.sock")) as core:
            await core.until(lambda: core.said, "a complaint")
            assert f"nobody answers at {tmp_path / 'guard.sock'} (No such file or directory)" in core.said[0]

    go(story())


def test_one_connector_ordered_often_does_not_starve_the_permits_of_the_others(world: World, tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(tmp_path / "guard.sock")
        core = Core(None, tmp_path / "guard.sock")
        with service.listener:
            async with running(core):
                with await service.accept() as peer:
                    peer.send(encode(Hello(VERSION, 2)))
                    assert await service.hears(peer) == Hello(VERSION, 0)
                    await core.hears(GuardIs(True))
                    core.client.drive(Drive(2, 10.0, True))
                    renewals: list[Message] = []
                    while len(renewals) < 3:
                        await asyncio.sleep(0)
                        core.client.drive(Drive(1, Level.STEADY, False))
                        message = await service.hears(peer)
                        assert isinstance(message, Order)
                        if message.connector == 2:
                            assert (message.pilot, message.closed, message.lease_s) == (10.0, True, LEASE_S)
                            renewals.append(message)
                        else:
                            assert message.pilot is WireLevel.STEADY
                    peer.send(encode(Seen(1, Vehicle.B, False, 9.0, 9.0, (), "")))
                    await core.hears(VehicleIs(1, Vehicle.B))

    go(story())


def test_beating_often_sends_no_more_than_needed(world: World, tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(tmp_path / "guard.sock")
        core = Core(None, tmp_path / "guard.sock")
        with service.listener:
            async with running(core):
                with await service.accept() as peer:
                    peer.send(encode(Hello(VERSION, 1)))
                    await service.hears(peer)
                    await core.hears(GuardIs(True))
                    core.client.drive(Drive(1, 10.0, True))
                    began = time.monotonic()
                    for _ in range(1000):
                        core.client.beat()
                    most = 2 + (time.monotonic() - began) / (LEASE_S / 5)
                    sent = [await service.hears(peer)]
                    with pytest.raises(BlockingIOError):
                        sent.extend(decode(peer.recv(MAX_BYTES)) for _ in range(1000))
                    assert len(sent) <= most

    go(story())


def test_a_guard_that_does_not_read_cannot_block_the_daemon(world: World, tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(tmp_path / "guard.sock")
        core = Core(None, tmp_path / "guard.sock")
        with service.listener:
            async with running(core):
                with await service.accept() as peer:
                    peer.send(encode(Hello(VERSION, 1)))
                    await core.hears(GuardIs(True))
                    for _ in range(5000):
                        core.client.drive(Drive(1, 10.0, True))

    go(story())


@pytest.mark.skipif(not Path("/bin/sh").exists(), reason="needs a shell")
def test_a_guard_that_does_not_end_with_its_line_is_ended(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "END_S", 0.1)

    async def story() -> None:
        pid = tmp_path / "stubborn"
        async with running(Core(["/bin/sh", "-c", f"echo $$ > {pid}; exec sleep 60 3>&-"])) as core:
            await core.until(lambda: pid.exists() and pid.read_text().strip(), "the process")
            assert alive(int(pid.read_text()))
        assert not alive(int(pid.read_text()))

    go(story())


def test_a_guard_that_never_stops_talking_does_not_hold_the_loop(world: World, tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(tmp_path / "guard.sock")
        with service.listener:
            async with running(Core(None, tmp_path / "guard.sock")) as core:
                with await service.accept() as peer:
                    peer.send(encode(Hello(VERSION, 1)))
                    await core.hears(GuardIs(True))
                    word = encode(Turn(0.5, 0))
                    turns = 0
                    while turns < 20:
                        for _ in range(5):
                            peer.send(word)
                        await asyncio.sleep(0)
                        turns += 1
                    await core.until(lambda: core.client.turn == Turn(0.5, 0), "the words")

    go(story())


def test_a_stall_of_our_own_is_not_the_guards_silence(world: World) -> None:
    async def story() -> None:
        async with running(Core(world.argv)) as core:
            core.client.drive(Drive(1, 16.0, True))
            await core.hears(ContactorIs(1, True))
            pid = world.pid
            time.sleep(client_module.SILENCE_S + 0.3)  # noqa: ASYNC251
            await core.hears(VehicleIs(1, Vehicle.F))
            await core.hears(VehicleIs(1, Vehicle.C))
            assert (core.said, world.pid) == ([], pid)
            assert core.facts.count(GuardIs(True)) == 1

    go(story())


def test_faults_say_what_was_measured(world: World, tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(tmp_path / "guard.sock")
        with service.listener:
            async with running(Core(None, tmp_path / "guard.sock")) as core:
                with await service.accept() as peer:
                    peer.send(encode(Hello(VERSION, 1)))
                    peer.send(encode(Seen(1, Vehicle.C, False, 6.0, -6.0, ("diode", "door", "sensor"), "no supply")))
                    await core.hears(FaultIs(1, "diode", True, "pilot at +6.0 V high, -6.0 V low"))
                    await core.hears(FaultIs(1, "door", True))
                    await core.hears(FaultIs(1, "sensor", True, "no supply"))

    go(story())


def test_a_lease_has_bounds() -> None:
    for lease_s in (0.0, -1.0, 3.1):
        with pytest.raises(ValueError, match="lease"):
            GuardClient(["guard"], None, lease_s, lambda fact: None, lambda text: None)


def test_it_needs_one_way_to_reach_a_guard() -> None:
    for argv, path in ((None, None), (["guard"], Path("/nowhere"))):
        with pytest.raises(ValueError, match="either"):
            GuardClient(argv, path, 1.0, lambda fact: None, lambda text: None)
