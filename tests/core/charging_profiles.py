"""Profiles for tests: short ways to write one, strategies that make any, and a slow judge of what they mean."""

from math import floor

from hypothesis import settings
from hypothesis import strategies as st

from chargepoint.core.profile import (
    CEILINGS,
    Installed,
    Period,
    Place,
    Profile,
    ProfileKind,
    Purpose,
    RateUnit,
    Recurrency,
    Running,
    Schedule,
    Terms,
)
from chargepoint.core.profiles import Profiles

NOON = 1_770_120_000.0
HOUR, DAY, WEEK = 3_600, 86_400, 604_800
TX = Running("tx", NOON - 600.0)
IDLE = {1: Place(32.0)}
BUSY = {1: Place(32.0, tx=TX)}
EVERY_PURPOSE = Terms(purposes=frozenset(Purpose))
ABSOLUTE, RECURRING, RELATIVE = ProfileKind
STATION_MAX, TX_DEFAULT, TX_PROFILE = Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX

steady = settings(deadline=None, derandomize=True)


def periods(*limits, every_s=HOUR):
    """Periods of equal length: amps (or watts) each."""
    return tuple(Period(n * every_s, float(limit)) for n, limit in enumerate(limits))


def profile(
    number=1,
    purpose=TX_DEFAULT,
    *limits,
    kind=ABSOLUTE,
    level=0,
    starts=NOON,
    lasts=None,
    unit=RateUnit.AMPS,
    parts=None,
    **more,
):
    made = periods(*(limits or (10.0,))) if parts is None else tuple(parts)
    starts = None if kind is RELATIVE else starts
    return Profile(number, purpose, kind, level, Schedule(unit, made, lasts, starts), **more)


def holding(*entries, places=BUSY, utc=NOON, terms=EVERY_PURPOSE):
    """A station's profiles: each entry is a profile for evse 1, or (evse, profile)."""
    held = Profiles()
    for entry in entries:
        evse, each = entry if isinstance(entry, tuple) else (1, entry)
        held, outcome = held.install(each, evse, places, utc, terms)
        assert outcome.accepted, outcome.reason
    return held


# -- anything --------------------------------------------------------------

SPAN_S = 3 * DAY
moments = st.integers(-SPAN_S, SPAN_S).map(lambda seconds: NOON + seconds)
tenth_amps = st.integers(0, 400).map(lambda tenths: tenths / 10)
tenth_watts = st.integers(0, 300_000).map(lambda tenths: tenths / 10)


@st.composite
def any_profile(draw):
    unit = draw(st.sampled_from(RateUnit))
    starts = draw(st.lists(st.sampled_from([0, 1, 60, 900, HOUR, 5 * HOUR, DAY - 1, DAY]), unique=True, min_size=1))
    limits = tenth_amps if unit is RateUnit.AMPS else tenth_watts
    parts = tuple(Period(start, draw(limits), draw(st.sampled_from([None, 1, 2, 3]))) for start in starts)
    purpose = draw(st.sampled_from(Purpose))
    ends = purpose is not Purpose.PRIORITY
    lasts = draw(st.none() | st.sampled_from([1, 60, HOUR, 12 * HOUR, DAY, 2 * DAY])) if ends else None
    return Profile(
        draw(st.integers(1, 12)),
        purpose,
        draw(st.sampled_from(ProfileKind)),
        draw(st.integers(0, 3)),
        Schedule(unit, parts, lasts, draw(st.none() | moments)),
        draw(st.sampled_from(Recurrency)),
        draw(st.none() | moments),
        draw(st.none() | moments),
    )


any_place = st.builds(
    Place,
    max_amps=st.sampled_from([0.0, 16.0, 32.0]),
    phases=st.sampled_from([1, 3]),
    volts=st.sampled_from([230.0, 233.7]),
    can_switch=st.booleans(),
    tx=st.builds(Running, st.just("tx"), moments, st.booleans()),
)


@st.composite
def any_station(draw):
    """(profiles, places) as any requests may have left them."""
    places = {number: draw(any_place) for number in range(1, draw(st.integers(1, 2)) + 1)}
    held = Profiles()
    for wanted in draw(st.lists(any_profile(), max_size=8)):
        held, _ = held.install(wanted, draw(st.integers(0, len(places))), places, NOON, EVERY_PURPOSE)
    return held, places


# -- the judge --------------------------------------------------------------


def limit_of(wanted, utc, tx):
    """The period of a profile that counts at ``utc``, by looking at each of them."""
    if wanted.purpose is Purpose.TX and wanted.tx != tx.id:
        return None
    if wanted.valid_from_utc is not None and utc < wanted.valid_from_utc:
        return None
    if wanted.valid_to_utc is not None and utc >= wanted.valid_to_utc:
        return None
    since = utc - (min(utc, floor(tx.started_utc)) if wanted.kind is RELATIVE else wanted.schedule.starts_utc)
    if since < 0:
        return None
    if wanted.kind is RECURRING:
        since %= DAY if wanted.recurrency is Recurrency.DAILY else WEEK
    if wanted.schedule.duration_s is not None and since >= wanted.schedule.duration_s:
        return None
    return max((p for p in wanted.schedule.periods if p.starts_s <= since), key=lambda p: p.starts_s, default=None)


def judged_amps(held, places, evse, utc):
    """What evse 1 or 2 may draw per phase, not cut to tenths."""
    place = places[evse]
    spoken = [(i, found) for i in held.installed if (found := limit_of(i.profile, utc, place.tx)) is not None]

    def best(*purposes, evses):
        found = [(i.evse, i.profile.stack_level, i, p) for i, p in spoken if fits(i, purposes, evses)]
        return [max(found, key=lambda each: each[:2])[2:]] if found else []

    def fits(installed: Installed, purposes, evses):
        return installed.profile.purpose in purposes and installed.evse in evses

    wishes = (Purpose.PRIORITY, Purpose.TX, Purpose.TX_DEFAULT)[0 if place.tx.priority else 1 :]
    won = next((found for purpose in wishes if (found := best(purpose, evses=(0, evse)))), [])
    for purpose in CEILINGS:
        won = won + best(purpose, evses=(0,)) + best(purpose, evses=(evse,))
    phases = place.phases
    if place.can_switch:
        phases = min([phases, *(p.phases or 3 for _, p in won)])
    per_amp = {RateUnit.AMPS: 1.0, RateUnit.WATTS: place.volts * phases}
    return min([place.max_amps, *(p.limit / per_amp[i.profile.schedule.unit] for i, p in won)])
