"""The control socket: one JSON object per line, each answered by one line (``watch`` by one line per change).

Members of the socket's group may ask; only root, the daemon's own user and members of ``security.admin_group`` may
command, which the kernel's word on the peer decides (SO_PEERCRED).
"""

import asyncio
import grp
import json
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from chargepoint.errors import ChargepointError

LONGEST_LINE = 65536
MOST_CLIENTS = 16
WATCH_PERIOD_S = 1.0
IDLE_S = 300.0

Ask = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Panel:
    """``asks`` may be used by everybody who reaches the socket, ``commands`` by administrators."""

    def __init__(self, path: Path, asks: Mapping[str, Ask], commands: Mapping[str, Ask], admin_group: str) -> None:
        self._path, self._asks, self._commands, self._admin_group = path, asks, commands, admin_group
        self._changed = asyncio.Event()
        self._clients: set[asyncio.Task[Any]] = set()

    def changed(self) -> None:
        """Something that `watch` shows has changed."""
        self._changed.set()

    async def run(self) -> None:
        """Serve until cancelled; the socket file goes with it. Raises OSError when it cannot be made."""
        server = await asyncio.start_unix_server(self._serve, sock=self._bound(), limit=LONGEST_LINE)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for client in self._clients:
                client.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)
            self._path.unlink(missing_ok=True)

    def _bound(self) -> socket.socket:
        """The socket with its rights from the first moment on: owner and group."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old = os.umask(0o117)
        try:
            listener.bind(str(self._path))
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(old)
        listener.setblocking(False)
        return listener

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
        try:
            if len(self._clients) > MOST_CLIENTS:
                await _say(writer, {"ok": False, "error": f"more than {MOST_CLIENTS} clients at once"})
                return
            while line := await _line(reader):
                await self._one(line, writer)
        except (ValueError, ConnectionError, TimeoutError, asyncio.CancelledError):
            return
        finally:
            self._clients -= {task}
            writer.close()

    async def _one(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(line)
            name = request["ask"]
            if not isinstance(name, str):
                raise TypeError(name)
        except (ValueError, TypeError, KeyError, RecursionError):
            await _say(writer, {"ok": False, "error": 'send one JSON object per line, like {"ask": "status"}'})
            return
        if name == "watch":
            await self._watch(writer)
            return
        ask = self._asks.get(name) or self._commands.get(name)
        if ask is None:
            known = ", ".join(sorted([*self._asks, *self._commands, "watch"]))
            await _say(writer, {"ok": False, "error": f"unknown request {name[:50]!r}; there are: {known}"})
        elif name in self._commands and not self._may_command(writer):
            who = f"group {self._admin_group}" if self._admin_group else "root and the daemon's own user"
            await _say(writer, {"ok": False, "error": f"only {who} may command the station"})
        else:
            try:
                await _say(writer, {"ok": True} | await ask(request))
            except (ChargepointError, KeyError, TypeError, ValueError) as problem:
                await _say(writer, {"ok": False, "error": f"{problem}"})

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            self._changed.clear()
            await _say(writer, {"ok": True} | await self._asks["status"]({}))
            try:
                async with asyncio.timeout(WATCH_PERIOD_S):
                    await self._changed.wait()
                await asyncio.sleep(0.05)
            except TimeoutError:
                continue

    def _may_command(self, writer: asyncio.StreamWriter) -> bool:
        sock: socket.socket = writer.get_extra_info("socket")
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, uid, gid = struct.unpack("3i", credentials)
        if uid in (0, os.getuid()):
            return True
        if not self._admin_group:
            return False
        try:
            group = grp.getgrnam(self._admin_group)
            return gid == group.gr_gid or pwd.getpwuid(uid).pw_name in group.gr_mem
        except KeyError:
            return False


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next request; a client that says nothing must not hold a place for ever."""
    async with asyncio.timeout(IDLE_S):
        return await reader.readline()


async def _say(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(json.dumps(answer).encode() + b"\n")
    await writer.drain()
