"""Waiting before the next attempt (OCPP 2.0.1 Part 4 5.3)."""

from chargepoint.core.settings import Settings
from chargepoint.uplink.backoff import Backoff

WAIT, RANDOM, REPEAT = (
    "OCPPCommCtrlr.RetryBackOffWaitMinimum",
    "OCPPCommCtrlr.RetryBackOffRandomRange",
    "OCPPCommCtrlr.RetryBackOffRepeatTimes",
)


def waits(settings, chance, many):
    backoff = Backoff(Settings(settings), lambda: chance)
    return [backoff.next_s() for _ in range(many)]


def test_short_first_then_doubling_so_often():
    assert waits({WAIT: 3, RANDOM: 0, REPEAT: 3}, 0.0, 7) == [1.0, 3, 6, 12, 24, 24, 24]


def test_chance_is_added_each_time():
    assert waits({WAIT: 3, RANDOM: 10, REPEAT: 2}, 0.5, 5) == [1.5, 8, 21, 47, 47]


def test_never_at_once():
    assert min(waits({WAIT: 1, RANDOM: 0, REPEAT: 0}, 0.0, 9)) == 1.0


def test_after_a_link_that_worked_it_begins_anew():
    backoff = Backoff(Settings({WAIT: 3, RANDOM: 0}), lambda: 0.0)
    for _ in range(4):
        backoff.next_s()
    backoff.worked()
    assert [backoff.next_s(), backoff.next_s()] == [1.0, 3]
