"""The service manager: ready, alive, stopping (sd_notify(3)). Outside a service nothing is told."""

import os
import socket
import time

_last_alive = 0.0


def ready(status: str) -> None:
    _tell(f"READY=1\nSTATUS={status}")


def stopping() -> None:
    _tell("STOPPING=1")


def alive() -> None:
    """To be called by the core's loop after each turn; told four times within the manager's patience."""
    global _last_alive
    patience = os.environ.get("WATCHDOG_USEC", "")
    now = time.monotonic()
    if patience.isdecimal() and now >= _last_alive + int(patience) / 4e6:
        _last_alive = now
        _tell("WATCHDOG=1")


def _tell(state: str) -> None:
    """One datagram; a manager that does not read loses it, and the daemon must not wait for it."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        manager.setblocking(False)
        try:
            manager.sendto(state.encode(), address)
        except OSError:
            return
