"""Modbus RTU on a serial port.

An RTU answer carries no number that ties it to its request. So a line that owes an answer is left alone until a late
one has passed: twice the timeout after the request.
"""

import asyncio
import os
from dataclasses import dataclass

from drivers.modbus.client import Client, serial_client
from drivers.modbus.line import Line


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Everything two meters on one port must agree on."""

    port: str
    baud: int = 9600
    parity: str = "N"
    stop_bits: int = 1
    timeout_s: float = 1.0
    local_echo: bool = False


class RtuLine(Line):
    def __init__(self, settings: LineSettings) -> None:
        super().__init__(settings.port, settings.timeout_s)
        self.settings = settings
        self._quiet_until = 0.0

    def _make_client(self) -> Client:
        wired = self.settings
        return serial_client(
            wired.port, wired.baud, wired.parity, wired.stop_bits, wired.timeout_s, wired.local_echo, self._traced
        )

    def _asked(self) -> None:
        self._quiet_until = asyncio.get_running_loop().time() + 2 * self.timeout_s

    async def _settle(self) -> None:
        await asyncio.sleep(max(0.0, self._quiet_until - asyncio.get_running_loop().time()))

    def _why_closed(self) -> str:
        return why_closed(self.name)

    def _lost(self) -> str:
        return "the port went away during a read; is the adapter plugged in?"

    def _diagnosis(self, unit: int) -> str:
        wait = f"within {self.timeout_s:g} s"
        if not self._seen:
            return (
                f"no answer {wait}; check its supply, wires A and B, the address, and "
                f"{self.settings.baud} baud parity {self.settings.parity}"
            )
        if self._seen == self._sent:
            return (
                f"only our own request came back {wait}; the {self.what} is silent, check its supply, wires and address"
            )
        if self._seen.startswith(self._sent):
            return f"our own request came back in front of the answer; set local_echo = true ({self._seen.hex(' ')})"
        other = self._seen[0]
        if other != unit and len(self._seen) >= 5:
            return f"what came begins like an answer of unit {other} ({self._seen.hex(' ')}); check the address"
        return (
            f"{len(self._seen)} bytes came that are no valid frame ({self._seen.hex(' ')}); check baud, parity, "
            "termination, and that no second device has this address"
        )


def why_closed(port: str) -> str:
    """Why a serial port does not open, as a sentence for the technician."""
    if not os.path.exists(port):
        return "the port does not exist; is the adapter plugged in? The name under /dev/serial/by-id is the steady one"
    if not os.access(port, os.R_OK | os.W_OK):
        return "no permission to open the port; put this user into the group that owns it (dialout)"
    return "the port cannot be opened; another program holds it, or it is no serial port"
