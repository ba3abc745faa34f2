"""The open transaction of a charging place, and what is written of it: start, updates, end.

The numbering has no gaps (OCPP 2.0.1 Part 2 E.1) because every record of a transaction is made here.
"""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chargepoint.clock import Stamp
from chargepoint.core.effects import Checkpoint
from chargepoint.core.metering import Collected
from chargepoint.core.records import (
    ChargingState,
    Reason,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.tokens import IdToken
from chargepoint.core.values import Context, MeterValue
from chargepoint.core.variables import SAMPLED_ENDED, SAMPLED_STARTED

if TYPE_CHECKING:
    from chargepoint.core.evse import Evse
    from chargepoint.core.facts import TransactionWasOpen

CHECKPOINT_S = 10.0


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


POWER_CUT = Stop(Reason.POWER_LOSS, Trigger.ABNORMAL_CONDITION)


@dataclass
class Transaction:
    """``begun_at`` is monotonic seconds of this boot. ``charging`` and ``plugged`` are what was told last;
    ``invalid_from_wh``: the backend refused its token at this register; ``last``: found open at start, this is the last
    moment known of it."""

    started: TransactionStarted
    grant: Grant
    begun_at: float
    charging: ChargingState
    seq: int = 0
    durable: bool = False
    plugged: bool = True
    invalid_from_wh: float | None = None
    last: Stamp | None = None
    collected: Collected = field(default_factory=Collected)
    checked: tuple[float, int, float] = (-math.inf, 0, 0.0)

    @property
    def id(self) -> str:
        return self.started.tx

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq


def begin(evse: "Evse", grant: Grant) -> Transaction:
    """Write the start. OCPP 2.0.1 E01: seqNo 0, the token in this event; OCPP 1.6 section 5.11."""
    around, settings = evse.around, evse.around.settings
    first = evse.reading(settings[SAMPLED_STARTED], Context.BEGIN)
    started = TransactionStarted(
        tx=around.new_id(),
        evse=evse.number,
        at=around.stamp(),
        seq=0,
        trigger=grant.trigger,
        state=ChargingState.EV_CONNECTED,
        token=grant.token,
        energy_wh=evse.metering.energy_wh,
        offline=not around.online,
        reservation=grant.reservation,
        remote_start=grant.remote_start,
        values=(first,) if first.values else (),
    )
    tx = Transaction(started, grant, around.now, ChargingState.EV_CONNECTED)
    tx.collected.add(evse.reading(settings[SAMPLED_ENDED], Context.BEGIN))
    around.keep(started)
    return tx


def restored(was: "TransactionWasOpen", now: float) -> Transaction:
    """Take up a transaction that was open when the power went. No energy flows, and that is the station's doing."""
    grant = Grant(was.started.token, trigger=was.started.trigger, reservation=was.started.reservation)
    tx = Transaction(was.started, grant, now, ChargingState.SUSPENDED_EVSE, was.seq, durable=True, last=was.at)
    for value in was.started.values:
        tx.collected.add(value)
    return tx


def update(evse: "Evse", tx: Transaction, trigger: Trigger, values: tuple[MeterValue, ...] = ()) -> None:
    around = evse.around
    around.keep(
        TransactionUpdated(
            tx=tx.id,
            evse=evse.number,
            at=around.stamp(),
            seq=tx.next_seq(),
            trigger=trigger,
            state=tx.charging,
            offline=not around.online,
            values=values,
        )
    )


def tell_charging(evse: "Evse", tx: Transaction) -> None:
    """Tell what has changed in the state of charging; of two reasons the more special one (OCPP 2.0.1 E03.FR.12)."""
    was_plugged, was_charging = tx.plugged, tx.charging
    tx.plugged, tx.charging = evse.plugged, evse.charging_state
    if tx.plugged is not was_plugged:
        update(evse, tx, Trigger.CABLE_PLUGGED_IN if tx.plugged else Trigger.EV_COMMUNICATION_LOST)
    elif tx.charging is not was_charging:
        update(evse, tx, Trigger.CHARGING_STATE_CHANGED)


def checkpoint(evse: "Evse", tx: Transaction) -> None:
    """Tell the register if it has moved, at most every CHECKPOINT_S."""
    now, found = evse.around.now, (tx.seq, evse.metering.energy_wh)
    if found != tx.checked[1:] and now >= tx.checked[0] + CHECKPOINT_S:
        tx.checked = (now, *found)
        evse.around.emit(Checkpoint(tx.id, *found, evse.around.stamp()))


def end(evse: "Evse", tx: Transaction, stop: Stop, stopped_at: float) -> None:
    """Write the end. Its time is when it was told to stop (``stopped_at``, monotonic); after a power cut, the last
    moment known. Its energy is the register now: until the contactor had opened, the vehicle drew."""
    around, cut = evse.around, stop.reason is Reason.POWER_LOSS
    tx.collected.add(evse.reading(around.settings[SAMPLED_ENDED], Context.END))
    around.keep(
        TransactionEnded(
            tx=tx.id,
            evse=evse.number,
            at=tx.last if cut and tx.last is not None else around.stamp(stopped_at),
            seq=tx.next_seq(),
            trigger=stop.trigger,
            reason=stop.reason,
            started_by=tx.grant.token,
            energy_wh=max(evse.metering.energy_wh, tx.started.energy_wh),
            offline=cut or not around.online,
            token=stop.token,
            values=tuple(tx.collected.values),
        )
    )


def homeless(was: "TransactionWasOpen") -> TransactionEnded:
    """The end of a transaction whose charging place is no longer there, or serves another one already."""
    return TransactionEnded(
        tx=was.started.tx,
        evse=was.started.evse,
        at=was.at,
        seq=was.seq + 1,
        trigger=POWER_CUT.trigger,
        reason=POWER_CUT.reason,
        started_by=was.started.token,
        energy_wh=max(was.energy_wh, was.started.energy_wh),
        offline=True,
        values=was.started.values,
    )
