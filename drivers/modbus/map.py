"""Register maps: which register of a meter holds which quantity, as data in ``maps/*.toml``.

A map is the meter's protocol sheet and nothing else, so a new meter is a new file. Loading turns it into blocks (the
few requests that fetch everything) and decoding turns registers into the units of `hal.MeterSample`; neither talks to
a wire. A map that does not make sense is refused with one sentence that names the file and the key.

    title = "Eastron SDM630"
    phases = 3                   # how many currents it measures
    function = 4                 # 3: holding registers, 4: input registers
    type = "float32"             # of all quantities, unless one says otherwise
    word_order = "big"           # or "little": the low word comes first
    most_registers = 80          # per request
    [quantity.energy_wh]         # a field of hal.MeterSample
    address = 0x0048             # or `addresses`, one per phase
    unit = "kWh"                 # what the register counts in
    scale = 0.1                  # optional, and `type`, `function`, `nan` (raw value that means "not measured")
    [identity.serial]
    function = 3
    address = 0xFC00
    type = "uint32"
"""

import math
import struct
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAPS = Path(__file__).parent / "maps"

# dtype -> (registers, struct format of the big-endian bytes)
TYPES = {
    "int16": (1, ">h"),
    "uint16": (1, ">H"),
    "int32": (2, ">i"),
    "uint32": (2, ">I"),
    "int64": (4, ">q"),
    "uint64": (4, ">Q"),
    "float32": (2, ">f"),
}

# hal.MeterSample field -> unit in the map -> factor to the field's own unit
UNITS: Mapping[str, Mapping[str, float]] = {
    "energy_wh": {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6},
    "export_wh": {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6},
    "power_w": {"W": 1.0, "kW": 1e3},
    "powers_w": {"W": 1.0, "kW": 1e3},
    "amps": {"A": 1.0, "mA": 1e-3},
    "volts": {"V": 1.0},
    "frequency_hz": {"Hz": 1.0},
    "power_factor": {"1": 1.0},
    "temperature_c": {"C": 1.0},
}
PER_PHASE = ("amps", "volts", "powers_w")
IDENTITY = ("serial", "firmware")

Address = tuple[int, int]  # function, register
Registers = Mapping[Address, int]

MAP_KEYS = {"title", "phases", "function", "type", "word_order", "most_registers", "most_gap", "quantity", "identity"}
VALUE_KEYS = {"address", "addresses", "function", "type", "unit", "scale", "nan"}


class MapError(ValueError):
    """A register map cannot be used; the text names the file, the key and what it should be."""


@dataclass(frozen=True, slots=True)
class Value:
    """One number in the meter: where it stands, how it is coded, and the factor to our unit."""

    function: int
    address: int
    type: str
    little: bool
    factor: float
    nan: int | None

    @property
    def registers(self) -> int:
        return TYPES[self.type][0]

    def addresses(self) -> list[Address]:
        return [(self.function, self.address + offset) for offset in range(self.registers)]

    def decode(self, registers: Registers) -> float | None:
        """In our unit, or None where the meter says that it does not measure this."""
        raw = self.raw(registers)
        if raw == self.nan or not math.isfinite(raw):
            return None
        return raw * self.factor

    def raw(self, registers: Registers) -> int | float:
        words = [registers[address] for address in self.addresses()]
        if self.little:
            words.reverse()
        number: int | float = struct.unpack(TYPES[self.type][1], struct.pack(f">{len(words)}H", *words))[0]
        return number


@dataclass(frozen=True, slots=True)
class Block:
    """One request."""

    function: int
    address: int
    count: int


@dataclass(frozen=True)
class RegisterMap:
    title: str
    phases: int
    quantities: Mapping[str, tuple[Value, ...]]
    identity: Mapping[str, Value]
    most_registers: int
    most_gap: int

    def blocks(self) -> tuple[Block, ...]:
        """The requests of one sample, in the order of the addresses."""
        return merge(
            [value for group in self.quantities.values() for value in group], self.most_registers, self.most_gap
        )


def load(model: str) -> RegisterMap:
    """The map of that name, or the file where ``model`` is a path. Raises MapError."""
    file = Path(model) if "/" in model or model.endswith(".toml") else MAPS / f"{model}.toml"
    try:
        text = file.read_text("utf-8")
    except (OSError, ValueError) as exc:
        known = ", ".join(sorted(found.stem for found in MAPS.glob("*.toml")))
        raise MapError(f"there is no register map {model!r} ({file}: {exc}); known: {known}, or give a path") from exc
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise MapError(f"{file}: not valid TOML: {exc}") from exc
    return parse(table, str(file))


