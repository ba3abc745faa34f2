"""May this token charge? One decision table: the local list, then the cache, then the backend, then the offline rule.

A list entry that is not accepted refuses always; what the cache holds against a token is asked again while there is a
backend to ask (OCPP 1.6 section 3.4 and 3.5, OCPP 2.0.1 C10 to C15).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from chargepoint.core.settings import Settings
from chargepoint.core.tokens import Known, TokenInfo, Verdict
from chargepoint.core.variables import (
    AUTH_CACHE_ENABLED,
    LOCAL_AUTHORIZE_OFFLINE,
    LOCAL_PRE_AUTHORIZE,
    OFFLINE_UNKNOWN_ALLOWED,
)


class Do(Enum):
    GRANT = "grant"
    ASK = "ask the backend"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Decision:
    do: Do
    why: str
    info: TokenInfo


@dataclass(frozen=True, slots=True)
class Case:
    """What the table looks at. ``entry`` is what list or cache say, with an entry past its date read as Expired."""

    online: bool
    entry: TokenInfo | None
    listed: bool
    settings: Settings


def accepted(case: Case) -> bool:
    return case.entry is not None and case.entry.verdict is Verdict.ACCEPTED


def refused(case: Case) -> bool:
    return case.entry is not None and case.entry.verdict is not Verdict.ACCEPTED


def listed(case: Case) -> bool:
    return case.listed


def online(case: Case) -> bool:
    return case.online


def offline(case: Case) -> bool:
    return not case.online


def pre_authorizes(case: Case) -> bool:
    return case.settings[LOCAL_PRE_AUTHORIZE]


def authorizes_offline(case: Case) -> bool:
    return case.settings[LOCAL_AUTHORIZE_OFFLINE]


def unknown_allowed(case: Case) -> bool:
    return case.entry is None and case.settings[OFFLINE_UNKNOWN_ALLOWED]


Rule = tuple[tuple[Callable[[Case], bool], ...], Do, str]

TABLE: tuple[Rule, ...] = (
    ((listed, refused), Do.REFUSE, "the local list refuses it"),
    ((online, accepted, pre_authorizes), Do.GRANT, "known here, and LocalPreAuthorize allows to start at once"),
    ((online,), Do.ASK, "the backend decides"),
    ((offline, accepted, authorizes_offline), Do.GRANT, "known here, and LocalAuthorizeOffline allows it"),
    ((offline, accepted), Do.REFUSE, "the backend is away and LocalAuthorizeOffline is off"),
    ((offline, refused), Do.REFUSE, "the backend is away and refused it last time"),
    ((offline, unknown_allowed), Do.GRANT, "the backend is away and AllowOfflineTxForUnknownId allows strangers"),
    ((offline,), Do.REFUSE, "the backend is away and the token is not known here"),
)


def decide(known: Known, online: bool, utc: float | None, settings: Settings) -> Decision:
    """The first row that holds. ``utc`` is the time now in seconds, None where it is not known (nothing expires)."""
    entry = entry_of(known, utc, settings)
    case = Case(online, entry, known.listed is not None, settings)
    for conditions, do, why in TABLE:
        if all(holds(case) for holds in conditions):
            return Decision(do, why, entry or TokenInfo(Verdict.ACCEPTED if do is Do.GRANT else Verdict.UNKNOWN))
    raise AssertionError("the last two rows cover every case")


def entry_of(known: Known, utc: float | None, settings: Settings) -> TokenInfo | None:
    """What list or cache say now: the list before the cache, an entry past its date read as Expired."""
    entry = known.listed or (known.cached if settings[AUTH_CACHE_ENABLED] else None)
    if entry is None or entry.expires_utc is None or utc is None or utc < entry.expires_utc:
        return entry
    return TokenInfo(Verdict.EXPIRED, entry.group, entry.expires_utc, entry.message)
