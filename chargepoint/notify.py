"""The service manager: ready, alive, stopping. Outside a service nothing is told."""

import os


def ready(status: str) -> None:
    _tell(f"READY=1\nSTATUS={status}")


def stopping() -> None:
    _tell("STOPPING=1")


def alive() -> None:
    """To be called by the core's loop after each turn."""
    if "WATCHDOG_USEC" in os.environ:
        _tell("WATCHDOG=1")


def _tell(state: str) -> None:
    if "NOTIFY_SOCKET" not in os.environ:
        return
    from systemd import daemon  # type: ignore[attr-defined]

    daemon.notify(state)
