"""Stages pins, pilot, mirror and interlock of one connector: what can be told without closing anything.

The pilot is driven to -12 V, +12 V and, where no vehicle is plugged, to a square wave; what comes back tells a wrong
divider, an inverted output stage and a dead converter apart.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chargepoint.config.schema import Connector
from chargepoint.core.pilot import Vehicle, classify
from chargepoint.doctor.finding import Finding, bad, ok, warn
from chargepoint.hal import Board, DeviceUnavailable, PilotVolts, Pins

PINS, PILOT, MIRROR, INTERLOCK = "pins", "pilot", "mirror", "interlock"
SETTLE_S = 0.02
RAIL_V = 12.0
NEAR_V, IN_BOUNDS_V = 3.0, 0.6
"""IEC 61851-1 Table A.2: +-12 V within 0.6 V. Up to 3 V off it is the same rail, seen through a wrong divider."""
UNSURE_V = (10.0, 11.0)
"""IEC 61851-1 Table A.4: between the bands of state A and state B."""

# the first words of a driver's sentence -> the stage it belongs to
STAGES = {"pilot PWM": "pwm", "pilot measurement": "adc"}


def take(board: Board) -> tuple[Sequence[Pins], list[Finding]]:
    """Every output at its safe value; no pins where a finding is bad."""
    try:
        pins = board.pins()
    except DeviceUnavailable as problem:
        return [], [unavailable(line) for line in str(problem).splitlines()]
    return pins, [ok(PINS, "all lines of the guard are free and were taken, every output at its safe value")]


def unavailable(sentence: str) -> Finding:
    """A driver's own words: what, and behind the semicolon what to do."""
    stage = next((stage for words, stage in STAGES.items() if sentence.startswith(words)), PINS)
    what, _, todo = sentence.partition("; ")
    return bad(stage, what, todo)


@dataclass(frozen=True, slots=True)
class Looked:
    """``low`` was measured at -12 V, ``high`` at +12 V, ``wave`` with half a pulse, where that was tried."""

    low: PilotVolts
    high: PilotVolts
    wave: PilotVolts | None = None

    @property
    def vehicle(self) -> Vehicle:
        """What the steady +12 V shows; between two bands the more careful one counts, as there was no look before."""
        return classify(self.high, False, Vehicle.F)

    @property
    def empty(self) -> bool:
        """Certainly no vehicle."""
        return self.vehicle is Vehicle.A and _near(self.high.high, RAIL_V)


async def look(pins: Pins) -> Looked:
    """Leaves the pilot at -12 V. Raises DeviceUnavailable."""
    try:
        low = await _at(pins, pins.pilot.error)
        high = await _at(pins, pins.pilot.steady)
        looked = Looked(low, high)
        if not looked.empty:
            return looked
        wave = await _at(pins, lambda: pins.pilot.pwm(0.5))
        return Looked(low, high, wave)
    finally:
        pins.pilot.error()


async def _at(pins: Pins, drive: Callable[[], None]) -> PilotVolts:
    """The second look counts: the first may still hold the level before."""
    drive()
    await asyncio.sleep(SETTLE_S)
    pins.sensor.read()
    return pins.sensor.read()


def pilot(looked: Looked, wired: Connector, stage: str) -> list[Finding]:
    low, high = looked.low.high, looked.high.high
    if _near(low, RAIL_V) and _near(high, -RAIL_V):
        turned = "false" if wired.pilot and wired.pilot.pwm_inverted else "true"
        return [
            bad(
                stage,
                f"the pilot is upside down: {low:+.1f} V where -12 V was set, {high:+.1f} V where +12 V was set",
                f"set pilot.pwm_inverted = {turned}",
            )
        ]
    if abs(high - low) < NEAR_V:
        return [
            bad(
                stage,
                f"the pilot does not move: {low:+.1f} V where -12 V was set, {high:+.1f} V where +12 V was set",
                "check the PWM pin (dtoverlay), the amplifier and its supply, and adc_channel",
            )
        ]
    if not _near(low, -RAIL_V):
        return [
            bad(
                stage,
                f"{low:+.1f} V where -12 V was set",
                "check the amplifier's negative supply, then volts_at_zero and volts_at_full",
            )
        ]
    return [*_rails(low, high, wired, stage), _vehicle(looked, stage), *_wave(looked, stage)]


