"""A Modbus device as a table of registers: what it answers to a request, whatever carries it.

Written from the Modbus Application Protocol V1.1b3: functions 3 and 4, exceptions 1 to 3. A request that touches a
register the table does not have is refused, as meters do that keep their registers in groups.
"""

import struct

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


class RegisterTable:
    """``exception``: refuse everything with this code. ``requests`` lists (function, address, count)."""

    def __init__(self, most_registers: int = 125) -> None:
        self.most_registers = most_registers
        self.exception = 0
        self.requests: list[tuple[int, int, int]] = []
        self._words: dict[tuple[int, int], bytes] = {}

    def put(self, function: int, address: int, data: bytes) -> None:
        """Two bytes a register, as they go over the wire."""
        if len(data) % 2:
            raise ValueError(f"{len(data)} bytes do not fill registers")
        for at in range(0, len(data), 2):
            self._words[function, address + at // 2] = data[at : at + 2]

    def put_float(self, function: int, address: int, value: float) -> None:
        self.put(function, address, struct.pack(">f", value))

    def pdu(self, function: int, address: int, count: int) -> bytes:
        """Function code and data, or the exception."""
        self.requests.append((function, address, count))
        wanted = [(function, address + offset) for offset in range(count)]
        problem = self.exception
        if not problem and function not in (3, 4):
            problem = ILLEGAL_FUNCTION
        if not problem and not 0 < count <= self.most_registers:
            problem = ILLEGAL_VALUE
        if not problem and not all(word in self._words for word in wanted):
            problem = ILLEGAL_ADDRESS
        if problem:
            return bytes([function | 0x80, problem])
        data = b"".join(self._words[word] for word in wanted)
        return bytes([function, len(data)]) + data
