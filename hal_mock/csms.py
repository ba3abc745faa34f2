"""A backend in a box: a central system for OCPP 1.6 and 2.0.1 on 127.0.0.1, as well behaved or as odd as a test wants.

It is written from the protocol and shares nothing with the station it talks to. One-liners of oddity:

    csms.answers["Authorize"] = {"idTokenInfo": {"status": "Blocked"}}
    csms.answers["StartTransaction"] = Turns(Silence(), Usual())
    csms.answers["Heartbeat"] = Refuse("InternalError")
    csms.station("CP1").answers["StatusNotification"] = Frames(("garbage", '[3,<id>,{}]'))

`python -m hal_mock.csms --port 9000` runs it for a person, one line per exchange.
"""

import argparse
import asyncio
import base64
import binascii
import http
import signal
import ssl
import sys
import time
from collections.abc import Callable, Container, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import unquote

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from hal_mock.csms_answers import USUAL, Payload, Rule
from hal_mock.csms_ledger import Ledger
from hal_mock.csms_record import Conversation, Exchange
from hal_mock.csms_station import Station

T = TypeVar("T")
VERSIONS = ("ocpp2.0.1", "ocpp1.6")


class Csms:
    """Use as ``async with Csms() as csms``. ``passwords`` maps a station to its Basic password; None asks for none.

    ``known`` limits which identities are let in (others get 404). ``port`` 0 takes a free one and keeps it over
    `away` and `back`.
    """

    def __init__(
        self,
        versions: Sequence[str] = VERSIONS,
        *,
        port: int = 0,
        passwords: Mapping[str, str | bytes] | None = None,
        known: Container[str] | None = None,
        ssl: ssl.SSLContext | None = None,
    ) -> None:
        if unknown := set(versions) - set(USUAL):
            raise ValueError(f"this box speaks {', '.join(USUAL)}, not {', '.join(sorted(unknown))}")
        self.versions = tuple(versions)
        self.port = port
        self.passwords = passwords
        self.known = known
        self.conversation = Conversation()
        self.ledger = Ledger()
        self.stations: dict[str, Station] = {}

        self.answers: dict[str, Rule] = {}
        """Overrides by action, for every station; see `csms_answers`."""
        self.registration = "Accepted"
        self.interval_s = 300
        self.utc: Callable[[], float] = time.time
        """The time this backend tells."""
        self.accepted: set[str] | None = None
        """Tokens that may charge; None: all that are not blocked."""
        self.blocked: set[str] = set()
        self.groups: dict[str, str] = {}
        self.deaf = False
        """Frames are read and forgotten: the connection stands and nobody is at home."""
        self.strict_boot = False
        """Calls before an accepted boot count as violations (not for stations that merely reconnect)."""
        self.refusal: http.HTTPStatus | None = None
        """Every handshake is answered with this status."""
        self.choose: Callable[[Sequence[str]], str | None] = self._first_known
        """Picks from the offered subprotocols; None names none, then the connection is closed (OCPP-J 3.2)."""

        self._ssl = ssl
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        await self.back()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.away()
        for station in self.stations.values():
            await station.end()

    @property
    def url(self) -> str:
        """Without the identity, without a slash at the end."""
        return f"{'wss' if self._ssl else 'ws'}://127.0.0.1:{self.port}"

    # -- coming and going -------------------------------------------------------------------------------------------

    async def away(self, code: int | None = None) -> None:
        """Drop every connection and refuse new ones. Without ``code`` they are torn down, else closed with it."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close(close_connections=False)
        await asyncio.gather(*(station.hang_up(code) for station in self.stations.values()))
        await server.wait_closed()

    async def back(self) -> None:
        """Listen, on the same port as before."""
        if self._server is not None:
            return
        self._server = await serve(
            self._connected,
            "127.0.0.1",
            self.port,
            ssl=self._ssl,
            process_request=self._admit,
            select_subprotocol=self._select,
            compression=None,
            ping_interval=None,
            max_size=16 * 1024 * 1024,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    # -- what a test asks -------------------------------------------------------------------------------------------

    def station(self, id: str | None = None) -> Station:
        """The station with this identity (it may come later); without one, the only station there is."""
        if id is not None:
            return self.stations.setdefault(id, Station(self, id))
        if len(self.stations) != 1:
            raise LookupError(f"say which station: {', '.join(self.stations) or 'none has come yet'}")
        return next(iter(self.stations.values()))

    async def call(
        self, action: str, payload: Payload | None = None, *, station: str | None = None, **how: Any
    ) -> Payload:
        """A CALL to a station; see `Station.call`."""
        return await self.station(station).call(action, payload, **how)

    async def until(self, predicate: Callable[[], T], within_s: float = 5.0) -> T:
        """See `Conversation.until`."""
        return await self.conversation.until(predicate, within_s)

    async def online(self, id: str | None = None, within_s: float = 5.0) -> Station:
        """Wait until a station (or this one) is connected."""

        def found() -> Station | None:
            there = (each for each in self.stations.values() if each.online and id in (None, each.id))
            return next(there, None)

        station = await self.until(found, within_s)
        assert station is not None
        return station

    def verdict(self, token: str) -> str:
        """The status of a token; identifiers are case-insensitive."""
        folded = token.casefold()
        if folded in {each.casefold() for each in self.blocked}:
            return "Blocked"
        welcome = self.accepted is None or folded in {each.casefold() for each in self.accepted}
        return "Accepted" if welcome else "Invalid"

    # -- the handshake ----------------------------------------------------------------------------------------------

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.refusal is not None:
            return connection.respond(self.refusal, "refused\n")
        id = _identity(request.path)
        if not id or (self.known is not None and id not in self.known):
            return connection.respond(http.HTTPStatus.NOT_FOUND, "no such station\n")
        if self.passwords is not None and not self._is_password(id, request.headers.get("Authorization", "")):
            response = connection.respond(http.HTTPStatus.UNAUTHORIZED, "who are you?\n")
            response.headers["WWW-Authenticate"] = 'Basic realm="ocpp"'
            return response
        return None

    def _is_password(self, id: str, header: str) -> bool:
        """Bytes are compared, not text: a 1.6 key may hold any byte (OCPP-J 1.6 6.2)."""
        expected = (self.passwords or {}).get(id)
        scheme, _, credentials = header.partition(" ")
        try:
            user, _, password = base64.b64decode(credentials, validate=True).partition(b":")
        except binascii.Error:
            return False
        wanted = expected.encode() if isinstance(expected, str) else expected
        return scheme.casefold() == "basic" and user == id.encode() and password == wanted

    def _first_known(self, offered: Sequence[str]) -> str | None:
        return next((each for each in offered if each in self.versions), None)

    def _select(self, connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        chosen = self.choose(offered)
        return None if chosen is None else Subprotocol(chosen)

    async def _connected(self, connection: ServerConnection) -> None:
        if self._server is None:
            connection.transport.abort()
        elif connection.subprotocol is None or connection.request is None:
            await connection.close(1002, "no common subprotocol")
        else:
            await self.station(_identity(connection.request.path)).serve(connection, connection.subprotocol)


def _identity(path: str) -> str:
    """The identity is the last segment of the path, percent-encoded (OCPP-J 3.1.1)."""
    return unquote(path.partition("?")[0].rpartition("/")[2])


def show(exchange: Exchange) -> None:
    """One exchange as a line on the standard output."""
    sys.stdout.write(f"{exchange}\n")
    sys.stdout.flush()


async def run(port: int, versions: Sequence[str], password: str | None, stations: Sequence[str]) -> None:
    """The box for a person, until SIGINT or SIGTERM."""
    passwords = None if password is None else dict.fromkeys(stations, password)
    async with Csms(versions, port=port, passwords=passwords, known=stations or None) as csms:
        csms.conversation.follower = show
        sys.stdout.write(f"listening on {csms.url}\n")
        sys.stdout.flush()
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        await ended.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m hal_mock.csms", description="A backend in a box, on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=9000, help="0 takes a free one (default: 9000)")
    parser.add_argument("--versions", nargs="+", default=VERSIONS, choices=VERSIONS, help="what it speaks")
    parser.add_argument("--station", action="append", default=[], help="only this identity; may be given again")
    parser.add_argument("--password", help="Basic password of every --station")
    given = parser.parse_args(arguments)
    asyncio.run(run(given.port, given.versions, given.password, given.station))


if __name__ == "__main__":
    main()
