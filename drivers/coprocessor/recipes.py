"""Which driver talks to which co-processor board; one is made for each connector."""

from collections.abc import Callable, Sequence

from chargepoint.config.schema import Config, CoprocessorSettings
from chargepoint.hal import Coprocessor

MODBUS_BAUD = 9600

Make = Callable[[Sequence[CoprocessorSettings]], Sequence[Coprocessor]]


def make(config: Config) -> Sequence[Coprocessor]:
    """The co-processors of the board that ``config`` names, one per connector, in their order."""
    wired = [connector.coprocessor or CoprocessorSettings() for connector in config.connector]
    return RECIPES[config.board.name](wired)


def openevse(wired: Sequence[CoprocessorSettings]) -> Sequence[Coprocessor]:
    from drivers.coprocessor.openevse import BAUD, OpenEvse

    return [OpenEvse(one.port, one.baud or BAUD, one.timeout_s) for one in wired]


def modbus(kind: str) -> Make:
    """Boards on one port share its line."""

    def made(wired: Sequence[CoprocessorSettings]) -> Sequence[Coprocessor]:
        from drivers.coprocessor.evse_din import GAP_S, EvseDin
        from drivers.coprocessor.phoenix import Phoenix
        from drivers.coprocessor.registers import BoardLine, Registers
        from drivers.coprocessor.smartevse import SmartEvse
        from drivers.modbus.rtu import LineSettings

        drivers = {"evse-din": (EvseDin, GAP_S), "phoenix": (Phoenix, 0.0), "smartevse3": (SmartEvse, 0.0)}
        driver, gap_s = drivers[kind]
        lines: dict[str, BoardLine] = {}
        for one in wired:
            baud = one.baud or MODBUS_BAUD
            settings = LineSettings(one.port, baud, one.parity, one.stop_bits, one.timeout_s, one.local_echo)
            lines.setdefault(one.port, BoardLine(settings))
        return [driver(Registers(lines[one.port], one.unit, gap_s)) for one in wired]

    return made


RECIPES: dict[str, Make] = {
    "openevse": openevse,
    **{kind: modbus(kind) for kind in ("evse-din", "phoenix", "smartevse3")},
}
