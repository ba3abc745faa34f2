"""`chargepoint config ...`: the pages made from the schema, and the values in effect."""

import json
from argparse import ArgumentParser, Namespace

from chargepoint.cli.exits import Exit
from chargepoint.cli.options import config_path, control_socket, daemon_options, json_option
from chargepoint.errors import CommandError, ConfigError

PRECEDENCE = "locked in the file > set by the backend > file > default"


def arguments(parser: ArgumentParser) -> None:
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    words.add_parser("reference", help="the page of all keys (deploy/CONFIG.md)")
    words.add_parser("example", help="a commented file to start from (deploy/chargepoint.toml)")
    show = words.add_parser("show", help="the values in effect, defaults included, without secrets")
    show.add_argument("file", metavar="FILE")
    json_option(show)
    explain = words.add_parser("explain", help="where the value of a key or of a backend setting comes from")
    explain.add_argument("key", metavar="KEY", help="e.g. HeartbeatInterval, station.run_dir, connector[2].max_amps")
    daemon_options(explain)


def run(args: Namespace) -> int:
    return {"reference": _reference, "example": _example, "show": _show, "explain": _explain}[args.word](args)


def _reference(args: Namespace) -> int:
    from chargepoint.config.reference import page

    print(page(), end="")
    return Exit.OK


def _example(args: Namespace) -> int:
    from chargepoint.config.reference import example

    print(example(), end="")
    return Exit.OK


def _show(args: Namespace) -> int:
    from chargepoint.config import toml
    from chargepoint.config.load import load, redacted

    values = redacted(load(args.file))
    print(json.dumps(values) if args.json else "\n".join(toml.tables(values)))
    return Exit.OK


def _explain(args: Namespace) -> int:
    """A key of the file is explained from the file; anything else is a setting, which only the daemon knows."""
    from chargepoint.config.explain import is_of_the_file

    found = _from_the_file(args) if is_of_the_file(args.key) else _from_the_daemon(args)
    if args.json:
        print(json.dumps(found))
        return Exit.OK
    print(f"{found.get('name', args.key)} = {found.get('value', '')}")
    print(f"from: {found.get('by', 'unknown')}   ({PRECEDENCE})")
    if found.get("help"):
        print(found["help"])
    return Exit.OK


def _from_the_file(args: Namespace) -> dict[str, str]:
    from chargepoint.config.explain import explain
    from chargepoint.config.load import examine

    report = examine(config_path(args))
    if report.config is None:
        raise ConfigError([str(problem) for problem in report.problems])
    found = explain(args.key, report)
    if found is None:
        raise CommandError(f"{config_path(args)} has no key {args.key}; `chargepoint config reference` lists all keys")
    return found._asdict()


def _from_the_daemon(args: Namespace) -> dict[str, str]:
    from chargepoint.cli.panel import ask

    name = args.key.removeprefix("settings.").strip('"')
    found = ask(control_socket(args), {"ask": "setting", "name": name}).get("setting")
    return found if isinstance(found, dict) else {}
