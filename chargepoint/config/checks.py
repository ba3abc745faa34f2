"""What one key cannot know: contradictions between keys. Each check is one function and one row of a table."""

from collections.abc import Iterable

from chargepoint.config import checks_hardware as hardware
from chargepoint.config import checks_service as service
from chargepoint.config.findings import Check, Finding
from chargepoint.config.keys import Path
from chargepoint.config.schema import Config
from chargepoint.config.words import near

PROBLEMS: tuple[Check, ...] = (
    service.one_password,
    service.password_is_hex,
    service.readers_serve_connectors,
    service.reader_pattern,
    hardware.serial_ports,
    hardware.board_has_pins,
    hardware.lines_once,
    hardware.lines_off_the_bus,
    hardware.coil_stays_open_at_boot,
    hardware.volts_span,
    hardware.meter_may_be_late,
    service.folders_apart,
    service.locked_once,
)
WARNINGS: tuple[Check, ...] = (
    service.password_in_the_clear,
    service.no_effect,
    hardware.daemon_has_no_pins,
    hardware.pretended_pins,
    service.anybody_may_charge,
)


def unknown_settings(config: Config, known: Iterable[str]) -> list[Finding]:
    """Names in [settings] and in ``locked`` that are none of ``known``, the names of the device model."""
    names = {name.casefold(): name for name in known}
    given: list[tuple[Path, str]] = [(("settings", name), name) for name in config.settings]
    given += [(("locked", position), name) for position, name in enumerate(config.locked, 1)]
    found = []
    for path, name in given:
        if name.casefold() not in names:
            hint = near(name, list(names))
            for low, proper in names.items():
                hint = hint.replace(f" {low}?", f" {proper}?")
            found.append(Finding(path, f'names no setting of this station: "{name}"{hint}'))
    return found
