from typing import Any

import pytest

from chargepoint.core.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    DataTransfer,
    GetInventory,
    GetSettings,
    GetVariables,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    ResetKind,
    Result,
    SetSetting,
    SetVariables,
    TransactionStatus,
    TriggerMessage,
    Unlock,
    Wanted,
)
from chargepoint.core.effects import Answer, ForgetTokens, KeepAvailability, KeepReservation, KeepSetting, Tell
from chargepoint.core.facts import Authorized, FaultIs, LinkIs, LockIs, QueueIs, Registration
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import (
    Authorize,
    Boot,
    Heartbeat,
    InventoryPart,
    Measured,
    Reason,
    TransactionEnded,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.session import State
from chargepoint.core.setup import EvseSetup
from chargepoint.core.tokens import IdToken, TokenInfo, TokenKind, Verdict
from chargepoint.core.variables import (
    ALIGNED_MEASURANDS,
    AUTH_CACHE_ENABLED,
    AUTHORIZE_REMOTE_START,
    HEARTBEAT_INTERVAL_S,
    SAMPLED_UPDATED,
)
from tests.core.built import ANN, BOB, NOON, Built, known

TWO = (EvseSetup(), EvseSetup())


def end_of(b: Built) -> TransactionEnded:
    (end,) = [each for each in b.records() if isinstance(each, TransactionEnded)]
    return end


# -- remote start and stop --------------------------------------------------------------------------------------------


def test_remote_start_waits_for_the_cable():
    b = Built()
    assert b.ask(RemoteStart(1, ANN, 77, "g")).accepted
    assert b.evse.session.state is State.AUTHORIZED
    b.plug()
    (start,) = b.starts()
    assert (start.token, start.remote_start, start.trigger) == (ANN, 77, Trigger.CABLE_PLUGGED_IN)


def test_remote_start_of_a_vehicle_that_waits():
    b = Built(*TWO)
    b.plug(evse=2)
    assert b.ask(RemoteStart(None, ANN)).accepted
    (start,) = b.starts()
    assert (start.evse, start.trigger) == (2, Trigger.REMOTE_START)


def test_remote_start_in_finishing():
    """Interop S22."""
    b = Built()
    b.plug()
    b.run(61)
    assert b.statuses()[-1] == "Finishing"
    assert b.ask(RemoteStart(1, ANN)).accepted
    assert len(b.starts()) == 1


def test_remote_start_may_ask_first():
    b = Built(settings={AUTHORIZE_REMOTE_START: True})
    effects = b.do_ask(RemoteStart(1, ANN))
    kinds = [type(each) for each in effects if isinstance(each, Answer | Tell)]
    assert kinds == [Answer, Tell], "the answer goes first"
    assert effects[-1] == Tell(Authorize(ANN))
    b.do(Authorized(ANN, TokenInfo(Verdict.ACCEPTED)))
    assert b.evse.session.state is State.AUTHORIZED


def test_remote_start_known_here_starts_in_the_same_turn():
    b = Built(settings={AUTHORIZE_REMOTE_START: True})
    b.settings.set16("LocalPreAuthorize", "true")
    b.plug()
    assert b.ask(RemoteStart(1, ANN), known=known()).accepted
    assert b.evse.session.state is State.STARTING


def test_a_token_of_the_backend_itself_is_not_asked_about():
    b = Built(settings={AUTHORIZE_REMOTE_START: True})
    b.ask(RemoteStart(1, IdToken("c", TokenKind.CENTRAL)))
    assert b.evse.session.state is State.AUTHORIZED


@pytest.mark.parametrize(
    ("evse", "prepare", "why"),
    [
        (0, None, "there is no connector 0"),
        (-1, None, "there is no connector -1"),
        (1, FaultIs(1, "lock", True), "connector 1 is faulted (lock)"),
        (1, LinkIs(False, Registration.PENDING), "not accepted"),
        (1, LinkIs(False, Registration.REJECTED), "not accepted"),
        (1, ChangeAvailability(1, False), "out of service"),
        (1, Reserve(1, 1, BOB, NOON + 100.0), "is reserved"),
        (1, RemoteStart(1, BOB), "is in use"),
        (1, Reset(ResetKind.SOFT), "out of service"),
    ],
)
def test_where_a_remote_start_is_rejected(evse: int, prepare: Any, why: str):
    b = Built()
    if isinstance(prepare, FaultIs | LinkIs):
        b.do(prepare)
    elif prepare is not None:
        b.ask(prepare)
    outcome = b.ask(RemoteStart(evse, ANN))
    assert outcome.result is Result.REJECTED
    assert why in outcome.reason


def test_remote_stop():
    b = Built()
    assert b.ask(RemoteStop("nothing")).result is Result.REJECTED
    tx = b.charge()
    assert b.ask(RemoteStop(tx)).accepted
    b.run(8)
    assert (end_of(b).reason, end_of(b).trigger) == (Reason.REMOTE, Trigger.REMOTE_STOP)
    assert b.statuses()[-1] == "Finishing"
    assert b.ask(RemoteStop(tx)).result is Result.REJECTED


# -- availability and reset -------------------------------------------------------------------------------------------


def test_availability_waits_for_the_transaction():
    b = Built(*TWO)
    tx = b.charge()
    outcome = b.ask(ChangeAvailability(0, False))
    assert outcome.result is Result.SCHEDULED
    assert b.all(KeepAvailability) == [KeepAvailability(n, False) for n in (0, 1, 2)]
    assert (b.statuses()[-1], b.statuses(evse=2)[-1], b.statuses(evse=0)[-1]) == (
        "Charging",
        "Unavailable",
        "Unavailable",
    )
    b.ask(RemoteStop(tx))
    b.run(8)
    assert b.statuses()[-1] == "Unavailable"
    assert b.ask(ChangeAvailability(0, True)).accepted
    assert b.statuses(evse=2)[-1] == "Available"


def test_availability_of_one():
    b = Built(*TWO)
    assert b.ask(ChangeAvailability(3, False)).result is Result.REJECTED
    assert b.ask(ChangeAvailability(2, False)).accepted
    assert b.ask(ChangeAvailability(2, False)).accepted, "the same state again is no problem"
    assert (b.statuses()[-1], b.statuses(evse=2)[-1]) == ("Available", "Unavailable")


@pytest.mark.parametrize(
    ("kind", "reason"), [(ResetKind.SOFT, Reason.SOFT_RESET), (ResetKind.HARD, Reason.IMMEDIATE_RESET)]
)
def test_a_reset_ends_what_runs(kind: ResetKind, reason: Reason):
    b = Built()
    b.charge()
    assert b.ask(Reset(kind)).accepted
    b.run(8)
    assert (end_of(b).reason, end_of(b).trigger) == (reason, Trigger.RESET_COMMAND)


def test_a_reset_when_idle_waits():
    b = Built()
    assert b.ask(Reset(ResetKind.SOFT, evse=1)).result is Result.REJECTED
    b.charge()
    assert b.ask(Reset(ResetKind.SOFT, when_idle=True)).result is Result.SCHEDULED
    b.run(5)
    assert b.evse.power.energised
    assert Built().ask(Reset(ResetKind.SOFT, when_idle=True)).accepted


# -- cache, reservations ----------------------------------------------------------------------------------------------


def test_clear_cache():
    b = Built()
    assert b.ask(ClearCache()).accepted
    assert b.all(ForgetTokens) == [ForgetTokens()]
    assert Built(settings={AUTH_CACHE_ENABLED: False}).ask(ClearCache()).result is Result.REJECTED


def test_a_reservation_comes_and_goes():
    b = Built()
    assert b.ask(Reserve(1, 1, ANN, NOON + 100.0, "g")).accepted
    assert b.statuses()[-1] == "Reserved"
    assert b.ask(Reserve(1, 1, BOB, NOON + 200.0)).accepted, "the same id replaces"
    assert b.ask(Reserve(2, 1, BOB, NOON + 200.0)).result is Result.OCCUPIED
    assert b.ask(CancelReservation(2)).result is Result.REJECTED
    assert b.ask(CancelReservation(1)).accepted
    assert b.statuses()[-1] == "Available"
    assert b.all(KeepReservation)[-1] == KeepReservation(1, 1, None)


def test_a_replaced_reservation_may_move():
    b = Built(*TWO)
    b.ask(Reserve(1, 1, ANN, NOON + 100.0))
    assert b.ask(Reserve(1, 2, ANN, NOON + 100.0)).accepted
    assert (b.statuses()[-1], b.statuses(evse=2)[-1]) == ("Available", "Reserved")


def test_where_nothing_can_be_reserved():
    b = Built()
    for evse in (0, 2):
        assert b.ask(Reserve(1, evse, ANN, NOON + 100.0)).result is Result.REJECTED
    assert b.ask(Reserve(1, 1, ANN, NOON)).result is Result.REJECTED
    b.plug()
    assert b.ask(Reserve(1, 1, ANN, NOON + 100.0)).result is Result.OCCUPIED
    b.ask(ChangeAvailability(1, False))
    assert b.ask(Reserve(1, 1, ANN, NOON + 100.0)).result is Result.UNAVAILABLE
    b.do(FaultIs(1, "lock", True))
    assert b.ask(Reserve(1, 1, ANN, NOON + 100.0)).result is Result.FAULTED


# -- settings ---------------------------------------------------------------------------------------------------------


def test_settings_of_both_kinds():
    b = Built()
    assert b.ask(SetSetting("heartbeatinterval", "77")).accepted
    assert b.settings[HEARTBEAT_INTERVAL_S] == 77
    assert b.all(KeepSetting) == [KeepSetting(HEARTBEAT_INTERVAL_S.id, "77")]
    found = b.ask(GetSettings(("HeartbeatInterval", "Nonsense"))).detail
    assert [(each.name, each.value) for each in found.known] == [("HeartbeatInterval", "77")]
    assert found.unknown == ("Nonsense",)
    assert b.ask(SetSetting("HeartbeatInterval", "never")).result is Result.REJECTED
    assert len(b.all(KeepSetting)) == 1


def test_variables_one_by_one():
    b = Built()
    wanted, wrong = SetSetting(HEARTBEAT_INTERVAL_S.id, "88"), SetSetting("OCPPCommCtrlr.Nonsense", "1")
    outcomes = b.ask(SetVariables((wanted, wrong))).detail
    assert [each.result for each in outcomes] == [Result.ACCEPTED, Result.UNKNOWN_ITEM]
    assert b.all(KeepSetting) == [KeepSetting(HEARTBEAT_INTERVAL_S.id, "88")]
    (found,) = b.ask(GetVariables((HEARTBEAT_INTERVAL_S.id,))).detail
    assert found.detail == "88"


def test_inventory():
    b = Built()
    effects = b.do_ask(GetInventory(5, settable_only=True))
    assert isinstance(effects[0], Answer)
    parts = [each for each in b.reports(effects) if isinstance(each, InventoryPart)]
    assert parts and all(each.asked for each in effects if isinstance(each, Tell))
    assert b.ask(GetInventory(6, settable_only=False, summary=True)).result is Result.NOT_SUPPORTED


# -- triggers ---------------------------------------------------------------------------------------------------------


def triggered(b: Built, wanted: Wanted | None, evse: int | None = None) -> list[Any]:
    """What follows the answer."""
    effects = b.do_ask(TriggerMessage(wanted, evse))
    assert isinstance(effects[0], Answer)
    if effects[0].outcome.result is not Result.ACCEPTED:
        return [effects[0].outcome.result]
    assert all(each.asked for each in effects if isinstance(each, Tell))
    return [*b.reports(effects), *b.records(effects)]


def test_triggers():
    b = Built(*TWO)
    assert triggered(b, Wanted.HEARTBEAT) == [Heartbeat()]
    assert [each.evse for each in triggered(b, Wanted.STATUS)] == [0, 1, 2]
    assert [each.evse for each in triggered(b, Wanted.STATUS, 2)] == [2]
    assert [each.evse for each in triggered(b, Wanted.STATUS, 0)] == [0]
    assert [each.evse for each in triggered(b, Wanted.METER_VALUES)] == [1, 2]
    assert triggered(b, Wanted.STATUS, 3) == [Result.REJECTED]
    assert triggered(b, Wanted.TRANSACTION) == [Result.REJECTED]
    assert triggered(b, Wanted.BOOT) == [Result.REJECTED], "OCPP 1.6 E35"
    assert triggered(b, Wanted.LOG_STATUS) == [Result.NOT_SUPPORTED]
    assert triggered(b, None) == [Result.NOT_SUPPORTED]


def test_a_boot_can_be_triggered_while_pending():
    b = Built(awake=False)
    b.do(LinkIs(False, Registration.PENDING))
    (boot,) = [each for each in triggered(b, Wanted.BOOT) if isinstance(each, Boot)]
    assert boot.reason.value == "Triggered"


def test_triggers_in_a_transaction():
    b = Built()
    b.charge()
    for wanted in (Wanted.TRANSACTION, Wanted.METER_VALUES):
        (update,) = triggered(b, wanted)
        assert isinstance(update, TransactionUpdated)
        assert update.trigger is Trigger.TRIGGER and update.values


def test_a_trigger_without_anything_to_measure():
    b = Built(settings={SAMPLED_UPDATED: (), ALIGNED_MEASURANDS: ()})
    assert [each for each in triggered(b, Wanted.METER_VALUES) if isinstance(each, Measured)] == []
    b.charge()
    (update,) = triggered(b, Wanted.TRANSACTION)
    assert update.values == ()


# -- the rest ---------------------------------------------------------------------------------------------------------


def test_data_transfer():
    assert Built().ask(DataTransfer("org.example")).result is Result.UNKNOWN


def test_transaction_status():
    b = Built()
    assert b.ask(TransactionStatus(None)).detail == (None, False)
    tx = b.charge()
    assert b.ask(TransactionStatus(tx)).detail == (True, True)
    b.do(QueueIs(0))
    assert b.ask(TransactionStatus(tx)).detail == (True, False)
    b.do(QueueIs(3))
    assert b.ask(TransactionStatus(None)).detail == (None, True)
    assert b.ask(TransactionStatus("gone"), queued=False).detail == (False, False)
    assert b.ask(TransactionStatus("gone"), queued=True).detail == (False, True)
    b.plug(Vehicle.A)


def test_unlocking_is_answered_when_the_lock_has_moved():
    b = Built(EvseSetup(has_lock=True))
    assert b.ask(Unlock(2, force=True)).result is Result.UNKNOWN
    b.do(LockIs(1, True))
    assert b.all(Answer, b.do_ask(Unlock(1, force=True))) == []
    (answer,) = b.all(Answer, b.do(LockIs(1, False)))
    assert answer.outcome.result is Result.UNLOCKED


def test_back_in_service_during_a_transaction():
    b = Built()
    b.charge()
    assert b.ask(ChangeAvailability(1, False)).result is Result.SCHEDULED
    assert b.ask(ChangeAvailability(1, True)).accepted


def test_a_reservation_before_the_time_is_known_is_believed():
    b = Built()
    b.station.around.offset = None
    assert b.ask(Reserve(1, 1, ANN, NOON)).accepted


def test_meter_values_on_demand_are_the_sampled_ones_or_else_the_aligned_ones():
    for settings, expected in (
        ({SAMPLED_UPDATED: ("Current.Offered",)}, "Current.Offered"),
        ({SAMPLED_UPDATED: (), ALIGNED_MEASURANDS: ("Power.Offered",)}, "Power.Offered"),
    ):
        (told,) = triggered(Built(settings=settings), Wanted.METER_VALUES)
        assert [value.measurand.value for value in told.values[0].values] == [expected]
