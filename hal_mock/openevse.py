"""An OpenEVSE on a serial line: the controller's side of RAPI, its relay, its heartbeat supervision, a vehicle.

Written from the firmware's protocol notes, sharing nothing with the driver. The relay follows the vehicle at once; the
firmware's own debounce of a quarter of a second is left out. What time does (the end of sleep, a missed heartbeat) is
worked out when somebody looks, so a test may turn the clock by hand.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hal_mock.serial_wire import SerialWire

STATES = {"A": 1, "B": 2, "C": 3, "D": 4}
UNKNOWN, SLEEPING, DISABLED = 0x00, 0xFE, 0xFF
LEAST_AMPS = 6
SLEEP_OPENS_AFTER_S = 3.0
COOKIE = 165


@dataclass
class OpenEvseFaults:
    """Switches; all off is a healthy controller."""

    silent: bool = False
    bad_checksum: bool = False
    garbage: bytes = b""  # sent in front of every answer
    no_sequence: bool = False  # firmware before 3.0 leaves it out
    unsupervised: bool = False  # firmware without heartbeat supervision
    opens_never: bool = False  # a welded relay nobody has noticed yet
    closes_never: bool = False


@dataclass
class OpenEvseDevice:
    """Use as ``async with``. ``vehicle`` is what it shows on the pilot, A to D; ``fault`` a fault state of the firmware
    (5 to 0x0E), 0: none. ``commands`` lists what was asked, without sequence and checksum."""

    name: Path
    max_amps: int = 32
    mono: Callable[[], float] = time.monotonic
    vehicle: str = "A"
    fault: int = 0
    faults: OpenEvseFaults = field(default_factory=OpenEvseFaults)
    commands: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wire = SerialWire(self.name, self._received)
        self._buffer = b""
        self._mode = "enabled"
        self._amps = self.max_amps
        self._slept_at = 0.0
        self._interval_s, self._fallback, self._trigger = 0, 0, 0
        self._pulse_at = 0.0

    @property
    def port(self) -> str:
        return self._wire.port

    async def __aenter__(self) -> "OpenEvseDevice":
        self.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.unplug()

    def plug(self) -> None:
        self._buffer = b""
        self._wire.plug()

    def unplug(self) -> None:
        self._wire.unplug()

    def reset(self) -> None:
        """Its supply failed for a moment: it is enabled at its stored current and says so. Supervision is stored."""
        self._buffer = b""
        self._mode, self._amps, self._trigger = "enabled", self.max_amps, 0
        self._pulse_at = self.mono()
        self._say("AB 00 D8.2.1")

    def press_button(self) -> None:
        """Somebody switches it to sleep, or wakes it, at its own button."""
        self._mode = "enabled" if self._mode != "enabled" else "sleeping"
        self._slept_at = self.mono()
        self.notify()

    def notify(self) -> None:
        """What the firmware sends at every change."""
        self._say(f"AT {self.state:02x} {self.pilot:02x} {self._amps} {self._flags:04x}")

    # -- what it does --------------------------------------------------------------------------------------------------

    @property
    def state(self) -> int:
        if self.fault:
            return self.fault
        return {"sleeping": SLEEPING, "disabled": DISABLED}.get(self._mode, STATES[self.vehicle])

    @property
    def pilot(self) -> int:
        return UNKNOWN if self._mode == "disabled" or self.fault else STATES[self.vehicle]

    @property
    def amps(self) -> int:
        """What the pilot offers; 0: no PWM."""
        self._supervise()
        return self._amps if self._mode == "enabled" and not self.fault else 0

    @property
    def closed(self) -> bool:
        """The relay's contacts."""
        if self.faults.opens_never:
            return True
        asleep = self._mode == "sleeping" and self.mono() < self._slept_at + SLEEP_OPENS_AFTER_S and self._was_on
        on = self.vehicle == "C" and not self.fault and (self._mode == "enabled" or asleep)
        return on and not self.faults.closes_never

    @property
    def pulsed(self) -> int:
        return self.commands.count("SY")

    @property
    def _flags(self) -> int:
        return (0x0100 if self.vehicle != "A" else 0) | (0x0040 if self.closed else 0)

    def _supervise(self) -> None:
        if self._interval_s and self.mono() > self._pulse_at + self._interval_s:
            self._trigger = 2
            self._amps = min(self._amps, max(self._fallback, LEAST_AMPS))

    # -- RAPI ----------------------------------------------------------------------------------------------------------

    def _received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data)[-512:]
        while b"\r" in self._buffer:
            line, self._buffer = self._buffer.split(b"\r", 1)
            text, _, check = line.decode("latin-1").partition("^")
            if text.startswith("$") and check.upper() == _check(text):
                self._command(text[1:])

    def _command(self, text: str) -> None:
        words = text.split()
        tail = words.pop() if words[-1].startswith(":") else ""
        self.commands.append(" ".join(words))
        if self.faults.silent:
            return
        ok, answer = self._obey(words[0], words[1:])
        parts = ["OK" if ok else "NK", *([answer] if answer else [])]
        if tail and not self.faults.no_sequence:
            parts.append(tail)
        self._say(" ".join(parts), self.faults.garbage)

    def _obey(self, name: str, words: list[str]) -> tuple[bool, str]:
        self._supervise()
        if name == "GS":
            return True, f"{self.state:02x} 0 {self.pilot:02x} {self._flags:04x}"
        if name == "GE":
            return True, f"{self._amps} 0001"
        if name in ("FE", "FS", "FD"):
            self._was_on = self.closed
            self._mode = {"FE": "enabled", "FS": "sleeping", "FD": "disabled"}[name]
            self._slept_at = self.mono()
            return True, ""
        if name == "SC":
            asked = int(words[0])
            self._amps = min(max(asked, LEAST_AMPS), self.max_amps)
            return self._amps == asked, str(self._amps)
        if name == "SY" and not self.faults.unsupervised:
            return self._heartbeat([int(word) for word in words])
        return False, ""

    def _heartbeat(self, numbers: list[int]) -> tuple[bool, str]:
        ok = True
        if len(numbers) == 2:
            (self._interval_s, self._fallback), self._trigger = numbers, 0
            self._pulse_at = self.mono()
        elif numbers == [COOKIE]:
            if self._trigger == 2:
                self._trigger, self._amps = 1, self.max_amps
        elif numbers:
            ok = False
        else:
            ok = self._trigger != 2
            self._pulse_at = self.mono()
        return ok, f"{self._interval_s} {self._fallback} {self._trigger}"

    def _say(self, text: str, before: bytes = b"") -> None:
        body = "$" + text
        check = "00" if self.faults.bad_checksum else _check(body)
        self._wire.send(before + f"{body}^{check}\r".encode("latin-1"))

    _was_on = False


def _check(text: str) -> str:
    total = 0
    for character in text:
        total ^= ord(character)
    return f"{total:02X}"
