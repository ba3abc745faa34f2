"""Statuses as the daemon tells them."""

from typing import Any

Json = dict[str, Any]

STATION: Json = {
    "id": "CP-0001",
    "version": "0.1.0",
    "uptime_s": 11520,
    "boot": 14,
    "utc": 1763634151.0,
    "time_quality": "ntp",
    "guard": True,
    "faults": [],
}
ONLINE: Json = {
    "url": "wss://csms.example.com/ocpp/CP-0001",
    "state": "online",
    "version": "ocpp1.6",
    "registration": "Accepted",
    "since_s": 7300,
    "last_error": "connection refused",
    "next_try_s": None,
    "queue": 0,
    "dead": 0,
}
OFFLINE: Json = {**ONLINE, "state": "offline", "next_try_s": 12, "queue": 37, "dead": 1}
FREE: Json = {
    "number": 1,
    "status": "Available",
    "vehicle": "A",
    "power": "OFF",
    "session": "FREE",
    "contactor": False,
    "offered_amps": 0.0,
    "limit": {"amps": 16.0, "who": "installation"},
    "measured": {"power_w": 0.0, "energy_wh": 1000.0, "amps": [0.0, 0.0, 0.0], "volts": [230.0, 231.0, 229.0]},
    "transaction": None,
    "faults": [],
    "reservation": None,
}
CHARGING: Json = {
    **FREE,
    "status": "Charging",
    "vehicle": "C",
    "power": "ENERGIZED",
    "session": "RUNNING",
    "contactor": True,
    "offered_amps": 16.0,
    "measured": {"power_w": 11012.0, "energy_wh": 123456.7, "amps": [15.9, 16.0, 15.8], "volts": [230.1, 231.0, 229.0]},
    "transaction": {
        "id": "0f3c9a52",
        "token_masked": "04A1…C3",
        "started_utc": 1763632000.0,
        "energy_wh": 3214.2,
        "seconds": 2531,
    },
}
FAULTED: Json = {
    **FREE,
    "number": 2,
    "status": "Faulted",
    "faults": [
        {
            "id": "contactor-welded",
            "seen": "closed 2.1 s after it was opened",
            "help": "Switch off the supply, replace the contactor, then restart the station.",
        }
    ],
}
SUSPENDED: Json = {**CHARGING, "status": "SuspendedEVSE", "limit": {"amps": 0.0, "who": "charging profile"}}

HEALTHY: Json = {"station": STATION, "backend": ONLINE, "connectors": [FREE]}
CHARGES: Json = {"station": STATION, "backend": ONLINE, "connectors": [CHARGING]}
AWAY: Json = {"station": STATION, "backend": OFFLINE, "connectors": [CHARGING, {**FREE, "number": 2}]}
BROKEN: Json = {"station": STATION, "backend": ONLINE, "connectors": [CHARGING, FAULTED]}
EIGHT: Json = {
    "station": STATION,
    "backend": OFFLINE,
    "connectors": [
        {**state, "number": number}
        for number, state in enumerate([FREE, CHARGING, FAULTED, SUSPENDED, FREE, CHARGING, FREE, FREE], 1)
    ],
}
