"""TABLE 2: authorisation and transaction of one charging place.

The session looks at facts (who was granted, is a vehicle there, is the start on disk, is the contactor open, has the
meter spoken since) and walks the table until nothing applies. It never touches the power path: it *permits*, and
`power` obeys. A transaction begins when a vehicle is connected and authorised (OCPP 2.0.1 TxStartPoint
PowerPathClosed), and energy is permitted only once its start is durable. It ends when it is told to, when its vehicle
is gone, or when a fault ends it; the end is written after the contactor is open and the meter has been read again.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from chargepoint.clock import Stamp
from chargepoint.core.effects import Checkpoint, Keep
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.machine import Machine, Row, from_each
from chargepoint.core.metering import Collected, meter_value
from chargepoint.core.records import (
    ChargingState,
    Reason,
    TransactionEnded,
    TransactionRecord,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.tokens import IdToken
from chargepoint.core.values import Context, MeterValue
from chargepoint.core.variables import (
    CONNECTION_TIMEOUT_S,
    MAX_ENERGY_ON_INVALID_ID_WH,
    SAMPLED_ENDED,
    SAMPLED_STARTED,
    STOP_ON_EV_DISCONNECT,
    STOP_ON_INVALID_ID,
)

if TYPE_CHECKING:
    from chargepoint.core.evse import Evse
    from chargepoint.core.facts import TransactionWasOpen

CLOSING_UP_S = 10.0  # the vehicle has 6 s to let go, then the meter is read once more
RESTORE_S = 15.0  # the guard and the meter have this long to speak after a start
CHECKPOINT_S = 10.0


class State(Enum):
    FREE = "nobody is here"
    PLUGGED = "vehicle, nobody authorised"
    AUTHORIZED = "authorised, no vehicle"
    STARTING = "start written, not yet on disk"
    RUNNING = "transaction runs"
    STOPPING = "energy is being withdrawn"
    PARKED = "vehicle, its turn is over"
    RESTORED = "transaction was open when the power went"


ACTIVE = (State.STARTING, State.RUNNING, State.STOPPING, State.RESTORED)


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody may charge here. ``trigger`` is what a transaction on it will say of its start."""

    token: IdToken
    group: str | None = None
    trigger: Trigger = Trigger.AUTHORIZED
    remote_start: int | None = None
    reservation: int | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    reason: Reason
    trigger: Trigger
    token: IdToken | None = None


@dataclass
class Transaction:
    """What is known of the running transaction. ``invalid_from_wh``: its token was refused at this register."""

    id: str
    started: TransactionStarted
    seq: int
    grant: Grant
    durable: bool = False
    invalid_from_wh: float | None = None
    checkpoint_at: float = 0.0
    sampled_at: float = 0.0
    ended_sampled_at: float = 0.0
    collected: Collected = field(default_factory=Collected)
    last: Stamp | None = None


class Session:
    def __init__(self, evse: "Evse") -> None:
        self.evse = evse
        self.grant: Grant | None = None
        self.tx: Transaction | None = None
        self.stop: Stop | None = None
        self.charging = ChargingState.IDLE
        self.deadline: float | None = None
        self.stopped_at = 0.0
        self._machine = Machine(self, State, TABLE, State.FREE, _entered)

    @property
    def state(self) -> State:
        return self._machine.state

    @property
    def active(self) -> bool:
        """A transaction is open."""
        return self.state in ACTIVE

    @property
    def permits(self) -> bool:
        """Energy may flow as far as the session is concerned."""
        return self.state is State.RUNNING and not self._refused

    @property
    def _refused(self) -> bool:
        tx = self.tx
        if tx is None or tx.invalid_from_wh is None:
            return False
        allowance_wh = self.evse.around.settings[MAX_ENERGY_ON_INVALID_ID_WH]
        return self.evse.metering.energy_wh >= tx.invalid_from_wh + allowance_wh

    def settle(self) -> None:
        self._machine.settle()

    def restore(self, was: "TransactionWasOpen") -> None:
        """Take up a transaction that was open when the power went."""
        grant = Grant(was.started.token, trigger=was.started.trigger, reservation=was.started.reservation)
        self.tx = Transaction(was.started.tx, was.started, was.seq, grant, durable=True, last=was.at)
        self.grant = grant
        for value in was.started.values:
            self.tx.collected.add(value)

    def invalidate(self) -> None:
        """The backend refused the token of the running transaction (OCPP 1.6 E17, 2.0.1 E05)."""
        if self.tx is None or self.tx.invalid_from_wh is not None:
            return
        if self.evse.around.settings[STOP_ON_INVALID_ID]:
            self.stop = self.stop or Stop(Reason.DE_AUTHORIZED, Trigger.DEAUTHORIZED)
        else:
            self.tx.invalid_from_wh = self.evse.metering.energy_wh
            self.update(Trigger.DEAUTHORIZED)

    def tell_charging_state(self, state: ChargingState) -> None:
        if self.state is State.RUNNING and state is not self.charging:
            self.charging = state
            self.update(Trigger.CHARGING_STATE_CHANGED)

    def update(self, trigger: Trigger, values: tuple[MeterValue, ...] = ()) -> None:
        if self.tx is None:
            return
        around = self.evse.around
        self.keep(
            TransactionUpdated(
                tx=self.tx.id,
                evse=self.evse.number,
                at=around.stamp(),
                seq=self.next_seq(),
                trigger=trigger,
                state=self.charging,
                offline=not around.online,
                values=values,
            )
        )

    @property
    def granted(self) -> Grant:
        """Who may charge; asking without anybody is a bug."""
        if self.grant is None:
            raise RuntimeError(f"nobody is granted in state {self.state.name}")
        return self.grant

    @property
    def current(self) -> Transaction:
        """The open transaction; asking without one is a bug."""
        if self.tx is None:
            raise RuntimeError(f"no transaction in state {self.state.name}")
        return self.tx

    def next_seq(self) -> int:
        self.current.seq += 1
        return self.current.seq

    def keep(self, record: TransactionRecord) -> None:
        self.evse.around.emit(Keep(record))

    def checkpoint(self) -> None:
        """Tell the register of the running transaction, at most every CHECKPOINT_S."""
        tx, around = self.tx, self.evse.around
        if tx is not None and self.state is State.RUNNING and around.now >= tx.checkpoint_at + CHECKPOINT_S:
            tx.checkpoint_at = around.now
            around.emit(Checkpoint(tx.id, tx.seq, self.evse.metering.energy_wh, around.stamp()))

    def reading(self, names: tuple[str, ...], context: Context) -> MeterValue:
        sample = self.evse.metering.sample
        at = self.evse.around.stamp(None if sample is None or sample.measured_at < 0 else sample.measured_at)
        return meter_value(sample, names, context, at, self.evse.offered_amps, self.evse.setup.phases)


