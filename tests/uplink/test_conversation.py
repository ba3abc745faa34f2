"""The conversation with a backend, frame by frame."""

import asyncio
import itertools
from dataclasses import replace

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from chargepoint.core.commands import GetSettings, Outcome, Result, SettingsFound
from chargepoint.core.effects import Answer
from chargepoint.core.facts import Asked, Authorized, ClockIs, Registration, SettingIs, TransactionConfirmed
from chargepoint.core.records import Authorize, BootReason, ConnectorStatus, StationIdentity, StatusIs
from chargepoint.core.settings import Settings
from chargepoint.uplink import conversation
from chargepoint.uplink.ending import LinkDeadError
from chargepoint.uplink.registry import Registry
from tests.uplink.kit import ACCEPTED, AT, CARD, FakeStore, Talk, ended, started, talk, updated

ID_TAG = {"idTagInfo": {"status": "Accepted"}}


def status(state=ConnectorStatus.AVAILABLE, evse=1):
    return StatusIs(evse, state, AT)


def of_kind(talk, kind):
    return [fact for fact in talk.facts if isinstance(fact, kind)]


def accepted_before(post=lambda fact: None):
    registry = Registry(StationIdentity("v", "m"), BootReason.POWER_UP, post)
    registry.registration, registry.subprotocol = Registration.ACCEPTED, "ocpp1.6"
    return registry


# -- registration ---------------------------------------------------------------------------------------------------


def test_boot_first_then_the_queue_then_silence():
    async def scene(t):
        t.mailbox.put(status())
        payload = await t.boot()
        assert payload == {"chargePointVendor": "vendor", "chargePointModel": "model"}
        await t.answered("StartTransaction", {"transactionId": 7} | ID_TAG)
        stop = await t.answered("StopTransaction", ID_TAG)
        assert stop["transactionId"] == 7
        await t.silent()
        assert t.store.confirmed == [1, 2]
        assert t.links() == [True]
        assert of_kind(t, SettingIs) == [SettingIs("OCPPCommCtrlr.HeartbeatInterval", "300")]
        assert of_kind(t, ClockIs)[0].offset == pytest.approx(1_800_000_000 - 100)
        assert of_kind(t, TransactionConfirmed)[0].tx == "tx"

    talk(scene, started(), ended())


@pytest.mark.parametrize("word", ["Pending", "Rejected"])
def test_not_accepted_it_waits_and_asks_again(word):
    async def scene(t):
        t.mailbox.put(status())
        await t.boot(ACCEPTED | {"status": word, "interval": 10})
        await t.later(9)
        await t.silent()
        await t.later(2)
        await t.boot()
        await t.settled()
        assert t.links() == [False, True]

    talk(scene)


def test_pending_lets_only_what_was_asked_for_through():
    async def scene(t):
        await t.boot(ACCEPTED | {"status": "Pending"})
        await t.settled()
        t.mailbox.put(status(evse=1))
        t.mailbox.put(status(evse=2), asked=True)
        t.conversation.wake()
        assert (await t.answered("StatusNotification", {}))["connectorId"] == 2
        await t.silent()

    talk(scene)


def test_a_boot_that_is_refused_is_tried_again_after_a_while():
    async def scene(t):
        id, _ = await t.call("BootNotification")
        t.hear([4, id, "InternalError", "busy", {}])
        await t.later(59)
        await t.silent()
        await t.later(2)
        await t.boot()
        assert any("busy" in line for line in t.warnings)

    talk(scene)


def test_a_reconnection_does_not_boot_but_another_version_does():
    async def go():
        registry = accepted_before()
        async with Talk(registry=registry) as t:
            await t.silent()
        async with Talk("ocpp2.0.1", registry=registry) as t:
            await t.boot()

    asyncio.run(go())


def test_the_interval_outlives_the_connection():
    async def go():
        async with Talk() as t:
            await t.boot(ACCEPTED | {"status": "Rejected", "interval": 60})
            await t.settled()
        async with Talk(registry=t.registry, clock=t.clock) as again:
            await again.later(55)
            await again.silent()
            await again.later(6)
            await again.boot()

    asyncio.run(go())


