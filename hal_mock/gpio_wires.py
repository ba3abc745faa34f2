"""The contactor cabinet as gpiozero's pins see it: relay coil, one-shot, mirror contact, interlock loops.

Pins of gpiozero's MockFactory that behave like the circuit behind them, so that the real driver runs through the real
library. Nothing is remembered that the circuit would not remember: where the contacts are follows, whenever somebody
looks, from the coil's line, from the age of the last enable edge, and from the mechanical faults.

The auxiliary contacts are wired fail-safe: the mirror contact is made while the contactor is open, an interlock's loop
is made while all is well. A contact that is not made, for whatever reason, leaves its line to the pull resistor.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

ONE_SHOT_S = 0.1


class OutputPin(MockPin):  # type: ignore[misc]
    """An output with somebody listening at the other end. As an input it drives nothing, and the pull-down wins."""

    def __init__(self, factory: MockFactory, info: Any, edge: Callable[[], None] = lambda: None) -> None:
        super().__init__(factory, info)
        self._edge = edge

    @property
    def driven_high(self) -> bool:
        return self._function == "output" and bool(self._state)

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed and self._function == "output":
            self._edge()
        return changed


class ContactPin(MockPin):  # type: ignore[misc]
    """A line that a made contact ties to its safe level, and that otherwise follows its pull resistor."""

    def __init__(self, factory: MockFactory, info: Any, made: Callable[[], bool], active_high: bool) -> None:
        super().__init__(factory, info)
        self._made = made
        self._active_high = active_high

    def _get_state(self) -> bool:
        return not self._active_high if self._made() else bool(self._pull == "up")


class WireFactory(MockFactory):  # type: ignore[misc]
    """MockFactory wants one class for all pins; here whoever asks first decides, and later askers get that pin."""

    def pin(self, name: Any, pin_class: Any = None, **options: Any) -> MockPin:
        for _header, info in self.board_info.find_pin(name):
            if info in self.pins:
                return self.pins[info]
        return super().pin(name, pin_class, **options)


class Cabinet:
    """One connector's relay, contactor and contacts. Give ``factory`` to the driver.

    ``enable_line`` None: the coil is fed without pulses. ``interlocks``: line -> is its dangerous level high.
    """

    def __init__(
        self,
        coil_line: int = 17,
        mirror_line: int = 27,
        enable_line: int | None = 22,
        mirror_active_high: bool = True,
        interlocks: Mapping[int, bool] | None = None,
        one_shot_s: float = ONE_SHOT_S,
        mono: Callable[[], float] = time.monotonic,
        factory: WireFactory | None = None,
    ) -> None:
        self.factory = factory or WireFactory()
        self.welded = self.stuck_open = self.mirror_broken = False
        self.raised: set[int] = set()
        self._mono = mono
        self._one_shot_s = one_shot_s
        self._edge_at = float("-inf")
        self._has_enable = enable_line is not None
        self.coil = self.factory.pin(f"GPIO{coil_line}", OutputPin)
        if enable_line is not None:
            self.factory.pin(f"GPIO{enable_line}", OutputPin, edge=self._pulsed)
        self.factory.pin(f"GPIO{mirror_line}", ContactPin, made=self._mirror_made, active_high=mirror_active_high)
        for line, active_high in (interlocks or {}).items():
            self._loop(line, active_high)

    @property
    def fed(self) -> bool:
        """Whether the one-shot holds the coil's supply."""
        return not self._has_enable or self._mono() - self._edge_at < self._one_shot_s

    @property
    def closed(self) -> bool:
        """Where the main contacts really are."""
        return self.welded or (self.coil.driven_high and self.fed and not self.stuck_open)

    def _pulsed(self) -> None:
        self._edge_at = self._mono()

    def _mirror_made(self) -> bool:
        return not self.closed and not self.mirror_broken

    def _loop(self, line: int, active_high: bool) -> None:
        self.factory.pin(f"GPIO{line}", ContactPin, made=lambda: line not in self.raised, active_high=active_high)
