"""Stage meter: does it answer, who is it, are its values those of a mains; and if it is silent, how would it answer?

A silent meter is asked again with other line settings and at other addresses, a bounded number of times and each time
through a board made for that trial, so the drivers do all the talking.
"""

import asyncio
import termios
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from chargepoint.config.schema import Config, MeterSettings
from chargepoint.doctor.finding import Finding, bad, ok, warn
from chargepoint.hal import Board, DeviceUnavailable, Meter, MeterIdentity, MeterSample

WITHIN_S = 12.0
TRIAL_TIMEOUT_S = 0.3
TRIALS_WITHIN_S = 40.0
MAINS_V = (80.0, 280.0)
BAUDS = (9600, 19200, 2400, 4800, 38400, 115200)
PARITIES = ("N", "E", "O")
ADDRESSES = (*range(1, 17), 247)
HOPELESS = ("does not exist", "no permission", "cannot be opened")
"""What a driver says of a port that no other setting can open."""

MakeBoard = Callable[[Config], Board]


async def examine(meter: Meter, phases: int, stage: str) -> tuple[list[Finding], bool]:
    """The findings, and whether other settings are worth a trial. ``meter`` stays open."""
    try:
        async with asyncio.timeout(WITHIN_S):
            identity, sample = await meter.identify(), await meter.read()
    except TimeoutError:
        return [bad(stage, f"the meter keeps us waiting for more than {WITHIN_S:g} s", "check its wires")], True
    except DeviceUnavailable as problem:
        what, _, todo = str(problem).partition("; ")
        return [bad(stage, what, todo)], not any(words in what for words in HOPELESS)
    return answered(identity, sample, phases, stage), False


def answered(identity: MeterIdentity, sample: MeterSample, phases: int, stage: str) -> list[Finding]:
    who = " ".join(filter(None, (identity.model, f"serial {identity.serial}" if identity.serial else "")))
    volts = " / ".join(f"{each:.0f}" for each in sample.volts)
    found = [ok(stage, f"{who or 'the meter'}: {sample.energy_wh / 1000:.3f} kWh" + (f", {volts} V" if volts else ""))]
    for phase, each in enumerate(sample.volts[:phases], 1):
        if not MAINS_V[0] <= each <= MAINS_V[1]:
            found.append(
                warn(
                    stage,
                    f"L{phase} measures {each:.0f} V, which is no mains",
                    "check the fuse of that phase, its wire to the meter, connector.phases, and the map (model)",
                )
            )
    return found


async def otherwise(number: int, wired: MeterSettings, config: Config, make_board: MakeBoard, stage: str) -> Finding:
    """Find the settings a silent meter answers to. Nobody else may hold its port meanwhile."""
    tried = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(TRIALS_WITHIN_S):
            for changes in trials(wired):
                tried += 1
                who = await _ask(number, replace(wired, **changes), config, make_board)
                if who is not None:
                    change = " and ".join(f"connector[{number}].meter.{key} = {_toml(changes[key])}" for key in changes)
                    return bad(stage, f"tried otherwise, {who.model or 'a meter'} answers", f"set {change}")
    return warn(
        stage,
        f"{tried} other settings were tried (address, baud rate, parity, echo), and nothing answered to any",
        "check supply, wires A and B (swap them once) and the 120 ohm at both ends; a meter behind the contactor is "
        "silent while that is open",
    )


def trials(wired: MeterSettings) -> Iterator[dict[str, Any]]:
    """What to change, the likeliest first; each differs from the configuration."""
    yield {"local_echo": not wired.local_echo}
    for parity in PARITIES:
        if parity != wired.parity:
            yield {"parity": parity}
    for baud in BAUDS:
        for parity in PARITIES:
            if baud != wired.baud:
                yield {"baud": baud} | ({"parity": parity} if parity != wired.parity else {})
    for unit in ADDRESSES:
        if unit != wired.unit:
            yield {"unit": unit}


async def _ask(number: int, wired: MeterSettings, config: Config, make_board: MakeBoard) -> MeterIdentity | None:
    connector = replace(config.connector[number - 1], meter=replace(wired, timeout_s=TRIAL_TIMEOUT_S))
    board = make_board(replace(config, connector=(connector,), reader=()))
    try:
        meter = board.devices()[0].meter
        if meter is None:
            return None
        try:
            return await meter.identify()
        finally:
            await meter.close()
    except (DeviceUnavailable, termios.error):
        # an adapter that has no such parity or speed is no answer either
        return None
    finally:
        board.close()


def _toml(value: object) -> str:
    return (
        {True: "true", False: "false"}[value]
        if isinstance(value, bool)
        else (f'"{value}"' if isinstance(value, str) else str(value))
    )
