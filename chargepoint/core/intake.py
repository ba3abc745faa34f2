"""Taking in facts: one function per fact, each storing what it says where it belongs.

Nothing is decided here; `Station.handle` settles the charging places afterwards.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chargepoint.clock import TimeQuality
from chargepoint.core import requests, transaction
from chargepoint.core.facts import (
    Asked,
    Authorized,
    AvailabilityIs,
    CableIs,
    ClockIs,
    ContactorIs,
    Durable,
    FaultCleared,
    FaultIs,
    GuardIs,
    HeatIs,
    LinkIs,
    LockIs,
    Metered,
    QueueIs,
    ReservationIs,
    SettingIs,
    Tapped,
    Tick,
    TransactionConfirmed,
    TransactionWasOpen,
    VehicleIs,
)
from chargepoint.core.reservations import Reservation
from chargepoint.core.tokens import Verdict
from chargepoint.core.variables import OFFLINE_THRESHOLD_S

if TYPE_CHECKING:
    from chargepoint.core.station import Station

NOTICED_WITHIN_S = 120.0
"""A link may have been dead for so long before it is known; what was told in that time may not have arrived."""


def tick(station: "Station", fact: Tick) -> None:
    """Time alone."""


def guard(station: "Station", fact: GuardIs) -> None:
    """Without the guard nobody knows the contactor; its enable pulses are gone, so it is open. When it is back it
    must hear every order again."""
    station.around.guard = fact.present
    for evse in station.evses.values():
        evse.closed = evse.closed and fact.present
        if fact.present:
            station.around.emit(evse.power.order)


def vehicle(station: "Station", fact: VehicleIs) -> None:
    evse = station.evses[fact.evse]
    was_plugged = evse.plugged
    evse.see_vehicle(fact.state)
    if was_plugged and not evse.plugged:
        station.cards.vehicle_left(evse.number)


def contactor(station: "Station", fact: ContactorIs) -> None:
    station.evses[fact.evse].closed = fact.closed


def fault(station: "Station", fact: FaultIs) -> None:
    place = station.around if fact.evse == 0 else station.evses[fact.evse]
    place.reported.tell(fact.fault, fact.present, fact.info)


def cleared(station: "Station", fact: FaultCleared) -> None:
    if fact.evse == 0:
        station.around.reported.clear(fact.fault)
    else:
        station.evses[fact.evse].reported.clear(fact.fault)
        station.evses[fact.evse].power.clear(fact.fault)


def metered(station: "Station", fact: Metered) -> None:
    evse = station.evses[fact.evse]
    note = evse.metering.feed(fact.sample, evse.session.active)
    if note is not None:
        station.around.say(fact.evse, note, warning=True)


def tapped(station: "Station", fact: Tapped) -> None:
    station.cards.tapped(fact.evses, fact.token, fact.known)


def lock(station: "Station", fact: LockIs) -> None:
    station.evses[fact.evse].locked = fact.engaged


def cable(station: "Station", fact: CableIs) -> None:
    evse = station.evses[fact.evse]
    evse.limited = replace(evse.limited, cable_amps=fact.amps)


def heat(station: "Station", fact: HeatIs) -> None:
    evse = station.evses[fact.evse]
    evse.limited = replace(evse.limited, celsius=fact.celsius)


def link(station: "Station", fact: LinkIs) -> None:
    """A backend that was told of our boot learns how everything is; one that was away for a short time what changed
    meanwhile (OCPP 1.6 E22, OCPP 2.0.1 B01 and B04)."""
    around, was_online = station.around, station.around.online
    around.online, around.registration = fact.online, fact.registration
    if was_online and not fact.online:
        around.offline_since = around.now
    if not fact.online:
        for question in list(station.cards.questions.values()):
            station.cards.answered(question.token, None)
    elif not was_online:
        away = None if fact.booted else around.offline_since
        brief = away is not None and around.now - away <= around.settings[OFFLINE_THRESHOLD_S]
        station.tell_statuses(since=away - NOTICED_WITHIN_S if brief and away is not None else None)


def authorized(station: "Station", fact: Authorized) -> None:
    station.cards.answered(fact.token, fact.info)


def confirmed(station: "Station", fact: TransactionConfirmed) -> None:
    """OCPP 1.6 section 5.11, 2.0.1 E05: the backend's word on the token of a transaction."""
    evse, info = station.with_transaction(fact.tx), fact.info
    if evse is None or info is None:
        return
    session = evse.session
    station.cards.remember(session.granted.token, info)
    if info.verdict is Verdict.ACCEPTED:
        session.grant = replace(session.granted, group=info.group or session.granted.group)
    else:
        refused = f"the backend refused the running transaction's token: {info.verdict.value}"
        station.around.say(evse.number, refused, warning=True)
        session.invalidate()


def asked(station: "Station", fact: Asked) -> None:
    requests.handle(station, fact)


def queue(station: "Station", fact: QueueIs) -> None:
    station.around.waiting = fact.waiting


def durable(station: "Station", fact: Durable) -> None:
    evse = station.with_transaction(fact.tx)
    if evse is not None:
        evse.session.current.durable = True


def was_open(station: "Station", fact: TransactionWasOpen) -> None:
    """Where its place is gone, or taken by another transaction, it is ended here."""
    evse = station.evses.get(fact.started.evse)
    if evse is None or (evse.session.tx is not None and evse.session.tx.id != fact.started.tx):
        station.around.say(0, f"the transaction that was open on connector {fact.started.evse} has ended", warning=True)
        station.around.keep(transaction.homeless(fact))
    elif evse.session.tx is None:
        evse.metering.carry_over(fact.energy_wh)
        evse.session.tx = transaction.restored(fact, station.around.now)


def setting(station: "Station", fact: SettingIs) -> None:
    problem = station.settings.restore(fact.name, fact.value)
    if problem is not None:
        station.around.say(0, f"stored setting {fact.name} is not used: {problem}", warning=True)


def availability(station: "Station", fact: AvailabilityIs) -> None:
    if fact.evse == 0:
        station.around.operative = fact.operative
    elif fact.evse in station.evses:
        station.evses[fact.evse].operative = fact.operative


def reservation(station: "Station", fact: ReservationIs) -> None:
    held = station.around.reservations.held
    if fact.token is None:
        held.pop(fact.id, None)
    else:
        held[fact.id] = Reservation(fact.id, fact.evse, fact.token, fact.expires_utc, fact.group)


def clock(station: "Station", fact: ClockIs) -> None:
    """A better source replaces a worse one; the same one corrects itself."""
    if fact.quality >= station.around.quality:
        station.around.offset, station.around.quality = fact.offset, TimeQuality(fact.quality)


TAKE: dict[type[Any], Callable[["Station", Any], None]] = {
    Tick: tick,
    GuardIs: guard,
    VehicleIs: vehicle,
    ContactorIs: contactor,
    FaultIs: fault,
    FaultCleared: cleared,
    Metered: metered,
    Tapped: tapped,
    LockIs: lock,
    CableIs: cable,
    HeatIs: heat,
    LinkIs: link,
    Authorized: authorized,
    TransactionConfirmed: confirmed,
    Asked: asked,
    QueueIs: queue,
    Durable: durable,
    TransactionWasOpen: was_open,
    SettingIs: setting,
    AvailabilityIs: availability,
    ReservationIs: reservation,
    ClockIs: clock,
}
