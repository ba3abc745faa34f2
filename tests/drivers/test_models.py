"""Every shipped map through the real driver: a device that has the vector's registers and no others."""

import asyncio
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from chargepoint.hal import MeterIdentity, MeterSample
from drivers.modbus.map import load
from drivers.modbus.meter import ModbusMeter
from drivers.modbus.rtu import LineSettings, RtuLine
from drivers.modbus.tcp import TcpLine
from hal_mock.modbus_table import RegisterTable
from hal_mock.rtu_meter import RtuMeter
from hal_mock.tcp_meter import TcpMeter
from tests.drivers.support import HandClock, run, unavailable
from tests.drivers.vectors import ABB, VECTORS, Vector

PATIENT_S = 5.0


def same(sample: MeterSample, expected: MeterSample) -> bool:
    pairs = zip(astuple(sample), astuple(expected), strict=True)
    return all(got == pytest.approx(wanted) for got, wanted in pairs)


async def over_rtu(folder: Path, model: str, table: RegisterTable, unit: int) -> tuple[MeterSample, MeterIdentity]:
    async with RtuMeter(folder / "tty", unit=247, neighbours={unit: table}) as bus:
        meter = ModbusMeter(RtuLine(LineSettings(bus.port, timeout_s=PATIENT_S)), unit, load(model), 3, HandClock())
        told = await meter.read(), await meter.identify()
        await meter.close()
    return told


@pytest.mark.parametrize("model", VECTORS)
def test_vector_over_rtu(model: str, tmp_path: Path) -> None:
    vector = VECTORS[model]
    sample, identity = run(over_rtu(tmp_path, model, vector.table(), load(model).factory_unit))
    assert same(sample, vector.sample), sample
    assert identity == vector.identity
    assert load(model).factory_unit == vector.unit


@pytest.mark.parametrize("model", ["em24_e1", "abb_b23"])
def test_vector_over_tcp(model: str) -> None:
    async def go() -> None:
        async with TcpMeter({1: VECTORS[model].table()}) as device:
            meter = ModbusMeter(TcpLine(device.endpoint, PATIENT_S), 1, load(model), 3, HandClock())
            assert same(await meter.read(), VECTORS[model].sample)
            assert await meter.identify() == VECTORS[model].identity
            await meter.close()

    run(go())


def test_a_meter_that_refuses_its_identity_still_reads(tmp_path: Path) -> None:
    registers = {address: text for address, text in ABB.items() if address < 0x8900}
    vector = Vector({3: registers}, VECTORS["abb_b23"].sample)
    sample, identity = run(over_rtu(tmp_path, "abb_b23", vector.table(), 1))
    assert same(sample, vector.sample) and identity == MeterIdentity("ABB B23")


def test_what_is_not_available_is_not_told(tmp_path: Path) -> None:
    gone = {0x5004: "ff" * 8, 0x5B00: "000008fe ffffffff 00000906", 0x5B14: "7fffffff", 0x5B2C: "ffff", 0x5B3A: "7fff"}
    table = VECTORS["abb_b23"].table()
    for address, text in gone.items():
        table.put(3, address, bytes.fromhex(text))
    sample, _ = run(over_rtu(tmp_path, "abb_b23", table, 1))
    nothing = replace(
        VECTORS["abb_b23"].sample, export_wh=None, volts=(), power_w=None, frequency_hz=None, power_factor=None
    )
    assert same(sample, nothing), sample
    table.put(3, 0x5000, b"\xff" * 8)
    with unavailable("ABB B23 unit 1", "holds no number"):
        run(over_rtu(tmp_path, "abb_b23", table, 1))


def test_a_register_that_overflows_starts_again_and_is_told_as_it_is(tmp_path: Path) -> None:
    table = VECTORS["we514"].table()
    readings = []
    for text in ("fffffffe", "00000000", "00000001"):
        table.put(3, 0xA000, bytes.fromhex(text))
        readings.append(run(over_rtu(tmp_path, "we514", table, 1))[0].energy_wh)
    assert readings == pytest.approx([(2**32 - 2) * 10.0, 0.0, 10.0])


def test_a_model_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'title = "Mine"\nphases = 1\nfunction = 4\ntype = "uint16"\nword_order = "little"\nmost_gap = 0\n'
        '[quantity.energy_wh]\naddress = 10\ntype = "uint32"\nunit = "Wh"\nexponent = 9\n'
        '[quantity.volts]\naddress = 20\nunit = "V"\nscale = 0.1\n'
        '[identity.firmware]\naddress = 30\ntype = "text"\nregisters = 2\n'
    )
    table = Vector({4: {9: "0002 e2400001", 20: "08fc", 30: "56312e32"}}, VECTORS["sdm120"].sample).table()
    sample, identity = run(over_rtu(tmp_path, str(file), table, 9))
    assert same(sample, MeterSample(100.0, 12345600.0, volts=(230.0,)))
    assert identity == MeterIdentity("Mine", firmware="V1.2")


def test_several_models_on_one_bus(tmp_path: Path) -> None:
    models = {7: "em340", 8: "abb_b23", 33: "wm3m4"}

    async def go() -> None:
        neighbours = {unit: VECTORS[model].table() for unit, model in models.items()}
        async with RtuMeter(tmp_path / "tty", unit=1, baud=115200, neighbours=neighbours) as bus:
            line = RtuLine(LineSettings(bus.port, timeout_s=PATIENT_S))
            meters = {model: ModbusMeter(line, unit, load(model), 3, HandClock()) for unit, model in models.items()}
            samples = await asyncio.gather(*(meter.read() for meter in meters.values()))
            for model, sample in zip(meters, samples, strict=True):
                assert same(sample, VECTORS[model].sample), model
            for meter in meters.values():
                await meter.close()

    run(go())
