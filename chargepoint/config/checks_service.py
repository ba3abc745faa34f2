"""Contradictions in what is not wiring: the backend, who is served, folders, settings."""

import re
from collections.abc import Iterator

from chargepoint.config.findings import Finding
from chargepoint.config.keys import dotted
from chargepoint.config.schema import Config


def one_password(config: Config) -> Iterator[Finding]:
    for i, backend in enumerate(config.backend, 1):
        if backend.password and backend.password_file:
            other = ("backend", i, "password_file")
            yield Finding(
                ("backend", i, "password"), f"and {dotted(other)} are both given; keep password_file", (other,)
            )


def password_is_hex(config: Config) -> Iterator[Finding]:
    for i, backend in enumerate(config.backend, 1):
        if backend.password_form == "hex" and not re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", backend.password):  # noqa: S105
            form = ("backend", i, "password_form")
            yield Finding(
                ("backend", i, "password"), f'is not hex digits in pairs, as {dotted(form)} = "hex" says', (form,)
            )


def password_in_the_clear(config: Config) -> Iterator[Finding]:
    for i, backend in enumerate(config.backend, 1):
        if backend.url.startswith("ws://") and (backend.password or backend.password_file):
            text = "is ws://: the password travels in the clear; use wss:// wherever the backend offers it"
            yield Finding(("backend", i, "url"), text)


def no_effect(config: Config) -> Iterator[Finding]:
    for i, backend in enumerate(config.backend, 1):
        if backend.ca_file and backend.url.startswith("ws://"):
            yield Finding(("backend", i, "ca_file"), "has no effect on ws://", (("backend", i, "url"),))
        if backend.user and not (backend.password or backend.password_file):
            yield Finding(("backend", i, "user"), "has no effect without a password")


def readers_serve_connectors(config: Config) -> Iterator[Finding]:
    last = len(config.connector)
    for i, reader in enumerate(config.reader, 1):
        for position, number in enumerate(reader.connectors, 1):
            if not 1 <= number <= last:
                path = ("reader", i, "connectors", position)
                yield Finding(path, f"is {number}, must be a connector of this station, 1..{last}", (("connector",),))


def reader_pattern(config: Config) -> Iterator[Finding]:
    for i, reader in enumerate(config.reader, 1):
        path = ("reader", i, "pattern")
        try:
            groups = re.compile(reader.pattern).groups
        except (re.error, OverflowError, RecursionError) as error:
            yield Finding(path, f"is no regular expression: {error}")
            continue
        if reader.kind == "line" and not groups:
            yield Finding(path, "has no group: put the id's part in ( )")


def anybody_may_charge(config: Config) -> Iterator[Finding]:
    if config.authorization.free_vending and config.reader:
        yield Finding(("authorization", "free_vending"), "is true: cards at the readers decide nothing", (("reader",),))


def folders_apart(config: Config) -> Iterator[Finding]:
    if config.station.run_dir.rstrip("/") == config.station.state_dir.rstrip("/"):
        other = ("station", "state_dir")
        yield Finding(("station", "run_dir"), "is state_dir too; sockets need a folder of their own", (other,))


def locked_once(config: Config) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for position, name in enumerate(config.locked, 1):
        before = seen.setdefault(name.casefold(), name)
        if before != name:
            text = f'is "{name}", which is "{before}" once more; upper and lower case count as the same'
            yield Finding(("locked", position), text)
