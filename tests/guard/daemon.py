"""A daemon that does nothing but order a closed contactor and live: ``python daemon.py LEASE_S GUARD_COMMAND...``."""

import asyncio
import sys

from chargepoint.core.effects import Drive
from chargepoint.core.facts import Fact, GuardIs
from chargepoint.guard.client import GuardClient


async def main(lease_s: float, argv: list[str]) -> None:
    def post(fact: Fact) -> None:
        if fact == GuardIs(True):
            client.drive(Drive(1, 16.0, True))

    client = GuardClient(argv, None, lease_s, post, lambda text: None)
    async with asyncio.TaskGroup() as group:
        group.create_task(client.run())
        while True:
            client.beat()
            await asyncio.sleep(client.beat_every_s)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), sys.argv[2:]))
