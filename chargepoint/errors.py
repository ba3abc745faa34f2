"""Who is wrong?

    ChargepointError
    ├── ConfigError        the technician's file; carries every problem at once
    ├── CommandError       the command line, or what a command was asked to do
    ├── StoreError         the state folder: locked by another daemon, unreadable, full
    ├── PeerError          the backend, or whoever is at the other end of a socket
    └── GuardError         the guard process cannot be started or reached

Hardware has `hal.DeviceUnavailable`, because a driver may import the HAL and nothing else. Anything that is none of
these is a bug of ours: it is not caught, the process dies loudly and the guard opens the contactor.
"""

from collections.abc import Sequence


class ChargepointError(Exception):
    """Somebody else is wrong; the text says who, what was found, and what to do."""


class ConfigError(ChargepointError):
    """The configuration cannot be used. ``problems`` lists all of them, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class CommandError(ChargepointError):
    """A command cannot be carried out as asked."""


class StoreError(ChargepointError):
    """The state folder cannot be used."""


class PeerError(ChargepointError):
    """The other end said something that cannot be understood."""


class GuardError(ChargepointError):
    """The guard process cannot be started or reached."""
