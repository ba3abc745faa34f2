"""One reading of each meter model: its registers as they come over the wire, written out by hand, and what they say.

The scene is the same everywhere: 230.2, 229.6 and 231.0 V; 16, 15 and 0 A; 1234.5 kWh imported, 0.75 exported; what a
model rounds or does not tell is said in its vector. Registers that the map may run over, but whose meaning it does not
use, are filled with ``ee``.
"""

from dataclasses import dataclass, field, replace

from chargepoint.hal import MeterIdentity, MeterSample
from hal_mock.modbus_table import RegisterTable

MEASURED_AT = 100.0
THREE = MeterSample(
    measured_at=MEASURED_AT,
    energy_wh=1234500.0,
    power_w=7120.0,
    amps=(16.0, 15.0, 0.0),
    volts=(230.2, 229.6, 231.0),
    powers_w=(3680.0, 3440.0, 0.0),
    export_wh=750.0,
    frequency_hz=49.98,
    power_factor=0.99,
)
ONE = replace(THREE, power_w=3680.0, amps=(16.0,), volts=(230.2,), powers_w=(3680.0,))


@dataclass(frozen=True)
class Vector:
    """``registers``: function -> first address -> bytes in hex."""

    registers: dict[int, dict[int, str]]
    sample: MeterSample
    identity: MeterIdentity = field(default_factory=MeterIdentity)
    unit: int = 1

    def table(self) -> RegisterTable:
        table = RegisterTable()
        for function, groups in self.registers.items():
            for address, text in groups.items():
                table.put(function, address, bytes.fromhex(text))
        return table


EASTRON_SERIAL = {0xFC00: "00bc614e"}  # 12345678
SDM72V2 = {
    0x0000: "43663334 4365999a 43670000  41800000 41700000 00000000  45660000 45570000 00000000",
    0x0034: "45de8000 eeeeeeee eeeeeeee eeeeeeee eeeeeeee 3f7d70a4 eeeeeeee eeeeeeee eeeeeeee 4247eb85",
    0x0048: "449a5000 3f400000",
}
SDM120 = {
    0x0000: "43663334 eeeeeeee eeeeeeee 41800000 eeeeeeee eeeeeeee 45660000",
    0x000E: "eeeeeeee" * 8,
    0x001E: "3f7d70a4",
    0x0046: "4247eb85 449a5000 3f400000",
}
ABB = {
    0x5000: "000000000001e23a 000000000000004b",
    0x5B00: "000008fe 000008f8 00000906",
    0x5B0C: "00000640 000005dc 00000000",
    0x5B14: "000add40 00059d80 00053fc0 00000000",
    0x5B2C: "1386",
    0x5B3A: "03de",
    0x8900: "00bc614e",
    0x8908: "42312e322e33 00000000000000000000",  # B1.2.3
}
ABB_ONE = {  # what the single phase does not have reads as all ones
    **ABB,
    0x5B00: "000008fe ffffffff ffffffff",
    0x5B0C: "00000640 ffffffff ffffffff",
    0x5B14: "00059d80 7fffffff 7fffffff 7fffffff",
}
GAVAZZI = {  # low word first
    0x0000: "08fe0000 08f80000 09060000 eeeeeeee eeeeeeee eeee 0154 3e800000 3a980000 00000000",
    0x0012: "8fc00000 86600000 00000000",
    0x0028: "16200001 eeeeeeee eeeeeeee eeeeeeee eeee 03de eeee 01f4 30390000",
    0x004E: "00080000",
}
EM24 = {
    0x0000: "08fe0000 08f80000 09060000",
    0x000B: "0048",
    0x000C: "3e800000 3a980000 00000000 8fc00000 86600000 00000000",
    0x0028: "16200001",
    0x0035: "03de",
    0x0037: "01f4",
    0x0042: "30390000",
    0x005C: "00080000",
}
EM112 = {
    0x0000: "08fe0000 3e800000 8fc00000",
    0x000B: "0068",
    0x000E: "03de 01f4 30390000",
    0x0020: "00080000",
}
IEM3000 = {
    0x0BB7: "41800000 41700000 00000000",
    0x0BD3: "43663334 4365999a 43670000",
    0x0BED: "406b851f 405c28f6 00000000 40e3d70a",  # kW
    0x0C25: "4247eb85",
    0x0C83: "000000000012d644 00000000000002ee",  # Wh
}
FINDER = {
    2500: "43663334 4365999a 43670000",
    2516: "41800000 41700000 00000000",
    2530: "45660000 45570000 00000000 45de8000",
    2560: "3f7d70a4",
    2584: "4247eb85",
    2752: "4996b220 eeeeeeee 443b8000",  # Wh
}
FINDER_ONE = {2500: "43663334", 2516: "41800000", 2536: "45660000"} | {at: FINDER[at] for at in (2560, 2584, 2752)}
WE514 = {
    0x0130: "1386 59ec",
    0x0139: "00003e80",
    0x0140: "00000e60",
    0x0158: "03de",
    0xA000: "0001e23a",
}
WE516 = {
    0x000E: "43663334 4365999a 43670000 4247eb85 41800000 41700000 00000000",
    0x001C: "40e3d70a 406b851f 405c28f6 00000000",  # kW
    0x0024: "eeeeeeee" * 8,
    0x0034: "3f7d70a4",
    0x0108: "449a5000 eeeeeeee eeeeeeee eeeeeeee 3f400000",
}
WM3M4 = {
    1: "574d334d3443 20202020202020202020",  # WM3M4C
    9: "3232343333393232",  # 22433922
    105: "fe001386",  # T5: 4998 * 10^-2
    107: "ff0008fe ff0008f8 ff000906",
    126: "fe000640 fe0005dc 00000000",  # T6
    140: "00001bd0",
    142: "01000170 01000158 00000000",  # 368 * 10^1
    414: "0001 ffff",  # exponents 1 and -1
    418: "0001e23a 00001d4c",
}
COARSE = replace(THREE, export_wh=800.0, frequency_hz=50.0)
COARSE_ONE = replace(ONE, export_wh=800.0, frequency_hz=50.0)


