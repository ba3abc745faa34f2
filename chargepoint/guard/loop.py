"""The guard's loop: one process that does nothing but look at the pilot, decide by `rules`, and drive the contactor.

It is a process of its own because nothing that happens in the daemon may delay it, and because its end opens the
contactor. It wakes for the daemon's packets, for the sensors' own wake-up where they have one, and for the time of the
next look. Whatever breaks, the last thing it does is to open every contactor and put every pilot to state F.

It imports little on purpose: it starts before the daemon has finished importing, and its memory is locked.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from chargepoint.guard import realtime
from chargepoint.guard.connector import Connector, Settings
from chargepoint.guard.line import Line
from chargepoint.guard.rules import Order
from chargepoint.guard.wire import Seen, Turn
from chargepoint.hal import Pins

LIFE_S = 0.5
"""Everything is told at least this often, as a sign of life."""

TELEMETRY_S = 10.0


class Guard:
    """All connectors, numbered from 1 in the order of ``pins``; ``settings`` has one entry for each."""

    def __init__(self, pins: Sequence[Pins], settings: Sequence[Settings], sample_s: float) -> None:
        pairs = zip(pins, settings, strict=True)
        self._connectors = [Connector(number, *pair, sample_s) for number, pair in enumerate(pairs, 1)]

    def obey(self, order: Order, now: float) -> bool:
        """True if a turn is due because of it. An order for a connector that is not there changes nothing."""
        if not 1 <= order.connector <= len(self._connectors):
            return False
        return self._connectors[order.connector - 1].obey(order, now)

    def forget(self) -> None:
        """The daemon is gone: the next turn opens everything."""
        for connector in self._connectors:
            connector.forget()

    def turn(self, now: float) -> None:
        """Look, decide, drive, pulse; every connector once."""
        for connector in self._connectors:
            connector.turn(now)

    def safe(self) -> list[Exception]:
        """Every contactor open, every pilot to state F, however much of that raises; returns what did."""
        return [error for connector in self._connectors for error in connector.safe()]

    def due(self, now: float) -> float:
        """When the next turn is due at the latest."""
        return min(connector.due(now, LIFE_S) for connector in self._connectors)

    def seen(self) -> list[Seen]:
        return [connector.seen for connector in self._connectors]

    def wake_fds(self) -> list[int]:
        return [fd for connector in self._connectors if (fd := connector.wake_fd) is not None]

    def __len__(self) -> int:
        return len(self._connectors)


class Teller:
    """Tells the daemon what is seen: on change, all of it every `LIFE_S`, and what the turns cost every
    `TELEMETRY_S`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._told: dict[int, tuple[object, ...]] = {}
        self._all_due = 0.0
        self._worst_s = 0.0
        self._telemetry_due = 0.0

    def afresh(self) -> None:
        """A daemon that knows nothing yet: tell it everything."""
        self._all_due = 0.0

    def tell(self, seen: Sequence[Seen], now: float, took_s: float) -> None:
        self._worst_s = max(self._worst_s, took_s)
        if now >= self._all_due:
            self._told.clear()
            self._all_due = now + LIFE_S
        for one in seen:
            level = (one.vehicle, one.closed, one.faults, one.why)
            if self._told.get(one.connector) != level and self._line.send(one):
                self._told[one.connector] = level
        if now >= self._telemetry_due and self._line.send(Turn(self._worst_s, self._line.refused)):
            self._telemetry_due = now + TELEMETRY_S
            self._worst_s = 0.0


def run(
    pins: Sequence[Pins],
    settings: Sequence[Settings],
    sample_s: float,
    fd: int | None = None,
    socket_path: Path | None = None,
) -> int:
    """The whole life of the guard process; returns its exit code, 0.

    With ``fd`` it serves the daemon at the other end of that socket and ends with it; with ``socket_path`` it serves
    one daemon after the other. SIGTERM ends it. Whatever is raised in a turn comes out, after everything was made
    safe. Must be called from the main thread.
    """
    guard = Guard(pins, settings, sample_s)
    poller = select.epoll()
    try:
        with _stop_signals(child=fd is not None) as stop:
            poller.register(stop, select.EPOLLIN)
            line = Line(lambda wanted: poller.register(wanted, select.EPOLLIN), len(guard), fd, socket_path)
            try:
                refusals = realtime.prepare()
                if refusals:
                    sys.stderr.write(f"guard: runs, but with {'; '.join(refusals)}\n")
                    sys.stderr.flush()
                _serve(guard, line, poller, stop)
            finally:
                errors = guard.safe()
                line.close()
                if errors:
                    raise ExceptionGroup("outputs that could not be made safe", errors)
    finally:
        poller.close()
    return 0


def _serve(guard: Guard, line: Line, poller: select.epoll, stop: int) -> None:
    teller = Teller(line)
    due = time.monotonic()
    while True:
        ready = {number for number, _ in poller.poll(max(0.0, due - time.monotonic()))}
        now = time.monotonic()
        if stop in ready:
            return
        arrived = line.receive()
        changed = [guard.obey(order, now) for order in arrived.orders]
        if arrived.lost:
            guard.forget()
        if arrived.greeted:
            teller.afresh()
        woken = ready.intersection(guard.wake_fds())
        if now >= due or woken or arrived.greeted or arrived.lost or any(changed):
            guard.turn(now)
            done = time.monotonic()
            teller.tell(guard.seen(), now, done - (now if woken else min(now, due)))
            due = guard.due(now)
            _watch(poller, guard.wake_fds())
        if line.ended:
            return


def _watch(poller: select.epoll, fds: list[int]) -> None:
    """Wait for these too. Edge-triggered, so that a sensor that does not drain its descriptor cannot spin the loop; a
    descriptor that was closed has left by itself, and its successor may bear the same number."""
    for fd in fds:
        try:
            poller.register(fd, select.EPOLLIN | select.EPOLLET)
        except FileExistsError:
            continue


@contextmanager
def _stop_signals(child: bool) -> Iterator[int]:
    """A descriptor that becomes readable on SIGTERM. A child leaves SIGINT, which a terminal sends to all, to the
    daemon; a service ends on it."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    handlers = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, _noted),
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN if child else _noted),
    }
    try:
        yield reader
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)


def _noted(number: int, frame: object) -> None:
    """The wake-up descriptor has told the loop."""
