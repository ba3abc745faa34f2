"""What a backend asks, one function per command: check, act on facts, answer.

A handler returns its outcome, or None when the answer comes later (a lock has to move first). What must be sent after
the answer is left in `Station.after_answer`.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from chargepoint.core import transaction
from chargepoint.core.cards import Question
from chargepoint.core.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    Command,
    DataTransfer,
    GetInventory,
    GetSettings,
    GetVariables,
    Outcome,
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
from chargepoint.core.effects import ForgetTokens, KeepAvailability, KeepReservation, KeepSetting, Tell
from chargepoint.core.evse import Evse
from chargepoint.core.facts import Asked, Registration
from chargepoint.core.inventory import inventory
from chargepoint.core.records import Boot, BootReason, Heartbeat, Measured, Reason, Trigger
from chargepoint.core.reservations import Reservation
from chargepoint.core.session import State
from chargepoint.core.tokens import TokenInfo, TokenKind, Verdict
from chargepoint.core.transaction import Stop
from chargepoint.core.values import Context
from chargepoint.core.variables import (
    ALIGNED_MEASURANDS,
    AUTH_CACHE_ENABLED,
    AUTHORIZE_REMOTE_START,
    SAMPLED_UPDATED,
)

if TYPE_CHECKING:
    from chargepoint.core.station import Station

ACCEPTED = Outcome(Result.ACCEPTED)


def rejected(why: str) -> Outcome:
    return Outcome(Result.REJECTED, why)


def remote_start(station: "Station", asked: Asked, ask: RemoteStart) -> Outcome:
    """OCPP 1.6 section 5.11, OCPP 2.0.1 F01/F02. Accepted means: it will start once a vehicle is there."""
    around = station.around
    if around.registration in (Registration.PENDING, Registration.REJECTED):
        return rejected("the station is not accepted by the backend yet")
    if ask.evse is not None and ask.evse not in station.evses:
        return rejected(f"there is no connector {ask.evse}")
    places = tuple(station.evses) if ask.evse is None else (ask.evse,)
    question = Question(ask.token, places, asked.known, around.now, ask.remote_start, Trigger.REMOTE_START)
    evse = station.cards.choose(question, ask.group)
    if evse is None:
        return rejected("no connector is free for it: " + "; ".join(_why_not(station.evses[n]) for n in places))
    question = replace(question, evses=(evse.number,))
    trusted = ask.token.kind in (TokenKind.CENTRAL, TokenKind.NO_AUTHORIZATION)
    if around.settings[AUTHORIZE_REMOTE_START] and not trusted:
        station.after_answer.append(lambda: station.cards.present(question))
    else:
        station.cards.grant(evse, question, TokenInfo(Verdict.ACCEPTED, ask.group))
    return ACCEPTED


def _why_not(evse: Evse) -> str:
    if evse.blocking:
        return f"connector {evse.number} is faulted ({', '.join(evse.blocking)})"
    if not evse.usable:
        return f"connector {evse.number} is out of service"
    if evse.session.taken:
        return f"connector {evse.number} is in use"
    return f"connector {evse.number} is reserved"


def remote_stop(station: "Station", asked: Asked, ask: RemoteStop) -> Outcome:
    """OCPP 1.6 E33, OCPP 2.0.1 F03: an unknown transaction is Rejected."""
    evse = station.with_transaction(ask.tx)
    if evse is None:
        return rejected("no such transaction is running")
    evse.session.ask_to_stop(Stop(Reason.REMOTE, Trigger.REMOTE_STOP))
    return ACCEPTED


def change_availability(station: "Station", asked: Asked, ask: ChangeAvailability) -> Outcome:
    """OCPP 1.6 section 5.2, OCPP 2.0.1 G03/G04: kept over a restart; a running transaction is waited for."""
    if ask.evse != 0 and ask.evse not in station.evses:
        return rejected(f"there is no connector {ask.evse}")
    places = list(station.evses.values()) if ask.evse == 0 else [station.evses[ask.evse]]
    if ask.evse == 0:
        station.around.operative = ask.operative
        station.around.emit(KeepAvailability(0, ask.operative))
    for evse in places:
        evse.operative = ask.operative
        station.around.emit(KeepAvailability(evse.number, ask.operative))
    if not ask.operative and any(evse.session.active for evse in places):
        return Outcome(Result.SCHEDULED, "a transaction is running")
    return ACCEPTED


def reset(station: "Station", asked: Asked, ask: Reset) -> Outcome:
    """OCPP 1.6 section 5.14, OCPP 2.0.1 B11/B12: transactions end first, their records are delivered or kept."""
    if ask.evse is not None:
        return Outcome(Result.REJECTED, "a single EVSE cannot be reset on its own")
    station.around.resetting = ask
    busy = any(evse.session.active for evse in station.evses.values())
    if ask.when_idle:
        return Outcome(Result.SCHEDULED, "a transaction is running") if busy else ACCEPTED
    reason = Reason.IMMEDIATE_RESET if ask.kind is ResetKind.HARD else Reason.SOFT_RESET
    for evse in station.evses.values():
        evse.session.ask_to_stop(Stop(reason, Trigger.RESET_COMMAND))
    return ACCEPTED


def unlock(station: "Station", asked: Asked, ask: Unlock) -> Outcome | None:
    """OCPP 1.6 section 5.18, OCPP 2.0.1 F05: answered when the lock has moved."""
    evse = station.evses.get(ask.evse)
    if evse is None:
        return Outcome(Result.UNKNOWN, f"there is no connector {ask.evse}")
    return evse.unlocking.ask(asked.ticket, ask)


def clear_cache(station: "Station", asked: Asked, ask: ClearCache) -> Outcome:
    if not station.around.settings[AUTH_CACHE_ENABLED]:
        return rejected("the authorisation cache is off")
    station.around.emit(ForgetTokens())
    return ACCEPTED


def reserve(station: "Station", asked: Asked, ask: Reserve) -> Outcome:
    """OCPP 1.6 section 5.13, OCPP 2.0.1 H01; the same id again replaces."""
    around, evse = station.around, station.evses.get(ask.evse)
    if evse is None:
        return rejected("a reservation needs a connector of this station")
    if around.utc is not None and ask.expires_utc <= around.utc:
        return rejected("the reservation would have expired already")
    held = around.reservations.on(ask.evse)
    if evse.blocking:
        return Outcome(Result.FAULTED, ", ".join(evse.blocking))
    if not evse.usable:
        return Outcome(Result.UNAVAILABLE)
    if evse.session.state is not State.FREE or (held is not None and held.id != ask.id):
        return Outcome(Result.OCCUPIED)
    around.reservations.held[ask.id] = Reservation(ask.id, ask.evse, ask.token, ask.expires_utc, ask.group)
    around.emit(KeepReservation(ask.id, ask.evse, ask.token, ask.expires_utc, ask.group))
    return ACCEPTED


def cancel_reservation(station: "Station", asked: Asked, ask: CancelReservation) -> Outcome:
    held = station.around.reservations.held.get(ask.id)
    if held is None:
        return rejected("there is no such reservation")
    station.cards.drop(held)
    return ACCEPTED


def get_settings(station: "Station", asked: Asked, ask: GetSettings) -> Outcome:
    return Outcome(Result.ACCEPTED, detail=station.around.settings.find16(ask.names))


def set_setting(station: "Station", asked: Asked, ask: SetSetting) -> Outcome:
    outcome = station.around.settings.set16(ask.name, ask.value)
    _keep(station, ask, outcome)
    return outcome


def get_variables(station: "Station", asked: Asked, ask: GetVariables) -> Outcome:
    return Outcome(Result.ACCEPTED, detail=tuple(station.around.settings.read2(name) for name in ask.names))


def set_variables(station: "Station", asked: Asked, ask: SetVariables) -> Outcome:
    outcomes = []
    for item in ask.items:
        outcomes.append(station.around.settings.set2(item.name, item.value))
        _keep(station, item, outcomes[-1])
    return Outcome(Result.ACCEPTED, detail=tuple(outcomes))


def _keep(station: "Station", item: SetSetting, outcome: Outcome) -> None:
    if outcome.result in (Result.ACCEPTED, Result.REBOOT_REQUIRED):
        station.around.emit(KeepSetting(station.around.settings.canonical(item.name), item.value))


def get_inventory(station: "Station", asked: Asked, ask: GetInventory) -> Outcome:
    """OCPP 2.0.1 B07: Accepted, then NotifyReport in parts."""
    if ask.summary:
        return Outcome(Result.NOT_SUPPORTED, "there is no summary; ask for everything, or for what can be set")
    parts = inventory(station.around.settings, ask, station.around.stamp())
    station.after_answer += [partial(station.around.emit, Tell(part, asked=True)) for part in parts]
    return ACCEPTED


def trigger(station: "Station", asked: Asked, ask: TriggerMessage) -> Outcome:
    """OCPP 1.6 section 5.17, OCPP 2.0.1 F06: the answer first, then the message."""
    around = station.around
    if ask.evse not in (None, 0) and ask.evse not in station.evses:
        return rejected(f"there is no connector {ask.evse}")
    places = [e for e in station.evses.values() if ask.evse in (None, 0, e.number)]
    match ask.wanted:
        case Wanted.HEARTBEAT:
            station.after_answer.append(lambda: around.emit(Tell(Heartbeat(), asked=True)))
        case Wanted.STATUS:
            station.after_answer.append(lambda: station.tell_statuses(ask.evse, asked=True))
        case Wanted.METER_VALUES:
            station.after_answer += [partial(_tell_meter, e) for e in places]
        case Wanted.TRANSACTION:
            running = [e for e in places if e.session.active]
            if not running:
                return rejected("no transaction is running")
            station.after_answer += [partial(_tell_transaction, e) for e in running]
        case Wanted.BOOT:
            if around.registration is Registration.ACCEPTED:
                return rejected("the station is accepted; it boots again when it is reset")
            boot = Boot(station.setup.identity, BootReason.TRIGGERED)
            station.after_answer.append(lambda: around.emit(Tell(boot, asked=True)))
        case _:
            return Outcome(Result.NOT_SUPPORTED, "this station does not send that message")
    return ACCEPTED


def _tell_meter(evse: Evse) -> None:
    names = evse.around.settings[SAMPLED_UPDATED] or evse.around.settings[ALIGNED_MEASURANDS]
    value = evse.reading(names, Context.TRIGGER)
    if not value.values:
        return
    if evse.session.tx is not None:
        transaction.update(evse, evse.session.tx, Trigger.TRIGGER, (value,))
    else:
        evse.around.emit(Tell(Measured(evse.number, (value,)), asked=True))


def _tell_transaction(evse: Evse) -> None:
    value = evse.reading(evse.around.settings[SAMPLED_UPDATED], Context.TRIGGER)
    transaction.update(evse, evse.session.current, Trigger.TRIGGER, (value,) if value.values else ())


def data_transfer(station: "Station", asked: Asked, ask: DataTransfer) -> Outcome:
    return Outcome(Result.UNKNOWN, "this station has no vendor extensions")


def transaction_status(station: "Station", asked: Asked, ask: TransactionStatus) -> Outcome:
    """OCPP 2.0.1 E14: without an id only the queue is told, with one what waits of that transaction."""
    waiting = station.around.waiting > 0
    if ask.tx is None:
        return Outcome(Result.ACCEPTED, detail=(None, waiting))
    ongoing = station.with_transaction(ask.tx) is not None
    return Outcome(Result.ACCEPTED, detail=(ongoing, waiting if asked.queued is None else asked.queued))


HANDLERS: dict[type[Any], Callable[["Station", Asked, Any], Outcome | None]] = {
    RemoteStart: remote_start,
    RemoteStop: remote_stop,
    ChangeAvailability: change_availability,
    Reset: reset,
    Unlock: unlock,
    ClearCache: clear_cache,
    Reserve: reserve,
    CancelReservation: cancel_reservation,
    GetSettings: get_settings,
    SetSetting: set_setting,
    GetVariables: get_variables,
    SetVariables: set_variables,
    GetInventory: get_inventory,
    TriggerMessage: trigger,
    DataTransfer: data_transfer,
    TransactionStatus: transaction_status,
}


def handle(station: "Station", asked: Asked) -> None:
    """Answer ``asked``, at once or later; what must follow the answer follows it."""
    command: Command = asked.command
    outcome = HANDLERS[type(command)](station, asked, command)
    if outcome is not None:
        station.around.answer(asked.ticket, command, outcome)
    for follow in station.after_answer:
        follow()
    station.after_answer.clear()