def eastron(model: str, registers: dict[int, str], sample: MeterSample) -> Vector:
    return Vector({4: registers, 3: EASTRON_SERIAL}, sample, MeterIdentity(f"Eastron {model}", "12345678"))


def abb(model: str, registers: dict[int, str], sample: MeterSample) -> Vector:
    return Vector({3: registers}, sample, MeterIdentity(f"ABB {model}", "12345678", "B1.2.3"))


def gavazzi(model: str, code: int, registers: dict[int, str], sample: MeterSample) -> Vector:
    return Vector({4: registers}, sample, MeterIdentity(f"Carlo Gavazzi {model} {code}"))


def iskra(model: str) -> Vector:
    return Vector(
        {4: WM3M4}, replace(THREE, power_factor=None), MeterIdentity(f"Iskra {model} WM3M4C", "22433922"), unit=33
    )


def plain(function: int, title: str, registers: dict[int, str], sample: MeterSample) -> Vector:
    return Vector({function: registers}, sample, MeterIdentity(title))


VECTORS = {
    "sdm120": eastron("SDM120", SDM120, ONE),
    "sdm220": eastron("SDM220", SDM120, ONE),
    "sdm230": eastron("SDM230", SDM120, ONE),
    "sdm630": eastron(
        "SDM630",
        {**SDM72V2, 0x015A: "443b8000 43c80000 00000000"},
        replace(THREE, energies_wh=(750000.0, 400000.0, 0.0)),
    ),
    "sdm72": plain(
        4,
        "Eastron SDM72D-M",
        {0x0034: "45de8000", 0x0048: "449a5000 3f400000"},
        MeterSample(MEASURED_AT, 1234500.0, 7120.0, export_wh=750.0),
    ),
    "sdm72v2": eastron("SDM72D-M-2", SDM72V2, THREE),
    "abb_b21": abb("B21", ABB_ONE, ONE),
    "abb_b23": abb("B23", ABB, THREE),
    "abb_b24": abb("B24", ABB, THREE),
    "em24": gavazzi("EM24", 72, EM24, COARSE),
    "em24_e1": gavazzi("EM24 E1", 340, GAVAZZI, COARSE),
    "em111": gavazzi("EM111", 104, EM112, COARSE_ONE),
    "em112": gavazzi("EM112", 104, EM112, COARSE_ONE),
    "em330": gavazzi("EM330", 340, GAVAZZI, COARSE),
    "em340": gavazzi("EM340", 340, GAVAZZI, COARSE),
    "et340": gavazzi("ET340", 340, GAVAZZI, COARSE),
    "iem3000": plain(3, "Schneider iEM3000 series", IEM3000, replace(THREE, power_factor=None)),
    "finder_7m24": plain(4, "Finder 7M.24", FINDER_ONE, ONE),
    "finder_7m38": plain(4, "Finder 7M.38", FINDER, THREE),
    "we514": plain(3, "ORNO OR-WE-514", WE514, replace(ONE, export_wh=None)),
    "we515": plain(3, "ORNO OR-WE-515", WE514, replace(ONE, export_wh=None)),
    "we516": plain(3, "ORNO OR-WE-516", WE516, THREE),
    "we517": plain(3, "ORNO OR-WE-517", WE516, THREE),
    "wm3m4": iskra("WM3M4"),
    "wm3m4c": iskra("WM3M4C"),
}
