"""Backends that are broken on purpose: the doctor names the cause, and says what to do."""

import asyncio
import http
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chargepoint.config.schema import Backend
from chargepoint.core.records import StationIdentity
from chargepoint.doctor.backend import Surroundings, examine
from chargepoint.doctor.finding import Finding, Level, healthy
from chargepoint.doctor.patience import Patience
from chargepoint.doctor.running import Running
from hal_mock.csms import Csms
from hal_mock.csms_answers import Frames, HangUp, Refuse, Silence
from tests.doctor.certificates import HOST, Authority

ID = "CP-0001"
STATION = StationIdentity("vendor", "model", "serial", "1.0")
QUICK = Patience(names_s=1.0, tcp_s=1.0, tls_s=2.0, upgrade_s=1.0, boot_s=1.0, closing_s=0.2, pause_s=0.0)
SECRET = "hunter2-hunter2-hunter2"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def here(host: str, port: int) -> Sequence[str]:
    """Every name leads to this machine."""
    return ["127.0.0.1"]


async def diagnose(
    backend: Backend,
    *,
    daemon: Running = None,
    force: bool = False,
    identity: str = ID,
    around: Surroundings | None = None,
) -> list[Finding]:
    told: list[Finding] = []
    around = around or Surroundings(utc=time.time, resolve=here, synchronised=lambda: True, patience=QUICK)
    async with asyncio.timeout(20):
        await examine(backend, identity, STATION, daemon, force, told.append, around)
    return told


def worst(told: Sequence[Finding]) -> Finding:
    """The one finding that is bad."""
    (found,) = [finding for finding in told if finding.level is Level.BAD]
    return found


