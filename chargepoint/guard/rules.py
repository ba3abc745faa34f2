"""When the contactor may be closed: the guard's whole policy, as one table.

Closing needs every row to be silent; the first row that speaks opens and says why. The guard trusts nobody: the
daemon's order is a permit that expires by itself, and whatever is not known counts as the dangerous case. Without a
valid permit the pilot tells the vehicle that the station is not available (state F), for nobody is there to serve it.
With one the pilot does as ordered, also while the contactor is refused.

*Beginning* to close asks for more than staying closed: PWM must run and the vehicle must have shown its diode under it
(IEC 61851-1 6.3.1), and the contactor must have rested, so that nothing makes it chatter. A contactor that is closed
may stay so for a while after PWM ended: that is the polite stop, in which the vehicle takes its load away first
(Table A.6, sequences 9.1 and 10.1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from chargepoint.core.pilot import ASKING, Vehicle, duty_for

POLITE_STOP_S = 7.0
"""A vehicle that ignores the end of PWM may be opened under load after 6 s (Table A.6, 10.2); the daemon does that,
and the guard if the daemon forgets."""

REST_S = 0.5
"""The guard's own shortest time between two closings; the daemon's is longer."""


class Level(Enum):
    """The pilot without PWM."""

    STEADY = "steady"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Order:
    """What the daemon wants of one connector: a permit from ``sent`` (monotonic seconds) for ``lease_s`` seconds.

    ``pilot`` is a level or the amps to offer by PWM (6 to 80). Connectors count from 1.
    """

    connector: int
    pilot: Level | float
    closed: bool
    lease_s: float
    sent: float

    @property
    def until(self) -> float:
        return self.sent + self.lease_s


@dataclass(frozen=True, slots=True)
class Look:
    """What the guard knows of one connector at the moment of deciding."""

    vehicle: Vehicle
    proven: bool
    """The latest reading, taken with PWM on, showed this vehicle and its diode."""
    fresh: bool
    """Pilot, mirror contact and interlocks could all be read."""
    interlocks: tuple[str, ...]
    """Fault ids of the inputs that are active."""
    ventilation: bool
    held: bool
    """The guard itself holds the contactor closed."""
    rested: bool
    """Since the contactor was last seen closed, or the guard began, `REST_S` have passed."""
    steady_since: float | None
    """Since when the contactor is held closed without PWM."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """``pilot`` is a level or a duty cycle in 0..1; ``why`` tells why the contactor is open, and is empty else."""

    closed: bool
    pilot: Level | float
    why: str


class Row(NamedTuple):
    why: str
    opens: Callable[[Order, Look, float], bool]


NO_LEASE = "no valid lease: the daemon is silent or gone"

ROWS = (
    Row("the order is to open", lambda order, look, now: not order.closed),
    Row("inputs cannot be read", lambda order, look, now: not look.fresh),
    Row("an interlock is active", lambda order, look, now: bool(look.interlocks)),
    Row("the vehicle has no diode", lambda order, look, now: look.vehicle is Vehicle.NO_DIODE),
    Row("the vehicle asks for no power", lambda order, look, now: look.vehicle not in ASKING),
    Row(
        "the vehicle needs ventilation and there is none",
        lambda order, look, now: look.vehicle is Vehicle.D and not look.ventilation,
    ),
    Row("the pilot is ordered to state F", lambda order, look, now: order.pilot is Level.ERROR),
    Row("closing never begins without PWM", lambda order, look, now: order.pilot is Level.STEADY and not look.held),
    Row(
        "the vehicle ignored the end of PWM",
        lambda order, look, now: look.steady_since is not None and now >= look.steady_since + POLITE_STOP_S,
    ),
    Row("the diode is not proven under PWM yet", lambda order, look, now: not look.held and not look.proven),
    Row("the contactor rests", lambda order, look, now: not look.held and not look.rested),
)


def decide(order: Order | None, look: Look, now: float) -> Outputs:
    """What to drive now. ``order`` None: none was given since the connection began."""
    if order is None or now >= order.until:
        return Outputs(False, Level.ERROR, NO_LEASE)
    pilot = order.pilot if isinstance(order.pilot, Level) else duty_for(order.pilot)
    why = next((row.why for row in ROWS if row.opens(order, look, now)), "")
    return Outputs(not why, pilot, why)
