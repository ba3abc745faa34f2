"""How many amps a vehicle may be offered, and who says so.

Every limiter answers with amps; the lowest wins and is named, so that "why only 7 A?" has one answer. Below 6 A there
is no offer (IEC 61851-1 Table A.8): the vehicle is paused, and gets the same limit back when the limiter lets go.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chargepoint.core.setup import EvseSetup

LOWEST_OFFER_AMPS = 6.0
DERATE_FROM_C, DERATE_TO_C = 60.0, 75.0


@dataclass(frozen=True, slots=True)
class Limit:
    amps: float
    who: str


@dataclass(frozen=True, slots=True)
class Limited:
    """The facts limits are made of: what the cable carries (None: tethered or not told) and the temperature."""

    cable_amps: float | None = None
    celsius: float | None = None


def installation(setup: EvseSetup, _: Limited) -> Limit:
    return Limit(setup.max_amps, "the installation (connector.max_amps)")


def cable(_: EvseSetup, facts: Limited) -> Limit | None:
    return None if facts.cable_amps is None else Limit(facts.cable_amps, "the plugged cable's rating")


def temperature(setup: EvseSetup, facts: Limited) -> Limit | None:
    """Full current up to 60 °C, falling in a straight line to 6 A at 75 °C, nothing above."""
    if facts.celsius is None or facts.celsius <= DERATE_FROM_C:
        return None
    if not facts.celsius <= DERATE_TO_C:
        return Limit(0.0, f"the temperature ({facts.celsius:.0f} °C)")
    share = (DERATE_TO_C - facts.celsius) / (DERATE_TO_C - DERATE_FROM_C)
    amps = LOWEST_OFFER_AMPS + share * max(0.0, setup.max_amps - LOWEST_OFFER_AMPS)
    return Limit(round(amps, 1), f"the temperature ({facts.celsius:.0f} °C)")


LIMITERS: tuple[Callable[[EvseSetup, Limited], Limit | None], ...] = (installation, cable, temperature)


def limit(setup: EvseSetup, facts: Limited) -> Limit:
    """The lowest limit of all, and whose it is."""
    return min((found for each in LIMITERS if (found := each(setup, facts))), key=lambda found: found.amps)
