"""The control socket's words: one JSON object per line in, one JSON line out. Also the client for them.

Each word is a row: what it does, and an example that ``help`` prints. A request that cannot be carried out changes
nothing and is answered by a sentence that says what was wrong with it.
"""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chargepoint.hal import DeviceUnavailable
from hal_mock.ask import Ask, Request, RequestError, number_of, shown
from hal_mock.bench import MAINS_VOLTS, MAX_FAULTS, Bench
from hal_mock.ev import generator, offered_amps
from hal_mock.fakes import LIGHTS
from hal_mock.wires import INTERLOCKS, PHASES, Line, Switch

Answer = dict[str, Any]
Tell = Callable[[Request], int]

MAX_LINE_BYTES = 4096
MAX_ANSWER_BYTES = 65536
MAX_AMPS = 1000.0
MAX_ENERGY_WH = 1e12
MAX_OHMS = 1e6
MAX_UID_BYTES = 10
MAX_CODE_CHARS = 50


# -- the words ------------------------------------------------------------------------------------------------------


def cable(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    connector, state = ask.connector(), ask.text("state", 1).upper()
    ask.done()
    if state not in "ABCDE":
        raise RequestError(
            f'"state" is what the vehicle shows: A, B, C, D or E, not {state!r}; F is the station\'s own'
        )
    bench.plug(connector, bench.wires.connector(connector).vehicle.showing(state), now)
    return {}


def diode(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    connector, failed = ask.connector(), ask.flag("failed")
    ask.done()
    bench.plug(connector, replace(bench.wires.connector(connector).vehicle, diode=not failed), now)
    return {}


def load(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    outlet = bench.outlet(ask.connector())
    amps, obeys = outlet.wanted_amps, outlet.obeys
    if ask.has("amps"):
        value = ask.take("amps", "a list")
        if not isinstance(value, list) or not 1 <= len(value) <= PHASES:
            raise RequestError(f'"amps" is a list of one to three numbers, one per phase, not {shown(value)}')
        amps = tuple(number_of(one, "amps", MAX_AMPS) for one in value)
    if ask.has("obeys"):
        obeys = ask.flag("obeys")
    ask.done()
    outlet.advance(now)
    outlet.wanted_amps, outlet.obeys = amps, obeys
    outlet.advance(now)
    return {"amps": list(outlet.amps(now))}


def meter(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    connector = ask.connector()
    energy_wh = ask.number("energy_wh", MAX_ENERGY_WH) if ask.has("energy_wh") else None
    switches = _switches(ask, Switch.SILENT, Switch.FROZEN, Switch.WRONG)
    ask.done()
    if energy_wh is None and not switches:
        raise RequestError('say what: "energy_wh" (a number), or "silent", "frozen", "wrong" (true or false)')
    bench.outlet(connector).advance(now)
    if energy_wh is not None:
        bench.outlet(connector).energy_wh = energy_wh
    for switch, on in switches.items():
        bench.turn_switch(connector, switch, on, now)
    bench.outlet(connector).advance(now)
    return {"energy_wh": bench.outlet(connector).energy_wh}


def contactor(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    connector = ask.connector()
    switches = _switches(ask, Switch.WELDED, Switch.STUCK)
    ask.done()
    if not switches:
        raise RequestError('say what: "welded" (never opens) or "stuck" (never closes), true or false')
    for switch, on in switches.items():
        bench.turn_switch(connector, switch, on, now)
    return {"contactor": bench.wires.connector(connector).contactor_closed(now)}


def _switches(ask: Ask, *known: Switch) -> dict[Switch, bool]:
    names = {str(switch.name).lower(): switch for switch in known}
    return {switch: ask.flag(name) for name, switch in names.items() if ask.has(name)}


def lock(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    connector, jammed = ask.connector(), ask.flag("jammed")
    ask.done()
    if not bench.wires.connector(connector).has_lock:
        raise RequestError(f"connector {connector} has a fixed cable and no lock")
    bench.jam_lock(connector, jammed)
    return {"lock": bench.wires.connector(connector).lock_engaged()}


def proximity(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    connector, ohms = ask.connector(), ask.number("ohms", MAX_OHMS)
    ask.done()
    bench.wires.connector(connector).proximity_ohms = ohms
    return {}


def interlock(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    connector, fault, active = ask.connector(), ask.text("fault", MAX_CODE_CHARS), ask.flag("active")
    ask.done()
    if fault not in INTERLOCKS:
        raise RequestError(f"inputs here are {', '.join(INTERLOCKS)}, not {shown(fault)}")
    bench.wires.connector(connector).set_interlock(fault, active)
    return {}


def look(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    connector = ask.connector()
    ask.done()
    bench.outlet(connector).advance(now)
    line, outlet = bench.wires.connector(connector), bench.outlet(connector)
    amps = outlet.amps(now)
    return {
        "duty": round(line.duty * 100.0, 3),
        "contactor": line.contactor_closed(now),
        "lock": line.lock_engaged() if line.has_lock else None,
        "lights": LIGHTS[int(line.light)].value,
        "state": line.vehicle.shows(),
        "pilot_volts": [round(volts, 3) for volts in line.vehicle.plateaus(generator(line.duty))],
        "offered_amps": round(offered_amps(line.duty), 3),
        "amps": [round(one, 3) for one in amps],
        "power_w": round(MAINS_VOLTS * sum(amps), 1),
        "energy_wh": outlet.energy_wh,
        "coil": line.coil.active(now),
        "enable": line.enable.active(now) if line.has_enable else None,
        "faults": _faults(line),
    }


def _faults(line: Line) -> list[str]:
    """Every switch that is on, in the words that turn it off."""
    switches = [str(switch.name).lower() for switch in Switch if line.is_on(switch)]
    return [
        *switches,
        *(fault for fault in INTERLOCKS if line.interlock(fault)),
        *([] if line.vehicle.diode else ["diode"]),
    ]


def rfid(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    token, connectors = ask.text("token", 2 * MAX_UID_BYTES), ask.connectors()
    ask.done()
    try:
        uid = bytes.fromhex(token)
    except ValueError:
        uid = b""
    if not uid:
        raise RequestError(f'"token" is a card\'s number in pairs of hex digits like "04A1B2C3", not {shown(token)}')
    if bench.levels.reader_gone:
        return {"heard": 0, "note": "the reader was taken away: the card is lost"}
    heard = tell({"event": "rfid", "token": uid.hex().upper(), "connectors": connectors})
    return {"heard": heard} if heard else {"heard": 0, "note": "nobody listens: the card is lost, as in reality"}


def reader(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    gone = ask.flag("gone")
    ask.done()
    bench.levels.reader_gone = gone
    return {"heard": tell({"event": "reader", "gone": gone})}


def fault(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    connector, code, on = ask.connector(lowest=0), ask.text("code", MAX_CODE_CHARS), ask.flag("on")
    ask.done()
    faults = bench.levels.faults
    if (connector, code) not in faults and len(faults) >= MAX_FAULTS:
        raise RequestError(f"{MAX_FAULTS} different faults were told already; end the world to start anew")
    faults[connector, code] = on
    return {"heard": tell({"event": "fault", "connector": connector, "code": code, "on": on})}


def network(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    up = ask.flag("up")
    ask.done()
    bench.levels.network_up = up
    return {"heard": tell({"event": "network", "up": up})}


def explain(bench: Bench, ask: Ask, tell: Tell, now: float) -> Answer:
    ask.done()
    return {"connectors": len(bench.wires.lines), "ops": {name: row.example for name, row in OPS.items()}}


@dataclass(frozen=True, slots=True)
class Op:
    """``act`` is None for what concerns the connection itself: the world's process answers that."""

    act: Callable[[Bench, Ask, Tell, float], Answer] | None
    example: str


OPS: dict[str, Op] = {
    "cable": Op(cable, '{"op":"cable","connector":1,"state":"B"}'),
    "diode": Op(diode, '{"op":"diode","connector":1,"failed":true}'),
    "load": Op(load, '{"op":"load","connector":1,"amps":[16,16,16],"obeys":true}'),
    "meter": Op(meter, '{"op":"meter","connector":1,"energy_wh":0,"silent":false,"frozen":false,"wrong":false}'),
    "look": Op(look, '{"op":"look","connector":1}'),
    "rfid": Op(rfid, '{"op":"rfid","token":"04A1B2C3","connectors":[1]}'),
    "fault": Op(fault, '{"op":"fault","connector":1,"code":"other","on":true}'),
    "network": Op(network, '{"op":"network","up":false}'),
    "contactor": Op(contactor, '{"op":"contactor","connector":1,"welded":true,"stuck":false}'),
    "lock": Op(lock, '{"op":"lock","connector":1,"jammed":true}'),
    "proximity": Op(proximity, '{"op":"proximity","connector":1,"ohms":220}'),
    "input": Op(interlock, '{"op":"input","connector":1,"fault":"emergency-stop","active":true}'),
    "reader": Op(reader, '{"op":"reader","gone":true}'),
    "attach": Op(None, '{"op":"attach"}'),
    "events": Op(None, '{"op":"events"}'),
    "help": Op(explain, '{"op":"help"}'),
    "end": Op(None, '{"op":"end"}'),
}


def parse(line: bytes) -> Request:
    """A request, its ``op`` known. Raises RequestError."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"not a line of JSON: {error}") from error
    if not isinstance(request, dict):
        raise RequestError(f"a request is an object like {OPS['look'].example}, not {shown(request)}")
    if request.get("op") not in list(OPS):
        raise RequestError(f'"op" is one of {", ".join(OPS)}; not {shown(request.get("op"))}')
    return request


def answer(bench: Bench, request: Request, tell: Tell, now: float) -> Answer:
    """Carry out a parsed request. Raises RequestError."""
    act = OPS[request["op"]].act
    if act is None:
        raise RequestError(f'"{request["op"]}" needs a connection to the world')
    return {"ok": True, **act(bench, Ask(request, len(bench.wires.lines)), tell, now)}


# -- the client -----------------------------------------------------------------------------------------------------


def request(path: str, payload: Request, timeout_s: float = 5.0) -> Answer:
    """Send one request and give its answer. Raises DeviceUnavailable when no world answers in time."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(timeout_s)
            wire.connect(path)
            wire.sendall(json.dumps(payload).encode() + b"\n")
            with wire.makefile("rb") as lines:
                line = lines.readline(MAX_ANSWER_BYTES)
    except OSError as error:
        raise DeviceUnavailable(
            f'no mock world answers at {path} ({error}); it is started by the daemon when [board] has name = "mock"'
        ) from error
    if not line.endswith(b"\n"):
        raise DeviceUnavailable(f"the mock world at {path} went away without an answer")
    reply: Answer = json.loads(line)
    return reply
