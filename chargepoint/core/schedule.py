"""When meter values are told: every so many seconds of a transaction, and on the ticks of the clock.

Intervals are read from the settings each time, so a change takes effect at once. A reading that is stale is not sent;
the next fresh one is. Clock-aligned values carry the nominal tick (OCPP 1.6 section 3.16.3, OCPP 2.0.1 J01 and J02).
"""

from typing import TYPE_CHECKING

from chargepoint.core.effects import Tell
from chargepoint.core.metering import meter_value, next_tick
from chargepoint.core.records import Measured, Trigger
from chargepoint.core.session import State
from chargepoint.core.values import Context, MeterValue
from chargepoint.core.variables import (
    ALIGNED_ENDED,
    ALIGNED_ENDED_INTERVAL_S,
    ALIGNED_INTERVAL_S,
    ALIGNED_MEASURANDS,
    SAMPLED_ENDED,
    SAMPLED_ENDED_INTERVAL_S,
    SAMPLED_INTERVAL_S,
    SAMPLED_UPDATED,
)

if TYPE_CHECKING:
    from chargepoint.core.evse import Evse


class Schedule:
    """The clocks of one charging place. ``_ticked`` is the last clock-aligned moment (UTC) of each kind."""

    def __init__(self, evse: "Evse") -> None:
        self._evse = evse
        self._ticked: dict[str, float] = {}

    @property
    def next_deadline(self) -> float | None:
        """Monotonic seconds of the next value to tell, None if none is due ever."""
        times = [self._next_sample(), self._next_ended()]
        times += [self._next_clock(kind) for kind in ("told", "ended")]
        return min((time for time in times if time is not None), default=None)

    def run(self) -> None:
        """Tell what is due now."""
        evse, tx = self._evse, self._evse.session.tx
        now, settings = evse.around.now, evse.around.settings
        fresh = evse.metering.fresh(now) and evse.metering.sample is not None
        due = self._next_sample()
        if due is not None and now >= due and tx is not None:
            tx.sampled_at = now
            if fresh:
                value = evse.session.reading(settings[SAMPLED_UPDATED], Context.PERIODIC)
                evse.session.update(Trigger.METER_VALUE_PERIODIC, (value,))
        due = self._next_ended()
        if due is not None and now >= due and tx is not None:
            tx.ended_sampled_at = now
            if fresh:
                tx.collected.add(evse.session.reading(settings[SAMPLED_ENDED], Context.PERIODIC))
        if self._clock_is_due("told") and fresh:
            self._tell_aligned(self._aligned("told", settings[ALIGNED_MEASURANDS]))
        if self._clock_is_due("ended") and fresh and tx is not None:
            tx.collected.add(self._aligned("ended", settings[ALIGNED_ENDED]))

    def _tell_aligned(self, value: MeterValue) -> None:
        if not value.values:
            return
        if self._evse.session.state is State.RUNNING:
            self._evse.session.update(Trigger.METER_VALUE_CLOCK, (value,))
        else:
            self._evse.around.emit(Tell(Measured(self._evse.number, (value,))))

    def _next_sample(self) -> float | None:
        evse = self._evse
        interval = evse.around.settings[SAMPLED_INTERVAL_S]
        if evse.session.state is not State.RUNNING or evse.session.tx is None or interval <= 0:
            return None
        return evse.session.tx.sampled_at + interval

    def _next_ended(self) -> float | None:
        evse = self._evse
        interval = evse.around.settings[SAMPLED_ENDED_INTERVAL_S]
        if evse.session.state is not State.RUNNING or evse.session.tx is None or interval <= 0:
            return None
        return evse.session.tx.ended_sampled_at + interval

    def _interval(self, kind: str) -> int:
        settings = self._evse.around.settings
        return settings[ALIGNED_INTERVAL_S if kind == "told" else ALIGNED_ENDED_INTERVAL_S]

    def _next_clock(self, kind: str) -> float | None:
        around, interval = self._evse.around, self._interval(kind)
        if around.offset is None or around.utc is None or interval <= 0 or not self._evse.setup.has_meter:
            return None
        last = self._ticked.setdefault(kind, around.utc)
        return next_tick(last, interval) - around.offset

    def _clock_is_due(self, kind: str) -> bool:
        """True once per tick; when the clock has jumped, only the latest tick counts."""
        around, due = self._evse.around, self._next_clock(kind)
        if due is None or around.utc is None or around.now < due:
            if around.utc is not None and self._ticked.get(kind, 0.0) > around.utc:
                self._ticked[kind] = around.utc
            return False
        interval = self._interval(kind)
        self._ticked[kind] = next_tick(around.utc, interval) - interval
        return True

    def _aligned(self, kind: str, names: tuple[str, ...]) -> MeterValue:
        evse, around = self._evse, self._evse.around
        at = around.stamp(self._ticked[kind] - (around.offset or 0.0))
        return meter_value(evse.metering.sample, names, Context.CLOCK, at, evse.offered_amps, evse.setup.phases)
