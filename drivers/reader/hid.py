"""Card readers that pretend to be USB keyboards, through python-evdev; the only module that imports it.

The device is grabbed, so that a card's number does not land in a console. It is opened by `tap` and stays open; when
it is unplugged, `tap` says so once and looks for it again at its next call.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from chargepoint.hal import DeviceUnavailable, Tap
from drivers.reader.keys import typed
from drivers.reader.taps import Taps
from drivers.reader.uart import Parser


class InputDevice(Protocol):
    """What is used of `evdev.InputDevice`; ``read`` raises BlockingIOError when there is nothing, OSError when gone."""

    fd: int

    def grab(self) -> None: ...

    def read(self) -> Iterable[Any]: ...

    def close(self) -> None: ...


def open_evdev(path: str) -> InputDevice:
    """Raises DeviceUnavailable, OSError."""
    try:
        import evdev
    except ImportError as exc:
        raise DeviceUnavailable(
            f"reader at {path}: python-evdev is not installed ({exc}); install python3-evdev"
        ) from exc
    device: InputDevice = evdev.InputDevice(path)
    return device


class HidReader:
    """Implements `hal.Reader`. ``parser`` finds the numbers in what was typed."""

    def __init__(
        self, path: str, make_parser: Callable[[], Parser], taps: Taps, open_device: Callable[[str], InputDevice]
    ) -> None:
        self._path = path
        self._make_parser = make_parser
        self._parser = make_parser()
        self._taps = taps
        self._open_device = open_device
        self._device: InputDevice | None = None

    async def tap(self) -> Tap:
        """Wait for the next card. Raises DeviceUnavailable when the reader is gone; safe to cancel."""
        return await self._taps.next(self._open)

    async def close(self) -> None:
        """Calling it again does nothing; a `tap` that is still waiting must be cancelled by its owner."""
        if self._device is not None:
            asyncio.get_running_loop().remove_reader(self._device.fd)
            self._device.close()
            self._device = None

    def _open(self) -> None:
        if self._device is not None:
            return
        device = None
        try:
            device = self._open_device(self._path)
            device.grab()
        except OSError as exc:
            if device is not None:
                device.close()
            raise DeviceUnavailable(
                f"reader at {self._path}: {exc}; is it plugged in, may this user read it (group input), and has no "
                "other program grabbed it?"
            ) from exc
        self._device = device
        self._parser = self._make_parser()
        asyncio.get_running_loop().add_reader(device.fd, self._readable, device)

    def _readable(self, device: InputDevice) -> None:
        try:
            events = [(event.type, event.code, event.value) for event in device.read()]
        except BlockingIOError:
            return
        except OSError as exc:
            asyncio.get_running_loop().remove_reader(device.fd)
            device.close()
            self._device = None
            self._taps.lost(f"reader at {self._path}: lost ({exc}); is it plugged in?")
            return
        for card in self._parser.feed(typed(events)):
            self._taps.card(card)
