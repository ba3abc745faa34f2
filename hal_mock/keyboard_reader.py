"""A USB card reader that types like a keyboard, as /dev/input shows it: an object with the surface of evdev's device.

Each key is a scan code, a press, a release and a synchronisation, as the kernel sends them. Unplugged, the descriptor
becomes readable and reading it fails, as a gone input device does.
"""

import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

EV_SYN, EV_KEY, EV_MSC, SHIFT, ENTER = 0, 1, 4, 42, 28
# Linux' input-event-codes.h: KEY_1 is 2 ... KEY_0 is 11, and the letters where they stand on a US keyboard.
CODES = dict(zip("1234567890", range(2, 12), strict=True))
for first, letters in ((16, "QWERTYUIOP"), (30, "ASDFGHJKL"), (44, "ZXCVBNM")):
    CODES.update(zip(letters, range(first, first + len(letters)), strict=True))
CODES.update({"-": 12, ":": 39, " ": 57})


@dataclass(frozen=True)
class KeyEvent:
    type: int
    code: int
    value: int


class _Node:
    """What a program holds that opened the device."""

    def __init__(self, keyboard: "KeyboardReader", fd: int) -> None:
        self.fd = fd
        self._keyboard = keyboard

    def grab(self) -> None:
        if self._keyboard.grabbed:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self._keyboard.grabbed = True

    def read(self) -> Iterator[KeyEvent]:
        data = os.read(self.fd, 4096 * 4)
        if not data:
            raise OSError(errno.ENODEV, "No such device")
        for kind, code, value in struct.iter_unpack("=HHi", data):
            yield KeyEvent(kind, code, value)

    def close(self) -> None:
        self._keyboard.grabbed = False
        os.close(self.fd)


class KeyboardReader:
    """`open` stands for evdev's InputDevice. Use as context manager."""

    def __init__(self, path: str = "/dev/input/by-id/usb-reader-event-kbd") -> None:
        self.path = path
        self.grabbed = False
        self._ours = -1
        self._plugged = True

    def __enter__(self) -> "KeyboardReader":
        return self

    def __exit__(self, *exc: object) -> None:
        self.unplug()

    def open(self, path: str) -> _Node:
        if not self._plugged or path != self.path:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        theirs, ours = os.pipe2(os.O_NONBLOCK)
        self._hang_up()
        self._ours = ours
        return _Node(self, theirs)

    def plug(self) -> None:
        self._plugged = True

    def unplug(self) -> None:
        self._plugged = False
        self._hang_up()

    def type(self, text: str) -> None:
        """The letters, then Enter."""
        for letter in text:
            if letter == ":":
                self._event(EV_KEY, SHIFT, 1)
            self.key(CODES[letter.upper()])
            if letter == ":":
                self._event(EV_KEY, SHIFT, 0)
        self.key(ENTER)

    def key(self, code: int) -> None:
        self._event(EV_MSC, 4, 458752 + code)
        for pressed in (1, 0):
            self._event(EV_KEY, code, pressed)
            self._event(EV_SYN, 0, 0)

    def _event(self, kind: int, code: int, value: int) -> None:
        if self._ours >= 0:
            os.write(self._ours, struct.pack("=HHi", kind, code, value))

    def _hang_up(self) -> None:
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1
