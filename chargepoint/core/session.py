"""TABLE 2: authorisation and transaction of one charging place.

The session looks at facts (who was granted, is a vehicle there, is the start on disk, is the contactor open, has the
meter spoken since) and walks the table until nothing applies. It never touches the power path: it *permits*, and
`power` obeys. A transaction begins when a vehicle is connected and authorised (OCPP 2.0.1 TxStartPoint
PowerPathClosed), and energy is permitted only once its start is durable. It ends when it is told to, when its vehicle
is gone, or when a fault ends it; the end is written after the contactor is open and the meter has been read again.

An authorisation belongs to the vehicle that is there, or to the next one within ConnectionTimeOut. It is void when
that vehicle leaves, so nobody can start on what somebody else was granted.
"""

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from chargepoint.core import transaction
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.machine import Machine, Row, from_each
from chargepoint.core.records import Reason, Trigger
from chargepoint.core.tokens import IdToken
from chargepoint.core.transaction import POWER_CUT, Grant, Stop, Transaction
from chargepoint.core.variables import (
    CONNECTION_TIMEOUT_S,
    MAX_ENERGY_ON_INVALID_ID_WH,
    STOP_ON_EV_DISCONNECT,
    STOP_ON_INVALID_ID,
    UNLOCK_ON_EV_DISCONNECT,
)

if TYPE_CHECKING:
    from chargepoint.core.evse import Evse

T = TypeVar("T")

CLOSING_UP_S = 10.0  # the vehicle has 6 s to let go, then the meter is read once more
RESTORE_S = 15.0  # the guard and the meter have this long to speak after a start


class State(Enum):
    FREE = "nobody is here"
    PLUGGED = "vehicle, nobody authorised"
    AUTHORIZED = "authorised, no vehicle"
    STARTING = "start written, not yet on disk"
    RUNNING = "transaction runs"
    STOPPING = "energy is being withdrawn"
    PARKED = "vehicle or its cable, its turn is over"
    RESTORED = "transaction was open when the power went"


S = State
IDLE = (S.FREE, S.PLUGGED, S.AUTHORIZED, S.PARKED)
LIVE = (S.STARTING, S.RUNNING)


class Session:
    """``grant`` is who may charge, ``tx`` what is open, ``stop`` why it shall end, ``keeper`` whose cable stays locked
    in the socket. Cards and commands set ``grant`` of an idle session and call the methods; the table does the rest."""

    def __init__(self, evse: "Evse") -> None:
        self.evse = evse
        self.grant: Grant | None = None
        self.tx: Transaction | None = None
        self.stop: Stop | None = None
        self.keeper: Grant | None = None
        self.deadline: float | None = None
        self.stopped_at = 0.0
        self._machine = Machine(self, State, TABLE, State.FREE, _entered)

    @property
    def state(self) -> State:
        return self._machine.state

    @property
    def active(self) -> bool:
        """A transaction is open."""
        return self.tx is not None

    @property
    def taken(self) -> bool:
        """It is somebody's already."""
        return self.active or self.grant is not None or self.keeper is not None

    @property
    def permits(self) -> bool:
        """Energy may flow as far as the session is concerned."""
        return self.state is State.RUNNING and not self._refused

    @property
    def next_deadline(self) -> float | None:
        return min((time for time in (self.deadline, self.deserted_at) if time is not None), default=None)

    def settle(self) -> None:
        self._machine.settle()

    def belongs_to(self, token: IdToken) -> bool:
        """It was granted to this token, or the cable is kept for it."""
        holder = self.grant or self.keeper
        return holder is not None and holder.token.same(token)

    def take_back(self, token: IdToken) -> None:
        """Its holder is back: the transaction ends, or the authorisation is void, or the cable is free."""
        if self.active:
            self.ask_to_stop(Stop(Reason.LOCAL, Trigger.STOP_AUTHORIZED, token))
        else:
            self.grant = self.keeper = None

    def ask_to_stop(self, stop: Stop) -> None:
        """The first reason counts; where nothing runs, nothing is stopped."""
        if self.active and self.stop is None:
            self.stop = stop

    def invalidate(self) -> None:
        """The backend refused the token of the running transaction (OCPP 1.6 E17, 2.0.1 E05)."""
        if self.tx is None or self.tx.invalid_from_wh is not None:
            return
        if self.evse.around.settings[STOP_ON_INVALID_ID]:
            self.ask_to_stop(Stop(Reason.DE_AUTHORIZED, Trigger.DEAUTHORIZED))
        else:
            self.tx.invalid_from_wh = self.evse.metering.energy_wh
            transaction.update(self.evse, self.tx, Trigger.DEAUTHORIZED)

    def tell(self) -> None:
        """What has changed in a running transaction."""
        if self.state is State.RUNNING:
            transaction.tell_charging(self.evse, self.current)
            transaction.checkpoint(self.evse, self.current)

    @property
    def granted(self) -> Grant:
        return _known(self.grant, "grant", self.state)

    @property
    def current(self) -> Transaction:
        return _known(self.tx, "transaction", self.state)

    @property
    def stopping(self) -> Stop:
        return _known(self.stop, "reason to stop", self.state)

    @property
    def _refused(self) -> bool:
        """The backend refused the token, and what it may still draw is drawn (MaxEnergyOnInvalidId)."""
        start_wh = self.current.invalid_from_wh
        if start_wh is None:
            return False
        allowance_wh = self.evse.around.settings[MAX_ENERGY_ON_INVALID_ID_WH]
        return self.evse.metering.energy_wh >= start_wh + allowance_wh

    @property
    def deserted_at(self) -> float | None:
        """When a transaction without vehicle ends. Where unplugging need not end it, the cable in the socket is locked
        and waits; a fixed cable would charge whoever comes next, so it waits for ConnectionTimeOut (OCPP 2.0.1 E10)."""
        evse = self.evse
        if evse.plugged or self.state not in LIVE:
            return None
        if evse.around.settings[STOP_ON_EV_DISCONNECT]:
            return evse.left_at
        return None if evse.setup.has_lock else evse.left_at + evse.around.settings[CONNECTION_TIMEOUT_S]


