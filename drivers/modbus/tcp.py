"""Modbus TCP: a meter with a network socket, or a gateway with serial meters behind it.

A connection that owes an answer is closed: a late answer dies with it, and so does a connection that is half dead.
"""

from drivers.modbus.client import Client, tcp_client
from drivers.modbus.endpoint import Endpoint
from drivers.modbus.line import Line

HEADER_BYTES = 7


class TcpLine(Line):
    """``endpoint`` as `Endpoint.of` reads it."""

    def __init__(self, endpoint: str, timeout_s: float) -> None:
        super().__init__(endpoint, timeout_s)
        self._endpoint = Endpoint.of(endpoint)

    def _make_client(self) -> Client:
        return tcp_client(self._endpoint.host, self._endpoint.port, self.timeout_s, self._traced)

    async def _settle(self) -> None:
        self._close()

    def _why_closed(self) -> str:
        return (
            f"nobody took the connection within {self.timeout_s:g} s; check the address, the network cable, and that "
            "Modbus TCP is switched on"
        )

    def _lost(self) -> str:
        return "the connection was closed during a read; many devices serve only one or two clients at a time"

    def _diagnosis(self, unit: int) -> str:
        if not self._seen:
            return f"no answer within {self.timeout_s:g} s; check the address, and the meter behind the gateway"
        if len(self._seen) > HEADER_BYTES and self._seen[:4] == self._sent[:2] + b"\0\0":
            return f"unit {self._seen[6]} answered ({self._seen.hex(' ')}); check the address"
        return (
            f"{len(self._seen)} bytes came that are no answer to the request ({self._seen.hex(' ')}); is this Modbus "
            "TCP, and not a serial gateway that passes RTU through?"
        )
