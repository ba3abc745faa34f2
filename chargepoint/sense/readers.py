"""Cards -> facts. The raw identifier becomes upper-case hex, and what list and cache hold of it goes with it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from chargepoint.core.facts import Fact, FaultIs, Tapped
from chargepoint.core.tokens import IdToken, Known, TokenKind
from chargepoint.hal import DeviceUnavailable, ServedReader, Tap

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
BACK_AFTER_S = 1.0


async def listen(
    served: ServedReader, look_up: Callable[[IdToken], Awaitable[Known]], post: Callable[[Fact], None]
) -> None:
    """Wait for cards for ever; a reader that is gone is a fault that does not block, and is tried again. One that
    waits for a card without complaint is back."""
    pause_s, gone = FIRST_PAUSE_S, False
    while True:
        waiting = asyncio.ensure_future(served.reader.tap())
        try:
            if gone:
                await asyncio.wait((waiting,), timeout=BACK_AFTER_S)
                if not waiting.done():
                    gone = _is_back(served, post)
            tap = await waiting
        except DeviceUnavailable as problem:
            if not gone:
                log.warning("reader %s: %s", served.name, problem)
                _tell(served, True, str(problem), post)
            gone = True
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            continue
        finally:
            waiting.cancel()
        if gone:
            gone = _is_back(served, post)
        pause_s = FIRST_PAUSE_S
        token = normalise(tap)
        post(Tapped(served.connectors, token, await look_up(token)))


def normalise(tap: Tap) -> IdToken:
    """Upper-case hex, first byte first (OCPP 1.6 appendix; OCPP 2.0.1 IdTokenType)."""
    kinds = {kind.value: kind for kind in TokenKind}
    return IdToken(tap.uid.hex().upper(), kinds.get(tap.kind, TokenKind.ISO14443))


def _is_back(served: ServedReader, post: Callable[[Fact], None]) -> bool:
    log.info("reader %s: it is back", served.name)
    _tell(served, False, "", post)
    return False


def _tell(served: ServedReader, present: bool, info: str, post: Callable[[Fact], None]) -> None:
    for evse in served.connectors:
        post(FaultIs(evse, "reader", present, info))
