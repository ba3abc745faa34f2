from hypothesis import given, settings
from hypothesis import strategies as st

from chargepoint.clock import TimeQuality
from chargepoint.core.commands import ChangeAvailability, RemoteStart, RemoteStop, Reserve, Reset, ResetKind, Unlock
from chargepoint.core.effects import Drive, Keep, KeepReservation, Reboot
from chargepoint.core.facts import (
    Asked,
    Authorized,
    ClockIs,
    ContactorIs,
    Durable,
    Fact,
    FaultIs,
    GuardIs,
    LinkIs,
    LockIs,
    Metered,
    QueueIs,
    Registration,
    ReservationIs,
    Tapped,
    Tick,
    VehicleIs,
)
from chargepoint.core.pilot import ASKING, Vehicle
from chargepoint.core.records import StatusIs, TransactionEnded, TransactionStarted
from chargepoint.core.setup import EvseSetup
from chargepoint.core.station import FLUSH_WITHIN_S
from chargepoint.core.tokens import TokenInfo, Verdict
from chargepoint.hal import MeterSample
from tests.core.built import ANN, BOB, NOON, Built, known

# -- status of the station ---------------------------------------------------------------------------------------------


def test_the_station_has_a_status_of_its_own():
    b = Built(awake=False)
    b.do(GuardIs(True))
    b.do(FaultIs(0, "weak-signal", True, "-110 dBm"), FaultIs(0, "internal", True), FaultIs(0, "internal", False))
    found = [each for each in b.reports() if getattr(each, "evse", None) == 0]
    assert [(each.status.value, each.fault, each.info) for each in found] == [
        ("Available", "", ""),
        ("Available", "weak-signal", "-110 dBm"),
        ("Faulted", "internal", ""),
        ("Available", "weak-signal", "-110 dBm"),
    ]


# -- reservations ------------------------------------------------------------------------------------------------------


def test_a_reservation_expires_at_its_deadline():
    b = Built(EvseSetup(has_meter=False))
    b.ask(Reserve(4, 1, ANN, NOON + 53.5))
    assert b.station.next_deadline is not None and b.station.next_deadline <= 53.5
    b.wait(3.4)
    assert b.statuses()[-1] == "Reserved"
    b.wait(0.1)
    assert b.statuses()[-1] == "Available"
    assert b.all(KeepReservation)[-1] == KeepReservation(4, 1, None)
    assert "has expired" in b.said()


def test_a_place_out_of_order_is_reserved_for_nobody():
    b = Built(EvseSetup(), EvseSetup())
    b.ask(Reserve(1, 1, ANN, NOON + 3600.0))
    b.ask(Reserve(2, 2, BOB, NOON + 3600.0))
    b.do(ReservationIs(3, 9, BOB, NOON + 3600.0))
    b.do(FaultIs(1, "lock", True), FaultIs(1, "lock", False))
    assert b.station.around.reservations.held.keys() == {2}
    assert b.statuses()[-1] == "Available"


# -- reset -------------------------------------------------------------------------------------------------------------


def test_a_reset_waits_until_the_records_are_delivered():
    b = Built(EvseSetup(has_meter=False))
    b.charge()
    b.do(LinkIs(True, Registration.ACCEPTED))
    b.ask(Reset(ResetKind.SOFT))
    b.plug(Vehicle.B)
    b.run(1)
    assert any(isinstance(each, TransactionEnded) for each in b.records())
    assert b.all(Reboot) == []
    b.do(QueueIs(0))
    assert b.all(Reboot) == [Reboot(ResetKind.SOFT)]
    b.wait(60.0)
    assert len(b.all(Reboot)) == 1


def test_a_backend_that_confirms_nothing_does_not_hold_up_a_reset():
    b = Built(EvseSetup(has_meter=False))
    b.do(QueueIs(3))
    b.ask(Reset(ResetKind.HARD))
    b.wait(FLUSH_WITHIN_S - 0.1)
    assert b.all(Reboot) == []
    b.wait(0.1)
    assert b.all(Reboot) == [Reboot(ResetKind.HARD)]


def test_without_a_link_nothing_is_waited_for():
    b = Built()
    b.do(QueueIs(3), LinkIs(False))
    b.ask(Reset(ResetKind.HARD))
    assert b.all(Reboot) == [Reboot(ResetKind.HARD)]


# -- anything in any order ---------------------------------------------------------------------------------------------

