"""`chargepoint version`."""

import json
import platform
from argparse import ArgumentParser, Namespace

from chargepoint import __version__
from chargepoint.cli.exits import Exit
from chargepoint.cli.options import json_option


def arguments(parser: ArgumentParser) -> None:
    json_option(parser)


def run(args: Namespace) -> int:
    facts = {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": platform.machine(),
    }
    if args.json:
        print(json.dumps(facts))
    else:
        print(f"chargepoint {__version__} (Python {facts['python']}, {facts['system']})")
    return Exit.OK
