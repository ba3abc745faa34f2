"""Killed, stopped and starved: the contactor opens in time, and what the meter counted is what is billed."""

import asyncio
import os
import random
import signal
import time

import pytest

from tests.system.station import CARD, Station, played

pytestmark = pytest.mark.slow
SESSIONS = int(os.environ.get("CHARGEPOINT_SOAK", "3"))
LEASE_S = 1.0
OPEN_WITHIN_S = LEASE_S + 0.2
KEEP_GOING = {"after_power_loss": "resume"}


async def open_after(cp, since):
    """Seconds from ``since`` until the contactor was seen open."""
    await cp.wait(lambda: not cp.closed(), every_s=0.005)
    return time.monotonic() - since


def test_a_killed_daemon_opens_and_its_successor_bills(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await cp.drawn(2)
        since = time.monotonic()
        await cp.kill()
        assert await open_after(cp, since) < OPEN_WITHIN_S
        await cp.wait(lambda: "guard" not in cp.pids.values())
        await cp.start()
        await cp.connector(lambda each: each["transaction"] is None and each["vehicle"] == "C")
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.reason == "PowerLoss"
        assert tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
        await asyncio.sleep(1)
        assert not cp.closed()
        await cp.unplug()

    played(tmp_path, scene)


@pytest.mark.parametrize("version", ["ocpp2.0.1"])
def test_a_killed_daemon_resumes_where_that_is_wanted(version, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await cp.drawn(2)
        await cp.kill()
        await cp.start()
        await cp.charging()
        await cp.drawn(2)
        await cp.finish()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert (tx.reason, tx.gaps) == ("Local", [])
        assert tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)

    played(tmp_path, scene, versions=[version], station=KEEP_GOING)


def test_a_vehicle_that_left_during_the_power_cut(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await cp.drawn(2)
        await cp.kill()
        cp.cable("A")
        await cp.start()
        await cp.connector(lambda each: each["transaction"] is None, within_s=40)
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.ended and tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
        await cp.is_status("Available")

    played(tmp_path, scene, station=KEEP_GOING)


def test_a_stopped_daemon_opens_in_time_and_a_woken_one_goes_on(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        since = time.monotonic()
        cp.process.send_signal(signal.SIGSTOP)
        assert await open_after(cp, since) < OPEN_WITHIN_S
        cp.process.send_signal(signal.SIGCONT)
        await cp.until(lambda status: status["connectors"][0]["vehicle"] == "C")
        state = await cp.connector(lambda each: each["contactor"] or each["faults"])
        assert state["faults"] == []
        await cp.charging()

    played(tmp_path, scene)


def test_a_killed_guard_is_replaced_and_charging_goes_on(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        first = await cp.guard_pid()
        since = time.monotonic()
        os.kill(first, signal.SIGKILL)
        assert await open_after(cp, since) < OPEN_WITHIN_S
        await cp.wait(lambda: any(kind == "guard" and pid != first for pid, kind in cp.pids.items()))
        await cp.charging()
        (tx,) = csms.ledger.transactions
        assert not tx.ended

    played(tmp_path, scene)


def test_a_stopped_guard_is_replaced(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        first = await cp.guard_pid()
        since = time.monotonic()
        os.kill(first, signal.SIGSTOP)
        assert await open_after(cp, since) < 3.5
        await cp.wait(lambda: any(kind == "guard" and pid != first for pid, kind in cp.pids.items()))
        await cp.charging()

    played(tmp_path, scene)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_tidily_and_tells_no_fault(number, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await csms.until(lambda: len(csms.conversation.received("StatusNotification")) >= 5)
        since = time.monotonic()
        os.killpg(cp.process.pid, number)
        assert await cp.ended() == 0
        assert time.monotonic() - since < 5
        assert not cp.closed()
        assert "Faulted" not in {each.payload["status"] for each in csms.conversation.received("StatusNotification")}

    played(tmp_path, scene)


def test_asked_to_end_while_it_connects(tmp_path):
    async def go():
        async def never(reader, writer):
            try:
                await reader.read()
            finally:
                writer.close()

        server = await asyncio.start_server(never, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(60), server, Station(tmp_path, f"ws://127.0.0.1:{port}") as cp:
            await cp.until(lambda status: status["backend"]["state"] == "connecting")
            since = time.monotonic()
            assert await cp.stop() == 0
            assert time.monotonic() - since < 5

    asyncio.run(go())


def test_a_second_daemon_is_refused(tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        first = cp.process
        await cp.start(ready=False)
        assert await cp.ended() not in (0, None)
        cp.process = first
        assert "another" in cp.log.splitlines()[-1] and "Traceback" not in cp.log
        await cp.charging()

    played(tmp_path, scene)


@pytest.mark.parametrize("damage", ["station = 3", "[station]\nid = 7", "\x00\xff", "[board]\nname = 'mock'\npins = 3"])
def test_a_configuration_that_cannot_be_used_drives_nothing(damage, tmp_path):
    async def go():
        cp = Station(tmp_path, None)
        cp.write_config = lambda: cp.config.write_text(damage)
        await cp.start(ready=False)
        assert await cp.ended() not in (0, None)
        assert "Traceback" not in cp.log and "station.toml" in cp.log
        assert not cp.run_dir.exists() and cp.pids == {}

    asyncio.run(go())


@pytest.mark.parametrize(("version", "seed"), [("ocpp1.6", 0), ("ocpp2.0.1", 1)])
def test_killed_at_any_moment_nothing_is_lost(version, seed, tmp_path):
    """Daemon, guard or link go at seeded moments of several sessions; the bill is what the meter counted."""
    chance = random.Random(f"{seed}{version}")

    async def session(cp):
        cp.world("load", 1, amps=[32, 32, 32])
        for step in (
            lambda: cp.cable("B"),
            lambda: cp.world("rfid", token=CARD, connectors=[1]),
            lambda: cp.cable("C"),
        ):
            step()
            await asyncio.sleep(chance.uniform(0, 0.4))

    async def trouble(csms, cp):
        await asyncio.sleep(chance.uniform(0, 1.5))
        match chance.choice(["daemon", "daemon", "guard", "link"]):
            case "daemon":
                await cp.kill()
                await asyncio.sleep(chance.uniform(0, 0.3))
                await cp.start(ready=False)
            case "guard":
                for pid in [pid for pid, kind in cp.pids.items() if kind == "guard"]:
                    os.kill(pid, signal.SIGKILL)
            case "link":
                await csms.away()
                await asyncio.sleep(chance.uniform(0, 0.3))
                await csms.back()

    async def scene(csms, cp):
        await cp.online()
        for _ in range(SESSIONS):
            await session(cp)
            await trouble(csms, cp)
            await cp.until(lambda status: status["station"]["guard"])
            await asyncio.sleep(chance.uniform(0, 1.0))
            cp.cable("B")
            await cp.opened()
            cp.cable("A")
            await cp.connector(lambda each: each["transaction"] is None, within_s=40)
        cp.world("network", up=True)
        await cp.delivered()
        transactions = csms.ledger.transactions
        assert [tx for tx in transactions if not tx.ended or tx.gaps] == []
        counted = cp.look()["energy_wh"]
        assert sum(tx.energy_wh for tx in transactions) == pytest.approx(counted, abs=max(1, len(transactions)))
        repeated = len(csms.station().repeated)
        assert len(csms.ledger.duplicates) <= repeated
        assert (await cp.ask("ledger"))["ledger"]

    settings = {"MeterValueSampleInterval": 1, "AllowOfflineTxForUnknownId": True}
    played(tmp_path, scene, versions=[version], station=KEEP_GOING, settings=settings, within_s=90 + 30 * SESSIONS)
