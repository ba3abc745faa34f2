"""The control socket: what it answers, whom it obeys, and that nothing a client does ends it."""

import asyncio
import contextlib
import json
import os
import stat
from types import SimpleNamespace

import pytest

from chargepoint.clock import Stamp
from chargepoint.core.facts import ContactorIs, GuardIs, Metered, Tapped, VehicleIs
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import BootReason, StationIdentity
from chargepoint.core.settings import Settings
from chargepoint.core.setup import EvseSetup, StationSetup
from chargepoint.core.station import Station
from chargepoint.core.tokens import IdToken, Known, TokenInfo, Verdict
from chargepoint.errors import CommandError, StoreError
from chargepoint.hal import MeterSample
from chargepoint.panel import server
from chargepoint.panel.asks import asks, commands
from chargepoint.panel.server import Panel
from chargepoint.panel.status import connector_status, station_status
from chargepoint.store.tables import DeadLetter
from tests.uplink.kit import FakeStore, started

CARD = IdToken("04A1B2C3")


def a_station():
    setup = StationSetup(
        (EvseSetup(max_amps=16.0, phases=3),), StationIdentity("v", "m"), 3, BootReason.POWER_UP, has_backend=False
    )
    return Station(setup, Settings({"LocalAuthorizeOffline": True}), lambda: "tx")


class PanelStore(FakeStore):
    dead = 1
    retried = ()

    async def dead_letters(self):
        record = started()
        return [DeadLetter(7, "tx", "TransactionStarted", "no", Stamp(1, 0.0, 1.8e9), False, record, '{"a": 1}')]

    async def verify(self):
        raise StoreError("the ledger cannot be read")

    async def retry(self, id):
        if id != 7:
            raise CommandError(f"there is no dead letter {id}")
        self.retried = (*self.retried, id)


