"""The backend in a box, spoken to by a plain websockets client: coming and going, answers usual and odd."""

import asyncio
import base64
import http
import json
import ssl
import subprocess
import sys

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hal_mock.csms import Csms, main
from hal_mock.csms_answers import Frames, HangUp, Later, Refuse, Silence, Turns, Twice, Usual
from hal_mock.csms_record import CallError

BOUND_S = 5.0


class Client:
    """A station of a few lines: sends what it is told, keeps what it hears, answers calls by a table."""

    def __init__(self, socket):
        self.socket = socket
        self.heard = asyncio.Queue()
        self.replies = {}
        self.task = asyncio.create_task(self.listen())

    async def listen(self):
        try:
            async for text in self.socket:
                message = text if isinstance(text, bytes) else json.loads(text) if text.startswith("[") else text
                if isinstance(message, list) and message[0] == 2 and message[2] in self.replies:
                    reply = self.replies[message[2]]
                    await self.socket.send(json.dumps([3, message[1], reply] if isinstance(reply, dict) else reply))
                else:
                    self.heard.put_nowait(message)
        except ConnectionClosed:
            pass

    async def say(self, *message):
        await self.socket.send(json.dumps(message))

    async def hear(self):
        async with asyncio.timeout(BOUND_S):
            return await self.heard.get()

    async def ask(self, id, action, payload):
        await self.say(2, id, action, payload)
        return await self.hear()


class Joined:
    """``async with Joined(csms) as client``."""

    def __init__(self, csms, id="CP1", versions=("ocpp1.6",), **more):
        self.connecting = connect(
            f"{csms.url}/{id}", subprotocols=list(versions), compression=None, ping_interval=None, proxy=None, **more
        )

    async def __aenter__(self):
        self.client = Client(await self.connecting)
        return self.client

    async def __aexit__(self, *error):
        await self.client.socket.close()
        await self.client.task


def played(scene, *arguments, **more):
    """Run ``scene(csms)`` against a box, within a bound."""

    async def go():
        async with asyncio.timeout(20), Csms(*arguments, **more) as csms:
            return await scene(csms)

    return asyncio.run(go())


BOOT16 = {"chargePointVendor": "v", "chargePointModel": "m"}
BOOT201 = {"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}}


@pytest.mark.parametrize(
    ("offered", "spoken", "chosen", "boot"),
    [
        (("ocpp1.6",), ("ocpp2.0.1", "ocpp1.6"), "ocpp1.6", BOOT16),
        (("ocpp2.0.1", "ocpp1.6"), ("ocpp1.6", "ocpp2.0.1"), "ocpp2.0.1", BOOT201),
        (("ocpp2.1", "ocpp2.0.1"), ("ocpp2.0.1",), "ocpp2.0.1", BOOT201),
    ],
)
def test_boot_in_the_version_the_station_prefers(offered, spoken, chosen, boot):
    async def scene(csms):
        async with Joined(csms, versions=offered) as client:
            csms.utc = lambda: 1_750_000_000.25
            csms.interval_s = 60
            answer = await client.ask("1", "BootNotification", boot)
            assert answer == [
                3,
                "1",
                {"status": "Accepted", "currentTime": "2025-06-15T15:06:40.250Z", "interval": 60},
            ]
            assert csms.station().version == client.socket.subprotocol == chosen
            (exchange,) = csms.conversation.exchanges
            assert (exchange.direction, exchange.action, exchange.payload) == ("received", "BootNotification", boot)
            assert exchange.answer == answer[2]
            assert csms.conversation.violations == []

    played(scene, spoken)


def test_no_common_version_is_closed_at_once():
    async def scene(csms):
        async with connect(f"{csms.url}/CP1", subprotocols=["ocpp1.5"], proxy=None) as socket:
            assert socket.subprotocol is None
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        assert csms.stations == {}

    played(scene)


def test_a_backend_that_picks_what_was_not_first():
    async def scene(csms):
        csms.choose = lambda offered: "ocpp1.6"
        async with Joined(csms, versions=("ocpp2.0.1", "ocpp1.6")) as client:
            assert client.socket.subprotocol == "ocpp1.6"

    played(scene)


def test_a_version_nobody_speaks_is_refused():
    with pytest.raises(ValueError, match=r"not ocpp1\.5"):
        Csms(["ocpp1.5"])


# -- who comes in ---------------------------------------------------------------------------------------------------


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(user + b":" + password).decode()}


