"""What else could have been meant: other spellings of the password, other forms of the URL. Pure.

They are tried to tell the technician what would work. The station itself uses nothing but what the file says.
"""

import base64
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from chargepoint.config.schema import Backend
from chargepoint.errors import ConfigError
from chargepoint.uplink.address import address, with_identity

SHORTEST_TOKEN = 8
SHORTEST_SECRET = 4
"""To hide each 1 because the password is one would tell more than it hides."""

# Where backends in the field have their OCPP endpoint (interop sheet U6).
PREFIXES = (
    "",
    "ocpp",
    "OCPP",
    "ocppj",
    "ocpp16",
    "ocpp/1.6",
    "ocpp1.6",
    "ocpp201",
    "ws",
    "websocket",
    "steve/websocket/CentralSystemService",
    "websocket/CentralSystemService",
)


@dataclass(frozen=True)
class Trial:
    """``advice`` is what to change if it works."""

    url: str
    headers: dict[str, str] = field(repr=False)
    advice: str


def credentials(backend: Backend, identity: str) -> list[Trial]:
    """The password in its other form, and under the station's own name; none without a password."""
    other = "text" if backend.password_form == "hex" else "hex"  # noqa: S105
    options = [({"password_form": other}, f'set backend.password_form = "{other}"')]
    if backend.user and backend.user != identity:
        options.append(({"user": ""}, "leave backend.user out: the backend wants the station's id as user name"))
        both = f'leave backend.user out and set backend.password_form = "{other}"'
        options.append(({"user": "", "password_form": other}, both))
    found = []
    for changes, advice in options:
        try:
            where = address(replace(backend, **changes), identity)  # type: ignore[arg-type]
        except ConfigError:
            continue
        if where.headers:
            found.append(Trial(where.url, where.headers, advice))
    return found


def places(url: str, identity: str, headers: dict[str, str]) -> list[Trial]:
    """Other forms of a URL that the server does not know, each once, without the configured one."""
    parts = urlsplit(url)
    segments = [unquote(each) for each in parts.path.split("/") if each]
    found = []
    if segments and segments[-1] != identity:
        found.append(
            (
                parts.path.rstrip("/"),
                "the URL as it stands works, without the id behind it: its last segment "
                "is the identity the backend knows; write that into station.id",
            )
        )
        found.append(
            (
                _path([*segments[:-1], identity]),
                "take the last segment of backend.url away: the backend wants the id in its place",
            )
        )
    base = segments[:-1] if segments and segments[-1] == identity else segments
    for spelt in (identity.upper(), identity.lower()):
        found.append((_path([*base, spelt]), f'set station.id = "{spelt}": the backend knows it in this spelling'))
    for prefix in PREFIXES:
        where = f"{parts.scheme}://{parts.netloc}/{prefix}".rstrip("/")
        found.append((_path([*prefix.split("/"), identity]), f'set backend.url = "{where}"'))
    trials: dict[str, Trial] = {}
    for path, advice in found:
        whole = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
        if whole != with_identity(url, identity):
            trials.setdefault(whole, Trial(whole, headers, advice))
    return list(trials.values())


def secrets(backend: Backend, identity: str, headers: dict[str, str]) -> list[str]:
    """Every text that must not be printed: the password in each form, the header, what may be a token in the path."""
    common = {identity, *(segment for prefix in PREFIXES for segment in prefix.split("/"))}
    segments = [unquote(each) for each in urlsplit(backend.url).path.split("/")]
    tokens = [each for each in segments if len(each) >= SHORTEST_TOKEN and each not in common]
    header = headers.get("Authorization", "").removeprefix("Basic ")
    raw = base64.b64decode(header).partition(b":")[2]
    forms = [backend.password, raw.decode("utf-8", "replace"), raw.hex(), raw.hex().upper(), header]
    return [each for each in (*forms, *tokens, *map(quote, tokens)) if len(each) >= SHORTEST_SECRET]


def _path(segments: list[str]) -> str:
    return "".join("/" + quote(each, safe="") for each in segments if each)