@pytest.mark.parametrize(
    ("version", "answer"), [("ocpp1.6", None), ("ocpp2.0.1", "SecurityError")], ids=["1.6", "2.0.1"]
)
def test_a_rejected_station_obeys_nobody(version, answer):
    async def scene(t):
        await t.boot(ACCEPTED | {"status": "Rejected"})
        await t.settled()
        t.hear([2, "1", "Reset", {"type": "Hard"}])
        if answer is None:
            await t.silent()
            await t.later(100)
            await t.silent()
        else:
            assert (await t.said())[:3] == [4, "1", answer]
        assert of_kind(t, Asked) == []

    talk(scene, version=version)


# -- the backend asks -----------------------------------------------------------------------------------------------


def test_a_request_is_answered_by_the_core_even_while_a_call_is_open():
    async def scene(t):
        await t.call("BootNotification")
        t.hear([2, "x", "GetConfiguration", {}])
        await t.settled()
        (asked,) = of_kind(t, Asked)
        assert asked.command == GetSettings(())
        outcome = Outcome(Result.ACCEPTED, detail=SettingsFound())
        assert t.conversation.answer(Answer(asked.ticket, asked.command, outcome))
        assert (await t.said())[:2] == [3, "x"]
        assert not t.conversation.answer(Answer(asked.ticket, asked.command, outcome))

    talk(scene)


def test_what_cannot_be_read_is_refused_and_garbage_is_told_once():
    async def scene(t):
        await t.boot()
        t.hear([2, "x", "NoSuchThing", {}])
        assert (await t.said())[:3] == [4, "x", "NotImplemented"]
        for _ in range(5):
            t.hear("garbage")
        await t.settled()
        assert len(t.warnings) == 1
        assert t.conversation.quirks["J18"] == 5

    talk(scene)


def test_a_remote_start_comes_with_what_is_known_of_its_token():
    async def scene(t):
        await t.boot()
        t.hear([2, "x", "RemoteStartTransaction", {"connectorId": 1, "idTag": "AB"}])
        await t.settled()
        assert of_kind(t, Asked)[0].known == await t.store.known(CARD)

    talk(scene)


# -- records --------------------------------------------------------------------------------------------------------


def test_the_same_record_has_the_same_id_on_every_try():
    async def go():
        ids = []
        for _ in range(2):
            async with Talk(store=FakeStore(started())) as t:
                await t.boot()
                ids.append((await t.call("StartTransaction"))[0])
        async with Talk(store=FakeStore(updated(), started())) as t:
            await t.boot()
            await t.answered("MeterValues", {})
            ids.append((await t.call("StartTransaction"))[0])
        assert ids[0] == ids[1] != ids[2]

    asyncio.run(go())


def test_refused_again_and_again_it_is_set_aside_and_the_queue_moves_on():
    async def scene(t):
        await t.boot()
        ids = set()
        for tries in range(1, 3):
            id, _ = await t.call("StartTransaction")
            ids.add(id)
            t.hear([4, id, "InternalError", "no", {}])
            if tries == 1:
                await t.answered("StartTransaction", {"transactionId": 8} | ID_TAG)
            await t.later(11)
        stop = await t.answered("StopTransaction", ID_TAG)
        assert stop["transactionId"] == -1
        await t.settled()
        assert len(ids) == 1
        assert [key for key, _ in t.store.refused] == [1]
        assert sorted(t.store.confirmed) == [2, 3]

    settings = Settings({"TransactionMessageAttempts": 2})
    talk(scene, started("a"), started("b"), ended("a"), settings=settings)


def test_a_late_answer_confirms():
    async def scene(t):
        await t.boot()
        id, _ = await t.call("StartTransaction")
        await t.later(29)
        t.hear("[]")
        await t.later(2)
        t.hear([3, id, {"transactionId": 9} | ID_TAG])
        await t.later(20)
        stop = await t.answered("StopTransaction", ID_TAG)
        assert stop["transactionId"] == 9
        await t.settled()
        assert t.store.confirmed == [1, 2]
        await t.silent()

    talk(scene, started(), ended())