@pytest.mark.parametrize(
    ("id", "headers", "status"),
    [
        ("CP1", basic(b"CP1", bytes(range(0x80, 0x94))), None),
        ("CP1", basic(b"CP1", b"wrong"), 401),
        ("CP1", basic(b"CP2", bytes(range(0x80, 0x94))), 401),
        ("CP1", {}, 401),
        ("CP1", {"Authorization": "Basic ?"}, 401),
        ("CP%2F2", basic(b"CP/2", b"t:xt"), None),
        ("CP3", basic(b"CP3", b""), 404),
    ],
)
def test_passwords_and_known_stations(id, headers, status):
    async def scene(csms):
        joined = Joined(csms, id, additional_headers=headers)
        if status is None:
            async with joined:
                assert (await csms.online()).connections == 1
        else:
            with pytest.raises(InvalidStatus) as refused:
                async with joined:
                    pass
            assert refused.value.response.status_code == status

    played(scene, passwords={"CP1": bytes(range(0x80, 0x94)), "CP/2": "t:xt"}, known={"CP1", "CP/2"})


def test_every_handshake_refused():
    async def scene(csms):
        csms.refusal = http.HTTPStatus.SERVICE_UNAVAILABLE
        with pytest.raises(InvalidStatus, match="503"):
            async with Joined(csms):
                pass

    played(scene)


def test_tls(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate, *subject], check=True, capture_output=True)
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(certificate, key)

    async def scene(csms):
        assert csms.url.startswith("wss://127.0.0.1:")
        async with Joined(csms, ssl=ssl.create_default_context(cafile=certificate)) as client:
            assert (await client.ask("1", "Heartbeat", {}))[0] == 3

    played(scene, ssl=inside)


# -- coming and going -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "seen"), [(None, 1006), (1001, 1001)])
def test_away_and_back_on_the_same_port(code, seen):
    async def scene(csms):
        async with Joined(csms) as client:
            port = csms.port
            waiting = asyncio.create_task(csms.call("ClearCache"))
            await client.hear()
            await csms.away(code)
            with pytest.raises(ConnectionError):
                await waiting
            await client.task
            assert client.socket.close_code == seen
            assert not csms.station("CP1").online
            with pytest.raises(ConnectionRefusedError):
                async with Joined(csms):
                    pass
            await csms.back()
            assert csms.port == port
        async with Joined(csms):
            station = await csms.online("CP1")
            assert (station.connections, station.open_at_once) == (2, 1)

    played(scene)


def test_two_connections_of_one_station_are_noticed():
    async def scene(csms):
        async with Joined(csms), Joined(csms):
            await csms.until(lambda: csms.station().open_at_once == 2)

    played(scene)


def test_a_deaf_backend():
    async def scene(csms):
        async with Joined(csms) as client:
            csms.deaf = True
            await client.say(2, "1", "Heartbeat", {})
            pong = await client.socket.ping()
            await pong
            assert csms.conversation.exchanges == []

    played(scene)


# -- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "heard"),
    [
        ({"a": 1}, [[3, "1", {"a": 1}]]),
        (lambda station, payload: {"from": station.id, **payload}, [[3, "1", {"from": "CP1", "p": 1}]]),
        (Refuse("GenericError", "no", {"d": 1}), [[4, "1", "GenericError", "no", {"d": 1}]]),
        (Later(0.01, {"a": 1}), [[3, "1", {"a": 1}]]),
        (Twice({"a": 1}), [[3, "1", {"a": 1}]] * 2),
        (Later(0.01, Twice({})), [[3, "1", {}]] * 2),
        (Frames(("garbage", b"\x00", "[3,<id>,{}]")), ["garbage", b"\x00", [3, "1", {}]]),
        (Turns(Refuse("GenericError")), [[4, "1", "GenericError", "", {}]]),
    ],
)
def test_odd_answers(rule, heard):
    async def scene(csms):
        csms.answers["Heartbeat"] = rule
        async with Joined(csms) as client:
            await client.say(2, "1", "Heartbeat", {"p": 1})
            assert [await client.hear() for _ in heard] == heard

    played(scene)


