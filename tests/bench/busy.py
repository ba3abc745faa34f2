"""A daemon in which only the core is replaced: it wants the contactor closed, always, so that edge can follow edge.

All else is the product: store, uplink, journal, meter, panel, and the client that renews the guard's permits. Its guard
is the product's too, but rests not between two closings and believes at once a vehicle that asks.
``python -m tests.bench.busy CONFIG`` is the daemon, with ``--fd N`` behind it the guard.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chargepoint import wiring
from chargepoint.config.load import load


class AlwaysOn:
    """In the place of `core.station.Station`."""

    next_deadline = None

    def handle(self, fact: object, now: float) -> Sequence[object]:
        from chargepoint.core.commands import Outcome, Result
        from chargepoint.core.effects import Answer, Drive
        from chargepoint.core.facts import Asked, GuardIs

        match fact:
            case GuardIs(True):
                return [Drive(1, 16.0, True)]
            case Asked(ticket, command, _):
                return [Answer(ticket, command, Outcome(Result.UNKNOWN))]
        return []


def daemon(path: Path) -> None:
    from chargepoint.daemon import Daemon
    from chargepoint.guard.client import GuardClient

    async def live() -> None:
        config = load(path)
        parts = wiring.parts(config, path)
        argv = [sys.executable, "-P", "-m", "tests.bench.busy", str(path)]
        guard = GuardClient(argv, None, config.guard.lease_s, parts.inbox.post, lambda text: None)
        await Daemon(replace(parts, station=AlwaysOn(), guard=guard)).run()

    asyncio.run(live())


def guard(path: Path, fd: int) -> None:
    from chargepoint.guard import connector, loop

    connector.REST_S = 0.0
    config = load(path)
    board = wiring.board(config)
    try:
        settings = [connector.Settings(False, 0.0, each.debounce_off_s) for each in config.connector]
        loop.run(board.pins(), settings, config.guard.sample_s, fd)
    finally:
        board.close()


if __name__ == "__main__":
    if "--fd" in sys.argv:
        guard(Path(sys.argv[1]), int(sys.argv[3]))
    else:
        daemon(Path(sys.argv[1]))
