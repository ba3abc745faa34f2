"""Card readers on a serial line: the module that sends binary frames, and the one that sends text lines.

The frames are built here from the data sheets, not by the driver's code.
"""

from pathlib import Path

from hal_mock.serial_wire import SerialWire


def rdm6300_frame(card: bytes) -> bytes:
    """RDM6300 data sheet: 0x02, five bytes as ten hex digits, their exclusive or as two, 0x03."""
    if len(card) != 5:
        raise ValueError(f"an EM4100 card has 5 bytes, not {len(card)}")
    check = 0
    for byte in card:
        check ^= byte
    return b"\x02" + (card + bytes([check])).hex().upper().encode() + b"\x03"


class UartReader:
    """The device side. Use as ``async with``; what the driver writes to it is dropped."""

    def __init__(self, name: Path) -> None:
        self._wire = SerialWire(name, lambda data: None)

    @property
    def port(self) -> str:
        return self._wire.port

    async def __aenter__(self) -> "UartReader":
        self.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.unplug()

    def plug(self) -> None:
        self._wire.plug()

    def unplug(self) -> None:
        self._wire.unplug()

    def hold(self, card: bytes, frames: int = 1) -> None:
        """An EM4100 card at an RDM6300, which repeats its frame while the card stays."""
        self._wire.send(rdm6300_frame(card) * frames)

    def line(self, text: str) -> None:
        """A text line, as readers with an "ID as text" firmware send it."""
        self._wire.send(text.encode("ascii") + b"\r\n")

    def raw(self, data: bytes) -> None:
        self._wire.send(data)
