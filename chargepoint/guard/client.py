"""The daemon's end: keeps a guard running or reached, passes orders to it, and turns what it sees into facts.

Only the core's own loop renews permits. `drive` and `beat` stamp them with the time at which the core called, and no
timer or task here repeats a stamp with a later time; so whatever hangs, stops or ends the core, the last permit expires
``lease_s`` after its last sign of life. A guard that is lost takes every permit to close with it: the core hears
`GuardIs(False)`, and the contactor closes again only on a new `Drive`.
"""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from chargepoint.core import effects
from chargepoint.core.facts import ContactorIs, Fact, FaultIs, GuardIs, VehicleIs
from chargepoint.errors import GuardError
from chargepoint.guard.rules import Level, Order
from chargepoint.guard.wire import (
    MAX_BYTES,
    MAX_LEASE_S,
    VERSION,
    GarbageError,
    Hello,
    Message,
    Seen,
    Turn,
    decode,
    encode,
)

SILENCE_S = 2.0
"""A guard that said nothing for this long is gone."""

START_S = 15.0
"""How long a guard may take from its start to its first word: on a small board its drivers load for seconds."""

END_S = 1.0
"""How long a guard may take to end by itself once the line is closed."""

BACK_OFF_S = (0.2, 2.0)
STEADY_AFTER_S = 5.0

_LEVELS = {effects.Level.STEADY: Level.STEADY, effects.Level.ERROR: Level.ERROR}


class SilentError(GuardError):
    """The guard may be there, but it hangs."""


