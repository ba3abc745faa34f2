"""A Wiegand reader at two of gpiozero's simulated pins. The lines rest high; a bit pulls one low for a moment."""

from gpiozero.pins.mock import MockFactory


def framed(number: bytes) -> str:
    """Bits of a 26 bit (3 bytes) or 34 bit (4 bytes) frame: even parity in front, odd parity behind."""
    bits = "".join(f"{byte:08b}" for byte in number)
    front, behind = bits[: len(bits) // 2], bits[len(bits) // 2 :]
    return str(front.count("1") % 2) + bits + str(1 - behind.count("1") % 2)


class WiegandWires:
    def __init__(self, factory: MockFactory, data0: int, data1: int) -> None:
        self._pins = {"0": factory.pin(data0), "1": factory.pin(data1)}

    def show(self, number: bytes) -> None:
        self.send(framed(number))

    def send(self, bits: str) -> None:
        for bit in bits:
            self._pins[bit].drive_low()
            self._pins[bit].drive_high()
