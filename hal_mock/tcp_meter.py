"""Modbus TCP devices on 127.0.0.1, written from the Modbus Messaging on TCP/IP Implementation Guide V1.0b, section 3.

Each frame is a transaction number, two zero bytes, the length of what follows, the unit, and the protocol's data. Own
framing, own tables: it shares no code with the driver or its library. Several units are a gateway with serial meters
behind it; a unit that is not there is answered as a gateway does, with exception 11.
"""

import asyncio
import contextlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from hal_mock.modbus_table import RegisterTable

GATEWAY_TARGET_FAILED = 11
MOST_FRAME_BYTES = 260


@dataclass
class TcpFaults:
    """Switches; all off is a healthy device."""

    silent: bool = False
    deaf: bool = False  # hang up at the next request
    answer_as: int = 0  # answer under another unit
    late_s: float = 0.0
    gap_s: float = 0.0  # pause in the middle of the answer
    garbage: bytes = b""  # sent instead of an answer


@dataclass
class TcpMeter:
    """Use as ``async with``. ``units`` maps addresses to what is there."""

    units: Mapping[int, RegisterTable]
    faults: TcpFaults = field(default_factory=TcpFaults)
    connections: int = 0

    def __post_init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._port = 0
        self._clients: set[asyncio.Task[None]] = set()

    @property
    def endpoint(self) -> str:
        """What goes into the driver's configuration; the same after `unplug` and `plug`."""
        return f"tcp://127.0.0.1:{self._port}"

    async def __aenter__(self) -> "TcpMeter":
        await self.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.unplug()

    async def plug(self) -> None:
        self._server = await asyncio.start_server(self._client, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a client is served by a task")
        self._clients.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
                while await self._serve(reader, writer):
                    pass
        finally:
            self._clients.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        transaction, protocol, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
        if protocol or not 2 <= length <= MOST_FRAME_BYTES:
            return False
        data = await reader.readexactly(length - 1)
        if self.faults.deaf:
            return False
        if self.faults.silent:
            return True
        answer = self.faults.garbage or self._frame(transaction, unit, data)
        await asyncio.sleep(self.faults.late_s)
        if self.faults.gap_s:
            writer.write(answer[:9])
            await asyncio.sleep(self.faults.gap_s)
            answer = answer[9:]
        writer.write(answer)
        await writer.drain()
        return True

    def _frame(self, transaction: int, unit: int, data: bytes) -> bytes:
        table = self.units.get(unit)
        if table is None or len(data) != 5:
            pdu = bytes([data[0] | 0x80, GATEWAY_TARGET_FAILED])
        else:
            pdu = table.pdu(*struct.unpack(">BHH", data))
        return struct.pack(">HHHB", transaction, 0, 1 + len(pdu), self.faults.answer_as or unit) + pdu
