"""What the charging logic may ask of hardware: Protocols and their value types, no code.

A board is a bundle of capabilities; what it lacks is ``None``, never a method that raises. The pins that can hurt
somebody (`Pins`) belong to the guard process, everything slow (`Devices`) to the daemon. Each output states its safe
value where it is set up, and an input that is stale counts as the dangerous input.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


class DeviceUnavailable(Exception):
    """A device did not answer, or answered nonsense. The text says which, what was measured, what to do."""


# -- values ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PilotVolts:
    """Control pilot levels over at least one PWM period: the high and the low plateau, in volts at the station."""

    high: float
    low: float


@dataclass(frozen=True, slots=True)
class MeterSample:
    """One reading of an energy meter. ``measured_at`` is monotonic seconds and is never re-stamped.

    Per-phase tuples have one entry per phase wired (1 or 3), in the order L1, L2, L3, and are empty where the meter
    does not tell.
    """

    measured_at: float
    energy_wh: float
    power_w: float | None = None
    amps: tuple[float, ...] = ()
    volts: tuple[float, ...] = ()
    powers_w: tuple[float, ...] = ()
    export_wh: float | None = None
    frequency_hz: float | None = None
    power_factor: float | None = None
    temperature_c: float | None = None
    energies_wh: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class MeterIdentity:
    """What the meter says of itself; empty where it does not tell."""

    model: str = ""
    serial: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class Tap:
    """A card at a reader: its raw identifier bytes, first byte first, and the technology that read it.

    ``random``: the card draws an identifier anew each time, as phones do; nobody can know it again.
    """

    uid: bytes
    kind: str = "ISO14443"
    random: bool = False


class Light(Enum):
    """What the lights of one connector tell a driver."""

    OFF = "off"
    AVAILABLE = "available"
    WAITING = "waiting for card or cable"
    CHARGING = "charging"
    SUSPENDED = "suspended"
    FINISHED = "finished"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"


# -- owned by the guard ---------------------------------------------------------------------------------------------


class Pilot(Protocol):
    """The control pilot's generator (IEC 61851-1 Annex A). Safe value: `error`."""

    def steady(self) -> None:
        """+12 V without PWM (state x1): no current is offered."""

    def pwm(self, duty: float) -> None:
        """1 kHz at ``duty`` in 0..1 (state x2)."""

    def error(self) -> None:
        """-12 V steady: state F, the station is not available."""


class PilotSensor(Protocol):
    def read(self) -> PilotVolts:
        """The plateaus now. Raises DeviceUnavailable when the measurement cannot be trusted."""

    def wake_fd(self) -> int | None:
        """A descriptor that becomes readable when the pilot changes, where the hardware has one (an edge, a mock).

        `read` takes all that it holds; it is asked for again after each read, so it may change or vanish.
        """


class Contactor(Protocol):
    """The power path. Safe value: open."""

    def close(self, lease_s: float) -> None:
        """Close, or stay closed, for at most ``lease_s`` seconds unless renewed by another call."""

    def open(self) -> None: ...

    def is_closed(self) -> bool:
        """What the mirror contact says, not what was commanded."""


class Enable(Protocol):
    """The pulse train that holds the hardware enable; without pulses the contactor's coil loses its supply."""

    def pulse(self) -> None: ...


class DigitalInput(Protocol):
    def is_active(self) -> bool: ...


@dataclass(frozen=True)
class Pins:
    """What the guard holds of one connector. ``interlocks`` maps a fault id to the input that raises it."""

    pilot: Pilot
    sensor: PilotSensor
    contactor: Contactor
    enable: Enable | None = None
    interlocks: Mapping[str, DigitalInput] = field(default_factory=dict)


# -- a co-processor: pilot and contactor on a board of their own ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CoprocessorOrder:
    """What a co-processor shall do; a level.

    Not ``enabled``: open the contactor at once, state F where the device has it. This is the safe value. Enabled
    without ``amps``: no PWM (state x1), the vehicle takes its load away and the device opens. With ``amps`` (6 to 80
    per phase): offer them; the device closes and opens by itself as the vehicle asks.
    """

    enabled: bool
    amps: float | None = None


