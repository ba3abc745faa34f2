from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.commands import ClearCache, Outcome, Result
from chargepoint.core.effects import Answer, Keep, Say
from chargepoint.core.facts import ClockIs, GuardIs, Tick
from chargepoint.core.records import SecurityEvent
from chargepoint.core.surroundings import GUARD_WITHIN_S
from tests.core.built import NOON, Built


def test_the_guard_has_a_while_to_speak_first():
    b = Built(awake=False)
    around = b.station.around
    assert around.guard_due is None and not around.guard_is_missing
    b.do(Tick())
    assert around.guard_due == b.now + GUARD_WITHIN_S
    b.wait(GUARD_WITHIN_S - 0.1)
    assert not around.guard_is_missing
    b.wait(0.1)
    assert around.guard_is_missing
    assert b.statuses(evse=0) == ["Available", "Faulted"]
    b.do(GuardIs(True))
    assert around.guard_due is None and around.faults == {}
    assert b.statuses(evse=0)[-1] == "Available"


def test_stamps_say_what_is_known_of_the_time():
    b = Built(awake=False)
    b.do(Tick())
    assert b.station.around.stamp() == Stamp(7, 50.0)
    assert b.station.around.utc is None
    b.do(ClockIs(NOON, TimeQuality.BACKEND))
    assert b.station.around.stamp(40.0) == Stamp(7, 40.0, NOON + 40.0, TimeQuality.BACKEND)


def test_the_way_out():
    around = Built().station.around
    around.out = []
    around.say(2, "hello", warning=True)
    around.answer("t", ClearCache(), Outcome(Result.ACCEPTED))
    waiting = around.waiting
    around.keep(SecurityEvent("StartupOfTheDevice", around.stamp()))
    assert around.waiting == waiting + 1
    assert around.out[0] == Say(2, "hello", warning=True)
    assert [type(each) for each in around.out] == [Say, Answer, Keep]