def test_an_answer_that_waits_for_the_test():
    async def scene(csms):
        gate = asyncio.Event()

        async def when_open(station, payload):
            await gate.wait()
            return Usual()

        csms.answers["Heartbeat"] = when_open
        async with Joined(csms) as client:
            await client.say(2, "1", "Heartbeat", {})
            client.replies["ClearCache"] = {"status": "Accepted"}
            assert await csms.call("ClearCache") == {"status": "Accepted"}
            assert csms.conversation.received()[0].ended_at is None
            gate.set()
            assert "currentTime" in (await client.hear())[2]
            assert (await csms.conversation.seen("Heartbeat")).answer

    played(scene)


def test_silence_once_then_as_usual():
    async def scene(csms):
        csms.answers["Heartbeat"] = Turns(Silence(), Usual())
        async with Joined(csms) as client:
            await client.say(2, "1", "Heartbeat", {})
            assert (await client.ask("2", "Heartbeat", {}))[:2] == [3, "2"]
            assert [each.answer is None for each in csms.conversation.received("Heartbeat")] == [True, False]

    played(scene)


@pytest.mark.parametrize(("rule", "seen"), [(HangUp(), 1006), (HangUp(1008, "no"), 1008)])
def test_hanging_up_instead_of_an_answer(rule, seen):
    async def scene(csms):
        csms.station("CP1").answers["Heartbeat"] = rule
        async with Joined(csms, "CP1") as client, Joined(csms, "CP2") as other:
            await client.say(2, "1", "Heartbeat", {})
            await client.task
            assert client.socket.close_code == seen
            assert (await other.ask("1", "Heartbeat", {}))[0] == 3, "the override is for one station"

    played(scene)


def test_a_test_that_answers_badly_hears_of_it():
    async def scene(csms):
        csms.answers["Heartbeat"] = lambda station, payload: payload["nothing"]
        async with Joined(csms) as client:
            assert (await client.ask("1", "Heartbeat", {}))[2] == "InternalError"
            assert "the test's own answer" in csms.conversation.violations[0]

    played(scene)


