"""The task tree: who runs, who owns whom, and in which order it all ends.

``core`` is one inbox and one loop: a fact or a deadline, `Station.handle`, perform. It also renews the guard's permits
and tells the service manager that it is alive, so whatever stops this loop takes the power away. Everything else is a
supervised task that posts facts. When the core or the guard's task breaks in a way nobody foresaw, the daemon ends
loudly: the guard opens the contactor on the closed line, the service manager starts the daemon again, and the facts are
read anew. When the state folder cannot be written any more, the contactors are opened first, then it ends the same way.
"""

import asyncio
import gc
import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from chargepoint import notify
from chargepoint.act.locks import LockKeeper
from chargepoint.act.perform import Performer
from chargepoint.clock import Clock
from chargepoint.core import effects
from chargepoint.core.commands import ResetKind
from chargepoint.core.facts import ClockIs, Durable, Fact, FaultIs, GuardIs, LockIs, QueueIs, SettingIs, Tick
from chargepoint.core.station import Station
from chargepoint.errors import StoreError
from chargepoint.hal import Devices, Hints, ServedReader
from chargepoint.journal import Journal
from chargepoint.panel.server import Panel
from chargepoint.sense import cables, hints, meters, readers, wallclock
from chargepoint.store import Store
from chargepoint.supervise import supervised

log = logging.getLogger(__name__)

SLOW_TURN_S = 0.05
SAFE_WITHIN_S = 10.0
END_WITHIN_S = 5.0
LOOK_S = 0.05
NEWS_FOR_UPLINK = (Durable, QueueIs, SettingIs)
"""After these it may have something to send, or another time to send it at."""
LAPSED_BEATS = 2.4
"""After so many beats left out the last permit may have run out: three make a lease, and it may be a fifth old."""


class Guarding(Protocol):
    """The guard's client as the daemon uses it."""

    @property
    def beat_every_s(self) -> float: ...

    def drive(self, effect: effects.Drive) -> None: ...

    def beat(self) -> None: ...

    async def run(self) -> None: ...


class Linking(Protocol):
    """The uplink as the daemon uses it."""

    def tell(self, report: Any, asked: bool) -> None: ...

    def answer(self, effect: effects.Answer) -> None: ...

    def wake(self) -> None: ...

    def hint(self, up: bool) -> None: ...

    async def run(self) -> None: ...


@dataclass
class Parts:
    """Everything the daemon is made of; the composition root fills it in."""

    station: Station
    store: Store
    guard: Guarding
    uplink: Linking | None
    panel: Panel
    clock: Clock
    journal: Journal
    devices: Mapping[int, Devices]
    readers: tuple[ServedReader, ...]
    hints: Hints | None
    meter_period_s: Mapping[int, float]
    inbox: "Inbox"
    close_board: Callable[[], None]


@dataclass
class Inbox:
    """Facts on their way to the core. `post` belongs to the loop, the others to threads. ``fatal`` is set when the
    daemon cannot go on; ``problem`` says why."""

    facts: deque[Fact] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop | None = None
    fatal: asyncio.Event = field(default_factory=asyncio.Event)
    problem: str = ""

    def post(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.arrived.set()

    def post_from_thread(self, fact: Fact) -> None:
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.post, fact)

    def fail_from_thread(self, problem: str) -> None:
        """No new transaction may start, and the daemon ends once everything is safe."""
        self.problem = problem
        self.post_from_thread(FaultIs(0, "internal", True, problem))
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.fatal.set)