def _rails(low: float, high: float, wired: Connector, stage: str) -> list[Finding]:
    """The high rail can be judged only where no vehicle pulls it down."""
    unloaded = high > UNSURE_V[0]
    off = max(abs(low + RAIL_V), abs(high - RAIL_V) if unloaded else 0.0)
    if off <= IN_BOUNDS_V:
        return [ok(stage, f"the converter measures what is set ({low:+.1f} V at -12 V)")]
    what = f"{low:+.1f} V where -12 V was set, {high:+.1f} V where +12 V was set: more than {IN_BOUNDS_V:g} V off"
    if wired.pilot is None or not unloaded:
        return [warn(stage, what, "measure the pilot with a voltmeter: is it the amplifier or the divider?")]
    gain = 2 * RAIL_V / (high - low)
    zero, full = (RAIL_V + gain * (ends - high) for ends in (wired.pilot.volts_at_zero, wired.pilot.volts_at_full))
    todo = (
        "unplug every vehicle and measure the pilot with a voltmeter; if that shows +-12 V the divider is wrong: set "
        f"pilot.volts_at_zero = {zero:.2f} and pilot.volts_at_full = {full:.2f}"
    )
    return [warn(stage, what, todo)]


def _vehicle(looked: Looked, stage: str) -> Finding:
    high = looked.high.high
    if UNSURE_V[0] < high < UNSURE_V[1]:
        todo = "see the levels above; if they are right, a plug may have a bad contact"
        return bad(stage, f"{high:+.1f} V lies between no vehicle (12 V) and a vehicle (9 V)", todo)
    match looked.vehicle:
        case Vehicle.A:
            return ok(stage, f"{high:+.1f} V without PWM: no vehicle is plugged")
        case Vehicle.E:
            return bad(stage, f"{high:+.1f} V where +12 V was set: the pilot is shorted", "check the pilot's wire")
        case Vehicle.F | Vehicle.NO_DIODE:
            return bad(stage, f"{high:+.1f} V where +12 V was set", "check the amplifier's positive supply")
    return warn(
        stage,
        f"{high:+.1f} V where +12 V was set: a vehicle is plugged (state {looked.vehicle.name})",
        "unplug it for the whole examination",
    )


def _wave(looked: Looked, stage: str) -> list[Finding]:
    wave = looked.wave
    if wave is None:
        return []
    seen = f"{wave.high:+.1f} / {wave.low:+.1f} V"
    if _near(wave.high, RAIL_V) and _near(wave.low, -RAIL_V):
        return [ok(stage, f"PWM runs: its plateaus are {seen}")]
    todo = "check the PWM pin and the amplifier: a filter in the pilot's way rounds the pulses off"
    return [bad(stage, f"PWM was set to half a pulse, and the plateaus are {seen}", todo)]


def mirror(pins: Pins, wired: Connector, stage: str) -> Finding:
    if not pins.contactor.is_closed():
        return ok(stage, "the mirror contact says open, as it must")
    turned = "false" if wired.contactor is None or wired.contactor.mirror_active_high else "true"
    return bad(
        stage,
        "the mirror contact says closed, and the coil is off",
        "switch the supply off and look: a welded contactor, a broken mirror wire, or "
        f"contactor.mirror_active_high should be {turned}",
    )


def interlocks(pins: Pins, stage: str) -> list[Finding]:
    active = [fault for fault, contact in pins.interlocks.items() if contact.is_active()]
    if active:
        return [
            warn(
                stage,
                f"the interlock {fault} is active: nothing would charge",
                "release it; if it is released, check its wire (a broken one counts as active) and its active_high",
            )
            for fault in active
        ]
    return [ok(stage, f"no interlock is active ({', '.join(sorted(pins.interlocks))})")] if pins.interlocks else []


def _near(volts: float, rail: float) -> bool:
    return abs(volts - rail) <= NEAR_V
