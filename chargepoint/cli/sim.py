"""`chargepoint sim ...`: a person's hands on the mock world. Each word becomes a few requests to its control socket."""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any

from chargepoint.cli.exits import Exit, RefusedError, UnreachableError
from chargepoint.cli.options import DEFAULT_RUN_DIR, config_nearby, config_option, json_option
from chargepoint.errors import CommandError

Request = dict[str, Any]
Answer = dict[str, Any]
METER_SWITCHES = ("silent", "frozen", "wrong")


def _plug(args: Namespace) -> list[Request]:
    return [_cable(args, "B")]


def _unplug(args: Namespace) -> list[Request]:
    return [_cable(args, "A")]


def _pause(args: Namespace) -> list[Request]:
    return [_cable(args, "B")]


def _charge(args: Namespace) -> list[Request]:
    load = {"op": "load", "connector": args.connector, "amps": [args.amps] * args.phases}
    return [load, _cable(args, "C")]


def _card(args: Namespace) -> list[Request]:
    served = {} if args.connector is None else {"connectors": [args.connector]}
    return [{"op": "rfid", "token": args.token, **served}]


def _look(args: Namespace) -> list[Request]:
    return [{"op": "look", "connector": args.connector}]


def _fault(args: Namespace) -> list[Request]:
    return [{"op": "fault", "connector": args.connector, "code": args.code, "on": not args.clear}]


def _network(args: Namespace) -> list[Request]:
    return [{"op": "network", "up": args.link == "up"}]


def _diode(args: Namespace) -> list[Request]:
    return [{"op": "diode", "connector": args.connector, "failed": not args.clear}]


def _meter(args: Namespace) -> list[Request]:
    switches = {name: getattr(args, name) == "on" for name in METER_SWITCHES if getattr(args, name)}
    energy = {} if args.energy_wh is None else {"energy_wh": args.energy_wh}
    return [{"op": "meter", "connector": args.connector, **energy, **switches}]


def _raw(args: Namespace) -> list[Request]:
    return [args.request]


WORDS: dict[str, tuple[Callable[[Namespace], list[Request]], str]] = {
    "plug": (_plug, "put the cable into the vehicle (state B)"),
    "unplug": (_unplug, "take it out (state A)"),
    "charge": (_charge, "the vehicle asks for energy and draws it while the contactor is closed (state C)"),
    "pause": (_pause, "the vehicle wants no more energy for now (state B)"),
    "card": (_card, "hold a card to the reader"),
    "look": (_look, "what the outside sees: duty, contactor, lock, lights"),
    "fault": (_fault, "raise or clear a fault of the catalogue"),
    "network": (_network, "the link goes or comes back"),
    "diode": (_diode, "the vehicle's diode fails"),
    "meter": (_meter, "set the energy register, or make the meter fail"),
    "raw": (_raw, "send one request as it is"),
}


def arguments(parser: ArgumentParser) -> None:
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    for name, (_, about) in WORDS.items():
        word = words.add_parser(name, help=about, description=f"{about[:1].upper()}{about[1:]}.")
        config_option(word)
        word.add_argument(
            "--socket", metavar="PATH", help="the world's control socket; default: in run_dir of the file"
        )
        json_option(word)
        if name not in ("card", "network", "raw"):
            # a fault may be the station's own: connector 0
            word.add_argument(
                "connector", metavar="CONNECTOR", type=int, nargs="?" if name != "fault" else None, default=1
            )
        OPTIONS.get(name, _none)(word)


def _charge_options(word: ArgumentParser) -> None:
    word.add_argument("--amps", type=float, default=16.0, help="drawn per phase (16)")
    word.add_argument("--phases", type=int, choices=(1, 2, 3), default=3)


def _card_options(word: ArgumentParser) -> None:
    word.add_argument("token", metavar="TOKEN", help="its number in hex digits, e.g. 04A1B2C3")
    word.add_argument("--connector", type=int, help="the reader that serves this connector (all)")


def _fault_options(word: ArgumentParser) -> None:
    word.add_argument("code", metavar="CODE")
    word.add_argument("--clear", action="store_true", help="it is gone again")


def _network_options(word: ArgumentParser) -> None:
    word.add_argument("link", choices=("up", "down"))


def _diode_options(word: ArgumentParser) -> None:
    word.add_argument("--clear", action="store_true", help="it is whole again")


def _meter_options(word: ArgumentParser) -> None:
    word.add_argument("--energy-wh", type=float, metavar="WH", help="the register shows this")
    for name in METER_SWITCHES:
        word.add_argument(f"--{name}", choices=("on", "off"))


def _raw_options(word: ArgumentParser) -> None:
    word.add_argument("request", metavar="JSON", type=_object, help='e.g. \'{"op":"help"}\'')


def _none(word: ArgumentParser) -> None:
    """The connector is all it takes."""


OPTIONS: dict[str, Callable[[ArgumentParser], None]] = {
    "charge": _charge_options,
    "card": _card_options,
    "fault": _fault_options,
    "network": _network_options,
    "diode": _diode_options,
    "meter": _meter_options,
    "raw": _raw_options,
}


def run(args: Namespace) -> int:
    path = _socket(args)
    for request in WORDS[args.word][0](args):
        answer = _send(path, request)
    print(json.dumps(answer) if args.json else told(args.word, answer))
    return Exit.OK


def told(word: str, answer: Answer) -> str:
    """One line for a person, and one more for each thing the answer tells."""
    facts = {name: value for name, value in answer.items() if name != "ok"}
    if word in ("look", "raw", "meter"):
        return "\n".join(f"{name:<13} {_plain(value)}" for name, value in facts.items()) or "done"
    return f"done; {facts['note']}" if facts.get("note") else "done"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _cable(args: Namespace, state: str) -> Request:
    return {"op": "cable", "connector": args.connector, "state": state}


def _object(text: str) -> Request:
    try:
        request = json.loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"not JSON: {error}") from error
    if not isinstance(request, dict):
        raise ArgumentTypeError('a request is a JSON object like {"op":"help"}')
    return request


def _socket(args: Namespace) -> str:
    if args.socket:
        return str(args.socket)
    config = config_nearby(args)
    if config is None:
        return f"{DEFAULT_RUN_DIR}/world.sock"
    if config.board.name != "mock":
        raise CommandError(f'the station has real hardware (board.name = "{config.board.name}"): nothing to simulate')
    return config.board.mock_socket or f"{config.station.run_dir}/world.sock"


def _send(path: str, request: Request) -> Answer:
    from chargepoint.hal import DeviceUnavailable
    from hal_mock.control import request as send

    try:
        answer: Answer = send(path, request)
    except DeviceUnavailable as error:
        raise UnreachableError(str(error)) from error
    if answer.get("ok") is not True:
        raise RefusedError(f"the mock world refused: {answer.get('error', 'without a reason')}")
    return answer
