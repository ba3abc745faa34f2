"""Which period of a profile speaks at a moment, and until when that stays so.

Every edge is half-open: a period speaks from its start and no more at the next one's; the same holds for the validity
and for the end of the schedule (OCPP 2.0.1 K01.FR.36 and 37). The last period stays until the schedule ends; without
a duration it never does. A recurring schedule is cut where it starts anew (OCPP 1.6 section 3.13). Before its first
start, before its first period, after its end and outside its validity a profile is silent.

A relative schedule starts with its transaction. It is at its start where none runs yet, and where the clock was set
back to before it: a limit does not lapse because a clock was wrong.
"""

from bisect import bisect_right
from math import floor, inf
from operator import attrgetter

from chargepoint.core.profile import Period, Profile, Purpose, Running

_starts = attrgetter("starts_s")


def cover(profile: Profile, utc: float, tx: Running | None) -> tuple[Period | None, float]:
    """The period that speaks at ``utc`` on a place where ``tx`` runs (None: the profile is silent), and the UTC second,
    later than ``utc``, until which this holds at least; inf: for ever. The profile is in normal form."""
    if profile.purpose is Purpose.TX and (tx is None or tx.id != profile.tx):
        return None, inf
    if profile.valid_from_utc is not None and utc < profile.valid_from_utc:
        return None, profile.valid_from_utc
    ends = inf if profile.valid_to_utc is None else profile.valid_to_utc
    if utc >= ends:
        return None, inf
    schedule = profile.schedule
    origin = schedule.starts_utc
    if origin is None:
        origin = utc if tx is None else floor(tx.started_utc)
    lasts = inf if schedule.duration_s is None else schedule.duration_s
    again = inf
    if profile.recurrency is not None and utc >= origin:
        every = profile.recurrency.seconds
        origin += (utc - origin) // every * every
        lasts, again = min(lasts, every), origin + every
    since = utc - origin
    if schedule.starts_utc is None:
        since = max(since, 0)
    if since >= lasts:
        return None, again
    following = bisect_right(schedule.periods, since, key=_starts)
    changes = lasts
    if following < len(schedule.periods):
        changes = min(lasts, schedule.periods[following].starts_s)
    return schedule.periods[following - 1] if following else None, min(origin + changes, ends)


def ever_speaks(profile: Profile, utc: float, tx: Running | None) -> bool:
    """It speaks now or will at some time. Without a transaction, one may start whenever the profile is valid."""
    for _ in range(LOOKS):
        period, utc = cover(profile, utc, tx)
        if period is not None or utc == inf:
            return period is not None
    return False


LOOKS = 4
"""So many find any profile that speaks again: at most three silences follow each other, before it is valid, after the
end of one recurrence, and before the first period of the next one."""