def run(going: Awaitable[Any]) -> Any:
    async def bounded() -> Any:
        return await going

    return asyncio.run(bounded())


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(handle: Handle, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Whatever ``handle`` does with a connection; its port."""
    tasks: set[asyncio.Task[Any]] = set()

    async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handle(reader, writer)
        except (OSError, asyncio.CancelledError):
            return
        finally:
            tasks.discard(task)
            writer.transport.abort()

    listening = await asyncio.start_server(handled, "127.0.0.1", 0, ssl=context)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listening.wait_closed()


def saying(answer: bytes) -> Handle:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(answer)
        await writer.drain()

    return handle


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def answer(status: str, *headers: str) -> Handle:
    lines = [f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close", *headers, "", ""]
    return saying("\r\n".join(lines).encode())


# -- a healthy one ----------------------------------------------------------------------------------------------------


def test_a_healthy_backend() -> None:
    async def go() -> list[Finding]:
        async with Csms(passwords={ID: SECRET}) as csms:
            return await diagnose(Backend(csms.url, password=SECRET))

    told = run(go())
    assert healthy(told)
    assert [finding.stage for finding in told] == ["daemon", "dns", "tcp", "http", "subprotocol", "boot", "clock"]
    assert {finding.level for finding in told} == {Level.OK}
    assert "chose ocpp2.0.1 of ocpp2.0.1, ocpp1.6" in told[4].what
    assert "accepts this station" in told[5].what
    assert SECRET not in str(told)


def test_a_healthy_backend_over_tls(authority: Authority) -> None:
    async def go() -> list[Finding]:
        async with Csms(["ocpp1.6"], ssl=authority.server("good")) as csms:
            return await diagnose(Backend(f"wss://{HOST}:{csms.port}", ca_file=str(authority.root)))

    told = run(go())
    assert healthy(told)
    tls = [finding.what for finding in told if finding.stage == "tls"]
    assert "the certificate is trusted" in tls[0]
    assert f"certificate of {HOST} <- Test Root, signed by Test Root, good until 2" in tls[1]


# -- down to the wire -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (socket.EAI_NONAME, "the name csms.tset does not exist"),
        (socket.EAI_AGAIN, "no name server could say who csms.tset is"),
        (socket.EAI_FAIL, "the name csms.tset cannot be looked up"),
    ],
)
def test_an_unknown_host(number: int, what: str) -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(number, "?")

    around = Surroundings(utc=time.time, resolve=nobody, patience=QUICK)
    told = run(diagnose(Backend("ws://csms.tset:9000"), around=around))
    assert worst(told).stage == told[-1].stage == "dns"
    assert what in told[-1].what and told[-1].todo


def test_a_name_server_that_hangs() -> None:
    async def hangs(host: str, port: int) -> Sequence[str]:
        await asyncio.get_running_loop().create_future()
        return []

    around = Surroundings(utc=time.time, resolve=hangs, patience=replace(QUICK, names_s=0.05))
    told = run(diagnose(Backend("ws://csms.test"), around=around))
    assert "no name server answered" in worst(told).what


def test_nothing_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        told = run(diagnose(Backend(f"ws://127.0.0.1:{taken.getsockname()[1]}")))
    assert worst(told).stage == told[-1].stage == "tcp"
    assert "nothing listens" in told[-1].what and "correct the port" in told[-1].todo


def test_one_of_two_addresses_is_dead() -> None:
    async def both(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async def go() -> list[Finding]:
        async with Csms() as csms:
            around = Surroundings(utc=time.time, resolve=both, synchronised=lambda: True, patience=QUICK)
            return await diagnose(Backend(f"ws://csms.test:{csms.port}"), around=around)

    told = run(go())
    assert healthy(told)
    (warning,) = [finding for finding in told if finding.level is Level.WARN]
    assert warning.stage == "tcp" and warning.what.startswith("127.0.0.9 ")


# -- tls --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trust:
    make: Callable[[Authority], ssl.SSLContext]
    known: bool
    what: str
    todo: str
    host: str = HOST


TRUST = {
    "self-signed": Trust(Authority.by_itself, True, "signed by itself and by nobody", "backend.ca_file"),
    "own root": Trust(
        lambda a: a.server("unknown"), False, "its signer Test Root is not known", "whole chain on the server"
    ),
    "expired": Trust(lambda a: a.server("old", days="-1"), True, "expired on 2025-01-01", "must renew it"),
    "other host": Trust(
        lambda a: a.server("other", host="other.test"), True, f"not made for {HOST}, but for other.test", "backend.url"
    ),
    "address": Trust(
        lambda a: a.server("named"), True, "not made for 127.0.0.1, but for csms.test", "backend.url", "127.0.0.1"
    ),
}


@pytest.mark.parametrize("name", TRUST)
def test_a_certificate_that_is_not_trusted(name: str, authority: Authority) -> None:
    trust = TRUST[name]

    async def go() -> tuple[list[Finding], Csms]:
        async with Csms(ssl=trust.make(authority)) as csms:
            ca_file = str(authority.root) if trust.known else ""
            url = f"wss://{trust.host}:{csms.port}"
            return await diagnose(Backend(url, password=SECRET, ca_file=ca_file)), csms

    told, csms = run(go())
    assert worst(told) == told[-1] and told[-1].stage == "tls"
    assert trust.what in told[-1].what and trust.todo in told[-1].todo
    assert not csms.stations
    shown = [finding.what for finding in told if finding.what.startswith("certificate of csms.test")]
    assert shown, "the chain is shown even where it is not trusted"


def test_a_certificate_that_expires_soon(authority: Authority) -> None:
    async def go() -> list[Finding]:
        async with Csms(ssl=authority.server("soon", days="10")) as csms:
            return await diagnose(Backend(f"wss://{HOST}:{csms.port}", ca_file=str(authority.root)))

    told = run(go())
    assert healthy(told)
    assert [f"the certificate of {HOST} expires in 10 days" in finding.what for finding in told].count(True) == 1


def test_a_clock_that_was_never_set_is_blamed_itself(authority: Authority) -> None:
    async def go() -> list[Finding]:
        async with Csms(ssl=authority.server("old2", days="-1")) as csms:
            around = Surroundings(utc=lambda: 100.0, resolve=here, synchronised=lambda: False, patience=QUICK)
            return await diagnose(Backend(f"wss://{HOST}:{csms.port}", ca_file=str(authority.root)), around=around)

    assert "this machine's clock says 1970-01-01" in worst(run(go())).what


def test_wss_at_a_port_without_tls() -> None:
    async def go() -> list[Finding]:
        async with Csms() as csms:
            return await diagnose(Backend(f"wss://127.0.0.1:{csms.port}"))

    found = worst(run(go()))
    assert found.stage == "tls" and "ws://" in found.todo


def test_ws_at_a_port_with_tls(authority: Authority) -> None:
    async def go() -> list[Finding]:
        async with Csms(ssl=authority.server("tls")) as csms:
            return await diagnose(Backend(f"ws://127.0.0.1:{csms.port}"))

    found = worst(run(go()))
    assert found.stage == "http" and "this port speaks TLS" in found.what and "wss://" in found.todo


@pytest.mark.parametrize(("scheme", "stage"), [("ws", "http"), ("wss", "tls")])
def test_a_server_that_accepts_and_says_nothing(scheme: str, stage: str) -> None:
    async def go() -> list[Finding]:
        async with server(silent) as port:
            around = Surroundings(utc=time.time, resolve=here, patience=replace(QUICK, tls_s=0.1, upgrade_s=0.1))
            return await diagnose(Backend(f"{scheme}://127.0.0.1:{port}"), around=around)

    found = worst(run(go()))
    assert found.stage == stage and "takes the connection" in found.what


def test_a_server_that_hangs_up() -> None:
    async def go() -> list[Finding]:
        async with server(saying(b"")) as port:
            return await diagnose(Backend(f"ws://127.0.0.1:{port}"))

    found = worst(run(go()))
    assert found.stage == "http" and "hung up without an answer" in found.what


def test_a_server_of_another_kind() -> None:
    async def go() -> list[Finding]:
        async with server(saying(b"SSH-2.0-OpenSSH_9.2\r\n")) as port:
            return await diagnose(Backend(f"ws://127.0.0.1:{port}"))

    assert "is no web server" in worst(run(go())).what


# -- http -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "what", "todo"),
    [
        ("200 OK", ["Server: nginx"], "HTTP 200: a plain web page", "OCPP URL"),
        ("400 Bad Request", [], "HTTP 400: it does not like the request", "backend.versions"),
        ("404 Not Found", [], "HTTP 404: it does not know this path or this station", "registered"),
        ("426 Upgrade Required", [], "HTTP 426", "OCPP URL"),
        ("302 Found", ["Location: https://login.test/secret-token"], "elsewhere to https://login.test", "backend.url"),
        ("429 Too Many Requests", ["Retry-After: 60"], "HTTP 429: too many attempts", "Retry-After: 60"),
        ("500 Oops", [], "HTTP 500: it is broken", "tell the operator"),
        ("502 Bad Gateway", [], "HTTP 502: a proxy answers", "tell the operator"),
        ("418 Teapot", [], "HTTP 418: it speaks no OCPP here", "backend.url"),
    ],
)
def test_a_plain_web_server(status: str, headers: list[str], what: str, todo: str) -> None:
    async def go() -> list[Finding]:
        async with server(answer(status, *headers)) as port:
            return await diagnose(Backend(f"ws://127.0.0.1:{port}/ocpp"))

    told = run(go())
    assert worst(told).stage == "http"
    assert what in worst(told).what and todo in worst(told).todo
    assert "secret-token" not in str(told)
    if "Server: nginx" in headers:
        assert "calls itself nginx" in worst(told).what


def test_http_400_for_a_list_of_versions() -> None:
    """As SteVe answers a station that offers what it does not speak."""

    class Picky(Csms):
        def _admit(self, connection: Any, request: Any) -> Any:
            if request.headers["Sec-WebSocket-Protocol"] != "ocpp1.6":
                return connection.respond(http.HTTPStatus.BAD_REQUEST, "no\n")
            return super()._admit(connection, request)

    async def go() -> list[Finding]:
        async with Picky() as csms:
            return await diagnose(Backend(csms.url))

    told = run(go())
    assert worst(told).what.startswith("the server answers HTTP 400")
    assert told[-1].stage == "subprotocol" and told[-1].todo.startswith('set backend.versions = ["ocpp1.6"]')


def test_http_400_of_a_tls_port(authority: Authority) -> None:
    """As nginx answers plain HTTP at its TLS port: the first byte tells which it is."""
    context = authority.server("nginx")

    async def go() -> list[Finding]:
        async with Csms(ssl=context) as csms:

            async def front(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                first = await reader.read(4096)
                if first[:1] == b"G":
                    writer.write(b"HTTP/1.1 400 The plain HTTP request was sent to HTTPS port\r\n\r\n")
                    await writer.drain()
                    return
                back, through = await asyncio.open_connection("127.0.0.1", csms.port)
                try:
                    through.write(first)
                    while data := await back.read(4096):
                        writer.write(data)
                        through.write(await reader.read(4096))
                finally:
                    through.transport.abort()

            async with server(front) as port:
                return await diagnose(Backend(f"ws://127.0.0.1:{port}"))

    assert "this port speaks TLS" in worst(run(go())).what


def test_it_stops_when_the_server_has_had_enough() -> None:
    async def go() -> tuple[list[Finding], int]:
        asked = 0

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            asked += bool(await reader.read(4096))
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % (404 if asked < 3 else 429))
            await writer.drain()

        async with server(handle) as port:
            return await diagnose(Backend(f"ws://127.0.0.1:{port}")), asked

    told, asked = run(go())
    assert asked == 3
    assert "were tried (2)" in told[-1].what


# -- credentials ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "expected", "what", "todo"),
    [
        ({}, SECRET, "the configuration has none", "password_file"),
        ({"password": "wrong-wrong-wrong"}, SECRET, "user or password is refused", "ask the operator"),
        ({"password": "00ff00ff00ff00ff"}, bytes.fromhex("00ff00ff00ff00ff"), "another is", '= "hex"'),
        ({"password": "00ff00ff00ff00ff", "password_form": "hex"}, "00ff00ff00ff00ff", "another is", '= "text"'),
        ({"password": SECRET, "user": "admin"}, SECRET, "another is let in", "leave backend.user out"),
    ],
)
def test_a_password_that_is_refused(backend: dict[str, Any], expected: str | bytes, what: str, todo: str) -> None:
    async def go() -> list[Finding]:
        async with Csms(passwords={ID: expected}) as csms:
            return await diagnose(Backend(csms.url, **backend))

    told = run(go())
    assert worst(told) == told[-1] and told[-1].stage == "credentials"
    assert what in told[-1].what and todo in told[-1].todo
    assert not backend.get("password") or backend["password"] not in str(told)


def test_a_password_of_a_file_is_not_shown_when_the_server_repeats_it(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)

    async def go() -> list[Finding]:
        async with Csms() as csms:
            csms.answers["BootNotification"] = Refuse("SecurityError", f"not with {SECRET}")
            return await diagnose(Backend(csms.url, password_file=str(file)))

    told = run(go())
    assert SECRET not in str(told)
    assert "not with (not shown)" in worst(told).what


def test_a_token_in_the_path_is_not_shown_when_the_server_repeats_it() -> None:
    async def go() -> list[Finding]:
        async with Csms() as csms:
            csms.answers["BootNotification"] = Refuse("SecurityError", "no tenant tok-en-0815 at /ocpp")
            return await diagnose(Backend(f"{csms.url}/ocpp/tok%2Den-0815"))

    told = run(go())
    assert "no tenant (not shown) at /ocpp" in worst(told).what
    assert "en-0815" not in str(told)


# -- the url ----------------------------------------------------------------------------------------------------------


class AtOnePath(Csms):
    """Only this path is known."""

    path = ""

    def _admit(self, connection: Any, request: Any) -> Any:
        if request.path != self.path:
            return connection.respond(http.HTTPStatus.NOT_FOUND, "no such station\n")
        return super()._admit(connection, request)


@pytest.mark.parametrize(
    ("path", "right", "todo"),
    [
        ("", f"/ocpp/{ID}", "/ocpp"),
        ("/wrong", f"/steve/websocket/CentralSystemService/{ID}", "/steve/websocket/CentralSystemService"),
        ("/ocpp/CP-001", f"/ocpp/{ID}", "take the last segment of backend.url away"),
        ("/ocpp/CP-001", "/ocpp/CP-001", "write that into station.id"),
        ("/ocpp", "/ocpp/cp-0001", 'set station.id = "cp-0001"'),
        ("/ocpp/a-token-of-ours", f"/{ID}", 'set backend.url = "ws://127.0.0.1'),
    ],
)
def test_a_url_that_is_nearly_right(path: str, right: str, todo: str) -> None:
    async def go() -> tuple[list[Finding], Csms]:
        async with AtOnePath() as csms:
            csms.path = right
            return await diagnose(Backend(f"{csms.url}{path}")), csms

    told, csms = run(go())
    assert [finding.stage for finding in told if finding.level is Level.BAD] == ["http", "url"]
    assert todo in told[-1].todo
    assert "a-token-of-ours" not in str(told)
    assert not csms.conversation.received(), "what was found is suggested, never used"


# -- the version ------------------------------------------------------------------------------------------------------


def test_a_backend_that_speaks_another_version() -> None:
    async def go() -> list[Finding]:
        async with Csms(["ocpp1.6"]) as csms:
            return await diagnose(Backend(csms.url, versions=("ocpp2.0.1",)))

    found = worst(run(go()))
    assert found.stage == "subprotocol" and "speaks ocpp1.6" in found.what
    assert found.todo == 'set backend.versions = ["ocpp1.6"]'


def test_a_backend_that_wants_to_be_offered_one_version_alone() -> None:
    async def go() -> list[Finding]:
        async with Csms() as csms:
            csms.choose = lambda offered: offered[0] if offered == ["ocpp1.6"] else None
            return await diagnose(Backend(csms.url))

    told = run(go())
    assert healthy(told)
    (warning,) = [finding for finding in told if finding.level is Level.WARN]
    assert "offered alone, it takes ocpp1.6" in warning.what
    assert told[-2].stage == "boot"


def test_a_backend_that_speaks_none() -> None:
    async def go() -> list[Finding]:
        async with Csms() as csms:
            csms.choose = lambda offered: None
            return await diagnose(Backend(csms.url))

    found = worst(run(go()))
    assert found.stage == "subprotocol" and "chose none of ocpp2.0.1, ocpp1.6" in found.what and "1002" in found.what


def test_a_backend_that_chooses_what_was_not_offered() -> None:
    async def go() -> list[Finding]:
        async with Csms() as csms:
            csms.choose = lambda offered: "ocpp2.1"
            return await diagnose(Backend(csms.url))

    found = worst(run(go()))
    assert found.stage == "subprotocol" and "ocpp2.1" in found.what


# -- the boot ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "what", "level"),
    [
        (
            {"status": "Pending", "currentTime": "2026-01-01T00:00:00Z", "interval": 30},
            "Pending, and wants",
            Level.WARN,
        ),
        ({"status": "Rejected", "currentTime": "2026-01-01T00:00:00Z", "interval": 30}, "rejects this", Level.BAD),
        (Refuse("InternalError", "database"), "refuses the BootNotification with an error (InternalError", Level.BAD),
        (Silence(), "does not answer the BootNotification within 1 s", Level.BAD),
        (HangUp(1008, "unknown station"), "(code 1008: unknown station): it does not know this station", Level.BAD),
        (HangUp(), "(code 1006): the connection was torn down", Level.BAD),
        (Frames(('[3,<id>,{"hello":1}]',)), "makes no sense", Level.BAD),
        (
            Frames(('[2,"a","Reset",{"type":"Hard"}]', '[3,<id>,{"status":"Accepted","currentTime":"","interval":9}]')),
            "accepts this station",
            Level.OK,
        ),
    ],
)
def test_the_answer_to_the_boot(reply: Any, what: str, level: Level) -> None:
    async def go() -> list[Finding]:
        async with Csms(["ocpp1.6"]) as csms:
            csms.answers["BootNotification"] = reply
            return await diagnose(Backend(csms.url))

    told = run(go())
    (boot,) = [finding for finding in told if finding.stage == "boot" and "deviates" not in finding.what]
    assert what in boot.what and boot.level is level
    assert boot.todo or level is Level.OK


@pytest.mark.parametrize(
    ("off_s", "synchronised", "what", "todo"),
    [
        (0.0, True, "differ by 0.0 s", ""),
        (3600.0, True, "is 3600 s ahead of this one", "the backend is wrong"),
        (-3600.0, False, "is 3600 s behind this one", "this clock is not synchronised"),
    ],
)
def test_the_backends_clock(off_s: float, synchronised: bool, what: str, todo: str) -> None:
    async def go() -> list[Finding]:
        async with Csms() as csms:
            csms.utc = lambda: 1_800_000_000.0 + off_s
            around = Surroundings(
                utc=lambda: 1_800_000_000.0, resolve=here, synchronised=lambda: synchronised, patience=QUICK
            )
            return await diagnose(Backend(csms.url), around=around)

    clock = run(go())[-1]
    assert clock.stage == "clock" and what in clock.what and todo in clock.todo


# -- beside a daemon --------------------------------------------------------------------------------------------------

ONLINE = {"backend": {"state": "online", "version": "ocpp1.6", "registration": "Accepted"}}
OFFLINE = {"backend": {"state": "offline", "last_error": "no answer"}}


@pytest.mark.parametrize(
    ("daemon", "force", "last", "connections"),
    [
        (ONLINE, False, "tcp", 0),
        (OFFLINE, False, "subprotocol", 1),
        ({}, False, "subprotocol", 1),
        (ONLINE, True, "clock", 1),
    ],
)
def test_a_running_daemon_is_not_disturbed(daemon: Running, force: bool, last: str, connections: int) -> None:
    async def go() -> tuple[list[Finding], Csms]:
        async with Csms() as csms:
            return await diagnose(Backend(csms.url), daemon=daemon, force=force), csms

    told, csms = run(go())
    assert told[0].stage == "daemon" and told[0].level is Level.WARN
    assert told[-1].stage == last
    assert sum(station.connections for station in csms.stations.values()) == connections
    assert bool(csms.conversation.received()) == force
