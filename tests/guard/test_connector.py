"""One connector on a circuit, with time turned by hand the way the loop turns it."""

import gc
from itertools import pairwise
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.pilot import Vehicle
from chargepoint.guard.connector import HOLD_S, PULSE_S, SETTLE_S, Settings
from chargepoint.guard.loop import LIFE_S, Guard
from chargepoint.guard.rules import REST_S, Level, Order
from chargepoint.guard.wire import Seen
from chargepoint.hal import DeviceUnavailable
from tests.guard.circuit import Circuit

LEASE_S = 1.0
USUAL = Settings()


class Rig:
    """A guard over one circuit, a daemon that renews its order while ``beating``, and the clock of both."""

    def __init__(self, settings: Settings = USUAL, sample_s: float = 0.02, wake: int | None = None) -> None:
        self.circuit = Circuit(wake=wake)
        self.circuit.driven = self._driven
        self.guard = Guard([self.circuit.pins()], [settings], sample_s)
        self.now = 1000.0
        self.beating = True
        self.times: dict[str, list[float]] = {}
        self._wanted: tuple[Level | float, bool] | None = None
        self._due = self.now

    def _driven(self, what: str, value: float) -> None:
        self.times.setdefault(what, []).append(self.now)

    def order(self, pilot: Level | float, closed: bool) -> None:
        self._wanted = (pilot, closed)
        self._send()

    def shows(self, vehicle: str) -> None:
        """The vehicle changes; where the sensor can wake the guard, it does."""
        self.circuit.shows = vehicle
        if self.circuit.wake is not None:
            self._turn()

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        beat = self.now + LEASE_S / 3
        while min(self._due, beat if self.beating else end) <= end:
            if self.beating and beat <= self._due:
                self.now, beat = beat, beat + LEASE_S / 3
                self._send()
            else:
                self.now = max(self.now, self._due)
                self._turn()
            if self.now >= end:
                break
        self.now = end

    def charge(self) -> "Rig":
        self.order(16.0, False)
        self.shows("B")
        self.pass_time(0.5)
        self.order(16.0, True)
        self.shows("C")
        self.pass_time(0.5)
        assert self.circuit.closed
        return self

    @property
    def seen(self) -> Seen:
        return self.guard.seen()[0]

    @property
    def due_in(self) -> float:
        return self.guard.due(self.now) - self.now

    def _send(self) -> None:
        if self._wanted is not None and self.guard.obey(Order(1, *self._wanted, LEASE_S, self.now), self.now):
            self._turn()

    def _turn(self) -> None:
        self.guard.turn(self.now)
        self._due = self.guard.due(self.now)


def test_the_first_turn_makes_everything_safe() -> None:
    rig = Rig()
    assert isnan(rig.seen.high)
    rig.pass_time(0)
    assert rig.circuit.log == [("open", 0.0), ("error", 0.0)]
    assert (rig.seen.vehicle, rig.seen.closed, rig.seen.why) == (
        Vehicle.F,
        False,
        "no valid lease: the daemon is silent or gone",
    )


def test_from_plug_to_power_and_back() -> None:
    rig = Rig()
    rig.order(Level.STEADY, False)
    rig.pass_time(0.5)
    assert rig.seen.vehicle is Vehicle.A
    rig.shows("B")
    rig.pass_time(0.5)
    assert rig.seen.vehicle is Vehicle.B
    rig.order(16.0, False)
    rig.shows("C")
    rig.pass_time(0.5)
    assert (rig.seen.vehicle, rig.circuit.closed) == (Vehicle.C, False)
    assert rig.circuit.duty == pytest.approx(16 / 60)
    rig.order(16.0, True)
    assert rig.circuit.closed
    rig.pass_time(0.5)
    assert (rig.seen.closed, rig.seen.why, rig.seen.faults) == (True, "", ())
    rig.shows("B")
    rig.pass_time(0.5)
    assert (rig.seen.vehicle, rig.seen.closed) == (Vehicle.B, False)


def test_asking_is_believed_slowly() -> None:
    rig = Rig(Settings(debounce_on_s=0.3))
    rig.order(16.0, True)
    rig.shows("B")
    rig.pass_time(1.0)
    asked = rig.now
    rig.shows("C")
    rig.pass_time(1.0)
    assert rig.times["close"][0] - asked >= 0.3


@pytest.mark.parametrize("shows", ["A", "B", "D", "E"])
def test_without_debounce_and_with_a_wake_up_power_ends_in_the_same_turn(shows: str) -> None:
    rig = Rig(Settings(debounce_off_s=0.0), wake=99).charge()
    rig.shows(shows)
    assert (rig.circuit.closed, rig.times["open"][-1]) == (False, rig.now)


