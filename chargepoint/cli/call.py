"""One command from its words to its exit code."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module

from chargepoint.cli.exits import Exit, code
from chargepoint.errors import ChargepointError


def call(name: str, about: str, words: Sequence[str]) -> int:
    """A command is a module with ``run(args) -> int`` and, where it takes any, ``arguments(parser)``."""
    module = import_module(f"chargepoint.cli.{name.replace('-', '_')}")
    parser = ArgumentParser(prog=f"chargepoint {name}", description=f"{about[:1].upper()}{about[1:]}.")
    if hasattr(module, "arguments"):
        module.arguments(parser)
    args = parser.parse_args(list(words))
    try:
        result: int = module.run(args)
        sys.stdout.flush()
    except ChargepointError as error:
        print(error, file=sys.stderr)
        return code(error)
    except BrokenPipeError:
        # whoever read us has seen enough (`| head`); the interpreter must not try to flush once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return result
