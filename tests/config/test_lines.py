"""The line of every key, in every spelling that TOML has; and an answer where it cannot follow."""

import tomllib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chargepoint.config import toml
from chargepoint.config.keys import Path
from chargepoint.config.lines import find, nearest

TEXT = '''# a comment = with a key
top = 1
[station]            # one
id = "x # y"
"quoted key" = 'a'
[[connector]]
max_amps = 16
note = """
fake = 1
[fake]
\\""" end"""
raw = \'\'\'
fake = 2\'\'\'\'
after = 1979-05-27 07:32:00
[connector.meter]
unit = 1
[[connector]]
phases = 1
[[connector.interlock]]
line = 5
[[connector.interlock]]
line = 6
[settings]
A.B = true
C."D".E = 1
list = [ # comment ]
  1, "]",
  [2,
   3] ]
inline = { a = 1, b.c = [2] }
last = 1'''
EXPECTED: dict[Path, int] = {
    ("top",): 2,
    ("station",): 3,
    ("station", "id"): 4,
    ("station", "quoted key"): 5,
    ("connector",): 6,
    ("connector", 1): 6,
    ("connector", 1, "max_amps"): 7,
    ("connector", 1, "note"): 8,
    ("connector", 1, "raw"): 12,
    ("connector", 1, "after"): 14,
    ("connector", 1, "meter"): 15,
    ("connector", 1, "meter", "unit"): 16,
    ("connector", 2): 17,
    ("connector", 2, "phases"): 18,
    ("connector", 2, "interlock", 1, "line"): 20,
    ("connector", 2, "interlock", 2): 21,
    ("connector", 2, "interlock", 2, "line"): 22,
    ("settings", "A", "B"): 24,
    ("settings", "C", "D", "E"): 25,
    ("settings", "list", 1): 27,
    ("settings", "list", 2): 27,
    ("settings", "list", 3, 2): 29,
    ("settings", "inline", "b", "c"): 30,
    ("settings", "last"): 31,
}


def test_every_spelling_is_found() -> None:
    tomllib.loads(TEXT)
    found = find(TEXT)
    assert {path: found.get(path) for path in EXPECTED} == EXPECTED
    assert not any("fake" in path for path in found)


def test_windows_line_ends() -> None:
    assert find(TEXT.replace("\n", "\r\n"))[("settings", "last")] == 31


def test_what_is_not_there_is_answered_with_what_is_around_it() -> None:
    found = find(TEXT)
    assert nearest(found, ("connector", 2, "max_amps")) == 17
    assert nearest(found, ("guard", "lease_s")) is None


def test_it_gives_up_without_a_fuss() -> None:
    assert find("a = 1\nb 2\nc = 3")[("a",)] == 1
    assert find("a = " + "[" * 100_000)[("a",)] == 1


NAMES = st.sampled_from(["a", "b", "c d", "e.f", "g-h", "1", '"'])
SCALARS = st.one_of(
    st.booleans(), st.integers(-99, 99), st.floats(-9, 9), st.text(max_size=8), st.lists(st.text(max_size=3))
)
TABLES = st.recursive(
    st.dictionaries(NAMES, SCALARS, max_size=3),
    lambda inner: st.dictionaries(NAMES, SCALARS | inner | st.lists(inner, min_size=1, max_size=2), max_size=3),
    max_leaves=8,
)


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(TABLES)
def test_what_is_written_is_read_back_and_every_key_found_on_its_line(values: dict[str, Any]) -> None:
    text = "\n".join(toml.tables(values))
    assert tomllib.loads(text) == values
    found, lines = find(text), text.split("\n")
    for path in _leaves(values, ()):
        if not any('"' in str(part) for part in path):
            assert toml.name(str(path[-1])) in lines[found[path] - 1]


def _leaves(values: dict[str, Any], path: Path) -> list[Path]:
    leaves: list[Path] = []
    for name, value in values.items():
        if isinstance(value, dict):
            leaves += _leaves(value, (*path, name))
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            for i, item in enumerate(value, 1):
                leaves += _leaves(item, (*path, name, i))
        else:
            leaves.append((*path, name))
    return leaves
