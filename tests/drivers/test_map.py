import struct

import pytest

from drivers.modbus.map import MAPS, Block, MapError, RegisterMap, Value, load, merge, parse

THREE_PHASES = ("sdm630", "sdm72v2")
ONE_PHASE = ("sdm120", "sdm220", "sdm230")

# Registers as they come over the wire, by first address: IEEE 754 words written out by hand.
EASTRON_THREE = {
    0x0000: "4366 3334 4365 999a 4367 0000",  # 230.2 229.6 231.0 V
    0x0006: "4180 0000 4170 0000 0000 0000",  # 16 15 0 A
    0x000C: "4566 0000 4557 0000 0000 0000",  # 3680 3440 0 W
    0x0034: "45de 8000",  # 7120 W
    0x003E: "3f7d 70a4",  # 0.99
    0x0046: "4247 eb85",  # 49.98 Hz
    0x0048: "449a 5000",  # 1234.5 kWh
    0x004A: "3f40 0000",  # 0.75 kWh
}
EASTRON_ONE = {
    0x0000: "4366 3334",
    0x0006: "4180 0000",
    0x000C: "4566 0000",
    0x001E: "3f7d 70a4",
    0x0046: "4247 eb85",
    0x0048: "449a 5000",
    0x004A: "3f40 0000",
}


def words(table: dict[int, str], function: int = 4) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for address, text in table.items():
        data = bytes.fromhex(text)
        for offset, word in enumerate(struct.unpack(f">{len(data) // 2}H", data)):
            found[function, address + offset] = word
    return found


def decoded(registers: RegisterMap, table: dict[int, str]) -> dict[str, list[float]]:
    seen = words(table)
    return {
        name: [float(value.decode(seen) or 0.0) for value in values] for name, values in registers.quantities.items()
    }


@pytest.mark.parametrize("model", THREE_PHASES)
def test_vector_of_the_three_phase_meters(model: str) -> None:
    got = decoded(load(model), EASTRON_THREE)
    assert got.pop("volts") == pytest.approx([230.2, 229.6, 231.0])
    assert got.pop("amps") == [16.0, 15.0, 0.0]
    assert got.pop("powers_w") == [3680.0, 3440.0, 0.0]
    assert {name: values[0] for name, values in got.items()} == pytest.approx(
        {"power_w": 7120.0, "power_factor": 0.99, "frequency_hz": 49.98, "energy_wh": 1234500.0, "export_wh": 750.0}
    )


@pytest.mark.parametrize("model", ONE_PHASE)
def test_vector_of_the_single_phase_meters(model: str) -> None:
    got = decoded(load(model), EASTRON_ONE)
    assert {name: values for name, (values,) in got.items()} == pytest.approx(
        {
            "volts": 230.2,
            "amps": 16.0,
            "powers_w": 3680.0,
            "power_w": 3680.0,
            "power_factor": 0.99,
            "frequency_hz": 49.98,
            "energy_wh": 1234500.0,
            "export_wh": 750.0,
        }
    )


def test_every_shipped_map_has_a_vector_and_a_serial_number() -> None:
    assert sorted(file.stem for file in MAPS.glob("*.toml")) == sorted(THREE_PHASES + ONE_PHASE)
    for model in THREE_PHASES + ONE_PHASE:
        serial = load(model).identity["serial"]
        assert serial.raw({(3, 0xFC00): 0x00BC, (3, 0xFC01): 0x614E}) == 12345678


@pytest.mark.parametrize(
    ("model", "blocks"),
    [
        ("sdm630", (Block(4, 0x00, 0x12), Block(4, 0x34, 0x18))),
        ("sdm120", (Block(4, 0x00, 0x0E), Block(4, 0x1E, 2), Block(4, 0x46, 6))),
    ],
)
def test_few_requests_that_stay_within_what_the_meter_answers(model: str, blocks: tuple[Block, ...]) -> None:
    assert load(model).blocks() == blocks if model == "sdm630" else len(load(model).blocks()) <= 3
    assert all(block.count <= 80 for block in load(model).blocks())


def value(
    address: int, type: str = "float32", function: int = 4, little: bool = False, nan: int | None = None
) -> Value:
    return Value(function, address, type, little, 1.0, nan)


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
    assert merge(values, most_registers=20, most_gap=6) == blocks


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
    ],
)
def test_types(type: str, words_: list[int], little: bool, nan: int | None, expected: float | None) -> None:
    registers = {(4, 7 + offset): word for offset, word in enumerate(words_)}
    assert value(7, type, little=little, nan=nan).decode(registers) == expected


GOOD = {"phases": 1, "function": 4, "type": "float32", "quantity": {"energy_wh": {"address": 0, "unit": "kWh"}}}


def test_scale_and_unit_multiply() -> None:
    entry = {"address": 0, "unit": "kWh", "scale": 0.01, "type": "uint16", "function": 3, "nan": 65535}
    (energy,) = parse({**GOOD, "quantity": {"energy_wh": entry}}, "x").quantities["energy_wh"]
    assert energy.decode({(3, 0): 250}) == 2500.0
    assert energy.decode({(3, 0): 65535}) is None


@pytest.mark.parametrize(
    ("change", "words_"),
    [
        ({"phases": 2}, "phases = 2 must be one of 1, 3"),
        ({"colour": 1}, "x: colour is not known; known: function, identity"),
        ({"function": 5}, "quantity.energy_wh: function = 5 must be one of 3, 4"),
        ({"type": "float"}, "type = 'float' must be one of int16"),
        ({"word_order": "middle"}, "word_order"),
        ({"most_registers": 126}, "most_registers = 126 must be a whole number from 4 to 125"),
        ({"most_gap": True}, "most_gap = True"),
        ({"quantity": 1}, "must be a table like"),
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


def test_an_unknown_model_is_told_the_known_ones() -> None:
    with pytest.raises(MapError, match=r"no register map 'sdm999'.*known: sdm120, sdm220, sdm230, sdm630, sdm72v2"):
        load("sdm999")
