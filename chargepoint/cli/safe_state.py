"""`chargepoint safe-state`: what systemd calls after the guard has ended, however it ended.

Kernel PWM goes on after its process is gone, and so may a GPIO line; taking the pins drives them to their safe value.
"""

from argparse import ArgumentParser, Namespace

from chargepoint.cli.options import config_option, config_path


def arguments(parser: ArgumentParser) -> None:
    config_option(parser)


def run(args: Namespace) -> int:
    from chargepoint import wiring

    return wiring.safe_state(config_path(args))
