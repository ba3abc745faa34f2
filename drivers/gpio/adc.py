"""The control pilot measured by an MCP3008 (10 bit) or MCP3208 (12 bit) on SPI, through a divider.

No synchronisation with the PWM is needed if the samples fall on all phases of it alike. They do not when the step
divides the period: at 250 us there are four phases for ever, and a pulse of 10 % is missed most of the time. What a
transfer costs differs from Pi to Pi, so no fixed pause is safe. Therefore the pause grows through the burst, from 20 to
70 us: the step passes any bad value and does not stay there. Computed for transfer costs from 3 to 60 us: the shortest
pulses of 6 A (10 %) get at least 10 of 160 samples.

The pauses are made by the SPI driver (``delay_usec``), not by spinning here. Each conversion is a transfer of its own,
because the chip starts a new one only at a falling chip select.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chargepoint.hal import DeviceUnavailable, PilotVolts
from drivers.gpio.plateaus import plateaus

SAMPLES = 160
SPEED_HZ = 1_000_000
FIRST_PAUSE_US, LAST_PAUSE_US = 20, 70
PAUSES_US = tuple(
    FIRST_PAUSE_US + (LAST_PAUSE_US - FIRST_PAUSE_US) * number // (SAMPLES - 1) for number in range(SAMPLES)
)

# IEC 61851-1 Table A.2 and A.4: no pilot is beyond these; a rail of the converter beyond them cannot be the pilot.
PILOT_LOWEST_V = -13.0
PILOT_HIGHEST_V = 13.0


class Spi(Protocol):
    """What spidev.SpiDev offers and we use: one transfer under one chip select."""

    def xfer2(self, data: Sequence[int], speed_hz: int, delay_usec: int, /) -> Sequence[int]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Chip:
    """How one converter is asked for channel ``n``, and where its answer stands in the three bytes that come back."""

    name: str
    bits: int
    start: int  # start bit and "single-ended", in the 16 bits before the last byte, channel 0
    channel_shift: int

    def request(self, channel: int) -> tuple[int, int, int]:
        head = self.start | channel << self.channel_shift
        return head >> 8, head & 0xFF, 0

    def decode(self, answer: Sequence[int]) -> int | None:
        """The reading, or None where the null bit in front of it is not 0: then no chip drives the line."""
        word = answer[1] << 8 | answer[2]
        if word >> self.bits & 1:
            return None
        return word & self.full

    @property
    def full(self) -> int:
        return (1 << self.bits) - 1


# Microchip DS21295 figure 6-1 and DS21298 figure 6-1.
CHIPS = {
    "mcp3008": Chip("MCP3008", bits=10, start=0x0180, channel_shift=4),
    "mcp3208": Chip("MCP3208", bits=12, start=0x0600, channel_shift=6),
}


@dataclass(frozen=True, slots=True)
class Divider:
    """Pilot volts at the two ends of the converter's scale."""

    volts_at_zero: float
    volts_at_full: float

    def volts(self, raw: int, full: int) -> float:
        return self.volts_at_zero + (self.volts_at_full - self.volts_at_zero) * raw / full


class McpPilotSensor:
    """Implements `hal.PilotSensor`. A read takes about 16 ms."""

    def __init__(self, spi: Spi, chip: Chip, channel: int, divider: Divider) -> None:
        self._spi = spi
        self._chip = chip
        self._request = list(chip.request(channel))
        self._divider = divider

    def read(self) -> PilotVolts:
        """Raises DeviceUnavailable when the chip is silent, or when its readings cannot be a pilot."""
        raw = self._burst()
        self._refuse_rails(raw)
        return plateaus([self._divider.volts(value, self._chip.full) for value in raw])

    def wake_fd(self) -> int | None:
        return None

    def release(self) -> None:
        self._spi.close()

    def _burst(self) -> list[int]:
        transfer, decode, request = self._spi.xfer2, self._chip.decode, self._request
        try:
            answers = [transfer(request, SPEED_HZ, pause) for pause in PAUSES_US]
        except OSError as exc:
            raise DeviceUnavailable(f"pilot measurement: the SPI bus refuses a transfer: {exc}") from exc
        raw = [value for value in map(decode, answers) if value is not None]
        if len(raw) < len(answers):
            raise DeviceUnavailable(
                f"pilot measurement: {len(answers) - len(raw)} of {len(answers)} answers are not from an "
                f"{self._chip.name} (its null bit is set); check MISO, chip select and the supply of the converter"
            )
        return raw

    def _refuse_rails(self, raw: Sequence[int]) -> None:
        """A divider that reaches beyond every pilot voltage lets us tell a dead converter from -12 V or +12 V."""
        if max(raw) == 0 and self._divider.volts_at_zero < PILOT_LOWEST_V:
            seen = "reads 0"
        elif min(raw) == self._chip.full and self._divider.volts_at_full > PILOT_HIGHEST_V:
            seen = f"reads full scale ({self._chip.full})"
        else:
            return
        raise DeviceUnavailable(
            f"pilot measurement: the {self._chip.name} {seen} in all of {len(raw)} samples, which no pilot does; "
            "check its reference voltage, the divider, MISO and chip select"
        )


def open_spi(bus: int, device: int) -> Any:
    """The kernel's /dev/spidevB.D by the package spidev; its only importer. Raises DeviceUnavailable."""
    try:
        import spidev
    except ImportError as exc:
        raise DeviceUnavailable(
            "pilot measurement: spidev is not installed; install python3-spidev, or pip install 'chargepoint[pi]'"
        ) from exc
    spi = spidev.SpiDev()
    try:
        spi.open(bus, device)
        spi.mode = 0
    except OSError as exc:
        raise DeviceUnavailable(
            f"pilot measurement: /dev/spidev{bus}.{device} cannot be opened: {exc}; add 'dtparam=spi=on' to "
            "/boot/firmware/config.txt and reboot, and put this user into group spi"
        ) from exc
    return spi