@given(
    st.sampled_from("ABDE"),
    st.floats(0.001, 0.03),
    st.floats(0.0, 0.05),
    st.floats(0.0, 0.1),
)
def test_power_ends_within_50_ms_whatever_is_configured(shows: str, sample_s: float, off_s: float, at: float) -> None:
    rig = Rig(Settings(debounce_off_s=off_s), sample_s).charge()
    rig.pass_time(at)
    edge = rig.now
    rig.shows(shows)
    rig.pass_time(0.2)
    assert not rig.circuit.closed
    assert rig.times["open"][-1] - edge <= 0.05 + 1e-9


def test_the_debounce_ends_on_time() -> None:
    rig = Rig(Settings(debounce_off_s=0.012), wake=99).charge()
    edge = rig.now
    rig.shows("B")
    rig.pass_time(0.1)
    assert rig.times["open"][-1] - edge == pytest.approx(0.012)


def test_another_offer_does_not_blind_the_guard() -> None:
    rig = Rig(Settings(debounce_off_s=0.0), wake=99).charge()
    rig.order(10.0, True)
    rig.shows("B")
    assert not rig.circuit.closed


def test_a_glitch_shorter_than_the_debounce_keeps_the_power_on() -> None:
    rig = Rig(Settings(debounce_off_s=0.02), wake=99).charge()
    rig.shows("B")
    rig.pass_time(0.006)
    rig.shows("C")
    rig.pass_time(1.0)
    assert rig.circuit.closed
    assert rig.circuit.count("open") == 1


def test_ventilation_decides_on_state_d() -> None:
    for ventilation in (False, True):
        rig = Rig(Settings(ventilation=ventilation))
        rig.order(16.0, True)
        rig.shows("D")
        rig.pass_time(1.0)
        assert (rig.seen.vehicle, rig.circuit.closed) == (Vehicle.D, ventilation)


def test_a_vehicle_that_asks_before_pwm_is_served_after_its_diode_was_seen() -> None:
    rig = Rig(wake=99)
    rig.order(Level.STEADY, True)
    rig.shows("C")
    rig.pass_time(1.0)
    assert (rig.seen.vehicle, rig.circuit.closed) == (Vehicle.C, False)
    rig.order(16.0, True)
    begun = rig.now
    rig.pass_time(1.0)
    assert rig.times["close"][0] >= begun + SETTLE_S


def test_without_a_diode_it_never_closes_and_the_fault_is_told() -> None:
    rig = Rig()
    rig.circuit.diode = False
    rig.order(Level.STEADY, True)
    rig.shows("C")
    rig.pass_time(1.0)
    assert rig.seen.vehicle is Vehicle.C
    rig.order(16.0, True)
    rig.pass_time(1.0)
    assert (rig.seen.vehicle, rig.seen.faults, rig.circuit.count("close")) == (Vehicle.NO_DIODE, ("diode",), 0)


def test_a_look_before_the_pilot_has_settled_proves_no_diode() -> None:
    rig = Rig(wake=99)
    rig.order(Level.STEADY, True)
    rig.shows("C")
    rig.pass_time(1.0)
    rig.order(16.0, True)
    rig.circuit.diode = False
    rig.pass_time(SETTLE_S / 2)
    rig.shows("C")
    rig.pass_time(1.0)
    assert (rig.circuit.count("close"), rig.seen.faults) == (0, ("diode",))


def test_a_diode_lost_while_charging_opens() -> None:
    rig = Rig().charge()
    rig.circuit.diode = False
    lost = rig.now
    rig.pass_time(0.2)
    assert (rig.circuit.closed, rig.seen.faults) == (False, ("diode",))
    assert rig.times["open"][-1] - lost <= 0.05


def test_volts_of_two_pilot_modes_mixed_are_not_believed() -> None:
    rig = Rig(Settings(debounce_off_s=0.0), wake=99).charge()
    rig.order(Level.STEADY, True)
    rig.circuit.mode = "pwm"
    rig.shows("B")
    assert rig.circuit.closed
    rig.circuit.mode = "steady"
    rig.pass_time(SETTLE_S)
    assert not rig.circuit.closed


def test_the_polite_stop_waits_for_the_vehicle_and_not_for_ever() -> None:
    rig = Rig().charge()
    rig.order(Level.STEADY, True)
    begun = rig.now
    rig.pass_time(6.9)
    assert rig.circuit.closed
    rig.pass_time(0.2)
    assert (rig.circuit.closed, rig.seen.why) == (False, "closing never begins without PWM")
    assert rig.times["open"][-1] - begun == pytest.approx(7.0, abs=0.03)


