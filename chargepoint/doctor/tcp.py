"""Stage tcp: does anybody listen at these addresses and this port?"""

import asyncio
import errno
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from chargepoint.doctor.finding import Finding, bad, ok, warn

STAGE = "tcp"
MOST_TRIED = 4


@dataclass(frozen=True, slots=True)
class Tried:
    """``error`` None: somebody listens there and answered after ``seconds``."""

    address: str
    seconds: float
    error: OSError | None = None


async def reach(addresses: Sequence[str], port: int, within_s: float) -> list[Tried]:
    """One after the other until one answers."""
    tried: list[Tried] = []
    for address in addresses[:MOST_TRIED]:
        began = time.monotonic()
        try:
            async with asyncio.timeout(within_s):
                _, writer = await asyncio.open_connection(address, port)
        except OSError as problem:
            tried.append(Tried(address, time.monotonic() - began, problem))
            continue
        tried.append(Tried(address, time.monotonic() - began))
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return tried
    return tried


def findings(tried: Sequence[Tried], port: int) -> list[Finding]:
    *failed, last = tried
    if last.error is None:
        found = [ok(STAGE, f"{last.address} port {port} answers in {1000 * last.seconds:.0f} ms")]
        return found + [warn(STAGE, why(each, port), SLOWER) for each in failed]
    return [bad(STAGE, why(each, port), what_to_do(each.error)) for each in tried]


def why(tried: Tried, port: int) -> str:
    where, problem = f"{tried.address} port {port}", tried.error
    if isinstance(problem, TimeoutError):
        return f"{where} does not answer within {tried.seconds:.1f} s"
    if isinstance(problem, ConnectionRefusedError):
        return f"{where}: the machine answers, but nothing listens at this port"
    if problem is not None and problem.errno in NO_WAY:
        return f"there is no way to {where} ({problem.strerror})"
    return f"{where} cannot be reached ({problem})"


def what_to_do(problem: OSError | None) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return "correct the port in backend.url (without one, ws:// is 80 and wss:// 443), or start the backend"
    if problem is not None and problem.errno in NO_WAY:
        return "look at cable, address and gateway of this station: `ip route`"
    return "a firewall may drop it: let outgoing connections to this port through, then check host and port"


NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)
SLOWER = "the station gets through by another address; mend this one, or take it out of the DNS"
