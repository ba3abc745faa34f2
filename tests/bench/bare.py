"""What a connection can do at best: one frame out, one frame back, nothing done with either.

``python -m tests.bench.bare URL VERSION COUNT`` prints exchanges per second and CPU microseconds of each.
"""

import asyncio
import json
import sys
import time

from websockets.asyncio.client import connect

from chargepoint.clock import iso
from chargepoint.ocpp.dialects import dialect
from tests.store.kit import wide


class Known:
    """The numbers of transactions, as the backend told them."""

    def number(self, tx: str) -> int:
        return 4711

    def tx(self, number: object) -> str:
        return "t1"


def frame(version: str) -> str:
    """One meter reading of eight values as our station sends it."""
    (call,) = dialect(version).encode(wide(1), lambda stamp: iso(stamp.utc or 0.0), Known())
    return json.dumps([2, "5ad1c0a2-2f0f-4e65-8f3a-1d0e7f6b9a11", call.action, call.payload], separators=(",", ":"))


async def main(url: str, version: str, count: str) -> None:
    text = frame(version)
    async with connect(f"{url}/bare", subprotocols=[version], compression=None, proxy=None) as socket:
        began, cpu = time.monotonic(), time.process_time()
        for _ in range(int(count)):
            await socket.send(text)
            await socket.recv()
        took, used = time.monotonic() - began, time.process_time() - cpu
    print(int(count) / took, 1e6 * used / int(count))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
