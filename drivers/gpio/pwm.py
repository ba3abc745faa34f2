"""The control pilot's generator: the kernel's PWM, by the files under /sys/class/pwm.

Never a PWM made in user space: IEC 61851-1 wants 1 kHz within 2 % and the pulse within 5 us, while lgpio's thread
rounds the duty to whole percent. The kernel counts nanoseconds. The price: the kernel's PWM goes on when this process
is gone. Therefore the safe value, -12 V (state F), is written when the channel is taken, and again by whoever cleans
up after a dead guard; the channel is left running at it, because a released PWM pin has no defined level.

The kernel refuses every write that leaves the duty cycle longer than the period or the period at zero, and a change of
polarity while enabled. So the duty goes to zero before the period is set, and everything else comes after it.
"""

import errno
import os
import time
from pathlib import Path
from typing import Protocol

from chargepoint.hal import DeviceUnavailable

PERIOD_NS = 1_000_000  # IEC 61851-1 Table A.2: 1 kHz
FILES = ("period", "duty_cycle", "polarity", "enable")
EXPORT_WAIT_S = 1.0  # udev needs a moment to hand the new files to our group
OVERLAY = (
    "on a Raspberry Pi add 'dtoverlay=pwm,pin=18,func=2' and 'dtparam=audio=off' to /boot/firmware/config.txt "
    "and reboot"
)


class Attributes(Protocol):
    """The files of one exported PWM channel: period, duty_cycle, polarity, enable."""

    def read(self, name: str) -> str: ...

    def write(self, name: str, text: str) -> None:
        """Raises OSError as the kernel does."""


class SysfsChannel:
    """`Attributes` of a folder like /sys/class/pwm/pwmchip0/pwm0."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text("ascii").strip()

    def write(self, name: str, text: str) -> None:
        _write(self.folder / name, text)


class KernelPilot:
    """Implements `hal.Pilot`. ``inverted``: the output stage turns a high pin into -12 V.

    Raises DeviceUnavailable when the kernel refuses; the pilot then keeps its last level.
    """

    def __init__(self, channel: Attributes, inverted: bool = False) -> None:
        self._channel = channel
        self._inverted = inverted
        try:
            self._prepare()
        except (OSError, ValueError) as exc:
            raise DeviceUnavailable(
                f"pilot PWM: {channel} cannot be set up: {exc}; does another program use this channel, and may this "
                "user write there (group chargepoint, chargepoint-hw.service)?"
            ) from exc

    def _prepare(self) -> None:
        if int(self._channel.read("period")) > 0:
            self._channel.write("duty_cycle", "0")
        self._channel.write("period", str(PERIOD_NS))
        if self._channel.read("polarity") != "normal":
            self._channel.write("enable", "0")
            self._channel.write("polarity", "normal")
        self._channel.write("duty_cycle", str(self._high_ns(0.0)))
        self._channel.write("enable", "1")

    def steady(self) -> None:
        self._set(1.0)

    def pwm(self, duty: float) -> None:
        if not 0.0 <= duty <= 1.0:
            raise ValueError(f"duty {duty} is not between 0 and 1")
        self._set(duty)

    def error(self) -> None:
        self._set(0.0)

    def release(self) -> None:
        """Leave the pilot at -12 V."""
        self.error()

    def _set(self, share_high: float) -> None:
        high_ns = self._high_ns(share_high)
        try:
            self._channel.write("duty_cycle", str(high_ns))
        except OSError as exc:
            raise DeviceUnavailable(
                f"pilot PWM: {self._channel} does not take a duty cycle of {high_ns} ns: {exc}; was it unexported?"
            ) from exc

    def _high_ns(self, share_high: float) -> int:
        return round(PERIOD_NS * (1.0 - share_high if self._inverted else share_high))


def find_channel(root: Path, device: str, number: int) -> SysfsChannel:
    """The channel ``number`` of the chip that belongs to ``device``, exported if it was not.

    A chip is known by what its ``device`` link names (or by the end of that path), never by its own number, which
    depends on the order of loading and differs between models. Raises DeviceUnavailable.
    """
    chip = _find_chip(root, device)
    channel = SysfsChannel(chip / f"pwm{number}")
    try:
        count = int((chip / "npwm").read_text("ascii"))
        if number >= count:
            raise DeviceUnavailable(f"pilot PWM: {device} has {count} channels, number {number} is none of them")
        _export(chip, channel, number)
        _await_files(channel)
    except (OSError, ValueError) as exc:
        raise DeviceUnavailable(
            f"pilot PWM: channel {number} of {chip} cannot be exported: {exc}; "
            "run once as root, or let chargepoint-hw.service do it"
        ) from exc
    return channel


def _find_chip(root: Path, device: str) -> Path:
    chips = {chip: (chip / "device").resolve() for chip in sorted(root.glob("pwmchip*"))}
    exact = [chip for chip, owner in chips.items() if owner.name == device]
    by_end = [chip for chip, owner in chips.items() if str(owner).endswith(device)]
    candidates = exact or by_end
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        owners = ", ".join(str(chips[chip]) for chip in candidates)
        raise DeviceUnavailable(
            f"pilot PWM: {device!r} fits several chips ({owners}); give pwm_device more of the path"
        )
    found = ", ".join(owner.name for owner in chips.values()) or "none"
    raise DeviceUnavailable(
        f"pilot PWM: no chip under {root} belongs to {device!r} (found: {found}); {OVERLAY}, or correct pwm_device"
    )


def _export(chip: Path, channel: SysfsChannel, number: int) -> None:
    if channel.folder.exists():
        return
    try:
        _write(chip / "export", str(number))
    except OSError as exc:
        if exc.errno != errno.EBUSY:  # somebody exported it between our look and our word
            raise


def _write(file: Path, text: str) -> None:
    """Write without ever creating: a missing attribute is an error, not a new file."""
    descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)


def _await_files(channel: SysfsChannel) -> None:
    deadline = time.monotonic() + EXPORT_WAIT_S
    while missing := [name for name in FILES if not os.access(channel.folder / name, os.W_OK)]:
        if time.monotonic() >= deadline:
            raise OSError(errno.EACCES, f"not writable after {EXPORT_WAIT_S:g} s: {', '.join(missing)}")
        time.sleep(0.01)