def _known(thing: T | None, what: str, state: State) -> T:
    """What a state implies; asking without it is a bug of ours."""
    if thing is None:
        raise RuntimeError(f"no {what} in state {state.name}")
    return thing


# -- conditions: adjectives over facts --------------------------------------------------------------


def plugged(s: Session) -> bool:
    return s.evse.plugged


def unplugged(s: Session) -> bool:
    return not s.evse.plugged


def kept(s: Session) -> bool:
    """OCPP 1.6 section 9.1.33: the cable hangs in the socket, its driver is gone and must show the card to free it.
    Who charged for free has none to show."""
    if s.evse.around.settings[UNLOCK_ON_EV_DISCONNECT] or s.evse.unlocking.asked is not None:
        return False
    return s.stopping.reason is Reason.EV_DISCONNECTED and s.evse.setup.has_lock and not free_of_charge(s)


def unkept(s: Session) -> bool:
    return s.keeper is None


def granted(s: Session) -> bool:
    return s.grant is not None


def nobody(s: Session) -> bool:
    return s.grant is None


def free_of_charge(s: Session) -> bool:
    return s.evse.setup.free_token is not None


def ready(s: Session) -> bool:
    """The place may be used, and the meter can be read: without a fresh register no transaction starts."""
    return s.evse.usable and s.evse.metering.fresh(s.evse.around.now)


def expired(s: Session) -> bool:
    return s.deadline is not None and s.evse.around.now >= s.deadline


def durable(s: Session) -> bool:
    return s.current.durable


def told_to_stop(s: Session) -> bool:
    return s.stop is not None


def deserted(s: Session) -> bool:
    at = s.deserted_at
    return at is not None and s.evse.around.now >= at


def broken(s: Session) -> bool:
    return _ending_fault(s) is not None


def open_and_read(s: Session) -> bool:
    """The contactor is open and the meter was read since the stop."""
    return s.evse.dead and s.evse.metering.measured_since(s.stopped_at)


def restored(s: Session) -> bool:
    return s.tx is not None


def seen(s: Session) -> bool:
    """The pilot has told whether a vehicle is there."""
    return s.evse.plug_seen


def final(s: Session) -> bool:
    return s.evse.setup.resume_within_s is None


def resumable(s: Session) -> bool:
    """The power was away for a short time, and how long is known."""
    within_s, utc = s.evse.setup.resume_within_s, s.evse.around.utc
    last = None if s.current.last is None else s.current.last.utc
    return within_s is not None and utc is not None and last is not None and utc - last <= within_s


# -- actions --------------------------------------------------------------


def begin(s: Session) -> None:
    s.stop = None
    s.tx = transaction.begin(s.evse, s.granted)


def await_cable(s: Session) -> None:
    """The missing half has ConnectionTimeOut to come (OCPP 1.6 section 9.1.5, 2.0.1 E03.FR.05)."""
    s.deadline = s.evse.around.now + s.evse.around.settings[CONNECTION_TIMEOUT_S]


def await_card(s: Session) -> None:
    """As `await_cable`; free vending waits for nobody, however long it takes until the place is ready."""
    if not free_of_charge(s):
        await_cable(s)


def welcome(s: Session) -> None:
    """Free vending: whoever plugs in may charge."""
    token = s.evse.setup.free_token
    if token is not None:
        s.grant = Grant(token, trigger=Trigger.CABLE_PLUGGED_IN)


