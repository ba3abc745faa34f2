"""A way to meters, shared by all meters on it: one client, one request at a time, whatever their number. Or to
co-processors, which are written to as well.

A late answer must never be taken for the answer to the next question, or volts are booked as energy. So

* after a request without a proper answer (lost, late, cancelled) the line settles before the next one, and how it does
  that is what a serial port and a connection differ in;
* an answer must have exactly the registers asked for.

What is lost is opened again at the next read.
"""

import asyncio
from collections.abc import Awaitable, Callable

from chargepoint.hal import DeviceUnavailable
from drivers.modbus.client import Client, ExceptionAnswer, Unanswered, ask, connect, tell

MOST_SEEN_BYTES = 64

# Modbus Application Protocol V1.1b3, section 7.
EXCEPTIONS = {
    1: "illegal function: is this the right register map (model)?",
    2: "illegal register address: is this the right register map (model)?",
    3: "illegal value",
    4: "device failure",
    6: "device busy",
    10: "the gateway has no way to that address",
    11: "the gateway got no answer; check the meter's supply, wires A and B, and the address",
}
NOT_THERE = (1, 2, 3)


class RegisterRefused(DeviceUnavailable):
    """The device answers, but has no such registers."""


class Line:
    """Each device on it calls `take` once and `give_back` once. ``name`` is its port as configured, ``what`` begins
    every message."""

    what = "meter"

    def __init__(self, name: str, timeout_s: float) -> None:
        self.name = name
        self.timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._client: Client | None = None
        self._users = 0
        self._unsettled = False
        self._sent = b""
        self._seen = b""

    def take(self) -> "Line":
        self._users += 1
        return self

    def give_back(self) -> None:
        """The last one closes it."""
        self._users -= 1
        if self._users <= 0:
            self._close()

    async def read(self, unit: int, function: int, address: int, count: int) -> list[int]:
        """``count`` registers from ``address``. Raises DeviceUnavailable, RegisterRefused; safe to cancel."""
        asked = f"{count} registers from 0x{address:04X}"
        registers = await self._exchange(unit, asked, lambda client: ask(client, unit, function, address, count), count)
        return registers or []

    async def write(self, unit: int, function: int, address: int, value: int) -> None:
        """One value, by function 5, 6 or 16. Raises DeviceUnavailable, RegisterRefused; safe to cancel."""
        asked = f"{value} for 0x{address:04X}"
        await self._exchange(unit, asked, lambda client: tell(client, unit, function, address, value))

    async def _exchange(
        self, unit: int, asked: str, request: Callable[[Client], Awaitable[list[int] | None]], count: int | None = None
    ) -> list[int] | None:
        where = f"{self.what} at {self.name} unit {unit}"
        async with self._lock:
            if self._unsettled:
                await self._settle()
            client = await self._connected()
            self._unsettled = True
            self._sent = self._seen = b""
            self._asked()
            registers = await self._answered(client, where, unit, asked, request)
            if count is not None and len(registers or ()) != count:
                raise DeviceUnavailable(
                    f"{where}: answered {len(registers or ())} registers where {asked} were asked for; a late answer "
                    "to another request, or two devices with one address"
                )
            self._unsettled = False
            return registers

    async def _answered(
        self,
        client: Client,
        where: str,
        unit: int,
        asked: str,
        request: Callable[[Client], Awaitable[list[int] | None]],
    ) -> list[int] | None:
        try:
            return await request(client)
        except Unanswered as exc:
            if not client.connected:
                self._close()
                raise DeviceUnavailable(f"{where}: {self._lost()}") from exc
            raise DeviceUnavailable(f"{where}: {self._diagnosis(unit)}") from exc
        except ExceptionAnswer as exc:
            self._unsettled = False
            text = f"{where}: refused {asked} with exception {exc.code} ({EXCEPTIONS.get(exc.code, 'see its manual')})"
            raise (RegisterRefused if exc.code in NOT_THERE else DeviceUnavailable)(text) from exc

    async def _connected(self) -> Client:
        client = self._client
        if client is not None and client.connected:
            return client
        client = self._client = self._client or self._make_client()
        if not await connect(client):
            raise DeviceUnavailable(f"{self.what} at {self.name}: {self._why_closed()}")
        return client

    def _traced(self, sending: bool, data: bytes) -> bytes:
        if sending:
            self._sent = data
        else:
            self._seen = data[:MOST_SEEN_BYTES]
        return data

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    # What a kind of line must say.

    def _make_client(self) -> Client:
        raise NotImplementedError

    def _asked(self) -> None:
        """A request is about to be sent."""

    async def _settle(self) -> None:
        """Wait until no answer to the last request can come any more."""
        raise NotImplementedError

    def _why_closed(self) -> str:
        """Why it does not open, as a sentence for the technician."""
        raise NotImplementedError

    def _lost(self) -> str:
        """It went away during a read."""
        raise NotImplementedError

    def _diagnosis(self, unit: int) -> str:
        """Why there was no proper answer, from what was sent and seen."""
        raise NotImplementedError