@pytest.mark.parametrize(
    ("version", "action", "payload", "answer"),
    [
        ("ocpp1.6", "Authorize", {"idTag": "good"}, {"idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}}),
        ("ocpp1.6", "Authorize", {"idTag": "BAD"}, {"idTagInfo": {"status": "Blocked"}}),
        ("ocpp1.6", "Authorize", {"idTag": "other"}, {"idTagInfo": {"status": "Invalid"}}),
        (
            "ocpp2.0.1",
            "Authorize",
            {"idToken": {"idToken": "good", "type": "Central"}},
            {"idTokenInfo": {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}}},
        ),
        ("ocpp2.0.1", "SecurityEventNotification", {"type": "x", "timestamp": "t"}, {}),
        ("ocpp1.6", "DataTransfer", {"vendorId": "v"}, {"status": "Accepted"}),
    ],
)
def test_usual_answers(version, action, payload, answer):
    async def scene(csms):
        csms.accepted, csms.blocked, csms.groups = {"GOOD"}, {"bad"}, {"good": "FLEET"}
        async with Joined(csms, versions=(version,)) as client:
            assert await client.ask("1", action, payload) == [3, "1", answer]

    played(scene)


STARTED16 = {"connectorId": 1, "idTag": "good", "meterStart": 100, "timestamp": "2025-06-15T15:06:40Z"}
STOPPED16 = {"transactionId": 1001, "meterStop": 350, "timestamp": "2025-06-15T15:07:40Z"}
STARTED201 = {
    "eventType": "Started",
    "timestamp": "2025-06-15T15:06:40Z",
    "triggerReason": "Authorized",
    "seqNo": 0,
    "transactionInfo": {"transactionId": "tx"},
    "idToken": {"idToken": "good", "type": "Central"},
}


def test_a_transaction_of_1_6_is_booked():
    async def scene(csms):
        async with Joined(csms) as client:
            accepted = {"idTagInfo": {"status": "Accepted"}}
            answers = [
                await client.ask("1", "StartTransaction", STARTED16),
                await client.ask("1", "StartTransaction", STARTED16),
                await client.ask("2", "MeterValues", {"connectorId": 1, "meterValue": []}),
                await client.ask("3", "MeterValues", {"connectorId": 1, "transactionId": 1001, "meterValue": []}),
                await client.ask("4", "StopTransaction", STOPPED16),
                await client.ask("5", "StopTransaction", {**STOPPED16, "idTag": "good"}),
            ]
            started = {"transactionId": 1001, **accepted}
            assert [answer[2] for answer in answers] == [started, started, {}, {}, {}, accepted]
            (tx,) = csms.ledger.transactions
            assert tx.energy_wh == 250.0
            assert [action for _, action, _ in csms.ledger.duplicates] == ["StartTransaction"]
            assert csms.station().repeated == ["1"]

    played(scene)


def test_a_transaction_of_2_0_1_is_booked():
    async def scene(csms):
        async with Joined(csms, versions=("ocpp2.0.1",)) as client:
            answer = await client.ask("1", "TransactionEvent", STARTED201)
            assert answer[2] == {"idTokenInfo": {"status": "Accepted"}}
            updated = {**STARTED201, "eventType": "Updated", "seqNo": 1}
            del updated["idToken"]
            assert (await client.ask("2", "TransactionEvent", updated))[2] == {}
            (tx,) = csms.ledger.open()
            assert (tx.id, tx.seqs, tx.token) == ("tx", [0, 1], "good")

    played(scene)


# -- what a station does wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "complaint"),
    [
        (["nonsense"], "no OCPP message"),
        (["[3]"], "no OCPP message"),
        (["7"], "no OCPP message"),
        (['[2,["1"],"Heartbeat",{}]'], "no OCPP message"),
        (['[2,"1",["Heartbeat"],{}]'], "no OCPP message"),
        (['[3,"nobody",{}]'], "nobody waits for"),
        (['[2,"1","Heartbeat"]'], "nobody waits for"),
        (['[2,7,"Heartbeat",{}]'], "message id 7"),
        ([f'[2,"{"x" * 37}","Heartbeat",{{}}]'], "message id 'xxx"),
        (['[2,"1","Heartbeat",{}]', '[2,"1","DataTransfer",{}]'], "for two messages"),
        (['[2,"1","Silent",{}]', '[2,"2","Heartbeat",{}]'], "while its call ['1'] was open"),
        (['[2,"1","Authorize",{}]'], "malformed Authorize: KeyError('idTag')"),
        (['[2,"1","Authorize",7]'], "malformed Authorize"),
    ],
)
def test_violations(frames, complaint):
    async def scene(csms):
        csms.answers["Silent"] = Later(60)
        async with Joined(csms) as client:
            for frame in frames:
                await client.socket.send(frame)
            await csms.until(lambda: csms.conversation.violations)
            assert complaint in csms.conversation.violations[0]

    played(scene)


def test_calls_before_an_accepted_boot():
    async def scene(csms):
        csms.strict_boot = True
        csms.registration = "Pending"
        async with Joined(csms) as client:
            await client.ask("1", "BootNotification", BOOT16)
            await client.ask("2", "Heartbeat", {})
            assert csms.conversation.violations == ["CP1 sent Heartbeat before its boot was accepted"]
            csms.registration = "Accepted"
            await client.ask("3", "BootNotification", BOOT16)
        async with Joined(csms) as client:
            await client.ask("4", "Heartbeat", {})
            assert len(csms.conversation.violations) == 1

    played(scene)


def test_an_action_nobody_knows():
    async def scene(csms):
        async with Joined(csms) as client:
            assert (await client.ask("1", "TransactionEvent", {}))[:3] == [4, "1", "NotImplemented"]

    played(scene)


