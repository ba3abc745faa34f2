"""Stage boot: one BootNotification over an open connection, in the version that was chosen, and what the answer says.

What the backend asks meanwhile is refused: nobody is here who could do it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from chargepoint.clock import TimeQuality, iso
from chargepoint.core.facts import Registration
from chargepoint.core.records import Boot, BootReason, StationIdentity
from chargepoint.doctor.finding import Finding, bad, ok, quoted, warn
from chargepoint.errors import PeerError
from chargepoint.ocpp.dialect import Dialect, Registered
from chargepoint.ocpp.rpc import Answered, CallReceived, Failed, Rpc

BOOT, CLOCK = "boot", "clock"
ALLOWED_S = 5.0


@dataclass(frozen=True, slots=True)
class Booted:
    """``said`` None: there was no answer that could be used, and ``why`` is ``silent``, ``closed``, ``refused`` or
    ``unreadable``. ``off_s`` is the backend's time minus ours."""

    said: Registered | None = None
    why: str = ""
    text: str = ""
    code: int = 0
    seconds: float = 0.0
    off_s: float | None = None
    quirks: dict[str, int] = field(default_factory=dict)


class _Nothing:
    """A boot speaks of no transaction."""

    def number(self, tx: str) -> None:
        return None

    def tx(self, number: int | str) -> None:
        return None


async def boot(
    ws: ClientConnection, dialect: Dialect, identity: StationIdentity, utc: Callable[[], float], within_s: float
) -> Booted:
    """Say it, and wait for the answer. The connection stays open."""
    message = Boot(identity, BootReason.UNKNOWN)
    rpc = Rpc(dialect.subprotocol, lambda: str(uuid4()), within_s)
    (call,) = dialect.encode(message, lambda _: "", _Nothing())
    began = time.monotonic()
    rpc.call(call, began)
    try:
        async with asyncio.timeout(within_s):
            while True:
                for text in rpc.outgoing():
                    await ws.send(text)
                for event in rpc.receive(await ws.recv(), time.monotonic()):
                    seconds = time.monotonic() - began
                    match event:
                        case Answered(payload=payload):
                            said = dialect.learn(message, payload).registered
                            off_s = None if said is None or said.utc is None else said.utc + seconds / 2 - utc()
                            quirks = dict(rpc.quirks) | dict(dialect.quirks())
                            why = "" if said else "unreadable"
                            return Booted(said, why, seconds=seconds, off_s=off_s, quirks=quirks)
                        case Failed(code=code, text=text):
                            return Booted(None, "refused", quoted(f"{code} {text}"), seconds=seconds)
                        case CallReceived(id_raw=id_raw):
                            rpc.refuse(id_raw, dialect.fault_code("internal"), "the station is being examined")
    except TimeoutError:
        return Booted(None, "silent")
    except ConnectionClosed:
        return Booted(None, "closed", quoted(ws.close_reason or ""), ws.close_code or 1006)
    except PeerError as problem:
        return Booted(None, "unreadable", quoted(str(problem)))


def findings(booted: Booted, within_s: float, utc: float, quality: TimeQuality) -> list[Finding]:
    """``utc`` and ``quality`` are of this machine's clock."""
    if booted.said is None:
        return [_no_answer(booted, within_s)]
    said = booted.said
    found = [_registration(said, booted.seconds)]
    if booted.quirks:
        rules = ", ".join(sorted(booted.quirks))
        found.append(warn(BOOT, f"its answer deviates from the standard and was understood all the same ({rules})"))
    return [*found, _clock(booted.off_s, utc, quality)]


def _registration(said: Registered, seconds: float) -> Finding:
    again = f", and wants to be asked again in {said.interval_s} s" if said.interval_s else ""
    if said.status is Registration.ACCEPTED:
        beat = f"; heartbeat every {said.interval_s} s" if said.interval_s else ""
        return ok(BOOT, f"the backend accepts this station (answer after {1000 * seconds:.0f} ms{beat})")
    if said.status is Registration.PENDING:
        return warn(
            BOOT,
            f"the backend knows this station and has not released it yet: Pending{again}",
            "the operator must finish its set-up at the backend; no charging session is told until then",
        )
    return bad(
        BOOT,
        f"the backend rejects this station{again}",
        "the operator must register it: compare station.id, vendor, model and serial with what the backend has",
    )


def _no_answer(booted: Booted, within_s: float) -> Finding:
    match booted.why:
        case "silent":
            return bad(
                BOOT,
                f"the backend opened the connection and does not answer the BootNotification within {within_s:g} s",
                "the version chosen may not be the one it really speaks: try another in backend.versions; "
                "else tell the operator",
            )
        case "closed":
            reason = f": {booted.text}" if booted.text else ""
            meaning, todo = CLOSED.get(booted.code, ("it does not say why", "tell the operator"))
            return bad(
                BOOT,
                f"the backend opened the connection and closed it again (code {booted.code}{reason}): {meaning}",
                todo,
            )
        case "refused":
            return bad(
                BOOT,
                f"the backend refuses the BootNotification with an error ({booted.text})",
                "compare station.vendor, model and serial with what the operator expects; show this to the operator",
            )
    return bad(BOOT, f"the answer to the BootNotification makes no sense ({booted.text})", "show this to the operator")


def _clock(off_s: float | None, utc: float, quality: TimeQuality) -> Finding:
    ours = f"this clock says {iso(utc)}, quality {quality.name.lower()}"
    if off_s is None:
        return warn(
            CLOCK,
            f"the backend tells no usable time ({ours})",
            "" if quality >= TimeQuality.NTP else "give this machine NTP: nobody else sets its clock then",
        )
    if abs(off_s) <= ALLOWED_S:
        return ok(CLOCK, f"backend and station differ by {abs(off_s):.1f} s ({ours})")
    ahead = "ahead of" if off_s > 0 else "behind"
    what = f"the backend's clock is {abs(off_s):.0f} s {ahead} this one ({ours})"
    if quality >= TimeQuality.NTP:
        return warn(CLOCK, what, "this machine is synchronised, so the backend is wrong: tell the operator")
    return warn(CLOCK, what, "this clock is not synchronised: `timedatectl status`, and let NTP through")


# RFC 6455 7.4.1, and what backends mean by it (interop sheet U9)
CLOSED = {
    1002: ("it found no common version", "name the version it speaks alone in backend.versions"),
    1006: ("the connection was torn down", "a firewall or proxy may do so; else tell the operator"),
    1008: (
        "it does not know this station or its password",
        "compare station.id and password with what the operator has; both must be registered first",
    ),
    1009: ("a message was too large for it", "tell the operator"),
    1011: ("it broke", "tell the operator"),
    1012: ("it restarts", "wait, then try again"),
    1013: ("it is overloaded", "wait, then try again"),
}
