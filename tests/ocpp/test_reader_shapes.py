"""The generated shapes against the official schemas, and the reader against anything."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargepoint.clock import iso
from chargepoint.ocpp.reader import ReadError, read
from chargepoint.ocpp.v2 import schema as v2
from chargepoint.ocpp.v16 import schema as v16
from tests.ocpp.anything import ANY_JSON, steady
from tests.ocpp.official import check

TABLES = [
    ("ocpp1.6", v16.REQUESTS, False),
    ("ocpp1.6", v16.ANSWERS, True),
    ("ocpp2.0.1", v2.REQUESTS, False),
    ("ocpp2.0.1", v2.ANSWERS, True),
]
SHAPES = [shape for _, table, _ in TABLES for shape in table.values()]
MESSAGES = [(version, action, response) for version, table, response in TABLES for action in table]
RELAXED = {"currentTime", "interval", "idTagInfo"}


def right(name, field):
    """Members the official schema allows."""
    kind, inner = field
    match kind:
        case "str":
            return st.text(st.characters(exclude_categories=["Cs"]), max_size=min(inner or 20, 300))
        case "enum" | "word":
            return st.sampled_from(inner)
        case "int":
            least, most = inner or (None, None)
            return st.integers(-(2**31) if least is None else least, 2**31 - 1 if most is None else most)
        case "num":
            return st.integers(0, 1000)
        case "bool":
            return st.booleans()
        case "date":
            return st.integers(0, 2**32).map(iso)
        case "id":
            return st.integers(-(2**31), 2**31 - 1)
        case "object":
            return all_right(inner)
        case "list":
            return st.lists(right(name, inner[0]), min_size=inner[1], max_size=min(inner[2] or 3, 3))
    return st.just({"vendorId": "v"}) if name == "customData" else st.text()


def all_right(shape):
    required, fields = shape
    always = {*required, *RELAXED} & fields.keys()
    return st.fixed_dictionaries(
        {name: right(name, fields[name]) for name in always},
        optional={name: right(name, field) for name, field in fields.items() if name not in always},
    )


@pytest.mark.parametrize(("version", "action", "response"), MESSAGES, ids=lambda part: str(part))
def test_what_is_right_is_right_for_both_and_needs_no_tolerance(version, action, response):
    table = next(t for v, t, r in TABLES if (v, r) == (version, response))

    @settings(steady, max_examples=8)
    @given(payload=all_right(table[action]))
    def agree(payload):
        check(version, action, payload, response)
        quirks = Counter()
        assert read(table[action], payload, quirks).keys() == payload.keys()
        assert not quirks

    agree()


@steady
@given(shape=st.sampled_from(SHAPES), payload=ANY_JSON, any_case=st.booleans())
def test_nothing_raises_anything_but_read_error(shape, payload, any_case):
    try:
        clean = read(shape, payload, Counter(), any_case)
    except ReadError:
        return
    assert clean.keys() <= shape[1].keys()


def member_for(field):
    """Members that are right, nearly right or wrong."""
    kind, inner = field
    near = {
        "str": st.text(max_size=300),
        "enum": st.sampled_from(inner) if kind in ("enum", "word") else st.nothing(),
        "int": st.integers(),
        "num": st.floats(),
        "bool": st.booleans(),
        "date": st.datetimes().map(str),
        "id": st.integers() | st.text(),
        "any": ANY_JSON,
    }
    if kind == "object":
        return payload_for(inner) | ANY_JSON
    if kind == "list":
        return st.lists(st.deferred(lambda: member_for(inner[0])), max_size=3) | ANY_JSON
    return near.get(kind, near["enum"]) | ANY_JSON


def payload_for(shape):
    return st.fixed_dictionaries(
        {name: member_for(shape[1][name]) for name in shape[0]},
        optional={name: member_for(field) for name, field in shape[1].items() if name not in shape[0]},
    )


@steady
@given(data=st.data(), shape=st.sampled_from(SHAPES))
def test_nearly_right_payloads_are_read_or_refused(data, shape):
    payload = data.draw(payload_for(shape))
    try:
        clean = read(shape, payload, Counter())
    except ReadError:
        return
    assert set(shape[0]) <= clean.keys()


def test_the_generated_files_are_what_the_schemas_say():
    script = Path(__file__).parents[2] / "deploy" / "generate_schema.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
