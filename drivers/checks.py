"""What the raspi-mcp3008 board cannot do, or must not: full sentences, each beginning with the path in the file.

The loader has already refused what is wrong in itself (bounds, a line used twice, meters that clash on a port). Here
is what only this board knows: what its lines do before any program runs, what it has no hardware for, what the
register maps can measure, and what the text of a port means.
"""

from collections.abc import Callable, Iterator

from chargepoint.config.schema import Config, Connector, ContactorSettings, CoprocessorSettings, MeterSettings
from drivers.modbus.endpoint import SCHEME, Endpoint, EndpointError
from drivers.modbus.map import MapError, load
from drivers.reader.port import GpioPort, PortError

# What a line does between power-on and our first word (BCM2835 ARM Peripherals, table 6-31; the UART by the firmware).
AT_BOOT = {
    **dict.fromkeys(range(9), "is pulled up"),
    14: "is the UART's transmit line, which the boot console drives",
    15: "is the UART's receive line, which is pulled up",
}
UART = (14, 15)
PULLED_UP_ON_BOARD = (2, 3)  # 1.8 kilo-ohm, for I2C
PILOT_SPAN_V = 12.0
LAST_RTU_UNIT = 247
SPI_LINES = {0: (7, 8, 9, 10, 11), 1: (16, 17, 18, 19, 20, 21)}

Check = Callable[[str, Connector], Iterator[str]]


def problems(config: Config) -> list[str]:
    """Everything that speaks against running this configuration on this board; empty when nothing does."""
    return pin_problems(config) + meter_problems(config) + reader_problems(config)


def pin_problems(config: Config) -> list[str]:
    """The guard's part."""
    return [sentence for check in PIN_CHECKS for path, one in _connectors(config) for sentence in check(path, one)]


def meter_problems(config: Config) -> list[str]:
    """The daemon's part. Reads the register maps."""
    found = [sentence for path, one in _connectors(config) for sentence in _meter_fits(path, one)]
    return found + list(_line_settings_agree(config)) + ([] if found else list(_units_differ(config)))


def coprocessor_problems(config: Config) -> list[str]:
    """What a co-processor board cannot do; the daemon's part."""
    return [
        sentence
        for check in (_coprocessor_given, _no_socket)
        for path, one in _connectors(config)
        for sentence in check(path, one)
    ] + list(_coprocessor_lines_agree(config))


def reader_problems(config: Config) -> list[str]:
    """The daemon's part, too."""
    taken = dict(_lines_taken(config))
    found = []
    for number, reader in enumerate(config.reader, 1):
        if reader.kind != "wiegand":
            continue
        path = f"reader[{number}].port"
        try:
            lines = GpioPort.of(reader.port).lines
        except PortError as exc:
            found.append(f"{path}: {exc}")
            continue
        found += [
            f"{path} = {reader.port!r}: GPIO {line} is taken by {taken[line]}; choose another line"
            for line in lines
            if line in taken
        ]
        taken.update(dict.fromkeys(lines, path))
    return found


def _lines_taken(config: Config) -> Iterator[tuple[int, str]]:
    for path, connector in _connectors(config):
        if wired := connector.contactor:
            for name in ("coil_line", "mirror_line", "enable_line"):
                yield getattr(wired, name), f"{path}.contactor.{name}"
        for number, contact in enumerate(connector.interlock, 1):
            yield contact.line, f"{path}.interlock[{number}].line"
        if pilot := connector.pilot:
            for line in SPI_LINES.get(pilot.spi_bus, ()):
                yield line, f"{path}.pilot (SPI)"


def _connectors(config: Config) -> Iterator[tuple[str, Connector]]:
    for number, connector in enumerate(config.connector, 1):
        yield f"connector[{number}]", connector


def _tables_given(path: str, connector: Connector) -> Iterator[str]:
    for name, table in (("pilot", connector.pilot), ("contactor", connector.contactor)):
        if table is None:
            yield f"{path}.{name} is missing: this board brings none of its own; add [connector.{name}]"


def _coil_quiet_at_boot(path: str, connector: Connector) -> Iterator[str]:
    wired = connector.contactor or ContactorSettings()
    if wired.coil_line in AT_BOOT and not wired.hardware_interlock:
        yield (
            f"{path}.contactor.coil_line = {wired.coil_line}: GPIO {wired.coil_line} {AT_BOOT[wired.coil_line]} while "
            "the Pi boots and could close the contactor; choose one of 9 to 13 or 16 to 27, or set hardware_interlock "
            "if the coil cannot close without enable pulses"
        )


