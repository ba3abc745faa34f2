"""Every setting of the configuration file, as frozen dataclasses: type, bound, default and meaning in one place.

A field is ``Annotated[type, "what it means", bound, Example(...), SECRET]``, of which only the type is a must; the
loader enforces it, the reference page and the commented example are printed from it. Units are in the names. This
module holds values only, so drivers may read it.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple


class Between(NamedTuple):
    """Both ends included."""

    low: float
    high: float


class Matches(NamedTuple):
    """A regular expression for the whole text, and the same in words."""

    pattern: str
    words: str


class Items(NamedTuple):
    """How many entries a list may have."""

    low: int
    high: int


class Example(NamedTuple):
    """What the commented example file says, where the default would not teach."""

    value: str | int


class Secret:
    """Never printed, not even when it is wrong."""


SECRET = Secret()
GpioLine = Annotated[int, Between(0, 53)]
Seconds = float
OcppVersion = Literal["ocpp1.6", "ocpp2.0.1"]
IDENTITY = Matches(r"[A-Za-z0-9*\-_=+|@. ]{1,48}", "1 to 48 of A-Z a-z 0-9 * - _ = + | @ . and space")
FOLDER = Matches(r"/[^\x00-\x1f]{0,999}", "a full path, starting with /")
SOCKET_FOLDER = Matches(r"/[^\x00-\x1f]{0,89}", "a full path of up to 90 characters, starting with /")
FILE = Matches(r"(/[^\x00-\x1f]{1,4000})?", "a full path, starting with /, or empty")
ENDPOINT = Matches(
    r"wss?://[^\s/?#@]{1,255}(/[^\s?#]{0,1000})?",
    "ws://host or wss://host with an optional port and path, without a user name, ? or #",
)
DEVICE = Matches(r"[^\x00-\x1f]{1,200}", "1 to 200 characters")
SettingName = Annotated[str, Matches(r"[A-Za-z0-9][A-Za-z0-9.\-_\[\]/]{0,99}", "an OCPP 1.6 key or Component.Variable")]


@dataclass(frozen=True)
class Station:
    """Who this station is, and where it keeps what it must not lose."""

    id: Annotated[str, "The identity the backend knows this station by.", IDENTITY, Example("CP-0001")]
    vendor: Annotated[str, "Vendor name told to the backend.", Matches(r".{1,20}", "1 to 20 characters")] = (
        "chargepoint"
    )
    model: Annotated[str, "Model name told to the backend.", Matches(r".{1,20}", "1 to 20 characters")] = "chargepoint"
    serial: Annotated[str, "Serial number told to the backend.", Matches(r".{0,25}", "up to 25 characters")] = ""
    state_dir: Annotated[str, "Folder of the database and keys; it must survive a power cut.", FOLDER] = (
        "/var/lib/chargepoint"
    )
    run_dir: Annotated[str, "Folder of sockets and of what need not survive a power cut (a tmpfs).", SOCKET_FOLDER] = (
        "/run/chargepoint"
    )
    after_power_loss: Annotated[
        Literal["stop", "resume"], "What becomes of a transaction that was open when the power went."
    ] = "stop"
    resume_within_s: Annotated[Seconds, "Resume only if the power was away for less than this.", Between(0, 86400)] = (
        300.0
    )
    log_level: Annotated[Literal["debug", "info", "warning"], "How much the log tells."] = "info"


@dataclass(frozen=True)
class Backend:
    """The charging station management system. Without any the station works alone."""

    url: Annotated[
        str,
        "Endpoint without the identity, which is appended as the last segment.",
        ENDPOINT,
        Example("wss://csms.example.com/ocpp"),
    ]
    versions: Annotated[tuple[OcppVersion, ...], "Versions offered, the preferred one first.", Items(1, 2)] = (
        "ocpp2.0.1",
        "ocpp1.6",
    )
    user: Annotated[str, "User name for Basic authentication; empty: the station's id."] = ""
    password: Annotated[
        str, "Password for Basic authentication; empty: none is sent. Better: password_file.", SECRET
    ] = field(default="", repr=False)
    password_file: Annotated[
        str, "File that holds the password, readable by the daemon only.", FILE, Example("/etc/chargepoint/password")
    ] = ""
    password_form: Annotated[Literal["text", "hex"], "hex: the password is given as hex digits of raw bytes."] = "text"  # noqa: S105
    ca_file: Annotated[str, "PEM file with extra root certificates to trust beside the system's.", FILE] = ""
    call_timeout_s: Annotated[
        Seconds, "How long an answer may take before the call counts as failed.", Between(1, 600)
    ] = 60.0
    max_message_bytes: Annotated[int, "Larger frames from the backend are refused.", Between(65536, 16777216)] = 1048576


@dataclass(frozen=True)
class Security:
    """Who may talk to the daemon's control socket."""

    admin_group: Annotated[str, "Members may command the daemon; empty: its own user and root."] = ""


