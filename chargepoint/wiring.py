"""The composition root: a configuration file becomes a running process. The only importer of drivers and stand-ins.

Everything heavy is imported where it is needed, because the guard's process comes through here too and must stay small.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chargepoint import __version__
from chargepoint.config.load import load
from chargepoint.config.schema import Config
from chargepoint.hal import Board, Coprocessor

if TYPE_CHECKING:
    from chargepoint.core.settings import Settings
    from chargepoint.core.setup import StationSetup
    from chargepoint.daemon import Guarding, Parts
    from chargepoint.store import Store

PYTHON = (sys.executable, "-P", "-m", "chargepoint")
RESET_MARK = "CHARGEPOINT_REMOTE_RESET"
JOURNAL_BYTES = 4 << 20
RESTART = 3
"""Exit code after a reset asked by the backend: the service manager starts the daemon again."""


def board(config: Config) -> Board:
    """The hardware recipe by its name."""
    if config.board.name == "mock":
        from hal_mock.boards import BOARDS as MOCK_BOARDS

        return MOCK_BOARDS["mock"](config)
    from drivers.boards import BOARDS

    return BOARDS[config.board.name](config)


def problems(config: Config) -> list[str]:
    """What cannot work although every value is within its bounds: pins, maps, settings of the backend."""
    from chargepoint.errors import ConfigError

    found: list[str] = []
    try:
        settings(config)
    except ConfigError as wrong:
        found += wrong.problems
    if config.backend:
        from chargepoint.uplink.address import address

        try:
            address(config.backend[0], config.station.id)
        except ConfigError as wrong:
            found += wrong.problems
    if config.board.name != "mock":
        from drivers.boards import problems as of_drivers

        found += of_drivers(config)
    return found


# -- the guard's process --------------------------------------------------------------


def guard(path: str | Path, fd: int | None, socket_path: str | None) -> int:
    """Run the guard; returns its exit code."""
    from chargepoint.guard import connector, loop

    config = load(Path(path))
    hardware = board(config)
    try:
        settings = [connector.Settings(c.ventilation, c.debounce_on_s, c.debounce_off_s) for c in config.connector]
        listen = None if socket_path is None else Path(socket_path)
        return loop.run(hardware.pins(), settings, config.guard.sample_s, fd, listen)
    finally:
        hardware.close()


def safe_state(path: str | Path) -> int:
    """Take every output from outside the guard and leave it safe; returns 0, or 1 where a co-processor did not hear."""
    hardware = board(load(Path(path)))
    try:
        if coprocessors := hardware.coprocessors():
            import asyncio

            from chargepoint.guard.coprocessor import told_to_open

            return 0 if asyncio.run(told_to_open(coprocessors)) else 1
        for pins in hardware.pins():
            pins.contactor.open()
            pins.pilot.error()
    finally:
        hardware.close()
    return 0


# -- the daemon's process --------------------------------------------------------------


def run(path: str | Path) -> int:
    """Run the daemon until a signal ends it (0), or a reset asked by the backend starts it anew."""
    from chargepoint.core.commands import ResetKind
    from chargepoint.logs import set_up

    config = load(Path(path))
    set_up(config.station.log_level)
    kind = _live(config, Path(path))
    if kind is None:
        return 0
    if os.environ.get("NOTIFY_SOCKET") and kind is ResetKind.HARD:
        return RESTART
    os.environ[RESET_MARK] = "1"
    return _again()


def _again() -> int:
    os.execv(sys.executable, [*PYTHON, *sys.argv[1:]])  # noqa: S606


def _live(config: Config, path: Path) -> Any:
    import asyncio

    from chargepoint.daemon import Daemon

    async def live() -> Any:
        return await Daemon(parts(config, path)).run()

    return asyncio.run(live())


def parts(config: Config, path: Path) -> "Parts":
    """Build everything the daemon is made of. Raises ConfigError or StoreError before any output is driven."""
    import logging
    from uuid import uuid4

    from chargepoint.clock import SystemClock
    from chargepoint.core.station import Station
    from chargepoint.daemon import Inbox, Parts, store_callbacks, store_is_broken
    from chargepoint.journal import Journal
    from chargepoint.store import Store
    from chargepoint.uplink.link import Uplink

    log = logging.getLogger("chargepoint")
    values = settings(config)
    inbox = Inbox()
    state_dir, run_dir = _folder(config.station.state_dir), _folder(config.station.run_dir)
    store = Store.open(state_dir, run_dir, *store_callbacks(inbox), store_is_broken(inbox))
    for notice in store.notices:
        log.warning("%s", notice)
    built = setup(config, store.boot)
    clock = SystemClock(store.boot)
    station = Station(built, values, lambda: str(uuid4()))
    hardware = board(config)
    devices = dict(enumerate(hardware.devices(), 1))
    guarding = _guarding(config, path, run_dir, hardware.coprocessors(), inbox.post, log.warning)
    uplink = None
    panel = _panel(config, run_dir, station, store, lambda: uplink, clock.mono())
    if config.backend:
        uplink = Uplink(
            config.backend[0],
            config.station.id,
            built.identity,
            built.boot_reason,
            store=store,
            settings=values,
            clock=clock,
            post=inbox.post,
            changed=panel.changed,
        )
    return Parts(
        station=station,
        store=store,
        guard=guarding,
        uplink=uplink,
        panel=panel,
        clock=clock,
        journal=Journal(run_dir / "journal.jsonl", JOURNAL_BYTES),
        devices=devices,
        readers=tuple(hardware.readers()),
        hints=hardware.hints(),
        meter_period_s={n: connector.meter_period_s for n, connector in enumerate(config.connector, 1)},
        inbox=inbox,
        close_board=hardware.close,
    )


def _guarding(
    config: Config, path: Path, run_dir: Path, coprocessors: Sequence[Coprocessor], post: Any, say: Any
) -> "Guarding":
    """The process of ours that guards, or the co-processors that do it themselves."""
    if coprocessors:
        from chargepoint.guard.coprocessor import CoprocessorGuard

        return CoprocessorGuard(coprocessors, config.guard.lease_s, post, say)
    from chargepoint.guard.client import GuardClient

    child = config.guard.mode == "child"
    return GuardClient(
        [*PYTHON, "guard", "--config", str(path)] if child else None,
        None if child else run_dir / "guard.sock",
        config.guard.lease_s,
        post,
        say,
    )


def settings(config: Config) -> "Settings":
    """The settings table with the file's values. Raises ConfigError."""
    from chargepoint.core import statements
    from chargepoint.core.settings import Settings

    fixed: dict[Any, Any] = {
        statements.NUMBER_OF_CONNECTORS: len(config.connector),
        statements.IDENTITY: config.station.id,
        statements.STATION_PHASES: max(c.phases for c in config.connector),
    }
    if config.backend:
        protected = 2 if config.backend[0].url.startswith("wss:") else 1
        has_password = bool(config.backend[0].password or config.backend[0].password_file)
        fixed[statements.SECURITY_PROFILE] = protected if has_password else 0
    for n, c in enumerate(config.connector, 1):
        fixed |= statements.of_evse(n, c.phases, c.max_amps, c.cable == "socket")
    return Settings(config.settings, config.locked, fixed)


