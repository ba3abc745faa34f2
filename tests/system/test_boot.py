"""Registration, heartbeat and clock: who speaks when, and what is answered before the station is accepted."""

import itertools

import pytest

from hal_mock.csms import Csms
from hal_mock.csms_answers import HangUp, Refuse, Turns, Usual, iso
from hal_mock.csms_record import CallError
from tests.system.station import CARD, played

pytestmark = pytest.mark.slow
VERSIONS = ["ocpp1.6", "ocpp2.0.1"]
START = {
    "ocpp1.6": ("RemoteStartTransaction", {"connectorId": 1, "idTag": CARD}),
    "ocpp2.0.1": (
        "RequestStartTransaction",
        {"evseId": 1, "remoteStartId": 1, "idToken": {"idToken": CARD, "type": "ISO14443"}},
    ),
}


def boot(status, interval=1):
    return {"status": status, "currentTime": iso(1_800_000_000), "interval": interval}


def before_acceptance(csms):
    actions = [each.action for each in csms.conversation.received()]
    return set(actions[: actions.index("StatusNotification")])


@pytest.mark.parametrize("version", VERSIONS)
def test_pending_answers_but_says_nothing_of_its_own(version, tmp_path):
    async def scene(csms, cp):
        csms.strict_boot = True
        await cp.until(lambda status: status["backend"]["registration"] == "Pending")
        cp.cable("B")
        action, payload = START[version]
        assert (await csms.call(action, payload))["status"] == "Rejected"
        read, wanted = {
            "ocpp1.6": ("GetConfiguration", {}),
            "ocpp2.0.1": (
                "GetVariables",
                {
                    "getVariableData": [
                        {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
                    ]
                },
            ),
        }[version]
        assert await csms.call(read, wanted)
        csms.answers["BootNotification"] = Usual()
        assert (await csms.call("TriggerMessage", {"requestedMessage": "BootNotification"}))["status"] == "Accepted"
        await cp.online()
        assert before_acceptance(csms) == {"BootNotification"}
        assert csms.conversation.statistics()["BootNotification"] == 2
        second = csms.conversation.received("BootNotification")[1]
        assert second.payload.get("reason", "Triggered") == "Triggered"

    csms = Csms([version])
    csms.answers["BootNotification"] = boot("Pending", 300)
    played(tmp_path, scene, versions=[version], csms=csms)


def test_a_triggered_message_goes_out_while_pending(tmp_path):
    csms = Csms(["ocpp1.6"])
    csms.answers["BootNotification"] = boot("Pending", 300)

    async def scene(csms, cp):
        await cp.until(lambda status: status["backend"]["registration"] == "Pending")
        trigger = {"requestedMessage": "StatusNotification", "connectorId": 1}
        assert (await csms.call("TriggerMessage", trigger))["status"] == "Accepted"
        await csms.conversation.seen("StatusNotification", lambda payload: payload["connectorId"] == 1)
        assert (await csms.call("TriggerMessage", {"requestedMessage": "Heartbeat"}))["status"] == "Accepted"
        await csms.conversation.seen("Heartbeat")
        assert csms.conversation.statistics() == {"BootNotification": 1, "StatusNotification": 1, "Heartbeat": 1}

    played(tmp_path, scene, csms=csms)


@pytest.mark.parametrize(("version", "status"), [("ocpp1.6", "Pending"), ("ocpp2.0.1", "Rejected")])
def test_asks_again_after_the_interval_and_not_before(version, status, tmp_path):
    csms = Csms([version])
    csms.answers["BootNotification"] = Turns(boot(status, 1), boot(status, 2), Usual())

    async def scene(csms, cp):
        await cp.online()
        boots = csms.conversation.received("BootNotification")
        waits = [later.at - earlier.ended_at for earlier, later in itertools.pairwise(boots)]
        assert len(boots) == 3
        assert 0.95 < waits[0] < 2.5 and 1.95 < waits[1] < 3.5
        assert before_acceptance(csms) == {"BootNotification"}

    played(tmp_path, scene, versions=[version], csms=csms)


@pytest.mark.parametrize("version", VERSIONS)
def test_rejected_obeys_nobody(version, tmp_path):
    csms = Csms([version])
    csms.answers["BootNotification"] = boot("Rejected", 300)

    async def scene(csms, cp):
        await cp.until(lambda status: status["backend"]["registration"] == "Rejected")
        if version == "ocpp1.6":
            with pytest.raises(TimeoutError):
                await csms.call("Reset", {"type": "Hard"}, within_s=1.0)
        else:
            with pytest.raises(CallError, match="SecurityError"):
                await csms.call("Reset", {"type": "Immediate"})
        assert (await cp.status())["station"]["uptime_s"] >= 0
        assert csms.conversation.statistics() == {"BootNotification": 1}

    played(tmp_path, scene, versions=[version], csms=csms)


def test_a_rejected_station_does_not_hammer_over_reconnections(tmp_path):
    csms = Csms(["ocpp1.6"])
    csms.answers["BootNotification"] = boot("Rejected", 300)

    async def scene(csms, cp):
        await cp.until(lambda status: status["backend"]["registration"] == "Rejected")
        for connection in range(2, 4):
            await csms.station().hang_up(1000)
            cp.world("network", up=True)
            await csms.until(lambda many=connection: csms.station().connections >= many, within_s=10)
            await csms.online()
        assert csms.conversation.statistics() == {"BootNotification": 1}

    played(tmp_path, scene, csms=csms)


def test_a_boot_that_is_refused_or_cut_off_is_told_again(tmp_path):
    csms = Csms(["ocpp1.6"])
    csms.answers["BootNotification"] = Turns(HangUp(), HangUp(1001), Usual())

    async def scene(csms, cp):
        await cp.online()
        assert csms.conversation.statistics()["BootNotification"] == 3

    played(tmp_path, scene, csms=csms)


def test_a_reconnection_does_not_boot_but_tells_every_status(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await csms.conversation.seen("StatusNotification", lambda payload: payload["connectorId"] == 1)
        for _ in range(2):
            before = len(csms.conversation.received("StatusNotification"))
            await csms.station().hang_up()
            await csms.conversation.seen("StatusNotification", count=before + 2, within_s=10)
        assert csms.conversation.statistics()["BootNotification"] == 1

    played(tmp_path, scene)


@pytest.mark.parametrize("version", ["ocpp2.0.1"])
def test_heartbeats_fill_silence_and_nothing_else(version, tmp_path):
    csms = Csms([version])
    csms.interval_s = 1

    async def scene(csms, cp):
        await csms.conversation.seen("Heartbeat", count=3, within_s=10)
        calls = csms.conversation.received()
        beats = [calls.index(each) for each in csms.conversation.received("Heartbeat")]
        assert all(0.95 < calls[at].at - calls[at - 1].at < 2.0 for at in beats)

    played(tmp_path, scene, versions=[version], csms=csms)


def test_a_heartbeat_that_is_refused_ends_nothing_and_is_logged_once(tmp_path):
    csms = Csms(["ocpp1.6"])
    csms.interval_s = 1
    csms.answers["Heartbeat"] = Refuse("InternalError", "tired")

    async def scene(csms, cp):
        await csms.conversation.seen("Heartbeat", count=3, within_s=10)
        assert cp.log.count("tired") == 1
        assert csms.station().connections == 1

    played(tmp_path, scene, csms=csms)


def test_the_time_is_taken_from_the_backend(tmp_path):
    csms = Csms(["ocpp1.6"])
    csms.utc = lambda: 2_000_000_000.0

    async def scene(csms, cp):
        status = await cp.online()
        if status["station"]["time_quality"] not in ("ntp", "rtc"):
            status = await cp.until(lambda status: status["station"]["time_quality"] == "backend")
            assert abs(status["station"]["utc"] - 2_000_000_000) < 20
            first = await csms.conversation.seen("StatusNotification")
            assert first.payload["timestamp"].startswith("2033-05-18")

    played(tmp_path, scene, csms=csms)
