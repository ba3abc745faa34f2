"""Volts against IEC 61851-1 Table A.4, amps against Table A.8."""

import pytest

from hal_mock.ev import Generator, VehicleCircuit, draws, generator, offered_amps

UNPLUGGED = VehicleCircuit()


@pytest.mark.parametrize(
    ("letter", "high", "low"),
    [("A", 12.0, -12.0), ("B", 9.0, -12.0), ("C", 6.0, -12.0), ("D", 3.0, -12.0), ("E", 0.0, 0.0)],
)
def test_each_state_shows_its_volts(letter: str, high: float, low: float) -> None:
    circuit = UNPLUGGED.showing(letter)
    measured = circuit.plateaus(Generator.PWM)
    assert measured == pytest.approx((high, low), abs=0.1)
    assert circuit.plateaus(Generator.STEADY) == (measured[0], measured[0])
    assert circuit.plateaus(Generator.ERROR) == (measured[1], measured[1])
    assert circuit.shows() == letter


@pytest.mark.parametrize("letter", "BCD")
def test_without_a_diode_both_halves_are_divided_alike(letter: str) -> None:
    high, low = VehicleCircuit(diode=False).showing(letter).plateaus(Generator.PWM)
    assert high == -low
    assert 2.0 < high < 9.0


def test_without_a_vehicle_a_missing_diode_shows_nothing() -> None:
    assert VehicleCircuit(diode=False).plateaus(Generator.PWM) == (12.0, -12.0)


def test_below_the_diode_s_drop_nothing_is_divided() -> None:
    assert UNPLUGGED.showing("B").volts(0.5) == 0.5
    assert VehicleCircuit(diode=False).showing("B").volts(0.5) < 0.5
    assert UNPLUGGED.ohms() == float("inf")


def test_a_short_leaves_the_plug_where_it_is() -> None:
    assert UNPLUGGED.showing("B").showing("E").plugged
    assert not UNPLUGGED.showing("E").plugged
    assert UNPLUGGED.showing("C").showing("E").showing("B") == UNPLUGGED.showing("B")


def test_another_letter_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        UNPLUGGED.showing("F")


@pytest.mark.parametrize(("duty", "mode"), [(1.0, Generator.STEADY), (0.5, Generator.PWM), (0.0, Generator.ERROR)])
def test_the_duty_tells_the_mode(duty: float, mode: Generator) -> None:
    assert generator(duty) is mode


@pytest.mark.parametrize(
    ("percent", "amps"),
    [
        (0, 0), (2.9, 0), (5, 0), (7.9, 0), (8, 6), (9.9, 6), (10, 6), (16 / 0.6, 16), (50, 30), (85, 51),
        (85.2, 53), (90, 65), (96, 80), (96.5, 80), (97, 80), (97.1, 0), (100, 0),
    ],
)  # fmt: skip
def test_offered_amps(percent: float, amps: float) -> None:
    assert offered_amps(percent / 100) == pytest.approx(amps)


def test_a_vehicle_draws_what_it_wants_up_to_what_is_offered() -> None:
    c, offer = UNPLUGGED.showing("C"), 10 / 60
    assert draws(c, offer, True, (16.0, 4.0, 0.0)) == pytest.approx((10.0, 4.0, 0.0))
    assert draws(c, offer, True, (16.0, 4.0, 0.0), obeys=False) == (16.0, 4.0, 0.0)
    assert draws(c, offer, False, (16.0, 4.0, 0.0)) == (0.0, 0.0, 0.0)
    assert draws(c, 1.0, True, (16.0,)) == (0.0,)
    assert draws(UNPLUGGED.showing("D"), offer, True, (16.0,)) == pytest.approx((10.0,))


@pytest.mark.parametrize("letter", "ABE")
def test_nothing_flows_unless_the_vehicle_asks(letter: str) -> None:
    assert draws(UNPLUGGED.showing(letter), 0.5, True, (16.0,), obeys=False) == (0.0,)
