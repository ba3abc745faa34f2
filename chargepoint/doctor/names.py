"""Stage dns: the backend's name -> addresses."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from chargepoint.doctor.finding import Finding, bad, ok

STAGE = "dns"
MOST_SHOWN = 4

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port -> addresses, the preferred one first. Raises OSError as getaddrinfo(3) does."""


async def by_the_system(host: str, port: int) -> list[str]:
    """What the system's resolver says, each address once."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


async def look_up(host: str, port: int, resolve: Resolve, within_s: float) -> tuple[Sequence[str], Finding]:
    """No addresses where the finding is bad."""
    if is_address(host):
        return [host], ok(STAGE, f"{host} is an address: no name has to be looked up")
    try:
        async with asyncio.timeout(within_s):
            addresses = await resolve(host, port)
    except TimeoutError:
        return [], bad(STAGE, f"no name server answered within {within_s:g} s", NO_SERVER)
    except (OSError, UnicodeError) as problem:
        return [], unknown(host, problem)
    if not addresses:
        return [], bad(STAGE, f"the name {host} has no address", TYPO)
    shown = ", ".join(addresses[:MOST_SHOWN]) + (", ..." if len(addresses) > MOST_SHOWN else "")
    return addresses, ok(STAGE, f"{host} is {shown}")


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def unknown(host: str, problem: OSError | UnicodeError) -> Finding:
    number = problem.errno if isinstance(problem, socket.gaierror) else None
    if number in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)):
        return bad(STAGE, f"the name {host} does not exist: the name server says so", TYPO)
    if number == socket.EAI_AGAIN:
        return bad(STAGE, f"no name server could say who {host} is", NO_SERVER)
    return bad(STAGE, f"the name {host} cannot be looked up ({problem})", TYPO)


TYPO = "correct the host in backend.url; if it is right, ask whoever runs the network for its DNS"
NO_SERVER = "connect the network or the modem, then look at /etc/resolv.conf: `getent hosts example.org` must answer"
