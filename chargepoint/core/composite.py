"""What all profiles together allow: now, and over the hours to come.

Profiles that may speak for a place form chains. In each chain the first that speaks wins, and where it is silent the
next one does:

  the wish      PriorityCharging (while it is on), else the TxProfile, else the TxDefaultProfile; among defaults the
                place's own before the station's (OCPP 1.6 section 3.13.1), then the highest stack level
  the ceilings  ChargingStationMaxProfile and external constraints, of the station and of the place, one chain each

The lowest of all chains and of the hardware is allowed (OCPP 1.6 section 3.13.3, OCPP 2.1 part 2 SC.01). Amps count
per phase, watts over all phases that will be used: I = P / (U x phases); what results is cut to 0.1 A, never rounded
up. Fewer phases than there are bound the wish only where the station can switch; more change nothing (1.6 errata
3.34). The station as a whole may draw what its places may together, under its own ceilings. How little is too little
to charge with is not decided here.

While nobody knows the time (a start without network and clock battery), the lowest that a ceiling says at any time
counts, because what it protects may burn; wishes are not heard, so that none of them locks the station for good.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import floor, inf

from chargepoint.core.commands import GetComposite, Outcome, Result
from chargepoint.core.covering import cover
from chargepoint.core.profile import (
    CEILINGS,
    Period,
    Place,
    Profile,
    Purpose,
    RateUnit,
    Running,
    Schedule,
    Terms,
)
from chargepoint.core.profiles import Profiles

LONGEST_S = 31_536_000
MOST_STEPS = 1000
"""Bounds of an answer: a year, and that many changes (a schedule that changes more often ends earlier)."""

_WISHES = {Purpose.TX_DEFAULT: 0, Purpose.TX: 1, Purpose.PRIORITY: 2}
Chain = tuple[Profile, ...]
Said = list[tuple[Profile, Period]]


@dataclass(frozen=True, slots=True)
class Allowance:
    """Per phase ``amps``, in all ``watts``, each cut to one decimal; ``profiles`` are the ids that set it, none if the
    hardware did. It holds before ``until_utc`` (inf: for ever); then look again."""

    amps: float
    watts: float
    phases: int
    phase_to_use: int | None
    profiles: tuple[int, ...]
    until_utc: float


def limit_now(profiles: Profiles, places: Mapping[int, Place], evse: int, utc: float | None) -> Allowance:
    """What is allowed at ``utc`` (None: the time is not known) on a place, or (evse 0) to the station. A relative
    schedule without a transaction is at its start."""
    return _outlook(profiles, places, evse)(utc)


def composite(
    profiles: Profiles, places: Mapping[int, Place], evse: int, from_utc: float, duration_s: int, unit: RateUnit
) -> Schedule:
    """`limit_now` at every whole second of ``duration_s`` from ``from_utc`` (cut to a second) on, in ``unit``.

    A place without a transaction is taken as if one started at that moment (OCPP 2.0.1 K08). Periods differ from their
    neighbours, and the schedule tells its own duration: it is shorter where there are more than MOST_STEPS changes."""
    starts = floor(from_utc)
    busy = {n: place if place.tx else replace(place, tx=Running("", starts)) for n, place in places.items()}
    allowed = _outlook(profiles, busy, evse)
    periods: list[Period] = []
    at = steps = 0
    while at < duration_s and steps < MOST_STEPS:
        now = allowed(starts + at)
        limit = now.amps if unit is RateUnit.AMPS else now.watts
        if not periods or (limit, now.phases, now.phase_to_use) != _what(periods[-1]):
            periods.append(Period(at, limit, now.phases, now.phase_to_use))
        at = int(min(now.until_utc - starts, duration_s))
        steps += 1
    return Schedule(unit, tuple(periods), at, starts)


def answer(profiles: Profiles, places: Mapping[int, Place], ask: GetComposite, utc: float, terms: Terms) -> Outcome:
    """To GetCompositeSchedule (OCPP 1.6 section 5.7, OCPP 2.0.1 K08). The detail is the Schedule."""
    unit = ask.unit or terms.units[0]
    if ask.evse not in (0, *places):
        return Outcome(Result.REJECTED, f"there is no connector {ask.evse}", detail="UnknownEvse")
    if unit not in terms.units:
        return Outcome(Result.REJECTED, f"a schedule in {unit.value} cannot be made", detail="UnsupportedRateUnit")
    if ask.duration_s <= 0:
        return Outcome(Result.REJECTED, f"{ask.duration_s} s are no duration", detail="InvalidValue")
    duration_s = min(ask.duration_s, LONGEST_S)
    return Outcome(Result.ACCEPTED, detail=composite(profiles, places, ask.evse, utc, duration_s, unit))


def tenths(amount: float) -> float:
    """Cut to one decimal; what is a hair below one is that one."""
    return floor(amount * 10 + 1e-6) / 10


# -- chains --------------------------------------------------------------


def _outlook(profiles: Profiles, places: Mapping[int, Place], evse: int) -> Callable[[float | None], Allowance]:
    """What is allowed, as a function of UTC."""
    if evse:
        chains = tuple(_chains(profiles, evse, places[evse].tx))
        return lambda utc: _on_place(chains, places[evse], utc)
    ceilings = tuple(_ceilings(profiles, (0,)))
    parts = tuple(_outlook(profiles, places, each) for each in places)
    volts = max(place.volts for place in places.values())
    return lambda utc: _on_station(ceilings, [part(utc) for part in parts], volts, utc)


def _chains(profiles: Profiles, evse: int, tx: Running | None) -> Iterator[Chain]:
    wishes = [
        each
        for each in profiles.installed
        if each.evse in (0, evse)
        and each.profile.purpose in _WISHES
        and (each.profile.purpose is not Purpose.PRIORITY or (tx is not None and tx.priority))
    ]
    wishes.sort(key=lambda w: (_WISHES[w.profile.purpose], w.evse, w.profile.stack_level), reverse=True)
    yield tuple(wish.profile for wish in wishes)
    yield from _ceilings(profiles, (0, evse))


def _ceilings(profiles: Profiles, evses: tuple[int, ...]) -> Iterator[Chain]:
    for purpose, evse in product(CEILINGS, evses):
        chain = [i.profile for i in profiles.installed if i.evse == evse and i.profile.purpose is purpose]
        yield tuple(sorted(chain, key=lambda profile: profile.stack_level, reverse=True))


def _speaking(chains: tuple[Chain, ...], utc: float | None, tx: Running | None) -> tuple[Said, float]:
    """Who speaks in each chain, and until when that holds."""
    if utc is None:
        ceilings = (profile for chain in chains for profile in chain if profile.purpose in CEILINGS)
        return [(profile, period) for profile in ceilings for period in profile.schedule.periods], inf
    said: Said = []
    until = inf
    for chain in chains:
        for profile in chain:
            period, changes = cover(profile, utc, tx)
            until = min(until, changes)
            if period is not None:
                said.append((profile, period))
                break
    return said, until


# -- amps and watts --------------------------------------------------------------


def _on_place(chains: tuple[Chain, ...], place: Place, utc: float | None) -> Allowance:
    said, until = _speaking(chains, utc, place.tx)
    phases, phase_to_use = place.phases, None
    if place.can_switch:
        # OCPP 2.0.1 errata 2.36: the lowest numberPhases of all purposes
        phases = min([phases, *(period.phases for _, period in said if period.phases)])
        phase_to_use = next((period.phase_to_use for _, period in said if period.phase_to_use), None)
    hardware = (place.max_amps, place.max_amps * place.volts * phases)
    return _lowest(hardware, (), said, place.volts * phases, phases, phase_to_use, until)


def _on_station(ceilings: tuple[Chain, ...], parts: list[Allowance], volts: float, utc: float | None) -> Allowance:
    said, until = _speaking(ceilings, utc, None)
    together = (sum(part.amps for part in parts), sum(part.watts for part in parts))
    ids = tuple(dict.fromkeys(number for part in parts for number in part.profiles))
    phases = max(part.phases for part in parts)
    phase_to_use = parts[0].phase_to_use if len(parts) == 1 else None
    until = min(until, *(part.until_utc for part in parts))
    return _lowest(together, ids, said, volts * phases, phases, phase_to_use, until)


def _lowest(
    otherwise: tuple[float, float],
    ids: tuple[int, ...],
    said: Said,
    watts_per_amp: float,
    phases: int,
    phase_to_use: int | None,
    until: float,
) -> Allowance:
    """The lowest of what is said and of (amps, watts) ``otherwise``, which the profiles ``ids`` had set."""
    bids = [
        (period.limit, period.limit * watts_per_amp)
        if profile.schedule.unit is RateUnit.AMPS
        else (period.limit / watts_per_amp, period.limit)
        for profile, period in said
    ]
    amps = min([otherwise[0], *(bid[0] for bid in bids)])
    watts = min([otherwise[1], *(bid[1] for bid in bids)])
    winners = [] if otherwise[0] > amps else list(ids)
    winners += [profile.id for (profile, _), bid in zip(said, bids, strict=True) if bid[0] == amps]
    return Allowance(tenths(amps), tenths(watts), phases, phase_to_use, tuple(dict.fromkeys(winners)), until)


def _what(period: Period) -> tuple[float, int | None, int | None]:
    return period.limit, period.phases, period.phase_to_use
