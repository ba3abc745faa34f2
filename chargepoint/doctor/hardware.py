"""The hardware, stage by stage: daemon, machine, pins, pilot, mirror, interlock, contactor, meter, reader.

While the station runs nothing of it is touched. The contactor is closed only when that was asked for.
"""

from dataclasses import replace
from pathlib import Path

from chargepoint.config.schema import Config
from chargepoint.doctor import contactor, machine, meters, pins, readers, running
from chargepoint.doctor.finding import Finding, Level, Say, bad, warn
from chargepoint.doctor.machine import Machine
from chargepoint.doctor.meters import MakeBoard
from chargepoint.hal import Board, DeviceUnavailable, Pins


async def examine(
    config: Config, make_board: MakeBoard, daemon: running.Running, close_contactor: bool, say: Say, around: Machine
) -> None:
    """Tell each finding as soon as it is made. Safe to cancel: every output is then at its safe value."""
    for finding in (*running.of_hardware(daemon), *machine.findings(config, around)):
        say(finding)
    if daemon is not None:
        return
    if guard_runs(config, around):
        say(
            warn(
                running.STAGE,
                "the guard is running on its own and holds the pins, so nothing is touched",
                "systemctl stop chargepoint-guard, then try again",
            )
        )
        return
    try:
        board = make_board(config)
    except DeviceUnavailable as problem:
        say(bad("board", str(problem)))
        return
    try:
        await _pins(config, board, close_contactor, say)
        await _meters(config, board, make_board, say)
        await _readers(board, say)
    finally:
        try:
            board.close()
        except DeviceUnavailable as problem:
            say(bad("board", f"an output could not be left safe: {problem}", "switch the supply off"))


def guard_runs(config: Config, around: Machine) -> bool:
    """Is the guard's socket bound? Looked up in the kernel's list: to connect would be to pass for its daemon."""
    socket = str(Path(config.station.run_dir) / "guard.sock")
    bound = around.text("proc/net/unix") or ""
    return any(line.split()[-1:] == [socket] for line in bound.splitlines())


async def _pins(config: Config, board: Board, close_contactor: bool, say: Say) -> None:
    taken, found = pins.take(board)
    for finding in found:
        say(finding)
    for number, one in enumerate(taken, 1):
        for finding in await _connector(number, one, config, close_contactor):
            say(_of(number, len(taken), finding))


async def _connector(number: int, one: Pins, config: Config, close_contactor: bool) -> list[Finding]:
    wired = config.connector[number - 1]
    try:
        looked = await pins.look(one)
    except DeviceUnavailable as problem:
        found, empty = [pins.unavailable(line) for line in str(problem).splitlines()], False
    else:
        found, empty = pins.pilot(looked, wired, pins.PILOT), looked.empty
    found += [pins.mirror(one, wired, pins.MIRROR), *pins.interlocks(one, pins.INTERLOCK)]
    if not close_contactor:
        return found
    interlocked = any(contact.is_active() for contact in one.interlocks.values())
    if not empty or interlocked or any(finding.level is Level.BAD for finding in found):
        todo = "mend what stands above, and leave the connector empty"
        return [*found, bad(contactor.STAGE, "the contactor was not closed: it is safe only when all is well", todo)]
    moved = await contactor.move(one)
    return [*found, *contactor.findings(moved, one.enable is not None, contactor.STAGE)]


async def _meters(config: Config, board: Board, make_board: MakeBoard, say: Say) -> None:
    try:
        devices = board.devices()
    except DeviceUnavailable as problem:
        for line in str(problem).splitlines():
            say(bad("meter", line))
        return
    silent = []
    try:
        for number, one in enumerate(devices, 1):
            if one.meter is None:
                todo = "without one no energy is billed; add [connector.meter]"
                found, again = [warn("meter", "there is no meter", todo)], False
            else:
                found, again = await meters.examine(one.meter, config.connector[number - 1].phases, "meter")
            silent += [number] if again else []
            for finding in found:
                say(_of(number, len(devices), finding))
    finally:
        for one in devices:
            if one.meter is not None:
                await one.meter.close()
    for number in silent:
        wired = config.connector[number - 1].meter
        if wired is not None:
            say(_of(number, len(devices), await meters.otherwise(number, wired, config, make_board, "meter")))


async def _readers(board: Board, say: Say) -> None:
    try:
        served = board.readers()
    except DeviceUnavailable as problem:
        say(bad(readers.STAGE, str(problem)))
        return
    if not served:
        say(readers.none_configured())
    for each in served:
        say(await readers.examine(each))


def _of(number: int, connectors: int, finding: Finding) -> Finding:
    """With several connectors the stage names which."""
    return finding if connectors == 1 else replace(finding, stage=f"{finding.stage} {number}")
