"""Meters and card readers of a configuration. Each kind loads its library only when there is one of it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chargepoint import hal
from chargepoint.config.schema import Config, Connector, MeterSettings, ReaderSettings
from drivers.modbus.endpoint import SCHEME
from drivers.reader.port import GpioPort

if TYPE_CHECKING:
    from drivers.gpio.pins import Factory
    from drivers.modbus.line import Line
    from drivers.reader.taps import Taps

MakeFactory = Callable[[], "Factory"]


def make_meters(config: Config) -> list[hal.Meter | None]:
    """One entry per connector. Meters on one port share its line. Raises MapError, EndpointError."""
    lines: dict[str, Line] = {}
    return [_meter(connector, lines) for connector in config.connector]


def _meter(connector: Connector, lines: "dict[str, Line]") -> hal.Meter | None:
    if connector.meter is None:
        return None
    from drivers.modbus.map import load
    from drivers.modbus.meter import ModbusMeter

    wired = connector.meter
    if wired.port not in lines:
        lines[wired.port] = _line(wired)
    registers = load(wired.model)
    return ModbusMeter(lines[wired.port], wired.unit or registers.factory_unit, registers, connector.phases)


def _line(wired: MeterSettings) -> "Line":
    if wired.port.startswith(SCHEME):
        from drivers.modbus.tcp import TcpLine

        return TcpLine(wired.port, wired.timeout_s)
    from drivers.modbus.rtu import LineSettings, RtuLine

    return RtuLine(
        LineSettings(wired.port, wired.baud, wired.parity, wired.stop_bits, wired.timeout_s, wired.local_echo)
    )


def make_readers(config: Config, make_factory: MakeFactory) -> list[hal.ServedReader]:
    """``make_factory`` gives gpiozero's pins, for readers on GPIO lines. Raises PortError."""
    everybody = tuple(range(1, len(config.connector) + 1))
    return [
        hal.ServedReader(
            name=f"{reader.kind} at {reader.port}",
            reader=READERS[reader.kind](reader, _taps(reader), make_factory),
            connectors=reader.connectors or everybody,
        )
        for reader in config.reader
    ]


def _taps(reader: ReaderSettings) -> "Taps":
    from drivers.reader.taps import Spelling, Taps

    return Taps(reader.again_after_s, Spelling(reader.reverse, reader.strip, reader.pad))


def _rdm6300(reader: ReaderSettings, taps: "Taps", make_factory: MakeFactory) -> hal.Reader:
    from drivers.reader.rdm6300 import Rdm6300
    from drivers.reader.uart import UartReader

    return UartReader(reader.port, reader.baud, Rdm6300, taps)


def _text(reader: ReaderSettings, taps: "Taps", make_factory: MakeFactory) -> hal.Reader:
    from drivers.reader.line import TextLine
    from drivers.reader.uart import UartReader

    return UartReader(reader.port, reader.baud, lambda: TextLine(reader.pattern, reader.digits), taps)


def _pn532(reader: ReaderSettings, taps: "Taps", make_factory: MakeFactory) -> hal.Reader:
    from drivers.reader.pn532 import Pn532
    from drivers.reader.uart import AskedReader

    return AskedReader(reader.port, reader.baud, Pn532, taps)


def _twn4(reader: ReaderSettings, taps: "Taps", make_factory: MakeFactory) -> hal.Reader:
    from drivers.reader.twn4 import Twn4
    from drivers.reader.uart import AskedReader

    return AskedReader(reader.port, reader.baud, Twn4, taps)


def _hid(reader: ReaderSettings, taps: "Taps", make_factory: MakeFactory) -> hal.Reader:
    from drivers.reader.hid import HidReader, open_evdev
    from drivers.reader.line import TextLine

    return HidReader(reader.port, lambda: TextLine(reader.pattern, reader.digits), taps, open_evdev)


def _wiegand(reader: ReaderSettings, taps: "Taps", make_factory: MakeFactory) -> hal.Reader:
    from drivers.reader.wiegand_lines import WiegandReader

    return WiegandReader(GpioPort.of(reader.port).lines, make_factory, taps)


READERS: Mapping[str, Callable[[ReaderSettings, "Taps", MakeFactory], hal.Reader]] = {
    "rdm6300": _rdm6300,
    "line": _text,
    "pn532": _pn532,
    "twn4": _twn4,
    "hid": _hid,
    "wiegand": _wiegand,
}
