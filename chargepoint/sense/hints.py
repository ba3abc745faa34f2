"""What a board tells beside its devices -> facts and hints for the uplink."""

import asyncio
import logging
from collections.abc import Callable

from chargepoint.core.facts import Fact, FaultCleared, FaultIs
from chargepoint.core.faults import find
from chargepoint.hal import DeviceUnavailable, Hints

log = logging.getLogger(__name__)

PAUSE_S = 1.0


async def listen(hints: Hints, connectors: int, post: Callable[[Fact], None], network: Callable[[bool], None]) -> None:
    """Wait for ever. A fault switched on stays until it is switched off again."""
    while True:
        try:
            told = await hints.next()
        except DeviceUnavailable as problem:
            log.info("hints: %s", problem)
            await asyncio.sleep(PAUSE_S)
            continue
        if told.what == "network":
            network(told.on)
            continue
        fault = find(told.code)
        if fault is None or not 0 <= told.connector <= connectors:
            log.warning("hints: connector %d has no fault %r", told.connector, told.code[:50])
        elif told.on:
            post(FaultIs(told.connector, fault.id, True, "reported by hand"))
        else:
            post(FaultIs(told.connector, fault.id, False))
            post(FaultCleared(told.connector, fault.id))
