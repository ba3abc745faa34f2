"""Where the backend is and how the station shows who it is (interop sheet U1 to U7, A1 to A5; OCPP-J 3.1 and 6).

The identity is the last segment of the URL, percent-encoded; a URL that already ends in it is left alone. Path and
query are never touched. Credentials go into a header made by hand, because a 1.6 password is raw bytes that no URL and
no text API carries, and never into anything that is logged.
"""

import base64
import os
import ssl
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from chargepoint.config.schema import Backend
from chargepoint.errors import ConfigError


@dataclass(frozen=True)
class Address:
    """``shown`` is for logs and status: without query and without what may be a token in the path."""

    url: str
    shown: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)


def address(backend: Backend, identity: str) -> Address:
    """Raises ConfigError when a password or certificate file cannot be used."""
    url = with_identity(backend.url, identity)
    parts = urlsplit(url)
    shown = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}/.../{identity}"
    headers = {}
    password = _password(backend)
    if password:
        headers["Authorization"] = basic(backend.user or identity, password)
    return Address(url, shown, headers, _tls(backend) if parts.scheme == "wss" else None)


def with_identity(url: str, identity: str) -> str:
    """Append the identity as the last segment, with exactly one slash, unless it is there already."""
    parts = urlsplit(url)
    segments = parts.path.rstrip("/").split("/")
    if unquote(segments[-1]) != identity:
        segments.append(quote(identity, safe=""))
    return urlunsplit((parts.scheme, parts.netloc, "/".join(segments), parts.query, ""))


def basic(user: str, password: bytes) -> str:
    """RFC 7617 over raw bytes (OCPP-J 1.6 6.2.1, whose test vector has bytes that are no text)."""
    return "Basic " + base64.b64encode(user.encode() + b":" + password).decode()


def _password(backend: Backend) -> bytes:
    text = backend.password
    if backend.password_file:
        path = Path(backend.password_file)
        try:
            mode = path.stat().st_mode
            text = path.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as problem:
            raise ConfigError([f"backend.password_file: {path} cannot be read ({problem})"]) from problem
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            raise ConfigError([f"backend.password_file: everybody can read {path}; run chmod 600 {path}"])
    if backend.password_form != "hex":  # noqa: S105
        return text.encode()
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ConfigError(['backend.password: password_form is "hex", but the password is no hex text']) from None


def _tls(backend: Backend) -> ssl.SSLContext:
    """TLS 1.2 or newer, verified against the system's roots and the extra ones (OCPP A00.FR.313, A00.FR.319/422)."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if backend.ca_file:
        if not os.access(backend.ca_file, os.R_OK):
            raise ConfigError([f"backend.ca_file: {backend.ca_file} cannot be read"])
        try:
            context.load_verify_locations(backend.ca_file)
        except ssl.SSLError as problem:
            raise ConfigError(
                [f"backend.ca_file: {backend.ca_file} holds no certificate ({problem.reason})"]
            ) from problem
    return context
