"""One connector in the guard's hands: look, decide, drive.

The contactor's own lease is short, so that a board whose outputs outlive a hung guard lets go by itself. The enable
pulses come while, and only while, the contactor is held closed: then an open contactor has two reasons to be open, and
a coil driver that fails on does not close it. Opening always comes before touching the pilot.

A reading taken just after the pilot changed between steady, PWM and error shows both, so it is not used.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, nan

from chargepoint.core.pilot import Debounce, Vehicle, classify
from chargepoint.guard.rules import REST_S, Level, Look, Order, Outputs, decide
from chargepoint.guard.wire import Seen
from chargepoint.hal import DeviceUnavailable, PilotVolts, Pins

HOLD_S = 0.25
"""The contactor's lease for one turn, where the board has a clock of its own."""

PULSE_S = 0.04
"""Pulses come at least this often while closed: the one-shot that holds the coil drops after 0.1 s."""

SETTLE_S = 0.01
"""How long the plateaus need after the pilot's mode changed."""

FAST_S = 0.005
"""Time between two looks while a change is pending."""

EDGE_BUDGET_S = 0.045
"""From the pilot to the contactor's coil; with the contactor's own 50 ms it makes the 100 ms of Table A.6."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one connector is guarded: is the place ventilated, and how long a vehicle must ask, or stop asking."""

    ventilation: bool = False
    debounce_on_s: float = 0.1
    debounce_off_s: float = 0.02


class Connector:
    """``number`` counts from 1. Until the first `turn` every output is what the board made it: safe."""

    def __init__(self, number: int, pins: Pins, settings: Settings, sample_s: float) -> None:
        off_s = max(0.0, min(settings.debounce_off_s, EDGE_BUDGET_S - sample_s))
        self._number = number
        self._pins = pins
        self._settings = settings
        self._sample_s = sample_s
        self._order: Order | None = None
        self._debounce = Debounce(settings.debounce_on_s, off_s)
        self._volts = PilotVolts(nan, nan)
        self._mirror = False
        self._unread = ""
        self._interlocks: tuple[str, ...] = ()
        self._pilot: Level | float | None = None
        self._pilot_changed = -inf
        self._held = False
        self._opened = -inf
        self._steady_since: float | None = None
        self._why = ""

    def obey(self, order: Order, now: float) -> bool:
        """Take a new order. True if it asks for something else than the last one did, so that a turn is due."""
        last = self._order
        self._order = replace(order, sent=min(order.sent, now))
        expired = last is None or now >= last.until
        return expired or last is None or (last.pilot, last.closed) != (order.pilot, order.closed)

    def forget(self) -> None:
        """The daemon is gone, and every permit with it."""
        self._order = None

    def turn(self, now: float) -> None:
        """Look, decide, drive. What a pin raises beside DeviceUnavailable, or while it is driven, is passed on."""
        look = self._look(now)
        self._drive(decide(self._order, look, now), now)

    def safe(self) -> list[Exception]:
        """Open the contactor, pilot to state F; every output is tried, what it raises is returned."""
        self._held = False
        self._pilot = None
        return [error for act in (self._pins.contactor.open, self._pins.pilot.error) if (error := _tried(act))]

    def due(self, now: float, idle_s: float) -> float:
        """When the next turn is due, if nothing wakes the guard before; ``idle_s``: time between two looks while the
        contactor is open and the sensor wakes us."""
        busy = self._mirror or self._unread or (self._order is not None and self._order.closed)
        times = [now + (self._sample_s if busy or self._pins.sensor.wake_fd() is None else idle_s)]
        if self._held:
            times.append(now + PULSE_S)
        if self._order is not None and self._order.until > now:
            times.append(self._order.until)
        if now < self._pilot_changed + SETTLE_S:
            times.append(self._pilot_changed + SETTLE_S)
        if self._debounce.unsettled:
            times.append(now + FAST_S)
        if self._debounce.deadline is not None:
            times.append(max(now, self._debounce.deadline))
        return min(times)

    @property
    def wake_fd(self) -> int | None:
        return self._pins.sensor.wake_fd()

    @property
    def seen(self) -> Seen:
        vehicle = self._debounce.state
        faults = [
            *(("pilot",) if vehicle is Vehicle.E else ()),
            *(("diode",) if vehicle is Vehicle.NO_DIODE else ()),
            *(("sensor",) if self._unread else ()),
            *self._interlocks,
        ]
        why = f"inputs cannot be read: {self._unread}" if self._unread else self._why
        return Seen(self._number, vehicle, self._mirror, self._volts.high, self._volts.low, tuple(faults), why)

    def _look(self, now: float) -> Look:
        pwm = isinstance(self._pilot, float)
        settled = now >= self._pilot_changed + SETTLE_S
        try:
            self._interlocks = tuple(name for name, wire in self._pins.interlocks.items() if wire.is_active())
            self._mirror = self._pins.contactor.is_closed()
            volts = self._pins.sensor.read()
        except DeviceUnavailable as error:
            self._unread = str(error) or "no reason given"
            self._debounce = self._debounce.restarted()
        else:
            self._unread = ""
            self._volts = volts
            if settled:
                self._debounce = self._debounce.feed(classify(volts, pwm, self._debounce.shown), now)
        return Look(
            vehicle=self._debounce.state,
            proven=pwm and settled and not self._debounce.unsettled,
            fresh=not self._unread,
            interlocks=self._interlocks,
            ventilation=self._settings.ventilation,
            held=self._held,
            rested=now >= self._opened + REST_S,
            steady_since=self._steady_since,
        )

    def _drive(self, outputs: Outputs, now: float) -> None:
        if outputs.closed and self._order is not None:
            self._pins.contactor.close(min(HOLD_S, self._order.until - now))
            if self._pins.enable is not None:
                self._pins.enable.pulse()
        elif self._held or self._mirror or self._pilot is None:
            self._pins.contactor.open()
            self._opened = now
        if outputs.pilot != self._pilot:
            self._set_pilot(outputs.pilot, now)
        self._held = outputs.closed
        if not outputs.closed or outputs.pilot is not Level.STEADY:
            self._steady_since = None
        elif self._steady_since is None:
            self._steady_since = now
        self._why = outputs.why

    def _set_pilot(self, pilot: Level | float, now: float) -> None:
        if isinstance(pilot, float):
            self._pins.pilot.pwm(pilot)
        elif pilot is Level.STEADY:
            self._pins.pilot.steady()
        else:
            self._pins.pilot.error()
        if not (isinstance(pilot, float) and isinstance(self._pilot, float)):
            self._pilot_changed = now
        self._pilot = pilot


def _tried(act: Callable[[], None]) -> Exception | None:
    try:
        act()
    except Exception as error:
        return error
    return None
