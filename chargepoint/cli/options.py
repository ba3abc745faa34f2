"""Options that several commands share, and how they find the file and the sockets."""

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chargepoint.config.schema import Config

DEFAULT_CONFIG = "/etc/chargepoint/chargepoint.toml"
DEFAULT_RUN_DIR = "/run/chargepoint"


def config_option(parser: ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help=f"default: $CHARGEPOINT_CONFIG or {DEFAULT_CONFIG}")


def json_option(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, one object")


def daemon_options(parser: ArgumentParser) -> None:
    config_option(parser)
    parser.add_argument("--socket", metavar="PATH", help="the daemon's control socket; default: in run_dir of the file")
    json_option(parser)


def config_path(args: Namespace) -> str:
    return args.config or os.environ.get("CHARGEPOINT_CONFIG") or DEFAULT_CONFIG


def config_nearby(args: Namespace) -> "Config | None":
    """The file, to find a socket by. One that was named must be right; the default one may be absent or half edited.

    Raises ConfigError.
    """
    from chargepoint.config.load import load
    from chargepoint.errors import ConfigError

    path = config_path(args)
    try:
        return load(path)
    except ConfigError as error:
        if path != DEFAULT_CONFIG:
            raise
        if os.path.exists(path) and os.access(path, os.R_OK):
            print(f"{error.problems[0]}\n(`chargepoint check {path}` tells more; going on without it)", file=sys.stderr)
        return None


def control_socket(args: Namespace) -> str:
    if args.socket:
        return str(args.socket)
    config = config_nearby(args)
    return f"{config.station.run_dir if config else DEFAULT_RUN_DIR}/control.sock"