# -- conditions: adjectives over facts --------------------------------------------------------------


def plugged(s: Session) -> bool:
    return s.evse.plugged


def unplugged(s: Session) -> bool:
    return not s.evse.plugged


def granted(s: Session) -> bool:
    return s.grant is not None


def nobody(s: Session) -> bool:
    return s.grant is None


def ready(s: Session) -> bool:
    """The place may be used, and the meter can be read: without a fresh register no transaction starts."""
    return s.evse.usable and s.evse.metering.fresh(s.evse.around.now)


def expired(s: Session) -> bool:
    return s.deadline is not None and s.evse.around.now >= s.deadline


def durable(s: Session) -> bool:
    return s.tx is not None and s.tx.durable


def told_to_stop(s: Session) -> bool:
    return s.stop is not None


def deserted(s: Session) -> bool:
    return not s.evse.plugged and s.evse.around.settings[STOP_ON_EV_DISCONNECT]


def broken(s: Session) -> bool:
    return _ending_fault(s) is not None


def open_and_read(s: Session) -> bool:
    """The contactor is open and the meter was read since the stop."""
    return s.evse.dead and s.evse.metering.measured_since(s.stopped_at)


def restored(s: Session) -> bool:
    return s.tx is not None


def resumable(s: Session) -> bool:
    within = s.evse.setup.resume_within_s
    utc, last = s.evse.around.utc, None if s.tx is None or s.tx.last is None else s.tx.last.utc
    return within is not None and utc is not None and last is not None and utc - last <= within and ready(s)


def final(s: Session) -> bool:
    return s.evse.setup.resume_within_s is None and s.evse.metering.measured_since(0.0)


# -- actions --------------------------------------------------------------


def begin(s: Session) -> None:
    """Write the start. OCPP 2.0.1 E01: seqNo 0, the token in this event; OCPP 1.6 section 5.11."""
    evse, around, grant = s.evse, s.evse.around, s.granted
    s.charging = ChargingState.EV_CONNECTED
    settings = around.settings
    started = TransactionStarted(
        tx=around.new_id(),
        evse=evse.number,
        at=around.stamp(),
        seq=0,
        trigger=grant.trigger,
        state=s.charging,
        token=grant.token,
        energy_wh=evse.metering.energy_wh,
        offline=not around.online,
        reservation=grant.reservation,
        remote_start=grant.remote_start,
        values=_some(s.reading(settings[SAMPLED_STARTED], Context.BEGIN)),
    )
    s.tx = Transaction(started.tx, started, 0, grant, sampled_at=around.now, ended_sampled_at=around.now)
    s.tx.collected.add(s.reading(settings[SAMPLED_ENDED], Context.BEGIN))
    s.stop = None
    s.keep(started)


def await_other_half(s: Session) -> None:
    """Cable or card: the missing half has ConnectionTimeOut to come (OCPP 1.6 section 9.1.5, 2.0.1 E03.FR.05)."""
    timeout_s = s.evse.around.settings[CONNECTION_TIMEOUT_S]
    s.deadline = s.evse.around.now + timeout_s if timeout_s > 0 else None


def welcome(s: Session) -> None:
    """Free vending: whoever plugs in may charge, however long it takes until the place is ready."""
    token = s.evse.setup.free_token
    if token is not None and s.grant is None:
        s.grant, s.deadline = Grant(token, trigger=Trigger.CABLE_PLUGGED_IN), None


