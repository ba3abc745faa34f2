"""Contradictions in the hardware: ports, pins, converters, meters."""

from collections.abc import Iterator
from typing import Any

from chargepoint.config.findings import Finding, twice
from chargepoint.config.keys import Path, dotted
from chargepoint.config.schema import COPROCESSOR_BOARDS, Config

# BCM2835 ARM Peripherals, table 6-31: these lines are pulled up from power-on until the kernel sets them
PULLED_UP_AT_BOOT = range(9)
SPI_LINES = {0: (7, 8, 9, 10, 11), 1: (16, 17, 18, 19, 20, 21)}


def serial_ports(config: Config) -> Iterator[Finding]:
    """A reader has its port alone. Meters share one, with different addresses and the same line settings."""
    taken: dict[str, Path] = {}
    for i, reader in enumerate(config.reader, 1):
        path = ("reader", i, "port")
        if reader.port in taken:
            yield twice(path, f'"{reader.port}"', taken[reader.port])
        elif reader.port:
            taken[reader.port] = path
    first: dict[str, int] = {}
    addresses: dict[tuple[str, int], Path] = {}
    for i, connector in enumerate(config.connector, 1):
        if not (meter := connector.meter):
            continue
        here = ("connector", i, "meter")
        if meter.port in taken:
            yield twice((*here, "port"), f'"{meter.port}"', taken[meter.port])
        if (meter.port, meter.unit) in addresses:
            other = addresses[meter.port, meter.unit]
            text = f"is {meter.unit}, as {dotted(other)} is on the same port; give each meter its own"
            yield Finding((*here, "unit"), text, (other, (*here, "port"), (*other[:-1], "port")))
        addresses.setdefault((meter.port, meter.unit), (*here, "unit"))
        before = ("connector", first.setdefault(meter.port, i), "meter")
        settings = config.connector[first[meter.port] - 1].meter
        for name in ("baud", "parity", "stop_bits"):
            if getattr(meter, name) != getattr(settings, name):
                text = f'differs from {dotted((*before, name))}, but both meters are on "{meter.port}"'
                yield Finding((*here, name), text, ((*before, name), (*here, "port"), (*before, "port")))


def board_has_pins(config: Config) -> Iterator[Finding]:
    name = ("board", "name")
    for i, connector in enumerate(config.connector, 1):
        for part in ("pilot", "contactor", "interlock"):
            path = ("connector", i, part)
            given = getattr(connector, part)
            if config.board.name == "mock" and given:
                yield Finding(
                    path,
                    'contradicts board.name = "mock", which has no pins; choose the board or leave it out',
                    (name,),
                )
            elif config.board.name == "raspi-mcp3008" and given is None:
                text = f'is missing: board.name = "raspi-mcp3008" needs [connector.{part}], which may be empty'
                yield Finding(path, text, (name,))


def board_has_coprocessors(config: Config) -> Iterator[Finding]:
    name = ("board", "name")
    if config.board.name not in COPROCESSOR_BOARDS:
        return
    for i, connector in enumerate(config.connector, 1):
        if connector.coprocessor is None:
            text = f'is missing: board.name = "{config.board.name}" needs [connector.coprocessor], which may be empty'
            yield Finding(("connector", i, "coprocessor"), text, (name,))
        for part in ("pilot", "contactor", "interlock"):
            if getattr(connector, part):
                text = f'contradicts board.name = "{config.board.name}", whose co-processor has it; leave it out'
                yield Finding(("connector", i, part), text, (name,))


def coprocessor_ports(config: Config) -> Iterator[Finding]:
    """A co-processor has its port alone, for whatever else speaks there delays the opening; those of one kind may share
    it, with different addresses."""
    if config.board.name not in COPROCESSOR_BOARDS:
        return
    taken: dict[str, Path] = {reader.port: ("reader", i, "port") for i, reader in enumerate(config.reader, 1)}
    for i, connector in enumerate(config.connector, 1):
        if connector.meter:
            taken.setdefault(connector.meter.port, ("connector", i, "meter", "port"))
    addresses: dict[tuple[str, int], Path] = {}
    for i, connector in enumerate(config.connector, 1):
        if (wired := connector.coprocessor) is None:
            continue
        here = ("connector", i, "coprocessor")
        address = (wired.port, 0 if config.board.name == "openevse" else wired.unit)
        if wired.port in taken:
            yield twice((*here, "port"), f'"{wired.port}"', taken[wired.port])
        elif address in addresses:
            other = addresses[address]
            text = f'is the board on "{wired.port}" that {dotted(other)} is already; give each its own port or address'
            yield Finding((*here, "port"), text, ((*other, "port"), (*here, "unit"), (*other, "unit")))
        addresses.setdefault(address, here)


