"""`chargepoint run`: the daemon, until a signal ends it."""

from argparse import ArgumentParser, Namespace

from chargepoint.cli.options import config_option, config_path


def arguments(parser: ArgumentParser) -> None:
    config_option(parser)


def run(args: Namespace) -> int:
    from chargepoint import wiring

    return wiring.run(config_path(args))
