"""A session from plug to bill, in each version, with the box and with a backend nobody here wrote; and what an outage
must not change."""

import pytest

from hal_mock.csms import Csms
from tests.system.station import CARD, OTHER_CARD, played
from tests.uplink.pypi_csms import PypiCsms

pytestmark = pytest.mark.slow
VERSIONS = ["ocpp1.6", "ocpp2.0.1"]
STRANGERS = {"AllowOfflineTxForUnknownId": True, "MeterValueSampleInterval": 1}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_backend_nobody_here_wrote(version, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await cp.drawn(3)
        await cp.finish()
        await cp.unplug()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert (tx.token, tx.evse, tx.reason, tx.gaps, tx.offline) == (CARD, 1, "Local", [], 0)
        assert tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
        assert tx.samples

    played(tmp_path, scene, versions=[version], csms=PypiCsms([version]), settings={"MeterValueSampleInterval": 1})


@pytest.mark.parametrize("version", VERSIONS)
def test_begun_and_ended_while_the_backend_is_away(version, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await csms.away()
        await cp.charge()
        await cp.drawn(3)
        await cp.finish()
        await cp.unplug()
        assert (await cp.status())["backend"]["queue"] >= 2
        await csms.back()
        cp.world("network", up=True)
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.ended and tx.gaps == []
        assert tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
        assert len(cp.log.splitlines()) < 15

    played(tmp_path, scene, versions=[version], settings=STRANGERS)


@pytest.mark.parametrize(("before", "after"), [VERSIONS, VERSIONS[::-1]])
def test_begun_under_one_version_and_delivered_under_the_other(before, after, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await csms.away()
        await cp.charge()
        await cp.drawn(3)
        await cp.finish()
        await cp.stop()
        async with Csms([after]) as other:
            cp.url, cp.versions = other.url, [after]
            await cp.start()
            await cp.delivered()
            (tx,) = other.ledger.transactions
            assert (tx.token, tx.reason, tx.gaps) == (CARD, "Local", [])
            assert tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
            assert other.conversation.violations == other.ledger.oddities == []

    played(tmp_path, scene, versions=[before], settings=STRANGERS)


def test_begun_online_and_delivered_to_a_backend_of_the_older_version(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await csms.until(lambda: csms.ledger.transactions)
        await cp.drawn(2)
        await csms.away()
        await cp.drawn(2)
        await cp.finish()
        await cp.stop()
        async with Csms(["ocpp1.6"]) as other:
            cp.url, cp.versions = other.url, ["ocpp1.6"]
            await cp.start()
            await cp.delivered()
            stop = await other.conversation.seen("StopTransaction")
            assert stop.payload["meterStop"] == pytest.approx(cp.look()["energy_wh"], abs=1)
            assert other.conversation.violations == []

    played(tmp_path, scene, versions=["ocpp2.0.1"], settings=STRANGERS)


def test_both_versions_are_offered_and_the_backend_chooses(tmp_path):
    async def scene(csms, cp):
        assert (await cp.online())["backend"]["version"] == "ocpp1.6"
        csms.versions = ("ocpp2.0.1",)
        await csms.away()
        await csms.back()
        cp.world("network", up=True)
        await cp.until(lambda status: status["backend"]["version"] == "ocpp2.0.1")
        assert csms.conversation.statistics()["BootNotification"] == 2

    played(tmp_path, scene, versions=["ocpp2.0.1", "ocpp1.6"], csms=Csms(["ocpp1.6"]))


@pytest.mark.parametrize("version", ["ocpp2.0.1"])
def test_eight_connectors_at_once(version, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        places = range(1, 9)
        for place in places:
            cp.world("load", place, amps=[place + 8])
            cp.cable("B", place)
            await cp.connector(lambda each: each["vehicle"] == "B", place)
            cp.tap(f"{CARD}{place:02}", place)
            await cp.connector(lambda each: each["transaction"] is not None, place)
            cp.cable("C", place)
        for place in places:
            await cp.charging(place)
        cp.tap(f"{CARD}03", 3)
        await cp.let_go(3)
        assert [cp.closed(place) for place in places] == [place != 3 for place in places]
        cp.tap(OTHER_CARD, 1)
        for place in places:
            if place != 3:
                cp.tap(f"{CARD}{place:02}", place)
        for place in places:
            if place != 3:
                await cp.let_go(place)
            await cp.unplug(place)
        await cp.delivered()
        assert {tx.evse: tx.token for tx in csms.ledger.transactions} == {n: f"{CARD}{n:02}" for n in places}
        for tx in csms.ledger.transactions:
            assert tx.ended and tx.energy_wh == pytest.approx(cp.look(tx.evse)["energy_wh"], abs=1)

    played(tmp_path, scene, versions=[version], connectors=8)


def test_without_any_backend(tmp_path):
    async def scene(csms, cp):
        cp.cable("B")
        await cp.is_status("SuspendedEV")
        cp.cable("C")
        await cp.charging()
        await cp.unplug()
        assert (await cp.status())["backend"]["state"] == "none"
        assert csms.conversation.exchanges == []

    class Nobody(Csms):
        url = None

    played(tmp_path, scene, csms=Nobody(), authorization={"free_vending": True})
