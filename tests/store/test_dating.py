from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.store.dating import Boot, Boots
from tests.store.kit import run, sample, settled

NTP = TimeQuality.NTP


def boots(*rows):
    return Boots([Boot(number, machine, opened, last, clock) for number, machine, opened, last, clock in rows])


def test_what_knew_its_time_keeps_it():
    assert boots((1, "a", 0, 0, 1e9)).dated(Stamp(1, 5.0, 77.0)) == 77.0


def test_its_own_boot_is_asked_first():
    assert boots((1, "a", 0, 0, 1e9), (2, "b", 0, 0, 2e9)).dated(Stamp(1, 5.0)) == 1e9 + 5


def test_another_start_within_the_same_run_of_the_machine_knows_too():
    known = boots((1, "a", 10, 20, None), (2, "a", 30, 40, 1e9))
    assert known.dated(Stamp(1, 15.0)) == 1e9 + 15
    known = boots((1, "a", 10, 20, 1e9), (2, "a", 30, 40, None))
    assert known.dated(Stamp(2, 35.0)) == 1e9 + 35


def test_a_boot_that_never_knew_ends_before_the_next_known_one_starts():
    known = boots((1, "a", 0, 100, None), (2, "b", 10, 20, 1e9))
    assert known.dated(Stamp(1, 100.0)) == pytest.approx(1e9 + 10 - 0.001, abs=1e-5)
    assert known.dated(Stamp(1, 40.0)) == pytest.approx(1e9 + 10 - 60.001, abs=1e-5)
    assert known.dated(Stamp(1, 500.0)) < 1e9 + 10


def test_several_that_never_knew_keep_their_order():
    known = boots((1, "a", 0, 100, None), (2, "b", 10, 60, None), (3, "c", 5, 5, 1e9))
    assert known.dated(Stamp(2, 60.0)) == pytest.approx(1e9 + 5 - 0.001, abs=1e-5)
    assert known.dated(Stamp(1, 100.0)) == pytest.approx(1e9 + 5 - 50.002, abs=1e-5)


def test_a_boot_that_nobody_remembers_is_before_the_next_known_one():
    assert boots((7, "a", 5, 5, 1e9)).dated(Stamp(3, 1e6)) == pytest.approx(1e9 + 5, abs=0.1)


def test_as_long_as_nobody_can_know_there_is_no_answer():
    known = boots((1, "a", 0, 9, 1e9), (2, "b", 0, 9, None))
    assert known.dated(Stamp(2, 5.0)) is None
    known.note(2e9, TimeQuality.BACKEND)
    assert known.dated(Stamp(2, 5.0)) == 2e9 + 5


def test_better_time_replaces_worse_and_small_steps_are_not_told():
    known = boots((1, "a", 0, 0, None))
    assert known.note(1e9, TimeQuality.BACKEND)
    assert not known.note(1e9 + 0.5, TimeQuality.BACKEND)
    assert not known.note(5.0, TimeQuality.RESTORED)
    assert known.note(1e9 + 0.25, NTP)
    assert not known.note(3e9, TimeQuality.BACKEND)
    assert known.note(1e9 + 60, NTP)
    assert known.stamp(5.0) == Stamp(1, 5.0, 1e9 + 65, NTP)


def test_a_stamp_of_now_before_the_time_is_known():
    assert boots((1, "a", 0, 0, None)).stamp(5.0) == Stamp(1, 5.0, None, TimeQuality.NONE)


rows = st.lists(
    st.tuples(
        st.floats(0, 1e6),
        st.floats(0, 1e6),
        st.booleans(),
        st.lists(st.floats(0, 1), min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=6,
)


@given(rows)
def test_order_is_kept_and_nothing_is_dated_in_1970(drawn):
    """Every boot starts when the one before has ended, an hour after it; some know the time."""
    utc, built, stamps = 1.7e9, [], []
    for number, (opened, length, knows, parts) in enumerate(drawn, start=1):
        clock = utc - opened
        built.append(Boot(number, f"m{number}", opened, opened + length, clock if knows else None))
        stamps += [Stamp(number, opened + length * part) for part in sorted(parts)]
        utc += length + 3600
    known = Boots(built)
    dated = [known.dated(stamp) for stamp in stamps]
    last_known = max((row.boot for row in built if row.clock is not None), default=0)
    assert [when is None for when in dated] == [stamp.boot > last_known for stamp in stamps]
    found = [when for when in dated if when is not None]
    assert all(before <= after for before, after in pairwise(found))
    assert all(when > 1.6e9 for when in found)


def test_over_restarts_of_the_machine(home):
    """Two runs without time, killed and cut; the third learns it from the backend."""

    async def go():
        store = home.open(machine="first", mono=lambda: 10.0)
        store.keep(sample(seq=29, boot=1))
        await store.close()
        store = home.open(machine="second", mono=lambda: 20.0)
        store.keep(sample(seq=99, boot=2))
        assert store.dated(Stamp(1, 30.0)) is None
        await store.close()
        store = home.open(machine="third", mono=lambda: 5.0)
        store.note_clock(1.8e9, TimeQuality.BACKEND)
        assert store.dated(Stamp(3, 7.0)) == 1.8e9 + 7
        assert store.dated(Stamp(2, 100.0)) == pytest.approx(1.8e9 + 5, abs=0.01)
        assert store.dated(Stamp(2, 20.0)) == pytest.approx(1.8e9 + 5 - 80, abs=0.01)
        assert store.dated(Stamp(1, 30.0)) == pytest.approx(1.8e9 + 5 - 80, abs=0.01)
        await store.close()
        store = home.open(machine="third", mono=lambda: 50.0)
        assert store.dated(Stamp(4, 51.0)) == 1.8e9 + 51
        assert store.dated(Stamp(3, 7.0)) == 1.8e9 + 7
        await settled(store)
        await store.close()

    run(go())
