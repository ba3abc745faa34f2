"""The decision table: every row by example, every combination against a second judge, each row and condition needed."""

import itertools
from dataclasses import replace

import pytest

from chargepoint.core import authorize
from chargepoint.core.authorize import TABLE, Decision, Do, decide, entry_of
from chargepoint.core.settings import Settings
from chargepoint.core.tokens import NOBODY, Known, TokenInfo, Verdict
from chargepoint.core.variables import (
    AUTH_CACHE_ENABLED,
    LOCAL_AUTHORIZE_OFFLINE,
    LOCAL_PRE_AUTHORIZE,
    OFFLINE_UNKNOWN_ALLOWED,
)

SWITCHES = (AUTH_CACHE_ENABLED, LOCAL_AUTHORIZE_OFFLINE, LOCAL_PRE_AUTHORIZE, OFFLINE_UNKNOWN_ALLOWED)
NOW = 1000.0
GOOD = TokenInfo(Verdict.ACCEPTED, "fleet", 2000.0, "welcome")
PAST = replace(GOOD, expires_utc=999.0)
BAD = TokenInfo(Verdict.BLOCKED)
ENTRIES = (None, GOOD, PAST, *(TokenInfo(verdict) for verdict in Verdict))
KNOWN = [Known(listed, cached) for listed in ENTRIES for cached in ENTRIES]
SETTINGS = [
    Settings(fixed=dict(zip(SWITCHES, values, strict=True))) for values in itertools.product((False, True), repeat=4)
]
LISTED, CACHED, REFUSING, DOUBTED = Known(listed=GOOD), Known(cached=GOOD), Known(listed=BAD), Known(cached=BAD)


def with_(**switches: bool) -> Settings:
    """Everything off but what is named."""
    on = {"cache": AUTH_CACHE_ENABLED, "pre": LOCAL_PRE_AUTHORIZE, "offline": LOCAL_AUTHORIZE_OFFLINE}
    on["unknown"] = OFFLINE_UNKNOWN_ALLOWED
    return Settings(fixed=dict.fromkeys(SWITCHES, False) | {on[name]: value for name, value in switches.items()})


def cases() -> list[tuple[Known, bool, float | None, Settings]]:
    return list(itertools.product(KNOWN, (True, False), (NOW, None), SETTINGS))


# -- rows -------------------------------------------------------------------------------------------------------------

EXAMPLES = [
    (REFUSING, True, with_(pre=True), Do.REFUSE, "the local list refuses it"),
    (REFUSING, False, with_(offline=True, unknown=True), Do.REFUSE, "the local list refuses it"),
    (LISTED, True, with_(pre=True), Do.GRANT, "known here, and LocalPreAuthorize allows to start at once"),
    (CACHED, True, with_(pre=True, cache=True), Do.GRANT, "known here, and LocalPreAuthorize allows to start at once"),
    (LISTED, True, with_(offline=True, unknown=True), Do.ASK, "the backend decides"),
    (CACHED, True, with_(pre=True), Do.ASK, "the backend decides"),
    (DOUBTED, True, with_(pre=True, cache=True), Do.ASK, "the backend decides"),
    (NOBODY, True, with_(pre=True, unknown=True), Do.ASK, "the backend decides"),
    (LISTED, False, with_(offline=True), Do.GRANT, "known here, and LocalAuthorizeOffline allows it"),
    (CACHED, False, with_(offline=True, cache=True), Do.GRANT, "known here, and LocalAuthorizeOffline allows it"),
    (LISTED, False, with_(pre=True), Do.REFUSE, "the backend is away and LocalAuthorizeOffline is off"),
    (LISTED, False, with_(unknown=True), Do.REFUSE, "the backend is away and LocalAuthorizeOffline is off"),
    (DOUBTED, False, with_(cache=True, unknown=True), Do.REFUSE, "the backend is away and refused it last time"),
    (
        NOBODY,
        False,
        with_(unknown=True),
        Do.GRANT,
        "the backend is away and AllowOfflineTxForUnknownId allows strangers",
    ),
    (NOBODY, False, with_(pre=True, offline=True), Do.REFUSE, "the backend is away and the token is not known here"),
    (CACHED, False, with_(offline=True), Do.REFUSE, "the backend is away and the token is not known here"),
]


@pytest.mark.parametrize(("known", "online", "settings", "do", "why"), EXAMPLES)
def test_the_rows(known: Known, online: bool, settings: Settings, do: Do, why: str):
    decision = decide(known, online, NOW, settings)
    assert (decision.do, decision.why) == (do, why)


def test_every_row_has_an_example():
    assert {why for *_, why in EXAMPLES} == {why for *_, why in TABLE}


def mutants() -> list[tuple[str, tuple[authorize.Rule, ...]]]:
    """Each row removed once, and each condition."""
    found = [(f"without row {n}", TABLE[:n] + TABLE[n + 1 :]) for n in range(len(TABLE))]
    for n, (conditions, do, why) in enumerate(TABLE):
        for m, condition in enumerate(conditions):
            row = (conditions[:m] + conditions[m + 1 :], do, why)
            found.append((f"row {n} without {condition.__name__}", (*TABLE[:n], row, *TABLE[n + 1 :])))
    return found


