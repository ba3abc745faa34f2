"""Which profiles are taken, in which form, and why not: one row per rule.

What a backend means can mostly be understood although it is not what the standard asks (interop S9 to S12), so a
profile is first brought into its normal form and then judged; it is refused only where it contradicts itself, asks
for more than the station has, or can never speak. Each refusal is a sentence, with OCPP 2.x's reason code beside it
(OCPP 2.0.1 appendix 5) as the detail of the outcome.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import floor, inf
from typing import TypeVar

from chargepoint.core.covering import ever_speaks
from chargepoint.core.profile import (
    CEILINGS,
    Installed,
    Place,
    Profile,
    ProfileKind,
    Purpose,
    Running,
    Terms,
)

T = TypeVar("T", float, float | None)
MOST_PHASES = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """A profile in normal form that shall go to ``evse``, what it meets there, and the profiles that would stay.
    ``gives_way``: one of its kind that it may not replace."""

    profile: Profile
    evse: int
    places: Mapping[int, Place]
    utc: float
    terms: Terms
    others: tuple[Installed, ...]
    gives_way: Installed | None = None

    @property
    def tx(self) -> Running | None:
        return self.places[self.evse].tx if self.evse in self.places else None


def normal(profile: Profile, utc: float, tx: Running | None) -> Profile:
    """The same wish in the form that `profile` describes, received at ``utc`` for a place where ``tx`` runs."""
    schedule, kind, recurrency = profile.schedule, profile.kind, profile.recurrency
    valid_from, valid_to = _whole(profile.valid_from_utc), _whole(profile.valid_to_utc)
    starts = _whole(schedule.starts_utc)
    if kind is ProfileKind.RELATIVE and profile.purpose in CEILINGS:
        kind, starts = ProfileKind.ABSOLUTE, None  # interop S10: no transaction starts on the station as a whole
    if kind is ProfileKind.RELATIVE:
        starts = None  # OCPP 2.0.1 K01.FR.41
    elif starts is None and kind is ProfileKind.RECURRING:
        starts = floor(utc) if valid_from is None else valid_from
    elif starts is None:
        starts = floor(utc) if valid_from is None else max(floor(utc), valid_from)  # interop S11
    if kind is not ProfileKind.RECURRING:
        recurrency = None
    bound = profile.tx
    if profile.purpose is not Purpose.TX:
        bound = None  # interop S10
    elif bound is None and tx is not None:
        bound = tx.id  # interop S9
    periods = tuple(sorted(schedule.periods, key=lambda period: period.starts_s))
    return replace(
        profile,
        kind=kind,
        recurrency=recurrency,
        valid_from_utc=valid_from,
        valid_to_utc=valid_to,
        tx=bound,
        schedule=replace(schedule, starts_utc=starts, periods=periods),
    )


def refusal(ask: Ask) -> tuple[str, str] | None:
    """(reason code, sentence) of the first rule that the profile breaks."""
    return next(((code, why) for code, rule in RULES if (why := rule(ask))), None)


def overlap(one: Profile, other: Profile) -> bool:
    """There is a moment at which both are valid."""
    begins = max(one.valid_from_utc or 0.0, other.valid_from_utc or 0.0)
    return begins < min(_end(one), _end(other))


def _end(profile: Profile) -> float:
    return inf if profile.valid_to_utc is None else profile.valid_to_utc


def _whole(utc: float | None) -> float | None:
    return None if utc is None else floor(utc)


# -- the rules --------------------------------------------------------------


def _place(ask: Ask) -> str:
    return "" if ask.evse in (0, *ask.places) else f"there is no connector {ask.evse}"


def _purpose(ask: Ask) -> str:
    return "" if ask.profile.purpose in ask.terms.purposes else f"a {ask.profile.purpose.value} cannot be set here"


def _id(ask: Ask) -> str:
    # OCPP 2.0.1 K01: the same id replaces, but never an external constraint; and neither does that replace another.
    taken = next((each.profile.purpose for each in ask.others if each.profile.id == ask.profile.id), None)
    return "" if taken is None else f"the id {ask.profile.id} belongs to a {taken.value}"


def _level(ask: Ask) -> str:
    if 0 <= ask.profile.stack_level <= ask.terms.max_stack_level:
        return ""
    return f"the stack level is {ask.profile.stack_level}, but must be from 0 to {ask.terms.max_stack_level}"


def _unit(ask: Ask) -> str:
    unit = ask.profile.schedule.unit
    return "" if unit in ask.terms.units else f"limits in {unit.value} are not taken here"


def _recurrency(ask: Ask) -> str:
    lacks = ask.profile.kind is ProfileKind.RECURRING and ask.profile.recurrency is None
    return "a recurring profile must say how often it recurs" if lacks else ""


def _count(ask: Ask) -> str:
    count = len(ask.profile.schedule.periods)
    if 1 <= count <= ask.terms.max_periods:
        return ""
    return f"the schedule has {count} periods, but must have from 1 to {ask.terms.max_periods}"


def _periods(ask: Ask) -> str:
    before = -1
    for period in ask.profile.schedule.periods:
        if period.starts_s < 0:
            return f"a period starts at {period.starts_s} s, before the schedule does"
        if period.starts_s == before:
            return f"two periods start at {before} s"
        before = period.starts_s
        if not 0.0 <= period.limit < inf:
            return f"the limit at {before} s is {period.limit:g}, but must be 0 or more"
        if period.phases is not None and not 1 <= period.phases <= MOST_PHASES:
            return f"the period at {before} s has {period.phases} phases, but must have from 1 to {MOST_PHASES}"
    return ""


def _phase_to_use(ask: Ask) -> str:
    # OCPP 2.0.1 K01.FR.43 to 48: only for one phase, only where the station can choose, and never two different ones.
    places = list(ask.places.values()) if ask.evse == 0 else [ask.places[ask.evse]]
    wanted = {(period.phase_to_use, period.phases) for period in ask.profile.schedule.periods if period.phase_to_use}
    if not wanted:
        return ""
    if not all(place.can_switch for place in places):
        return "the phase to use cannot be chosen here"
    for phase, phases in wanted:
        if phases != 1 or not 1 <= phase <= MOST_PHASES:
            return f"phase {phase} of {phases or 'all'} phases cannot be used alone"
    for other in ask.others:
        near = ask.evse == other.evse or 0 in (ask.evse, other.evse)
        if near and overlap(ask.profile, other.profile):
            theirs = {period.phase_to_use for period in other.profile.schedule.periods if period.phase_to_use}
            if theirs and theirs != {phase for phase, _ in wanted}:
                return f"profile {other.profile.id} wants another phase to be used"
    return ""


def _priority(ask: Ask) -> str:
    ends = ask.profile.purpose is Purpose.PRIORITY and ask.profile.schedule.duration_s is not None
    return "priority charging has no duration" if ends else ""


def _tx(ask: Ask) -> str:
    # OCPP 1.6 section 3.13.1: a TxProfile is for the transaction that runs on the connector.
    if ask.profile.purpose is not Purpose.TX:
        return ""
    if ask.evse == 0:
        return "a TxProfile is for one connector, not for the station"
    if ask.tx is None:
        return f"no transaction is running on connector {ask.evse}"
    if ask.profile.tx != ask.tx.id:
        return f"the transaction of the profile is not the one that is running on connector {ask.evse}"
    return ""


def _alive(ask: Ask) -> str:
    # Interop S12: whatever is odd about its times, a profile is refused only if it can never speak.
    if ever_speaks(ask.profile, ask.utc, ask.tx if ask.profile.purpose is Purpose.TX else None):
        return ""
    return "by its start, duration and validity the profile can never apply again"


def _duplicate(ask: Ask) -> str:
    # OCPP 2.0.1 K01.FR.06, 39, 52 and 53
    other = ask.gives_way
    if other is None:
        return ""
    return f"profile {other.profile.id} has the same purpose and stack level; clear it first"


def _room(ask: Ask) -> str:
    if len(ask.others) < ask.terms.max_installed:
        return ""
    return f"{ask.terms.max_installed} profiles are installed and there is no room for more; clear some"


RULES: tuple[tuple[str, Callable[[Ask], str]], ...] = (
    ("UnknownEvse", _place),
    ("InvalidProfile", _purpose),
    ("InvalidProfileId", _id),
    ("InvalidStackLevel", _level),
    ("UnsupportedRateUnit", _unit),
    ("InvalidProfile", _recurrency),
    ("InvalidSchedule", _count),
    ("InvalidSchedule", _periods),
    ("InvalidSchedule", _phase_to_use),
    ("InvalidSchedule", _priority),
    ("TxNotFound", _tx),
    ("InvalidSchedule", _alive),
    ("DuplicateProfile", _duplicate),
    ("TooManyElements", _room),
)
"""reason code -> what is wrong, "" if nothing; the first that speaks is told"""