class GuardClient:
    """Give either ``argv``, a command that is started with ``--fd N`` added, or ``socket_path``, a service to connect
    to. ``post`` takes facts, ``say`` a line of the log; both are called from `run` only.

    ``drive`` and ``beat`` may be called at any time; without a guard the orders wait as levels.
    """

    def __init__(
        self,
        argv: Sequence[str] | None,
        socket_path: Path | None,
        lease_s: float,
        post: Callable[[Fact], None],
        say: Callable[[str], None],
    ) -> None:
        if (argv is None) == (socket_path is None):
            raise ValueError("give either the command that starts the guard or the socket of its service")
        if not 0 < lease_s <= MAX_LEASE_S:
            raise ValueError(f"a lease of {lease_s} s; it must be over 0 and at most {MAX_LEASE_S} s")
        self._argv = argv
        self._path = socket_path
        self._lease_s = lease_s
        self._post = post
        self._say = say
        self._socket: socket.socket | None = None
        self._orders: dict[int, Order] = {}
        self._renewed = 0.0
        self._present: bool | None = None
        self._told: dict[tuple[type[Fact], int], Fact] = {}
        self._faults: dict[int, frozenset[str]] = {}
        self.turn = Turn(0.0, 0)
        """What the guard last told of its own loop."""

    @property
    def beat_every_s(self) -> float:
        """How often `beat` wants to be called, at least."""
        return self._lease_s / 3

    def drive(self, effect: effects.Drive) -> None:
        """Order this level, at once. Amps below 6 are no offer and become the steady pilot; above 80 they are 80."""
        pilot = effect.pilot
        offer = _LEVELS[pilot] if isinstance(pilot, effects.Level) else _offer(pilot)
        order = Order(effect.evse, offer, effect.closed, self._lease_s, time.monotonic())
        self._orders[effect.evse] = order
        self._send(order)

    def beat(self) -> None:
        """The core's loop has turned: renew every permit. To be called from that loop and from nowhere else, at least
        every `beat_every_s`; called more often, it sends no more than needed."""
        now = time.monotonic()
        if now < self._renewed + self._lease_s / 5:
            return
        self._renewed = now
        self._orders = {evse: replace(order, sent=now) for evse, order in self._orders.items()}
        self._send_all()

    async def run(self) -> None:
        """Serve until cancelled; then the line is closed, which opens everything, and the child has ended.

        A guard that cannot be started, is lost, silent or of another version is told and tried again.
        """
        loop = asyncio.get_running_loop()
        pause, longest = BACK_OFF_S
        while True:
            began = loop.time()
            try:
                await self._serve_once()
            except (GuardError, OSError) as error:
                self._say(f"guard: {error}; trying again")
            finally:
                self._lost()
            if loop.time() - began >= STEADY_AFTER_S:
                pause = BACK_OFF_S[0]
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def _serve_once(self) -> None:
        reached = self._spawned(self._argv) if self._argv is not None else self._connected(self._path)
        async with reached as line:
            try:
                await self._greet(line)
                while True:
                    match await self._next(line, SILENCE_S):
                        case Seen() as seen:
                            self._tell(seen)
                        case Turn() as turn:
                            self.turn = turn
                    await asyncio.sleep(0)  # a guard that never stops talking must not hold the daemon's loop
            finally:
                self._lost()

    async def _greet(self, line: socket.socket) -> None:
        line.send(encode(Hello(VERSION, 0)))
        first = await self._next(line, START_S if self._argv is not None else SILENCE_S)
        if not isinstance(first, Hello):
            raise GuardError("it did not introduce itself")
        if first.version != VERSION:
            raise GuardError(f"it speaks version {first.version}, the daemon {VERSION}: restart both from one release")
        self._socket = line
        self._told.clear()
        self._is_present(True)
        self._send_all()

    async def _next(self, line: socket.socket, within_s: float) -> Message:
        """The next message. Raises GuardError when the guard is silent, gone, or talks garbage."""
        packet: bytes | None
        try:
            async with asyncio.timeout(within_s):
                packet = await asyncio.get_running_loop().sock_recv(line, MAX_BYTES + 1)
        except TimeoutError:
            packet = _waiting(line)
        if packet is None:
            raise SilentError(f"nothing was heard from it for {within_s:g} s")
        if not packet:
            raise GuardError("it ended the connection; its own message says why, or it serves another daemon")
        try:
            return decode(packet)
        except GarbageError as error:
            raise GuardError(f"it sent {error}") from error

    @asynccontextmanager
    async def _connected(self, path: Path | None) -> AsyncIterator[socket.socket]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.setblocking(False)
            try:
                line.connect(str(path))
            except OSError as error:
                raise GuardError(f"nobody answers at {path} ({error.strerror}); is its service running?") from error
            yield line

    @asynccontextmanager
    async def _spawned(self, argv: Sequence[str]) -> AsyncIterator[socket.socket]:
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with line, theirs:
            line.setblocking(False)
            fd = theirs.fileno()
            # A group of its own: Ctrl-C ends the daemon, and the daemon its guard, so that nobody is told of a fault.
            child = await asyncio.create_subprocess_exec(
                *argv, "--fd", str(fd), pass_fds=(fd,), stdin=asyncio.subprocess.DEVNULL, process_group=0
            )
            theirs.close()
            try:
                yield line
            except SilentError:
                child.kill()
                raise
            finally:
                line.close()
                if await _ended(child):
                    self._say(f"guard: its process ended with code {child.returncode}")

    def _send_all(self) -> None:
        for order in self._orders.values():
            self._send(order)

    def _send(self, order: Order) -> None:
        """What cannot be sent is dropped: the next beat says it again, and `run` notices a guard that is gone."""
        if self._socket is None:
            return
        try:
            self._socket.send(encode(order))
        except OSError:
            return

    def _lost(self) -> None:
        self._socket = None
        self._orders = {evse: replace(order, closed=False) for evse, order in self._orders.items()}
        self._is_present(False)

    def _is_present(self, present: bool) -> None:
        if self._present is not present:
            self._present = present
            self._post(GuardIs(present))

    def _tell(self, seen: Seen) -> None:
        evse = seen.connector
        for fact in (VehicleIs(evse, seen.vehicle), ContactorIs(evse, seen.closed)):
            if self._told.get((type(fact), evse)) != fact:
                self._told[type(fact), evse] = fact
                self._post(fact)
        faults, before = frozenset(seen.faults), self._faults.get(evse, frozenset())
        self._faults[evse] = faults
        for fault in sorted(faults - before):
            self._post(FaultIs(evse, fault, True, _info(fault, seen)))
        for fault in sorted(before - faults):
            self._post(FaultIs(evse, fault, False))


def _info(fault: str, seen: Seen) -> str:
    if fault == "sensor":
        return seen.why
    return f"pilot at {seen.high:+.1f} V high, {seen.low:+.1f} V low" if fault in ("pilot", "diode") else ""


def _offer(amps: float) -> Level | float:
    return min(amps, 80.0) if amps >= 6.0 else Level.STEADY


def _waiting(line: socket.socket) -> bytes | None:
    """The packet that waits: after a stall of this process, silence is our own. None where there is none."""
    try:
        return line.recv(MAX_BYTES + 1)
    except BlockingIOError:
        return None


async def _ended(child: asyncio.subprocess.Process) -> int:
    """Wait until the child has ended, with force if it must be; its exit code, negative for a signal."""
    try:
        async with asyncio.timeout(END_S):
            return await child.wait()
    except TimeoutError:
        return -signal.SIGKILL
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
