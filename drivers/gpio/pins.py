"""GPIO lines through gpiozero; the only module that imports it.

A pin factory is always named. gpiozero's own habit, trying one factory after the other, is right for a classroom and
wrong for a charger: it would drive a contactor through whatever happened to load.

An input is pulled towards its dangerous level, so a broken wire reads as the danger (a closed contactor, a raised
interlock) and never as the all-clear. Inputs are polled by the guard's loop; gpiozero's edge callbacks are not used
for them, because lgpio runs all of them in one thread that ends silently at the first exception. They are used where
nothing dangerous hangs on them.
"""

from collections.abc import Callable
from typing import Any, Literal

from gpiozero import DigitalInputDevice, DigitalOutputDevice, GPIOZeroError, InputDevice
from gpiozero.pins import Factory as Factory

from chargepoint.hal import DeviceUnavailable


def pin_factory(name: Literal["lgpio", "mock"]) -> Factory:
    """The gpiozero factory of that name. Raises DeviceUnavailable when it cannot be had; there is no second choice."""
    if name == "mock":
        from gpiozero.pins.mock import MockFactory

        return MockFactory()
    try:
        from gpiozero.pins.lgpio import LGPIOFactory

        return LGPIOFactory()
    except ImportError as exc:
        raise DeviceUnavailable(
            f"GPIO: lgpio is not installed ({exc}); install python3-lgpio, or pip install 'chargepoint[pi]'"
        ) from exc
    except Exception as exc:
        # lgpio raises its own `error`, OSError, or FileNotFoundError for its pipe when the folder is not writable.
        raise DeviceUnavailable(
            f"GPIO: lgpio does not start ({exc}); it needs /dev/gpiochip0 readable and writable for this user (group "
            "gpio) and a writable working folder, or LG_WD naming one"
        ) from exc


class OutputLine:
    """A line driven low from the first moment; ``off`` is its safe value, and what it gets before it is given back."""

    def __init__(self, line: int, purpose: str, factory: Factory) -> None:
        self._device = _claim(DigitalOutputDevice, line, purpose, initial_value=False, pin_factory=factory)

    def on(self) -> None:
        self._device.on()

    def off(self) -> None:
        self._device.off()

    def toggle(self) -> None:
        self._device.toggle()

    def release(self) -> None:
        """Drive low, then give the line back (gpiozero makes it an input). Calling it again does nothing."""
        if not self._device.closed:
            self._device.off()
            self._device.close()


class InputLine:
    """A contact. ``active_high`` names its dangerous level, to which the line is pulled."""

    def __init__(self, line: int, purpose: str, active_high: bool, factory: Factory) -> None:
        # With pull_up given, gpiozero calls the level against the pull "active": the opposite of our word.
        self._device = _claim(InputDevice, line, purpose, pull_up=active_high, pin_factory=factory)

    def is_active(self) -> bool:
        return not self._device.value

    def release(self) -> None:
        self._device.close()


class FallingEdges:
    """A line pulled up; ``fell`` is called in gpiozero's thread when it goes low, and must not raise."""

    def __init__(self, line: int, purpose: str, fell: Callable[[], None], factory: Factory) -> None:
        self._device = _claim(DigitalInputDevice, line, purpose, pull_up=True, pin_factory=factory)
        self._device.when_activated = fell

    def release(self) -> None:
        self._device.close()


def _claim(kind: type[Any], line: int, purpose: str, **options: Any) -> Any:
    try:
        return kind(line, **options)
    except (GPIOZeroError, OSError) as exc:
        raise DeviceUnavailable(
            f"GPIO {line} ({purpose}) cannot be used: {exc}; is the number right, and is no other program holding it?"
        ) from exc
    except Exception as exc:
        if type(exc).__module__.partition(".")[0] != "lgpio":
            raise
        raise DeviceUnavailable(
            f"GPIO {line} ({purpose}) cannot be used: {exc}; another program, or an overlay in config.txt, holds it"
        ) from exc
