"""`chargepoint ledger verify`: the daemon walks the chain of hashes and tells whether it is whole."""

import json
import sys
from argparse import ArgumentParser, Namespace

from chargepoint.cli.exits import Exit
from chargepoint.cli.options import control_socket, daemon_options
from chargepoint.cli.panel import ask
from chargepoint.cli.rows import described
from chargepoint.cli.screen import style_of


def arguments(parser: ArgumentParser) -> None:
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    daemon_options(words.add_parser("verify", help="walk the whole ledger and check every hash"))


def run(args: Namespace) -> int:
    """PROBLEMS if the chain is broken. The daemon tells ``{"ledger": {"ok": bool, ...}}``."""
    told = ask(control_socket(args), {"ask": "ledger"}).get("ledger")
    facts = told if isinstance(told, dict) else {}
    whole = facts.get("ok") is True
    if args.json:
        print(json.dumps(facts))
    else:
        verdict = "the ledger is whole" if whole else "THE LEDGER IS BROKEN: it was changed or damaged"
        rest = {name: value for name, value in facts.items() if name != "ok"}
        print("\n".join([verdict, *described(rest, style_of(sys.stdout))]))
    return Exit.OK if whole else Exit.PROBLEMS
