"""The process of the mock world: it owns the page of wires, looks at it often while something is plugged in, and
answers the control socket.

Guard and daemon come and go, and may be killed; the world stands as long as anybody is attached and for a while after.
There is one per run folder: it holds a lock on the wires file, and a second one leaves when the first answers.
"""

import argparse
import asyncio
import fcntl
import json
import logging
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from chargepoint.hal import DeviceUnavailable
from hal_mock import registers
from hal_mock.ask import Request, RequestError
from hal_mock.bench import Bench
from hal_mock.control import MAX_LINE_BYTES, Answer, answer, parse
from hal_mock.control import request as ask_world
from hal_mock.launch import Places
from hal_mock.wires import ENDED, LAYOUT, MAX_CONNECTORS, PAGE_BYTES, Wired, Wires

BUSY_TICK_S = 0.02
IDLE_TICK_S = 0.5
KEEP_EVERY_S = 10.0
LINGER_S = 60.0
LOCK_WITHIN_S = 5.0
GOODBYE_S = 0.5
MAX_CLIENTS = 64
MAX_UNREAD_BYTES = 65536

log = logging.getLogger(__name__)


class World:
    """A bench on a page, with its registers on disk and its clients."""

    def __init__(self, wires: Wires, places: Places, linger_s: float) -> None:
        now = time.monotonic()
        self._places = places
        self._linger_s = linger_s
        self._wires = wires
        self.bench = Bench(wires, now, registers.load(places.registers), self._wake)
        self._clients: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._attached: set[asyncio.StreamWriter] = set()
        self._listening: set[asyncio.StreamWriter] = set()
        self._stirred = asyncio.Event()
        self._ended = False
        self._needed_at = now
        self._kept_at = now
        self._kept = (self.bench.energies_wh(), self.bench.closed(now))

    async def run(self, listener: socket.socket) -> None:
        """Serve until ended, by a request, a signal or for want of anybody attached."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(signum, self.end)
        self.tick()
        server = await asyncio.start_unix_server(self._serve, sock=listener, limit=MAX_LINE_BYTES)
        try:
            while not self._ended:
                self.tick()
                period_s = BUSY_TICK_S if self.bench.busy(time.monotonic()) else IDLE_TICK_S
                with suppress(TimeoutError):
                    async with asyncio.timeout(period_s):
                        await self._stirred.wait()
                self._stirred.clear()
        finally:
            server.close()
            await self._dismiss()
            await server.wait_closed()
            self.tick()
            self._keep(time.monotonic())
            self._wires.head.alive_at = ENDED

    async def _dismiss(self) -> None:
        """Close every connection, answers sent; cut off who does not take them in time."""
        serving = [task for task in self._clients.values() if task is not None]
        for writer in self._clients:
            writer.close()
        if serving:
            await asyncio.wait(serving, timeout=GOODBYE_S)
        for writer in self._clients:
            writer.transport.abort()
        if serving:
            await asyncio.wait(serving)

    def tick(self) -> None:
        now = time.monotonic()
        self.bench.advance(now)
        self._wires.head.alive_at = now
        energies_wh, closed = self._kept
        due = now - self._kept_at >= KEEP_EVERY_S and energies_wh != self.bench.energies_wh()
        if due or closed != self.bench.closed(now):
            self._keep(now)
        if self._attached:
            self._needed_at = now
        elif now - self._needed_at > self._linger_s:
            self.end()

    def end(self) -> None:
        self._ended = True
        self._stirred.set()

    def tell(self, event: Request) -> int:
        """Send an event to everybody who listens; how many that were. Who does not read what was sent is cut off."""
        heard = 0
        for writer in list(self._listening):
            if writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
                writer.transport.abort()
                self._listening.discard(writer)
                continue
            writer.write(json.dumps(event).encode() + b"\n")
            heard += 1
        return heard

    def _keep(self, now: float) -> None:
        self._kept = (self.bench.energies_wh(), self.bench.closed(now))
        self._kept_at = now
        registers.save(self._places.registers, self._kept[0])

    def _wake(self, connector: int) -> None:
        """One byte to the guard that sleeps on this connector's pilot, if one does."""
        with suppress(OSError):
            fd = os.open(self._places.wake(connector), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(fd, "wb", buffering=0) as fifo:
                fifo.write(b"!")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients[writer] = asyncio.current_task()
        try:
            if len(self._clients) > MAX_CLIENTS:
                writer.write(_line({"ok": False, "error": f"{MAX_CLIENTS} clients are connected already"}))
                return
            while not self._ended:
                writer.write(_line(self._answer(await reader.readuntil(b"\n"), writer)))
                await writer.drain()
        except asyncio.LimitOverrunError:
            writer.write(_line({"ok": False, "error": f"a line has at most {MAX_LINE_BYTES} bytes"}))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._clients.pop(writer, None)
            self._attached.discard(writer)
            self._listening.discard(writer)
            self._stirred.set()
            writer.close()

    def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> Answer:
        now = self._needed_at = time.monotonic()
        try:
            request = parse(line)
            match request["op"]:
                case "attach":
                    return self._attach(request, writer, now)
                case "events":
                    return self._listen(writer)
                case "end":
                    self.end()
                    return {"ok": True}
                case _:
                    reply = answer(self.bench, request, self.tell, now)
                    self._stirred.set()
                    return reply
        except RequestError as refused:
            return {"ok": False, "error": str(refused)}

    def _attach(self, request: Request, writer: asyncio.StreamWriter, now: float) -> Answer:
        wiring = request.get("wiring", [])
        if not isinstance(wiring, list) or len(wiring) > MAX_CONNECTORS:
            raise RequestError(f'"wiring" is a list of up to {MAX_CONNECTORS} texts like "3 lock enable"')
        try:
            wired = tuple(Wired.read(str(one)) for one in wiring)
        except ValueError as error:
            raise RequestError(str(error)) from error
        if wired and wired != tuple(line.wired for line in self._wires.lines):
            self.bench.wire(wired, now)
        self._attached.add(writer)
        return {"ok": True, "pid": os.getpid()}

    def _listen(self, writer: asyncio.StreamWriter) -> Answer:
        """What holds already follows the answer."""
        self._attached.add(writer)
        self._listening.add(writer)
        loop = asyncio.get_running_loop()
        for event in self.bench.levels.events():
            loop.call_soon(writer.write, _line(event))
        return {"ok": True}


def _line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


# -- the process ----------------------------------------------------------------------------------------------------


def hold(places: Places, within_s: float = LOCK_WITHIN_S) -> int | None:
    """The locked wires file, or None when another world has it and answers. Raises DeviceUnavailable."""
    fd = os.open(places.wires, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    deadline = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            with suppress(DeviceUnavailable):
                if ask_world(places.socket, {"op": "help"}, timeout_s=1.0)["ok"]:
                    os.close(fd)
                    return None
        if time.monotonic() > deadline:
            os.close(fd)
            raise DeviceUnavailable(
                f"another mock world holds {places.wires} but does not answer at {places.socket}; "
                "give each station its own run_dir, or end that process"
            )
        time.sleep(BUSY_TICK_S)


def listen(path: str) -> socket.socket:
    """Only the holder of the wires may call this: it takes the place of a socket left behind."""
    with suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    os.chmod(path, 0o660)
    return listener


def serve(places: Places, wired: tuple[Wired, ...], linger_s: float) -> None:
    """Be the world of these places until it ends; return at once when there is one."""
    fd = hold(places)
    if fd is None:
        return
    os.ftruncate(fd, PAGE_BYTES)
    with mmap.mmap(fd, PAGE_BYTES) as page:
        wires = Wires(page)
        if wires.head.layout != LAYOUT:
            page[:] = bytes(PAGE_BYTES)
        wires.wire(wired)
        listener = listen(places.socket)
        try:
            asyncio.run(World(wires, places, linger_s).run(listener))
        finally:
            Path(places.socket).unlink(missing_ok=True)
            wires.close()
    os.close(fd)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m hal_mock.world", description="The mock world of one station.")
    parser.add_argument("--run-dir", required=True, help="folder of the wires file and the wake pipes")
    parser.add_argument("--state-dir", required=True, help="folder of the meters' registers")
    parser.add_argument("--socket", default="", help="control socket (default: world.sock in the run folder)")
    parser.add_argument("--connector", action="append", help='one connector: "3 lock enable" (default: "3 enable")')
    parser.add_argument("--linger", type=float, default=LINGER_S, help="seconds to stand with nobody attached")
    parser.add_argument("--detach", action="store_true", help="go on in the background")
    asked = parser.parse_args(arguments)
    if asked.detach and os.fork():
        os._exit(0)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    wired = tuple(map(Wired.read, asked.connector or [str(Wired())]))
    serve(Places.of(asked.run_dir, asked.state_dir, asked.socket), wired, asked.linger)


if __name__ == "__main__":
    main(sys.argv[1:])
