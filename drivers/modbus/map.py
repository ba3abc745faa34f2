"""Register maps: which register of a meter holds which quantity, as data in ``maps/*.toml``.

A map is the meter's protocol sheet and nothing else, so a new meter is a new file. Loading turns it into blocks (the
few requests that fetch everything) and decoding turns registers into the units of `hal.MeterSample`; neither talks to
a wire. A map that does not make sense is refused with one sentence that names the file and the key.

    title = "Eastron SDM630"
    note = "..."                 # optional: what a technician should know; "unconfirmed: ..." for what is not certain
    like = "sdm120"              # optional: a shipped map to start from; what is given here replaces what it says
    factory_unit = 1             # optional: the Modbus address the maker sets
    phases = 3                   # how many currents it measures
    function = 4                 # 3: holding registers, 4: input registers
    type = "float32"             # of all quantities, unless one says otherwise; the types are in values.py
    word_order = "big"           # or "little": the low word comes first
    nan = "highest"              # optional: raw value that means "not measured"; highest: all ones (but for the sign)
    most_registers = 80          # per request
    most_gap = 16                # unused registers a request may run over
    [quantity.energy_wh]         # a field of hal.MeterSample
    address = 0x0048             # or `addresses`, one per phase
    unit = "kWh"                 # what the register counts in
    scale = 0.1                  # optional, as are `type`, `function`, `word_order` and `nan`
    exponent = 0x0060            # optional: register of a signed decade exponent
    [identity.serial]            # or model, firmware
    function = 3
    address = 0xFC00
    type = "uint32"              # or "text", with `registers`
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.modbus.values import TYPES, Block, Text, Value, merge

MAPS = Path(__file__).parent / "maps"

# hal.MeterSample field -> unit in the map -> factor to the field's own unit
WATT_HOURS = {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6}
WATTS = {"W": 1.0, "kW": 1e3}
UNITS: Mapping[str, Mapping[str, float]] = {
    "energy_wh": WATT_HOURS,
    "energies_wh": WATT_HOURS,
    "export_wh": WATT_HOURS,
    "power_w": WATTS,
    "powers_w": WATTS,
    "amps": {"A": 1.0, "mA": 1e-3},
    "volts": {"V": 1.0},
    "frequency_hz": {"Hz": 1.0},
    "power_factor": {"1": 1.0},
    "temperature_c": {"C": 1.0},
}
PER_PHASE = ("amps", "volts", "powers_w", "energies_wh")
IDENTITY = ("model", "serial", "firmware")

INHERITED_KEYS = {"function", "type", "word_order", "nan"}
MAP_KEYS = INHERITED_KEYS | {
    *("title", "note", "like", "factory_unit", "phases", "most_registers", "most_gap", "quantity", "identity")
}
ENTRY_KEYS = {
    "quantity": INHERITED_KEYS | {"address", "addresses", "unit", "scale", "exponent"},
    "identity": INHERITED_KEYS | {"address", "registers"},
}
LAST_REGISTER = 65535
MOST_BYTES = 65536


class MapError(ValueError):
    """A register map cannot be used; the text names the file, the key and what it should be."""


@dataclass(frozen=True)
class RegisterMap:
    title: str
    note: str
    factory_unit: int
    phases: int
    quantities: Mapping[str, tuple[Value, ...]]
    identity: Mapping[str, Value | Text]
    most_registers: int
    most_gap: int

    def blocks(self) -> tuple[Block, ...]:
        """The requests of one sample, in the order of the addresses."""
        spans = [span for group in self.quantities.values() for value in group for span in value.spans()]
        return merge(spans, self.most_registers, self.most_gap)


def load(model: str) -> RegisterMap:
    """The map of that name, or the file where ``model`` is a path. Raises MapError."""
    file = Path(model) if "/" in model or model.endswith(".toml") else MAPS / f"{model}.toml"
    return parse(_read(file, model), str(file))


def parse(table: Mapping[str, Any], source: str) -> RegisterMap:
    """A map from its TOML table; ``source`` is named in the MapError."""
    table = _grown(table, source)
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
        name: _told(table, entry, f"{source}: identity.{name}")
        for name, entry in _tables(table, "identity", dict.fromkeys(IDENTITY), source)
    }
    return RegisterMap(
        title=str(table.get("title", source)),
        note=str(table.get("note", "")),
        factory_unit=_integer(table.get("factory_unit", 1), 1, 247, f"{source}: factory_unit"),
        phases=phases,
        quantities=quantities,
        identity=identity,
        most_registers=_integer(table.get("most_registers", 60), 4, 125, f"{source}: most_registers"),
        most_gap=_integer(table.get("most_gap", 16), 0, 125, f"{source}: most_gap"),
    )


def _read(file: Path, model: str) -> Mapping[str, Any]:
    try:
        with file.open("rb") as data:
            text = data.read(MOST_BYTES).decode("utf-8")
    except (OSError, ValueError) as exc:
        known = ", ".join(sorted(found.stem for found in MAPS.glob("*.toml")))
        raise MapError(f"there is no register map {model!r} ({file}: {exc}); known: {known}, or give a path") from exc
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise MapError(f"{file}: not valid TOML: {exc}") from exc


def _grown(table: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """The table over the one it is `like`. A quantity that is given replaces the other's whole."""
    if "like" not in table:
        return table
    like = table["like"]
    if not isinstance(like, str) or not (MAPS / f"{like}.toml").is_file():
        raise MapError(f"{source}: like = {like!r} must be the name of a shipped map")
    base = _read(MAPS / f"{like}.toml", like)
    if "like" in base:
        raise MapError(f"{source}: like = {like!r} must be a map that is not itself like another ({base['like']})")
    nested = {key: {**base.get(key, {}), **_group(table, key, source)} for key in ("quantity", "identity")}
    return {**base, **table, **nested}


