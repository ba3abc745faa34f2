"""The daemon's view of boards that guard by themselves: polls them, passes orders on, turns what they tell into facts.

It stands where `GuardClient` stands, and the core does not know the difference. Only the core's own loop renews
permits: when `beat` has been missing for a lease, every device is told to open, and is not fed any more, so that its
own fail-safe acts too. But this task lives in the daemon's process. If that process is killed or hangs, nobody is left
to tell the device anything: then only the device's own fail-safe helps, and what it has of one is said at the start.

A device that stays silent is a lost guard of its own connector; when all are silent, `GuardIs(False)` is told.
Either way its contactor counts as open for the core, which cannot do anything about it any more.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chargepoint.core import effects
from chargepoint.core.facts import ContactorIs, Fact, FaultIs, GuardIs, VehicleIs
from chargepoint.guard import bridge
from chargepoint.hal import Coprocessor, CoprocessorOrder, CoprocessorSeen, DeviceUnavailable

POLL_S = 0.5
QUICK_S = 0.1
"""Time between two looks for `SETTLE_S` after an order changed."""

SETTLE_S = 2.0
TURN_S = 5.0
"""A driver that has not come back by then hangs."""

SILENT_S = 2.0
BACK_OFF_S = (0.1, 2.0)
END_S = 3.0


@dataclass
class Place:
    """One connector and its device."""

    evse: int
    device: Coprocessor
    drive: effects.Drive | None = None
    obeyed: CoprocessorOrder = bridge.OFF
    seen: CoprocessorSeen | None = None
    memory: bridge.Memory = field(default_factory=bridge.Memory)
    told: dict[type[Fact], Fact] = field(default_factory=dict)
    closed: bool = False
    faults: frozenset[str] = frozenset()
    present: bool | None = None
    heard: float = 0.0
    quick_until: float = 0.0
    protection: str = ""
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def opening(self) -> bool:
        """The core waits for the contactor to open."""
        return self.closed and not (self.drive is not None and self.drive.closed)


class CoprocessorGuard:
    """``coprocessors`` has one entry per connector, in their order. ``post`` takes facts, ``say`` a line of the log;
    both are called from `run` only. ``drive`` and ``beat`` may be called at any time."""

    def __init__(
        self,
        coprocessors: Sequence[Coprocessor],
        lease_s: float,
        post: Callable[[Fact], None],
        say: Callable[[str], None],
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._places = {evse: Place(evse, device) for evse, device in enumerate(coprocessors, 1)}
        self._lease_s = lease_s
        self._post = post
        self._say = say
        self._mono = mono
        self._renewed = -lease_s
        self._present: bool | None = None

    @property
    def beat_every_s(self) -> float:
        """How often `beat` wants to be called, at least."""
        return self._lease_s / 3

    def drive(self, effect: effects.Drive) -> None:
        """Order this level, at once. The facts are told again as they are: who orders may have forgotten them."""
        place = self._places[effect.evse]
        place.drive = effect
        place.told.clear()
        self._renewed = self._mono()
        place.wake.set()

    def beat(self) -> None:
        """The core's loop has turned: renew every permit. To be called from that loop and from nowhere else."""
        self._renewed = self._mono()

    async def run(self) -> None:
        """Serve until cancelled; then every device is told to open, and its line is closed."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for place in self._places.values():
                    tasks.create_task(self._serve(place), name=f"co-processor-{place.evse}")
        finally:
            await told_to_open([place.device for place in self._places.values()])

    # -- one device ----------------------------------------------------------------------------------------------------

    async def _serve(self, place: Place) -> None:
        place.heard = self._mono()
        pause = BACK_OFF_S[0]
        while True:
            place.wake.clear()
            if place.present and place.seen is not None:
                self._tell(place, place.seen)
            try:
                async with asyncio.timeout(TURN_S):
                    await self._turn(place)
            except (DeviceUnavailable, TimeoutError) as error:
                late = f"{place.device.name}: its driver did not come back within {TURN_S:g} s"
                self._unanswered(place, str(error) or late)
                await asyncio.sleep(pause)
                pause = min(pause * 2, BACK_OFF_S[1])
            else:
                pause = BACK_OFF_S[0]
                await self._rest(place)

    async def _turn(self, place: Place) -> None:
        """Pass the order on, look, tell. Raises DeviceUnavailable."""
        now = self._mono()
        wanted = bridge.order(place.drive, self._permitted, place.seen, place.memory)
        if wanted != place.obeyed:
            place.quick_until = now + SETTLE_S
        await place.device.drive(wanted)
        place.obeyed = wanted
        if self._permitted:
            await place.device.beat()
        place.seen = await place.device.look()
        self._answered(place)
        self._tell(place, place.seen)

    async def _rest(self, place: Place) -> None:
        """Until the next look is due, the order has changed, or the permit runs out."""
        now = self._mono()
        if bridge.order(place.drive, self._permitted, place.seen, place.memory) != place.obeyed:
            return
        wait_s = QUICK_S if now < place.quick_until else POLL_S
        if self._permitted:
            wait_s = min(wait_s, self._renewed + self._lease_s - now)
        try:
            async with asyncio.timeout(wait_s):
                await place.wake.wait()
        except TimeoutError:
            return

    @property
    def _permitted(self) -> bool:
        return self._mono() < self._renewed + self._lease_s

    # -- facts ---------------------------------------------------------------------------------------------------------

    def _answered(self, place: Place) -> None:
        place.heard = self._mono()
        if place.present is False:
            self._say(f"{place.device.name}: answers again")
            self._post(FaultIs(place.evse, "guard", False))
        if not place.present:
            place.present = True
            place.told.clear()
            self._is_present(True)
        self._name_protection(place)

    def _unanswered(self, place: Place, why: str) -> None:
        silent = self._mono() >= place.heard + SILENT_S
        if place.present is False or not (silent or place.opening):
            return
        self._say(f"{why}; trying again")
        place.present = False
        place.seen, place.closed = None, False
        place.drive = place.drive and effects.Drive(place.evse, effects.Level.STEADY, False)
        self._post(FaultIs(place.evse, "guard", True, why))
        self._post(ContactorIs(place.evse, False))
        if not any(each.present for each in self._places.values()):
            self._is_present(False)

    def _is_present(self, present: bool) -> None:
        if self._present is not present:
            self._present = present
            self._post(GuardIs(present))

    def _tell(self, place: Place, seen: CoprocessorSeen) -> None:
        """A vehicle before the contactor: its end explains why that opened."""
        told, place.memory = bridge.tell(seen, place.drive, place.obeyed, place.memory, self._mono())
        place.closed = told.closed
        self._tell_faults(place, told.faults)
        facts: list[Fact] = [] if told.vehicle is None else [VehicleIs(place.evse, told.vehicle)]
        for fact in (*facts, ContactorIs(place.evse, told.closed)):
            if place.told.get(type(fact)) != fact:
                place.told[type(fact)] = fact
                self._post(fact)

    def _tell_faults(self, place: Place, found: Mapping[str, str]) -> None:
        before, place.faults = place.faults, frozenset(found)
        for fault in sorted(place.faults - before):
            self._post(FaultIs(place.evse, fault, True, f"{place.device.name}: {found[fault]}"))
        for fault in sorted(before - place.faults):
            self._post(FaultIs(place.evse, fault, False))

    def _name_protection(self, place: Place) -> None:
        text = protection(place.device)
        if text != place.protection:
            place.protection = text
            if text:
                self._say(f"{place.device.name}: {text}")


def protection(device: Coprocessor) -> str:
    """What is missing to a full fail-safe, as a sentence; empty where nothing is."""
    if device.watchdog_s is None:
        return (
            "it has no fail-safe of its own: when this program is killed or hangs, a vehicle goes on charging as "
            "offered last; see the page of this board for what to add"
        )
    if device.fallback_amps > 0:
        return (
            f"when it hears nothing for {device.watchdog_s:g} s it falls back to {device.fallback_amps:g} A, it does "
            "not open; see the page of this board for what to add"
        )
    return ""


async def told_to_open(devices: Sequence[Coprocessor]) -> bool:
    """Each is told to open, and its line is closed. False: one did not hear us within `END_S`."""
    return all(await asyncio.gather(*(_left(device) for device in devices)))


async def _left(device: Coprocessor) -> bool:
    try:
        async with asyncio.timeout(END_S):
            await device.drive(bridge.OFF)
    except (DeviceUnavailable, TimeoutError):
        return False
    else:
        return True
    finally:
        await device.close()