tokens = st.sampled_from([ANN, BOB])
evses = st.integers(1, 2)
steps = st.one_of(
    st.floats(0.01, 20.0),
    st.builds(VehicleIs, evses, st.sampled_from(Vehicle)),
    st.builds(ContactorIs, evses, st.booleans()),
    st.builds(LockIs, evses, st.booleans()),
    st.builds(GuardIs, st.booleans()),
    st.builds(FaultIs, st.integers(0, 2), st.sampled_from(["ground", "lock", "door", "reader"]), st.booleans()),
    st.builds(LinkIs, st.booleans(), st.sampled_from(Registration), st.booleans()),
    st.builds(lambda token, group: Tapped((1, 2), token, known(group)), tokens, st.sampled_from([None, "g"])),
    st.builds(
        Authorized, tokens, st.sampled_from([None, TokenInfo(Verdict.ACCEPTED, "g"), TokenInfo(Verdict.INVALID)])
    ),
    st.builds(lambda evse, token: Asked("s", RemoteStart(evse, token)), st.sampled_from([None, 1, 2]), tokens),
    st.builds(lambda n: Asked("e", RemoteStop(f"tx{n}")), st.integers(1, 4)),
    st.builds(lambda evse: Asked("u", Unlock(evse, force=True)), evses),
    st.builds(lambda evse, wh: ("meter", evse, wh), evses, st.floats(0, 1e5)),
    st.just("durable"),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=60))
def test_whatever_happens(script: list[Fact | float | str | tuple[str, int, float]]):
    """No fact is fatal, no deadline lies in the past, records are in order, nobody gets energy for nothing."""
    b = Built(EvseSetup(has_lock=True), EvseSetup())
    closed: dict[int, bool] = {}
    durable: set[str] = set()
    open_tx: dict[int, tuple[str, int]] = {}
    for step in script:
        if isinstance(step, float):
            effects = b.wait(step)
        elif isinstance(step, tuple):
            effects = b.do(Metered(step[1], MeterSample(b.now, step[2])))
        elif isinstance(step, str):
            waiting = [each.session.tx.id for each in b.station.evses.values() if each.session.tx is not None]
            durable.update(waiting)
            effects = b.do(*(Durable(tx) for tx in waiting), Tick())
        else:
            effects = b.do(step)
        for effect in effects:
            if isinstance(effect, Drive):
                closed[effect.evse] = effect.closed
            elif isinstance(effect, Keep):
                record = effect.record
                if isinstance(record, TransactionStarted):
                    assert record.evse not in open_tx and record.seq == 0
                else:
                    tx, seq = open_tx[record.evse]
                    assert (record.tx, record.seq) == (tx, seq + 1)
                open_tx[record.evse] = (record.tx, record.seq)
                if isinstance(record, TransactionEnded):
                    del open_tx[record.evse]
        for number, is_closed in closed.items():
            evse = b.station.evses[number]
            if is_closed:
                assert evse.vehicle in ASKING and not evse.blocking and b.station.around.guard
                assert open_tx[number][0] in durable
        due = b.station.next_deadline
        assert due is None or due > b.station.around.now


def test_eight_places_each_with_its_own():
    b = Built(*[EvseSetup()] * 8)
    b.offline()
    for n in range(1, 9):
        b.plug(evse=n)
        b.do(Tapped((n,), type(ANN)(f"card {n}"), known()))
    b.run(8)
    assert all(evse.power.energised for evse in b.station.evses.values())
    assert {start.evse: start.token.text for start in b.starts()} == {n: f"card {n}" for n in range(1, 9)}
    b.do(ClockIs(NOON, TimeQuality.RTC))


def test_one_place_can_be_asked_for():
    b = Built(EvseSetup(), EvseSetup())
    for wanted, expected in ((0, [0]), (2, [2]), (None, [0, 1, 2])):
        b.station.around.out = []
        b.station.tell_statuses(wanted)
        assert [each.evse for each in b.reports(b.station.around.out) if isinstance(each, StatusIs)] == expected
    b.station.around.out = []
    b.station.tell_statuses(since=b.now + 1.0)
    assert b.station.around.out == []
    assert b.station.with_transaction("none") is None


def test_a_reset_does_not_cut_off_a_transaction():
    b = Built()
    b.charge()
    b.ask(Reset(ResetKind.SOFT))
    b.do(QueueIs(0))
    assert b.all(Reboot) == []
    b.run(8)
    assert b.all(Reboot)


def test_a_place_out_of_service_is_reserved_for_nobody():
    b = Built()
    b.ask(Reserve(1, 1, ANN, NOON + 3600.0))
    b.ask(ChangeAvailability(1, False))
    b.ask(ChangeAvailability(1, True))
    assert b.statuses()[-1] == "Available"