@dataclass(frozen=True, slots=True)
class CoprocessorSeen:
    """What a co-processor tells of itself.

    ``vehicle`` is a letter of IEC 61851-1 Table A.4, A to F, or empty while the device does not know. ``closed`` and
    ``offered_amps`` (0: no PWM) are None where it does not tell. ``faults`` maps a fault id to the device's own words.
    """

    vehicle: str
    closed: bool | None
    offered_amps: float | None = None
    faults: Mapping[str, str] = field(default_factory=dict)


class Coprocessor(Protocol):
    """A certified board that owns pilot and contactor of one connector and obeys over a wire.

    Each method raises DeviceUnavailable and is safe to cancel; none repeats itself, who polls is the retry.
    """

    @property
    def name(self) -> str:
        """Kind and port, as a technician would say it."""

    @property
    def watchdog_s(self) -> float | None:
        """The device falls back by itself when it has heard no `beat` for so long; None: it has no such fail-safe."""

    @property
    def fallback_amps(self) -> float:
        """What it still offers then; 0: it opens."""

    async def look(self) -> CoprocessorSeen: ...

    async def drive(self, order: CoprocessorOrder) -> None:
        """Make it so, and again where the device has forgotten it (it was reset, somebody pressed its button)."""

    async def beat(self) -> None:
        """Feed its fail-safe; does nothing where it has none."""

    async def close(self) -> None:
        """Give the line back. Calling it again does nothing."""


# -- owned by the daemon --------------------------------------------------------------------------------------------


class Meter(Protocol):
    async def identify(self) -> MeterIdentity: ...

    async def read(self) -> MeterSample:
        """One reading. Raises DeviceUnavailable; safe to cancel."""

    async def close(self) -> None: ...


class Reader(Protocol):
    async def tap(self) -> Tap:
        """Wait for the next card. Raises DeviceUnavailable when the reader is gone; safe to cancel."""

    async def close(self) -> None: ...


class Lock(Protocol):
    """The cable lock of a socket outlet. Safe value: as it is (a driver must get the cable back, a thief must not)."""

    async def engage(self) -> None: ...

    async def release(self) -> None: ...

    async def is_engaged(self) -> bool: ...


class Proximity(Protocol):
    async def read(self) -> float:
        """Ohms between proximity pilot and protective earth; infinity without a plug."""


class Thermometer(Protocol):
    async def read(self) -> float:
        """Degrees Celsius."""


class Lights(Protocol):
    def show(self, light: Light) -> None: ...


@dataclass(frozen=True)
class Devices:
    """What the daemon holds of one connector."""

    meter: Meter | None = None
    lock: Lock | None = None
    proximity: Proximity | None = None
    thermometer: Thermometer | None = None
    lights: Lights | None = None


@dataclass(frozen=True, slots=True)
class Injected:
    """Something told from outside the wires: the mock world's fault switch or its link hint.

    ``what`` is ``fault`` (then ``connector``, ``code``, ``on`` hold) or ``network`` (then ``on`` holds).
    """

    what: str
    on: bool
    connector: int = 0
    code: str = ""


class Hints(Protocol):
    """Events a board tells beside its devices. A board without any has ``None``."""

    async def next(self) -> Injected:
        """Wait for the next event. Raises DeviceUnavailable; safe to cancel."""

    async def close(self) -> None: ...


@dataclass(frozen=True)
class ServedReader:
    """A reader and the connectors it serves, numbered over the station from 1."""

    name: str
    reader: Reader
    connectors: tuple[int, ...]


class Board(Protocol):
    """One named recipe of hardware. Either method may be called without the other: each process takes its own part."""

    def pins(self) -> Sequence[Pins]:
        """The guard's part, one entry per connector. Drives every output to its safe value before it returns."""

    def coprocessors(self) -> Sequence[Coprocessor]:
        """Where they are the guard: one entry per connector, for the daemon; else empty. Then `pins` has nothing."""

    def devices(self) -> Sequence[Devices]:
        """The daemon's part, one entry per connector."""

    def readers(self) -> Sequence[ServedReader]: ...

    def hints(self) -> Hints | None: ...

    def close(self) -> None:
        """Drive what was taken to its safe value and give it back."""
