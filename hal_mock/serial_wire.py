"""A serial line with a device at its far end: a pty behind a stable name, which can be unplugged.

The name plays /dev/serial/by-id: it vanishes with `unplug` and comes back with `plug` on another pty, as an adapter
does that is pulled and put back. Runs on the event loop of whoever plugs it.
"""

import asyncio
import os
import tty
from collections.abc import Callable
from pathlib import Path


class SerialWire:
    """``received`` is called with every piece of bytes that arrives from the driver's side."""

    def __init__(self, name: Path, received: Callable[[bytes], None]) -> None:
        self._name = name
        self._received = received
        self._ours = -1
        self._theirs = -1
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def port(self) -> str:
        """What goes into the driver's configuration."""
        return str(self._name)

    @property
    def plugged(self) -> bool:
        return self._ours >= 0

    def plug(self) -> None:
        """Raises RuntimeError without a running event loop."""
        if self.plugged:
            return
        self._loop = asyncio.get_running_loop()
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._ours)
        tty.setraw(self._theirs)
        self._name.unlink(missing_ok=True)
        self._name.symlink_to(os.ttyname(self._theirs))
        self._loop.add_reader(self._ours, self._readable)

    def unplug(self) -> None:
        """The name is gone, and whoever holds the line open reads end of file."""
        if not self.plugged or self._loop is None:
            return
        self._name.unlink(missing_ok=True)
        self._loop.remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)
        self._ours = self._theirs = -1

    def send(self, data: bytes) -> None:
        """Nothing happens on an unplugged line."""
        if self.plugged and data:
            os.write(self._ours, data)

    def _readable(self) -> None:
        self._received(os.read(self._ours, 4096))
