"""The slave's side of Modbus RTU for devices that are written to as well: frames, CRC and faults; registers by hooks.

Written from the Modbus specification, sharing nothing with the driver's library.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path

from hal_mock.rtu_meter import crc16
from hal_mock.serial_wire import SerialWire

READ_HOLDING, READ_INPUT, WRITE_COIL, WRITE_REGISTER, WRITE_SEVERAL = 3, 4, 5, 6, 16
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, DEVICE_FAILURE = 1, 2, 4
COIL_ON = 0xFF00


@dataclass
class DeviceFaults:
    """Switches; all off is a healthy device."""

    silent: bool = False
    bad_crc: bool = False
    garbage: bytes = b""  # instead of every answer
    exception: int = 0  # answer every request with this exception code
    opens_never: bool = False  # welded contacts
    closes_never: bool = False


@dataclass
class RtuDevice:
    """Use as ``async with``. ``writes`` lists what was written, as (address, value)."""

    name: Path
    unit: int = 1
    vehicle: str = "A"
    faults: DeviceFaults = field(default_factory=DeviceFaults)
    writes: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wire = SerialWire(self.name, self._received)
        self._buffer = b""

    @property
    def port(self) -> str:
        return self._wire.port

    async def __aenter__(self) -> "RtuDevice":
        self.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.unplug()

    def plug(self) -> None:
        self._buffer = b""
        self._wire.plug()

    def unplug(self) -> None:
        self._wire.unplug()

    # -- what a device has; None and False: there is no such register -------------------------------------------------

    def register(self, function: int, address: int) -> int | None:
        raise NotImplementedError

    def written(self, function: int, address: int, value: int) -> bool:
        raise NotImplementedError

    # -- frames --------------------------------------------------------------------------------------------------------

    def _received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data)[-512:]
        while len(self._buffer) >= 8:
            size = 9 + self._buffer[6] if self._buffer[1] == WRITE_SEVERAL else 8
            if len(self._buffer) < size:
                return
            frame = self._buffer[:size]
            if crc16(frame[:-2]) != frame[-2:]:
                self._buffer = self._buffer[1:]
                continue
            self._buffer = self._buffer[size:]
            if frame[0] == self.unit and not self.faults.silent:
                self._answer(frame)

    def _answer(self, frame: bytes) -> None:
        body = frame[:1] + self._pdu(frame)
        crc = crc16(body)
        if self.faults.bad_crc:
            crc = bytes([crc[0] ^ 0xFF, crc[1]])
        self._wire.send(self.faults.garbage or body + crc)

    def _pdu(self, frame: bytes) -> bytes:
        function, address, number = struct.unpack(">BHH", frame[1:6])
        if self.faults.exception:
            return bytes([function | 0x80, self.faults.exception])
        if function in (READ_HOLDING, READ_INPUT):
            values = [self.register(function, address + offset) for offset in range(number)]
            known = [value for value in values if value is not None]
            if len(known) == number:
                return struct.pack(f">BB{number}H", function, 2 * number, *known)
        elif function in (WRITE_COIL, WRITE_REGISTER, WRITE_SEVERAL):
            value = struct.unpack(">H", frame[7:9])[0] if function == WRITE_SEVERAL else number
            value = int(value == COIL_ON) if function == WRITE_COIL else value
            if (number == 1 or function != WRITE_SEVERAL) and self.written(function, address, value):
                self.writes.append((address, value))
                return frame[1:6]
        else:
            return bytes([function | 0x80, ILLEGAL_FUNCTION])
        return bytes([function | 0x80, ILLEGAL_ADDRESS])
