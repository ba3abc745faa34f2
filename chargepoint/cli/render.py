"""The status as lines for a technician: a pure function of the daemon's status and a style.

The daemon may be older or newer than this command: what is missing is shown as a dash and never raises.
"""

from collections.abc import Mapping
from typing import Any

from chargepoint.cli.paint import Span, Style, flow, paint, table, titled

Json = Mapping[str, Any]
INDENT = 3
TITLE = 9

# status: symbol, the same in ASCII, colour
STATUSES = {
    "Available": ("○", "o", ""),
    "Preparing": ("◐", "c", "warn"),
    "Occupied": ("◐", "c", "warn"),
    "Charging": ("▶", ">", "good"),
    "SuspendedEV": ("‖", "=", "warn"),
    "SuspendedEVSE": ("‖", "=", "warn"),
    "Finishing": ("◑", "c", "warn"),
    "Reserved": ("◇", "r", "warn"),
    "Unavailable": ("–", "-", "dim"),
    "Faulted": ("✖", "x", "bad"),
}
BACKEND = {
    "online": ("●", "*", "good"),
    "connecting": ("◐", "~", "warn"),
    "offline": ("○", "o", "bad"),
    "none": ("–", "-", "dim"),
}
UNKNOWN = ("?", "?", "warn")
HEADINGS = ("#", "status", "car", "contactor", "offered", "drawn", "power", "session")
RIGHT = frozenset({0, 4, 5, 6, 7})


def render(status: Json, style: Style) -> list[str]:
    """Lines no wider than ``style.width``; they hold escape sequences only if ``style.colour``."""
    connectors = [_map(connector) for connector in _list(status, "connectors")]
    cells = [[Span(text, "head") for text in HEADINGS], *(_cells(connector, style) for connector in connectors)]
    heading, *rows = table(cells, RIGHT)
    lines = [*_station(_map(status, "station"), style), *_backend(_map(status, "backend"), style), [], heading]
    for row, connector in zip(rows, connectors, strict=True):
        lines += [row, *flow(_details(connector), INDENT, style)]
    return [paint(line, style) for line in lines]


def healthy(status: Json) -> bool:
    """Nothing is broken here. A backend that is away is not a fault of the station."""
    station = _map(status, "station")
    faults = [station.get("faults"), *(_map(connector).get("faults") for connector in _list(status, "connectors"))]
    return station.get("guard") is True and not any(faults)


def duration(seconds: Any) -> str:
    """``42 s``, ``12 min``, ``3 h 12 min``, ``2 d 4 h``."""
    if not isinstance(seconds, (int, float)):
        return "-"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"


def _station(station: Json, style: Style) -> list[list[Span]]:
    parts = [
        Span(_word(station, "id"), "head"),
        Span(f"v{_word(station, 'version')}"),
        Span(f"up {duration(station.get('uptime_s'))}"),
        Span(f"{_moment(station.get('utc'))} ({_word(station, 'time_quality')})"),
        Span("guard ok", "good")
        if station.get("guard") is True
        else Span("guard missing: no contactor can close", "bad"),
    ]
    return [*titled(Span("station"), parts, TITLE, style), *flow(_faults(station), INDENT, style)]


def _backend(backend: Json, style: Style) -> list[list[Span]]:
    state = _word(backend, "state")
    rich, plain, colour = BACKEND.get(state, UNKNOWN)
    parts = [Span(f"{rich if style.unicode else plain} {state}", colour)]
    if state != "none":
        since = backend.get("since_s")
        parts += [Span(f"for {duration(since)}")] if since is not None else []
        parts += [Span(str(backend[name])) for name in ("version", "registration", "url") if backend.get(name)]
    quirks = sum(count for count in _map(backend, "quirks").values() if isinstance(count, int))
    if quirks:
        parts.append(Span(f"{quirks} deviations tolerated", "dim"))
    if state not in ("none", "online"):
        if backend.get("next_try_s"):
            parts.append(Span(f"next try in {duration(backend['next_try_s'])}"))
        if backend.get("last_error"):
            parts.append(Span(str(backend["last_error"]), "bad"))
    queue, dead = backend.get("queue") or 0, backend.get("dead") or 0
    waiting = [Span(f"{queue} to send", "warn" if queue else ""), Span(f"{dead} dead", "bad" if dead else "")]
    if dead:
        waiting.append(Span("(chargepoint queue dead)", "dim"))
    return [*titled(Span("backend"), parts, TITLE, style), *titled(Span("queue"), waiting, TITLE, style)]


