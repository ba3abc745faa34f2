"""From many unsynchronised samples of the control pilot to its two plateaus.

A 1 kHz square wave sampled at odd moments gives a high heap, a low heap and a few stragglers from the edges. Sorted,
the heaps are runs without a gap; the median of the topmost and of the lowest heap are the plateaus. A lone sample is
an edge or a spike and counts for nothing; a heap that is wider than noise is no plateau, but interference or a loose
wire, and a number made of it would be an invention.

A burst that catches the vehicle in the act (B on its way to C) has three heaps and is fine: the topmost wins, and the
next burst knows better.
"""

from collections.abc import Sequence
from statistics import median

from chargepoint.hal import DeviceUnavailable, PilotVolts

GAP_V = 1.0  # neighbours in IEC 61851-1 Table A.4 lie 3 V apart
HEAP_AT_LEAST = 2  # stragglers from an edge lie between the heaps, so two of them never pass for the outer ones
WIDEST_V = 2.5


def plateaus(volts: Sequence[float]) -> PilotVolts:
    """High and low plateau in volts; equal where the pilot is steady. Raises DeviceUnavailable when there is none."""
    heaps = [heap for heap in _heaps(sorted(volts)) if len(heap) >= HEAP_AT_LEAST]
    if not heaps:
        raise DeviceUnavailable(
            f"pilot measurement: {len(volts)} samples between {min(volts):.1f} and {max(volts):.1f} V form no plateau; "
            "check the divider and the ground between pilot board and converter"
        )
    return PilotVolts(high=_plateau(heaps[-1]), low=_plateau(heaps[0]))


def _heaps(ordered: Sequence[float]) -> list[list[float]]:
    heaps: list[list[float]] = []
    for value in ordered:
        if heaps and value - heaps[-1][-1] <= GAP_V:
            heaps[-1].append(value)
        else:
            heaps.append([value])
    return heaps


def _plateau(heap: Sequence[float]) -> float:
    edge = len(heap) // 10
    width = heap[-1 - edge] - heap[edge]
    if width > WIDEST_V:
        raise DeviceUnavailable(
            f"pilot measurement: no plateau, the samples are spread evenly from {heap[0]:.1f} to {heap[-1]:.1f} V; "
            "check for interference, a missing ground, or a floating converter input"
        )
    return median(heap)
