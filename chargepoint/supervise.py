"""A task that must not take the daemon with it: when it breaks it is told, and started again a little later."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
STEADY_AFTER_S = 60.0


async def supervised(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
    """Run ``work`` for ever; it is expected not to end. Safe to cancel."""
    loop, pause_s = asyncio.get_running_loop(), FIRST_PAUSE_S
    while True:
        began = loop.time()
        try:
            await work()
        except Exception:
            log.exception("%s broke; this is a bug of ours, please report it. Starting it again", name)
        if loop.time() - began > STEADY_AFTER_S:
            pause_s = FIRST_PAUSE_S
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