def test_the_polite_stop_ends_when_the_vehicle_takes_its_load_away() -> None:
    rig = Rig(Settings(debounce_off_s=0.0), wake=99).charge()
    rig.order(Level.STEADY, True)
    rig.pass_time(2.0)
    rig.shows("B")
    assert not rig.circuit.closed


def test_pwm_back_in_time_starts_the_polite_stop_over() -> None:
    rig = Rig().charge()
    for _ in range(3):
        rig.order(Level.STEADY, True)
        rig.pass_time(5.0)
        rig.order(10.0, True)
        rig.pass_time(1.0)
    assert rig.circuit.closed
    assert rig.circuit.count("open") == 1


def test_an_order_of_state_f_opens() -> None:
    rig = Rig().charge()
    rig.order(Level.ERROR, True)
    assert (rig.circuit.closed, rig.circuit.mode) == (False, "error")


def test_a_silent_daemon_loses_its_permit_on_time() -> None:
    rig = Rig().charge()
    rig.order(16.0, True)
    last = rig.now
    rig.beating = False
    rig.pass_time(5.0)
    assert (rig.circuit.closed, rig.circuit.mode) == (False, "error")
    assert rig.times["open"][-1] == pytest.approx(last + LEASE_S)
    assert rig.times["error"][-1] == pytest.approx(last + LEASE_S)


def test_a_permit_is_not_longer_for_being_read_late_or_dated_ahead() -> None:
    for sent, until in ((-0.9, 0.1), (5.0, 1.0)):
        rig = Rig().charge()
        rig.beating = False
        rig.guard.obey(Order(1, 16.0, True, LEASE_S, rig.now + sent), rig.now)
        start = rig.now
        rig.pass_time(3.0)
        assert rig.times["open"][-1] - start <= until + 0.02


def test_a_permit_renewed_too_late_is_looked_at_again() -> None:
    rig = Rig(wake=99).charge()
    order = Order(1, 16.0, True, LEASE_S, rig.now)
    assert not rig.guard.obey(order, rig.now)
    assert not rig.guard.obey(order, rig.now + 0.9)
    assert rig.guard.obey(order, rig.now + 1.0)


def test_a_daemon_that_is_gone_has_no_permit() -> None:
    rig = Rig().charge()
    rig.guard.forget()
    rig.guard.turn(rig.now)
    assert (rig.circuit.closed, rig.circuit.mode) == (False, "error")


def test_an_order_for_nobody_changes_nothing() -> None:
    rig = Rig().charge()
    assert not any(rig.guard.obey(Order(number, Level.ERROR, False, 1.0, rig.now), rig.now) for number in (0, 2, 255))
    rig.pass_time(0.1)
    assert rig.circuit.closed


def test_an_interlock_opens_and_names_itself() -> None:
    rig = Rig().charge()
    rig.circuit.door_open = True
    rig.pass_time(0.02)
    assert (rig.circuit.closed, rig.seen.faults, rig.seen.why) == (False, ("door",), "an interlock is active")
    rig.circuit.door_open = False
    rig.pass_time(1.0)
    assert (rig.circuit.closed, rig.seen.faults) == (True, ())


def test_a_sensor_that_cannot_be_trusted_opens_and_says_why() -> None:
    rig = Rig().charge()
    rig.circuit.read_raises = DeviceUnavailable("ADC on spidev0.0 reads 0 for 128 samples; check its supply")
    rig.pass_time(0.02)
    assert (rig.circuit.closed, rig.seen.faults) == (False, ("sensor",))
    assert rig.seen.why == "inputs cannot be read: ADC on spidev0.0 reads 0 for 128 samples; check its supply"
    rig.circuit.read_raises = None
    rig.pass_time(1.0)
    assert (rig.circuit.closed, rig.seen.faults) == (True, ())


def test_what_flickers_does_not_make_the_contactor_chatter() -> None:
    rig = Rig(Settings(debounce_on_s=0.02, debounce_off_s=0.0), sample_s=0.01).charge()
    for _ in range(200):
        rig.circuit.read_raises = None if rig.circuit.read_raises else DeviceUnavailable("flickers")
        rig.pass_time(0.01)
    opened = [time for time in rig.times["open"] if time > 1000.0]
    closed = rig.times["close"]
    for before in opened:
        assert not [time for time in closed if before < time < before + REST_S - 1e-6]