def _group(table: Mapping[str, Any], key: str, source: str) -> Mapping[str, Any]:
    group = table.get(key, {})
    if not isinstance(group, dict):
        raise MapError(f"{source}: {key} must be a table with tables in it, as in [{key}.name]")
    return group


def _tables(
    table: Mapping[str, Any], key: str, known: Mapping[str, Any], source: str
) -> list[tuple[str, Mapping[str, Any]]]:
    group = _group(table, key, source)
    for name, entry in group.items():
        if name not in known:
            raise MapError(f"{source}: {key}.{name} is not known; known: {', '.join(known)}")
        if not isinstance(entry, dict):
            raise MapError(f"{source}: {key}.{name} must be a table")
        _known_keys(entry, ENTRY_KEYS[key], f"{source}: {key}.{name}")
    return list(group.items())


def _told(table: Mapping[str, Any], entry: Mapping[str, Any], where: str) -> Value | Text:
    (address,) = _addresses(entry, 1, where)
    if entry.get("type") != "text":
        return _value(table, entry, address, 1.0, where)
    function = _choice({**table, **entry}, "function", (3, 4), None, where)
    return Text(function, address, _integer(entry.get("registers"), 1, 32, f"{where}: registers"))


def _value(table: Mapping[str, Any], entry: Mapping[str, Any], address: int, factor: float, where: str) -> Value:
    both = {**table, **entry}
    scale = entry.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not math.isfinite(scale) or scale == 0:
        raise MapError(f"{where}: scale = {scale!r} must be a number other than 0")
    kind = _choice(both, "type", tuple(TYPES), None, where)
    exponent = entry.get("exponent")
    if exponent is not None:
        exponent = _integer(exponent, 0, LAST_REGISTER, f"{where}: exponent")
    return Value(
        function=_choice(both, "function", (3, 4), None, where),
        address=address,
        type=kind,
        little=_choice(both, "word_order", ("big", "little"), "big", where) == "little",
        factor=factor * scale,
        nan=_nan(both.get("nan"), kind, where),
        exponent=exponent,
    )


def _nan(given: Any, kind: str, where: str) -> int | None:
    if given is None:
        return None
    if given != "highest":
        return _integer(given, -(2**63), 2**64 - 1, f"{where}: nan")
    if TYPES[kind].highest is None:
        raise MapError(f'{where}: nan = "highest" needs a whole number type, not {kind}')
    return TYPES[kind].highest


def _addresses(entry: Mapping[str, Any], wanted: int, where: str) -> list[int]:
    given = entry["addresses"] if "addresses" in entry else [entry["address"]] if "address" in entry else None
    if not isinstance(given, list):
        raise MapError(f"{where}: address is missing")
    if len(given) != wanted:
        raise MapError(f"{where}: {len(given)} addresses given, {wanted} needed (one per phase)")
    return [_integer(address, 0, LAST_REGISTER - 31, f"{where}: address") for address in given]


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
