"""Every word of the control socket, without a process: what it changes, and how it refuses."""

import json
from typing import Any

import pytest

from hal_mock.ask import RequestError
from hal_mock.bench import MAX_FAULTS, Bench
from hal_mock.control import OPS, answer, parse
from hal_mock.ev import VehicleCircuit
from hal_mock.fakes import LIGHTS
from hal_mock.wires import Switch, Wired, Wires

NOW = 100.0


class Desk:
    """Two connectors, the second with a socket; ``told`` is what listeners heard."""

    def __init__(self, *wired: Wired, listeners: int = 1) -> None:
        self.wires = Wires.blank(*(wired or (Wired(), Wired(1, lock=True))))
        self.bench = Bench(self.wires, NOW)
        self.told: list[dict[str, Any]] = []
        self.listeners = listeners
        self.now = NOW

    def tell(self, event: dict[str, Any]) -> int:
        self.told.append(event)
        return self.listeners

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        line = json.dumps({"op": op} | arguments).encode()
        return answer(self.bench, parse(line), self.tell, self.now)


@pytest.mark.parametrize("state", "ABCDE")
def test_cable(state: str) -> None:
    desk = Desk()
    assert desk.ask("cable", connector=2, state=state) == {"ok": True}
    assert desk.wires.connector(2).vehicle.shows() == state
    assert desk.wires.connector(1).vehicle == VehicleCircuit()


def test_diode_stays_failed_over_plugging() -> None:
    desk = Desk()
    desk.ask("diode", connector=1, failed=True)
    desk.ask("cable", connector=1, state="B")
    assert desk.wires.connector(1).vehicle == VehicleCircuit(plugged=True, diode=False)
    desk.ask("diode", connector=1, failed=False)
    assert desk.wires.connector(1).vehicle.diode


def test_load_and_energy() -> None:
    desk = Desk(Wired(enable=False))
    line = desk.wires.connector(1)
    desk.ask("cable", connector=1, state="C")
    line.duty = 0.25
    line.coil.trigger(NOW, 7200.0)
    assert desk.ask("load", connector=1, amps=[10, 0, 6]) == {"ok": True, "amps": [10.0, 0.0, 6.0]}
    desk.now = NOW + 3600
    assert desk.ask("look", connector=1)["energy_wh"] == pytest.approx(16 * 230)
    assert desk.ask("load", connector=1, amps=[20])["amps"] == [15.0]
    assert desk.ask("load", connector=1, obeys=False)["amps"] == [20.0]
    assert desk.ask("meter", connector=1, energy_wh=5)["energy_wh"] == 5.0
    assert desk.ask("look", connector=1)["energy_wh"] == 5.0


def test_the_default_load_is_sixteen_amps_a_phase() -> None:
    desk = Desk(Wired(enable=False))
    desk.ask("cable", state="C")
    desk.wires.connector(1).duty = 0.5
    desk.wires.connector(1).coil.trigger(NOW, 1.0)
    assert desk.ask("look")["amps"] == [16.0, 16.0, 16.0]


def test_look_tells_the_table_s_four_and_more() -> None:
    desk = Desk()
    line = desk.wires.connector(1)
    seen = desk.ask("look", connector=1)
    assert (seen["ok"], seen["duty"], seen["contactor"], seen["lock"], seen["lights"]) == (True, 0, False, None, "off")
    assert desk.ask("look", connector=2)["lock"] is False
    line.duty, line.light = 1.0, 3.0
    desk.wires.connector(2).lock_wanted = 1.0
    line.coil.trigger(NOW, 1.0)
    seen = desk.ask("look", connector=1)
    assert (seen["duty"], seen["contactor"], seen["coil"], seen["enable"]) == (100, False, True, False)
    assert seen["lights"] == LIGHTS[3].value
    assert desk.ask("look", connector=2)["lock"] is True
    line.enable.trigger(NOW, 0.1)
    line.duty = 16 / 60
    seen = desk.ask("look", connector=1)
    assert seen["contactor"] is True
    assert seen["duty"] == pytest.approx(26.667)
    assert seen["pilot_volts"] == [12.0, -12.0]
    assert seen["faults"] == []


@pytest.mark.parametrize(
    ("op", "word", "switch"),
    [
        ("meter", "silent", Switch.SILENT),
        ("meter", "frozen", Switch.FROZEN),
        ("meter", "wrong", Switch.WRONG),
        ("contactor", "welded", Switch.WELDED),
        ("contactor", "stuck", Switch.STUCK),
    ],
)
def test_fault_switches(op: str, word: str, switch: Switch) -> None:
    desk = Desk()
    assert desk.ask(op, connector=1, **{word: True})["ok"]
    assert desk.wires.connector(1).is_on(switch)
    assert desk.ask("look", connector=1)["faults"] == [word]
    desk.ask(op, connector=1, **{word: False})
    assert not desk.wires.connector(1).is_on(switch)


def test_a_welded_contactor_says_so() -> None:
    assert Desk().ask("contactor", connector=1, welded=True)["contactor"] is True


def test_lock() -> None:
    desk = Desk()
    desk.wires.connector(2).lock_wanted = 1.0
    desk.ask("lock", connector=2, jammed=True)
    desk.wires.connector(2).lock_wanted = 0.0
    assert desk.ask("look", connector=2)["lock"] is True
    assert desk.ask("lock", connector=2, jammed=False)["lock"] is False


def test_input_and_proximity() -> None:
    desk = Desk()
    desk.ask("input", connector=1, fault="emergency-stop", active=True)
    assert desk.wires.connector(1).interlock("emergency-stop")
    assert desk.ask("look", connector=1)["faults"] == ["emergency-stop"]
    desk.ask("proximity", connector=2, ohms=680)
    assert desk.wires.connector(2).proximity_ohms == 680.0


