"""Proximity pilot: what the plugged cable carries (IEC 61851-1 Table B.2).

Between two windows the lower rating counts: a doubtful cable is the thinner one. Below 60 ohms the line is shorted.
"""

NO_PLUG_OHMS = 4500.0
SHORT_OHMS = 60.0

# Upper end of the window in ohms -> amps: up to it the cable is at least that thick.
_RATINGS = ((140.0, 63.0), (308.0, 32.0), (936.0, 20.0), (2460.0, 13.0))


class ProximityError(ValueError):
    """The resistance is none that a plug has."""


def cable_amps(ohms: float) -> float | None:
    """Amps the cable carries, None without a plug. Raises ProximityError for a short or an impossible coding."""
    if ohms >= NO_PLUG_OHMS:
        return None
    if ohms < SHORT_OHMS:
        raise ProximityError(f"the proximity pilot is shorted ({ohms:.0f} ohms)")
    for highest, amps in _RATINGS:
        if ohms <= highest:
            return amps
    raise ProximityError(f"no cable is coded with {ohms:.0f} ohms")