def coprocessor_without_effect(config: Config) -> Iterator[Finding]:
    for i, connector in enumerate(config.connector, 1):
        if connector.coprocessor and config.board.name not in COPROCESSOR_BOARDS:
            text = f'has no effect with board.name = "{config.board.name}"'
            yield Finding(("connector", i, "coprocessor"), text, (("board", "name"),))


def lines_once(config: Config) -> Iterator[Finding]:
    taken: dict[Any, Path] = {}
    for i, connector in enumerate(config.connector, 1):
        here = ("connector", i)
        uses: list[tuple[Path, Any, str]] = []
        if coil := connector.contactor:
            for name in ("coil_line", "mirror_line", "enable_line"):
                uses.append(((*here, "contactor", name), getattr(coil, name), "GPIO line {}"))
        for position, lock in enumerate(connector.interlock, 1):
            uses.append(((*here, "interlock", position, "line"), lock.line, "GPIO line {}"))
        if pilot := connector.pilot:
            pwm = (pilot.pwm_device, pilot.pwm_channel)
            uses.append(((*here, "pilot", "pwm_channel"), pwm, "PWM channel {0[1]} of {0[0]}"))
            adc = (pilot.spi_bus, pilot.spi_device, pilot.adc_channel)
            uses.append(((*here, "pilot", "adc_channel"), adc, "channel {0[2]} of the converter on SPI {0[0]}.{0[1]}"))
        for path, what, words in uses:
            if what == -1:
                continue
            if what in taken:
                yield twice(path, words.format(what), taken[what])
            taken.setdefault(what, path)


def lines_off_the_bus(config: Config) -> Iterator[Finding]:
    buses = {c.pilot.spi_bus: i for i, c in reversed(list(enumerate(config.connector, 1))) if c.pilot}
    for i, connector in enumerate(config.connector, 1):
        for name in ("coil_line", "mirror_line", "enable_line") if connector.contactor else ():
            line = getattr(connector.contactor, name)
            for bus, user in buses.items():
                if line in SPI_LINES.get(bus, ()):
                    other = ("connector", user, "pilot", "spi_bus")
                    text = f"is {line}, which SPI bus {bus} of the pilot's converter uses; choose another line"
                    yield Finding(("connector", i, "contactor", name), text, (other,))


def coil_stays_open_at_boot(config: Config) -> Iterator[Finding]:
    for i, connector in enumerate(config.connector, 1):
        coil = connector.contactor
        if coil and not coil.hardware_interlock and coil.coil_line in PULLED_UP_AT_BOOT:
            path = ("connector", i, "contactor", "coil_line")
            text = f"is {coil.coil_line}, which is pulled up at boot and would close the contactor; choose 9..27"
            yield Finding(path, text, ((*path[:-1], "hardware_interlock"),))


def volts_span(config: Config) -> Iterator[Finding]:
    for i, connector in enumerate(config.connector, 1):
        if connector.pilot and connector.pilot.volts_at_zero >= connector.pilot.volts_at_full:
            path = ("connector", i, "pilot", "volts_at_zero")
            yield Finding(path, "must be below volts_at_full", ((*path[:-1], "volts_at_full"),))


def meter_may_be_late(config: Config) -> Iterator[Finding]:
    for i, connector in enumerate(config.connector, 1):
        if connector.meter_stale_s < 2 * connector.meter_period_s:
            path = ("connector", i, "meter_stale_s")
            text = (
                f"is {connector.meter_stale_s:g}, must be at least twice meter_period_s ({connector.meter_period_s:g})"
            )
            yield Finding(path, text, (("connector", i, "meter_period_s"),))


def daemon_has_no_pins(config: Config) -> Iterator[Finding]:
    if config.board.name not in ("mock", *COPROCESSOR_BOARDS) and config.guard.mode == "child":
        text = (
            'is "child": the shipped systemd units give pins to the guard\'s own unit only; there it must be "service"'
        )
        yield Finding(("guard", "mode"), text, (("board", "name"),))


def pretended_pins(config: Config) -> Iterator[Finding]:
    if config.board.name != "mock" and config.board.pin_factory == "mock":
        yield Finding(("board", "pin_factory"), 'is "mock": no real contactor will be switched', (("board", "name"),))
