"""What can break at the station: status and facts tell it, energy stops where it must, and it recovers as written in
the catalogue. Nothing closes the contactor without permission."""

import asyncio

import pytest

from tests.system.station import CARD, played

pytestmark = pytest.mark.slow
STALE = [{"meter_stale_s": 1.0}]


def has(fault):
    return lambda each: fault in [one["id"] for one in each["faults"]]


def free_of(fault):
    return lambda each: fault not in [one["id"] for one in each["faults"]]


def last_status(csms, connector=1):
    found = [
        each for each in csms.conversation.received("StatusNotification") if each.payload["connectorId"] == connector
    ]
    return found[-1].payload


def test_a_meter_that_falls_silent_or_freezes(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        cp.world("meter", 1, silent=True)
        await cp.connector(has("meter"))
        cp.cable("B")
        await cp.connector(lambda each: each["vehicle"] == "B")
        cp.tap()
        await cp.logged("refused")
        assert csms.ledger.transactions == [], "without a register no transaction starts"
        cp.world("meter", 1, silent=False)
        await cp.connector(free_of("meter"), within_s=30)
        cp.tap()
        await cp.connector(lambda each: each["transaction"] is not None)
        cp.cable("C")
        await cp.charging()
        await cp.drawn(2)
        cp.world("meter", 1, silent=True)
        await cp.opened()
        await cp.connector(has("meter"))
        assert not cp.closed()
        cp.world("meter", 1, silent=False)
        await cp.connector(lambda each: each["transaction"] is None)
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.ended and tx.reason == "Other"
        assert tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1.5)
        assert cp.log.count("the meter answers again") <= 2

    played(tmp_path, scene, connectors=STALE)


def test_a_lost_meter_may_be_tolerated(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        cp.world("meter", 1, silent=True)
        await cp.connector(has("meter"))
        assert cp.closed()
        cp.world("meter", 1, silent=False)
        await cp.connector(free_of("meter"), within_s=30)
        await cp.drawn(2)
        await cp.finish()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)

    played(tmp_path, scene, connectors=[{"meter_stale_s": 1.0, "on_meter_loss": "continue"}])


def test_a_meter_that_runs_backwards_is_never_billed_negative(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        cp.world("meter", 1, energy_wh=50_000)
        await cp.connector(lambda each: (each["measured"]["energy_wh"] or 0) >= 50_000)
        await cp.charge()
        await cp.drawn(3)
        cp.world("meter", 1, energy_wh=10)
        await cp.drawn(3)
        await cp.finish()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert 4 <= tx.energy_wh <= 60

    played(tmp_path, scene)


def test_a_reader_that_is_gone_and_back(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        cp.world("reader", gone=True)
        await cp.connector(has("reader"))
        assert (await cp.status())["connectors"][0]["status"] == "Available"
        await csms.until(lambda: last_status(csms)["errorCode"] == "ReaderFailure")
        start = {"idTag": CARD, "connectorId": 1}
        assert (await csms.call("RemoteStartTransaction", start))["status"] == "Accepted"
        cp.cable("C")
        await cp.charging()
        cp.world("reader", gone=False)
        await cp.connector(free_of("reader"))
        await cp.finish()
        assert len([line for line in cp.log.splitlines() if "WARNING" in line and "reader" in line]) <= 2

    played(tmp_path, scene)


def test_a_welded_contactor(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        cp.world("contactor", 1, welded=True)
        cp.cable("B")
        await cp.connector(has("contactor-welded"))
        await cp.is_status("Faulted")
        await csms.until(lambda: last_status(csms)["errorCode"] == "PowerSwitchFailure")
        cp.cable("A")
        await cp.connector(lambda each: each["transaction"] is None)
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.ended
        cp.world("contactor", 1, welded=False)
        await cp.opened()
        await asyncio.sleep(0.5)
        assert (await cp.is_status("Faulted"))["contactor"] is False
        cp.world("fault", 1, code="contactor-welded", on=False)
        await cp.is_status("Available")

    played(tmp_path, scene)


def test_a_contactor_that_does_not_close(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        cp.world("contactor", 1, stuck=True)
        cp.cable("B")
        await cp.connector(lambda each: each["vehicle"] == "B")
        cp.tap()
        await cp.connector(lambda each: each["transaction"] is not None)
        cp.cable("C")
        await cp.connector(has("contactor-stuck"))
        await cp.is_status("Faulted")
        assert cp.look()["coil"] is False
        cp.cable("A")
        await cp.connector(lambda each: each["transaction"] is None)
        await cp.delivered()
        assert csms.ledger.transactions[0].energy_wh == 0

    played(tmp_path, scene)


def test_a_missing_diode_and_a_shorted_pilot(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        cp.world("diode", 1, failed=True)
        await cp.opened()
        await cp.connector(has("diode"))
        cp.world("diode", 1, failed=False)
        await cp.charging()
        cp.cable("E")
        await cp.opened()
        await cp.connector(has("pilot"))
        cp.cable("C")
        await cp.charging()
        assert csms.ledger.open()

    played(tmp_path, scene)


def test_emergency_stop_and_a_fault_told_by_hand(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        cp.world("fault", 1, code="other", on=True)
        await cp.opened()
        await cp.is_status("Faulted")
        await cp.connector(lambda each: each["transaction"] is None)
        await cp.delivered()
        assert csms.ledger.transactions[0].ended
        cp.world("fault", 1, code="other", on=False)
        state = await cp.connector(lambda each: each["status"] != "Faulted")
        await asyncio.sleep(0.5)
        assert state["transaction"] is None and not cp.closed()
        await cp.unplug()
        cp.world("fault", 0, code="internal", on=True)
        await cp.is_status("Faulted")
        await csms.until(lambda: last_status(csms, 0)["status"] == "Faulted")
        cp.world("fault", 0, code="internal", on=False)
        await cp.is_status("Available")
        assert csms.conversation.violations == []

    played(tmp_path, scene)


def test_nothing_closes_without_permission(tmp_path):
    """A vehicle that asks for energy gets none without a card, whatever else happens."""

    async def scene(csms, cp):
        closed = []

        async def watch():
            while True:
                closed.append(cp.closed())
                await asyncio.sleep(0.01)

        await cp.online()
        watching = asyncio.create_task(watch())
        for state in "BCBCDCAC":
            cp.cable(state)
            await asyncio.sleep(0.15)
        cp.world("diode", 1, failed=True)
        await asyncio.sleep(0.15)
        cp.world("diode", 1, failed=False)
        csms.blocked = {CARD}
        cp.tap()
        await cp.logged("refused")
        await cp.restart()
        await cp.connector(lambda each: each["vehicle"] == "C")
        await cp.kill()
        await cp.start()
        await cp.connector(lambda each: each["vehicle"] == "C")
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert len(closed) > 50 and not any(closed)

    played(tmp_path, scene)


def test_a_state_folder_that_cannot_be_written_makes_safe_and_ends_loudly(tmp_path):
    """The disk is full: no energy flows on, and the process ends with a sentence."""

    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        fill = ["prlimit", f"--pid={cp.process.pid}", "--fsize=1:1"]
        process = await asyncio.create_subprocess_exec(*fill)
        assert await process.wait() == 0
        cp.tap("0099887766")
        cp.tap()
        assert await cp.ended(within_s=30) not in (0, None)
        assert not cp.closed()
        assert "cannot be written" in cp.log and "Traceback" not in cp.log

    played(tmp_path, scene, strict=False, piped=True)