@dataclass(frozen=True)
class PilotSettings:
    """The control pilot on a Raspberry Pi: kernel PWM out, MCP3008 or MCP3208 in."""

    pwm_device: Annotated[str, "Device the PWM chip belongs to, as /sys/class/pwm/pwmchip*/device names it."] = (
        "3f20c000.pwm"
    )
    pwm_channel: Annotated[int, "Channel of that chip.", Between(0, 3)] = 0
    pwm_inverted: Annotated[bool, "The output stage inverts: a high PWM pin gives -12 V."] = False
    adc: Annotated[Literal["mcp3008", "mcp3208"], "The converter that reads the pilot."] = "mcp3008"
    adc_channel: Annotated[int, "Its channel.", Between(0, 7)] = 0
    spi_bus: Annotated[int, "SPI bus of the converter.", Between(0, 6)] = 0
    spi_device: Annotated[int, "Chip select of the converter.", Between(0, 2)] = 0
    volts_at_zero: Annotated[float, "Pilot volts at which the converter reads 0.", Between(-20, 0)] = -15.0
    volts_at_full: Annotated[float, "Pilot volts at which the converter reads full scale.", Between(0, 20)] = 15.0


@dataclass(frozen=True)
class ContactorSettings:
    """The relay that switches the contactor, and the mirror contact that tells what it really does."""

    coil_line: Annotated[GpioLine, "GPIO line that drives the coil, active high."] = 17
    mirror_line: Annotated[GpioLine, "GPIO line of the mirror contact."] = 27
    mirror_active_high: Annotated[bool, "The mirror line is high while the contactor is closed."] = True
    enable_line: Annotated[int, "GPIO line of the enable pulses; -1: none is wired.", Between(-1, 53)] = 22
    hardware_interlock: Annotated[
        bool,
        "The coil cannot close without the enable pulses (external one-shot); allows lines with a pull-up at boot.",
    ] = False


@dataclass(frozen=True)
class InterlockSettings:
    """A contact that must not be active while energy flows."""

    line: Annotated[GpioLine, "GPIO line.", Example(5)]
    fault: Annotated[
        Literal["emergency-stop", "ground", "door", "tilt"], "The fault it raises.", Example("emergency-stop")
    ]
    active_high: Annotated[bool, "The line is high when the fault is there."] = False


@dataclass(frozen=True)
class MeterSettings:
    """The energy meter of one connector. The mock board brings its own."""

    model: Annotated[
        str, "Name of the register map, e.g. sdm630 (drivers/modbus/maps), or a path to one.", Example("sdm630")
    ]
    port: Annotated[
        str, "Serial port, best by /dev/serial/by-id; tcp://host:port for Modbus TCP, where the line keys rest.", DEVICE
    ] = "/dev/ttyUSB0"
    unit: Annotated[int, "Modbus address; 0: the one the maker sets (the register map knows).", Between(0, 255)] = 1
    baud: Annotated[Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200], "Baud rate."] = 9600
    parity: Annotated[Literal["N", "E", "O"], "Parity."] = "N"
    stop_bits: Annotated[Literal[1, 2], "Stop bits."] = 1
    timeout_s: Annotated[Seconds, "How long the meter may take to answer.", Between(0.05, 10)] = 1.0
    local_echo: Annotated[bool, "The adapter hears what it sends."] = False


