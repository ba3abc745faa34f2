"""The state of the station as plain values: what the panel tells, in the words of logs and documentation."""

from typing import Any

from chargepoint.core.cards import masked
from chargepoint.core.evse import Evse
from chargepoint.core.faults import CATALOGUE
from chargepoint.core.station import Station


def station_status(station: Station, version: str, identity: str, uptime_s: float) -> dict[str, Any]:
    around = station.around
    return {
        "id": identity,
        "version": version,
        "uptime_s": round(uptime_s),
        "boot": station.setup.boot,
        "utc": around.utc,
        "time_quality": around.quality.name.lower(),
        "guard": bool(around.guard),
        "faults": _faults(around.faults),
    }


def connector_status(evse: Evse) -> dict[str, Any]:
    sample, limit, held = evse.metering.sample, evse.limit, evse.session.grant
    heard = sample is not None and sample.measured_at >= 0
    return {
        "number": evse.number,
        "status": evse.status.value,
        "vehicle": evse.vehicle.name if evse.vehicle is not None else None,
        "power": evse.power.state.name,
        "session": evse.session.state.name,
        "contactor": evse.closed,
        "offered_amps": evse.offered_amps,
        "limit": {"amps": limit.amps, "who": limit.who},
        "measured": {
            "power_w": sample.power_w if sample and heard else None,
            "energy_wh": evse.metering.energy_wh if heard else None,
            "amps": list(sample.amps) if sample and heard else [],
            "volts": list(sample.volts) if sample and heard else [],
        },
        "token_masked": masked(held.token) if held is not None else None,
        "transaction": _transaction(evse),
        "faults": _faults(evse.all_faults),
        "reservation": evse.reserved or None,
    }


def _transaction(evse: Evse) -> dict[str, Any] | None:
    tx, around = evse.session.tx, evse.around
    if tx is None:
        return None
    began = tx.started.at
    return {
        "id": tx.id,
        "token_masked": masked(tx.grant.token),
        "started_utc": began.utc,
        "energy_wh": max(0.0, evse.metering.energy_wh - tx.started.energy_wh),
        "seconds": round(around.now - began.mono) if began.boot == around.setup.boot else None,
    }


def _faults(found: dict[str, str]) -> list[dict[str, str]]:
    return [{"id": fault, "seen": seen, "help": CATALOGUE[fault].help} for fault, seen in found.items()]
