"""The HAL over a page of wires: what the guard and the daemon hold when the hardware is a mock world.

A fake knows its end of the wire only. `FakeContactor.close` feeds a coil; whether the contacts follow is for the page
to say, so a welded, stuck or unfed contactor needs no code here, and neither does a missing diode or a jammed lock.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from chargepoint.hal import DeviceUnavailable, Injected, Light, MeterIdentity, MeterSample, PilotVolts, Tap
from hal_mock.ev import generator
from hal_mock.oneshot import ENABLE_HOLD_S
from hal_mock.wires import ENDED, Head, Switch, Wires

if TYPE_CHECKING:
    from hal_mock.events import Events

Mono = Callable[[], float]
WORLD_SILENT_S = 5.0
LIGHTS = tuple(Light)

_DRAIN_BYTES = 512


def check_world(head: Head, now: float) -> None:
    """Raises DeviceUnavailable when a world served this page and does so no more; its last word means nothing."""
    alive_at = head.alive_at
    if alive_at == ENDED:
        raise DeviceUnavailable("the mock world has ended; start guard and daemon again to get a new one")
    if alive_at and now - alive_at > WORLD_SILENT_S:
        silent = f"{now - alive_at:.1f} s"
        raise DeviceUnavailable(f"the mock world has been silent for {silent}; see world.log in the run folder")


class FakePilot:
    """The generator, as the share of time it stands high: 1 steady, 0 error."""

    def __init__(self, wires: Wires, connector: int) -> None:
        self._line = wires.connector(connector)

    def steady(self) -> None:
        self._line.duty = 1.0

    def pwm(self, duty: float) -> None:
        """Raises ValueError outside 0..1."""
        if not 0.0 <= duty <= 1.0:
            raise ValueError(f"a duty is a share between 0 and 1, not {duty!r}")
        self._line.duty = duty

    def error(self) -> None:
        self._line.duty = 0.0


class FakePilotSensor:
    """The divider of generator and vehicle. ``noise_volts`` adds a repeatable ripple of at most that much.

    ``wake_path`` names a FIFO the world writes to when the vehicle changes; `read` drains it.
    """

    def __init__(
        self,
        wires: Wires,
        connector: int,
        wake_path: str | None = None,
        noise_volts: float = 0.0,
        mono: Mono = time.monotonic,
    ) -> None:
        self._head = wires.head
        self._line = wires.connector(connector)
        self._noise_volts = noise_volts
        self._seed = connector
        self._mono = mono
        self._wake: int | None = None
        if wake_path is not None:
            if not os.path.exists(wake_path):
                os.mkfifo(wake_path, 0o660)
            # Opened for both directions: a FIFO without any writer would report a hang-up for ever.
            self._wake = os.open(wake_path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def read(self) -> PilotVolts:
        if self._wake is not None:
            with suppress(BlockingIOError):
                os.read(self._wake, _DRAIN_BYTES)
        check_world(self._head, self._mono())
        high, low = self._line.vehicle.plateaus(generator(self._line.duty))
        if self._noise_volts:
            high, low = high + self._ripple(), low + self._ripple()
        return PilotVolts(high, low)

    def wake_fd(self) -> int | None:
        return self._wake

    def close(self) -> None:
        if self._wake is not None:
            os.close(self._wake)
            self._wake = None

    def _ripple(self) -> float:
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF
        return self._noise_volts * (2.0 * self._seed / 0x7FFFFFFF - 1.0)


class FakeContactor:
    """The coil's driver and the mirror contact."""

    def __init__(self, wires: Wires, connector: int, mono: Mono = time.monotonic) -> None:
        self._line = wires.connector(connector)
        self._mono = mono

    def close(self, lease_s: float) -> None:
        self._line.coil.trigger(self._mono(), lease_s)

    def open(self) -> None:
        self._line.coil.release(self._mono())

    def is_closed(self) -> bool:
        return self._line.contactor_closed(self._mono())


class FakeEnable:
    """Feeds the one-shot that feeds the coil."""

    def __init__(self, wires: Wires, connector: int, mono: Mono = time.monotonic) -> None:
        self._line = wires.connector(connector)
        self._mono = mono

    def pulse(self) -> None:
        self._line.enable.trigger(self._mono(), ENABLE_HOLD_S)


class FakeInput:
    """One interlock contact, named by the fault it raises (`wires.INTERLOCKS`)."""

    def __init__(self, wires: Wires, connector: int, fault: str) -> None:
        self._line = wires.connector(connector)
        self._fault = fault

    def is_active(self) -> bool:
        return self._line.interlock(self._fault)


class FakeMeter:
    """Reads what the world shows on the meter; ``measured_at`` is when the world put it there."""

    def __init__(self, wires: Wires, connector: int, mono: Mono = time.monotonic) -> None:
        self._head = wires.head
        self._line = wires.connector(connector)
        self._number = connector
        self._mono = mono

    async def identify(self) -> MeterIdentity:
        self._answering()
        return MeterIdentity("chargepoint mock meter", f"MOCK{self._number:04d}", "1.0")

    async def read(self) -> MeterSample:
        self._answering()
        sample = self._line.sample()
        if sample is None:
            raise DeviceUnavailable(
                f"the mock meter of connector {self._number} changed too fast to be read; try again"
            )
        return sample

    async def close(self) -> None:
        pass

    def _answering(self) -> None:
        check_world(self._head, self._mono())
        if self._line.is_on(Switch.SILENT):
            raise DeviceUnavailable(
                f"the mock meter of connector {self._number} does not answer: it was told to be silent "
                f'(undo: {{"op":"meter","connector":{self._number},"silent":false}})'
            )


class FakeLock:
    """The lock's motor and its position switch. A jammed lock takes every order and stays where it is."""

    def __init__(self, wires: Wires, connector: int) -> None:
        self._line = wires.connector(connector)

    async def engage(self) -> None:
        self._line.lock_wanted = 1.0

    async def release(self) -> None:
        self._line.lock_wanted = 0.0

    async def is_engaged(self) -> bool:
        return self._line.lock_engaged()


class FakeProximity:
    """The resistor in the plug of the cable, ohms."""

    def __init__(self, wires: Wires, connector: int) -> None:
        self._line = wires.connector(connector)

    async def read(self) -> float:
        return self._line.proximity_ohms if self._line.vehicle.plugged else float("inf")


class FakeLights:
    def __init__(self, wires: Wires, connector: int) -> None:
        self._line = wires.connector(connector)

    def show(self, light: Light) -> None:
        self._line.light = LIGHTS.index(light)


class FakeReader:
    """The reader that serves exactly ``connectors``."""

    def __init__(self, events: "Events", connectors: tuple[int, ...]) -> None:
        self._events = events
        self._topic = events.reader(connectors)

    async def tap(self) -> Tap:
        event = await self._events.next(self._topic)
        return Tap(bytes.fromhex(str(event["token"])))

    async def close(self) -> None:
        await self._events.leave(self._topic)


class FakeHints:
    """The world's fault switch and link hint."""

    def __init__(self, events: "Events") -> None:
        self._events = events
        self._topic = events.hints()

    async def next(self) -> Injected:
        event = await self._events.next(self._topic)
        if event["event"] == "network":
            return Injected("network", bool(event["up"]))
        return Injected("fault", bool(event["on"]), int(event["connector"]), str(event["code"]))

    async def close(self) -> None:
        await self._events.leave(self._topic)
