"""The guard's end of the line: who is served, who is sent away, and what is dropped."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chargepoint.core.pilot import Vehicle
from chargepoint.guard.line import PACKETS_PER_TURN, Line
from chargepoint.guard.loop import LIFE_S, TELEMETRY_S, Teller
from chargepoint.guard.rules import Level, Order
from chargepoint.guard.wire import VERSION, Hello, Message, Seen, Turn, decode, encode

ORDER = Order(1, Level.STEADY, False, 1.0, 5.0)
HELLO = Hello(VERSION, 0)
SEEN = Seen(1, Vehicle.A, False, 12.0, 12.0, (), "the order is to open")


class Daemon:
    def __init__(self, line: socket.socket) -> None:
        self.line = line
        line.settimeout(5)

    def send(self, *messages: Message | bytes) -> None:
        for message in messages:
            self.line.send(message if isinstance(message, bytes) else encode(message))

    def hears(self) -> Message:
        return decode(self.line.recv(2000))

    def hears_nothing(self) -> bool:
        self.line.setblocking(False)
        try:
            return not self.line.recv(2000, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self.line.settimeout(5)

    @property
    def sent_away(self) -> bool:
        try:
            return self.line.recv(2000) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def child() -> Iterator[tuple[Line, Daemon]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line = Line(lambda fd: None, 2, theirs.detach(), None)
    with ours:
        yield line, Daemon(ours)
    line.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[Line, Path]]:
    path = tmp_path / "guard.sock"
    line = Line(lambda fd: None, 1, None, path)
    yield line, path
    line.close()
    assert not path.exists()


def test_a_daemon_introduces_itself_and_orders(child: tuple[Line, Daemon]) -> None:
    line, daemon = child
    assert line.receive() == ([], False, False)
    daemon.send(HELLO, ORDER)
    assert line.receive() == ([ORDER], True, False)
    assert daemon.hears() == Hello(VERSION, 2)
    daemon.send(ORDER)
    assert line.receive() == ([ORDER], False, False)


def test_orders_of_a_stranger_are_refused(child: tuple[Line, Daemon]) -> None:
    line, daemon = child
    daemon.send(ORDER)
    assert line.receive() == ([], False, False)
    assert line.refused == 1
    assert not line.send(SEEN)
    assert daemon.hears_nothing()


def test_garbage_is_counted_and_changes_nothing(child: tuple[Line, Daemon]) -> None:
    line, daemon = child
    daemon.send(HELLO, b"\xff" * 900, b"O", b"x" * 5000, SEEN, ORDER)
    assert line.receive() == ([ORDER], True, False)
    assert line.refused == 4


def test_no_flood_can_hold_a_turn_up(child: tuple[Line, Daemon]) -> None:
    line, daemon = child
    daemon.line.setblocking(False)
    for _ in range(100):
        daemon.send(b"noise")
    line.receive()
    assert line.refused == PACKETS_PER_TURN


def test_another_version_is_told_ours_and_not_obeyed(child: tuple[Line, Daemon]) -> None:
    line, daemon = child
    daemon.send(Hello(VERSION + 1, 0), ORDER)
    assert line.receive() == ([], False, False)
    assert daemon.hears() == Hello(VERSION, 2)
    assert not line.send(SEEN)
    assert daemon.hears_nothing()


def test_a_daemon_that_leaves_takes_its_orders_with_it(child: tuple[Line, Daemon]) -> None:
    line, daemon = child
    daemon.send(HELLO, ORDER)
    daemon.line.close()
    assert line.receive() == ([], False, True)
    assert line.ended
    assert line.receive() == ([], False, False)


def test_a_daemon_that_does_not_read_cannot_block_us(child: tuple[Line, Daemon]) -> None:
    line, daemon = child
    daemon.send(HELLO)
    line.receive()
    sent = [line.send(SEEN) for _ in range(5000)]
    assert sent[0]
    assert not sent[-1]


def test_the_service_takes_one_daemon_after_the_other(service: tuple[Line, Path]) -> None:
    line, path = service
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as first:
            first.connect(str(path))
            line.receive()
            Daemon(first).send(HELLO, ORDER)
            assert line.receive() == ([ORDER], True, False)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as second:
                second.connect(str(path))
                assert line.receive() == ([], False, False)
                assert Daemon(second).sent_away
        assert line.receive() == ([], False, True)
        assert not line.ended


def test_the_next_daemon_must_introduce_itself_too(service: tuple[Line, Path]) -> None:
    line, path = service
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as first:
        first.connect(str(path))
        line.receive()
        Daemon(first).send(HELLO, b"noise", b"noise")
        line.receive()
        assert line.refused == 2
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as second:
        second.connect(str(path))
        assert line.receive() == ([], False, True)
        Daemon(second).send(ORDER)
        assert line.receive() == ([], False, False)
        assert line.refused == 1


def test_a_socket_left_behind_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "guard.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as old:
        old.bind(str(path))
    Line(lambda fd: None, 1, None, path).close()
    path.write_text("somebody's file")
    with pytest.raises(OSError, match="in use"):
        Line(lambda fd: None, 1, None, path)
    assert path.read_text() == "somebody's file"


def test_it_needs_one_way_to_be_reached() -> None:
    for fd, path in ((None, None), (0, Path("/nowhere"))):
        with pytest.raises(ValueError, match="either"):
            Line(lambda fd: None, 1, fd, path)


def test_telling_on_change_and_all_of_it_as_a_sign_of_life(child: tuple[Line, Daemon]) -> None:
    line, daemon = child
    daemon.send(HELLO)
    line.receive()
    daemon.hears()
    teller = Teller(line)
    other = Seen(2, Vehicle.B, False, 9.0, -12.0, (), "")
    teller.tell([SEEN, other], 100.0, 0.002)
    assert [daemon.hears() for _ in range(3)] == [SEEN, other, Turn(0.002, 0)]
    noisy = Seen(1, Vehicle.A, False, 12.1, 11.9, (), "the order is to open")
    teller.tell([noisy, other], 100.1, 0.003)
    assert daemon.hears_nothing()
    closed = Seen(2, Vehicle.C, True, 6.0, -12.0, (), "")
    teller.tell([noisy, closed], 100.2, 0.001)
    assert daemon.hears() == closed
    teller.tell([noisy, closed], 100.0 + LIFE_S, 0.001)
    assert [daemon.hears(), daemon.hears()] == [noisy, closed]
    teller.afresh()
    teller.tell([noisy, closed], 100.0 + LIFE_S, 0.001)
    assert [daemon.hears(), daemon.hears()] == [noisy, closed]
    teller.tell([], 100.0 + TELEMETRY_S, 0.001)
    assert daemon.hears() == Turn(0.003, 0)


def test_what_could_not_be_told_is_told_later(child: tuple[Line, Daemon]) -> None:
    line, daemon = child
    daemon.send(HELLO)
    line.receive()
    daemon.hears()
    teller = Teller(line)
    teller.tell([SEEN], 100.0, 0.0)
    while line.send(SEEN):
        pass
    changed = Seen(1, Vehicle.B, False, 9.0, 9.0, (), "")
    teller.tell([changed], 100.1, 0.0)
    heard = []
    while not heard or not daemon.hears_nothing():
        heard.append(daemon.hears())
    assert changed not in heard
    teller.tell([changed], 100.11, 0.0)
    assert daemon.hears() == changed
