"""The control pilot as the kernel and the SPI bus see it: PWM files, the pilot's waveform, a converter's frames.

`PwmTree` is a folder like /sys/class/pwm whose ``export`` works; `KernelPwm` is one channel with the kernel's rules,
which a folder cannot have. `PilotWire` is the voltage on the pilot at any microsecond. `Converter` is the chip's side
of the bus, bit by bit, on a time base that moves with every transfer as the real one does, so samples drift through
the PWM's phases.
"""

import errno
import os
import random
import selectors
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hal_mock.ev import GENERATOR_VOLTS, VehicleCircuit

PERIOD_US = 1000.0
EDGE_US = 8.0


class KernelPwm:
    """One PWM channel as drivers/pwm/core.c guards it: what it refuses raises OSError, as a write to sysfs does."""

    def __init__(self, period: int = 0, duty_cycle: int = 0, polarity: str = "normal", enable: int = 0) -> None:
        self.files = {"period": str(period), "duty_cycle": str(duty_cycle), "polarity": polarity, "enable": str(enable)}

    def read(self, name: str) -> str:
        return self.files[name]

    def write(self, name: str, text: str) -> None:
        after = {**self.files, name: text}
        period, duty_cycle = int(after["period"]), int(after["duty_cycle"])
        if name == "polarity" and self.files["enable"] == "1":
            raise OSError(errno.EBUSY, "Device or resource busy")
        if period <= 0 or not 0 <= duty_cycle <= period:
            raise OSError(errno.EINVAL, "Invalid argument")
        self.files = after


class PwmTree:
    """A folder like /sys/class/pwm. ``chips``: number -> name of the device it belongs to. Use as a context manager.

    A thread plays the kernel: what is written to ``export`` makes the channel's files appear.
    """

    def __init__(self, root: Path, chips: Mapping[int, str], channels: int = 2) -> None:
        self.root = root
        self._exports: dict[int, Path] = {}
        self._stop_reading, self._stop = os.pipe()
        for number, device in chips.items():
            owner = root.parent / "devices" / "soc" / device
            owner.mkdir(parents=True, exist_ok=True)
            chip = root / f"pwmchip{number}"
            chip.mkdir(parents=True)
            (chip / "device").symlink_to(owner)
            (chip / "npwm").write_text(f"{channels}\n", "ascii")
            os.mkfifo(chip / "export")
            self._exports[os.open(chip / "export", os.O_RDWR | os.O_NONBLOCK)] = chip
        self._thread = threading.Thread(target=self._kernel, name="pwm exports")

    def __enter__(self) -> "PwmTree":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        os.write(self._stop, b"x")
        self._thread.join()
        for descriptor in (*self._exports, self._stop, self._stop_reading):
            os.close(descriptor)

    def channel(self, chip: int = 0, number: int = 0) -> Path:
        return self.root / f"pwmchip{chip}" / f"pwm{number}"

    def export(self, chip: Path, number: int, files: Mapping[str, str] | None = None) -> Path:
        """The channel's files appear all at once, as they are after power-on or with the contents given."""
        making = chip / f".pwm{number}"
        making.mkdir()
        fresh = {"period": "0", "polarity": "normal", "enable": "0", "duty_cycle": "0"}
        for name, text in {**fresh, **(files or {})}.items():
            (making / name).write_text(f"{text}\n", "ascii")
        return making.rename(chip / f"pwm{number}")

    def share_high(self, chip: int = 0, number: int = 0) -> float | None:
        """The part of each period that the pin is high, or None while no PWM is made."""
        folder = self.channel(chip, number)
        try:
            period, high, enable = (int((folder / name).read_text()) for name in ("period", "duty_cycle", "enable"))
        except (OSError, ValueError):
            return None
        return high / period if enable and period else None

    def _kernel(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._stop_reading, selectors.EVENT_READ)
            for descriptor in self._exports:
                waiting.register(descriptor, selectors.EVENT_READ)
            while True:
                for key, _events in waiting.select():
                    if key.fd == self._stop_reading:
                        return
                    self.export(self._exports[key.fd], int(os.read(key.fd, 16)))


