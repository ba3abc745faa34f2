"""Modbus TCP: the real driver and the real pymodbus against a device that knows neither."""

import asyncio
from dataclasses import replace

import pytest

from drivers.modbus.endpoint import Endpoint, EndpointError
from drivers.modbus.map import load
from drivers.modbus.meter import ModbusMeter
from drivers.modbus.tcp import TcpLine
from hal_mock.tcp_meter import TcpMeter
from tests.drivers.support import recovered, run, unavailable, until
from tests.drivers.vectors import VECTORS

PATIENT_S, SHORT_S = 5.0, 0.1
ENERGY_WH = pytest.approx(VECTORS["we516"].sample.energy_wh)


def device(*units: int) -> TcpMeter:
    return TcpMeter({unit: VECTORS["we516"].table() for unit in units or (1,)})


def driver(at: TcpMeter, unit: int = 1, timeout_s: float = PATIENT_S) -> ModbusMeter:
    return ModbusMeter(TcpLine(at.endpoint, timeout_s), unit, load("we516"), 3)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("tcp://192.0.2.7", Endpoint("192.0.2.7", 502)),
        ("tcp://meter.local:1502", Endpoint("meter.local", 1502)),
        ("tcp://[2001:db8::7]:502", Endpoint("2001:db8::7", 502)),
    ],
)
def test_endpoints(text: str, endpoint: Endpoint) -> None:
    assert Endpoint.of(text) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        *("tcp://", "tcp://:502", "tcp://a:70000", "tcp://a:b", "tcp://a:0", "tcp://a/1", "tcp://u@a", "udp://a"),
        *("tcp://[::1", "tcp://a?x", "tcp://a#x", "a:502"),
    ],
)
def test_no_endpoints(text: str) -> None:
    with pytest.raises(EndpointError, match="tcp://host"):
        Endpoint.of(text)


FAULTS: list[tuple[dict[str, object], tuple[str, ...]]] = [
    ({"silent": True}, ("unit 1: no answer within 0.1 s", "behind the gateway")),
    ({"deaf": True}, ("connection was closed during a read", "one or two clients")),
    ({"answer_as": 9}, ("unit 9 answered", "check the address")),
    ({"garbage": bytes.fromhex("0104044366333408d5")}, ("9 bytes came that are no answer", "passes RTU through")),
    ({"late_s": 0.15}, ("no answer within",)),
]


@pytest.mark.parametrize(("faults", "words"), FAULTS)
def test_each_fault_has_its_sentence_and_passes(faults: dict[str, object], words: tuple[str, ...]) -> None:
    async def go() -> None:
        async with device() as there:
            meter = driver(there, timeout_s=SHORT_S)
            healthy = there.faults
            there.faults = replace(healthy, **faults)  # type: ignore[arg-type]
            with unavailable(*words):
                await meter.read()
            there.faults = healthy
            assert (await recovered(meter)).energy_wh == ENERGY_WH
            await meter.close()

    run(go())


@pytest.mark.parametrize("faults", [{"gap_s": 0.02}, {"late_s": 0.03}])
def test_a_slow_device_is_waited_for(faults: dict[str, float]) -> None:
    async def go() -> None:
        async with device() as there:
            there.faults = replace(there.faults, **faults)  # type: ignore[arg-type]
            meter = driver(there)
            assert (await meter.read()).energy_wh == ENERGY_WH
            await meter.close()

    run(go())


def test_one_connection_serves_all_meters_behind_a_gateway() -> None:
    async def go() -> None:
        async with device(3, 4) as gateway:
            line = TcpLine(gateway.endpoint, PATIENT_S)
            third, fourth, absent = (ModbusMeter(line, unit, load("we516"), 3) for unit in (3, 4, 5))
            for sample in await asyncio.gather(third.read(), fourth.read(), third.read()):
                assert sample.energy_wh == ENERGY_WH
            with unavailable("unit 5: refused", "exception 11", "gateway got no answer"):
                await absent.read()
            assert gateway.connections == 1
            for meter in (third, fourth, absent):
                await meter.close()

    run(go())


def test_a_silent_device_stays_silent_however_often_it_is_asked() -> None:
    async def go() -> None:
        async with device() as there:
            meter = driver(there, timeout_s=0.02)
            there.faults.silent = True
            for _ in range(6):
                with unavailable("no answer within 0.02 s"):
                    await meter.read()
            await meter.close()

    run(go())


def test_a_read_is_really_cancelled_and_the_next_one_is_right() -> None:
    async def go() -> None:
        async with device() as there:
            meter = driver(there)
            there.faults.late_s = 0.05
            polling = asyncio.create_task(meter.read())
            await until(lambda: bool(there.units[1].requests) or there.connections > 0)
            polling.cancel()
            await asyncio.wait([polling])
            assert polling.cancelled()
            there.faults.late_s = 0.0
            assert (await recovered(meter)).energy_wh == ENERGY_WH
            await meter.close()

    run(go())


def test_unplugged_and_plugged_in_again() -> None:
    async def go() -> None:
        async with device() as there:
            meter = driver(there, timeout_s=SHORT_S)
            await recovered(meter)
            await there.unplug()
            for _ in range(2):
                with unavailable("nobody took the connection|was closed during a read"):
                    await meter.read()
            with unavailable("nobody took the connection", "switched on"):
                await meter.read()
            await there.plug()
            assert (await recovered(meter)).energy_wh == ENERGY_WH
            await meter.close()
            assert asyncio.all_tasks() - {asyncio.current_task()} <= vars(there)["_clients"]

    run(go())
