"""The daemon as a process, a vehicle at a simulated co-processor on a serial line: from plug to bill, and what happens
when either side stops in the middle."""

import asyncio
import signal
import sys

import pytest

from hal_mock.csms import Csms
from hal_mock.evse_din import EvseDinDevice
from hal_mock.openevse import OpenEvseDevice
from hal_mock.phoenix import PhoenixDevice
from hal_mock.smartevse import SmartEvseDevice
from tests.system.station import CONNECTOR, SETTINGS, Station, table

pytestmark = pytest.mark.slow


BOARDS = {
    "openevse": OpenEvseDevice,
    "evse-din": EvseDinDevice,
    "phoenix": PhoenixDevice,
    "smartevse3": SmartEvseDevice,
}


class WithCoprocessor(Station):
    """No mock world: the board is a co-processor, and every vehicle may charge."""

    def __init__(self, folder, url, board, device):
        super().__init__(folder, url)
        self.board, self.device = board, device

    def write_config(self):
        station = {"id": self.id, "state_dir": str(self.state_dir), "run_dir": str(self.run_dir)}
        lines = table("[station]", station)
        lines += table("[[backend]]", {"url": self.url, "versions": list(self.versions)})
        lines += table("[board]", {"name": self.board})
        lines += table("[authorization]", {"free_vending": True})
        lines += table("[[connector]]", CONNECTOR)
        lines += table("[connector.coprocessor]", {"port": self.device.port})
        lines += table("[settings]", SETTINGS)
        self.config.write_text("\n".join(lines) + "\n")

    async def plug_in(self):
        self.device.vehicle = "B"
        await self.connector(lambda each: each["transaction"] is not None)
        await self.wait(lambda: self.device.amps == CONNECTOR["max_amps"])
        self.device.vehicle = "C"
        await self.is_status("Charging")
        assert self.device.closed


def on_a_board(folder, scene, board="openevse"):
    async def go():
        async with asyncio.timeout(60), Csms(["ocpp1.6"]) as csms, BOARDS[board](folder / "ttyEvse") as device:
            async with WithCoprocessor(folder, csms.url, board, device) as cp:
                await scene(csms, cp, device)
            assert csms.conversation.violations == []
            assert csms.ledger.oddities == []

    asyncio.run(go())


@pytest.mark.parametrize("board", BOARDS)
def test_a_vehicle_charges_from_plug_to_bill(board, tmp_path):
    async def scene(csms, cp, device):
        await cp.online()
        await cp.is_status("Available")
        assert device.amps == 0 and not device.closed
        await cp.plug_in()
        device.vehicle = "B"
        await cp.is_status("SuspendedEV")
        device.vehicle = "C"
        await cp.is_status("Charging")
        device.vehicle = "A"
        await cp.is_status("Available")
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert tx.ended and tx.reason == "EVDisconnected"
        await cp.wait(lambda: device.amps == 0)
        assert "Faulted" not in str(csms.conversation.exchanges)

    on_a_board(tmp_path, scene, board)


def test_a_device_that_starts_anew_is_told_again(tmp_path):
    async def scene(csms, cp, device):
        await cp.plug_in()
        device.max_amps = 40
        device.reset()
        await cp.wait(lambda: device.amps == CONNECTOR["max_amps"])
        await cp.is_status("Charging")
        device.vehicle = "A"
        await cp.is_status("Available")
        device.reset()
        await cp.wait(lambda: device.amps == 0)

    on_a_board(tmp_path, scene)


def test_a_daemon_that_ends_opens_and_one_that_is_killed_leaves_it_to_the_device(tmp_path):
    async def scene(csms, cp, device):
        await cp.plug_in()
        await cp.stop()
        assert not device.closed and device.amps == 0
        await cp.start()
        await cp.is_status("Charging")
        await cp.stop(signal.SIGKILL)
        assert device.closed
        await cp.wait(lambda: device.amps == 6)
        assert device.closed
        argv = (sys.executable, "-P", "-m", "chargepoint", "safe-state", "--config", str(cp.config))
        assert await (await asyncio.create_subprocess_exec(*argv)).wait() == 0
        assert not device.closed and device.amps == 0
        await cp.start()
        await cp.connector(lambda each: each["transaction"] is not None)
        await cp.wait(lambda: device.amps == CONNECTOR["max_amps"])

    on_a_board(tmp_path, scene)


def test_a_cable_pulled_out_of_the_computer_is_a_fault_that_heals(tmp_path):
    async def scene(csms, cp, device):
        await cp.plug_in()
        device.unplug()
        await cp.is_status("Faulted")
        device.plug()
        await cp.is_status("Charging")

    on_a_board(tmp_path, scene)
