"""What the panel can be asked, and what it can be told to do."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from chargepoint.clock import iso
from chargepoint.core.station import Station
from chargepoint.panel.server import Ask
from chargepoint.panel.status import connector_status, station_status
from chargepoint.store import Store

MOST_LISTED = 200


class Reported(Protocol):
    def status(self) -> dict[str, Any]: ...


def asks(
    station: Station,
    store: Store,
    uplink: Callable[[], Reported | None],
    version: str,
    identity: str,
    started: float,
) -> dict[str, Ask]:
    """For everybody who reaches the socket. ``started`` is the monotonic time of the daemon's start.

    A dead letter is given whole, with its card: somebody may have to bill it by hand.
    """

    async def status(_: Mapping[str, Any]) -> dict[str, Any]:
        link = uplink()
        backend = link.status() if link is not None else {"state": "none", "queue": store.waiting}
        backend["dead"] = store.dead
        return {
            "status": {
                "station": station_status(station, version, identity, station.around.now - started),
                "backend": backend,
                "connectors": [connector_status(evse) for evse in station.evses.values()],
            }
        }

    async def queue(_: Mapping[str, Any]) -> dict[str, Any]:
        entries = await store.head(MOST_LISTED)
        shown = [
            {
                "key": entry.key,
                "kind": type(entry.record).__name__,
                "tx": getattr(entry.record, "tx", None),
                "at": _date(store, entry.record.at),
                "attempts": entry.attempts,
            }
            for entry in entries
        ]
        return {"waiting": store.waiting, "queue": shown}

    async def dead(_: Mapping[str, Any]) -> dict[str, Any]:
        letters = (await store.dead_letters())[:MOST_LISTED]
        shown = [
            {
                "id": letter.id,
                "kind": letter.kind,
                "tx": letter.tx,
                "why": letter.why,
                "at": _date(store, letter.at),
                "waiting": letter.waiting,
                "record": json.loads(letter.body),
            }
            for letter in letters
        ]
        return {"dead": shown}

    async def ledger(_: Mapping[str, Any]) -> dict[str, Any]:
        return {"ledger": asdict(await store.verify())}

    async def setting(request: Mapping[str, Any]) -> dict[str, Any]:
        name = str(request.get("name", ""))
        found = station.settings.explain(name)
        if found is None:
            raise ValueError(f"there is no setting {name[:60]!r}")
        return {"setting": {"name": name, "value": found[0], "by": found[1]}}

    return {"status": status, "queue": queue, "dead": dead, "ledger": ledger, "setting": setting}


def commands(station: Station, store: Store) -> dict[str, Ask]:
    """For administrators only."""

    async def retry(request: Mapping[str, Any]) -> dict[str, Any]:
        id = request.get("id")
        if not isinstance(id, int) or not 0 <= id < 1 << 63:
            raise ValueError('say which dead letter, like {"ask": "retry", "id": 1}')
        await store.retry(id)
        return {"retried": id}

    return {"retry": retry}


def _date(store: Store, stamp: Any) -> str | None:
    utc = store.dated(stamp)
    return None if utc is None else iso(utc)
