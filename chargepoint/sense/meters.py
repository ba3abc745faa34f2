"""Meters -> facts. A meter that is silent is a matter of the core (it knows when the last sample is too old); here it
is only asked again, more slowly, and one line of the log marks each change of its state."""

import asyncio
import logging
from collections.abc import Callable

from chargepoint.clock import Clock
from chargepoint.core.facts import Fact, Metered
from chargepoint.hal import DeviceUnavailable, Meter, MeterIdentity

log = logging.getLogger(__name__)

SLOWEST_S = 10.0


async def poll(evse: int, meter: Meter, period_s: float, clock: Clock, post: Callable[[Fact], None]) -> None:
    """Read for ever, one reading per period. Safe to cancel."""
    known: MeterIdentity | None = None
    silent = False
    pause_s = period_s
    while True:
        started = clock.mono()
        try:
            if known is None:
                known = await meter.identify()
                log.info("connector %d: meter %s", evse, " ".join(filter(None, (known.model, known.serial))) or "found")
            sample = await meter.read()
        except DeviceUnavailable as problem:
            if not silent:
                log.warning("connector %d: %s", evse, problem)
            silent, pause_s = True, min(2 * pause_s, max(SLOWEST_S, period_s))
        else:
            if silent:
                log.info("connector %d: the meter answers again", evse)
            silent, pause_s = False, period_s
            post(Metered(evse, sample))
        await asyncio.sleep(max(0.0, started + pause_s - clock.mono()))
