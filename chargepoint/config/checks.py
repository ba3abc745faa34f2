"""What one key cannot know: contradictions between keys. Each check is one function and one row of a table.

Names in [settings] and `locked` are known to `core.settings` only, which this room does not import.
"""

from chargepoint.config import checks_hardware as hardware
from chargepoint.config import checks_service as service
from chargepoint.config.findings import Check

PROBLEMS: tuple[Check, ...] = (
    service.one_password,
    service.password_is_hex,
    service.readers_serve_connectors,
    service.reader_pattern,
    hardware.serial_ports,
    hardware.board_has_pins,
    hardware.board_has_coprocessors,
    hardware.coprocessor_ports,
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
    hardware.coprocessor_without_effect,
    hardware.pretended_pins,
    service.anybody_may_charge,
)
