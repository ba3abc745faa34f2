"""The guard as a process of its own: what ends it, and what state it leaves."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chargepoint.guard.loop import _watch
from chargepoint.guard.rules import Level, Order
from chargepoint.guard.wire import VERSION, Hello, Seen, Turn, decode, encode
from tests.guard.world import PATIENCE_S, ROOT, World, alive, until


class Child:
    """The guard as a child, and this test at the other end of its line."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fd = theirs.fileno()
        self.process = subprocess.Popen(
            [*world.argv, "--fd", str(fd)], pass_fds=(fd,), cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        theirs.close()
        self.line.send(encode(Hello(VERSION, 0)))

    def permit(self, lease_s: float = 3.0) -> float:
        now = time.monotonic()
        self.line.send(encode(Order(1, 16.0, True, lease_s, now)))
        return now

    def charge(self, lease_s: float = 3.0) -> float:
        until(lambda: self.world.driven("pid"), "the guard to start")
        permit = self.permit(lease_s)
        until(lambda: self.world.closed, "the contactor to close")
        return permit

    def ended(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors


@contextmanager
def guard(world: World) -> Iterator[Child]:
    child = Child(world)
    try:
        yield child
    finally:
        child.line.close()
        child.process.kill()
        child.process.communicate(timeout=10)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_end_of_the_daemon_opens_at_once_and_ends_the_child(world: World) -> None:
    with guard(world) as child:
        child.charge()
        gone = time.monotonic()
        child.line.close()
        assert child.ended()[0] == 0
    assert world.safe
    assert world.opened_at - gone < 0.3


def test_an_edge_opens_and_is_told(world: World) -> None:
    with guard(world) as child:
        child.charge()
        edge = world.shows("A")
        until(lambda: not world.closed, "the contactor to open")
        assert world.opened_at - edge < 0.3
        child.line.settimeout(5)
        while True:
            message = decode(child.line.recv(2000))
            if isinstance(message, Seen) and message.vehicle.name == "A":
                break


def test_an_order_is_followed_without_waiting_for_the_next_look(world: World) -> None:
    with guard(world) as child:
        until(lambda: world.driven("pid"), "the guard to start")
        for step in range(1, 6):
            pilot = Level.STEADY if step % 2 else 16.0
            sent = time.monotonic()
            child.line.send(encode(Order(1, pilot, False, 3.0, sent)))
            until(lambda step=step: len(world.driven("steady", "pwm")) == step, "the pilot to follow")
            assert world.driven("steady", "pwm")[-1].at - sent < (0.3 if step > 1 else PATIENCE_S)
            time.sleep(0.05)


def test_a_daemon_that_introduces_itself_again_is_told_everything_at_once(world: World) -> None:
    with guard(world) as child:
        child.charge()
        child.line.settimeout(5)
        heard = last = 0.0
        while heard < last + 0.3:
            last = heard or time.monotonic()
            assert isinstance(decode(child.line.recv(2000)), Hello | Seen | Turn)
            heard = time.monotonic()
        child.line.send(encode(Hello(VERSION, 0)))
        asked = time.monotonic()
        while not isinstance(decode(child.line.recv(2000)), Seen):
            pass
        assert time.monotonic() - asked < 0.3


def test_a_sensor_that_does_not_drain_its_wake_up_cannot_spin_the_loop() -> None:
    reader, writer = os.pipe()
    with select.epoll() as poller:
        os.write(writer, b"x")
        for ready in ([(reader, select.EPOLLIN)], [], []):
            _watch(poller, [reader])
            assert poller.poll(0) == ready
        os.write(writer, b"x")
        assert poller.poll(0) == [(reader, select.EPOLLIN)]
        os.close(reader)
        other, again = os.pipe()
        assert other == reader
        os.write(again, b"x")
        _watch(poller, [other])
        assert poller.poll(0) == [(other, select.EPOLLIN)]
        for fd in (other, again, writer):
            os.close(fd)


def test_a_lease_that_is_not_renewed_ends(world: World) -> None:
    with guard(world) as child:
        permit = child.charge(0.4)
        until(lambda: world.safe, "the safe state")
        assert 0.39 <= world.opened_at - permit < 0.7
        assert child.process.poll() is None


def test_terminated_it_leaves_everything_safe(world: World) -> None:
    with guard(world) as child:
        child.charge()
        child.process.terminate()
        assert child.ended()[0] == 0
    assert world.safe


def test_an_interrupt_from_the_terminal_is_the_daemons_business(world: World) -> None:
    with guard(world) as child:
        child.charge()
        child.process.send_signal(signal.SIGINT)
        world.shows("A")
        until(lambda: not world.closed, "the contactor to open")
        assert child.process.poll() is None


def test_a_bug_in_a_driver_opens_and_is_loud(world: World) -> None:
    with guard(world) as child:
        child.charge()
        world.shows("!")
        code, errors = child.ended()
    assert code == 1
    assert "KeyError" in errors
    assert world.safe


def test_garbage_is_survived_and_permits_nothing(world: World) -> None:
    with guard(world) as child:
        permit = child.charge(0.5)
        child.line.settimeout(5)
        while time.monotonic() < permit + 0.5:
            child.line.send(os.urandom(50))
            child.line.send(b"O" + os.urandom(27))
            time.sleep(0.002)
        until(lambda: world.safe, "the safe state")
        assert child.process.poll() is None
        child.charge()


def test_stopped_and_woken_it_obeys_no_permit_of_the_past(world: World) -> None:
    with guard(world) as child:
        child.charge(0.5)
        child.process.send_signal(signal.SIGSTOP)
        until(lambda: Path(f"/proc/{world.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T", "the stop")
        permit = child.permit(0.5)
        until(lambda: time.monotonic() > permit + 0.6, "the lease to end")
        woken = time.monotonic()
        child.process.send_signal(signal.SIGCONT)
        until(lambda: world.safe, "the safe state")
        assert not [driven for driven in world.driven("close") if driven.at > woken]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_daemon_killed_or_stopped_keeps_the_power_for_one_lease_at_most(world: World, end: signal.Signals) -> None:
    lease_s = 0.6
    daemon = subprocess.Popen([sys.executable, "-m", "tests.guard.daemon", str(lease_s), *world.argv], cwd=ROOT)
    try:
        until(lambda: world.closed, "the contactor to close")
        pid = world.pid
        renewed = world.driven("close")[0].at + lease_s
        until(lambda: world.driven("close")[-1].at > renewed, "a renewal")
        daemon.send_signal(end)
        ended = time.monotonic()
        until(lambda: world.safe, "the safe state")
        assert world.opened_at - ended <= (0.3 if end is signal.SIGKILL else lease_s + 0.1)
        assert alive(pid) or end is signal.SIGKILL
    finally:
        daemon.kill()
        daemon.wait(10)
    until(lambda: not alive(pid), "the guard to end with its daemon")
    assert world.safe


def test_the_service_outlives_its_daemons(world: World, tmp_path: Path) -> None:
    path = tmp_path / "guard.sock"
    process = subprocess.Popen([*world.argv, "--socket", str(path)], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        until(path.exists, "the socket")
        for _ in range(2):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as daemon:
                daemon.connect(str(path))
                daemon.send(encode(Hello(VERSION, 0)))
                daemon.send(encode(Order(1, 16.0, True, 3.0, time.monotonic())))
                until(lambda: world.closed, "the contactor to close")
                gone = time.monotonic()
            until(lambda: world.safe, "the safe state")
            assert world.opened_at - gone < 0.3
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert not path.exists()
    finally:
        process.kill()
        process.wait(10)