def setup(config: Config, boot: int) -> "StationSetup":
    from chargepoint.core.records import BootReason, StationIdentity
    from chargepoint.core.setup import EvseSetup, StationSetup
    from chargepoint.core.tokens import IdToken, TokenKind

    free = config.authorization
    station = config.station
    return StationSetup(
        tuple(
            EvseSetup(
                max_amps=c.max_amps,
                phases=c.phases,
                has_lock=c.cable == "socket",
                has_meter=config.board.name == "mock" or c.meter is not None,
                ventilation=c.ventilation,
                rest_s=c.rest_s,
                meter_stale_s=c.meter_stale_s,
                stop_on_meter_loss=c.on_meter_loss == "stop",
                free_token=IdToken(free.free_token, TokenKind.NO_AUTHORIZATION) if free.free_vending else None,
                resume_within_s=station.resume_within_s if station.after_power_loss == "resume" else None,
            )
            for c in config.connector
        ),
        StationIdentity(station.vendor, station.model, station.serial, __version__),
        boot,
        BootReason.REMOTE_RESET if os.environ.pop(RESET_MARK, "") else BootReason.POWER_UP,
        bool(config.backend),
    )


def _folder(name: str) -> Path:
    from chargepoint.errors import StoreError

    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as problem:
        why = f"the folder {folder} cannot be made ({problem.strerror}); create it or change the path"
        raise StoreError(why) from None
    return folder


def _panel(config: Config, run_dir: Path, station: Any, store: "Store", uplink: Any, started: float) -> Any:
    from chargepoint.panel.asks import asks, commands
    from chargepoint.panel.server import Panel

    return Panel(
        run_dir / "control.sock",
        asks(station, store, uplink, __version__, config.station.id, started),
        commands(station, store),
        config.security.admin_group,
    )
