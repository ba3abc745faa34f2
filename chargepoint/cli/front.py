"""What `chargepoint` says without a command, and to a command it does not know."""

import sys
from collections.abc import Mapping
from difflib import get_close_matches

from chargepoint import __version__
from chargepoint.cli.exits import MEANING, Exit


def front(word: str, commands: Mapping[str, str]) -> int:
    if word in ("-h", "--help", "help"):
        print(usage(commands))
        return Exit.OK
    if word in ("-V", "--version"):
        print(f"chargepoint {__version__}")
        return Exit.OK
    if not word:
        print(usage(commands), file=sys.stderr)
        return Exit.USAGE
    close = get_close_matches(word, commands, 1)
    hint = f"did you mean `chargepoint {close[0]}`?" if close else "`chargepoint --help` lists the commands"
    print(f"there is no command {word!r}; {hint}", file=sys.stderr)
    return Exit.USAGE


def usage(commands: Mapping[str, str]) -> str:
    return "\n".join(
        (
            f"chargepoint {__version__}, the controller inside an AC charging station",
            "",
            "usage: chargepoint COMMAND ...        chargepoint COMMAND --help tells more",
            "",
            *(f"  {name:<12}{about}" for name, about in commands.items()),
            "",
            "exit codes",
            *(f"  {int(exit_code):<12}{meaning}" for exit_code, meaning in MEANING.items()),
        )
    )
