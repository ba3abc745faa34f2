import sys
from types import SimpleNamespace
from typing import Any

import pytest

from chargepoint.hal import PilotVolts
from drivers.gpio.adc import CHIPS, PAUSES_US, Divider, McpPilotSensor, open_spi
from drivers.gpio.plateaus import plateaus
from hal_mock.ev import VehicleCircuit
from hal_mock.pilot_wires import Converter, PilotWire
from tests.drivers.support import unavailable

B = VehicleCircuit(plugged=True)
C = VehicleCircuit(plugged=True, s2=True)
D = VehicleCircuit(plugged=True, s2=True, ventilated=True)


def sensor(
    duty: float | None, vehicle: VehicleCircuit = C, chip: str = "mcp3008", span: float = 12.0, **options: Any
) -> tuple[McpPilotSensor, Converter]:
    wire = PilotWire(lambda: duty, vehicle, noise_volts=options.pop("noise", 0.0))
    converter = Converter({3: wire.volts}, CHIPS[chip].bits, -span, span, **options)
    return McpPilotSensor(converter, CHIPS[chip], 3, Divider(-span, span)), converter


@pytest.mark.parametrize("chip", ["mcp3008", "mcp3208"])
@pytest.mark.parametrize(
    ("vehicle", "high"), [(VehicleCircuit(), 12.0), (B, 8.98), (C, 6.0), (D, 2.93), (VehicleCircuit(shorted=True), 0.0)]
)
def test_plateaus_of_every_vehicle_state(chip: str, vehicle: VehicleCircuit, high: float) -> None:
    volts = sensor(0.3, vehicle, chip)[0].read()
    assert volts.high == pytest.approx(high, abs=0.05)
    assert volts.low == pytest.approx(0.0 if vehicle.shorted else -12.0, abs=0.05)


@pytest.mark.parametrize(("duty", "volts"), [(1.0, 12.0), (0.0, -12.0), (None, 0.0)])
def test_a_steady_pilot_has_one_plateau(duty: float | None, volts: float) -> None:
    read = sensor(duty, VehicleCircuit())[0].read()
    assert (read.high, read.low) == pytest.approx((volts, volts), abs=0.02)


def test_a_missing_diode_shows_in_the_low_plateau() -> None:
    volts = sensor(0.3, VehicleCircuit(plugged=True, s2=True, diode=False))[0].read()
    assert volts.low == pytest.approx(-volts.high, abs=0.1)


@pytest.mark.parametrize("overhead_us", [3.0, 15.0, 31.0, 51.0, 60.0])
@pytest.mark.parametrize("duty", [0.1, 0.2667, 0.5333, 0.85, 0.96])
def test_every_phase_is_met_whatever_a_transfer_costs(duty: float, overhead_us: float) -> None:
    reader, converter = sensor(duty, overhead_us=overhead_us, noise=0.15)
    for start in range(10):
        converter.now_us = start * 7777.7
        volts = reader.read()
        assert volts.high == pytest.approx(6.0, abs=0.4) and volts.low == pytest.approx(-12.0, abs=0.4)


def test_the_step_never_settles_on_a_divisor_of_the_period() -> None:
    reader, converter = sensor(0.5)
    reader.read()
    steps = [b - a for a, b in zip(converter.sampled_at_us, converter.sampled_at_us[1:], strict=False)]
    assert len(PAUSES_US) == 160
    assert len({round(step) for step in steps if 90 < step < 140}) >= 5
    assert all(steps.count(step) < 10 for step in set(steps))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("unplugged", ("160 of 160 answers are not from an MCP3008", "MISO")),
        ("shorted", ("reads 0 in all of 160 samples", "reference voltage")),
        ("broken", ("SPI bus refuses",)),
    ],
)
def test_a_dead_converter_is_told_from_a_pilot(fault: str, words: tuple[str, ...]) -> None:
    reader, converter = sensor(0.3, span=15.0)
    setattr(converter, fault, True)
    with unavailable(*words):
        reader.read()


def test_full_scale_is_no_pilot_where_the_divider_has_room() -> None:
    converter = Converter({0: lambda at_us: 40.0}, volts_at_zero=-15, volts_at_full=15)
    with unavailable("full scale"):
        McpPilotSensor(converter, CHIPS["mcp3008"], 0, Divider(-15, 15)).read()


def test_a_divider_without_room_must_believe_its_rails() -> None:
    assert sensor(0.0, VehicleCircuit(), span=12.0)[0].read().high == -12.0


def test_only_this_channel_is_asked() -> None:
    for chip in CHIPS.values():
        asked = [chip.request(channel) for channel in range(8)]
        volts = {channel: (lambda at_us, level=channel: float(level)) for channel in range(8)}
        converter = Converter(volts, chip.bits, 0.0, 8.0)
        read = [chip.decode(converter.xfer2(request)) for request in asked]
        assert [round((value or 0) / chip.full * 8) for value in read] == list(range(8))


def test_has_nothing_to_wait_for_and_gives_the_bus_back() -> None:
    reader, converter = sensor(0.3)
    assert reader.wake_fd() is None
    reader.release()
    assert converter.closed


@pytest.mark.parametrize(
    ("volts", "expected"),
    [
        ([6.0] * 5 + [-12.0] * 20, PilotVolts(6.0, -12.0)),
        ([6.0] * 5 + [2.0, -5.0] + [-12.0] * 20, PilotVolts(6.0, -12.0)),  # caught on the edges
        ([9.0] * 5 + [6.0] * 5 + [-12.0] * 20, PilotVolts(9.0, -12.0)),  # S2 closed within the burst
        ([6.0] * 5 + [-12.0] * 20 + [13.9], PilotVolts(6.0, -12.0)),  # a spike
    ],
)
def test_stragglers_count_for_nothing(volts: list[float], expected: PilotVolts) -> None:
    assert plateaus(volts) == expected


@pytest.mark.parametrize("volts", [[-12 + 0.15 * n for n in range(160)], [3.0 * n for n in range(8)]])
def test_noise_is_no_plateau(volts: list[float]) -> None:
    with unavailable("no plateau"):
        plateaus(volts)


def test_spidev_is_asked_for_only_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spidev", None)
    with unavailable("python3-spidev"):
        open_spi(0, 0)


def test_a_bus_that_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    device = SimpleNamespace(open=lambda bus, device: None)
    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=lambda: device))
    assert open_spi(0, 1) is device and device.mode == 0


def test_a_bus_that_does_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(bus: int, device: int) -> None:
        raise FileNotFoundError("No such file or directory")

    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=lambda: SimpleNamespace(open=refuse)))
    with unavailable("/dev/spidev0.1", "dtparam=spi=on"):
        open_spi(0, 1)
