"""The real driver, the real pymodbus and a pty, against a meter that knows neither."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from chargepoint.hal import DeviceUnavailable, MeterIdentity, MeterSample
from drivers.modbus.client import cancellable
from drivers.modbus.map import load, parse
from drivers.modbus.meter import ModbusMeter
from drivers.modbus.rtu import LineSettings, RtuLine, why_closed
from hal_mock.rtu_meter import RtuMeter, crc16
from tests.drivers.support import HandClock, recovered, run, unavailable, until

PATIENT_S, SHORT_S = 5.0, 0.1


def settings(meter: RtuMeter, **changes: object) -> LineSettings:
    return replace(LineSettings(meter.port, timeout_s=PATIENT_S), **changes)  # type: ignore[arg-type]


def driver(meter: RtuMeter, model: str = "sdm630", phases: int = 3, **changes: object) -> ModbusMeter:
    return ModbusMeter(RtuLine(settings(meter, **changes)), meter.unit, load(model), phases, HandClock())


def a_meter(tmp_path: Path, **options: object) -> RtuMeter:
    quantities = {"volts": (230.0, 231.0, 229.0), "amps": (16.0, 8.0, 4.0), "import_kwh": 1234.5, "export_kwh": 0.75}
    quantities["imports_kwh"] = (1.0, 0.5, 0.25)
    return RtuMeter(tmp_path / "ttyMeter", **{**quantities, **options})  # type: ignore[arg-type]


def test_the_stand_in_speaks_as_the_manual_does() -> None:
    assert crc16(bytes.fromhex("010400000002")) == bytes.fromhex("71cb")  # Eastron SDM630 protocol, first example
    assert crc16(bytes.fromhex("01040443663334")) == bytes.fromhex("1b38")


def test_a_sample_of_a_three_phase_meter(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = driver(meter)
            assert await reader.read() == MeterSample(
                measured_at=100.0,
                energy_wh=1234500.0,
                power_w=230 * 16 + 231 * 8 + 229 * 4,
                amps=(16.0, 8.0, 4.0),
                volts=(230.0, 231.0, 229.0),
                powers_w=(3680.0, 1848.0, 916.0),
                export_wh=750.0,
                frequency_hz=50.0,
                power_factor=1.0,
                energies_wh=(1000.0, 500.0, 250.0),
            )
            assert len(meter.requests) == 3
            await reader.close()

    run(go())


@pytest.mark.parametrize("model", ["sdm120", "sdm630"])
def test_only_the_phases_wired_are_told(tmp_path: Path, model: str) -> None:
    async def go() -> None:
        async with a_meter(tmp_path, amps=(10.0, 0.0, 0.0)) as meter:
            reader = driver(meter, model, phases=1)
            sample = await reader.read()
            assert (sample.volts, sample.amps, sample.powers_w) == ((230.0,), (10.0,), (2300.0,))
            assert (sample.power_w, sample.energy_wh) == (2300.0, 1234500.0)
            await reader.close()

    run(go())


def test_a_healthy_meter_is_asked_without_pauses(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = driver(meter, timeout_s=60.0)
            for _ in range(3):
                await reader.read()
            meter.faults.exception = 2
            for _ in range(2):
                with unavailable("exception 2"):
                    await reader.read()
            await reader.close()

    run(go())


def test_identity(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path, serial=4000000001) as meter:
            reader = driver(meter)
            assert await reader.identify() == MeterIdentity("Eastron SDM630", "4000000001")
            await reader.close()

    run(go())


def test_measured_when_the_energy_arrived_and_never_restamped(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            clock = iter([7.0, 8.0])
            reader = ModbusMeter(RtuLine(settings(meter)), 1, load("sdm630"), 3, clock.__next__)
            assert [(await reader.read()).measured_at for _ in range(2)] == [7.0, 8.0]
            await reader.close()

    run(go())


FAULTS: list[tuple[dict[str, object], tuple[str, ...]]] = [
    ({"silent": True}, ("ttyMeter unit 1: no answer within 0.1 s", "wires A and B")),
    ({"bad_crc": True}, ("no valid frame", "01 04", "baud")),
    ({"exception": 2}, ("unit 1: refused 18 registers from 0x0000 with exception 2", "register map")),
    ({"exception": 12}, ("exception 12 .see its manual",)),
    ({"answer_as": 9}, ("begins like an answer of unit 9", "check the address")),
    ({"short": 2}, ("answered 16 registers where 18", "late answer")),
    ({"silent": True, "echo": True}, ("only our own request came back", "meter is silent")),
    ({"echo": True}, ("came back in front of the answer", "local_echo = true")),
    ({"late_s": 0.15}, ("no answer within",)),
]


@pytest.mark.parametrize(("faults", "words"), FAULTS)
def test_each_fault_has_its_sentence_and_passes(
    tmp_path: Path, faults: dict[str, object], words: tuple[str, ...]
) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = driver(meter, timeout_s=SHORT_S)
            meter.faults = replace(meter.faults, **faults)  # type: ignore[arg-type]
            with unavailable(*words):
                await reader.read()
            meter.faults = replace(meter.faults, **dict.fromkeys(faults, 0))  # type: ignore[arg-type]
            assert (await recovered(reader)).volts == (230.0, 231.0, 229.0)
            await reader.close()

    run(go())


def test_another_unit_is_silence(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = ModbusMeter(RtuLine(settings(meter, timeout_s=SHORT_S)), 2, load("sdm630"), 3)
            with unavailable("unit 2: no answer"):
                await reader.read()
            await reader.close()

    run(go())


@pytest.mark.parametrize("faults", [{"gap_s": 0.02}, {"late_s": 0.03}])
def test_a_slow_meter_is_waited_for(tmp_path: Path, faults: dict[str, float]) -> None:
    async def go() -> None:
        async with a_meter(tmp_path, baud=115200) as meter:
            meter.faults = replace(meter.faults, **faults)  # type: ignore[arg-type]
            reader = driver(meter)
            assert (await reader.read()).energy_wh == 1234500.0
            await reader.close()

    run(go())


def test_an_adapter_that_hears_itself(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            meter.faults.echo = True
            reader = driver(meter, local_echo=True)
            for _ in range(3):
                assert (await reader.read()).energy_wh == 1234500.0
            await reader.close()

    run(go())


def test_a_late_answer_is_never_booked_for_the_next_question(tmp_path: Path) -> None:
    """Two equal requests but for the address: only waiting can tell the answers apart."""
    table = {"phases": 1, "function": 4, "type": "float32", "most_gap": 0}
    quantity = {"volts": {"address": 0x0000, "unit": "V"}, "energy_wh": {"address": 0x0048, "unit": "kWh"}}
    registers = parse({**table, "quantity": quantity}, "late")

    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = ModbusMeter(RtuLine(settings(meter, timeout_s=SHORT_S)), 1, registers, 1)
            for late_s in (0.11, 0.15, 0.19):
                meter.faults.late_s = late_s
                with unavailable("no answer"):
                    await reader.read()
                meter.faults.late_s = 0.0
                sample = await recovered(reader)
                assert (sample.volts, sample.energy_wh) == ((230.0,), 1234500.0)
            await reader.close()

    run(go())


def test_a_read_is_really_cancelled_and_the_next_one_is_right(tmp_path: Path) -> None:
    """pymodbus 3.9.2 to 3.15.0 turned a cancellation into a ModbusIOException, and a poll loop went on for ever."""

    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = driver(meter, timeout_s=SHORT_S)
            meter.faults.late_s = 0.05
            polling = asyncio.create_task(reader.read())
            await until(lambda: bool(meter.requests))
            polling.cancel()
            await asyncio.wait([polling])
            assert polling.cancelled()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await reader.read()
            meter.faults.late_s = 0.0
            assert (await recovered(reader)).energy_wh == 1234500.0
            await reader.close()

    run(go())


def test_a_cancellation_that_arrives_with_the_answer_is_kept() -> None:
    async def eats_it(answer: "asyncio.Future[int]") -> int:
        try:
            return await answer
        except asyncio.CancelledError:
            return answer.result()

    async def go() -> None:
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(cancellable(eats_it(answer)))
        await asyncio.sleep(0)
        answer.set_result(1)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert await cancellable(eats_it(answer)) == 1

    run(go())


def test_two_meters_share_one_line(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            line = RtuLine(settings(meter))
            first, second = (ModbusMeter(line, 1, load(model), 1) for model in ("sdm630", "sdm120"))
            samples = await asyncio.gather(*(reader.read() for reader in (first, second) * 3))
            assert {sample.energy_wh for sample in samples} == {1234500.0}
            await first.close()
            await first.close()
            with unavailable("closed by us"):
                await first.read()
            assert (await second.read()).energy_wh == 1234500.0
            await second.close()

    run(go())


def test_unplugged_and_plugged_in_again(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = driver(meter, timeout_s=SHORT_S)
            await recovered(reader)
            meter.unplug()
            with unavailable("port went away|the port does not exist"):
                await reader.read()
            with unavailable("the port does not exist", "/dev/serial/by-id"):
                await reader.read()
            meter.plug()
            assert (await recovered(reader)).energy_wh == 1234500.0
            await reader.close()

    run(go())


def test_unplugged_in_the_middle_of_a_read(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = driver(meter, timeout_s=SHORT_S)
            meter.faults.silent = True
            reading = asyncio.create_task(reader.read())
            await until(lambda: bool(meter.requests))
            meter.unplug()
            with unavailable("port went away during a read"):
                await reading
            await reader.close()

    run(go())


def test_nobody_opens_a_port_that_another_program_holds(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            first, second = driver(meter), driver(meter)
            await first.read()
            with unavailable("another program holds it"):
                await second.read()
            await first.close()
            assert (await second.read()).energy_wh == 1234500.0
            await second.close()

    run(go())


def test_no_task_is_left_behind(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = driver(meter, timeout_s=SHORT_S)
            await recovered(reader)
            meter.unplug()
            with pytest.raises(DeviceUnavailable):
                await reader.read()
            assert asyncio.all_tasks() == {asyncio.current_task()}
            await reader.close()

    run(go())


def test_a_meter_without_energy_is_of_no_use(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path, import_kwh=float("nan"), frequency_hz=float("nan")) as meter:
            reader = driver(meter)
            with unavailable("energy register holds no number"):
                await reader.read()
            meter.import_kwh = 1.0
            meter.volts = (230.0, float("nan"), 230.0)
            sample = await reader.read()
            assert (sample.frequency_hz, sample.volts, sample.amps) == (None, (), (16.0, 8.0, 4.0))
            await reader.close()

    run(go())


def test_a_jump_of_the_register_is_told_as_it_is(tmp_path: Path) -> None:
    async def go() -> None:
        async with a_meter(tmp_path) as meter:
            reader = driver(meter)
            meter.jump(-1234.0)
            assert (await reader.read()).energy_wh == 500.0
            await reader.close()

    run(go())


def test_why_a_port_does_not_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "does not exist" in why_closed(str(tmp_path / "nothing"))
    assert "another program" in why_closed(str(tmp_path))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "dialout" in why_closed(str(tmp_path))
