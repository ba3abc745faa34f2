"""The command line: finds the command, imports it and nothing else, and turns errors into exit codes.

`run` and `guard` start through here too, and the guard must be up before anything heavy is imported.
"""

import sys
from collections.abc import Sequence

COMMANDS = {
    "run": "run the station",
    "check": "tell everything that is wrong with a configuration file",
    "status": "what the station and its connectors do now",
    "doctor": "find out what is wrong with the way to the backend, or with the hardware",
    "rfid": "show cards in every spelling a backend may know them by",
    "demo": "a station, a vehicle, a meter and a backend on this machine, without hardware",
    "sim": "act on the mock world: plug in, show a card, draw current, break things",
    "config": "reference page, example file, values in effect, where a value comes from",
    "queue": "what the backend has not received yet, and what it refused",
    "ledger": "prove that the record of transactions is whole",
    "guard": "the process that owns pilot and contactor (started by run or by systemd)",
    "safe-state": "open every contactor and set every pilot to error",
    "version": "version of the product",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code (`chargepoint.cli.exits`)."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or [""]
    if name not in COMMANDS:
        from chargepoint.cli.front import front

        return front(name, COMMANDS)
    from chargepoint.cli.call import call

    return call(name, COMMANDS[name], rest)


if __name__ == "__main__":
    sys.exit(main())
