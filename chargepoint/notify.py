"""The service manager: ready, alive, stopping. The only importer of systemd-python; outside a service it does nothing."""

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
    from systemd import daemon

    daemon.notify(state)
