"""The table, over the product of everything it can be asked; and each of its rows is missed when it is gone."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.pilot import Vehicle, duty_for
from chargepoint.guard import rules
from chargepoint.guard.rules import NO_LEASE, POLITE_STOP_S, ROWS, Level, Look, Order, Outputs, decide

NOW = 100.0
GOOD_ORDER = Order(1, 16.0, True, 1.0, NOW - 0.5)
GOOD_LOOK = Look(
    vehicle=Vehicle.C,
    proven=True,
    fresh=True,
    interlocks=(),
    ventilation=False,
    held=False,
    rested=True,
    steady_since=None,
)

ORDERS = [
    None,
    *(
        Order(1, pilot, closed, 1.0, sent)
        for pilot, closed, sent in product((16.0, *Level), (True, False), (NOW - 0.999, NOW - 1.0))
    ),
]
LOOKS = [
    Look(*values)
    for values in product(
        Vehicle,
        (True, False),
        (True, False),
        ((), ("emergency-stop", "ground")),
        (True, False),
        (True, False),
        (True, False),
        (None, NOW - 6.999, NOW - 7.0),
    )
]


def every_case() -> Iterator[tuple[Order | None, Look]]:
    return iter(product(ORDERS, LOOKS))


def test_closed_if_and_only_if_everything_is_right() -> None:
    for order, look in every_case():
        permitted = order is not None and NOW - order.sent < order.lease_s and order.closed
        power = look.vehicle is Vehicle.C or (look.vehicle is Vehicle.D and look.ventilation)
        sound = look.fresh and not look.interlocks
        begins = look.proven and look.rested and order is not None and isinstance(order.pilot, float)
        polite = look.steady_since is None or NOW - look.steady_since < 7.0
        stays = look.held and order is not None and order.pilot is not Level.ERROR
        expected = permitted and power and sound and polite and (stays or begins)
        assert decide(order, look, NOW).closed is expected, (order, look)


def test_the_pilot_follows_a_valid_order_and_nothing_else() -> None:
    for order, look in every_case():
        pilot = decide(order, look, NOW).pilot
        if order is None or NOW - order.sent >= order.lease_s:
            assert pilot is Level.ERROR
        elif isinstance(order.pilot, Level):
            assert pilot is order.pilot
        else:
            assert pilot == duty_for(order.pilot)


def test_open_is_explained_and_closed_needs_no_explanation() -> None:
    for order, look in every_case():
        outputs = decide(order, look, NOW)
        assert outputs.closed is (outputs.why == "")


@pytest.mark.parametrize(
    ("order", "look", "why"),
    [
        (None, {}, NO_LEASE),
        ({"sent": NOW - 1.0}, {}, NO_LEASE),
        ({"closed": False}, {}, "the order is to open"),
        ({}, {"fresh": False}, "inputs cannot be read"),
        ({}, {"interlocks": ("door",)}, "an interlock is active"),
        ({}, {"vehicle": Vehicle.NO_DIODE}, "the vehicle has no diode"),
        ({}, {"vehicle": Vehicle.A}, "the vehicle asks for no power"),
        ({}, {"vehicle": Vehicle.B}, "the vehicle asks for no power"),
        ({}, {"vehicle": Vehicle.E}, "the vehicle asks for no power"),
        ({}, {"vehicle": Vehicle.F}, "the vehicle asks for no power"),
        ({}, {"vehicle": Vehicle.D}, "the vehicle needs ventilation and there is none"),
        ({"pilot": Level.ERROR}, {"held": True}, "the pilot is ordered to state F"),
        ({"pilot": Level.STEADY}, {}, "closing never begins without PWM"),
        (
            {"pilot": Level.STEADY},
            {"held": True, "steady_since": NOW - POLITE_STOP_S},
            "the vehicle ignored the end of PWM",
        ),
        ({}, {"proven": False}, "the diode is not proven under PWM yet"),
        ({}, {"rested": False}, "the contactor rests"),
        ({}, {}, ""),
        ({}, {"vehicle": Vehicle.D, "ventilation": True}, ""),
        ({}, {"held": True, "proven": False, "rested": False}, ""),
        ({"pilot": Level.STEADY}, {"held": True, "steady_since": NOW - 6.9}, ""),
        ({"pilot": Level.STEADY}, {"held": True}, ""),
    ],
)
def test_one_reason_at_a_time(order: dict[str, object] | None, look: dict[str, object], why: str) -> None:
    permit = None if order is None else replace(GOOD_ORDER, **order)  # type: ignore[arg-type]
    assert decide(permit, replace(GOOD_LOOK, **look), NOW).why == why  # type: ignore[arg-type]


@pytest.mark.parametrize("gone", range(len(ROWS)), ids=[row.why for row in ROWS])
def test_no_row_can_be_removed_unnoticed(gone: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = [decide(order, look, NOW) for order, look in every_case()]
    monkeypatch.setattr(rules, "ROWS", ROWS[:gone] + ROWS[gone + 1 :])
    wrong = [decide(order, look, NOW) for order, look in every_case()]
    assert right != wrong


@pytest.mark.parametrize("gone", range(len(ROWS)), ids=[row.why for row in ROWS])
def test_each_row_speaks_as_the_only_one(gone: int) -> None:
    spoken = {
        row.why
        for order, look in every_case()
        if order is not None and [other for other in ROWS if other.opens(order, look, NOW)] == [ROWS[gone]]
        for row in ROWS[gone : gone + 1]
    }
    redundant = {"the vehicle has no diode"}  # said for the driver's sake: it also asks for no power
    assert spoken == {ROWS[gone].why} - redundant


@given(st.floats(6.0, 80.0), st.floats(0.01, 3.0), st.floats(0.0, 10.0))
def test_a_lease_ends_on_time(amps: float, lease_s: float, later: float) -> None:
    order = Order(1, amps, True, lease_s, NOW)
    outputs = decide(order, GOOD_LOOK, NOW + later)
    if NOW + later < order.until:
        assert outputs == Outputs(True, duty_for(amps), "")
    else:
        assert outputs == Outputs(False, Level.ERROR, NO_LEASE)
