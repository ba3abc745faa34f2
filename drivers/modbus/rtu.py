"""Modbus RTU lines through pymodbus; the only module that imports it.

An RTU answer carries no number that ties it to its request: an answer that comes late is taken for the answer to the
next question, and volts are booked as energy. So

* one line has one client and one request at a time, whatever the number of meters on it,
* a request is sent once; who polls is the retry (a repeated request may be answered twice),
* after a request without a proper answer (lost, late, cancelled) the line is left alone until a late answer has passed,
* an answer must have exactly the registers asked for.

The port is opened when it is needed and opened again at the next read after a loss; pymodbus' own reconnecting, a task
that nobody here would own, is switched off.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusException

from chargepoint.hal import DeviceUnavailable

# What it would log at every lost answer, our exceptions say better.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

T = TypeVar("T")
MOST_SEEN_BYTES = 64

# Modbus Application Protocol V1.1b3, section 7.
EXCEPTIONS = {
    1: "illegal function",
    2: "illegal register address: is this the right register map (model)?",
    3: "illegal value",
    4: "device failure",
    6: "device busy",
}


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Everything two meters on one port must agree on."""

    port: str
    baud: int = 9600
    parity: str = "N"
    stop_bits: int = 1
    timeout_s: float = 1.0
    local_echo: bool = False


class RtuLine:
    """One serial port, shared by the meters on it; each of them calls `take` once and `give_back` once."""

    def __init__(self, settings: LineSettings) -> None:
        self.settings = settings
        self._lock = asyncio.Lock()
        self._client: AsyncModbusSerialClient | None = None
        self._users = 0
        self._sent = b""
        self._seen = b""
        self._quiet_until = 0.0

    def take(self) -> "RtuLine":
        self._users += 1
        return self

    def give_back(self) -> None:
        """The last one closes the port."""
        self._users -= 1
        if self._users <= 0:
            self._close()

    async def read(self, unit: int, function: int, address: int, count: int) -> list[int]:
        """``count`` registers from ``address``. Raises DeviceUnavailable; safe to cancel."""
        async with self._lock:
            client = await self._connected()
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._quiet_until - loop.time()))
            self._quiet_until = loop.time() + 2 * self.settings.timeout_s
            self._sent = self._seen = b""
            registers = await self._ask(client, unit, function, address, count)
            self._quiet_until = 0.0
            return registers

    async def _ask(
        self, client: AsyncModbusSerialClient, unit: int, function: int, address: int, count: int
    ) -> list[int]:
        ask = client.read_holding_registers if function == 3 else client.read_input_registers
        where = f"meter at {self.settings.port} unit {unit}"
        try:
            answer = await cancellable(ask(address, count=count, device_id=unit))
        except ModbusException as exc:
            if not client.connected:
                self._close()
                raise DeviceUnavailable(
                    f"{where}: the port went away during a read; is the adapter plugged in?"
                ) from exc
            raise DeviceUnavailable(f"{where}: {self._diagnosis(unit)}") from exc
        if answer.isError():
            code = int(getattr(answer, "exception_code", 0))
            self._quiet_until = 0.0
            raise DeviceUnavailable(
                f"{where}: refused {count} registers from 0x{address:04X} with exception {code} "
                f"({EXCEPTIONS.get(code, 'see its manual')})"
            )
        if len(answer.registers) != count:
            raise DeviceUnavailable(
                f"{where}: answered {len(answer.registers)} registers where {count} were asked for (from "
                f"0x{address:04X}); a late answer to another request, or two devices with one address"
            )
        return list(answer.registers)

    def _diagnosis(self, unit: int) -> str:
        wait = f"within {self.settings.timeout_s:g} s"
        if not self._seen:
            return (
                f"no answer {wait}; check its supply, wires A and B, the address, and "
                f"{self.settings.baud} baud parity {self.settings.parity}"
            )
        if self._seen == self._sent:
            return f"only our own request came back {wait}; the meter is silent, check its supply, wires and address"
        if self._seen.startswith(self._sent):
            return f"our own request came back in front of the answer; set local_echo = true ({self._seen.hex(' ')})"
        other = self._seen[0]
        if other != unit and len(self._seen) >= 5:
            return f"what came begins like an answer of unit {other} ({self._seen.hex(' ')}); check the address"
        return (
            f"{len(self._seen)} bytes came that are no valid frame ({self._seen.hex(' ')}); check baud, parity, "
            "termination, and that no second device has this address"
        )

    async def _connected(self) -> AsyncModbusSerialClient:
        client = self._client
        if client is not None and client.connected:
            return client
        client = self._client = self._client or self._make_client()
        if not await cancellable(client.connect()):
            raise DeviceUnavailable(f"meter at {self.settings.port}: {why_closed(self.settings.port)}")
        await asyncio.sleep(0)  # pymodbus installs its reader in the next turn of the loop
        return client

    def _make_client(self) -> AsyncModbusSerialClient:
        settings = self.settings
        return AsyncModbusSerialClient(
            settings.port,
            framer=FramerType.RTU,
            baudrate=settings.baud,
            parity=settings.parity,
            stopbits=settings.stop_bits,
            handle_local_echo=settings.local_echo,
            timeout=settings.timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._traced,
        )

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


async def cancellable(waiting: Awaitable[T]) -> T:
    """Await, and be cancelled even if the awaited ate the cancellation.

    Python 3.11's `asyncio.wait_for`, which pymodbus uses, drops a cancellation that arrives together with the result;
    a poll loop would then never end.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    result = await waiting
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError
    return result


def why_closed(port: str) -> str:
    """Why a serial port does not open, as a sentence for the technician."""
    if not os.path.exists(port):
        return "the port does not exist; is the adapter plugged in? The name under /dev/serial/by-id is the steady one"
    if not os.access(port, os.R_OK | os.W_OK):
        return "no permission to open the port; put this user into the group that owns it (dialout)"
    return "the port cannot be opened; another program holds it, or it is no serial port"
