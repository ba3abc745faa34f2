"""`chargepoint guard`: the reflex process, started by the daemon with an inherited socket or by systemd with a path."""

from argparse import ArgumentParser, Namespace

from chargepoint.cli.options import config_option, config_path


def arguments(parser: ArgumentParser) -> None:
    config_option(parser)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int, metavar="N", help="inherited descriptor of the daemon's end")
    where.add_argument("--socket", metavar="PATH", help="listen here for the daemon")


def run(args: Namespace) -> int:
    from chargepoint import wiring

    return wiring.guard(config_path(args), args.fd, args.socket)