def note_cable(s: Session) -> None:
    """Authorised first: what starts the transaction now is the cable."""
    s.grant = replace(s.granted, trigger=Trigger.CABLE_PLUGGED_IN)


def await_facts(s: Session) -> None:
    s.deadline = s.evse.around.now + RESTORE_S


def withdraw(s: Session) -> None:
    s.deadline = s.evse.around.now + CLOSING_UP_S
    s.stopped_at = s.evse.around.now


def blame_vehicle(s: Session) -> None:
    s.stop = Stop(Reason.EV_DISCONNECTED, Trigger.EV_COMMUNICATION_LOST)


def blame_fault(s: Session) -> None:
    """OCPP 2.0.1 E06.FR.16: AbnormalCondition with the reason of the fault."""
    s.stop = Stop(_ending_fault(s) or Reason.OTHER, Trigger.ABNORMAL_CONDITION)


def blame_power(s: Session) -> None:
    s.stop = Stop(Reason.POWER_LOSS, Trigger.ABNORMAL_CONDITION)
    s.stopped_at = 0.0


def resume(s: Session) -> None:
    s.charging = ChargingState.EV_CONNECTED
    s.evse.around.say(s.evse.number, "the transaction that was open when the power went is resumed")


def give_up(s: Session) -> None:
    s.evse.around.say(s.evse.number, "no vehicle was connected in time; the authorisation is void")
    s.grant = None


def pass_over(s: Session) -> None:
    s.evse.around.say(s.evse.number, "nobody authorised the connected vehicle in time")
    s.grant = None


def end(s: Session) -> None:
    """Write the end. Its time is when it was told to stop; after a power cut, the last moment known."""
    evse, around, tx = s.evse, s.evse.around, s.current
    stop = s.stop or Stop(Reason.OTHER, Trigger.ABNORMAL_CONDITION)
    at = tx.last if stop.reason is Reason.POWER_LOSS and tx.last is not None else around.stamp(s.stopped_at)
    tx.collected.add(s.reading(around.settings[SAMPLED_ENDED], Context.END))
    s.charging = ChargingState.IDLE
    s.keep(
        TransactionEnded(
            tx=tx.id,
            evse=evse.number,
            at=at,
            seq=s.next_seq(),
            trigger=stop.trigger,
            reason=stop.reason,
            started_by=tx.grant.token,
            energy_wh=max(evse.metering.energy_wh, tx.started.energy_wh),
            offline=not around.online or stop.reason is Reason.POWER_LOSS,
            token=stop.token,
            values=tuple(tx.collected.values),
        )
    )
    s.tx = s.grant = s.stop = None


def _ending_fault(s: Session) -> Reason | None:
    reasons = (CATALOGUE[fault].ends for fault in s.evse.all_faults)
    found = next((reason for reason in reasons if reason is not None), None)
    if found is None and s.evse.setup.stop_on_meter_loss and "meter" in s.evse.all_faults:
        return Reason.OTHER
    return found


def _some(value: MeterValue) -> tuple[MeterValue, ...]:
    return (value,) if value.values else ()


def _entered(s: Session, state: State) -> None:
    s.deadline = None


S = State
LIVE = (S.STARTING, S.RUNNING)

# Read top to bottom; for one source the first row whose conditions all hold wins.
TABLE: list[Row[State, Session]] = [
    Row(S.FREE, S.RESTORED, (restored,), (await_facts,)),
    Row(S.FREE, S.AUTHORIZED, (granted, unplugged), (await_other_half,)),
    Row(S.FREE, S.PLUGGED, (plugged,), (await_other_half, welcome)),
    *from_each([S.PLUGGED, S.PARKED], S.STARTING, (plugged, granted, ready), (begin,)),
    *from_each([S.PLUGGED, S.PARKED], S.FREE, (unplugged,)),
    Row(S.PLUGGED, S.PARKED, (expired,), (pass_over,)),
    Row(S.AUTHORIZED, S.FREE, (nobody,)),
    Row(S.AUTHORIZED, S.PLUGGED, (plugged,), (await_other_half, note_cable)),
    Row(S.AUTHORIZED, S.FREE, (expired,), (give_up,)),
    *from_each(LIVE, S.STOPPING, (told_to_stop,), (withdraw,)),
    *from_each(LIVE, S.STOPPING, (broken,), (blame_fault, withdraw)),
    *from_each(LIVE, S.STOPPING, (deserted,), (blame_vehicle, withdraw)),
    Row(S.STARTING, S.RUNNING, (durable,)),
    Row(S.RESTORED, S.RUNNING, (plugged, resumable), (resume,)),
    Row(S.RESTORED, S.STOPPING, (final,), (withdraw, blame_power)),
    Row(S.RESTORED, S.STOPPING, (expired,), (withdraw, blame_power)),
    Row(S.STOPPING, S.PARKED, (plugged, open_and_read), (end,)),
    Row(S.STOPPING, S.PARKED, (plugged, expired), (end,)),
    Row(S.STOPPING, S.FREE, (unplugged, open_and_read), (end,)),
    Row(S.STOPPING, S.FREE, (unplugged, expired), (end,)),
]
