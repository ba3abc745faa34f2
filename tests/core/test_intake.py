from dataclasses import replace
from typing import get_args

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.commands import RemoteStop, Result
from chargepoint.core.effects import Answer, Remember
from chargepoint.core.facts import (
    Asked,
    Authorized,
    AvailabilityIs,
    CableIs,
    ClockIs,
    ContactorIs,
    Durable,
    Fact,
    FaultCleared,
    FaultIs,
    GuardIs,
    HeatIs,
    LinkIs,
    LockIs,
    QueueIs,
    Registration,
    ReservationIs,
    SettingIs,
    Tapped,
    TransactionConfirmed,
    TransactionWasOpen,
)
from chargepoint.core.intake import NOTICED_WITHIN_S, TAKE
from chargepoint.core.limits import Limited
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import ChargingState, TransactionStarted, Trigger
from chargepoint.core.setup import EvseSetup
from chargepoint.core.tokens import NOBODY, TokenInfo, Verdict
from chargepoint.core.variables import HEARTBEAT_INTERVAL_S, OFFLINE_THRESHOLD_S
from tests.core.built import ANN, BOB, NOON, Built

TWO = (EvseSetup(), EvseSetup())
ONLINE_AGAIN = LinkIs(True, Registration.ACCEPTED, booted=False)


def test_every_fact_is_taken():
    assert set(TAKE) == set(get_args(Fact))


def test_a_fact_told_twice_says_nothing_new():
    b = Built(EvseSetup(has_lock=True))
    facts: list[Fact] = [
        GuardIs(False),
        FaultIs(1, "lock", True),
        FaultIs(0, "tilt", True),
        AvailabilityIs(1, False),
        AvailabilityIs(0, False),
        LockIs(1, True),
        ContactorIs(1, False),
        QueueIs(4),
        SettingIs(HEARTBEAT_INTERVAL_S.id, "99"),
        ClockIs(NOON, TimeQuality.NTP),
        LinkIs(False),
        Durable("nobody"),
        Authorized(BOB, None),
    ]
    for fact in facts:
        b.do(fact)
    for fact in facts:
        assert [each for each in b.do(fact) if not isinstance(each, Remember)] == [], fact


def test_without_the_guard_the_contactor_is_open():
    b = Built()
    b.charge()
    b.do(GuardIs(False))
    assert not b.evse.closed
    assert b.orders()[-1][1] is False
    b.do(GuardIs(True))
    b.run(10)
    assert b.evse.power.energised, "the transaction goes on"


def test_faults_of_the_station_concern_every_place():
    b = Built(*TWO)
    b.do(FaultIs(0, "tilt", True))
    assert [b.statuses(evse=n)[-1] for n in (0, 1, 2)] == ["Faulted"] * 3
    b.do(FaultIs(0, "tilt", False))
    assert b.statuses()[-1] == "Faulted", "it latches"
    b.do(FaultCleared(0, "tilt"))
    assert [b.statuses(evse=n)[-1] for n in (0, 1, 2)] == ["Available"] * 3


def test_a_welded_contactor_is_cleared_by_a_person_when_it_is_open():
    b = Built()
    b.do(ContactorIs(1, True))
    b.wait(2.0)
    assert "contactor-welded" in b.evse.all_faults
    b.do(ContactorIs(1, False), FaultCleared(1, "contactor-welded"))
    assert b.evse.all_faults == {}


# -- the link -------------------------------------------------------------------------------------------------------


def told(b: Built, *facts: Fact) -> list[int]:
    """Whose status is told."""
    effects = b.do(*facts)
    return [n for n in (0, 1, 2) if b.statuses(effects, n)]


def test_who_was_told_of_the_boot_learns_everything():
    b = Built(*TWO, awake=False)
    assert told(b, LinkIs(True, Registration.ACCEPTED)) == [0, 1, 2]
    b.do(LinkIs(False))
    assert told(b, LinkIs(True, Registration.ACCEPTED)) == [0, 1, 2]
    assert told(b, LinkIs(True, Registration.ACCEPTED)) == []


def test_after_a_short_absence_only_what_has_changed():
    b = Built(*TWO)
    b.run(int(NOTICED_WITHIN_S) + 10)
    b.offline()
    b.plug(evse=2)
    b.wait(20.0)
    for number in (1, 2):
        b.meter(evse=number)
    b.run(1)
    silent = {n for n in (1, 2) if "meter" in b.station.evses[n].all_faults}
    assert not silent
    told_after = told(b, ONLINE_AGAIN)
    assert 0 not in told_after and 2 in told_after


def test_after_a_long_absence_everything():
    b = Built(*TWO, settings={OFFLINE_THRESHOLD_S: 60})
    b.run(int(NOTICED_WITHIN_S) + 10)
    b.offline()
    b.run(61)
    assert told(b, ONLINE_AGAIN) == [0, 1, 2]


def test_what_was_told_into_a_dead_link_is_told_again():
    b = Built(*TWO)
    b.run(int(NOTICED_WITHIN_S) + 10)
    b.plug(evse=2)
    b.run(40)
    b.offline()
    b.run(5)
    assert told(b, ONLINE_AGAIN) == [2]


def test_a_first_session_without_boot_learns_everything():
    b = Built(*TWO, awake=False)
    assert told(b, ONLINE_AGAIN) == [0, 1, 2]