@dataclass(frozen=True)
class CoprocessorSettings:
    """The board that owns pilot and contactor of one connector, where board.name is one of them."""

    port: Annotated[str, "Serial port, best by /dev/serial/by-id; nothing else may be on it.", DEVICE] = "/dev/ttyUSB0"
    unit: Annotated[int, "Modbus address; OpenEVSE has none.", Between(1, 247)] = 1
    baud: Annotated[
        Literal[0, 9600, 19200, 38400, 57600, 115200],
        "Baud rate; 0: as the board comes (OpenEVSE 115200, the others 9600).",
    ] = 0
    parity: Annotated[Literal["N", "E", "O"], "Parity."] = "N"
    stop_bits: Annotated[Literal[1, 2], "Stop bits."] = 1
    timeout_s: Annotated[
        Seconds, "How long it may take to answer. Opening may be late by three times that.", Between(0.05, 0.5)
    ] = 0.2
    local_echo: Annotated[bool, "The adapter hears what it sends."] = False


@dataclass(frozen=True)
class Connector:
    """One charging point with one cable or socket. Connectors are numbered over the station in the order given."""

    max_amps: Annotated[float, "What the installation allows, in amps per phase.", Between(6, 80)] = 16.0
    phases: Annotated[Literal[1, 3], "Phases wired."] = 3
    cable: Annotated[
        Literal["tethered", "socket"], "A fixed cable, or a socket outlet with lock and proximity pilot."
    ] = "tethered"
    ventilation: Annotated[bool, "The place is ventilated: vehicles that ask for it (state D) may charge."] = False
    debounce_on_s: Annotated[Seconds, "How long a vehicle must ask before it is believed.", Between(0.02, 1)] = 0.1
    debounce_off_s: Annotated[
        Seconds, "How long a vehicle must stop asking before it is believed.", Between(0, 0.05)
    ] = 0.02
    rest_s: Annotated[Seconds, "Shortest time the contactor stays open between two closings.", Between(0.5, 60)] = 5.0
    meter_period_s: Annotated[Seconds, "How often the meter is read.", Between(0.2, 60)] = 1.0
    meter_stale_s: Annotated[
        Seconds, "After this long without a reading the meter counts as lost.", Between(1, 300)
    ] = 10.0
    on_meter_loss: Annotated[Literal["stop", "continue"], "What a lost meter does to a running transaction."] = "stop"
    pilot: Annotated[PilotSettings | None, "Control pilot by GPIO; left out: the board brings its own."] = None
    contactor: Annotated[ContactorSettings | None, "Contactor by GPIO; left out: the board brings its own."] = None
    coprocessor: Annotated[
        CoprocessorSettings | None, "Board with pilot and contactor; left out: the board of the station has them."
    ] = None
    interlock: Annotated[tuple[InterlockSettings, ...], "Contacts that open the contactor.", Items(0, 8)] = ()
    meter: Annotated[MeterSettings | None, "Energy meter; left out: the board brings its own, or there is none."] = None


