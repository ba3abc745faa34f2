"""Which driver talks to which co-processor board; one is made for each connector."""

from collections.abc import Callable, Sequence

from chargepoint.config.schema import Config, CoprocessorSettings
from chargepoint.hal import Coprocessor
from drivers.coprocessor.openevse import BAUD as OPENEVSE_BAUD
from drivers.coprocessor.openevse import OpenEvse


def make(config: Config) -> Sequence[Coprocessor]:
    """The co-processors of the board that ``config`` names, one per connector, in their order."""
    one = RECIPES[config.board.name]
    return [one(connector.coprocessor or CoprocessorSettings()) for connector in config.connector]


def openevse(wired: CoprocessorSettings) -> Coprocessor:
    return OpenEvse(wired.port, wired.baud or OPENEVSE_BAUD, wired.timeout_s)


RECIPES: dict[str, Callable[[CoprocessorSettings], Coprocessor]] = {"openevse": openevse}
