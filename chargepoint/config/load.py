"""The configuration file -> `Config`, or every problem at once: file, line, path, value, bound and what to do.

The guard loads the file too and must be up fast: what only a mistake needs is imported when there is one.
"""

import os
import re
import stat
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from chargepoint.config.build import Problem, build
from chargepoint.config.checks import PROBLEMS, WARNINGS
from chargepoint.config.findings import Finding, findings
from chargepoint.config.keys import Key, dotted, keys
from chargepoint.config.schema import Config
from chargepoint.errors import ConfigError

LARGEST_FILE = 256 * 1024
HIDDEN = "(not shown)"
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_SECRET_SETTING = re.compile(r"authorizationkey|password|secret|privatekey", re.IGNORECASE)


class Said(NamedTuple):
    """One sentence about the file. ``line`` counts from 1; None: nothing in the file is near."""

    file: str
    line: int | None
    key: str
    text: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key} {self.text}" if self.key else f"{place}: {self.text}"


class Report(NamedTuple):
    """``config`` is None if there is any problem. ``raw`` is what the file says, before defaults."""

    config: Config | None
    problems: tuple[Said, ...]
    warnings: tuple[Said, ...]
    raw: dict[str, Any]
    text: str = ""


def load(path: str | os.PathLike[str]) -> Config:
    """Read, check, or raise ConfigError with all problems."""
    report = examine(path)
    if report.config is None:
        raise ConfigError([str(problem) for problem in report.problems])
    return report.config


def examine(path: str | os.PathLike[str]) -> Report:
    """Everything there is to say about a file. Raises ConfigError only if it cannot be read at all."""
    name = os.fspath(path)
    return examine_text(_read(name), name)


def examine_text(text: str, name: str) -> Report:
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        return _broken(Said(name, None, "", "is nested too deeply"))
    except ValueError as error:
        return _broken(_syntax(error, text, name))
    config, wrong = build(raw)
    broken = [problem.path for problem in wrong]
    wrong += [Problem(found.path, found.text) for found in findings(PROBLEMS, config, broken)]
    warnings = findings(WARNINGS, config, broken)
    return Report(
        None if wrong else config, tuple(said(wrong, text, name)), tuple(said(warnings, text, name)), raw, text
    )


def said(findings: Sequence[Problem | Finding], text: str, name: str) -> list[Said]:
    """Findings as sentences, in the order of the file's lines."""
    if not findings:
        return []
    from chargepoint.config.lines import find, nearest

    lines = find(text)
    sentences = [Said(name, nearest(lines, found.path), dotted(found.path), found.text) for found in findings]
    return sorted(sentences, key=lambda sentence: sentence.line or 0)


def redacted(config: Config) -> dict[str, Any]:
    """The effective values as plain tables, every secret that is set replaced by "(not shown)"."""
    plain = _masked(asdict(config), keys(Config))
    hidden = {name: HIDDEN if _SECRET_SETTING.search(name) else value for name, value in config.settings.items()}
    return {**plain, "settings": hidden}


def _masked(values: dict[str, Any], rows: dict[str, Key]) -> dict[str, Any]:
    return {name: _mask(rows[name], value) for name, value in values.items()}


def _mask(key: Key, value: Any) -> Any:
    if key.shape == "table" and value is not None:
        return _masked(value, keys(key.of))
    if key.shape == "tables":
        return [_masked(item, keys(key.of)) for item in value]
    return HIDDEN if key.secret and value else value


def _read(name: str) -> str:
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):
            raise ConfigError([f"{name}: is not a file; give the configuration file itself"])
        with open(name, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(
            [f"{name}: cannot be read: {reason}; `chargepoint config example` prints a file to start from"]
        ) from None
    if len(data) > LARGEST_FILE:
        raise ConfigError([f"{name}: is larger than {LARGEST_FILE // 1024} KiB; is it the right file?"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            [f"{name}:{line}: byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"]
        ) from None


def _syntax(error: ValueError, text: str, name: str) -> Said:
    """tomllib tells the place at the end of its sentence."""
    place = _PLACE.search(str(error))
    reason = _PLACE.sub("", str(error))
    if not place:
        return Said(name, None, "", f"is not TOML: {reason}")
    if place[1] is None:
        return Said(
            name, text.count("\n") + (not text.endswith("\n")), "", f"is not TOML: {reason} before the end of the file"
        )
    hint = "; text stands in quotes" if reason == "Invalid value" else ""
    return Said(name, int(place[1]), "", f"is not TOML at column {place[2]}: {reason}{hint}")


def _broken(problem: Said) -> Report:
    return Report(None, (problem,), (), {})
