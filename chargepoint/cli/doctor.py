"""`chargepoint doctor backend` and `chargepoint doctor hardware`: what is wrong, who is wrong, what to do next.

Each finding is printed as soon as it is made, because a stage may wait for half a minute.
"""

import json
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from chargepoint.cli.exits import Exit, RefusedError, UnreachableError
from chargepoint.cli.options import config_option, config_path, json_option
from chargepoint.errors import CommandError

if TYPE_CHECKING:
    from chargepoint.config.schema import Config
    from chargepoint.doctor.finding import Finding

# what to examine -> the option only it has
OPTIONS = {"backend": "force", "hardware": "close_contactor"}
NOBODY = (FileNotFoundError, ConnectionRefusedError)


def arguments(parser: ArgumentParser) -> None:
    what = "backend: the way to the backend; hardware: this machine, its pins, meters and readers"
    parser.add_argument("what", metavar="WHAT", choices=tuple(OPTIONS), help=what)
    config_option(parser)
    json_option(parser)
    parser.add_argument("--force", action="store_true", help="backend: open a connection although a daemon is running")
    close = "hardware: close the contactor for a moment, if the pilot shows no vehicle"
    parser.add_argument("--close-contactor", action="store_true", help=close)


def run(args: Namespace) -> int:
    """PROBLEMS if any finding is bad; warnings alone are OK."""
    for what, option in OPTIONS.items():
        if what != args.what and getattr(args, option):
            raise CommandError(f"--{option.replace('_', '-')} belongs to `chargepoint doctor {what}`")
    from chargepoint.doctor.finding import healthy

    teller = _Teller(args.json)
    config = _configuration(args, teller)
    if config is not None:
        examine = _backend if args.what == "backend" else _hardware
        _to_the_end(examine(config, args, teller))
    teller.end()
    return Exit.OK if healthy(teller.told) else Exit.PROBLEMS


class _Teller:
    def __init__(self, as_json: bool) -> None:
        from chargepoint.cli.screen import style_of

        self.told: list[Finding] = []
        self._as_json = as_json
        self._style = style_of(sys.stdout)

    def __call__(self, finding: "Finding") -> None:
        from chargepoint.cli.findings import render

        self.told.append(finding)
        if not self._as_json:
            print("\n".join(render(finding, self._style)), flush=True)

    def end(self) -> None:
        from chargepoint.cli.findings import plain, summary
        from chargepoint.doctor.finding import healthy

        if self._as_json:
            print(json.dumps({"ok": healthy(self.told), "findings": [plain(finding) for finding in self.told]}))
        else:
            print(f"\n{summary(self.told)}")


def _configuration(args: Namespace, say: _Teller) -> "Config | None":
    """Stage config. None where the file cannot be used; raises ConfigError where it cannot even be read."""
    from chargepoint import wiring
    from chargepoint.config.load import examine
    from chargepoint.doctor.finding import bad, ok, warn

    path = config_path(args)
    report = examine(path)
    problems = [str(problem) for problem in report.problems]
    if report.config is not None:
        problems += wiring.problems(report.config)
    for problem in problems:
        say(bad("config", problem, f"`chargepoint check {path}` tells it all"))
    for warning in report.warnings:
        if warning.key.startswith("backend") == (args.what == "backend"):
            say(warn("config", str(warning)))
    if problems or report.config is None:
        return None
    if args.what == "backend" and not report.config.backend:
        raise CommandError(f"{path} names no backend: the station works alone; add [[backend]] with its url")
    say(ok("config", f"{path} can be used"))
    return report.config


async def _backend(config: "Config", args: Namespace, say: _Teller) -> None:
    import time

    from chargepoint import __version__
    from chargepoint.core.records import StationIdentity
    from chargepoint.doctor.backend import Surroundings, examine

    station = config.station
    identity = StationIdentity(station.vendor, station.model, station.serial, __version__)
    around = Surroundings(utc=time.time)
    await examine(config.backend[0], station.id, identity, running(config), args.force, say, around)


async def _hardware(config: "Config", args: Namespace, say: _Teller) -> None:
    import time

    from chargepoint import wiring
    from chargepoint.doctor.hardware import examine
    from chargepoint.doctor.machine import Machine

    machine = Machine(utc=time.time)
    await examine(config, wiring.board, running(config), args.close_contactor, say, machine)


def running(config: "Config") -> "dict[str, Any] | None":
    """The status of a running daemon; empty where it does not tell; None where none runs."""
    from chargepoint.cli.panel import ask

    try:
        status = ask(f"{config.station.run_dir}/control.sock", {"ask": "status"}).get("status")
    except UnreachableError as error:
        return None if isinstance(error.__cause__, NOBODY) else {}
    except RefusedError:
        return {}
    return status if isinstance(status, dict) else {}


def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Run it; SIGTERM ends it as Ctrl-C does, so that every output is left safe."""
    import asyncio

    async def guarded() -> None:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await work

    try:
        asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
