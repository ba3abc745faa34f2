"""Stage daemon: is the station running, and what does it say itself? Its status comes from the panel. Pure."""

from collections.abc import Mapping
from typing import Any

from chargepoint.doctor.finding import Finding, bad, ok, quoted, warn

STAGE = "daemon"

Json = Mapping[str, Any]
Running = Json | None
"""The daemon's status; empty where it runs and does not say; None where no daemon runs."""

CONTACTOR = {"True": "closed", "False": "open"}


def linked(running: Running) -> bool:
    """The daemon has a connection to the backend at this moment."""
    return bool(running) and _map(running or {}, "backend").get("state") == "online"


def of_backend(running: Running, force: bool) -> list[Finding]:
    if running is None:
        return [ok(STAGE, "no daemon is running: nothing is disturbed")]
    backend = _map(running, "backend")
    if not running:
        what = "a daemon is running and does not tell its status"
    elif linked(running):
        what = f"the daemon is connected ({backend.get('version') or '?'}, {backend.get('registration') or '?'})"
    else:
        error = quoted(str(backend.get("last_error") or ""))
        what = "a daemon is running and not connected" + (f": {error}" if error else "")
    if force:
        return [warn(STAGE, what, "some backends drop its connection now, because they allow one per station")]
    if linked(running):
        return [
            warn(
                STAGE,
                f"{what}; a second connection could throw it out, so none is opened",
                "stop the daemon, or give --force, to test upgrade and boot all the same",
            )
        ]
    return [warn(STAGE, f"{what}; no BootNotification is sent meanwhile", "stop the daemon, or give --force")]


def of_hardware(running: Running) -> list[Finding]:
    """What the daemon sees, in place of our own look: the pins are in its guard's hands."""
    if running is None:
        return [ok(STAGE, "no daemon is running: pins, meters and readers are free to be tested")]
    found = [
        warn(
            STAGE,
            "the station is running, so no pin, meter or reader is touched; this is what it sees itself",
            "for the full examination stop it: systemctl stop chargepoint chargepoint-guard",
        )
    ]
    if not running:
        return [*found, bad(STAGE, "it does not tell its status", "run this as root or as a member of its group")]
    station = _map(running, "station")
    if station.get("guard") is True:
        found.append(ok("guard", "the guard runs"))
    else:
        found.append(bad("guard", "the guard is missing: no contactor can close", "journalctl -u chargepoint-guard"))
    found += _faults("station", station)
    for connector in running.get("connectors") or []:
        if isinstance(connector, Mapping):
            found += _connector(connector)
    return found


def _connector(connector: Json) -> list[Finding]:
    stage = f"connector {connector.get('number', '?')}"
    measured = _map(connector, "measured")
    contactor = CONTACTOR.get(str(connector.get("contactor")), "not known")
    found = [ok(stage, f"vehicle {connector.get('vehicle') or '?'}, contactor {contactor} by its mirror contact")]
    energy_wh = measured.get("energy_wh")
    if isinstance(energy_wh, int | float):
        volts = " / ".join(f"{each:.0f}" for each in measured.get("volts") or [] if isinstance(each, int | float))
        found.append(ok(stage, f"meter {energy_wh / 1000:.3f} kWh" + (f", {volts} V" if volts else "")))
    else:
        found.append(warn(stage, "no reading of a meter"))
    return found + _faults(stage, connector)


def _faults(stage: str, where: Json) -> list[Finding]:
    faults = [fault for fault in where.get("faults") or [] if isinstance(fault, Mapping)]
    return [
        bad(stage, f"fault {fault.get('id')}: {quoted(str(fault.get('seen', '')))}", str(fault.get("help", "")))
        for fault in faults
    ]


def _map(where: Json, name: str) -> Json:
    value = where.get(name)
    return value if isinstance(value, Mapping) else {}
