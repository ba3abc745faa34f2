"""The contactor: a coil line, a mirror contact, and the pulses that keep the coil's supply alive.

Safe value: open. How the lease of `close` is kept: this class remembers nothing and times nothing, it drives the coil.
The guard's loop, its only caller, renews or opens at every turn and pulses `GpioEnable` at each of them. When the loop
hangs, is killed or the Pi stops, the pulses end and the external one-shot takes the coil's supply away, whatever level
the coil line was left at (a killed process may leave it high: platform sheet, section 6).
"""

from collections.abc import Sequence

from chargepoint.hal import DigitalInput
from drivers.gpio.pins import Factory, InputLine, OutputLine


class GpioContactor:
    """Implements `hal.Contactor`. Raises DeviceUnavailable when a line cannot be claimed."""

    def __init__(self, coil_line: int, mirror_line: int, mirror_active_high: bool, factory: Factory) -> None:
        self._coil = OutputLine(coil_line, "contactor coil", factory)
        try:
            self._mirror = InputLine(mirror_line, "mirror contact", mirror_active_high, factory)
        except Exception:
            self._coil.release()
            raise

    def close(self, lease_s: float) -> None:
        """Drive the coil. ``lease_s`` is kept by the guard and by the hardware enable, see the module's text."""
        if lease_s > 0:
            self._coil.on()
        else:
            self._coil.off()

    def open(self) -> None:
        self._coil.off()

    def is_closed(self) -> bool:
        """What the mirror contact says. A broken wire reads as closed, and so as welded once the coil is off."""
        return self._mirror.is_active()

    def release(self) -> None:
        """Open, then give the lines back."""
        self._coil.release()
        self._mirror.release()


class GpioEnable:
    """Implements `hal.Enable`: each pulse is one edge, so twice the pulse period is the period on the wire."""

    def __init__(self, line: int, factory: Factory) -> None:
        self._line = OutputLine(line, "enable pulses", factory)

    def pulse(self) -> None:
        self._line.toggle()

    def release(self) -> None:
        self._line.release()


class AnyOf:
    """Several contacts that raise the same fault: active when one of them is."""

    def __init__(self, inputs: Sequence[DigitalInput]) -> None:
        self._inputs = tuple(inputs)

    def is_active(self) -> bool:
        return any(contact.is_active() for contact in self._inputs)
