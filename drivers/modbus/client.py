"""Modbus requests through pymodbus; the only module that imports it.

A request is sent once: who polls is the retry (a repeated request may be answered twice). pymodbus' own reconnecting,
a task that nobody here would own, is switched off.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

# What it would log at every lost answer, our exceptions say better.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

Client = AsyncModbusSerialClient | AsyncModbusTcpClient
Trace = Callable[[bool, bytes], bytes]
T = TypeVar("T")


class Unanswered(Exception):
    """No proper answer came."""


class ExceptionAnswer(Exception):
    """The device refused with an exception ``code``."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


def serial_client(
    port: str, baud: int, parity: str, stop_bits: int, timeout_s: float, local_echo: bool, trace: Trace
) -> Client:
    """Modbus RTU. ``trace`` is called with (sending, bytes) and gives the bytes back."""
    return AsyncModbusSerialClient(
        port,
        framer=FramerType.RTU,
        baudrate=baud,
        parity=parity,
        stopbits=stop_bits,
        handle_local_echo=local_echo,
        timeout=timeout_s,
        retries=0,
        reconnect_delay=0,
        trace_packet=trace,
    )


def tcp_client(host: str, port: int, timeout_s: float, trace: Trace) -> Client:
    """Modbus TCP. ``trace`` as above."""
    return AsyncModbusTcpClient(
        host,
        port=port,
        framer=FramerType.SOCKET,
        timeout=timeout_s,
        retries=0,
        reconnect_delay=0,
        trace_packet=trace,
    )


async def connect(client: Client) -> bool:
    """Safe to cancel."""
    if not await cancellable(client.connect()):
        return False
    await asyncio.sleep(0)  # pymodbus installs its reader in the next turn of the loop
    return True


async def ask(client: Client, unit: int, function: int, address: int, count: int) -> list[int]:
    """What the device answers, however many registers it is. Raises Unanswered, ExceptionAnswer; safe to cancel."""
    request = client.read_holding_registers if function == 3 else client.read_input_registers
    try:
        answer = await cancellable(request(address, count=count, device_id=unit))
    except ModbusException as exc:
        raise Unanswered(str(exc)) from exc
    if answer.isError():
        raise ExceptionAnswer(int(getattr(answer, "exception_code", 0)))
    return list(answer.registers)


async def tell(client: Client, unit: int, function: int, address: int, value: int) -> None:
    """Write a coil (5), a register (6), or one register as a device wants it that knows only the plural (16).
    Raises Unanswered, ExceptionAnswer; safe to cancel."""
    request: Awaitable[ModbusPDU]
    if function == 5:
        request = client.write_coil(address, bool(value), device_id=unit)
    elif function == 6:
        request = client.write_register(address, value, device_id=unit)
    else:
        request = client.write_registers(address, [value], device_id=unit)
    try:
        answer = await cancellable(request)
    except ModbusException as exc:
        raise Unanswered(str(exc)) from exc
    if answer.isError():
        raise ExceptionAnswer(int(getattr(answer, "exception_code", 0)))


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