# -- the backend's word on a start ----------------------------------------------------------------------------------


def test_the_group_comes_with_the_confirmation():
    b = Built()
    tx = b.charge()
    b.do(TransactionConfirmed(tx, None), TransactionConfirmed("unknown", TokenInfo(Verdict.INVALID)))
    b.do(
        TransactionConfirmed(tx, TokenInfo(Verdict.ACCEPTED, "g")),
        TransactionConfirmed(tx, TokenInfo(Verdict.ACCEPTED)),
    )
    assert b.evse.session.granted.group == "g"
    assert [each.token for each in b.all(Remember)] == [ANN, ANN]
    b.do(TransactionConfirmed(tx, TokenInfo(Verdict.CONCURRENT_TX)))
    assert "refused the running transaction's token: ConcurrentTx" in b.said()


# -- from the store -------------------------------------------------------------------------------------------------


def test_what_the_store_held():
    b = Built(awake=False)
    b.do(SettingIs("HeartbeatInterval", "44"), SettingIs("Nonsense", "1"), SettingIs("HeartbeatInterval", "x"))
    assert b.settings[HEARTBEAT_INTERVAL_S] == 44
    assert b.said().count("is not used") == 2
    b.do(AvailabilityIs(9, False), AvailabilityIs(1, False), ReservationIs(1, 1, ANN, NOON + 60.0))
    assert b.statuses()[-1] == "Unavailable"


def test_a_reservation_of_the_store_comes_and_goes():
    b = Built()
    b.do(ReservationIs(1, 1, ANN, NOON + 3600.0))
    assert b.statuses()[-1] == "Reserved"
    b.do(ReservationIs(1, 1, None))
    assert b.statuses()[-1] == "Available"


def test_a_better_clock_replaces_a_worse_one():
    b = Built(awake=False)
    for offset, quality in ((10.0, TimeQuality.BACKEND), (20.0, TimeQuality.RESTORED), (30.0, TimeQuality.NTP)):
        b.do(ClockIs(offset, quality))
    assert (b.station.around.offset, b.station.around.quality) == (30.0, TimeQuality.NTP)


def test_commands_are_answered():
    b = Built()
    (answer,) = b.all(Answer, b.do(Asked("x", RemoteStop("y"))))
    assert (answer.ticket, answer.outcome.result) == ("x", Result.REJECTED)


def test_a_vehicle_that_stays_voids_no_question():
    b = Built()
    b.plug(Vehicle.B)
    b.plug(Vehicle.C)
    assert b.station.cards.questions == {}


def test_an_answer_and_a_disk_for_nobody():
    b = Built()
    b.charge()
    b.do(Tapped((1,), BOB, NOBODY), Durable("tx9"))
    assert b.evse.session.current.durable
    b.do(LinkIs(True, Registration.ACCEPTED), Tapped((1,), BOB, NOBODY))
    b.plug(Vehicle.A)
    b.do(LinkIs(False), Authorized(BOB, TokenInfo(Verdict.ACCEPTED)))
    assert b.evse.session.grant is None or b.evse.session.grant.token is ANN


def test_a_cable_and_a_temperature():
    b = Built()
    b.do(CableIs(1, 13.0), HeatIs(1, 40.0))
    assert b.evse.limited == Limited(13.0, 40.0)


def test_what_a_technician_should_read_of_the_meter():
    b = Built()
    b.charge()
    assert "went back by 500 Wh" in b.said(b.meter(-500.0))


def test_a_transaction_that_was_open_is_taken_up_once():
    b = Built()
    start = TransactionStarted("old", 1, Stamp(6, 1.0), 0, Trigger.AUTHORIZED, ChargingState.EV_CONNECTED, ANN, 800.0)
    b.do(*[TransactionWasOpen(start, 3, 2000.0, start.at)] * 2)
    assert b.records() == []
    assert (b.evse.session.current.id, b.evse.metering.energy_wh) == ("old", 2000.0)
    lost = replace(start, tx="lost", evse=5)
    b.do(TransactionWasOpen(lost, 3, 2000.0, start.at))
    assert [(each.tx, each.evse) for each in b.records()] == [("lost", 5)]
    assert "connector 5 has ended" in b.said()


def test_a_change_of_the_station_itself_is_told_after_a_short_absence():
    b = Built(*TWO)
    b.run(int(NOTICED_WITHIN_S) + 10)
    b.offline()
    b.do(FaultIs(0, "weak-signal", True))
    b.run(5)
    assert 0 in told(b, ONLINE_AGAIN)


def test_the_absence_counts_from_its_beginning():
    b = Built(*TWO, settings={OFFLINE_THRESHOLD_S: 60})
    b.run(int(NOTICED_WITHIN_S) + 10)
    b.offline()
    b.run(40)
    b.offline()
    b.run(20)
    assert told(b, ONLINE_AGAIN) == []
    b.offline()
    b.run(40)
    b.offline()
    b.run(21)
    assert told(b, ONLINE_AGAIN) == [0, 1, 2]


def test_the_guard_is_told_nothing_while_it_is_away():
    b = Built()
    b.do(GuardIs(False))
    assert b.orders(b.do(GuardIs(False))) == []
    b.wait(5.0)
    assert b.orders(b.do(GuardIs(True)))[0] == (b.evse.power.order.pilot, False)
