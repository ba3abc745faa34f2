"""The guard's end of the line to the daemon: one connection at a time, and what arrives on it.

Two ways to have one: a descriptor inherited from the daemon (child), or a socket that listens on a path (service).
Nothing here waits. What cannot be sent because the daemon does not read is dropped: all of it is told again soon.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from chargepoint.guard.rules import Order
from chargepoint.guard.wire import MAX_BYTES, VERSION, GarbageError, Hello, Message, decode, encode

PACKETS_PER_TURN = 64


class Arrived(NamedTuple):
    """What has come in: ``greeted``, a daemon has introduced itself; ``lost``, the one that was there is gone."""

    orders: list[Order]
    greeted: bool
    lost: bool


class Line:
    """``watch`` is told each descriptor to wait for. Exactly one of ``fd`` and ``path`` must be given."""

    def __init__(self, watch: Callable[[int], None], connectors: int, fd: int | None, path: Path | None) -> None:
        self._watch = watch
        self._connectors = connectors
        self._path = path
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None
        self._greeted = False
        self.refused = 0
        if (fd is None) == (path is None):
            raise ValueError("the guard needs either the descriptor of a socket or a path to listen on")
        if fd is not None:
            self._take(socket.socket(fileno=fd))
        if path is not None:
            self._listener = _listener(path)
            watch(self._listener.fileno())

    @property
    def ended(self) -> bool:
        """No daemon, and none can come: the inherited connection is lost."""
        return self._peer is None and self._listener is None

    def receive(self) -> Arrived:
        """Take what has arrived, and a new daemon where the last one is gone. Its orders went with it."""
        had_one = self._peer is not None
        orders: list[Order] = []
        greeted = False
        for _ in range(PACKETS_PER_TURN):
            packet = self._packet()
            if not packet:
                break
            try:
                message = decode(packet)
            except GarbageError:
                self.refused += 1
                continue
            match message:
                case Hello(version=version):
                    greeted = self._greet(version)
                case Order() if self._greeted:
                    orders.append(message)
                case _:
                    self.refused += 1
        lost = had_one and self._peer is None
        self._accept()
        return Arrived([], False, True) if lost else Arrived(orders, greeted, False)

    def send(self, message: Message) -> bool:
        """False if it was dropped."""
        return self._greeted and self._say(message)

    def close(self) -> None:
        self._drop()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _packet(self) -> bytes:
        """The next packet; nothing where none waits. At the end of the connection it is dropped."""
        if self._peer is None:
            return b""
        try:
            packet = self._peer.recv(MAX_BYTES + 1)
        except BlockingIOError:
            return b""
        except OSError:
            packet = b""
        if not packet:
            self._drop()
        return packet

    def _greet(self, version: int) -> bool:
        """Answer in any case: a daemon of another version must learn ours, to say so. It is not obeyed."""
        self._say(Hello(VERSION, self._connectors))
        self._greeted = version == VERSION
        return self._greeted

    def _say(self, message: Message) -> bool:
        if self._peer is None:
            return False
        try:
            self._peer.send(encode(message))
        except OSError:  # the daemon does not read, or is gone: `receive` finds out which
            return False
        return True

    def _accept(self) -> None:
        """The next daemon if there is none; whoever comes while one is served is sent away."""
        if self._listener is None:
            return
        try:
            peer, _ = self._listener.accept()
        except OSError:  # nobody waits, or left again
            return
        if self._peer is None:
            self._take(peer)
        else:
            peer.close()

    def _take(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        peer.set_inheritable(False)
        self._peer = peer
        self._greeted = False
        self.refused = 0
        self._watch(peer.fileno())

    def _drop(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None


def _listener(path: Path) -> socket.socket:
    """Listens on ``path``, readable and writable for owner and group. A socket left there by an earlier run is
    replaced. Raises OSError."""
    if path.is_socket():
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = os.umask(0o117)
    try:
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.listen(1)
    listener.setblocking(False)
    return listener
