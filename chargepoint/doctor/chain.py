"""The certificates a server shows, as plain values.

Python 3.11 gives the chain only by its inner object, which newer versions still have; where it is gone, there is no
chain to show and everything else works.
"""

import hashlib
import ssl
from dataclasses import dataclass
from typing import Any

DER = 2  # OpenSSL's binary form, as the inner object takes it


@dataclass(frozen=True, slots=True)
class Certificate:
    """``not_before`` and ``not_after`` are seconds since 1970; ``fingerprint`` is SHA-256 in hex."""

    subject: str
    issuer: str
    not_before: float
    not_after: float
    names: tuple[str, ...] = ()
    fingerprint: str = ""

    @property
    def by_itself(self) -> bool:
        return self.subject == self.issuer


def chain(connection: ssl.SSLObject, verified: bool) -> tuple[Certificate, ...]:
    """The server's own certificate first. ``verified``: up to the root that is trusted; else what the server sent."""
    inner: Any = getattr(connection, "_sslobj", None)
    give = getattr(inner, "get_verified_chain" if verified else "get_unverified_chain", None)
    return tuple(certificate(each.get_info(), each.public_bytes(DER)) for each in (give() if give else None) or ())


def certificate(info: dict[str, Any], der: bytes = b"") -> Certificate:
    """From a dictionary as `ssl.SSLSocket.getpeercert` makes it."""
    return Certificate(
        subject=name(info.get("subject", ())),
        issuer=name(info.get("issuer", ())),
        not_before=float(ssl.cert_time_to_seconds(info["notBefore"])),
        not_after=float(ssl.cert_time_to_seconds(info["notAfter"])),
        names=tuple(value for kind, value in info.get("subjectAltName", ()) if kind in ("DNS", "IP Address")),
        fingerprint=hashlib.sha256(der).hexdigest() if der else "",
    )


def name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """The common name, else the organisation, else whatever is there."""
    told = {key: value for group in parts for key, value in group}
    return next((told[key] for key in ("commonName", "organizationName") if key in told), "") or ", ".join(
        told.values()
    )
