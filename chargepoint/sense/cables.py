"""Proximity pilot -> facts: what the plugged cable carries, and the fault when its coding makes no sense."""

import asyncio
import logging
from collections.abc import Callable

from chargepoint.core.facts import CableIs, Fact, FaultIs
from chargepoint.core.proximity import ProximityError, cable_amps
from chargepoint.hal import DeviceUnavailable, Proximity

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5


async def watch(evse: int, proximity: Proximity, post: Callable[[Fact], None]) -> None:
    """Look for ever and tell changes. Safe to cancel."""
    told: tuple[float | None, str] | None = None
    while True:
        amps, trouble = None, ""
        try:
            amps = cable_amps(await proximity.read())
        except (ProximityError, DeviceUnavailable) as problem:
            trouble = str(problem)
        if (amps, trouble) != told:
            told = (amps, trouble)
            post(CableIs(evse, amps))
            post(FaultIs(evse, "proximity", bool(trouble), trouble))
            if trouble:
                log.warning("connector %d: %s", evse, trouble)
        await asyncio.sleep(LOOK_EVERY_S)