def outcome(known: Known, online: bool, settings: Settings) -> Decision | None:
    try:
        return decide(known, online, NOW, settings)
    except AssertionError:
        return None


REDUNDANT = {f"row {n} without offline" for n in range(3, len(TABLE))}
"""The row before them takes every case with a backend; they say "offline" for the reader."""


@pytest.mark.parametrize(("what", "table"), [pytest.param(*each, id=each[0]) for each in mutants()])
def test_every_row_and_condition_is_needed(
    what: str, table: tuple[authorize.Rule, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(authorize, "TABLE", table)
    noticed = any(
        (found := outcome(known, online, settings)) is None or (found.do, found.why) != (do, why)
        for known, online, settings, do, why in EXAMPLES
    )
    assert noticed is (what not in REDUNDANT)


# -- every combination ------------------------------------------------------------------------------------------------


def judged(known: Known, online: bool, utc: float | None, settings: Settings) -> Do:
    """OCPP 1.6 section 3.4 and 3.5 once more, as questions one asks instead of as a table."""
    cached = known.cached if settings[AUTH_CACHE_ENABLED] else None
    entry = cached if known.listed is None else known.listed
    good = entry is not None and entry.verdict is Verdict.ACCEPTED
    if entry is PAST and utc is not None:
        good = False
    if known.listed is not None and not good:
        return Do.REFUSE
    if online:
        return Do.GRANT if good and settings[LOCAL_PRE_AUTHORIZE] else Do.ASK
    allowed = settings[OFFLINE_UNKNOWN_ALLOWED] if entry is None else good and settings[LOCAL_AUTHORIZE_OFFLINE]
    return Do.GRANT if allowed else Do.REFUSE


def test_every_combination_is_decided():
    for known, online, utc, settings in cases():
        assert decide(known, online, utc, settings).do is judged(known, online, utc, settings), (known, online, utc)


def test_nobody_is_asked_who_is_away():
    assert all(
        decide(known, online, utc, settings).do is not Do.ASK for known, online, utc, settings in cases() if not online
    )


def test_who_is_granted_is_told_as_accepted_and_who_is_refused_is_not():
    for known, online, utc, settings in cases():
        decision = decide(known, online, utc, settings)
        if decision.do is Do.GRANT:
            assert decision.info.verdict is Verdict.ACCEPTED
        if decision.do is Do.REFUSE and decision.why != "the backend is away and LocalAuthorizeOffline is off":
            assert decision.info.verdict is not Verdict.ACCEPTED


def test_a_table_with_a_hole_is_a_bug(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(authorize, "TABLE", TABLE[:-1])
    with pytest.raises(AssertionError):
        decide(NOBODY, False, NOW, with_())


# -- what is told of the token ----------------------------------------------------------------------------------------


def test_what_is_known_of_a_token_goes_with_the_decision():
    assert decide(LISTED, True, NOW, with_(pre=True)).info is GOOD
    assert decide(REFUSING, True, NOW, with_()).info is BAD


@pytest.mark.parametrize(
    ("online", "allowed", "verdict"),
    [(False, True, Verdict.ACCEPTED), (False, False, Verdict.UNKNOWN), (True, True, Verdict.UNKNOWN)],
)
def test_a_stranger_is_unknown_unless_strangers_may_charge(online: bool, allowed: bool, verdict: Verdict):
    assert decide(NOBODY, online, NOW, with_(unknown=allowed)).info == TokenInfo(verdict)


# -- what list and cache say ------------------------------------------------------------------------------------------


def test_the_list_comes_before_the_cache():
    """OCPP 1.6 section 3.5.2: the list has priority."""
    assert entry_of(Known(BAD, GOOD), NOW, with_(cache=True)) is BAD
    assert entry_of(Known(GOOD, BAD), NOW, with_(cache=True)) is GOOD


def test_a_cache_that_is_off_is_not_asked():
    assert entry_of(CACHED, NOW, with_()) is None
    assert entry_of(CACHED, NOW, with_(cache=True)) is GOOD
    assert entry_of(LISTED, NOW, with_()) is GOOD


@pytest.mark.parametrize(
    ("utc", "verdict"),
    [(None, Verdict.ACCEPTED), (1999.9, Verdict.ACCEPTED), (2000.0, Verdict.EXPIRED), (1e10, Verdict.EXPIRED)],
)
def test_an_entry_expires_at_its_date_if_the_time_is_known(utc: float | None, verdict: Verdict):
    assert entry_of(LISTED, utc, with_()) == replace(GOOD, verdict=verdict)


def test_an_entry_without_a_date_never_expires():
    assert entry_of(REFUSING, 1e12, with_()) is BAD


def test_nothing_is_known_of_nobody():
    assert entry_of(NOBODY, NOW, with_(cache=True)) is None
