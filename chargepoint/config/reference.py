"""deploy/CONFIG.md, the reference page, and deploy/chargepoint.toml, the commented example, printed from the schema."""

from textwrap import wrap

from chargepoint.config import toml
from chargepoint.config.keys import REQUIRED, Key, Path, tables
from chargepoint.config.keys import keys as keys_of
from chargepoint.config.schema import Config
from chargepoint.config.words import bounds, heading

ROOT = Key("", "table", Config)
WIDTH = 100
# What the example gives a value of its own; every other key is there as a comment.
ACTIVE: dict[Path, tuple[str, ...]] = {
    ("station",): ("id",),
    ("board",): ("name",),
    ("connector",): ("max_amps", "phases", "cable"),
}
PAGE = """# The configuration file

One TOML file, by default `/etc/chargepoint/chargepoint.toml`; `--config FILE` or the environment variable
`CHARGEPOINT_CONFIG` name another. This page is printed by `chargepoint config reference` and a commented file to start
from by `chargepoint config example`; both come from `chargepoint/config/schema.py`.

`chargepoint check FILE` tells everything that is wrong at once, with its line:

```
chargepoint.toml:16: connector[2].max_amps is 100, must be 6..80 (amps per phase)
```

Connectors are numbered over the station from 1 in the order given, and `connector[2]` in a message is connector 2.
A key without a default must be given. `chargepoint config show FILE` prints the values in effect, without secrets.
`chargepoint config explain KEY` tells which of *locked in the file*, *set by the backend*, *file* and *default*
won.
"""
EXAMPLE = """# The configuration of a charging station. Every key is here. A line such as `#key = value` shows the
# default or an example and has no effect until its # is taken away, together with the # of its table.
# Meaning of all keys: deploy/CONFIG.md. After a change: chargepoint check FILE
"""


def page() -> str:
    """deploy/CONFIG.md."""
    parts = [PAGE]
    for path, key in tables(ROOT):
        rows = [inner for inner in keys_of(key.of).values() if inner.shape not in ("table", "tables", "map")]
        title = f"## `{heading(path, key)}`" if path else "## The top of the file"
        parts += [f"\n{title}\n", _about(path, key)]
        if rows:
            parts += ["\n| key | type | allowed | unit | default | meaning |", "| --- | --- | --- | --- | --- | --- |"]
            parts += [_row(inner) for inner in rows]
    for inner in _maps():
        parts += [f"\n## `[{inner.name}]`\n", f"{inner.meaning} Up to {_most(inner)} of them; each is text, a number,"]
        parts += ["true or false.\n", f"```\n[{inner.name}]\n{inner.example}\n```"]
    return "\n".join(parts) + "\n"


def example() -> str:
    """deploy/chargepoint.toml: loads and passes `check` as it is, and with any of its comments taken away."""
    parts = [EXAMPLE]
    for path, key in tables(ROOT):
        active = ACTIVE.get(path, ())
        mark = "" if active or (key.shape == "table" and key.default is not None) else "#"
        if path:
            parts += ["", *_prose(f"{_doc(key)} {key.meaning if key.shape == 'tables' else _when(key)}")]
            parts.append(mark + heading(path, key))
        for inner in keys_of(key.of).values():
            if inner.shape not in ("table", "tables", "map"):
                parts += _setting(inner, inner.name in active)
    for inner in _maps():
        parts += ["", *_prose(inner.meaning), f"#[{inner.name}]", f"#{inner.example}"]
    return "\n".join(parts) + "\n"


def _setting(key: Key, active: bool) -> list[str]:
    given = key.example if key.example is not None else key.default
    facts = "; ".join(filter(None, (bounds(key), key.unit)))
    mark = "" if active else "#"
    return [*_prose(f"{key.meaning} {f'({facts})' if facts else ''}"), f"{mark}{key.name} = {toml.value(given)}"]


def _row(key: Key) -> str:
    default = "**must be given**" if key.default is REQUIRED else f"`{toml.value(key.default)}`"
    kind = f"list of {key.of.shape}" if key.shape == "list" else key.shape
    allowed = bounds(key).replace("|", "\\|")
    return f"| `{key.name}` | {kind} | {allowed} | {key.unit} | {default} | {key.meaning} |"


def _about(path: Path, key: Key) -> str:
    if not path:
        return "These stand before the first table."
    several = f" {key.meaning} {bounds(key)}." if key.shape == "tables" else f" {_when(key)}"
    return (_doc(key) + several).strip()


def _when(key: Key) -> str:
    return key.meaning.partition("; ")[2].capitalize() if key.default is None else ""


def _doc(key: Key) -> str:
    return " ".join((key.of.__doc__ or "").split())


def _maps() -> list[Key]:
    return [key for key in keys_of(Config).values() if key.shape == "map"]


def _most(key: Key) -> str:
    return bounds(key).partition("..")[2].removesuffix(" entries")


def _prose(text: str) -> list[str]:
    return wrap(
        text.strip(), WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False
    )
