"""The cable lock: move it, look, try again (drive, wait for the feedback, at most three times), tell the core."""

import asyncio
import logging
from collections.abc import Callable

from chargepoint.core.facts import Fact, FaultIs, LockIs
from chargepoint.hal import DeviceUnavailable, Lock

log = logging.getLogger(__name__)

TRIES = 3
SETTLE_S = 0.6
LOOK_EVERY_S = 2.0


class LockKeeper:
    """Holds one lock where the core wants it. `want` returns at once; `run` does the work."""

    def __init__(self, evse: int, lock: Lock, post: Callable[[Fact], None]) -> None:
        self._evse, self._lock, self._post = evse, lock, post
        self._wanted: bool | None = None
        self._changed = asyncio.Event()
        self._told: bool | None = None
        self._fault = ""

    def want(self, engaged: bool) -> None:
        self._wanted = engaged
        self._changed.set()

    async def run(self) -> None:
        """Move and watch for ever. A lock that does not follow is the fault ``lock``. Safe to cancel."""
        while True:
            self._changed.clear()
            try:
                fault = await self._settle()
            except DeviceUnavailable as problem:
                fault = str(problem)
            if fault != self._fault:
                self._fault = fault
                self._post(FaultIs(self._evse, "lock", bool(fault), fault))
                if fault:
                    log.warning("connector %d: %s", self._evse, fault)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _settle(self) -> str:
        for _ in range(TRIES):
            engaged = await self._look()
            if self._wanted is None or engaged is self._wanted:
                return ""
            await (self._lock.engage() if self._wanted else self._lock.release())
            await asyncio.sleep(SETTLE_S)
        if await self._look() is self._wanted:
            return ""
        return f"the cable lock did not {'engage' if self._wanted else 'release'} after {TRIES} tries"

    async def _look(self) -> bool:
        engaged = await self._lock.is_engaged()
        if engaged is not self._told:
            self._told = engaged
            self._post(LockIs(self._evse, engaged))
        return engaged
