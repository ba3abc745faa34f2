"""Whatever a backend does, daemon and queue survive it, and the log says one line per kind."""

import asyncio
import http
import json

import pytest
from websockets.asyncio.server import serve

from hal_mock.csms import Csms
from hal_mock.csms_answers import Frames, HangUp, Later, Refuse, Silence, Turns, Twice, Usual
from hal_mock.csms_record import CallError
from tests.system.station import Station, played

pytestmark = pytest.mark.slow
STRANGERS = {"AllowOfflineTxForUnknownId": True}
QUICK = {
    "TransactionMessageAttempts": 2,
    "TransactionMessageRetryInterval": 1,
    "MeterValueSampleInterval": 0,
    "StopTransactionOnInvalidId": False,
}
GARBAGE = [
    "",
    "null",
    "[]",
    "{}",
    "[2]",
    '"x"',
    "17",
    "[2,",
    "[9,9,9,9]",
    '[2,"a"]',
    '[2,"b",7,{}]',
    '[2,"c","Reset"]',
    '[2,"d","Reset",[]]',
    '[2,"e","Reset",{"type":{"a":1}}]',
    '[2,"f","NoSuchAction",{}]',
    '[2,{"g":1},"Heartbeat",{}]',
    '[3,"nobody",{}]',
    '[4,"nobody"]',
    '[4,"nobody","GenericError","",{}]',
    b"\xff\xfe\x00",
    "[" * 5000,
    '{"a":' * 5000,
    '[2,"h","DataTransfer",{"vendorId":"\U0001f600"}]',
    "x" * 100_000,
]


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
def test_garbage_does_not_end_the_link(version, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        for _ in range(3):
            for frame in GARBAGE:
                await csms.station().send(frame)
        with pytest.raises(CallError, match="NotImplemented"):
            await csms.call("NoSuchAction")
        with pytest.raises(CallError):
            await csms.call("TriggerMessage", {"requestedMessage": 5, "x": None})
        assert csms.station().connections == 1
        assert cp.closed()
        assert (await cp.status())["backend"]["quirks"]
        assert cp.log.count("ignored") <= 8

    played(tmp_path, scene, versions=[version], strict=False)


def test_frames_up_to_the_limit_are_read_and_larger_ones_end_the_link_only(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await csms.station().send_big(500_000)
        with pytest.raises(CallError, match="NotImplemented"):
            await csms.call("NoSuchAction")
        assert csms.station().connections == 1
        await csms.station().send_big(2_000_000)
        await csms.until(lambda: csms.station().connections == 2, within_s=10)
        await cp.online()
        assert cp.closed()

    played(tmp_path, scene, strict=False)


def test_a_flood_is_answered_and_the_contactor_stays(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        answers = await csms.station().flood("GetConfiguration", [{}] * 200)
        assert len([each for each in answers if isinstance(each, dict)]) >= 32
        assert all(isinstance(each, dict | CallError) for each in answers)
        status = await cp.status()
        assert status["connectors"][0]["contactor"] and cp.closed()
        assert csms.station().connections == 1

    played(tmp_path, scene)


def test_a_backend_that_does_not_read(tmp_path):
    """It asks and asks, and takes no answer: the link ends, the station goes on."""

    async def go():
        asked = 0

        async def deaf(socket):
            nonlocal asked
            socket.transport.pause_reading()
            ask = json.dumps([2, "x", "GetConfiguration", {}])
            while True:
                asked += 1
                await socket.send(ask.replace('"x"', f'"{asked}"'))
                await asyncio.sleep(0.0005)

        server = await serve(deaf, "127.0.0.1", 0, subprotocols=["ocpp1.6"], ping_interval=None)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(60):
            async with Station(tmp_path, f"ws://127.0.0.1:{port}", authorization={"free_vending": True}) as cp:
                await cp.until(lambda status: status["backend"]["state"] == "online")
                cp.cable("C")
                await cp.charging()
                await cp.wait(lambda: asked > 1000)
                assert cp.closed()
                assert (await cp.status())["connectors"][0]["contactor"]
            server.close()
            await server.wait_closed()

    asyncio.run(go())


def test_silence_and_half_open_links_are_noticed(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        csms.deaf = True
        await cp.charge()
        await csms.until(lambda: csms.station().connections >= 2, within_s=15)
        csms.deaf = False
        await cp.online()
        await cp.finish()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.ended and tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
        assert "and nothing else was heard" in cp.log
        assert csms.station().open_at_once == 1

    played(tmp_path, scene, backend={"call_timeout_s": 2.0}, settings=STRANGERS, strict=False)


def test_slow_and_doubled_answers(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await cp.finish()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.ended
        assert csms.station().connections == 1

    csms = Csms(["ocpp1.6"])
    csms.answers = {"Authorize": Later(0.7), "StartTransaction": Twice(), "StopTransaction": Later(0.7)}
    played(tmp_path, scene, csms=csms)


def test_an_answer_after_its_time_counts(tmp_path):
    """The start is answered after the station gave up waiting: it is learned, and not told again."""

    async def scene(csms, cp):
        await cp.online()
        trouble = asyncio.create_task(chatter(csms))
        await cp.charge()
        await cp.finish()
        await cp.delivered()
        trouble.cancel()
        (tx,) = csms.ledger.transactions
        assert tx.ended
        assert csms.conversation.statistics()["StartTransaction"] == 1

    async def chatter(csms):
        """Something is heard all the time, so the link is not dead."""
        while True:
            await csms.station().send("[]")
            await asyncio.sleep(0.2)

    csms = Csms(["ocpp1.6"])
    csms.answers["StartTransaction"] = Turns(Later(1.6), Usual())
    settings = {"TransactionMessageRetryInterval": 3}
    played(tmp_path, scene, csms=csms, backend={"call_timeout_s": 1.0}, settings=settings, strict=False)


@pytest.mark.parametrize("version", ["ocpp2.0.1"])
def test_what_the_backend_refuses_for_good_is_kept_and_the_queue_moves_on(version, tmp_path):
    action = {"ocpp1.6": "StartTransaction", "ocpp2.0.1": "TransactionEvent"}[version]

    def refuse_card(station, payload):
        poison = "DEADBEEF" in json.dumps(payload)
        return Refuse("InternalError", "no") if poison else Usual()

    async def scene(csms, cp):
        await cp.online()
        await csms.away()
        for token in ("DEADBEEF", "04A1B2C3"):
            await cp.charge(token)
            await cp.finish(token)
            await cp.unplug()
        await csms.back()
        cp.world("network", up=True)
        await cp.delivered()
        dead = (await cp.ask("dead"))["dead"]
        assert len(dead) >= 1 and all("no" in letter["why"] for letter in dead)
        assert [tx.token for tx in csms.ledger.transactions if tx.token and tx.ended] == ["04A1B2C3"]
        sent = [each for each in csms.conversation.received(action) if "DEADBEEF" in json.dumps(each.payload)]
        assert len({each.id for each in sent}) <= len(sent) // 2
        csms.answers = {}
        assert (await cp.ask("retry", id=dead[0]["id"]))["ok"]
        await csms.until(lambda: "DEADBEEF" in [tx.token for tx in csms.ledger.transactions])
        await cp.delivered()

    csms = Csms([version])
    csms.answers[action] = refuse_card
    played(tmp_path, scene, versions=[version], csms=csms, settings=QUICK | STRANGERS, strict=False)


def test_a_link_that_dies_in_every_way(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        for number, code in enumerate([None, 1000, 1011], 2):
            await csms.station().hang_up(code)
            await csms.until(lambda many=number: csms.station().connections == many, within_s=10)
        csms.answers["MeterValues"] = Turns(HangUp(), Usual())
        csms.answers["StopTransaction"] = Turns(HangUp(1011), Silence(), Usual())
        await cp.online()
        await cp.finish()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.ended and tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
        assert csms.station().repeated
        assert csms.station().open_at_once == 1

    played(tmp_path, scene, backend={"call_timeout_s": 2.0})


def test_refused_handshakes_are_told_in_words_and_once(tmp_path):
    async def scene(csms, cp):
        csms.refusal = http.HTTPStatus.UNAUTHORIZED
        await cp.until(lambda status: "user or password" in status["backend"]["last_error"])
        await cp.logged("user or password is wrong")
        csms.refusal = http.HTTPStatus.NOT_FOUND
        await cp.until(lambda status: "does not know this station" in status["backend"]["last_error"])
        await csms.away()
        await cp.until(lambda status: "nothing listens" in status["backend"]["last_error"])
        await asyncio.sleep(2.5)
        assert [cp.log.count(each) for each in ("user or password", "nothing listens")] == [1, 1]
        csms.refusal = None
        await csms.back()
        await cp.online()

    csms = Csms(["ocpp1.6"])
    csms.refusal = http.HTTPStatus.UNAUTHORIZED
    played(tmp_path, scene, csms=csms)


def test_a_server_that_closes_right_after_the_handshake(tmp_path):
    async def go():
        hits = 0

        async def closing(socket):
            nonlocal hits
            hits += 1
            await socket.close(1008, "go away")

        server = await serve(closing, "127.0.0.1", 0, subprotocols=["ocpp1.6"], ping_interval=None)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(60):
            async with Station(tmp_path, f"ws://127.0.0.1:{port}") as cp:
                await cp.wait(lambda: hits >= 3)
                status = await cp.until(lambda status: "go away" in status["backend"]["last_error"])
                assert status["backend"]["registration"] == "not yet"
                assert cp.log.count("go away") == 1
            server.close()
            await server.wait_closed()

    asyncio.run(go())


@pytest.mark.parametrize("versions", [["ocpp1.6"], ["ocpp2.0.1", "ocpp1.6"]])
def test_a_server_that_names_no_version(versions, tmp_path):
    """With one version configured it is taken at that; with two they are offered one at a time."""

    async def go():
        boots = []

        async def plain(socket):
            async for text in socket:
                _, id, action, payload = json.loads(text)
                if "chargePointModel" not in payload and action == "BootNotification":
                    await socket.send(json.dumps([4, id, "FormationViolation", "", {}]))
                    continue
                boots.append(action)
                answer = {"status": "Accepted", "currentTime": "2027-01-01T00:00:00Z", "interval": 300}
                await socket.send(json.dumps([3, id, answer if action == "BootNotification" else {}]))

        server = await serve(plain, "127.0.0.1", 0, ping_interval=None)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(60):
            async with Station(tmp_path, f"ws://127.0.0.1:{port}", versions=versions) as cp:
                if len(versions) == 1:
                    await cp.online()
                    assert boots
                else:
                    await cp.logged("name the one it speaks in backend.versions")
            server.close()
            await server.wait_closed()

    asyncio.run(go())


def test_the_network_hint(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        cp.world("network", up=False)
        await cp.until(lambda status: status["backend"]["state"] == "offline")
        await csms.until(lambda: not csms.station().online)
        await asyncio.sleep(2.0)
        assert csms.station().connections == 1
        cp.world("network", up=True)
        await csms.until(lambda: csms.station().connections == 2, within_s=1.0)

    played(tmp_path, scene)


def test_a_password_is_sent_and_told_nobody(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        for text in (
            cp.log,
            json.dumps(await cp.status()),
            (cp.run_dir / "journal.jsonl").read_text(errors="replace")
            if (cp.run_dir / "journal.jsonl").exists()
            else "",
        ):
            assert "s3cret" not in text

    csms = Csms(["ocpp1.6"], passwords={"CP1": "s3cret-word-16ch"})
    played(tmp_path, scene, csms=csms, backend={"password": "s3cret-word-16ch"})


def test_frames_that_are_no_answers(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await cp.finish()
        await cp.delivered()
        assert csms.station().connections == 1
        (tx,) = csms.ledger.transactions
        assert tx.ended

    csms = Csms(["ocpp1.6"])
    csms.answers["StatusNotification"] = Frames(("garbage", "[3,<id>,{}]"))
    csms.answers["Authorize"] = Frames(
        ('[3,<id>,{"idTagInfo":{"status":"Accepted","expiryDate":"soon","x":[1]},"y":2}]',)
    )
    played(tmp_path, scene, csms=csms, strict=False)