@dataclass
class PilotWire:
    """The pilot in volts. ``share_high`` is the generator: 1 is steady +12 V, 0 steady -12 V, None a dead pin (0 V)."""

    share_high: Callable[[], float | None]
    vehicle: VehicleCircuit = field(default_factory=VehicleCircuit)
    noise_volts: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        self._noise = random.Random(self.seed)
        self._share: float | None = None
        self._asked_in_period = -1.0

    def volts(self, at_us: float) -> float:
        period, phase_us = divmod(at_us, PERIOD_US)
        if period != self._asked_in_period:
            self._share, self._asked_in_period = self.share_high(), period
        return self._plateaus(phase_us) + self._noise.gauss(0.0, self.noise_volts)

    def _plateaus(self, phase_us: float) -> float:
        if self._share is None:
            return 0.0
        high, low = self.vehicle.volts(GENERATOR_VOLTS), self.vehicle.volts(-GENERATOR_VOLTS)
        if self._share in (0.0, 1.0):
            return high if self._share else low
        since_rise, since_fall = phase_us, (phase_us - self._share * PERIOD_US) % PERIOD_US
        if since_rise < min(EDGE_US, self._share * PERIOD_US):
            return low + (high - low) * since_rise / EDGE_US
        if since_fall < EDGE_US:
            return high + (low - high) * since_fall / EDGE_US
        return high if phase_us < self._share * PERIOD_US else low


@dataclass
class Converter:
    """An MCP3008 (``bits`` 10) or MCP3208 (12) on the bus, with the calls of spidev.SpiDev.

    A bit that the chip does not drive reads as 1, so a driver that forgets to mask is found out. ``overhead_us`` is
    what a transfer costs beside its bits: the system call and the driver.
    """

    inputs: Mapping[int, Callable[[float], float]]
    bits: int = 10
    volts_at_zero: float = -15.0
    volts_at_full: float = 15.0
    overhead_us: float = 35.0
    unplugged: bool = False  # nobody drives MISO, which floats high
    shorted: bool = False  # MISO lies on ground
    broken: bool = False  # the kernel refuses
    closed: bool = False
    now_us: float = 0.0
    sampled_at_us: list[float] = field(default_factory=list)

    def xfer2(self, data: Sequence[int], speed_hz: int = 1_000_000, delay_usec: int = 0) -> list[int]:
        if self.broken or self.closed:
            raise OSError(errno.ESHUTDOWN, "Cannot send after transport endpoint shutdown")
        bit_us = 1e6 / speed_hz
        out = self._frame([byte >> shift & 1 for byte in data for shift in range(7, -1, -1)], bit_us)
        self.now_us += len(out) * bit_us + delay_usec + self.overhead_us
        return [int("".join(map(str, out[at : at + 8])), 2) for at in range(0, len(out), 8)]

    def close(self) -> None:
        self.closed = True

    def _frame(self, mosi: Sequence[int], bit_us: float) -> list[int]:
        """Data sheet, figure 5-1: start, single-ended, D2 D1 D0, one clock to sample, a null bit, then the value."""
        miso = [0 if self.shorted else 1] * len(mosi)
        if 1 not in mosi or self.shorted or self.unplugged:
            return miso
        start = mosi.index(1)
        sampled = start + 5
        if sampled >= len(mosi) or not mosi[start + 1]:
            return miso
        address = mosi[start + 2 : start + 5]
        channel = address[0] << 2 | address[1] << 1 | address[2]
        word = self._convert(channel, self.now_us + sampled * bit_us)
        answer = [0] + [word >> shift & 1 for shift in range(self.bits - 1, -1, -1)]
        for offset, bit in enumerate(answer, sampled + 1):
            if offset < len(miso):
                miso[offset] = bit
        return miso

    def _convert(self, channel: int, at_us: float) -> int:
        self.sampled_at_us.append(at_us)
        full = (1 << self.bits) - 1
        volts = self.inputs[channel](at_us)
        share = (volts - self.volts_at_zero) / (self.volts_at_full - self.volts_at_zero)
        return round(min(1.0, max(0.0, share)) * full)
