"""Stage reader: is it there? A reader speaks only when a card comes, so a port that opens and stays open is all there
is to see; `chargepoint rfid show` is for the cards."""

import asyncio

from chargepoint.doctor.finding import Finding, bad, ok, warn
from chargepoint.hal import DeviceUnavailable, ServedReader

STAGE = "reader"
LISTEN_S = 0.5


async def examine(served: ServedReader) -> Finding:
    """Closes the reader."""
    try:
        async with asyncio.timeout(LISTEN_S):
            await served.reader.tap()
    except TimeoutError:
        return ok(STAGE, f"{served.name} is there; show it a card with `chargepoint rfid show`")
    except DeviceUnavailable as problem:
        what, _, todo = str(problem).partition("; ")
        return bad(STAGE, what, todo)
    finally:
        await served.reader.close()
    return ok(STAGE, f"{served.name} read a card just now")


def none_configured() -> Finding:
    return warn(STAGE, "no card reader is configured", "without one only the backend or free vending starts a session")
