"""The way to the backend over real sockets of this machine: connect, be refused, come back."""

import asyncio
import contextlib
import http
import ssl
import subprocess

import pytest

from chargepoint.config.schema import Backend
from chargepoint.core.effects import Answer
from chargepoint.core.facts import LinkIs
from chargepoint.core.records import BootReason, Heartbeat, StationIdentity
from chargepoint.core.settings import Settings
from chargepoint.uplink import link
from chargepoint.uplink.link import Uplink
from hal_mock.csms import Csms
from tests.uplink.kit import FakeStore, started

QUICK = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": 1,
    "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
    "OCPPCommCtrlr.RetryBackOffRepeatTimes": 0,
}


class MonoClock:
    boot = 1

    def mono(self):
        return asyncio.get_running_loop().time()

    def utc(self):
        return 1_800_000_000.0


class Line:
    """An uplink that runs, with waits that are short."""

    def __init__(self, url, versions=("ocpp1.6",), store=None, **backend):
        self.facts, self.changes = [], 0
        self.store = store or FakeStore()
        self.uplink = Uplink(
            Backend(url, versions=tuple(versions), **backend),
            "CP1",
            StationIdentity("vendor", "model"),
            BootReason.POWER_UP,
            store=self.store,
            settings=Settings(QUICK),
            clock=MonoClock(),
            post=self.facts.append,
            changed=self._changed,
        )
        self.uplink._backoff.chance = lambda: 0.0
        self.uplink._backoff.next_s = lambda: 0.05

    def _changed(self):
        self.changes += 1

    async def __aenter__(self):
        self.task = asyncio.create_task(self.uplink.run())
        return self

    async def __aexit__(self, *error):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    async def until(self, predicate):
        async with asyncio.timeout(10):
            while not predicate(self.uplink.status()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self.uplink.status()

    async def online(self):
        return await self.until(lambda status: status["registration"] == "Accepted" and status["version"])


def played(scene, csms=None, **how):
    async def go():
        async with asyncio.timeout(20), csms or Csms(["ocpp1.6"]) as backend, Line(backend.url, **how) as line:
            await scene(backend, line)

    asyncio.run(go())


def test_it_connects_delivers_and_tells_how_it_is():
    async def scene(csms, line):
        status = await line.online()
        await csms.conversation.seen("StartTransaction")
        assert (status["state"], status["version"], status["next_try_s"]) == ("online", "ocpp1.6", 0)
        assert status["url"].endswith("/.../CP1") and line.changes >= 2
        line.uplink.tell(Heartbeat(), asked=False)
        await csms.conversation.seen("Heartbeat")
        line.uplink.answer(Answer("nobody", None, None))
        line.uplink.wake()

    played(scene, store=FakeStore(started()))


def test_it_comes_back_and_keeps_its_registration():
    async def scene(csms, line):
        await line.online()
        await csms.station().hang_up()
        await csms.until(lambda: csms.station().connections == 2)
        await line.online()
        assert csms.conversation.statistics()["BootNotification"] == 1
        assert [fact.online for fact in line.facts if isinstance(fact, LinkIs)][:3] == [True, False, True]
        assert csms.station().open_at_once == 1

    played(scene)


def test_without_a_link_it_takes_reports_and_wake_ups():
    async def go():
        line = Line("ws://127.0.0.1:9")
        line.uplink.tell(Heartbeat(), asked=False)
        line.uplink.wake()
        line.uplink.answer(Answer("nobody", None, None))
        async with line:
            status = await line.until(lambda status: "nothing listens" in status["last_error"])
            assert status["state"] == "offline" and status["version"] == ""

    asyncio.run(go())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (http.HTTPStatus.UNAUTHORIZED, "HTTP 401: user or password is wrong"),
        (http.HTTPStatus.NOT_FOUND, "HTTP 404: it does not know this station"),
        (http.HTTPStatus.GONE, "HTTP 410: it does not speak OCPP"),
    ],
)
def test_a_refused_handshake_in_words(code, words):
    async def scene(csms, line):
        csms.refusal = code
        await line.until(lambda status: words in status["last_error"])
        csms.refusal = None
        await line.online()

    csms = Csms(["ocpp1.6"])
    csms.refusal = code
    played(scene, csms=csms)


def test_hints():
    async def scene(csms, line):
        await line.online()
        line.uplink.hint(False)
        await line.until(lambda status: status["state"] == "offline")
        line.uplink.hint(False)
        await csms.until(lambda: not csms.station().online)
        line.uplink.hint(True)
        await line.online()
        line.uplink.hint(True)
        await asyncio.sleep(0)
        assert csms.station().connections == 2

    played(scene)


def test_a_back_hint_ends_the_waiting():
    async def scene(csms, line):
        line.uplink._backoff.next_s = lambda: 3600.0
        await csms.away()
        await line.until(lambda status: status["state"] == "offline" and status["next_try_s"] > 3000)
        await csms.back()
        line.uplink.hint(True)
        await line.online()

    played(scene)


def test_versions_are_offered_one_at_a_time_to_who_names_none():
    offers = []

    async def scene(csms, line):
        await line.online()
        assert offers[:3] == [2, 2, 1]

    def choose(offered):
        offers.append(len(offered))
        return "ocpp1.6" if offered == ["ocpp1.6"] else None

    csms = Csms(["ocpp2.0.1", "ocpp1.6"])
    csms.choose = choose
    played(scene, csms=csms, versions=["ocpp2.0.1", "ocpp1.6"])


def test_a_server_that_never_answers(monkeypatch):
    monkeypatch.setattr(link, "HANDSHAKE_WITHIN_S", 0.1)

    async def go():
        async def mute(reader, writer):
            await reader.read()
            writer.close()

        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        async with server, Line(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as line:
            await line.until(lambda status: "no answer within" in status["last_error"])

    asyncio.run(go())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", folder / "key", "-out", folder / "cert"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context, str(folder / "cert")


def test_a_certificate_that_is_trusted(certificate):
    async def scene(csms, line):
        await line.online()

    context, root = certificate
    played(scene, csms=Csms(["ocpp1.6"], ssl=context), ca_file=root)


def test_a_certificate_that_is_not(certificate):
    async def scene(csms, line):
        status = await line.until(lambda status: "is not trusted" in status["last_error"])
        assert "backend.ca_file" in status["last_error"]

    played(scene, csms=Csms(["ocpp1.6"], ssl=certificate[0]))


def test_a_port_without_tls():
    async def go():
        async with Csms(["ocpp1.6"]) as csms, Line(csms.url.replace("ws://", "wss://")) as line:
            await line.until(lambda status: "is this port really wss" in status["last_error"])

    asyncio.run(go())


def test_a_bug_is_passed_on():
    async def scene(csms, line):
        await line.online()
        line.uplink._talk._take = None
        await csms.station().send("[]")
        with pytest.raises(ExceptionGroup):
            await line.task

    async def go():
        async with asyncio.timeout(20), Csms(["ocpp1.6"]) as csms:
            line = Line(csms.url)
            line.task = asyncio.create_task(line.uplink.run())
            await scene(csms, line)

    asyncio.run(go())
