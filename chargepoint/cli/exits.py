"""Exit codes, the same for every command. Scripts and systemd rely on them."""

from enum import IntEnum

from chargepoint.errors import ChargepointError, CommandError, ConfigError, PeerError


class Exit(IntEnum):
    OK = 0
    PROBLEMS = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    INTERRUPTED = 130


MEANING = {
    Exit.OK: "done, and nothing is wrong",
    Exit.PROBLEMS: "something is wrong: the file has problems, the station is not healthy",
    Exit.USAGE: "the command line or the configuration cannot be used",
    Exit.UNREACHABLE: "no daemon (or mock world) answers",
    Exit.REFUSED: "the daemon (or mock world) refused",
    Exit.INTERRUPTED: "interrupted by Ctrl-C",
}


class UnreachableError(PeerError):
    """Nobody answers at a socket."""


class RefusedError(CommandError):
    """Somebody answered, and said no."""


# the first row that fits
CODES: tuple[tuple[type[ChargepointError], Exit], ...] = (
    (UnreachableError, Exit.UNREACHABLE),
    (RefusedError, Exit.REFUSED),
    (ConfigError, Exit.USAGE),
    (CommandError, Exit.USAGE),
    (ChargepointError, Exit.PROBLEMS),
)


def code(error: ChargepointError) -> Exit:
    return next(exit_code for kind, exit_code in CODES if isinstance(error, kind))
