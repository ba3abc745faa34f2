"""`chargepoint status`: once, or again at every change until Ctrl-C or until the daemon ends."""

import json
import sys
from argparse import ArgumentParser, Namespace

from chargepoint.cli.exits import Exit, UnreachableError
from chargepoint.cli.options import control_socket, daemon_options
from chargepoint.cli.panel import Json, ask, watch
from chargepoint.cli.render import healthy, render
from chargepoint.cli.screen import Screen, style_of


def arguments(parser: ArgumentParser) -> None:
    daemon_options(parser)
    parser.add_argument("--watch", action="store_true", help="show every change until Ctrl-C")


def run(args: Namespace) -> int:
    """PROBLEMS if the guard is missing or a fault is there; a backend that is away is no problem of the station."""
    path = control_socket(args)
    if args.watch:
        return _watch(path, args.json)
    status = _status(ask(path, {"ask": "status"}))
    if args.json:
        print(json.dumps(status))
    else:
        print("\n".join(render(status, style_of(sys.stdout))))
    return Exit.OK if healthy(status) else Exit.PROBLEMS


def _watch(path: str, as_json: bool) -> int:
    try:
        with Screen(sys.stdout) as screen:
            for answer in watch(path):
                status = _status(answer)
                if as_json:
                    print(json.dumps(status), flush=True)
                else:
                    screen.draw(render(status, style_of(sys.stdout)))
    except KeyboardInterrupt:
        return Exit.OK
    raise UnreachableError(f"{path}: the daemon has ended")


def _status(answer: Json) -> Json:
    status = answer.get("status")
    return status if isinstance(status, dict) else {}