def test_a_late_answer_that_makes_no_sense_confirms_nothing():
    async def scene(t):
        await t.boot()
        id, _ = await t.call("StartTransaction")
        await t.later(29)
        t.hear("[]")
        await t.later(2)
        t.hear([3, id, {"idTagInfo": 7}])
        await t.settled()
        assert t.store.confirmed == []
        await t.later(20)
        await t.call("StartTransaction")

    talk(scene, started())


def test_silence_ends_the_link():
    async def scene(t):
        await t.boot()
        await t.call("StartTransaction")
        await t.later(31)
        assert isinstance(await t.over(), LinkDeadError)
        assert t.store.attempts == {}
        assert t.links() == [True, False]

    talk(scene, started())


def test_an_answer_that_makes_no_sense_is_a_failed_try():
    async def scene(t):
        await t.boot()
        await t.answered("StartTransaction", {"nonsense": True})
        await t.later(11)
        await t.answered("StartTransaction", {"transactionId": 1} | ID_TAG)
        await t.settled()
        assert t.store.attempts == {1: 1}
        assert t.store.confirmed == [1]

    talk(scene, started())


def test_samples_that_waited_are_sent_as_one():
    async def scene(t):
        await t.boot()
        values = await t.answered("MeterValues", {})
        assert len(values["meterValue"]) == 3
        await t.settled()
        assert t.store.confirmed == [1, 2, 3]

    talk(scene, updated(seq=1), updated(seq=2), updated(seq=3))


def test_what_has_no_words_in_this_version_is_done():
    async def scene(t):
        await t.boot()
        await t.silent()
        assert t.store.confirmed == [1]

    talk(scene, replace(updated(), values=()))


def test_a_record_that_cannot_be_put_into_words_does_not_hold_up_the_rest():
    async def scene(t):
        await t.boot()
        await t.answered("StartTransaction", {"transactionId": 1} | ID_TAG)
        await t.settled()
        assert t.store.confirmed == [2]
        assert "cannot be told" in t.store.refused[0][1]

    talk(scene, replace(started("bad"), energy_wh="many"), started())


def test_a_slow_disk_is_waited_for_without_spinning():
    async def scene(t):
        await t.boot()
        t.store.hidden[1] = started()
        t.conversation.wake()
        await t.settled()
        fetched = t.store.fetched
        await t.settled()
        assert t.store.fetched == fetched
        t.store.queue[1] = t.store.hidden.pop(1)
        t.conversation.wake()
        await t.answered("StartTransaction", {"transactionId": 1} | ID_TAG)

    talk(scene)


# -- reports --------------------------------------------------------------------------------------------------------


def test_a_backlog_does_not_hold_up_what_the_station_is_like():
    async def scene(t):
        await t.boot()
        await t.settled()
        t.mailbox.put(status(ConnectorStatus.CHARGING))
        await t.answered("StartTransaction", {"transactionId": 1} | ID_TAG)
        assert (await t.answered("StatusNotification", {}))["status"] == "Charging"

    talk(scene, *(started(f"tx{n}") for n in range(7)))


def test_a_status_is_told_twice_only_when_it_was_asked_for():
    async def scene(t):
        await t.boot()
        await t.settled()
        for asked, told in ((False, True), (False, False), (True, True)):
            t.mailbox.put(status(), asked)
            t.conversation.wake()
            if told:
                await t.answered("StatusNotification", {})
            await t.settled()
            await t.silent()

    talk(scene)


