"""One attempt to open a WebSocket, exactly as the station makes it, and what came of it as a plain value.

Redirects are not followed here: where the backend points to is a finding, not a way to go.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    NegotiationError,
    WebSocketException,
)

from chargepoint import __version__
from chargepoint.doctor.finding import quoted

CLOSE_S = 1.0
LARGEST_BYTES = 1 << 20


class Kind(Enum):
    OPEN = "open"
    STATUS = "another HTTP status"
    SILENT = "no answer"
    NO_HTTP = "an answer that is no HTTP"
    HUNG_UP = "hung up"
    ODD_CHOICE = "a subprotocol that was not offered"
    BROKEN = "a broken handshake"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``chosen`` is the subprotocol; ``closed`` the code of a server that closed right behind the handshake."""

    kind: Kind
    status: int = 0
    chosen: str = ""
    closed: int | None = None
    server: str = ""
    location: str = ""
    retry_after: str = ""
    text: str = ""

    @property
    def opened(self) -> bool:
        return self.kind is Kind.OPEN and self.closed is None


@dataclass(frozen=True)
class Way:
    """All that an attempt needs. ``address`` is where the host's name led to."""

    url: str
    address: str
    port: int
    headers: dict[str, str] = field(repr=False)
    tls: ssl.SSLContext | None = field(repr=False)
    offered: tuple[str, ...]
    within_s: float
    closing_s: float


class _Once(connect):
    def process_redirect(self, exc: Exception) -> Exception:
        return exc


async def attempt(way: Way) -> Outcome:
    """Open, look, and close again."""
    outcome, ws = await opened(way)
    if ws is not None:
        await ws.close()
    return outcome


async def opened(way: Way) -> tuple[Outcome, ClientConnection | None]:
    """The connection, which its owner closes, or None where there is none that stands."""
    offered: Any = list(way.offered)
    try:
        ws = await _Once(
            way.url,
            host=way.address,
            port=way.port,
            subprotocols=offered,
            additional_headers=way.headers,
            ssl=way.tls,
            compression=None,
            proxy=None,
            max_size=LARGEST_BYTES,
            ping_interval=None,
            open_timeout=way.within_s,
            close_timeout=CLOSE_S,
            user_agent_header=f"chargepoint/{__version__}",
        )
    except (OSError, EOFError, WebSocketException) as problem:
        return failed(problem), None
    if ws.subprotocol is None:
        with suppress(TimeoutError):
            async with asyncio.timeout(way.closing_s):
                await ws.wait_closed()
            return Outcome(Kind.OPEN, 101, closed=ws.close_code or 1006, text=quoted(ws.close_reason or "")), None
    server = ws.response.headers.get("Server", "") if ws.response else ""
    return Outcome(Kind.OPEN, 101, ws.subprotocol or "", server=quoted(server)), ws


def failed(problem: Exception) -> Outcome:
    """Why no connection came about."""
    match problem:
        case InvalidStatus(response=response):
            headers = response.headers
            return Outcome(
                Kind.STATUS,
                response.status_code,
                server=quoted(headers.get("Server", "")),
                location=_host(headers.get("Location", "")),
                retry_after=quoted(headers.get("Retry-After", "")),
            )
        case TimeoutError():
            return Outcome(Kind.SILENT)
        case NegotiationError():
            return Outcome(Kind.ODD_CHOICE, 101, text=quoted(str(problem)))
        case InvalidMessage() if isinstance(problem.__cause__, EOFError | ConnectionError):
            return Outcome(Kind.HUNG_UP)
        case InvalidMessage():
            return Outcome(Kind.NO_HTTP)
        case InvalidHandshake():
            return Outcome(Kind.BROKEN, 101, text=quoted(str(problem)))
        case ssl.SSLError():
            return Outcome(Kind.HUNG_UP, text=quoted(problem.reason or ""))
    return Outcome(Kind.HUNG_UP, text=quoted(str(problem)))


def _host(location: str) -> str:
    """Scheme and host of a redirect; its path may hold a token."""
    try:
        parts = urlsplit(location)
        return quoted(f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else ""))
    except ValueError:
        return ""


def each_alone(offered: Sequence[str], known: Sequence[str]) -> list[str]:
    """Versions to offer one at a time: the configured ones first, then every other there is."""
    return list(dict.fromkeys((*offered, *known)))
