import struct

import pytest

from drivers.modbus.map import MAPS, MapError, load, parse
from drivers.modbus.values import Block, Text, Value, merge
from tests.drivers.vectors import VECTORS


def test_every_shipped_map_has_a_vector() -> None:
    assert sorted(file.stem for file in MAPS.glob("*.toml")) == sorted(VECTORS)


def test_what_is_not_certain_is_said() -> None:
    unsure = {model for model in VECTORS if "unconfirmed: " in load(model).note}
    assert {model for model in unsure if not model.startswith(("em", "et"))} == {
        *("abb_b21", "abb_b23", "abb_b24", "finder_7m24", "finder_7m38")
    }


@pytest.mark.parametrize(
    ("model", "blocks"),
    [
        ("sdm72v2", (Block(4, 0x00, 0x12), Block(4, 0x34, 0x18))),
        ("sdm630", (Block(4, 0x00, 0x12), Block(4, 0x34, 0x18), Block(4, 0x15A, 6))),
        ("sdm120", (Block(4, 0x00, 0x20), Block(4, 0x46, 6))),
        ("em340", (Block(4, 0x00, 0x18), Block(4, 0x28, 0x0E), Block(4, 0x4E, 2))),
        (
            "wm3m4",
            (Block(4, 105, 8), Block(4, 126, 6), Block(4, 140, 8), Block(4, 414, 2), Block(4, 418, 4)),
        ),
    ],
)
def test_few_requests(model: str, blocks: tuple[Block, ...]) -> None:
    assert load(model).blocks() == blocks


def value(
    address: int, type: str = "float32", function: int = 4, little: bool = False, nan: int | None = None
) -> Value:
    return Value(function, address, type, little, 1.0, nan)


def merged(values: list[Value], most_registers: int, most_gap: int) -> tuple[Block, ...]:
    return merge([span for value in values for span in value.spans()], most_registers, most_gap)


@pytest.mark.parametrize(
    ("values", "blocks"),
    [
        ([value(4), value(0)], (Block(4, 0, 6),)),
        ([value(0), value(9)], (Block(4, 0, 2), Block(4, 9, 2))),
        ([value(0), value(8)], (Block(4, 0, 10),)),
        ([value(0), value(2, function=3)], (Block(3, 2, 2), Block(4, 0, 2))),
        ([value(0), value(0, "uint16")], (Block(4, 0, 2),)),
        ([value(n * 2) for n in range(12)], (Block(4, 0, 20), Block(4, 20, 4))),
    ],
)
def test_merging(values: list[Value], blocks: tuple[Block, ...]) -> None:
    assert merged(values, most_registers=20, most_gap=6) == blocks


@pytest.mark.parametrize(
    ("type", "words_", "little", "nan", "expected"),
    [
        ("int16", [0xFFFE], False, None, -2.0),
        ("uint16", [0xFFFE], False, None, 65534.0),
        ("int32", [0xFFFE, 0xFFFF], True, None, -2.0),  # Carlo Gavazzi's order
        ("uint32", [0x0001, 0x0000], False, None, 65536.0),
        ("int64", [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFD], False, None, -3.0),
        ("uint64", [0, 0, 1, 0], False, None, 65536.0),
        ("float32", [0x7FC0, 0x0000], False, None, None),
        ("float32", [0x7F80, 0x0000], False, None, None),  # infinity
        ("uint32", [0xFFFF, 0xFFFF], False, 0xFFFFFFFF, None),
        ("float64", [0x40F8, 0x6A00, 0, 0], False, None, 100000.0),
        ("t5", [0xFF00, 0x08FE], False, None, 230.2),
        ("t5", [0x02FF, 0xFFFF], False, None, 0xFFFFFF * 100.0),
        ("t6", [0xFEFF, 0xFA24], False, None, -15.0),
        ("t6", [0x01FF, 0xFFFF], False, None, -10.0),
    ],
)
def test_types(type: str, words_: list[int], little: bool, nan: int | None, expected: float | None) -> None:
    registers = {(4, 7 + offset): word for offset, word in enumerate(words_)}
    assert value(7, type, little=little, nan=nan).decode(registers) == pytest.approx(expected)


GOOD = {"phases": 1, "function": 4, "type": "float32", "quantity": {"energy_wh": {"address": 0, "unit": "kWh"}}}


def test_scale_and_unit_multiply() -> None:
    entry = {"address": 0, "unit": "kWh", "scale": 0.01, "type": "uint16", "function": 3, "nan": 65535}
    (energy,) = parse({**GOOD, "quantity": {"energy_wh": entry}}, "x").quantities["energy_wh"]
    assert energy.decode({(3, 0): 250}) == 2500.0
    assert energy.decode({(3, 0): 65535}) is None


@pytest.mark.parametrize(
    ("decades", "expected"), [(0, 7.0), (3, 7000.0), (0xFFFE, 0.07), (12, 7e12), (13, None), (0x8000, None)]
)
def test_an_exponent_of_its_own(decades: int, expected: float | None) -> None:
    counter = Value(4, 418, "int32", False, 1.0, None, exponent=414)
    assert counter.spans() == [Block(4, 418, 2), Block(4, 414, 1)]
    assert counter.decode({(4, 414): decades, (4, 418): 0, (4, 419): 7}) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"WM3M4C  ", "WM3M4C"),
        (b"B1\0\0\0\0\0\0", "B1"),
        (b"\0\0\0\0\0\0\0\0", ""),
        (b"\xffA\x01B\x1b[2J", "AB[2J"),
    ],
)
def test_text_is_plain(data: bytes, text: str) -> None:
    registers = {(3, at): word for at, word in enumerate(struct.unpack(">4H", data))}
    assert Text(3, 0, 4).decode(registers) == text


