"""A serial port on the event loop, through pyserial; the only module that imports it by name."""

import asyncio
from collections.abc import Callable

import serial

from chargepoint.hal import DeviceUnavailable

READ_BYTES = 4096


class SerialLine:
    """``who`` begins every message, such as "reader at /dev/ttyAMA0". ``received`` gets the bytes as they come;
    ``lost`` gets the reason when the port goes away, and then it is closed."""

    def __init__(
        self, who: str, port: str, baud: int, received: Callable[[bytes], None], lost: Callable[[str], None]
    ) -> None:
        self._who = who
        self._port = port
        self._baud = baud
        self._received = received
        self._lost = lost
        self._serial: serial.Serial | None = None

    @property
    def is_open(self) -> bool:
        return self._serial is not None

    def open(self) -> None:
        """Raises DeviceUnavailable. Calling it again does nothing."""
        if self._serial is not None:
            return
        try:
            self._serial = serial.Serial(self._port, self._baud, timeout=0, write_timeout=0, exclusive=True)
        except (OSError, ValueError) as exc:
            raise DeviceUnavailable(
                f"{self._who}: {exc}; is it plugged in, may this user open it (group dialout), and does no "
                "other program hold it?"
            ) from exc
        asyncio.get_running_loop().add_reader(self._serial.fileno(), self._readable, self._serial)

    def send(self, data: bytes) -> None:
        """A few bytes, at once. Raises DeviceUnavailable; a port that fails is closed."""
        if self._serial is None:
            raise DeviceUnavailable(f"{self._who}: it is closed")
        try:
            self._serial.write(data)
        except OSError as exc:
            self.close()
            raise DeviceUnavailable(f"{self._who}: lost ({exc}); is it plugged in?") from exc

    def close(self) -> None:
        """Calling it again does nothing."""
        if self._serial is not None:
            asyncio.get_running_loop().remove_reader(self._serial.fileno())
            self._serial.close()
            self._serial = None

    def _readable(self, port: serial.Serial) -> None:
        try:
            data = port.read(READ_BYTES)
        except OSError as exc:
            self.close()
            self._lost(str(exc))
            return
        self._received(data)