@contextlib.asynccontextmanager
async def serving(tmp_path, admin_group="", ask=None, command=None):
    station, store = a_station(), PanelStore(started())
    station.handle(GuardIs(True), 0.0)
    panel = Panel(
        tmp_path / "control.sock",
        asks(station, store, lambda: None, "1.0", "CP1", 0.0) | (ask or {}),
        commands(station, store) | (command or {}),
        admin_group,
    )
    task = asyncio.create_task(panel.run())
    try:
        async with asyncio.timeout(10):
            while not (tmp_path / "control.sock").is_socket():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            yield SimpleNamespace(panel=panel, path=tmp_path / "control.sock", station=station, store=store, task=task)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def client(panel):
    reader, writer = await asyncio.open_unix_connection(panel.path, limit=1 << 20)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def asked(panel, *lines):
    """The answers to some lines on one connection."""
    async with client(panel) as (reader, writer):
        answers = []
        for line in lines:
            writer.write((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")
            answers.append(json.loads(await reader.readline()))
        return answers


def played(tmp_path, scene, **how):
    async def go():
        async with serving(tmp_path, **how) as panel:
            await scene(panel)

    asyncio.run(go())


def test_every_question(tmp_path):
    async def scene(panel):
        status, queue, dead, ledger, setting, unknown = await asked(
            panel,
            {"ask": "status"},
            {"ask": "queue"},
            {"ask": "dead"},
            {"ask": "ledger"},
            {"ask": "setting", "name": "HeartbeatInterval"},
            {"ask": "setting", "name": "Nonsense"},
        )
        assert status["status"]["station"]["id"] == "CP1"
        assert status["status"]["backend"] == {"state": "none", "queue": 1, "dead": 1}
        assert status["status"]["connectors"][0]["status"] == "Available"
        assert queue["waiting"] == 1 and queue["queue"][0]["kind"] == "TransactionStarted"
        assert queue["queue"][0]["at"].startswith("2027-")
        assert dead["dead"][0] == {
            "id": 7,
            "kind": "TransactionStarted",
            "tx": "tx",
            "why": "no",
            "at": "2027-01-15T08:00:00.000Z",
            "waiting": False,
            "record": {"a": 1},
        }
        assert ledger == {"ok": False, "error": "the ledger cannot be read"}
        assert setting["setting"]["value"] == "300"
        assert "no setting 'Nonsense'" in unknown["error"]

    played(tmp_path, scene)


def test_retrying_a_dead_letter(tmp_path):
    async def scene(panel):
        answers = await asked(
            panel,
            {"ask": "retry", "id": 7},
            {"ask": "retry", "id": 8},
            {"ask": "retry"},
            {"ask": "retry", "id": "7"},
            {"ask": "retry", "id": 1 << 70},
        )
        assert [answer["ok"] for answer in answers] == [True, False, False, False, False]
        assert panel.store.retried == (7,)

    played(tmp_path, scene)


@pytest.mark.parametrize(
    "line",
    [b"x", b"[]", b"7", b"null", b'"ask"', b"{}", b'{"ask":7}', b'{"ask":[]}', b'{"ask":{}}', b"\xff", b"[" * 20000],
)
def test_nonsense_is_answered_by_a_sentence(line, tmp_path):
    async def scene(panel):
        first, second = await asked(panel, line, {"ask": "status"})
        assert first["ok"] is False and "JSON object" in first["error"]
        assert second["ok"] is True

    played(tmp_path, scene)


def test_unknown_requests_are_told_what_there_is(tmp_path):
    async def scene(panel):
        (answer,) = await asked(panel, {"ask": "coffee" * 50})
        assert "dead, ledger, queue, retry, setting, status, watch" in answer["error"] and len(answer["error"]) < 200

    played(tmp_path, scene)


def test_a_line_too_long_ends_that_client_only(tmp_path):
    async def scene(panel):
        async with client(panel) as (reader, writer):
            writer.write(b"x" * 200_000)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        assert (await asked(panel, {"ask": "status"}))[0]["ok"]

    played(tmp_path, scene)


def test_watching(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "WATCH_PERIOD_S", 3600.0)

    async def scene(panel):
        async with client(panel) as (reader, writer):
            writer.write(b'{"ask":"watch"}\n')
            assert json.loads(await reader.readline())["status"]["connectors"][0]["vehicle"] is None
            panel.station.handle(VehicleIs(1, Vehicle.B), 1.0)
            panel.panel.changed()
            assert json.loads(await reader.readline())["status"]["connectors"][0]["vehicle"] == "B"

    played(tmp_path, scene)


def test_a_watcher_that_goes_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "WATCH_PERIOD_S", 0.01)

    async def scene(panel):
        async with client(panel) as (reader, writer):
            writer.write(b'{"ask":"watch"}\n')
            await reader.readline()
            assert len(panel.panel._clients) == 1
        while panel.panel._clients:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    played(tmp_path, scene)


def test_clients_are_bounded_and_idle_ones_leave(tmp_path, monkeypatch):
    async def scene(panel):
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(server.MOST_CLIENTS):
                _, writer = await stack.enter_async_context(client(panel))
                writer.write(b" \n")
            reader, _ = await stack.enter_async_context(client(panel))
            assert "clients at once" in json.loads(await reader.readline())["error"]
        monkeypatch.setattr(server, "IDLE_S", 0.01)
        async with client(panel) as (reader, _):
            assert await reader.read() == b""

    played(tmp_path, scene)


def test_it_ends_with_clients_connected(tmp_path):
    """On Python 3.12 and later a server waits for its clients, which may never go."""

    async def scene(panel):
        async with client(panel) as (reader, writer):
            writer.write(b'{"ask":"watch"}\n')
            await reader.readline()
            panel.task.cancel()
            await asyncio.wait((panel.task,), timeout=2)
            assert panel.task.done()
            assert not panel.path.exists()

    played(tmp_path, scene)


# -- who may command ------------------------------------------------------------------------------------------------


def test_the_socket_is_for_owner_and_group(tmp_path):
    async def scene(panel):
        assert stat.S_IMODE(panel.path.stat().st_mode) == 0o660

    (tmp_path / "control.sock").write_text("left over")
    played(tmp_path, scene)


def test_a_socket_that_cannot_be_made(tmp_path):
    panel = Panel(tmp_path / "none" / "x", {}, {}, "")
    with pytest.raises(OSError, match="No such file"):
        asyncio.run(panel.run())


class FakePeer:
    def __init__(self, uid, gid):
        import struct

        self.packed = struct.pack("3i", 1, uid, gid)

    def get_extra_info(self, name):
        return SimpleNamespace(getsockopt=lambda level, option, size: self.packed)


@pytest.mark.parametrize(
    ("uid", "gid", "group", "may"),
    [
        (0, 0, "", True),
        (os.getuid(), 5, "", True),
        (4711, 4711, "", False),
        (4711, 0, "root", True),
        (4711, 4711, "root", False),
        (4711, 4711, "no-such-group", False),
    ],
)
def test_who_may_command(uid, gid, group, may, monkeypatch, tmp_path):
    if uid == os.getuid() == 0 and gid == 5:
        monkeypatch.setattr(os, "getuid", lambda: 1000)
        uid = 1000
    assert Panel(tmp_path, {}, {}, group)._may_command(FakePeer(uid, gid)) is may


@pytest.mark.parametrize(("group", "who"), [("", "root and the daemon's own user"), ("wheel", "group wheel")])
def test_others_are_told_who_may(group, who, tmp_path, monkeypatch):
    monkeypatch.setattr(Panel, "_may_command", lambda self, writer: False)

    async def scene(panel):
        retry, status = await asked(panel, {"ask": "retry", "id": 7}, {"ask": "status"})
        assert retry == {"ok": False, "error": f"only {who} may command the station"}
        assert status["ok"]

    played(tmp_path, scene, admin_group=group)


# -- status ---------------------------------------------------------------------------------------------------------


def test_the_status_of_a_station_and_of_a_charging_place():
    station = a_station()
    station.handle(GuardIs(True), 0.0)
    station.handle(VehicleIs(1, Vehicle.B), 1.0)
    station.handle(Metered(1, MeterSample(1.0, 5000.0, 0.0, (0.0,), (230.0,))), 1.0)
    station.handle(Tapped((1,), CARD, Known(cached=TokenInfo(Verdict.ACCEPTED))), 2.0)
    station.handle(ContactorIs(1, False), 3.0)
    place = connector_status(station.evses[1])
    assert place["token_masked"] == "...B2C3"
    assert place["transaction"]["id"] == "tx" and place["transaction"]["token_masked"] == "...B2C3"
    assert place["measured"]["energy_wh"] == 5000.0 and place["limit"]["amps"] == 16.0
    assert "04A1B2C3" not in json.dumps(place)
    whole = station_status(station, "1.0", "CP1", 3.4)
    assert (whole["guard"], whole["uptime_s"], whole["boot"], whole["faults"]) == (True, 3, 3, [])


def test_faults_come_with_help():
    station = a_station()
    station.handle(GuardIs(False), 0.0)
    faults = connector_status(station.evses[1])["faults"]
    assert faults[0]["id"] == "guard" and "log" in faults[0]["help"]