def test_heartbeats_when_nothing_else_was_said():
    async def scene(t):
        await t.boot(ACCEPTED | {"interval": 0})
        await t.later(299)
        await t.silent()
        await t.later(2)
        await t.answered("Heartbeat", {"currentTime": "2027-01-15T09:00:00Z"})
        await t.later(200)
        t.mailbox.put(status())
        t.conversation.wake()
        await t.answered("StatusNotification", {})
        await t.later(299)
        await t.silent()
        await t.later(2)
        id, _ = await t.call("Heartbeat")
        t.hear([4, id, "InternalError", "", {}])
        await t.settled()
        assert len(of_kind(t, ClockIs)) == 2

    talk(scene)


@pytest.mark.parametrize("how", ["refused", "lost"])
def test_a_token_nobody_can_judge_is_decided_by_the_offline_rules(how):
    async def scene(t):
        await t.boot()
        await t.settled()
        t.mailbox.put(Authorize(CARD))
        t.conversation.wake()
        id, _ = await t.call("Authorize")
        if how == "refused":
            t.hear([4, id, "GenericError", "", {}])
            await t.settled()
        else:
            t.mailbox.put(Authorize(CARD))
            t.socket.incoming.put_nowait(None)
            assert "bye" in str(await t.over())
        assert Authorized(CARD, None) in t.facts

    talk(scene)


# -- the end --------------------------------------------------------------------------------------------------------


def test_the_backend_closes_or_the_line_breaks():
    async def scene(t):
        await t.boot()
        t.socket.incoming.put_nowait(ConnectionClosedError(Close(1011, "oops"), None))
        assert str(await t.over()) == "the backend closed the connection (code 1011): oops"

    talk(scene)


def test_a_bug_is_not_taken_for_a_dead_link():
    async def scene(t):
        await t.boot()
        t.socket.incoming.put_nowait(ZeroDivisionError())
        assert isinstance(await t.over(), ExceptionGroup)

    talk(scene)


@pytest.mark.parametrize("heard", [True, False])
def test_pings(heard, monkeypatch):
    """A backend that answers no ping but talks is alive all the same."""

    async def scene(t):
        await t.boot()
        t.socket.deaf = True
        t.clock.now += 1
        for _ in range(3) if heard else ():
            seen = t.socket.pings
            async with asyncio.timeout(5):
                while t.socket.pings == seen:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            t.clock.now += 1
            t.hear("[]")
        if heard:
            assert not t.task.done()
        else:
            assert "no pong" in str(await t.over())

    monkeypatch.setattr(conversation, "PONG_WITHIN_S", 0.05)

    class Quick(Settings):
        def __getitem__(self, variable):
            return 0.01 if variable is conversation.PING_INTERVAL_S else super().__getitem__(variable)

    talk(scene, settings=Quick())


def test_a_backend_that_does_not_read_is_left(monkeypatch):
    monkeypatch.setattr(conversation, "SENT_WITHIN_S", 0.05)

    async def scene(t):
        t.socket.stuck = True
        assert "read nothing" in str(await t.over())

    talk(scene)


def test_no_ping_where_they_are_off(monkeypatch):
    monkeypatch.setattr(conversation, "PONG_WITHIN_S", 0.01)

    async def scene(t):
        await t.boot()
        await asyncio.sleep(0.05)
        assert t.socket.pings == 0

    talk(scene, settings=Settings({"WebSocketPingInterval": 0}))


def test_every_warning_comes_once_per_hour():
    async def scene(t):
        await t.boot(ACCEPTED | {"interval": 1})
        for _ in range(3):
            t.settings.restore("HeartbeatInterval", "1")
            await t.later(2)
            id, _ = await t.call("Heartbeat")
            t.hear([4, id, "InternalError", "tired", {}])
        await t.settled()
        assert len(t.warnings) == 1

    talk(scene)


def test_ids_are_never_used_twice_for_different_things():
    async def scene(t):
        await t.boot()
        await t.settled()
        for _ in range(3):
            t.mailbox.put(status(), asked=True)
            t.conversation.wake()
            await t.answered("StatusNotification", {})
        ids = [frame[1] for frame in t.socket.sent]
        assert all(a != b for a, b in itertools.combinations(ids, 2))

    talk(scene)