def test_pulses_come_while_closed_and_only_then() -> None:
    rig = Rig(sample_s=0.2).charge()
    rig.pass_time(1.0)
    rig.shows("B")
    rig.pass_time(1.0)
    pulses, opened = rig.times["pulse"], rig.times["open"][-1]
    assert all(late - early <= PULSE_S + 1e-9 for early, late in pairwise(pulses))
    assert opened - PULSE_S <= pulses[-1] < opened
    assert rig.circuit.count("pulse") == rig.circuit.count("close")


def test_the_contactor_is_held_for_moments_and_never_past_the_permit() -> None:
    rig = Rig().charge()
    rig.order(16.0, True)
    rig.beating = False
    rig.circuit.log.clear()
    rig.pass_time(2.0)
    leases = [lease for what, lease in rig.circuit.log if what == "close"]
    assert max(leases) == HOLD_S
    assert 0 < leases[-1] <= 0.03


def test_a_welded_contactor_is_told_and_commanded_open_again() -> None:
    rig = Rig(wake=99).charge()
    rig.order(16.0, False)
    rig.circuit.welded = True
    rig.shows("B")
    rig.pass_time(0.5)
    assert rig.seen.closed
    assert rig.due_in == pytest.approx(0.02)
    opens = rig.circuit.count("open")
    rig.pass_time(0.5)
    assert rig.circuit.count("open") > opens


def test_the_pilot_is_driven_on_change_only() -> None:
    rig = Rig().charge()
    rig.circuit.log.clear()
    rig.order(16.0, True)
    rig.pass_time(2.0)
    rig.order(10.0, True)
    rig.pass_time(2.0)
    assert [(what, value) for what, value in rig.circuit.log if what in ("pwm", "steady", "error")] == [
        ("pwm", pytest.approx(10 / 60))
    ]


@pytest.mark.parametrize(("wake", "due_in"), [(99, LIFE_S), (None, 0.02)])
def test_an_idle_connector_is_looked_at_as_often_as_needed(wake: int | None, due_in: float) -> None:
    rig = Rig(wake=wake)
    rig.pass_time(1.0)
    assert rig.due_in == pytest.approx(due_in)


@pytest.mark.parametrize("wake", [99, None])
def test_a_busy_connector_is_looked_at_often(wake: int | None) -> None:
    rig = Rig(wake=wake).charge()
    rig.order(16.0, True)
    assert rig.due_in == pytest.approx(0.02)
    rig.shows("B")
    rig.guard.turn(rig.now)
    assert rig.due_in == pytest.approx(0.005)


def test_a_sensor_in_trouble_is_tried_at_the_usual_pace() -> None:
    rig = Rig(wake=99)
    rig.circuit.read_raises = DeviceUnavailable("gone")
    rig.pass_time(1.0)
    assert rig.due_in == pytest.approx(0.02)


def test_what_is_not_expected_comes_out() -> None:
    rig = Rig().charge()
    rig.circuit.read_raises = ZeroDivisionError("a bug in a driver")
    with pytest.raises(ZeroDivisionError):
        rig.guard.turn(rig.now)


def test_making_safe_tries_every_output() -> None:
    broken, sound = Circuit(), Circuit()
    guard = Guard([broken.pins(), sound.pins()], [Settings(), Settings()], 0.02)
    broken.drive_raises = OSError("no such line")
    assert [type(error) for error in guard.safe()] == [OSError, OSError]
    assert [name for name, _ in broken.log] == [name for name, _ in sound.log] == ["open", "error"]


def test_after_making_safe_everything_begins_anew() -> None:
    rig = Rig().charge()
    rig.guard.safe()
    rig.guard.turn(rig.now)
    assert (rig.circuit.closed, rig.circuit.mode) == (False, "pwm")
    rig.pass_time(1.0)
    assert rig.circuit.closed


def test_two_connectors_do_not_share_anything() -> None:
    one, other = Circuit(), Circuit()
    guard = Guard([one.pins(), other.pins()], [Settings(), Settings()], 0.02)
    now = 1000.0
    one.shows = other.shows = "C"
    for step in range(100):
        guard.obey(Order(1, 16.0, True, 1.0, now), now)
        guard.obey(Order(2, 16.0, False, 1.0, now), now)
        now += 0.02
        other.diode = step < 50
        guard.turn(now)
    assert (one.closed, other.closed) == (True, False)
    assert [seen.vehicle for seen in guard.seen()] == [Vehicle.C, Vehicle.NO_DIODE]
    assert [seen.connector for seen in guard.seen()] == [1, 2]


def test_turns_leave_no_cycles_behind() -> None:
    rig = Rig().charge()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            rig.circuit.read_raises = None if rig.circuit.read_raises else DeviceUnavailable("flickers")
            rig.pass_time(0.05)
        assert gc.collect() == 0
    finally:
        gc.enable()
