"""Faults told from outside: which stay, which go by themselves, and which a person can clear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.faults import CATALOGUE
from chargepoint.core.reported import Reported

LATCHING, HEALING = "ground", "door"
STEPS = st.lists(
    st.tuples(st.sampled_from(("seen", "gone", "cleared")), st.sampled_from(sorted(CATALOGUE))), max_size=30
)


def told(*faults: str) -> Reported:
    reported = Reported()
    for fault in faults:
        reported.tell(fault, True, f"{fault} seen")
    return reported


def test_the_examples_are_what_they_are_called():
    assert CATALOGUE[LATCHING].latches and not CATALOGUE[HEALING].latches


def test_at_first_nothing_is_wrong():
    assert Reported().faults == {}


def test_what_was_seen_is_kept_with_the_fault():
    assert told(LATCHING, HEALING).faults == {LATCHING: "ground seen", HEALING: "door seen"}


def test_the_latest_word_counts():
    reported = told(HEALING)
    reported.tell(HEALING, True, "open again")
    assert reported.faults == {HEALING: "open again"}


def test_a_fault_that_heals_goes_with_its_cause():
    reported = told(HEALING, LATCHING)
    reported.tell(HEALING, False, "")
    assert reported.faults == {LATCHING: "ground seen"}


def test_a_fault_that_latches_outlives_its_cause_until_a_person_clears_it():
    reported = told(LATCHING)
    reported.tell(LATCHING, False, "")
    assert reported.faults == {LATCHING: "ground seen"}
    reported.clear(LATCHING)
    assert reported.faults == {}


@pytest.mark.parametrize("fault", [LATCHING, HEALING])
def test_a_cause_that_is_still_there_cannot_be_cleared_away(fault: str):
    reported = told(fault)
    reported.clear(fault)
    assert fault in reported.faults
    reported.tell(fault, False, "")
    reported.clear(fault)
    assert reported.faults == {}


@pytest.mark.parametrize("fault", [LATCHING, HEALING])
def test_what_never_was_may_be_told_gone_and_cleared(fault: str):
    reported = Reported()
    reported.tell(fault, False, "")
    reported.clear(fault)
    assert reported.faults == {}


def test_clearing_one_fault_leaves_the_others():
    reported = told(LATCHING, "tilt")
    reported.tell(LATCHING, False, "")
    reported.clear("tilt")
    reported.clear(LATCHING)
    assert reported.faults == {"tilt": "tilt seen"}


def test_a_fault_that_is_not_in_the_catalogue_is_a_bug():
    with pytest.raises(KeyError):
        Reported().tell("gremlin", False, "")


@given(STEPS)
def test_a_fault_counts_from_its_cause_to_its_end(steps: list[tuple[str, str]]):
    reported, present, stays = Reported(), set[str](), set[str]()
    for what, fault in steps:
        if what == "cleared":
            reported.clear(fault)
            stays.discard(fault)
        else:
            reported.tell(fault, what == "seen", what)
            (present.add if what == "seen" else present.discard)(fault)
            if what == "seen" and CATALOGUE[fault].latches:
                stays.add(fault)
        stays |= {fault for fault in present if CATALOGUE[fault].latches}
        assert set(reported.faults) == present | stays
