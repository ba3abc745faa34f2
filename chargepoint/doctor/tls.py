"""Stage tls: the handshake, who signed the server's certificate, and why it is not trusted.

A certificate that fails is looked at over a second connection without verification. Nothing is ever sent over that
one, and the station itself never talks to a server it does not trust.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from chargepoint.clock import iso
from chargepoint.doctor.chain import Certificate, chain
from chargepoint.doctor.finding import Finding, bad, ok, quoted, warn
from chargepoint.sense.wallclock import EARLIEST_UTC

STAGE = "tls"
DAY_S = 86400.0
WARN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Shown:
    """``error`` None: the server is trusted, and ``chain`` reaches up to the root; else it is what the server sent."""

    host: str
    version: str = ""
    chain: tuple[Certificate, ...] = ()
    error: Exception | None = None
    plain: bool = False
    """No TLS, but a web server without it answers there."""


async def shake(address: str, port: int, host: str, context: ssl.SSLContext, within_s: float) -> Shown:
    """One handshake, and a second look where the certificate is not trusted."""
    try:
        return await _look(address, port, host, context, within_s, True)
    except ssl.SSLCertVerificationError as distrust:
        seen = await peek(address, port, host, within_s)
        return Shown(host, "" if seen is None else seen.version, () if seen is None else seen.chain, distrust)
    except (OSError, EOFError) as problem:
        plain = not isinstance(problem, TimeoutError) and await _speaks_http(address, port, host, within_s)
        return Shown(host, error=problem, plain=plain)


async def _speaks_http(address: str, port: int, host: str, within_s: float) -> bool:
    """A request that holds nothing of ours."""
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(address, port)
            try:
                writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                return (await reader.read(5)).startswith(b"HTTP/")
            finally:
                writer.transport.abort()
    except OSError:
        return False


async def peek(address: str, port: int, host: str, within_s: float) -> Shown | None:
    """What a TLS server there shows, trusted or not; None: there is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return await _look(address, port, host, context, within_s, False)
    except (OSError, EOFError):
        return None


async def _look(address: str, port: int, host: str, context: ssl.SSLContext, within_s: float, verified: bool) -> Shown:
    async with asyncio.timeout(within_s):
        _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
    try:
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return Shown(host, connection.version() or "", chain(connection, verified))
    finally:
        writer.transport.abort()
        with suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


def findings(shown: Shown, utc: float, within_s: float) -> list[Finding]:
    """``utc`` is this machine's own clock, which may be the one that is wrong."""
    if isinstance(shown.error, ssl.SSLCertVerificationError):
        return [*_chain(shown), _distrusted(shown, shown.error, utc)]
    if shown.error is not None:
        return [_failed(shown.error, shown.plain, within_s)]
    return [ok(STAGE, f"{shown.version}, the certificate is trusted"), *_chain(shown), *_ageing(shown.chain, utc)]


def _chain(shown: Shown) -> list[Finding]:
    if not shown.chain:
        return []
    own = shown.chain[0]
    signers = " <- ".join([own.subject or "(no name)", *(each.subject for each in shown.chain[1:])])
    by = "itself" if own.by_itself else own.issuer
    return [ok(STAGE, f"certificate of {signers}, signed by {by}, good until {_day(own.not_after)}")]


def _ageing(certificates: Sequence[Certificate], utc: float) -> list[Finding]:
    found = []
    for each in certificates:
        days = (each.not_after - utc) / DAY_S
        if days < WARN_DAYS:
            what = f"the certificate of {each.subject} expires in {days:.0f} days ({_day(each.not_after)})"
            found.append(warn(STAGE, what, "ask the backend's operator to renew it before that day"))
    return found


