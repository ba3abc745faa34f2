"""What every hal.Coprocessor must do, over the fake and over each driver with a simulated board at the far end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from chargepoint.config.schema import CoprocessorSettings
from chargepoint.hal import Coprocessor, CoprocessorOrder, CoprocessorSeen, DeviceUnavailable
from drivers.coprocessor.recipes import RECIPES
from hal_mock.evse_din import EvseDinDevice
from hal_mock.fake_coprocessor import FakeCoprocessor
from hal_mock.openevse import OpenEvseDevice
from hal_mock.phoenix import PhoenixDevice
from hal_mock.smartevse import SmartEvseDevice
from tests.drivers.support import run

OFF, PAUSE = CoprocessorOrder(enabled=False), CoprocessorOrder(enabled=True)
OFFER = CoprocessorOrder(True, 16.0)
LESS = CoprocessorOrder(True, 10.0)
TIMEOUT_S = 0.1


class Device(Protocol):
    """The board's side, as a test sees it."""

    vehicle: str
    faults: Any

    @property
    def amps(self) -> float: ...

    @property
    def closed(self) -> bool: ...

    def reset(self) -> None: ...


@dataclass
class Bench:
    coprocessor: Coprocessor
    device: Device
    breaks: Callable[[str], None]
    """Makes it find this fault."""

    async def looked(self, order: CoprocessorOrder) -> CoprocessorSeen:
        """What it tells once it has come to rest under ``order``."""
        for _ in range(3):
            await self.coprocessor.drive(order)
            seen = await self.coprocessor.look()
        return seen


Make = Callable[[Path], AbstractAsyncContextManager[Bench]]


@asynccontextmanager
async def fake(folder: Path) -> AsyncIterator[Bench]:
    device = FakeCoprocessor()
    yield Bench(device, device, lambda fault: device.troubles.update({fault: "found by its self test"}))


@asynccontextmanager
async def driven(kind: str, device: Any, breaks: Callable[[str], None]) -> AsyncIterator[Bench]:
    async with device:
        settings = CoprocessorSettings(device.port, timeout_s=TIMEOUT_S)
        (coprocessor,) = RECIPES[kind]([settings])
        yield Bench(coprocessor, device, breaks)
        await coprocessor.close()


def openevse(folder: Path) -> AbstractAsyncContextManager[Bench]:
    device = OpenEvseDevice(folder / "tty")
    return driven("openevse", device, lambda fault: setattr(device, "fault", {"diode": 5, "ground": 6}[fault]))


def evse_din(**how: Any) -> Make:
    def made(folder: Path) -> AbstractAsyncContextManager[Bench]:
        device = EvseDinDevice(folder / "tty", **how)
        return driven("evse-din", device, lambda fault: setattr(device, "trouble", {"diode": 2, "ground": 32}[fault]))

    return made


def phoenix(**how: Any) -> Make:
    def made(folder: Path) -> AbstractAsyncContextManager[Bench]:
        device = PhoenixDevice(folder / "tty", **how)
        bits = {"diode": 1 << 12, "ground": 1 << 14}
        return driven("phoenix", device, lambda fault: setattr(device, "errors", bits[fault]))

    return made


def smartevse(folder: Path) -> AbstractAsyncContextManager[Bench]:
    device = SmartEvseDevice(folder / "tty")
    return driven("smartevse3", device, lambda fault: setattr(device, "error", {"ground": 16}[fault]))


ALL = [
    pytest.param(fake, id="fake"),
    pytest.param(openevse, id="openevse"),
    pytest.param(evse_din(), id="evse-din"),
    pytest.param(evse_din(fine=True), id="evse-din-0.01A"),
    pytest.param(evse_din(old=True, firmware=12), id="evse-din-old"),
    pytest.param(phoenix(), id="phoenix"),
    pytest.param(phoenix(available_by=2), id="phoenix-F"),
    pytest.param(smartevse, id="smartevse3"),
]
each_of = pytest.mark.parametrize("make", ALL)
naming = pytest.mark.parametrize("make", [one for one in ALL if one.id != "evse-din-old"])


@each_of
def test_disabled_it_offers_nothing_and_stays_open(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            bench.device.vehicle = "C"
            seen = await bench.looked(OFF)
            assert bench.device.amps == 0 and not bench.device.closed
            assert not seen.closed and not seen.offered_amps

    run(go())


@each_of
@pytest.mark.parametrize("vehicle", ["A", "B"])
def test_paused_it_tells_who_is_there(make: Make, vehicle: str, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            bench.device.vehicle = vehicle
            seen = await bench.looked(PAUSE)
            assert bench.device.amps == 0
            assert (seen.vehicle, bool(seen.closed), seen.faults) == (vehicle, False, {})

    run(go())


@each_of
def test_an_offer_is_made_and_changed_and_the_vehicle_served(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            bench.device.vehicle = "B"
            seen = await bench.looked(OFFER)
            assert (bench.device.amps, seen.vehicle, bool(seen.closed)) == (16, "B", False)
            bench.device.vehicle = "C"
            seen = await bench.looked(LESS)
            assert bench.device.closed and bench.device.amps == 10
            assert (seen.vehicle, seen.closed in (True, None), seen.offered_amps) == ("C", True, 10.0)

    run(go())


@each_of
def test_disabling_opens_at_once_under_load(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            bench.device.vehicle = "C"
            await bench.looked(OFFER)
            assert bench.device.closed
            await bench.coprocessor.drive(OFF)
            assert (bench.device.closed, bench.device.amps) == (False, 0)

    run(go())


@each_of
def test_a_reset_is_noticed_and_the_order_given_again(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            for order, amps in ((LESS, 10), (PAUSE, 0), (OFF, 0)):
                bench.device.vehicle = "B"
                await bench.looked(order)
                bench.device.reset()
                await bench.looked(order)
                assert bench.device.amps == amps, order

    run(go())


@naming
def test_its_own_fault_has_a_name(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            bench.device.vehicle = "B"
            bench.breaks("ground")
            seen = await bench.looked(OFFER)
            assert set(seen.faults) == {"ground"} and seen.faults["ground"]
            assert bench.device.amps == 0 and not seen.closed

    run(go())


@each_of
def test_silence_is_told_and_passes(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            await bench.looked(PAUSE)
            bench.device.faults.silent = True
            for ask in (bench.coprocessor.look, lambda: bench.coprocessor.drive(OFFER)):
                with pytest.raises(DeviceUnavailable, match=r".+: .+"):
                    await ask()
            bench.device.faults.silent = False
            bench.device.vehicle = "B"
            assert (await recovered(bench, PAUSE)).vehicle == "B"

    run(go())


@each_of
def test_a_cancelled_question_harms_nothing(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            bench.device.vehicle = "B"
            asking = asyncio.create_task(bench.coprocessor.look())
            await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            assert (await recovered(bench, PAUSE)).vehicle == "B"

    run(go())


@each_of
def test_it_says_what_it_is_and_can_be_closed_twice(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path) as bench:
            assert bench.coprocessor.name
            assert bench.coprocessor.watchdog_s is None or bench.coprocessor.watchdog_s > 0
            await bench.coprocessor.beat()
            await bench.coprocessor.close()
            await bench.coprocessor.close()

    run(go())


async def recovered(bench: Bench, order: CoprocessorOrder) -> CoprocessorSeen:
    while True:
        try:
            return await bench.looked(order)
        except DeviceUnavailable:
            await asyncio.sleep(0.01)
