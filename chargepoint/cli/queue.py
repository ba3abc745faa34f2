"""`chargepoint queue`: what the backend has not received yet, what it refused for good, and another try for that."""

import json
import sys
from argparse import ArgumentParser, Namespace

from chargepoint.cli.exits import Exit
from chargepoint.cli.options import control_socket, daemon_options
from chargepoint.cli.panel import ask
from chargepoint.cli.rows import described, listed
from chargepoint.cli.screen import style_of
from chargepoint.errors import CommandError

COLUMNS = {"queue": ("key", "kind", "tx", "at", "attempts"), "dead": ("id", "kind", "tx", "why", "waiting")}
EMPTY = {"queue": "nothing waits for the backend", "dead": "the backend has refused nothing for good"}


def arguments(parser: ArgumentParser) -> None:
    about = "show: what waits, oldest first (default); dead: what was refused for good; retry: put a dead letter back"
    parser.add_argument(
        "word", metavar="WORD", nargs="?", choices=("show", "dead", "retry"), default="show", help=about
    )
    parser.add_argument("id", metavar="ID", type=int, nargs="?", help="retry: its id in `chargepoint queue dead`")
    daemon_options(parser)


def run(args: Namespace) -> int:
    if (args.word == "retry") != (args.id is not None):
        raise CommandError("`chargepoint queue retry ID` needs an id, and no other word takes one")
    what = {"show": "queue"}.get(args.word, args.word)
    answer = ask(control_socket(args), {"ask": what, "id": args.id} if what == "retry" else {"ask": what})
    facts = {name: value for name, value in answer.items() if name != "ok"}
    style = style_of(sys.stdout)
    if args.json:
        print(json.dumps(facts))
    elif what == "retry":
        print("\n".join([f"{args.id} is in the queue again", *described(facts, style)]))
    else:
        entries = [row for row in facts.get(what) or [] if isinstance(row, dict)]
        print("\n".join(listed(entries, COLUMNS[what], style) if entries else [EMPTY[what]]))
        more = (facts.get("waiting") or 0) - len(entries) if what == "queue" else 0
        if more > 0:
            print(f"and {more} more")
    return Exit.OK
