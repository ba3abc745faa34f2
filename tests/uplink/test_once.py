"""One line per kind of trouble."""

from chargepoint.uplink.once import AGAIN_AFTER_S, MOST_KINDS, Once


def test_once_an_hour_with_a_count():
    said, now = [], [0.0]
    once = Once(said.append, lambda: now[0])
    for _ in range(5):
        once("a", "trouble")
    once("b", "other")
    now[0] = AGAIN_AFTER_S
    once("a", "trouble")
    assert said == ["trouble", "other", "trouble (4 more like it in the hour before)"]


def test_kinds_are_bounded():
    said = []
    once = Once(said.append, lambda: 0.0)
    for kind in range(MOST_KINDS + 1):
        once(str(kind), "x")
    once("0", "x")
    assert len(said) == MOST_KINDS + 2
