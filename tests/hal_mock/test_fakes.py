"""The HAL over a page within one process, with a clock turned by hand."""

import asyncio
import os
import select
from pathlib import Path

import pytest

from chargepoint.hal import DeviceUnavailable, Injected, Light, MeterSample, PilotVolts, Tap
from hal_mock.ev import VehicleCircuit
from hal_mock.events import MAX_WAITING, Events
from hal_mock.fakes import (
    LIGHTS,
    WORLD_SILENT_S,
    FakeContactor,
    FakeEnable,
    FakeHints,
    FakeInput,
    FakeLights,
    FakeLock,
    FakeMeter,
    FakePilot,
    FakePilotSensor,
    FakeProximity,
    FakeReader,
)
from hal_mock.wires import ENDED, Switch, Wired, Wires
from tests.hal_mock.worlds import run


class Hand:
    """A clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_pilot_and_sensor_meet_in_the_circuit() -> None:
    wires = Wires.blank()
    pilot, sensor = FakePilot(wires, 1), FakePilotSensor(wires, 1)
    assert sensor.read() == PilotVolts(-12.0, -12.0)
    pilot.steady()
    assert sensor.read() == PilotVolts(12.0, 12.0)
    pilot.pwm(0.25)
    wires.connector(1).vehicle = VehicleCircuit(plugged=True)
    assert sensor.read().high == pytest.approx(9.0, abs=0.1)
    assert sensor.read().low == -12.0
    pilot.error()
    assert sensor.read() == PilotVolts(-12.0, -12.0)
    assert sensor.wake_fd() is None


@pytest.mark.parametrize("duty", [-0.1, 1.1, float("nan")])
def test_a_duty_beyond_the_scale_is_a_mistake(duty: float) -> None:
    with pytest.raises(ValueError, match="share"):
        FakePilot(Wires.blank(), 1).pwm(duty)


def test_noise_is_bounded_and_repeatable() -> None:
    wires = Wires.blank()
    FakePilot(wires, 1).pwm(0.5)

    def readings() -> list[PilotVolts]:
        sensor = FakePilotSensor(wires, 1, noise_volts=0.2)
        return [sensor.read() for _ in range(50)]

    first = readings()
    assert first == readings()
    assert len({reading.high for reading in first}) > 10
    assert all(abs(reading.high - 12.0) <= 0.2 and abs(reading.low + 12.0) <= 0.2 for reading in first)


def test_the_sensor_wakes_and_drains(tmp_path: Path) -> None:
    path = str(tmp_path / "wake")
    sensor = FakePilotSensor(Wires.blank(), 1, path)
    fd = sensor.wake_fd()
    assert fd is not None
    assert select.select([fd], [], [], 0)[0] == []
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.write(writer, b"!")
    os.close(writer)
    assert select.select([fd], [], [], 1)[0] == [fd]
    sensor.read()
    assert select.select([fd], [], [], 0)[0] == [], "drained, and no hang-up though the writer is gone"
    sensor.close()
    sensor.close()


def test_a_contactor_needs_its_lease_and_its_pulses() -> None:
    wires, hand = Wires.blank(), Hand()
    contactor, enable = FakeContactor(wires, 1, hand), FakeEnable(wires, 1, hand)
    contactor.close(1.0)
    assert not contactor.is_closed()
    enable.pulse()
    assert contactor.is_closed()
    hand.now += 0.11
    assert not contactor.is_closed(), "the pulses stopped"
    enable.pulse()
    assert contactor.is_closed()
    contactor.open()
    assert not contactor.is_closed()
    contactor.close(0.05)
    hand.now += 0.06
    enable.pulse()
    assert not contactor.is_closed(), "the lease is over"


def test_mechanical_faults_are_seen_by_the_mirror_contact() -> None:
    wires, hand = Wires.blank(Wired(enable=False)), Hand()
    contactor = FakeContactor(wires, 1, hand)
    contactor.close(1.0)
    wires.connector(1).turn_switch(Switch.STUCK, True)
    assert not contactor.is_closed()
    wires.connector(1).turn_switch(Switch.STUCK, False)
    wires.connector(1).turn_switch(Switch.WELDED, True)
    contactor.open()
    assert contactor.is_closed()


def test_inputs() -> None:
    wires = Wires.blank()
    door = FakeInput(wires, 1, "door")
    wires.connector(1).set_interlock("tilt", True)
    assert not door.is_active()
    wires.connector(1).set_interlock("door", True)
    assert door.is_active()


def test_the_meter_gives_what_was_shown_and_when() -> None:
    async def go() -> None:
        wires = Wires.blank()
        meter = FakeMeter(wires, 1)
        sample = MeterSample(5.0, 1234.5, 690.0, (1.0, 1.0, 1.0), (230.0, 230.0, 230.0))
        wires.connector(1).show(sample)
        assert await meter.read() == sample
        assert (await meter.identify()).serial == "MOCK0001"
        wires.connector(1).turn_switch(Switch.SILENT, True)
        with pytest.raises(DeviceUnavailable, match="silent"):
            await meter.read()
        with pytest.raises(DeviceUnavailable, match="silent"):
            await meter.identify()
        await meter.close()

    run(go())


def test_a_world_that_is_gone_is_no_reading() -> None:
    wires, hand = Wires.blank(), Hand()
    sensor, meter = FakePilotSensor(wires, 1, mono=hand), FakeMeter(wires, 1, hand)
    wires.head.alive_at = hand.now
    sensor.read()
    hand.now += WORLD_SILENT_S + 0.1
    with pytest.raises(DeviceUnavailable, match=r"5\.1 s"):
        sensor.read()
    with pytest.raises(DeviceUnavailable, match="silent"):
        asyncio.run(meter.read())
    wires.head.alive_at = ENDED
    with pytest.raises(DeviceUnavailable, match="ended"):
        sensor.read()


def test_lock_proximity_and_lights() -> None:
    async def go() -> None:
        wires = Wires.blank(Wired(lock=True))
        line = wires.connector(1)
        lock, proximity = FakeLock(wires, 1), FakeProximity(wires, 1)
        await lock.engage()
        assert await lock.is_engaged()
        await lock.release()
        assert not await lock.is_engaged()
        line.turn_switch(Switch.JAMMED, True)
        await lock.engage()
        assert not await lock.is_engaged(), "the motor turned, the bolt did not"
        line.proximity_ohms = 680.0
        assert await proximity.read() == float("inf")
        line.vehicle = VehicleCircuit(plugged=True)
        assert await proximity.read() == 680.0

    run(go())


@pytest.mark.parametrize("light", Light)
def test_every_light_has_a_number(light: Light) -> None:
    wires = Wires.blank()
    FakeLights(wires, 1).show(light)
    assert LIGHTS[int(wires.connector(1).light)] is light


CARD = {"event": "rfid", "token": "04A1B2C3", "connectors": [1]}


def test_a_card_goes_to_the_reader_of_exactly_its_connectors() -> None:
    async def go() -> None:
        events = Events()
        one, two, three, every = (FakeReader(events, served) for served in ((1,), (2,), (3,), (1, 2, 3)))
        events.tell(CARD | {"connectors": [2]})
        events.tell(CARD | {"connectors": [3, 1], "token": "AA"})
        events.tell(CARD | {"connectors": [1, 2, 3], "token": "BB"})
        assert await two.tap() == Tap(bytes.fromhex("04A1B2C3"))
        assert await every.tap() == Tap(b"\xaa"), "no reader serves just 1 and 3, so the one that serves all"
        assert await every.tap() == Tap(b"\xbb")
        for idle in (one, three):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await idle.tap()
        for reader in (one, two, three, every):
            await reader.close()
            await reader.close()
        events.tell(CARD)

    run(go())


def test_waiting_for_a_card_can_be_cancelled_without_losing_one() -> None:
    async def go() -> None:
        events = Events()
        reader = FakeReader(events, (1,))
        waiting = asyncio.create_task(reader.tap())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        waiting = asyncio.create_task(reader.tap())
        await asyncio.sleep(0)
        events.tell(CARD)
        assert (await waiting).uid == bytes.fromhex("04A1B2C3")

    run(go())


def test_a_reader_taken_away_says_so_until_it_is_back() -> None:
    async def go() -> None:
        events = Events()
        reader, hints = FakeReader(events, (1,)), FakeHints(events)
        waiting, hint = asyncio.create_task(reader.tap()), asyncio.create_task(hints.next())
        await asyncio.sleep(0)
        events.tell({"event": "reader", "gone": True})
        with pytest.raises(DeviceUnavailable, match="taken away"):
            await waiting
        with pytest.raises(DeviceUnavailable, match="taken away"):
            await reader.tap()
        events.tell({"event": "reader", "gone": False})
        events.tell(CARD)
        await reader.tap()
        events.tell({"event": "network", "up": False})
        assert await hint == Injected("network", False)

    run(go())


def test_hints() -> None:
    async def go() -> None:
        events = Events()
        hints = FakeHints(events)
        events.tell({"event": "fault", "connector": 2, "code": "other", "on": True})
        events.tell({"event": "nonsense"})
        events.tell({"event": "network", "up": True})
        assert await hints.next() == Injected("fault", True, 2, "other")
        assert await hints.next() == Injected("network", True)

    run(go())


def test_what_waits_is_bounded() -> None:
    async def go() -> None:
        events = Events()
        reader = FakeReader(events, (1,))
        for number in range(MAX_WAITING + 10):
            events.tell(CARD | {"token": f"{number:04X}"})
        assert (await reader.tap()).uid == bytes.fromhex("000A")

    run(go())
