"""Energy is exact in time, whoever looked when."""

import pytest

from chargepoint.hal import MeterSample
from hal_mock.bench import Bench
from hal_mock.ev import VehicleCircuit
from hal_mock.oneshot import ENABLE_HOLD_S
from hal_mock.wires import Switch, Wired, Wires

DUTY_16 = 16 / 60
WATTS = 3 * 16 * 230.0


class Rig:
    """One connector with a vehicle that asks, at time 100."""

    def __init__(self, wired: Wired | None = None, energy_wh: float = 0.0) -> None:
        self.wires = Wires.blank(wired or Wired())
        self.line = self.wires.connector(1)
        self.bench = Bench(self.wires, 100.0, [energy_wh])
        self.line.duty = DUTY_16
        self.bench.plug(1, VehicleCircuit(plugged=True, s2=True), 100.0)

    def feed(self, since: float, until: float, lease_s: float = 1.0) -> None:
        """What a guard does: coil and enable every 20 ms, the last time at ``until``."""
        steps = round((until - since) / 0.02)
        for step in range(steps + 1):
            self.line.coil.trigger(since + (until - since) * step / steps, lease_s)
            self.line.enable.trigger(since + (until - since) * step / steps, ENABLE_HOLD_S)

    @property
    def energy_wh(self) -> float:
        return self.bench.outlet(1).energy_wh

    @property
    def sample(self) -> MeterSample:
        sample = self.line.sample()
        assert sample is not None
        return sample


def wh(seconds: float, watts: float = WATTS) -> float:
    return watts * seconds / 3600


def test_it_counts_from_closing_to_the_drop_though_nobody_looked_in_between() -> None:
    rig = Rig()
    rig.feed(101.0, 102.0)
    rig.bench.advance(110.0)
    assert rig.energy_wh == pytest.approx(wh(1.0 + ENABLE_HOLD_S))
    assert rig.sample.energy_wh == rig.energy_wh
    assert rig.sample.measured_at == 110.0
    assert rig.sample.amps == (0.0, 0.0, 0.0)


def test_looking_often_gives_the_same() -> None:
    rig = Rig()
    now = 100.0
    for tick in range(500):
        now = 100.0 + tick * 0.0173
        if 101.0 <= now <= 105.0:
            rig.line.coil.trigger(now, 1.0)
            rig.line.enable.trigger(now, ENABLE_HOLD_S)
        rig.bench.advance(now)
    assert rig.energy_wh == pytest.approx(wh(rig.line.enable.until - rig.line.enable.started))
    assert rig.line.enable.until < now


def test_a_drop_and_a_new_start_between_two_looks_count_both() -> None:
    rig = Rig()
    rig.feed(101.0, 102.0)
    rig.bench.advance(101.5)
    rig.line.enable.trigger(103.0, ENABLE_HOLD_S)
    rig.feed(103.0, 104.0)
    rig.bench.advance(110.0)
    assert rig.energy_wh == pytest.approx(wh(2 * (1.0 + ENABLE_HOLD_S)))


def test_opening_counts_to_the_moment_of_the_order() -> None:
    rig = Rig(Wired(enable=False))
    rig.line.coil.trigger(101.0, 60.0)
    rig.bench.advance(102.0)
    assert rig.energy_wh == pytest.approx(wh(1.0))
    rig.line.coil.release(102.25)
    rig.bench.advance(103.0)
    assert rig.energy_wh == pytest.approx(wh(1.25))


def test_a_short_closing_between_two_looks_counts() -> None:
    rig = Rig(Wired(enable=False))
    rig.line.coil.trigger(101.0, 60.0)
    rig.line.coil.release(101.5)
    rig.bench.advance(102.0)
    assert rig.energy_wh == pytest.approx(wh(0.5))


def test_two_closings_nobody_saw_do_not_count_the_gap_before_them() -> None:
    rig = Rig(Wired(enable=False))
    for since, until in ((101.0, 102.0), (104.0, 104.25), (105.0, 105.5)):
        rig.line.coil.trigger(since, until - since)
        if since == 101.0:
            rig.bench.advance(103.0)
    rig.bench.advance(110.0)
    assert rig.energy_wh == pytest.approx(wh(1.0 + 0.25 + 0.5))


