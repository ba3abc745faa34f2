"""An Eastron-like energy meter on a serial line, written from the Modbus RTU frame up.

Own frames, own CRC, own register table: a mistake in the driver, in its maps or in its Modbus library cannot hide in
a shared line of code. The registers follow Eastron's protocol sheets: quantities are IEEE 754 floats in two input
registers each, read by function 4, at most 80 registers a request; the serial number is an unsigned 32 bit number in
the holding registers 0xFC00. What has no quantity reads as zero.

The faults are those of a meter cabinet: a meter without supply, a noisy line, an adapter that hears itself, two
meters with swapped addresses, a slow optocoupler, a plug pulled. Other devices may share the line, and its faults.
"""

import asyncio
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hal_mock.modbus_table import RegisterTable
from hal_mock.serial_wire import SerialWire

# Eastron SDM630 Modbus protocol, table of input registers; the single-phase meters share the first of each group.
VOLTS, AMPS, WATTS = (0x0000, 0x0002, 0x0004), (0x0006, 0x0008, 0x000A), (0x000C, 0x000E, 0x0010)
IMPORTS_KWH = (0x015A, 0x015C, 0x015E)
PF_L1, POWER, POWER_FACTOR, FREQUENCY = 0x001E, 0x0034, 0x003E, 0x0046
IMPORT_KWH, EXPORT_KWH = 0x0048, 0x004A
SERIAL = 0xFC00
MOST_REGISTERS = 80

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4


def crc16(data: bytes) -> bytes:
    """Modbus over serial line V1.02, section 6.2.2: polynomial 0xA001, low byte first on the wire."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


@dataclass
class RtuFaults:
    """Switches; all off is a healthy meter."""

    silent: bool = False
    bad_crc: bool = False
    echo: bool = False  # the adapter hears what it sends, and a quick answer comes in one piece with it
    exception: int = 0  # answer every request with this exception code
    answer_as: int = 0  # answer under another address
    late_s: float = 0.0
    gap_s: float = 0.0  # pause in the middle of the answer
    short: int = 0  # registers left out at the end of the answer, in a frame that is valid otherwise


@dataclass
class RtuMeter:
    """Use as ``async with``. Set the quantities as the meter's display shows them: volts, amps, watts, kWh."""

    name: Path
    unit: int = 1
    baud: int = 0  # wire time of this baud rate; 0: none
    serial: int = 12345678
    volts: tuple[float, float, float] = (230.0, 230.0, 230.0)
    amps: tuple[float, float, float] = (0.0, 0.0, 0.0)
    import_kwh: float = 0.0
    imports_kwh: tuple[float, float, float] = (0.0, 0.0, 0.0)
    export_kwh: float = 0.0
    frequency_hz: float = 50.0
    power_factor: float = 1.0
    faults: RtuFaults = field(default_factory=RtuFaults)
    requests: list[tuple[int, int, int]] = field(default_factory=list)
    neighbours: Mapping[int, RegisterTable] = field(default_factory=dict)  # by address

    def __post_init__(self) -> None:
        self._wire = SerialWire(self.name, self._received)
        self._buffer = b""
        self._answers: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> str:
        return self._wire.port

    async def __aenter__(self) -> "RtuMeter":
        self.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        self.unplug()

    def plug(self) -> None:
        self._buffer = b""
        self._wire.plug()

    def unplug(self) -> None:
        self._wire.unplug()

    def jump(self, kwh: float) -> None:
        """The register changes by that much at once, as after a replaced or reset meter."""
        self.import_kwh += kwh

    def floats(self) -> dict[int, float]:
        """Quantity by input register."""
        watts = tuple(u * i * self.power_factor for u, i in zip(self.volts, self.amps, strict=True))
        quantities = self.volts + self.amps + watts + self.imports_kwh
        table = dict(zip(VOLTS + AMPS + WATTS + IMPORTS_KWH, quantities, strict=True))
        table[PF_L1] = table[POWER_FACTOR] = self.power_factor
        table[POWER] = sum(watts)
        table[FREQUENCY] = self.frequency_hz
        table[IMPORT_KWH], table[EXPORT_KWH] = self.import_kwh, self.export_kwh
        return table

    def _received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data)[-512:]
        while len(self._buffer) >= 8:
            frame = self._buffer[:8]
            if crc16(frame[:6]) != frame[6:]:
                self._buffer = self._buffer[1:]
                continue
            self._buffer = self._buffer[8:]
            self._request(frame)

    def _request(self, frame: bytes) -> None:
        echo = frame if self.faults.echo else b""
        unit, function, address, count = struct.unpack(">BBHH", frame[:6])
        if unit == self.unit:
            self.requests.append((function, address, count))
        neighbour = self.neighbours.get(unit)
        if (unit != self.unit and neighbour is None) or self.faults.silent:
            self._wire.send(echo)
            return
        pdu = self._pdu if neighbour is None else neighbour.pdu
        body = bytes([self.faults.answer_as or unit]) + pdu(function, address, count)
        crc = crc16(body)
        answer = body + (bytes([crc[0] ^ 0xFF, crc[1]]) if self.faults.bad_crc else crc)
        delay = self.faults.late_s + (0.0 if not self.baud else (len(frame) + len(answer) + 7) * 10 / self.baud)
        if delay or self.faults.gap_s:
            self._wire.send(echo)
            task = asyncio.get_running_loop().create_task(self._answer_slowly(answer, delay, self.faults.gap_s))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
        else:
            self._wire.send(echo + answer)

    async def _answer_slowly(self, answer: bytes, delay_s: float, gap_s: float) -> None:
        await asyncio.sleep(delay_s)
        if gap_s:
            self._wire.send(answer[:5])
            await asyncio.sleep(gap_s)
            answer = answer[5:]
        self._wire.send(answer)

    def _pdu(self, function: int, address: int, count: int) -> bytes:
        problem = self.faults.exception
        if not problem and function not in (3, 4):
            problem = ILLEGAL_FUNCTION
        if not problem and not 0 < count <= MOST_REGISTERS:
            problem = ILLEGAL_VALUE
        if not problem and function == 3 and (address, count) != (SERIAL, 2):
            problem = ILLEGAL_ADDRESS
        if not problem and function == 4 and address + count > 0x0200:
            problem = ILLEGAL_ADDRESS
        if problem:
            return bytes([function | 0x80, problem])
        data = struct.pack(">I", self.serial) if function == 3 else self._inputs(address, count)
        data = data[: len(data) - 2 * self.faults.short]
        return bytes([function, len(data)]) + data

    def _inputs(self, address: int, count: int) -> bytes:
        memory = bytearray(0x0400)
        for register, value in self.floats().items():
            struct.pack_into(">f", memory, 2 * register, value)
        return bytes(memory[2 * address : 2 * (address + count)])
