"""When meter values are told: every so many seconds of a transaction, and on the ticks of the clock.

Four clocks: two are paced from the start of the transaction, two aligned with midnight UTC; of each, one tells at once
and one collects for the end. Intervals are read from the settings each time, so a change takes effect at once. Time
that was missed is not made up for: a late turn tells one value. A reading that is stale is not sent.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chargepoint.core import transaction
from chargepoint.core.effects import Tell
from chargepoint.core.records import Measured, Trigger
from chargepoint.core.session import State
from chargepoint.core.values import Context, MeterValue
from chargepoint.core.variable import Variable
from chargepoint.core.variables import (
    ALIGNED_ENDED,
    ALIGNED_ENDED_INTERVAL_S,
    ALIGNED_INTERVAL_S,
    ALIGNED_MEASURANDS,
    DAY_S,
    SAMPLED_ENDED,
    SAMPLED_ENDED_INTERVAL_S,
    SAMPLED_INTERVAL_S,
    SAMPLED_UPDATED,
)

if TYPE_CHECKING:
    from chargepoint.core.evse import Evse


@dataclass
class Paced:
    """Counts from the start of each transaction. ``last`` is the moment told last, and of which transaction."""

    interval: Variable[int]
    names: Variable[tuple[str, ...]]
    last: tuple[str, float] = ("", 0.0)

    def due(self, evse: "Evse") -> float | None:
        """Monotonic seconds of the next value; None: never."""
        tx, interval_s = evse.session.tx, evse.around.settings[self.interval]
        if tx is None or evse.session.state is not State.RUNNING or interval_s <= 0:
            return None
        return interval_s + (self.last[1] if self.last[0] == tx.id else tx.begun_at)

    def take(self, evse: "Evse") -> MeterValue | None:
        """The value that is due now, once."""
        due, now, settings = self.due(evse), evse.around.now, evse.around.settings
        if due is None or now < due:
            return None
        missed = math.floor((now - due) / settings[self.interval])
        self.last = (evse.session.current.id, due + missed * settings[self.interval])
        return evse.reading(settings[self.names], Context.PERIODIC)


@dataclass
class Aligned:
    """Ticks at multiples of the interval since midnight UTC (OCPP 1.6 section 9.1.3). ``next`` is the interval and the
    next tick in UTC seconds; None while the time is not known. The value carries the nominal tick (section 3.16.3)."""

    interval: Variable[int]
    names: Variable[tuple[str, ...]]
    next: tuple[int, float] | None = None

    def due(self, evse: "Evse") -> float | None:
        """Monotonic seconds of the next value; None: never."""
        offset = evse.around.offset
        return None if self.next is None or offset is None else self.next[1] - offset

    def take(self, evse: "Evse") -> MeterValue | None:
        """The value that is due now, once. Where the clock was set forward, only the latest tick counts; where it was
        set back by less than an interval, no tick is told twice."""
        around, interval_s = evse.around, evse.around.settings[self.interval]
        if around.offset is None or interval_s <= 0 or not evse.setup.has_meter:
            self.next = None
            return None
        utc = around.offset + around.now
        if self.next is None or self.next[0] != interval_s or self.next[1] > utc + 2 * interval_s:
            self.next = (interval_s, next_tick(utc, interval_s))
        tick = self.next[1]
        if around.now < tick - around.offset:
            return None
        tick = max(tick, last_tick(utc, interval_s))
        self.next = (interval_s, next_tick(tick, interval_s))
        return evse.reading(around.settings[self.names], Context.CLOCK, around.stamp(tick - around.offset))


class Schedule:
    """The clocks of one charging place."""

    def __init__(self, evse: "Evse") -> None:
        self._evse = evse
        self._sampled = Paced(SAMPLED_INTERVAL_S, SAMPLED_UPDATED)
        self._sampled_for_end = Paced(SAMPLED_ENDED_INTERVAL_S, SAMPLED_ENDED)
        self._aligned = Aligned(ALIGNED_INTERVAL_S, ALIGNED_MEASURANDS)
        self._aligned_for_end = Aligned(ALIGNED_ENDED_INTERVAL_S, ALIGNED_ENDED)
        self._clocks = (self._sampled, self._sampled_for_end, self._aligned, self._aligned_for_end)

    @property
    def next_deadline(self) -> float | None:
        """Monotonic seconds of the next value, None if none is due ever."""
        times = [clock.due(self._evse) for clock in self._clocks]
        return min((time for time in times if time is not None), default=None)

    def run(self) -> None:
        """Tell and collect what is due now."""
        evse, tx = self._evse, self._evse.session.tx
        sampled, aligned = self._sampled.take(evse), self._aligned.take(evse)
        for_end = (self._sampled_for_end.take(evse), self._aligned_for_end.take(evse))
        if not evse.metering.fresh(evse.around.now):
            return
        if aligned is not None and aligned.values:
            if tx is not None and evse.session.state is State.RUNNING:
                transaction.update(evse, tx, Trigger.METER_VALUE_CLOCK, (aligned,))
            else:
                evse.around.emit(Tell(Measured(evse.number, (aligned,))))
        if tx is not None:
            if sampled is not None and sampled.values:
                transaction.update(evse, tx, Trigger.METER_VALUE_PERIODIC, (sampled,))
            for value in for_end:
                if value is not None:
                    tx.collected.add(value)


def next_tick(utc: float, interval_s: int) -> float:
    """The next clock-aligned moment after ``utc``; every midnight is one."""
    midnight = utc - utc % DAY_S
    return min(midnight + DAY_S, last_tick(utc, interval_s) + interval_s)


def last_tick(utc: float, interval_s: int) -> float:
    """The latest clock-aligned moment up to ``utc``."""
    midnight = utc - utc % DAY_S
    return midnight + (utc - midnight) // interval_s * interval_s
