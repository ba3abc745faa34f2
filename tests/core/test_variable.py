"""Reading and writing one value: tolerant where no second meaning is possible, refusing everything else whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargepoint.core.variable import LONGEST_TEXT, Kind, Variable, address

REPEATABLE = settings(deadline=None, derandomize=True)
SWITCH = Variable("A", "Switch", Kind.BOOLEAN, False, "Test.")
NUMBER = Variable("A", "Number", Kind.INTEGER, 5, "Test.", unit="s", low=0, high=10)
ANY_NUMBER = Variable("A", "AnyNumber", Kind.INTEGER, 5, "Test.")
RATIO = Variable("A", "Ratio", Kind.DECIMAL, 0.5, "Test.", unit="%", low=-1, high=1)
CHOICE = Variable("A", "Choice", Kind.OPTION, "Red", "Test.", values=("Red", "Green"))
NAME = Variable("A", "Name", Kind.STRING, "", "Test.", high=5)
FREE_TEXT = Variable("A", "Text", Kind.STRING, "", "Test.")
LIST = Variable(
    "A", "List", Kind.MEMBERS, (), "Test.", high=3, values=("One", "Two", "Three"), values16=("Four", "Five")
)
ALL = (SWITCH, NUMBER, ANY_NUMBER, RATIO, CHOICE, NAME, FREE_TEXT, LIST)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        (SWITCH, "true", True),
        (SWITCH, " TRUE ", True),
        (SWITCH, "False", False),
        (NUMBER, "0", 0),
        (NUMBER, " +10 ", 10),
        (ANY_NUMBER, "-7", -7),
        (RATIO, "-0.25", -0.25),
        (RATIO, "1", 1.0),
        (CHOICE, "green", "Green"),
        (NAME, " ab ", "ab"),
        (NAME, "", ""),
        (LIST, "", ()),
        (LIST, "One", ("One",)),
        (LIST, " two ,'One', ", ("Two", "One")),
        (LIST, "one,ONE,four", ("One", "Four")),
    ],
)
def test_what_fits(variable, text, value):
    found = variable.parse(text)
    assert found == value and type(found) is type(value)
    assert variable.parse(variable.text(found)) == found


@pytest.mark.parametrize(
    ("variable", "text", "wants"),
    [
        (SWITCH, "1", "A.Switch takes true or false"),
        (SWITCH, "", "A.Switch takes true or false"),
        (NUMBER, "-1", "A.Number takes a whole number from 0 to 10 (s)"),
        (NUMBER, "11", "whole number"),
        (NUMBER, "1.0", "whole number"),
        (NUMBER, "1_0", "whole number"),
        (NUMBER, "٣", "whole number"),
        (NUMBER, "", "whole number"),
        (ANY_NUMBER, "99999999999", "A.AnyNumber takes a whole number"),
        (RATIO, "1.5", "A.Ratio takes a number from -1 to 1 (%)"),
        (RATIO, "nan", "a number"),
        (RATIO, "1e-1", "a number"),
        (CHOICE, "blue", "A.Choice takes one of Red, Green"),
        (NAME, "abcdef", "A.Name takes a text of up to 5 characters"),
        (FREE_TEXT, "x" * (LONGEST_TEXT + 1), "A.Text takes a text of up to 1000 characters"),
        (LIST, "One,Six", "A.List takes a list with commas, up to 3 of One, Two, Three, Four, Five"),
        (LIST, "One,Two,Three,Four", "up to 3"),
        (LIST, "One;Two", "up to 3"),
    ],
)
def test_what_does_not_fit(variable, text, wants):
    with pytest.raises(ValueError, match="does not fit") as refused:
        variable.parse(text)
    assert wants in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_narrow_reader_leaves_the_words_of_16_out():
    assert LIST.parse("Four") == ("Four",)
    with pytest.raises(ValueError, match="does not fit"):
        LIST.parse("Four", narrow=True)
    assert LIST.parse("one", narrow=True) == ("One",)


def test_an_unbounded_number_says_so():
    assert ANY_NUMBER.wants == "a whole number"
    assert Variable("A", "B", Kind.DECIMAL, 0.0, "Test.").wants == "a number"


@REPEATABLE
@given(st.sampled_from(ALL), st.text(max_size=40) | st.text("0123456789.-+eE ,truefalsOnTwh", max_size=12))
def test_any_text_either_fits_and_comes_back_or_is_refused(variable, text):
    try:
        value = variable.parse(text)
    except ValueError:
        return
    assert variable.parse(variable.text(value)) == value


@REPEATABLE
@given(st.integers())
def test_a_number_is_taken_exactly_within_its_bounds(number):
    try:
        assert NUMBER.parse(str(number)) == number
        assert 0 <= number <= 10
    except ValueError:
        assert not 0 <= number <= 10


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("Ctrlr", "Var"), "Ctrlr.Var"),
        (("Ctrlr", "Var", "Inst"), "Ctrlr.Var[Inst]"),
        (("EVSE", "Power", "", 1), "EVSE#1.Power"),
        (("Connector", "Available", "", 2, 1), "Connector#2/1.Available"),
    ],
)
def test_address(parts, name):
    assert address(*parts) == name


def test_a_variable_is_kept_under_its_address_or_its_old_key():
    assert NUMBER.id == "A.Number"
    assert Variable("", "", Kind.INTEGER, 1, "Test.", key16="OldKey").id == "OldKey"