def parse(table: Mapping[str, Any], source: str) -> RegisterMap:
    """A map from its TOML table; ``source`` is named in the MapError."""
    _known_keys(table, MAP_KEYS, source)
    phases = _choice(table, "phases", (1, 3), None, source)
    quantities: dict[str, tuple[Value, ...]] = {}
    for name, entry in _tables(table, "quantity", UNITS, source):
        where = f"{source}: quantity.{name}"
        wanted = phases if name in PER_PHASE else 1
        factor = _unit(entry, UNITS[name], where)
        quantities[name] = tuple(
            _value(table, entry, address, factor, where) for address in _addresses(entry, wanted, where)
        )
    if "energy_wh" not in quantities:
        raise MapError(f"{source}: quantity.energy_wh is missing; without an energy register a meter is of no use")
    identity = {
        name: _value(
            table, entry, _addresses(entry, 1, f"{source}: identity.{name}")[0], 1.0, f"{source}: identity.{name}"
        )
        for name, entry in _tables(table, "identity", dict.fromkeys(IDENTITY), source)
    }
    most = _integer(table.get("most_registers", 60), 4, 125, f"{source}: most_registers")
    gap = _integer(table.get("most_gap", 16), 0, 125, f"{source}: most_gap")
    return RegisterMap(str(table.get("title", source)), phases, quantities, identity, most, gap)


def merge(values: Sequence[Value], most_registers: int, most_gap: int) -> tuple[Block, ...]:
    """Blocks that cover all values. Neighbours share one unless more than ``most_gap`` unused registers part them."""
    blocks: list[Block] = []
    for value in sorted(values, key=lambda value: (value.function, value.address)):
        end = value.address + value.registers
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and last.function == value.function
            and value.address - (last.address + last.count) <= most_gap
            and end - last.address <= most_registers
        ):
            blocks[-1] = Block(last.function, last.address, max(last.count, end - last.address))
        else:
            blocks.append(Block(value.function, value.address, value.registers))
    return tuple(blocks)


def _tables(
    table: Mapping[str, Any], key: str, known: Mapping[str, Any], source: str
) -> list[tuple[str, Mapping[str, Any]]]:
    group = table.get(key, {})
    if not isinstance(group, dict):
        raise MapError(f"{source}: {key} must be a table like [{key}.{next(iter(known))}]")
    for name, entry in group.items():
        if name not in known:
            raise MapError(f"{source}: {key}.{name} is not known; known: {', '.join(known)}")
        if not isinstance(entry, dict):
            raise MapError(f"{source}: {key}.{name} must be a table")
        _known_keys(entry, VALUE_KEYS, f"{source}: {key}.{name}")
    return list(group.items())


def _value(table: Mapping[str, Any], entry: Mapping[str, Any], address: int, factor: float, where: str) -> Value:
    both = {**table, **entry}
    scale = entry.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not math.isfinite(scale) or scale == 0:
        raise MapError(f"{where}: scale = {scale!r} must be a number other than 0")
    nan = entry.get("nan")
    if nan is not None:
        nan = _integer(nan, -(2**63), 2**64 - 1, f"{where}: nan")
    return Value(
        function=_choice(both, "function", (3, 4), None, where),
        address=address,
        type=_choice(both, "type", tuple(TYPES), None, where),
        little=_choice(both, "word_order", ("big", "little"), "big", where) == "little",
        factor=factor * scale,
        nan=nan,
    )


def _addresses(entry: Mapping[str, Any], wanted: int, where: str) -> list[int]:
    given = entry["addresses"] if "addresses" in entry else [entry["address"]] if "address" in entry else None
    if not isinstance(given, list):
        raise MapError(f"{where}: address is missing")
    if len(given) != wanted:
        raise MapError(f"{where}: {len(given)} addresses given, {wanted} needed (one per phase)")
    return [_integer(address, 0, 65535 - 3, f"{where}: address") for address in given]


def _unit(entry: Mapping[str, Any], units: Mapping[str, float], where: str) -> float:
    unit = str(entry.get("unit"))
    if unit not in units:
        raise MapError(f"{where}: unit = {unit!r} must be one of {', '.join(units)}")
    return units[unit]


def _choice(table: Mapping[str, Any], key: str, allowed: tuple[Any, ...], default: Any, where: str) -> Any:
    given = table.get(key, default)
    if isinstance(given, bool) or given not in allowed:
        raise MapError(f"{where}: {key} = {given!r} must be one of {', '.join(map(str, allowed))}")
    return given


def _integer(given: Any, low: int, high: int, where: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise MapError(f"{where} = {given!r} must be a whole number from {low} to {high}")
    return given


def _known_keys(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise MapError(f"{where}: {key} is not known; known: {', '.join(sorted(known))}")