@dataclass(frozen=True)
class ReaderSettings:
    """A card reader."""

    kind: Annotated[
        Literal["rdm6300", "line", "pn532", "twn4", "hid", "wiegand"],
        "rdm6300: 125 kHz module; line: any reader that sends an id as a text line; pn532: NFC module on its UART; "
        "twn4: ELATEC with the Simple Protocol app; hid: USB reader that types like a keyboard; wiegand: two lines.",
        Example("rdm6300"),
    ]
    port: Annotated[
        str,
        "Serial port; hid: /dev/input/by-id/...-event-kbd; wiegand: gpio:DATA0,DATA1.",
        DEVICE,
        Example("/dev/ttyAMA0"),
    ]
    connectors: Annotated[tuple[int, ...], "Connectors it serves; empty: all.", Items(0, 8)] = ()
    baud: Annotated[int, "Baud rate; a pn532 is delivered with 115200.", Between(1200, 921600)] = 9600
    pattern: Annotated[str, "line, hid: regular expression; its first group is the id."] = r"([0-9A-Fa-f]{8,20})"
    digits: Annotated[Literal["hex", "decimal"], "line, hid: what the id is written in."] = "hex"
    reverse: Annotated[bool, "The id arrives last byte first."] = False
    strip: Annotated[Literal["none", "front", "end"], "Take away zero bytes there (after reverse)."] = "none"
    pad: Annotated[int, "Fill a shorter id up to so many bytes, with zeros in front; 0: as it is.", Between(0, 10)] = 0
    again_after_s: Annotated[Seconds, "The same card counts again after this time.", Between(0.5, 60)] = 3.0


COPROCESSOR_BOARDS = ("evse-din", "openevse", "phoenix", "smartevse3")


@dataclass(frozen=True)
class Board:
    """The hardware recipe."""

    name: Annotated[
        Literal["mock", "raspi-mcp3008", "evse-din", "openevse", "phoenix", "smartevse3"],
        "mock: no hardware at all; raspi-mcp3008: a Pi with an MCP3008 or MCP3208; the others: a board with "
        "pilot and contactor of its own on a serial port.",
    ] = "mock"
    pin_factory: Annotated[Literal["lgpio", "mock"], "gpiozero pin factory; never chosen by itself."] = "lgpio"
    mock_socket: Annotated[str, "mock: the world's control socket; empty: world.sock in run_dir.", FILE] = ""


@dataclass(frozen=True)
class Guard:
    """The reflex process that owns pilot and contactor."""

    mode: Annotated[Literal["child", "service"], "child: the daemon starts it; service: systemd does."] = "child"
    lease_s: Annotated[
        Seconds, "A closed contactor opens when the daemon was silent for this long.", Between(0.3, 3)
    ] = 1.0
    sample_s: Annotated[Seconds, "Time between two looks at the pilot.", Between(0.001, 0.03)] = 0.02


@dataclass(frozen=True)
class Authorization:
    """Who may charge when no backend decides."""

    free_vending: Annotated[bool, "Every vehicle may charge, without a card."] = False
    free_token: Annotated[str, "What free vending calls its customer.", Matches(r".{1,20}", "1 to 20 characters")] = (
        "FREE"  # noqa: S105
    )


@dataclass(frozen=True)
class Config:
    """The whole file."""

    station: Station
    backend: Annotated[tuple[Backend, ...], "The backend; one for now.", Items(0, 1)] = ()
    board: Board = field(default_factory=Board)
    guard: Guard = field(default_factory=Guard)
    connector: Annotated[tuple[Connector, ...], "One table per connector.", Items(1, 8)] = field(
        default_factory=lambda: (Connector(),)
    )
    reader: Annotated[tuple[ReaderSettings, ...], "Card readers.", Items(0, 8)] = ()
    authorization: Authorization = field(default_factory=Authorization)
    security: Security = field(default_factory=Security)
    settings: Annotated[
        dict[SettingName, str | int | float | bool],
        "First values of backend settings, by OCPP 1.6 key or Component.Variable.",
        Items(0, 200),
        Example("HeartbeatInterval = 300"),
    ] = field(default_factory=dict)
    locked: Annotated[tuple[SettingName, ...], "Settings a backend may not change.", Items(0, 200)] = ()
