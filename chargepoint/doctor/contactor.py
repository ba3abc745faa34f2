"""Stage contactor: close it once, for a moment, and see the mirror contact follow. Only on request.

It is closed only where the pilot shows no vehicle, the mirror contact says open and no interlock is active, and it is
opened at the first sight of anything else. The pilot offers nothing meanwhile (+12 V without PWM).
"""

import asyncio
import time
from dataclasses import dataclass

from chargepoint.core.pilot import Vehicle, classify
from chargepoint.doctor.finding import Finding, bad, ok
from chargepoint.hal import DeviceUnavailable, Pins

STAGE = "contactor"
WITHIN_S = 0.5
HOLD_S = 0.1
TURN_S = 0.01
LEASE_S = 0.3


@dataclass(frozen=True, slots=True)
class Moved:
    """Seconds until the mirror contact followed, None where it did not. ``stopped`` says what cut the trial short."""

    closed_s: float | None = None
    opened_s: float | None = None
    stopped: str = ""


async def move(pins: Pins) -> Moved:
    """Close and open. Whatever happens, the contactor is open and the pilot at -12 V afterwards."""
    try:
        pins.pilot.steady()
        await asyncio.sleep(TURN_S)
        closed_s, stopped = await _close(pins)
        pins.contactor.open()
        return Moved(closed_s, await _opened(pins), stopped)
    finally:
        pins.contactor.open()
        pins.pilot.error()


async def _close(pins: Pins) -> tuple[float | None, str]:
    began = time.monotonic()
    closed_s: float | None = None
    while (now := time.monotonic()) - began < (WITHIN_S if closed_s is None else closed_s + HOLD_S):
        stopped = _stop(pins)
        if stopped:
            return closed_s, stopped
        if pins.enable is not None:
            pins.enable.pulse()
        pins.contactor.close(LEASE_S)
        if closed_s is None and pins.contactor.is_closed():
            closed_s = now - began
        await asyncio.sleep(TURN_S)
    return closed_s, ""


async def _opened(pins: Pins) -> float | None:
    began = time.monotonic()
    while time.monotonic() - began < WITHIN_S:
        if not pins.contactor.is_closed():
            return time.monotonic() - began
        await asyncio.sleep(TURN_S)
    return None


def _stop(pins: Pins) -> str:
    try:
        vehicle = classify(pins.sensor.read(), False, Vehicle.F)
    except DeviceUnavailable as problem:
        return str(problem)
    if vehicle is not Vehicle.A:
        return f"the pilot shows a vehicle (state {vehicle.name})"
    active = [fault for fault, contact in pins.interlocks.items() if contact.is_active()]
    return f"the interlock {active[0]} is active" if active else ""


def findings(moved: Moved, has_enable: bool, stage: str) -> list[Finding]:
    found = []
    if moved.stopped:
        found.append(
            bad(stage, f"the trial was cut short: {moved.stopped}", "leave the connector empty, and try again")
        )
    elif moved.closed_s is None:
        pulses = ", the one-shot of the enable pulses" if has_enable else ""
        found.append(
            bad(
                stage,
                f"the mirror contact did not follow within {WITHIN_S:g} s of closing",
                f"listen for the click: without one check the coil's supply, driver and coil_line{pulses}; with one "
                "check the mirror contact and mirror_line",
            )
        )
    else:
        found.append(ok(stage, f"closed: the mirror contact followed after {1000 * moved.closed_s:.0f} ms"))
    if moved.opened_s is None:
        found.append(
            bad(
                stage,
                f"the mirror contact still says closed {WITHIN_S:g} s after opening",
                "switch the supply off now: the contactor is welded or its driver does not let go",
            )
        )
    elif moved.closed_s is not None:
        found.append(ok(stage, f"opened: the mirror contact followed after {1000 * moved.opened_s:.0f} ms"))
    return found