@pytest.mark.parametrize(("switch", "seconds"), [(Switch.WELDED, 10.0), (Switch.STUCK, 0.0)])
def test_a_mechanical_fault_decides(switch: Switch, seconds: float) -> None:
    rig = Rig()
    rig.bench.turn_switch(1, switch, True, 100.0)
    rig.feed(101.0, 102.0)
    rig.bench.advance(110.0)
    assert rig.energy_wh == pytest.approx(wh(seconds))


def test_the_vehicle_counts_as_it_was_until_it_changed() -> None:
    rig = Rig(Wired(enable=False))
    rig.line.coil.trigger(100.0, 60.0)
    rig.bench.plug(1, VehicleCircuit(plugged=True), 103.0)
    rig.bench.advance(110.0)
    assert rig.energy_wh == pytest.approx(wh(3.0))
    assert rig.sample.power_w == 0.0


def test_a_single_phase_counts_once() -> None:
    rig = Rig(Wired(phases=1, enable=False), energy_wh=1000.0)
    rig.line.coil.trigger(100.0, 60.0)
    rig.bench.advance(110.0)
    assert rig.energy_wh == pytest.approx(1000.0 + wh(10.0, 16 * 230.0))
    assert rig.sample.amps == pytest.approx((16.0,))
    assert rig.sample.volts == (230.0,)
    assert rig.sample.power_w == pytest.approx(16 * 230.0)


def test_a_frozen_meter_keeps_its_old_reading_and_its_time() -> None:
    rig = Rig()
    rig.bench.turn_switch(1, Switch.WELDED, True, 100.0)
    rig.bench.advance(105.0)
    rig.bench.turn_switch(1, Switch.FROZEN, True, 105.0)
    before = rig.sample
    rig.bench.advance(110.0)
    assert rig.sample == before
    rig.bench.turn_switch(1, Switch.FROZEN, False, 110.0)
    assert rig.sample.energy_wh == pytest.approx(wh(10.0))


def test_a_wrong_meter_goes_back_and_exaggerates() -> None:
    rig = Rig(energy_wh=500.0)
    rig.bench.turn_switch(1, Switch.WELDED, True, 100.0)
    rig.bench.turn_switch(1, Switch.WRONG, True, 100.0)
    assert rig.sample.energy_wh == 250.0
    assert rig.sample.power_w == pytest.approx(10 * WATTS)
    assert rig.energy_wh == 500.0


def test_a_lock_jams_where_it_is() -> None:
    rig = Rig(Wired(lock=True))
    rig.line.lock_wanted = 1.0
    rig.bench.jam_lock(1, True)
    rig.line.lock_wanted = 0.0
    assert rig.line.lock_engaged()
    rig.bench.jam_lock(1, True)
    assert rig.line.lock_engaged(), "jamming twice moves nothing"
    rig.bench.jam_lock(1, False)
    assert not rig.line.lock_engaged()


def test_it_is_busy_while_something_is_plugged_or_closed() -> None:
    rig = Rig()
    assert rig.bench.busy(100.0)
    rig.bench.plug(1, VehicleCircuit(), 100.0)
    assert not rig.bench.busy(100.0)
    rig.bench.turn_switch(1, Switch.WELDED, True, 100.0)
    assert rig.bench.busy(100.0)


def test_rewiring_keeps_registers() -> None:
    rig = Rig(energy_wh=7.0)
    rig.bench.wire((Wired(phases=1), Wired(lock=True)), 101.0)
    assert [line.wired for line in rig.wires.lines] == [Wired(phases=1), Wired(lock=True)]
    assert rig.bench.energies_wh()[:2] == [7.0, 0.0]
    assert rig.sample.volts == (230.0,)


def test_a_new_world_starts_without_a_vehicle_and_without_faults() -> None:
    rig = Rig()
    rig.line.turn_switch(Switch.WELDED, True)
    rig.line.set_interlock("door", True)
    Bench(rig.wires, 200.0)
    assert rig.line.vehicle == VehicleCircuit()
    assert not rig.line.is_on(Switch.WELDED)
    assert not rig.line.interlock("door")
    assert rig.line.duty == DUTY_16, "the generator is the station's"