def _cells(connector: Json, style: Style) -> list[Span]:
    status, measured = _word(connector, "status"), _map(connector, "measured")
    rich, plain, colour = STATUSES.get(status, UNKNOWN)
    drawn = [amps for amps in _list(measured, "amps") if isinstance(amps, (int, float))]
    session = _map(connector, "transaction")
    return [
        Span(_word(connector, "number")),
        Span(f"{rich if style.unicode else plain} {status}", colour),
        Span(_word(connector, "vehicle")),
        Span(_switch(connector.get("contactor"))),
        Span(_amount(connector.get("offered_amps"), 1, "A")),
        Span(_amount(max(drawn) if drawn else None, 1, "A")),
        Span(_amount(measured.get("power_w"), 1, "kW", 1000)),
        Span(_amount(session.get("energy_wh"), 2, "kWh", 1000)),
    ]


def _details(connector: Json) -> list[Span]:
    """What stands below a connector's row. Nothing for one that waits for a customer."""
    transaction, limit = _map(connector, "transaction"), _map(connector, "limit")
    parts = _faults(connector)
    if transaction:
        parts += [
            Span(f"transaction {_word(transaction, 'id')}"),
            Span(f"card {_word(transaction, 'token_masked')}"),
            Span(f"for {duration(transaction.get('seconds'))}"),
        ]
    elif connector.get("token_masked"):
        parts.append(Span(f"card {connector['token_masked']}"))
    if connector.get("vehicle") not in (None, "A") or transaction:
        if limit:
            parts.append(Span(f"limited to {_amount(limit.get('amps'), 1, 'A')} by {_word(limit, 'who')}"))
        parts.append(Span(f"power {_word(connector, 'power')}", "dim"))
        parts.append(Span(f"session {_word(connector, 'session')}", "dim"))
        parts += _phases(_map(connector, "measured"))
    if connector.get("reservation"):
        parts.append(Span(f"reserved: {_one_line(connector['reservation'])}"))
    return parts


def _phases(measured: Json) -> list[Span]:
    found = []
    for name, unit, digits in (("amps", "A", 1), ("volts", "V", 0)):
        values = [value for value in _list(measured, name) if isinstance(value, (int, float))]
        if len(values) > 1:
            found.append(Span(f"{' / '.join(f'{value:.{digits}f}' for value in values)} {unit}", "dim"))
    energy = _amount(measured.get("energy_wh"), 3, "kWh", 1000)
    return found if energy == "-" else [*found, Span(f"meter {energy}", "dim")]


def _faults(where: Json) -> list[Span]:
    faults = [_map(fault) for fault in _list(where, "faults")]
    return [
        Span(
            ": ".join(
                str(part) for part in (f"fault {_word(fault, 'id')}", fault.get("seen"), fault.get("help")) if part
            ),
            "bad",
        )
        for fault in faults
    ]


def _amount(value: Any, digits: int, unit: str, divisor: float = 1) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "-"
    return f"{value / divisor:.{digits}f} {unit}"


def _moment(utc: Any) -> str:
    """Seconds since 1970, or text already; without the fraction."""
    if isinstance(utc, (int, float)):
        from chargepoint.clock import iso

        utc = iso(utc)
    if not isinstance(utc, str) or not utc:
        return "time unknown"
    return utc[:19].replace("T", " ") + " UTC"


def _one_line(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {inner}" for name, inner in value.items() if inner is not None)
    return str(value)


def _word(where: Json, name: str) -> str:
    value = where.get(name)
    return "-" if value is None or value == "" else str(value)


def _switch(closed: Any) -> str:
    return "closed" if closed is True else "open" if closed is False else "-"


def _list(where: Json, name: str) -> list[Any]:
    value = where.get(name)
    return value if isinstance(value, list) else []


def _map(where: Any, name: str = "") -> Json:
    value = where.get(name) if name else where
    return value if isinstance(value, Mapping) else {}