def _enable_quiet_at_boot(path: str, connector: Connector) -> Iterator[str]:
    wired = connector.contactor or ContactorSettings()
    if wired.enable_line in UART:
        yield (
            f"{path}.contactor.enable_line = {wired.enable_line}: GPIO {wired.enable_line} {AT_BOOT[wired.enable_line]}"
            "; its traffic would pass for enable pulses; choose another line"
        )
    if wired.hardware_interlock and wired.enable_line < 0:
        yield (
            f"{path}.contactor.hardware_interlock is true, so the coil needs enable pulses, but enable_line = -1 wires "
            "none; name the line of the pulses"
        )


def _contacts_can_be_pulled(path: str, connector: Connector) -> Iterator[str]:
    inputs = [
        (f"{path}.interlock[{i}].line", wired.line, wired.active_high) for i, wired in enumerate(connector.interlock, 1)
    ]
    if wired := connector.contactor:
        inputs.append((f"{path}.contactor.mirror_line", wired.mirror_line, wired.mirror_active_high))
    for where, line, active_high in inputs:
        if line in PULLED_UP_ON_BOARD and not active_high:
            yield (
                f"{where} = {line}: GPIO {line} has a pull-up on the board, but an active-low contact is pulled down "
                "so that a broken wire shows; choose another line"
            )


def _pilot_in_range(path: str, connector: Connector) -> Iterator[str]:
    if (wired := connector.pilot) and not wired.volts_at_zero <= -PILOT_SPAN_V <= PILOT_SPAN_V <= wired.volts_at_full:
        yield (
            f"{path}.pilot: the converter sees {wired.volts_at_zero:g} to {wired.volts_at_full:g} V, but a pilot "
            "swings from -12 to +12 V; without its low half a vehicle's diode cannot be checked"
        )


def _no_socket(path: str, connector: Connector) -> Iterator[str]:
    if connector.cable == "socket":
        yield (
            f'{path}.cable = "socket": this board drives no cable lock and reads no proximity pilot, which a socket '
            'outlet needs; set cable = "tethered" if the cable is fixed'
        )


PIN_CHECKS: tuple[Check, ...] = (
    _tables_given,
    _coil_quiet_at_boot,
    _enable_quiet_at_boot,
    _contacts_can_be_pulled,
    _pilot_in_range,
    _no_socket,
)


def _meter_fits(path: str, connector: Connector) -> Iterator[str]:
    if connector.meter is None:
        return
    try:
        registers = load(connector.meter.model)
    except MapError as exc:
        yield f"{path}.meter.model: {exc}"
        return
    if registers.phases < connector.phases:
        yield (
            f"{path}.meter.model: {registers.title} measures one phase, but {path}.phases = {connector.phases}; take a "
            "three-phase meter, or set phases = 1"
        )
    if not connector.meter.port.startswith(SCHEME):
        if connector.meter.unit > LAST_RTU_UNIT:
            yield (
                f"{path}.meter.unit = {connector.meter.unit}: on a serial line addresses go from 1 to {LAST_RTU_UNIT}"
            )
        return
    try:
        Endpoint.of(connector.meter.port)
    except EndpointError as exc:
        yield f"{path}.meter.port: {exc}"


def _units_differ(config: Config) -> Iterator[str]:
    """What the loader cannot see: unit 0 stands for an address that only the map knows."""
    taken: dict[tuple[str, int], str] = {}
    for path, connector in _connectors(config):
        if (meter := connector.meter) is None:
            continue
        unit = meter.unit or load(meter.model).factory_unit
        where = taken.setdefault((meter.port, unit), path)
        if where != path:
            yield (
                f"{path}.meter.unit: both this meter and {where}.meter have address {unit} on {meter.port}; give each "
                "its own"
            )


def _line_settings_agree(config: Config) -> Iterator[str]:
    first: dict[str, tuple[str, MeterSettings]] = {}
    for path, connector in _connectors(config):
        if (meter := connector.meter) is None:
            continue
        where, before = first.setdefault(meter.port, (path, meter))
        for name in ("timeout_s", "local_echo"):
            if getattr(meter, name) != getattr(before, name):
                yield f"{path}.meter.{name} differs from {where}.meter.{name}, but both meters are on {meter.port}"


def _coprocessor_given(path: str, connector: Connector) -> Iterator[str]:
    if connector.coprocessor is None:
        yield f"{path}.coprocessor is missing: this board is reached by it; add [connector.coprocessor]"


def _coprocessor_lines_agree(config: Config) -> Iterator[str]:
    first: dict[str, tuple[str, CoprocessorSettings]] = {}
    for path, connector in _connectors(config):
        if (wired := connector.coprocessor) is None:
            continue
        where, before = first.setdefault(wired.port, (path, wired))
        for name in ("baud", "parity", "stop_bits", "timeout_s", "local_echo"):
            if getattr(wired, name) != getattr(before, name):
                yield f"{path}.coprocessor.{name} differs from {where}.coprocessor.{name}, but both are on {wired.port}"