# -- calls to the station -------------------------------------------------------------------------------------------


def test_a_call_without_an_answer():
    async def scene(csms):
        async with Joined(csms):
            with pytest.raises(TimeoutError):
                await csms.call("ClearCache", within_s=0.01)

    played(scene)


def test_a_call_to_nobody():
    async def scene(csms):
        with pytest.raises(LookupError, match="none has come"):
            await csms.call("ClearCache")
        with pytest.raises(ConnectionError):
            await csms.call("ClearCache", station="CP1")

    played(scene)


def test_calls_are_answered():
    async def scene(csms):
        async with Joined(csms) as client:
            client.replies["Reset"] = {"status": "Accepted"}
            assert await csms.call("Reset", {"type": "Soft"}) == {"status": "Accepted"}
            waiting = asyncio.create_task(csms.call("ClearCache", station="CP1"))
            _, id, action, payload = await client.hear()
            assert (action, payload) == ("ClearCache", {})
            await client.say(4, id, "NotSupported", "no cache", {})
            with pytest.raises(CallError, match="NotSupported: no cache"):
                await waiting
            assert [each.direction for each in csms.conversation.exchanges] == ["sent", "sent"]

    played(scene)


def test_a_call_waits_for_the_one_before_unless_told_otherwise():
    async def scene(csms):
        async with Joined(csms) as client:
            first = asyncio.create_task(csms.call("First"))
            _, id, *_ = await client.hear()
            second = asyncio.create_task(csms.call("Second"))
            third = asyncio.create_task(csms.call("Third", in_turn=False, id=3))
            assert (await client.hear())[1:3] == [3, "Third"]
            await client.say(3, id, {})
            assert (await client.hear())[2] == "Second"
            second.cancel()
            third.cancel()
            await asyncio.gather(first, second, third, return_exceptions=True)

    played(scene)


def test_a_flood_and_a_big_frame():
    async def scene(csms):
        async with Joined(csms, max_size=4_000_000) as client:
            client.replies["GetConfiguration"] = {"configurationKey": []}
            answers = await csms.station().flood("GetConfiguration", [{}] * 50)
            assert answers == [{"configurationKey": []}] * 50
            await csms.station().send_big(2_000_000)
            assert len((await client.hear())[3]["data"]) == 2_000_000

    played(scene)


# -- watching -------------------------------------------------------------------------------------------------------


def test_statistics_follower_and_waits():
    async def scene(csms):
        followed = []
        csms.conversation.follower = followed.append
        async with Joined(csms) as client:
            for id in ("1", "2"):
                await client.ask(id, "Heartbeat", {})
            await client.ask("3", "DataTransfer", {"vendorId": "v"})
            assert csms.conversation.statistics() == {"Heartbeat": 2, "DataTransfer": 1}
            assert [each.action for each in followed] == ["Heartbeat", "Heartbeat", "DataTransfer"]
            found = await csms.conversation.seen("DataTransfer", lambda payload: payload["vendorId"] == "v")
            assert found.id == "3"
            assert (await csms.conversation.seen("Heartbeat", count=2)).id == "2"
            with pytest.raises(TimeoutError, match="CP1 -> DataTransfer"):
                await csms.until(lambda: False, within_s=0.03)

    played(scene)


def test_as_a_program():
    with subprocess.Popen(
        [sys.executable, "-m", "hal_mock.csms", "--port", "0", "--versions", "ocpp1.6", "--station", "CP1"],
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            url = program.stdout.readline().split()[-1]

            async def visit():
                async with connect(f"{url}/CP1", subprotocols=["ocpp1.6"], proxy=None) as socket:
                    await socket.send('[2,"1","Heartbeat",{}]')
                    await socket.recv()

            asyncio.run(visit())
            assert program.stdout.readline().startswith("CP1 -> Heartbeat {} = ")
        finally:
            program.terminate()
        assert program.wait(BOUND_S) == 0


def test_its_command_line(capsys):
    with pytest.raises(SystemExit):
        main(["--versions", "ocpp1.5"])
    assert "ocpp1.5" in capsys.readouterr().err
