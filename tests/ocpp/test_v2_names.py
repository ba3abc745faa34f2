"""Variable names: the core's own way of writing them, reversible for whatever a backend asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.variable import address
from chargepoint.ocpp.v2.names import named, text_of

TEXTS = st.text(min_size=0, max_size=12)
IDS = st.integers(-3, 99)


@pytest.mark.parametrize(
    ("text", "component", "variable"),
    [
        (address("OCPPCommCtrlr", "HeartbeatInterval"), {"name": "OCPPCommCtrlr"}, {"name": "HeartbeatInterval"}),
        (
            address("OCPPCommCtrlr", "MessageTimeout", "Default"),
            {"name": "OCPPCommCtrlr"},
            {"name": "MessageTimeout", "instance": "Default"},
        ),
        (address("EVSE", "Power", evse=2), {"name": "EVSE", "evse": {"id": 2}}, {"name": "Power"}),
        (
            address("Connector", "SupplyPhases", evse=1, connector=1),
            {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
            {"name": "SupplyPhases"},
        ),
    ],
)
def test_the_core_and_the_wire_agree(text, component, variable):
    assert text_of(component, variable) == text
    assert (named(text).component, named(text).variable) == (component, variable)


@given(
    st.fixed_dictionaries(
        {"name": TEXTS},
        optional={
            "instance": TEXTS.filter(bool),
            "evse": st.fixed_dictionaries({"id": IDS}, optional={"connectorId": IDS}),
        },
    ),
    st.fixed_dictionaries({"name": TEXTS}, optional={"instance": TEXTS.filter(bool)}),
    st.sampled_from(["Actual", "Target", "MinSet", "MaxSet"]),
)
def test_whatever_is_asked_can_be_repeated(component, variable, attribute):
    again = named(text_of(component, variable, attribute))
    assert (again.component, again.variable, again.attribute) == (component, variable, attribute)


def test_an_empty_instance_is_none():
    assert text_of({"name": "A", "instance": ""}, {"name": "B", "instance": ""}) == "A.B"


def test_another_attribute_names_no_variable_of_ours():
    assert text_of({"name": "A"}, {"name": "B"}, "Target") == "A.B|Target"


def test_a_1_6_key_is_no_name():
    with pytest.raises(ValueError, match=r"write Component\.Variable"):
        named("HeartbeatInterval")
