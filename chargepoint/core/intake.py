"""Taking in facts: one function per fact, each storing what it says where it belongs.

Nothing is decided here; `Station.handle` settles the charging places afterwards.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chargepoint.clock import TimeQuality
from chargepoint.core import requests
from chargepoint.core.evse import Evse
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
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.reservations import Reservation
from chargepoint.core.tokens import TokenInfo, Verdict

if TYPE_CHECKING:
    from chargepoint.core.station import Station


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
    station.evses[fact.evse].see_vehicle(fact.state)


def contactor(station: "Station", fact: ContactorIs) -> None:
    station.evses[fact.evse].closed = fact.closed


def fault(station: "Station", fact: FaultIs) -> None:
    faults = station.around.faults if fact.evse == 0 else station.evses[fact.evse].faults
    if fact.present:
        faults[fact.fault] = fact.info
    elif not CATALOGUE[fact.fault].latches:
        faults.pop(fact.fault, None)


def cleared(station: "Station", fact: FaultCleared) -> None:
    faults = station.around.faults if fact.evse == 0 else station.evses[fact.evse].faults
    faults.pop(fact.fault, None)
    if fact.evse != 0:
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
    """When a session with the backend begins, it learns how everything is (OCPP 1.6 E22, 2.0.1 B01 and B04)."""
    came_online = fact.online and not station.around.online
    station.around.online, station.around.registration = fact.online, fact.registration
    if not fact.online:
        for question in list(station.cards.questions.values()):
            station.cards.answered(question.token, None)
    if came_online:
        station.after_answer.append(lambda: station.tell_statuses(None))


def authorized(station: "Station", fact: Authorized) -> None:
    station.cards.answered(fact.token, fact.info)


def confirmed(station: "Station", fact: TransactionConfirmed) -> None:
    """OCPP 1.6 section 5.11, 2.0.1 E05: the backend's word on the token of a transaction."""
    evse, info = station.with_transaction(fact.tx), fact.info
    if evse is None or info is None or evse.session.grant is None:
        return
    station.cards.remember(evse.session.grant.token, info)
    if info.verdict is Verdict.ACCEPTED:
        evse.session.grant = replace(evse.session.grant, group=info.group or evse.session.grant.group)
    else:
        _invalidate(station, evse, info)


def _invalidate(station: "Station", evse: Evse, info: TokenInfo) -> None:
    station.around.say(evse.number, f"the backend refused the running transaction's token: {info.verdict.value}", True)
    evse.session.invalidate()


def asked(station: "Station", fact: Asked) -> None:
    requests.handle(station, fact)


def queue(station: "Station", fact: QueueIs) -> None:
    station.around.waiting = fact.waiting


def durable(station: "Station", fact: Durable) -> None:
    evse = station.with_transaction(fact.tx)
    if evse is not None and evse.session.tx is not None:
        evse.session.tx.durable = True


def was_open(station: "Station", fact: TransactionWasOpen) -> None:
    evse = station.evses.get(fact.started.evse) or station.evses[1]
    evse.metering.carry_over(fact.energy_wh)
    evse.session.restore(fact)


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
    if fact.token is None:
        station.reservations.held.pop(fact.id, None)
    else:
        station.hold(Reservation(fact.id, fact.evse, fact.token, fact.expires_utc, fact.group))


def clock(station: "Station", fact: ClockIs) -> None:
    """A better source replaces a worse one; the same one corrects itstation."""
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
