"""The profiles a station holds: an immutable set; every change gives a new one.

A profile id is unique on the station: the same id again replaces, wherever the old one was (OCPP 1.6 section 5.16).
In 1.6 the same purpose and stack level on the same connector replaces too; in 2.x it refuses while both are valid.
A replaced profile is gone at once, also where the new one becomes valid only later. External constraints come from
the site and are neither replaced nor cleared by a backend (OCPP 2.0.1 K01, K10).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chargepoint.core.commands import Outcome, Result
from chargepoint.core.covering import ever_speaks
from chargepoint.core.profile import Installed, Place, Profile, ProfileFilter, Purpose, Terms
from chargepoint.core.profile_rules import Ask, normal, overlap, refusal


@dataclass(frozen=True, slots=True)
class Profiles:
    installed: tuple[Installed, ...] = ()

    def install(
        self,
        profile: Profile,
        evse: int,
        places: Mapping[int, Place],
        utc: float,
        terms: Terms,
        replace: bool = True,
    ) -> tuple["Profiles", Outcome]:
        """Put ``profile``, received at ``utc``, to ``evse`` (0: the station). ``replace``: one of the same purpose,
        stack level and EVSE gives way (1.6); otherwise it stays and the profile is refused (2.x).

        The outcome is Accepted, or Rejected with a sentence and 2.x's reason code as its detail; then nothing changed.
        """
        tx = places[evse].tx if evse in places else None
        profile = normal(profile, utc, tx)
        others = tuple(each for each in self.installed if not _same_id(each.profile, profile))
        gives_way = None
        if replace:
            others = tuple(each for each in others if not (each.evse == evse and _alike(each.profile, profile)))
        else:
            gives_way = next((each for each in others if _collides(each, profile, evse)), None)
        if len(others) >= terms.max_installed:
            others = tuple(each for each in others if _alive(each, places, utc))
        why = refusal(Ask(profile, evse, places, utc, terms, others, gives_way))
        if why is not None:
            return self, Outcome(Result.REJECTED, why[1], detail=why[0])
        return Profiles((*others, Installed(evse, profile))), Outcome(Result.ACCEPTED)

    def find(self, wanted: ProfileFilter) -> tuple[Installed, ...]:
        """Those that fit the filter, in the order they came."""
        return tuple(each for each in self.installed if _fits(each, wanted))

    def clear(self, wanted: ProfileFilter) -> tuple["Profiles", int]:
        """Without those that fit the filter (all, if it is empty), and how many these were. External ones stay."""
        gone = {each for each in self.find(wanted) if each.profile.purpose is not Purpose.EXTERNAL}
        return Profiles(tuple(each for each in self.installed if each not in gone)), len(gone)

    def ended(self, tx: str) -> "Profiles":
        """Without the profiles of a transaction that has ended (OCPP 1.6 section 3.13.1)."""
        return Profiles(tuple(each for each in self.installed if each.profile.tx != tx))


def _same_id(old: Profile, new: Profile) -> bool:
    return old.id == new.id and (old.purpose is Purpose.EXTERNAL) == (new.purpose is Purpose.EXTERNAL)


def _alike(old: Profile, new: Profile) -> bool:
    return old.purpose is new.purpose and old.stack_level == new.stack_level


def _collides(old: Installed, new: Profile, evse: int) -> bool:
    """A default for all places and one for a single place collide as well (OCPP 2.0.1 K01.FR.52 and 53)."""
    near = old.evse == evse or (new.purpose is Purpose.TX_DEFAULT and 0 in (old.evse, evse))
    return near and _alike(old.profile, new) and overlap(old.profile, new)


def _alive(each: Installed, places: Mapping[int, Place], utc: float) -> bool:
    tx = places[each.evse].tx if each.evse in places and each.profile.purpose is Purpose.TX else None
    return ever_speaks(each.profile, utc, tx)


def _fits(each: Installed, wanted: ProfileFilter) -> bool:
    # OCPP 1.6 section 5.5 and errata 3.25: a given id is all that counts; otherwise everything given must fit.
    if wanted.id is not None:
        return each.profile.id == wanted.id
    pairs = (
        (wanted.evse, each.evse),
        (wanted.purpose, each.profile.purpose),
        (wanted.stack_level, each.profile.stack_level),
    )
    return all(asked is None or asked == there for asked, there in pairs)
