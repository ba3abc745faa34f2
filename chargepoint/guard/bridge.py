"""Between the core, which moves a contactor by its order, and a co-processor, which moves it by itself: pure decisions.

The core offers, sees the vehicle ask, orders the contactor closed and expects it to follow. A co-processor gets the
offer only; it closes when the vehicle asks, opens when it stops, and is asked twice a second. Told as it is, that would
look like a contactor that is closed without order, or one that does not follow. So, in `tell`,

* a vehicle that asks under an offer is told as connected until the device has closed, for as long as a station may take
  to close (`CLOSE_S`); then it is told as it is, and the core finds the contactor stuck;
* a contactor that the device closed under an offer, for a vehicle that asks, is told as open until the core has ordered
  it closed. An offer is made only when energy is permitted, so nothing flows that the core did not allow;
* while the vehicle is asked to stop the device opens when it thinks fit; that is told when the vehicle has stopped or
  the core has ordered it open;
* state F is not told when it is our own order.

Everything else is told as it is: welded, dropped and stuck contactors are found by the core as with any other guard.
A device that does not tell its contactor is taken as closed while it sees the vehicle ask under an offer.

In `order`, opening is fast: where the core wants the contactor open and it may be closed, the device is disabled, and
only then left without PWM.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chargepoint.core.effects import Drive, Level
from chargepoint.core.pilot import Vehicle
from chargepoint.hal import CoprocessorOrder, CoprocessorSeen

LEAST_AMPS = 6.0  # IEC 61851-1 Table A.8
MOST_AMPS = 80.0
CLOSE_S = 3.0
"""IEC 61851-1 Table A.6, sequence 4: the contactor closes within 3 s after the vehicle asks."""

UNKNOWN_S = 1.0
"""A device that does not know its vehicle for so long sees no valid pilot."""

OFF = CoprocessorOrder(enabled=False)
PAUSE = CoprocessorOrder(enabled=True)
ASKS = ("C", "D")


@dataclass(frozen=True, slots=True)
class Memory:
    """Since when (monotonic seconds) the vehicle asks without being served, and since when it is not known. ``live``:
    the device was given an offer and has not been disabled since, or nobody knows."""

    asking: float | None = None
    unknown: float | None = None
    live: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """What the core hears. ``vehicle`` None: what was told last stands."""

    vehicle: Vehicle | None
    closed: bool
    faults: Mapping[str, str]


def order(drive: Drive | None, permitted: bool, seen: CoprocessorSeen | None, memory: Memory) -> CoprocessorOrder:
    """What the device shall do now. ``permitted``: the core has renewed its order within the lease. ``seen`` is what
    the device told last, None: nothing yet."""
    if drive is None or not permitted or drive.pilot is Level.ERROR:
        return OFF
    amps = offer(drive)
    if amps is not None:
        return CoprocessorOrder(True, amps)
    if not drive.closed and _may_be_closed(seen, memory):
        return OFF
    return PAUSE


def tell(
    seen: CoprocessorSeen, drive: Drive | None, obeyed: CoprocessorOrder, memory: Memory, now: float
) -> tuple[Told, Memory]:
    """What the core shall hear of ``seen``, which the device told after it was given ``obeyed``."""
    offered = obeyed.amps is not None
    asks = seen.vehicle in ASKS
    closed = (asks and offered) if seen.closed is None else seen.closed
    memory = Memory(
        asking=_since(memory.asking, asks and offered and not closed, now),
        unknown=_since(memory.unknown, not seen.vehicle, now),
        live=offered or (memory.live and obeyed.enabled),
    )
    ordered = drive is not None and drive.closed
    if offered and asks and not ordered and drive is not None and offer(drive) is not None:
        closed = False
    if obeyed == PAUSE and asks and ordered:
        closed = True
    return Told(_vehicle(seen, obeyed, memory, now), closed, seen.faults), memory


def offer(drive: Drive) -> float | None:
    """Amps to offer, at most 80; None: none are, or fewer than can be."""
    if isinstance(drive.pilot, Level) or drive.pilot < LEAST_AMPS:
        return None
    return min(drive.pilot, MOST_AMPS)


def _vehicle(seen: CoprocessorSeen, obeyed: CoprocessorOrder, memory: Memory, now: float) -> Vehicle | None:
    if "diode" in seen.faults:
        return Vehicle.NO_DIODE
    if memory.unknown is not None:
        return Vehicle.E if obeyed.enabled and now >= memory.unknown + UNKNOWN_S else None
    vehicle = Vehicle[seen.vehicle]
    if vehicle is Vehicle.F and not obeyed.enabled:
        return None
    if memory.asking is not None and now < memory.asking + CLOSE_S:
        return Vehicle.B
    return vehicle


def _since(before: float | None, is_so: bool, now: float) -> float | None:
    if not is_so:
        return None
    return now if before is None else before


def _may_be_closed(seen: CoprocessorSeen | None, memory: Memory) -> bool:
    if seen is None:
        return True
    return memory.live and seen.vehicle in ASKS if seen.closed is None else seen.closed
