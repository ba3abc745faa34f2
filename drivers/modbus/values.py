"""Numbers in registers: how each type is read, and which requests fetch a set of them. No wire."""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Address = tuple[int, int]  # function, register
Registers = Mapping[Address, int]
Number = int | float

MOST_EXPONENT = 12


class Type(NamedTuple):
    """``highest`` is the raw value that many meters give for "not available": all ones, but for the sign."""

    registers: int
    read: Callable[[bytes], Number]
    highest: int | None = None


def _struct(form: str) -> Callable[[bytes], Number]:
    def read(data: bytes) -> Number:
        number: Number = struct.unpack(form, data)[0]
        return number

    return read


def _decade(data: bytes, signed: bool) -> float:
    """Iskra's formats: a signed decade exponent in the first byte, then 24 bits."""
    exponent = int.from_bytes(data[:1], signed=True)
    return float(int.from_bytes(data[1:], signed=signed) * 10.0**exponent)


TYPES: Mapping[str, Type] = {
    "int16": Type(1, _struct(">h"), 2**15 - 1),
    "uint16": Type(1, _struct(">H"), 2**16 - 1),
    "int32": Type(2, _struct(">i"), 2**31 - 1),
    "uint32": Type(2, _struct(">I"), 2**32 - 1),
    "int64": Type(4, _struct(">q"), 2**63 - 1),
    "uint64": Type(4, _struct(">Q"), 2**64 - 1),
    "float32": Type(2, _struct(">f")),
    "float64": Type(4, _struct(">d")),
    "t5": Type(2, lambda data: _decade(data, signed=False)),
    "t6": Type(2, lambda data: _decade(data, signed=True)),
}


@dataclass(frozen=True, slots=True)
class Block:
    """One request."""

    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Value:
    """One number in the meter: where it stands, how it is coded, and the factor to our unit.

    ``exponent``: the register of a signed decade exponent that goes with it.
    """

    function: int
    address: int
    type: str
    little: bool
    factor: float
    nan: int | None
    exponent: int | None = None

    def spans(self) -> list[Block]:
        """The registers it needs."""
        own = Block(self.function, self.address, TYPES[self.type].registers)
        return [own] if self.exponent is None else [own, Block(self.function, self.exponent, 1)]

    def decode(self, registers: Registers) -> float | None:
        """In our unit, or None where the meter says that it does not measure this."""
        raw = self.raw(registers)
        if raw == self.nan or not math.isfinite(raw):
            return None
        if self.exponent is None:
            return raw * self.factor
        decades = TYPES["int16"].read(words_bytes([registers[self.function, self.exponent]]))
        return float(raw * self.factor * 10.0**decades) if abs(decades) <= MOST_EXPONENT else None

    def raw(self, registers: Registers) -> Number:
        (own, *_) = self.spans()
        words = [registers[own.function, own.address + offset] for offset in range(own.count)]
        return TYPES[self.type].read(words_bytes(words[::-1] if self.little else words))


@dataclass(frozen=True, slots=True)
class Text:
    """ASCII in the meter, two characters a register."""

    function: int
    address: int
    registers: int

    def spans(self) -> list[Block]:
        return [Block(self.function, self.address, self.registers)]

    def decode(self, registers: Registers) -> str:
        """Up to the first zero, without what cannot be printed."""
        words = [registers[self.function, self.address + offset] for offset in range(self.registers)]
        text = words_bytes(words).partition(b"\0")[0].decode("ascii", "replace")
        return "".join(letter for letter in text if letter.isascii() and letter.isprintable()).strip()


def words_bytes(words: Sequence[int]) -> bytes:
    return struct.pack(f">{len(words)}H", *words)


def merge(spans: Sequence[Block], most_registers: int, most_gap: int) -> tuple[Block, ...]:
    """Requests that cover all spans. Neighbours share one unless more than ``most_gap`` unused registers part them."""
    blocks: list[Block] = []
    for span in sorted(spans, key=lambda span: (span.function, span.address)):
        end = span.address + span.count
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and last.function == span.function
            and span.address - (last.address + last.count) <= most_gap
            and end - last.address <= most_registers
        ):
            blocks[-1] = Block(last.function, last.address, max(last.count, end - last.address))
        else:
            blocks.append(span)
    return tuple(blocks)
