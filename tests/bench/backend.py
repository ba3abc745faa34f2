"""A backend that costs as little as possible, in a process of its own: it answers by name and counts on a page.

All contenders speak to this one, so what differs between them is their own. ``python -m tests.bench.backend PAGE
[CERTIFICATE KEY]``; the page is a file of doubles that the benchmark maps and reads at any time.
"""

import asyncio
import json
import mmap
import os
import signal
import ssl
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from tests.bench.harness import ended, python, until

CELLS = ("port", "boots", "boot_at", "messages", "last_at", "ask", "asked", "first_at")
NOW = "2026-01-01T00:00:00.000Z"
ANSWERS = {
    "BootNotification": {"status": "Accepted", "currentTime": NOW, "interval": 3600},
    "Heartbeat": {"currentTime": NOW},
    "StartTransaction": {"transactionId": 1, "idTagInfo": {"status": "Accepted"}},
    "Authorize": {"idTagInfo": {"status": "Accepted"}, "idTokenInfo": {"status": "Accepted"}},
}
TRANSACTION = ("TransactionEvent", "MeterValues", "StartTransaction", "StopTransaction")
BIG = json.dumps([2, "big", "DataTransfer", {"vendorId": "bench", "data": [[n, str(n)] for n in range(105_000)]}])
"""A frame of about 2 MB, of many small values: what takes a reader longest."""


class Page:
    """The counters, by name. One writer per cell: ``ask`` belongs to the benchmark, the others to the backend.

    ``messages`` counts those of transactions, ``last_at`` is when the last of them came (monotonic seconds); what is
    written into ``ask`` is the number of big frames to send a second.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(descriptor, 8 * len(CELLS))
        self._map = mmap.mmap(descriptor, 8 * len(CELLS))
        os.close(descriptor)

    def __getitem__(self, name: str) -> float:
        return struct.unpack_from("d", self._map, 8 * CELLS.index(name))[0]

    def __setitem__(self, name: str, value: float) -> None:
        struct.pack_into("d", self._map, 8 * CELLS.index(name), value)

    def clear(self) -> None:
        for name in CELLS[1:]:
            self[name] = 0.0

    def close(self) -> None:
        self._map.close()


class Backend:
    """The process and its page."""

    def __init__(self, page: Page, tls: bool) -> None:
        self.page = page
        self.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{int(page['port'])}"


@contextmanager
def backend(folder: Path, certificate: tuple[Path, Path] | None = None) -> Iterator[Backend]:
    path = folder / "backend.page"
    path.unlink(missing_ok=True)
    page = Page(path)
    words = [str(each) for each in certificate or ()]
    with ended(python("-m", "tests.bench.backend", str(path), *words)):
        until(lambda: page["port"], "the backend to listen")
        yield Backend(page, certificate is not None)
    page.close()


# -- its process ------------------------------------------------------------------------------------------------------


async def talk(page: Page, socket) -> None:
    asking = asyncio.create_task(ask_for_trouble(page, socket))
    try:
        async for text in socket:
            kind, id, action, *_ = json.loads(text)
            if kind != 2:
                page["asked"] += 1
                continue
            now = time.monotonic()
            answer = ANSWERS.get(action, {})
            if action == "BootNotification":
                page["boot_at"] = now
                page["boots"] += 1
                answer = answer | {"currentTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
            elif action in TRANSACTION:
                page["first_at"] = page["first_at"] or now
                page["last_at"] = now
                page["messages"] += 1
            await socket.send(json.dumps([3, id, answer]))
    except ConnectionClosed:
        pass
    finally:
        asking.cancel()


async def ask_for_trouble(page: Page, socket) -> None:
    while True:
        rate = page["ask"]
        await asyncio.sleep(1 / rate if rate else 0.05)
        if page["ask"]:
            await socket.send(BIG)


async def run(page: Page, tls: ssl.SSLContext | None) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)

    async def connected(socket) -> None:
        await talk(page, socket)

    versions = ["ocpp2.0.1", "ocpp1.6"]
    async with serve(
        connected, "127.0.0.1", 0, ssl=tls, subprotocols=versions, compression=None, ping_interval=None, max_size=None
    ) as server:
        page["port"] = server.sockets[0].getsockname()[1]
        await ended.wait()


def main(path: str, *certificate: str) -> None:
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*certificate)
    asyncio.run(run(Page(Path(path)), tls))


if __name__ == "__main__":
    main(*sys.argv[1:])
