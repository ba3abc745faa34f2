"""Values as a TOML file writes them. The standard library reads TOML and does not write it."""

import re
from collections.abc import Mapping, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def value(thing: object) -> str:
    """Text, a number, a switch, or a list of these. Raises TypeError for anything else."""
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, (int, float)):
        return repr(thing)
    if isinstance(thing, str):
        if "\\" in thing and "'" not in thing and thing.isprintable():
            return f"'{thing}'"
        return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else f"\\U{ord(c):08x}") for c in thing) + '"'
    if isinstance(thing, Sequence):
        return "[" + ", ".join(value(item) for item in thing) + "]"
    raise TypeError(f"{type(thing).__name__} has no form in TOML")


def name(text: str) -> str:
    return text if _BARE.fullmatch(text) else value(text)


def tables(values: Mapping[str, object], heading: str = "") -> list[str]:
    """A whole file: first the values of a table, then the tables in it. What is None is left out."""
    plain = [(key, item) for key, item in values.items() if item is not None and not _is_table(item)]
    lines = [f"{name(key)} = {value(item)}" for key, item in plain]
    for key, item in values.items():
        inner = f"{heading}.{name(key)}" if heading else name(key)
        if isinstance(item, Mapping):
            lines += ["", f"[{inner}]", *tables(item, inner)]
        elif isinstance(item, Sequence) and not isinstance(item, str) and _is_table(item):
            for entry in item:
                lines += ["", f"[[{inner}]]", *tables(entry, inner)]
    return lines


def _is_table(item: object) -> bool:
    if isinstance(item, Mapping):
        return True
    return (
        isinstance(item, Sequence) and not isinstance(item, str) and any(isinstance(entry, Mapping) for entry in item)
    )
