"""`chargepoint rfid show`: what the readers read, in every spelling a card may have somewhere."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chargepoint.cli.doctor import running
from chargepoint.cli.exits import Exit, RefusedError
from chargepoint.cli.options import config_option, config_path, json_option
from chargepoint.errors import CommandError

if TYPE_CHECKING:
    from chargepoint.hal import ServedReader, Tap


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("word", metavar="WORD", choices=("show",), help="show: print each card in every spelling")
    config_option(parser)
    json_option(parser)
    parser.add_argument("--once", action="store_true", help="end after the first card")


def run(args: Namespace) -> int:
    """Ctrl-C is the usual end. PROBLEMS when no reader is left to listen to."""
    import asyncio

    from chargepoint import wiring
    from chargepoint.config.load import load
    from chargepoint.hal import DeviceUnavailable

    path = config_path(args)
    config = load(path)
    if running(config) is not None:
        raise RefusedError("the daemon is running and holds the readers; stop it first: systemctl stop chargepoint")
    try:
        board = wiring.board(config)
    except DeviceUnavailable as problem:
        print(problem, file=sys.stderr)
        return Exit.PROBLEMS
    try:
        readers = board.readers()
        if not readers:
            raise CommandError(f"{path} names no reader; add [[reader]] with its kind and port")
        return Exit.OK if asyncio.run(_show(readers, args)) else Exit.PROBLEMS
    except DeviceUnavailable as problem:
        print(problem, file=sys.stderr)
        return Exit.PROBLEMS
    except KeyboardInterrupt:
        return Exit.OK
    finally:
        board.close()


async def _show(readers: "Sequence[ServedReader]", args: Namespace) -> bool:
    """True after a card with ``--once``; False when every reader is gone."""
    import asyncio

    from chargepoint.hal import DeviceUnavailable

    waiting = {asyncio.create_task(served.reader.tap(), name=served.name): served for served in readers}
    if not args.json:
        print(f"show a card to {' or '.join(served.name for served in readers)} (Ctrl-C ends)", flush=True)
    try:
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                served = waiting.pop(task)
                try:
                    _tell(served, task.result(), args.json)
                except DeviceUnavailable as problem:
                    print(problem, file=sys.stderr)
                    continue
                if args.once:
                    return True
                waiting[asyncio.create_task(served.reader.tap(), name=served.name)] = served
        return False
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for served in readers:
            await served.reader.close()


def _tell(served: "ServedReader", tap: "Tap", as_json: bool) -> None:
    from chargepoint.cli.rows import described
    from chargepoint.cli.screen import style_of
    from chargepoint.doctor.spellings import advice, spellings

    if as_json:
        print(json.dumps({"reader": served.name, **spellings(tap)}), flush=True)
        return
    lines = described({"reader": served.name, **spellings(tap)}, style_of(sys.stdout))
    print("\n".join(["", *lines, *([advice(tap)] if advice(tap) else [])]), flush=True)
