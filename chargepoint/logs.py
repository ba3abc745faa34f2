"""Where the log goes: journald with fields when the service manager reads us, else plain lines on stderr."""

import logging
import os
import sys

QUIET = {
    "websockets": logging.WARNING,
    "asyncio": logging.WARNING,
    "transitions": logging.WARNING,
    "pymodbus": logging.CRITICAL,
}


def set_up(level: str) -> None:
    """``level`` as in the configuration: debug, info or warning."""
    root = logging.getLogger()
    root.handlers[:] = [_handler()]
    root.setLevel(level.upper())
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)


def _handler() -> logging.Handler:
    if "JOURNAL_STREAM" in os.environ and "NOTIFY_SOCKET" in os.environ:
        try:
            from systemd.journal import JournalHandler
        except ImportError:
            plain = logging.StreamHandler(sys.stderr)
            plain.setFormatter(logging.Formatter("%(levelname)-7s %(message)s"))
            return plain
        journal: logging.Handler = JournalHandler(SYSLOG_IDENTIFIER="chargepoint")
        return journal
    plain = logging.StreamHandler(sys.stderr)
    plain.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    return plain