def note_cable(s: Session) -> None:
    """Authorised first: what starts the transaction now is the cable."""
    s.grant = replace(s.granted, trigger=Trigger.CABLE_PLUGGED_IN)


def void(s: Session) -> None:
    s.grant = None


def await_facts(s: Session) -> None:
    s.deadline = s.evse.around.now + RESTORE_S
    s.grant, s.stop, s.keeper = s.current.grant, None, None


def withdraw(s: Session) -> None:
    s.deadline = s.evse.around.now + CLOSING_UP_S
    s.stopped_at = s.evse.around.now


def blame_vehicle(s: Session) -> None:
    """OCPP 2.0.1 E09: EVCommunicationLost with EVDisconnected."""
    s.stop = Stop(Reason.EV_DISCONNECTED, Trigger.EV_COMMUNICATION_LOST)


def blame_fault(s: Session) -> None:
    """OCPP 2.0.1 E06.FR.16: AbnormalCondition with the reason of the fault."""
    s.stop = Stop(_ending_fault(s) or Reason.OTHER, Trigger.ABNORMAL_CONDITION)


def blame_power(s: Session) -> None:
    s.stop = POWER_CUT


def resume(s: Session) -> None:
    s.evse.around.say(s.evse.number, "the transaction that was open when the power went is resumed")


def give_up(s: Session) -> None:
    s.evse.around.say(s.evse.number, "no vehicle was connected in time; the authorisation is void")
    s.grant = None


def pass_over(s: Session) -> None:
    why = "nobody authorised the connected vehicle" if s.grant is None else "the place was not ready for it"
    s.evse.around.say(s.evse.number, f"{why} in time")
    s.grant = None


def keep_cable(s: Session) -> None:
    s.keeper = s.grant


def end(s: Session) -> None:
    """After a power cut, free vending goes on with the vehicle that is still there."""
    stop = s.stopping
    transaction.end(s.evse, s.current, stop, s.stopped_at)
    s.tx = s.grant = s.stop = None
    if stop is POWER_CUT and s.evse.plugged:
        welcome(s)


def _ending_fault(s: Session) -> Reason | None:
    """The reason of a fault that ends a transaction; a lost meter does where the configuration says so."""
    lost_meter = Reason.OTHER if s.evse.setup.stop_on_meter_loss else None
    reasons = (CATALOGUE[fault].ends or (lost_meter if fault == "meter" else None) for fault in s.evse.all_faults)
    return next((reason for reason in reasons if reason is not None), None)


def _entered(s: Session, state: State) -> None:
    s.deadline = None


# Read top to bottom; for one source the first row whose conditions all hold wins.
TABLE: list[Row[State, Session]] = [
    *from_each(IDLE, S.RESTORED, (restored,), (await_facts,)),
    Row(S.FREE, S.AUTHORIZED, (granted, unplugged), (await_cable,)),
    Row(S.FREE, S.PLUGGED, (plugged,), (await_card,)),
    Row(S.AUTHORIZED, S.FREE, (nobody,)),
    Row(S.AUTHORIZED, S.PLUGGED, (plugged,), (await_card, note_cable)),
    Row(S.AUTHORIZED, S.FREE, (expired,), (give_up,)),
    Row(S.PLUGGED, S.FREE, (unplugged,), (void,)),
    Row(S.PLUGGED, S.STARTING, (granted, ready), (begin,)),
    Row(S.PLUGGED, S.STARTING, (free_of_charge, ready), (welcome, begin)),
    Row(S.PLUGGED, S.PARKED, (expired,), (pass_over,)),
    Row(S.PARKED, S.FREE, (unplugged, unkept), (void,)),
    Row(S.PARKED, S.STARTING, (granted, ready), (begin,)),
    *from_each((*LIVE, S.RESTORED), S.STOPPING, (told_to_stop,), (withdraw,)),
    *from_each(LIVE, S.STOPPING, (broken,), (blame_fault, withdraw)),
    *from_each(LIVE, S.STOPPING, (deserted,), (blame_vehicle, withdraw)),
    Row(S.STARTING, S.RUNNING, (durable,)),
    Row(S.RESTORED, S.RUNNING, (plugged, resumable, ready), (resume,)),
    Row(S.RESTORED, S.STOPPING, (final, seen), (blame_power, withdraw)),
    Row(S.RESTORED, S.STOPPING, (expired,), (blame_power, withdraw)),
    Row(S.STOPPING, S.PARKED, (plugged, open_and_read), (end,)),
    Row(S.STOPPING, S.PARKED, (plugged, expired), (end,)),
    Row(S.STOPPING, S.PARKED, (kept, open_and_read), (keep_cable, end)),
    Row(S.STOPPING, S.PARKED, (kept, expired), (keep_cable, end)),
    Row(S.STOPPING, S.FREE, (open_and_read,), (end,)),
    Row(S.STOPPING, S.FREE, (expired,), (end,)),
]
