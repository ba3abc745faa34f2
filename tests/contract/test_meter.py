"""What every hal.Meter must do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chargepoint import hal
from drivers.modbus.map import load
from drivers.modbus.meter import ModbusMeter
from drivers.modbus.rtu import LineSettings, RtuLine
from drivers.modbus.tcp import TcpLine
from hal_mock.fakes import FakeMeter
from hal_mock.rtu_meter import RtuMeter
from hal_mock.tcp_meter import TcpMeter
from hal_mock.wires import Switch, Wired, Wires
from tests.drivers.support import HandClock, recovered, run
from tests.drivers.vectors import VECTORS


@dataclass
class Bench:
    """A meter, what its display is told to show, and a switch that silences it."""

    meter: hal.Meter
    clock: HandClock
    show: Callable[[float, tuple[float, ...]], None]
    silence: Callable[[bool], None]


Make = Callable[[Path, int], AbstractAsyncContextManager[Bench]]


@asynccontextmanager
async def fake(folder: Path, phases: int) -> AsyncIterator[Bench]:
    clock, wires = HandClock(), Wires.blank(Wired(phases))
    line = wires.connector(1)

    def show(energy_wh: float, amps: tuple[float, ...]) -> None:
        line.show(hal.MeterSample(clock.now, energy_wh, 230.0 * sum(amps), amps, (230.0,) * phases))

    yield Bench(FakeMeter(wires, 1, clock), clock, show, lambda on: line.turn_switch(Switch.SILENT, on))


def modbus(model: str, timeout_s: float = 5.0) -> Make:
    @asynccontextmanager
    async def made(folder: Path, phases: int) -> AsyncIterator[Bench]:
        clock = HandClock()
        async with RtuMeter(folder / "ttyMeter") as device:

            def show(energy_wh: float, amps: tuple[float, ...]) -> None:
                device.import_kwh, device.amps = energy_wh / 1000.0, (*amps, 0.0, 0.0)[:3]  # type: ignore[assignment]

            def silence(on: bool) -> None:
                device.faults.silent = on

            line = RtuLine(LineSettings(device.port, timeout_s=timeout_s))
            meter = ModbusMeter(line, 1, load(model), phases, clock)
            yield Bench(meter, clock, show, silence)
            await meter.close()

    return made


@asynccontextmanager
async def tcp(folder: Path, phases: int, timeout_s: float = 5.0) -> AsyncIterator[Bench]:
    clock, table = HandClock(), VECTORS["sdm72v2"].table()
    async with TcpMeter({1: table}) as device:

        def show(energy_wh: float, amps: tuple[float, ...]) -> None:
            for phase, current in enumerate(amps):
                table.put_float(4, 0x0000 + 2 * phase, 230.0)
                table.put_float(4, 0x0006 + 2 * phase, current)
            table.put_float(4, 0x0034, 230.0 * sum(amps))
            table.put_float(4, 0x0048, energy_wh / 1000.0)

        def silence(on: bool) -> None:
            device.faults.silent = on

        meter = ModbusMeter(TcpLine(device.endpoint, timeout_s), 1, load("sdm72v2"), phases, clock)
        yield Bench(meter, clock, show, silence)
        await meter.close()


def tcp_short(folder: Path, phases: int) -> AbstractAsyncContextManager[Bench]:
    return tcp(folder, phases, 0.1)


METERS = [
    pytest.param(fake, 3, id="fake"),
    pytest.param(fake, 1, id="fake-1ph"),
    pytest.param(tcp, 3, id="tcp"),
    pytest.param(tcp, 1, id="tcp-1ph"),
    *[pytest.param(modbus(model), 3, id=model) for model in ("sdm630", "sdm72v2")],
    *[pytest.param(modbus(model), 1, id=f"{model}-1ph") for model in ("sdm630", "sdm120", "sdm220", "sdm230")],
]
SILENCED = [
    pytest.param(fake, id="fake"),
    pytest.param(tcp_short, id="tcp"),
    pytest.param(modbus("sdm630", 0.1), id="sdm630"),
]
AMPS = (16.0, 8.0, 4.0)


@pytest.mark.parametrize(("make", "phases"), METERS)
def test_a_sample_is_what_the_display_shows(make: Make, phases: int, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path, phases) as bench:
            amps = AMPS[:phases]
            bench.show(1500.0, amps)
            sample = await bench.meter.read()
            assert sample.energy_wh == pytest.approx(1500.0)
            assert sample.amps == pytest.approx(amps)
            assert sample.volts == pytest.approx((230.0,) * phases)
            assert sample.power_w == pytest.approx(230.0 * sum(amps))

    run(go())


@pytest.mark.parametrize(("make", "phases"), METERS)
def test_a_sample_carries_when_it_was_measured(make: Make, phases: int, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path, phases) as bench:
            stamps = []
            for _ in range(3):
                bench.clock.now += 1.0
                bench.show(1.0, AMPS[:phases])
                sample = await bench.meter.read()
                bench.clock.now += 0.5
                stamps.append(bench.clock.now - sample.measured_at)
            assert stamps == [0.5, 0.5, 0.5]

    run(go())


@pytest.mark.parametrize("make", SILENCED)
def test_silence_is_told_and_passes(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path, 3) as bench:
            bench.show(1.0, AMPS)
            bench.silence(True)
            for ask in (bench.meter.read, bench.meter.identify):
                with pytest.raises(hal.DeviceUnavailable, match=r"meter .* answer"):
                    await ask()
            bench.silence(False)
            assert (await recovered(bench.meter)).energy_wh == pytest.approx(1.0)

    run(go())


@pytest.mark.parametrize(("make", "phases"), METERS)
def test_knows_who_it_is(make: Make, phases: int, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path, phases) as bench:
            identity = await bench.meter.identify()
            assert identity.model and identity.serial
            assert await bench.meter.identify() == identity

    run(go())


@pytest.mark.parametrize("make", SILENCED)
def test_a_cancelled_read_harms_nothing(make: Make, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path, 3) as bench:
            bench.show(7.0, AMPS)
            reading = asyncio.create_task(bench.meter.read())
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait([reading])
            assert (await recovered(bench.meter)).energy_wh == pytest.approx(7.0)

    run(go())


@pytest.mark.parametrize(("make", "phases"), METERS)
def test_the_register_is_told_as_it_is_even_backwards(make: Make, phases: int, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path, phases) as bench:
            for energy_wh in (5000.0, 0.0, 5000.0):
                bench.show(energy_wh, AMPS[:phases])
                assert (await bench.meter.read()).energy_wh == energy_wh

    run(go())


@pytest.mark.parametrize(("make", "phases"), METERS)
def test_can_be_closed_twice(make: Make, phases: int, tmp_path: Path) -> None:
    async def go() -> None:
        async with make(tmp_path, phases) as bench:
            await bench.meter.close()
            await bench.meter.close()

    run(go())