def test_a_card_is_told_or_lost() -> None:
    desk = Desk()
    assert desk.ask("rfid", token="04a1b2c3", connectors=[1]) == {"ok": True, "heard": 1}
    assert desk.ask("rfid", token="04A1B2C3")["ok"]
    assert desk.told == [
        {"event": "rfid", "token": "04A1B2C3", "connectors": [1]},
        {"event": "rfid", "token": "04A1B2C3", "connectors": [1, 2]},
    ]
    desk.listeners = 0
    assert "lost" in desk.ask("rfid", token="04A1B2C3", connectors=[2, 1, 1])["note"]


def test_a_card_without_a_reader_is_lost() -> None:
    desk = Desk()
    assert desk.ask("reader", gone=True) == {"ok": True, "heard": 1}
    assert desk.ask("rfid", token="04A1B2C3", connectors=[1])["heard"] == 0
    assert [event["event"] for event in desk.told] == ["reader"]


def test_levels_are_remembered_for_who_comes_late() -> None:
    desk = Desk()
    desk.ask("fault", connector=1, code="other", on=True)
    desk.ask("fault", connector=0, code="ground", on=True)
    desk.ask("fault", connector=0, code="ground", on=False)
    desk.ask("network", up=False)
    assert desk.bench.levels.events() == [
        {"event": "fault", "connector": 1, "code": "other", "on": True},
        {"event": "fault", "connector": 0, "code": "ground", "on": False},
        {"event": "network", "up": False},
        {"event": "reader", "gone": False},
    ]
    assert desk.told[-1] == {"event": "network", "up": False}


def test_faults_are_bounded() -> None:
    desk = Desk()
    for number in range(MAX_FAULTS):
        desk.ask("fault", connector=1, code=f"code-{number}", on=True)
    with pytest.raises(RequestError, match="64 different"):
        desk.ask("fault", connector=1, code="one-more", on=True)
    assert desk.ask("fault", connector=1, code="code-3", on=False)["ok"]


def test_help_knows_every_word_and_its_examples_can_be_read() -> None:
    ops = Desk().ask("help")["ops"]
    assert set(ops) == set(OPS)
    assert all(parse(example.encode())["op"] == name for name, example in ops.items())


@pytest.mark.parametrize("name", [name for name, row in OPS.items() if row.act and name != "lock"])
def test_examples_of_help_work(name: str) -> None:
    desk = Desk(Wired(), Wired())
    assert answer(desk.bench, parse(OPS[name].example.encode()), desk.tell, NOW)["ok"] is True


@pytest.mark.parametrize(
    ("request_", "hint"),
    [
        ({"op": "cable", "connector": 1, "state": "F"}, "A, B, C, D or E"),
        ({"op": "cable", "connector": 1, "state": "BC"}, "1 to 1 characters"),
        ({"op": "cable", "connector": 1}, '"state" is missing'),
        ({"op": "cable", "state": "B"}, '"connector" is missing'),
        ({"op": "cable", "connector": 3, "state": "B"}, "1 to 2, not 3"),
        ({"op": "cable", "connector": True, "state": "B"}, "not true"),
        ({"op": "cable", "connector": 0, "state": "B"}, "not 0"),
        ({"op": "cable", "connector": 1, "state": "B", "conector": 1}, "conector"),
        ({"op": "diode", "connector": 1, "failed": 1}, "true or false"),
        ({"op": "load", "connector": 1, "amps": 16}, "list"),
        ({"op": "load", "connector": 1, "amps": []}, "list"),
        ({"op": "load", "connector": 1, "amps": [1, 2, 3, 4]}, "list"),
        ({"op": "load", "connector": 1, "amps": [-1]}, "0 to 1000"),
        ({"op": "load", "connector": 1, "amps": [float("nan")]}, "0 to 1000"),
        ({"op": "load", "connector": 1, "amps": ["x" * 500]}, r"\.\.\."),
        ({"op": "meter", "connector": 1}, "say what"),
        ({"op": "meter", "connector": 1, "energy_wh": float("inf")}, "number"),
        ({"op": "contactor", "connector": 1}, "say what"),
        ({"op": "lock", "connector": 1, "jammed": True}, "no lock"),
        ({"op": "input", "connector": 1, "fault": "flood", "active": True}, "emergency-stop"),
        ({"op": "rfid", "token": "xyz", "connectors": [1]}, "hex"),
        ({"op": "rfid", "token": "", "connectors": [1]}, "1 to 20"),
        ({"op": "rfid", "token": "  ", "connectors": [1]}, "hex"),
        ({"op": "rfid", "token": "04A1B2C3", "connectors": []}, "list"),
        ({"op": "rfid", "token": "04A1B2C3", "connectors": [9]}, "not 9"),
        ({"op": "fault", "connector": 1, "code": "c" * 51, "on": True}, "1 to 50"),
        ({"op": "network"}, '"up" is missing'),
        ({"op": "attach"}, "needs a connection"),
        ({"op": "lok"}, "one of cable"),
        ({}, "one of cable"),
        ({"op": []}, "one of cable"),
    ],
)
def test_refusals_help_and_change_nothing(request_: dict[str, Any], hint: str) -> None:
    desk = Desk()
    before = bytes(desk.wires._cells.tobytes())
    with pytest.raises(RequestError, match=hint):
        answer(desk.bench, parse(json.dumps(request_).encode()), desk.tell, NOW)
    assert desk.wires._cells.tobytes() == before
    assert desk.told == []


@pytest.mark.parametrize("line", [b"", b"look", b"[1]", b"3", b'"look"', b"\xff", b"[" * 4000])
def test_what_is_not_a_request(line: bytes) -> None:
    with pytest.raises(RequestError):
        parse(line)