class Daemon:
    """Run it with `run`, once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._locks = {
            evse: LockKeeper(evse, device.lock, parts.inbox.post)
            for evse, device in parts.devices.items()
            if device.lock is not None
        }
        self._performer = Performer(parts.guard, parts.uplink, parts.store, parts.devices, self._latch, self._reboot)
        self._ended = asyncio.Event()
        self.reboot: ResetKind | None = None

    # -- life ----------------------------------------------------------------------

    async def run(self) -> ResetKind | None:
        """Until a signal or a reset; returns the kind of the reset, if it was one. Raises StoreError when the state
        folder cannot be written any more."""
        parts, loop = self._parts, asyncio.get_running_loop()
        parts.inbox.loop = loop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ended.set)
        for fact in parts.store.restore():
            parts.inbox.post(fact)
        parts.inbox.post(QueueIs(parts.store.waiting))
        core = asyncio.create_task(self._core(), name="core")
        others = asyncio.create_task(self._others(), name="others")
        ended = asyncio.create_task(self._ended.wait(), name="ended")
        fatal = asyncio.create_task(self._made_safe(), name="fatal")
        try:
            notify.ready("charging station ready")
            await asyncio.wait((core, others, ended, fatal), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ended.set()
            notify.stopping()
            await self._end(core, others, ended, fatal)
        if parts.inbox.problem:
            raise StoreError(parts.inbox.problem)
        return self.reboot

    async def _made_safe(self) -> None:
        """Wait for the end of the disk, then until no contactor is closed: the core has heard of the fault."""
        parts = self._parts
        await parts.inbox.fatal.wait()
        for _ in range(round(SAFE_WITHIN_S / LOOK_S)):
            if not parts.inbox.facts and all(evse.dead for evse in parts.station.evses.values()):
                return
            await asyncio.sleep(LOOK_S)

    async def _end(self, *tasks: asyncio.Task[Any]) -> None:
        """The core falls silent, the guard's line closes and opens every contactor; then the disk, last the board.

        A task that does not end in time is ended with the process, once everything else is in order.
        """
        results: list[BaseException | None] = []
        stuck: list[str] = []
        for task in tasks:
            task.cancel()
            done, _ = await asyncio.wait((task,), timeout=END_WITHIN_S)
            stuck += [task.get_name()] if not done else []
            results += [each.exception() for each in done if not each.cancelled()]
        self._parts.journal.flush()
        await self._parts.store.close()
        self._parts.close_board()
        found = [result for result in results if result is not None]
        if stuck:
            why = found[0] if found else None
            log.critical("%s does not end; the process ends without it", ", ".join(stuck), exc_info=why)
            os._exit(1)
        if found:
            raise found[0]

    async def _others(self) -> None:
        parts, post = self._parts, self._parts.inbox.post
        async with asyncio.TaskGroup() as tasks:

            def own(work: Coroutine[Any, Any, None], name: str) -> None:
                tasks.create_task(work, name=name)

            def supervise(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
                own(supervised(work, name), name)

            own(parts.guard.run(), "guard")
            own(wallclock.watch(parts.clock, wallclock.kernel_is_synchronised, post), "clock")
            supervise(parts.panel.run, "panel")
            if parts.uplink is not None:
                supervise(parts.uplink.run, "uplink")
            for evse, device in parts.devices.items():
                if device.meter is not None:
                    period_s = parts.meter_period_s[evse]
                    supervise(partial(meters.poll, evse, device.meter, period_s, parts.clock, post), f"meter-{evse}")
                if device.proximity is not None:
                    supervise(partial(cables.watch, evse, device.proximity, post), f"cable-{evse}")
            for evse, keeper in self._locks.items():
                supervise(keeper.run, f"lock-{evse}")
            for served in parts.readers:
                supervise(partial(readers.listen, served, parts.store.known, post), f"reader-{served.name}")
            if parts.hints is not None:
                supervise(partial(hints.listen, parts.hints, len(parts.devices), post, self._network), "hints")

    # -- the core ----------------------------------------------------------------------

    async def _core(self) -> None:
        parts = self._parts
        inbox, beat_s = parts.inbox, parts.guard.beat_every_s
        self._turn(Tick())
        gc.collect()
        gc.freeze()
        turned_at = parts.clock.mono()
        while True:
            inbox.arrived.clear()
            self._notice_lapse(parts.clock.mono() - turned_at)
            while inbox.facts and not self._ended.is_set():
                self._turn(inbox.facts.popleft())
            turned_at = parts.clock.mono()
            parts.guard.beat()
            notify.alive()
            due = parts.station.next_deadline
            wait_s = beat_s if due is None else min(beat_s, max(0.0, due - parts.clock.mono()))
            try:
                async with asyncio.timeout(wait_s):
                    await inbox.arrived.wait()
            except TimeoutError:
                due = parts.station.next_deadline
                if due is not None and parts.clock.mono() >= due:
                    self._turn(Tick())

    def _notice_lapse(self, silent_s: float) -> None:
        """A process that was stopped or starved for longer than its lease: the guard has opened every contactor, which
        is no fault of theirs. The core hears it as a guard that was gone for a moment."""
        if silent_s > LAPSED_BEATS * self._parts.guard.beat_every_s and self._parts.station.around.guard:
            log.warning("the core stood still for %.1f s; the guard has opened the contactors meanwhile", silent_s)
            self._turn(GuardIs(False))
            self._turn(GuardIs(True))

    def _turn(self, fact: Fact) -> None:
        parts = self._parts
        now = parts.clock.mono()
        if isinstance(fact, ClockIs):
            parts.store.note_clock(fact.offset, fact.quality)
        if isinstance(fact, NEWS_FOR_UPLINK) and parts.uplink is not None:
            parts.uplink.wake()
        if not isinstance(fact, Tick):
            parts.journal.note(now, fact)
        for effect in parts.station.handle(fact, now):
            self._performer.perform(effect)
        parts.panel.changed()
        took_s = parts.clock.mono() - now
        if took_s > SLOW_TURN_S:
            log.warning("a turn of the core took %.0f ms (%s)", 1000 * took_s, type(fact).__name__)

    def _latch(self, evse: int, engaged: bool) -> None:
        keeper = self._locks.get(evse)
        if keeper is not None:
            keeper.want(engaged)
        else:
            self._parts.inbox.post(LockIs(evse, engaged))

    def _reboot(self, effect: effects.Reboot) -> None:
        self.reboot = effect.kind
        self._ended.set()

    def _network(self, up: bool) -> None:
        log.info("the network is %s", "back" if up else "gone")
        if self._parts.uplink is not None:
            self._parts.uplink.hint(up)


def store_callbacks(inbox: Inbox) -> tuple[Callable[[str], None], Callable[[int], None]]:
    """What the store's thread calls: a start is on disk; the queue has another length."""
    return (lambda tx: inbox.post_from_thread(Durable(tx))), (lambda n: inbox.post_from_thread(QueueIs(n)))


def store_is_broken(inbox: Inbox) -> Callable[[BaseException], None]:
    """What the store's thread calls when the disk cannot be written to."""

    def broken(problem: BaseException) -> None:
        log.critical("the state folder cannot be written: %s", problem)
        inbox.fail_from_thread(f"the state folder cannot be written ({problem}); free space or replace the card")

    return broken
