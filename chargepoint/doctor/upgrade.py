"""Stages http, credentials, url and subprotocol: what an attempt to open the WebSocket says, as sentences. Pure."""

from collections.abc import Mapping, Sequence

from chargepoint.doctor.finding import Finding, bad, ok, warn
from chargepoint.doctor.handshake import Kind, Outcome

HTTP, CREDENTIALS, URL, SUBPROTOCOL = "http", "credentials", "url", "subprotocol"

REFUSED = (401, 403)
ELSEWHERE = (200, 400, 404, 405, 410, 426)
"""Statuses behind which another path may be the right one."""
REDIRECTS = range(300, 400)

WORDS: Mapping[int, tuple[str, str]] = {
    200: ("a plain web page: at this path is no WebSocket", "ask the operator for the OCPP URL (it is no web page)"),
    400: (
        "it does not like the request",
        "check path and backend.versions; some answer so when they know neither station nor version",
    ),
    401: ("user or password is wrong", "ask the operator for the password of this very station"),
    403: ("this station may not connect", "the operator must allow this station, or its address"),
    404: (
        "it does not know this path or this station",
        "check backend.url and station.id, and that the station is registered at the backend",
    ),
    405: ("at this path is no WebSocket", "ask the operator for the OCPP URL"),
    410: ("this address is no longer used", "ask the operator for the new OCPP URL"),
    426: ("it wants another protocol at this path", "ask the operator for the OCPP URL"),
    429: ("too many attempts", "wait, then try again; a doctor that runs in a loop makes it worse"),
    502: ("a proxy answers, and the backend behind it does not", "tell the operator"),
    503: ("it is down or overloaded", "wait, then tell the operator"),
    504: ("a proxy answers, and the backend behind it is too slow", "tell the operator"),
}


def status(outcome: Outcome) -> Finding:
    """Any HTTP status but 101."""
    code = outcome.status
    who = f" (it calls itself {outcome.server})" if outcome.server else ""
    if code in REDIRECTS:
        where = f" to {outcome.location}" if outcome.location else ""
        return bad(
            HTTP,
            f"the server answers HTTP {code}: it sends us elsewhere{where}{who}",
            "write the address it points to into backend.url; ask the operator for the whole of it",
        )
    generic = ("it is broken", "tell the operator") if code >= 500 else ("it speaks no OCPP here", "check backend.url")
    what, todo = WORDS.get(code, generic)
    if outcome.retry_after:
        todo = f"{todo}; it asks for a pause (Retry-After: {outcome.retry_after})"
    return bad(HTTP, f"the server answers HTTP {code}: {what}{who}", todo)


def broken(outcome: Outcome, within_s: float, secure: bool, speaks_tls: bool) -> Finding:
    """No HTTP answer at all, or one that makes no sense. ``speaks_tls``: the port of a ws:// URL does."""
    if speaks_tls:
        return bad(HTTP, "this port speaks TLS, but backend.url begins with ws://", "write wss:// instead of ws://")
    match outcome.kind:
        case Kind.SILENT:
            return bad(
                HTTP,
                f"the server takes the connection and does not answer the request within {within_s:g} s",
                "check the port: behind it may be something else; if it is right, the backend hangs",
            )
        case Kind.NO_HTTP:
            return bad(HTTP, "what answers at this port is no web server", "check the port in backend.url")
        case Kind.ODD_CHOICE:
            return bad(
                SUBPROTOCOL,
                f"the server chose a version that was not offered ({outcome.text})",
                "add it to backend.versions if this station speaks it, else tell the operator",
            )
        case Kind.BROKEN:
            return bad(
                HTTP,
                f"the server says yes, but its handshake is broken ({outcome.text})",
                "a proxy in between may be cutting headers (Upgrade, Connection); show this to the operator",
            )
    if "CERTIFICATE" in outcome.text:
        return bad(
            HTTP,
            f"the server wants a certificate of this station ({outcome.text})",
            "this is security profile 3, which is not supported yet: ask the operator for profile 2 (a password)",
        )
    why = f" ({outcome.text})" if outcome.text else ""
    hint = "; over TLS some backends do so when the password is wrong" if secure else ""
    return bad(HTTP, f"the server hung up without an answer{why}", f"check port and path in backend.url{hint}")


def refused(outcome: Outcome, has_password: bool, secure: bool, tried: int, works: str) -> Finding:
    """401 or 403. ``works`` is the advice of the trial that was let in, empty where none was."""
    code = f"HTTP {outcome.status}"
    if works:
        return bad(CREDENTIALS, f"{code}: the password is refused in this form, but another is let in", works)
    if not has_password:
        todo = "write the password the operator gave you into a file and name it in backend.password_file"
        return bad(CREDENTIALS, f"{code}: the backend wants a password, and the configuration has none", todo)
    forms = f", and so is every other form of it ({tried} tried)" if tried else ""
    hints = "ask the operator for the password of this station, and whether it knows the id (some answer so for 404)"
    if not secure:
        hints += "; it may also want wss:// instead of ws://"
    return bad(CREDENTIALS, f"{code}: user or password is refused{forms}", hints)


def elsewhere(works: str, tried: int) -> Finding:
    """What the trials of other URLs came to."""
    if works:
        return bad(URL, "another form of the URL is let in", works)
    return warn(URL, f"other forms of the URL were tried ({tried}), and none is let in either")


def versions(offered: Sequence[str], main: Outcome, alone: Mapping[str, Outcome]) -> list[Finding]:
    """The subprotocol of an upgrade that was let in. ``alone``: what came of offering one version at a time."""
    if main.chosen:
        return [ok(SUBPROTOCOL, f"the server chose {main.chosen} of {', '.join(offered)}")]
    speaks = [version for version, outcome in alone.items() if outcome.chosen == version]
    ours = [version for version in speaks if version in offered]
    if ours:
        return [
            warn(
                SUBPROTOCOL,
                f"offered {', '.join(offered)} together, the server chooses none; offered alone, it takes {ours[0]}",
                f'set backend.versions = ["{ours[0]}"]: then the first attempt works',
            )
        ]
    if speaks:
        return [
            bad(
                SUBPROTOCOL,
                f"the server speaks {', '.join(speaks)}, but the configuration offers {', '.join(offered)} only",
                f'set backend.versions = ["{speaks[0]}"]'
                if speaks[0] in SPOKEN
                else "ask for one of " + ", ".join(SPOKEN),
            )
        ]
    if main.closed is None and len(offered) == 1:
        return [
            warn(
                SUBPROTOCOL,
                f"the server names no version; it is taken at the only one offered, {offered[0]}",
                "tell the operator: OCPP-J wants it named (Sec-WebSocket-Protocol)",
            )
        ]
    closed = f" and closed the connection (code {main.closed})" if main.closed else ""
    return [
        bad(
            SUBPROTOCOL,
            f"the server chose none of {', '.join(offered)}{closed}",
            "ask the operator which OCPP version this URL serves, and name that one alone in backend.versions",
        )
    ]


SPOKEN = ("ocpp2.0.1", "ocpp1.6")
KNOWN = (*SPOKEN, "ocpp2.1", "ocpp1.5", "ocpp2.0")
"""Every subprotocol a server may be asked for, to learn what it does speak."""