@pytest.mark.parametrize(
    ("type", "highest"), [("uint16", 0xFFFF), ("int32", 0x7FFFFFFF), ("uint64", 2**64 - 1), ("int16", 0x7FFF)]
)
def test_the_highest_number_means_not_available(type: str, highest: int) -> None:
    entry = {"address": 0, "unit": "Wh", "type": type}
    (energy,) = parse({**GOOD, "nan": "highest", "quantity": {"energy_wh": entry}}, "x").quantities["energy_wh"]
    assert energy.nan == highest


@pytest.mark.parametrize(
    ("change", "words_"),
    [
        ({"phases": 2}, "phases = 2 must be one of 1, 3"),
        ({"colour": 1}, "x: colour is not known; known: factory_unit, function, identity"),
        ({"function": 5}, "quantity.energy_wh: function = 5 must be one of 3, 4"),
        ({"type": "float"}, "type = 'float' must be one of int16"),
        ({"word_order": "middle"}, "word_order"),
        ({"most_registers": 126}, "most_registers = 126 must be a whole number from 4 to 125"),
        ({"most_gap": True}, "most_gap = True"),
        ({"quantity": 1}, "quantity must be a table with tables in it"),
        ({"nan": "highest"}, 'nan = "highest" needs a whole number type, not float32'),
        ({"factory_unit": 0}, "factory_unit = 0 must be a whole number from 1 to 247"),
        ({"like": "sdm999"}, "like = 'sdm999' must be the name of a shipped map"),
        ({"like": "../maps/sdm120x"}, "must be the name of a shipped map"),
        ({"like": "sdm630"}, "must be a map that is not itself like another (sdm72v2)"),
        ({"like": "sdm120", "identity": 7}, "identity must be a table with tables in it"),
        ({"quantity": {"energy_wh": {"address": 0, "unit": "Wh", "exponent": -1}}}, "exponent = -1"),
        ({"identity": {"serial": {"address": 0, "type": "text"}}}, "identity.serial: registers = None must be"),
        ({"identity": {"serial": {"address": 0, "exponent": 1}}}, "identity.serial: exponent is not known"),
        ({"identity": {"colour": {}}}, "identity.colour is not known; known: model, serial, firmware"),
        ({"quantity": {}}, "energy_wh is missing"),
        ({"quantity": {"power": {}}}, "quantity.power is not known; known: energy_wh"),
        ({"quantity": {"energy_wh": 1}}, "quantity.energy_wh must be a table"),
        ({"quantity": {"energy_wh": {"address": 0}}}, "unit = 'None' must be one of Wh, kWh, MWh"),
        ({"quantity": {"energy_wh": {"unit": "Wh"}}}, "address is missing"),
        ({"quantity": {"energy_wh": {"addresses": 3, "unit": "Wh"}}}, "address is missing"),
        ({"quantity": {"energy_wh": {"addresses": [0, 2], "unit": "Wh"}}}, "2 addresses given, 1 needed"),
        ({"quantity": {"energy_wh": {"address": 70000, "unit": "Wh"}}}, "address = 70000 must be a whole number"),
        ({"quantity": {"energy_wh": {"address": 0, "unit": "Wh", "scale": 0}}}, "scale = 0 must be a number"),
        ({"quantity": {"energy_wh": {"address": 0, "unit": "Wh", "nan": "x"}}}, "nan = 'x'"),
        ({"quantity": {"energy_wh": {"address": 0, "unit": "Wh", "adress": 1}}}, "adress is not known"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused_with_a_sentence(change: dict[str, object], words_: str) -> None:
    with pytest.raises(MapError, match=r"^x: ") as told:
        parse({**GOOD, **change}, "x")
    assert words_ in str(told.value)


def test_a_map_of_ones_own(tmp_path: object) -> None:
    file = f"{tmp_path}/mine.toml"
    with open(file, "w") as out:
        out.write(
            'title = "Mine"\nphases = 1\nfunction = 3\ntype = "uint32"\n'
            '[quantity.energy_wh]\naddress = 2\nunit = "Wh"\n'
        )
    assert load(file).title == "Mine"
    assert load(file).blocks() == (Block(3, 2, 2),)
    with open(file, "w") as out:
        out.write("title =")
    with pytest.raises(MapError, match="not valid TOML"):
        load(file)


def test_a_map_of_ones_own_may_be_like_a_shipped_one(tmp_path: object) -> None:
    file = f"{tmp_path}/mine.toml"
    with open(file, "w") as out:
        out.write('title = "Mine"\nlike = "em112"\n[quantity.energy_wh]\naddress = 0x112\nunit = "Wh"\n')
    mine, theirs = load(file), load("em112")
    assert (mine.title, mine.note) == ("Mine", theirs.note)
    assert mine.quantities["energy_wh"][0].address == 0x112 and mine.quantities["energy_wh"][0].little
    assert mine.quantities["volts"] == theirs.quantities["volts"]


def test_an_unknown_model_is_told_the_known_ones() -> None:
    with pytest.raises(MapError, match=r"no register map 'sdm999'.*known: abb_b21, .*, sdm630, .*, wm3m4c"):
        load("sdm999")