def _distrusted(shown: Shown, problem: ssl.SSLCertVerificationError, utc: float) -> Finding:
    code, own = problem.verify_code, shown.chain[0] if shown.chain else None
    issuer = shown.chain[-1].issuer if shown.chain else "an unknown signer"
    if code in (EXPIRED, NOT_YET):
        return _out_of_date(shown.chain, code, utc)
    if code in (HOST_DIFFERS, ADDRESS_DIFFERS):
        names = ", ".join(own.names[:8]) if own and own.names else "no host at all"
        return bad(
            STAGE,
            f"the certificate is not made for {shown.host}, but for {names}",
            "write the host into backend.url as the certificate has it, or ask the operator for a new certificate",
        )
    if code == BY_ITSELF:
        print_ = f" (SHA-256 {own.fingerprint})" if own and own.fingerprint else ""
        return bad(
            STAGE,
            f"the server's certificate is signed by itself and by nobody this station trusts{print_}",
            "get the certificate from the operator, compare this fingerprint, and name its file in backend.ca_file",
        )
    if code == ROOT_UNKNOWN:
        return bad(
            STAGE,
            f"the root {issuer} is not trusted by this station",
            f"get the root certificate {issuer} from the operator and name its file in backend.ca_file",
        )
    if code in (ISSUER_UNKNOWN, LEAF_ALONE):
        alone = "the server sends its own certificate only, and " if len(shown.chain) == 1 else ""
        return bad(
            STAGE,
            f"{alone}its signer {issuer} is not known to this station",
            f"the operator should install the whole chain on the server; if {issuer} is a root of the operator's own, "
            "name its file in backend.ca_file",
        )
    return bad(
        STAGE,
        f"the certificate is not trusted ({quoted(problem.verify_message)})",
        "show this sentence to the backend's operator",
    )


def _out_of_date(certificates: Sequence[Certificate], code: int, utc: float) -> Finding:
    if utc < EARLIEST_UTC:
        return bad(
            STAGE,
            f"this machine's clock says {_day(utc)}, so no certificate can be checked",
            "set the clock: `timedatectl status`; a Pi needs the network's time (NTP) or a clock battery",
        )
    if code == NOT_YET:
        which = next((each for each in certificates if each.not_before > utc), None)
        when = f" of {which.subject} is good from {_day(which.not_before)} on" if which else " is not good yet"
        return bad(
            STAGE, f"the certificate{when}, and this clock says {_day(utc)}", "check the clock: `timedatectl status`"
        )
    which = next((each for each in certificates if each.not_after < utc), None)
    when = f" of {which.subject} expired on {_day(which.not_after)}" if which else " has expired"
    return bad(
        STAGE,
        f"the certificate{when} (this clock says {_day(utc)})",
        "the backend's operator must renew it; if the day above is wrong, set this clock: `timedatectl status`",
    )


def _failed(problem: Exception, plain: bool, within_s: float) -> Finding:
    if isinstance(problem, TimeoutError):
        return bad(
            STAGE,
            f"the server takes the connection and says nothing to a TLS greeting for {within_s:g} s",
            "check the port in backend.url; behind it is no TLS server, or one that hangs",
        )
    reason = (problem.reason or "") if isinstance(problem, ssl.SSLError) else ""
    if plain and not reason.startswith(ALERTS):
        return bad(
            STAGE,
            "this port speaks plain HTTP, but backend.url begins with wss://",
            "correct the port in backend.url, or write ws:// if the backend offers nothing better",
        )
    if reason in NO_TLS:
        return bad(
            STAGE,
            "what answers at this port does not speak TLS",
            "correct the port in backend.url; behind it is something else",
        )
    if "PROTOCOL" in reason:
        return bad(
            STAGE,
            "the server speaks no TLS of version 1.2 or newer",
            "its operator must switch a newer version on (OCPP 2.0.1 A00.FR.313)",
        )
    if "HANDSHAKE_FAILURE" in reason or "CERTIFICATE" in reason:
        return bad(
            STAGE,
            f"the server refused the TLS handshake ({reason})",
            "it may want a certificate of this station (security profile 3), which is not supported yet",
        )
    if isinstance(problem, ConnectionError | EOFError | ssl.SSLEOFError):
        return bad(
            STAGE,
            "the server hung up during the TLS handshake",
            "check host and port in backend.url; a proxy or firewall in between may do that too",
        )
    return bad(STAGE, f"TLS failed ({reason or problem})", "check host and port in backend.url")


def _day(utc: float) -> str:
    return iso(utc)[:10]


# OpenSSL, x509_vfy.h
NOT_YET, EXPIRED, BY_ITSELF, ROOT_UNKNOWN, ISSUER_UNKNOWN, LEAF_ALONE = 9, 10, 18, 19, 20, 21
HOST_DIFFERS, ADDRESS_DIFFERS = 62, 64
ALERTS = ("TLSV1", "SSLV3")
"""How OpenSSL names what a TLS server objects to."""
NO_TLS = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
)
