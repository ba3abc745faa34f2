import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargepoint import codec
from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.facts import Fact
from chargepoint.core.records import Record, SecurityEvent
from chargepoint.core.tokens import Known, TokenInfo, Verdict
from chargepoint.store.ops import Op
from tests.store.kit import any_of, sample, started, wide


@settings(max_examples=300, deadline=None)
@given(any_of(Record))
def test_every_record_comes_back_as_it_was(record: Any) -> None:
    assert codec.load(Record, codec.dump(Record, record)) == record


@settings(max_examples=300, deadline=None)
@given(any_of(Fact))
def test_every_fact_comes_back_as_it_was(fact: Any) -> None:
    assert codec.load(Fact, codec.dump(Fact, fact)) == fact


@settings(max_examples=300, deadline=None)
@given(any_of(Op))
def test_every_order_comes_back_as_it_was(op: Any) -> None:
    assert codec.load(Op, codec.dump(Op, op)) == op


@settings(max_examples=200, deadline=None)
@given(any_of(Record), st.text(min_size=1), st.integers() | st.text() | st.lists(st.integers()))
def test_fields_of_a_later_release_are_passed_over(record: Any, name: str, value: Any) -> None:
    def with_more(data: Any) -> Any:
        if isinstance(data, list):
            return [with_more(item) for item in data]
        if isinstance(data, dict):
            return {f"later {name}": value, **{key: with_more(item) for key, item in data.items()}}
        return data

    data = json.loads(codec.dump(Record, record))
    assert codec.decode(Record, with_more(data)) == record


def test_what_equals_its_default_is_not_written() -> None:
    assert codec.dump(SecurityEvent, SecurityEvent("x", Stamp(1, 2.0))) == '{"kind":"x","at":{"boot":1,"mono":2.0}}'
    assert codec.load(SecurityEvent, '{"kind":"x","at":{"boot":1,"mono":2}}') == SecurityEvent("x", Stamp(1, 2.0))


def test_the_text_stays_short() -> None:
    assert len(codec.dump(Record, wide(3))) < 900


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (Record, "{", "not JSON"),
        (Record, "[]", "expected dict"),
        (Record, '{"is":"Transfiguration"}', "Transfiguration"),
        (Record, '{"is":["x"]}', "expected str"),
        (Stamp, '{"boot":1}', "Stamp.mono is missing"),
        (Stamp, '{"boot":"1","mono":2}', "Stamp.boot: expected int"),
        (Stamp, '{"boot":true,"mono":2}', "Stamp.boot: expected int"),
        (Stamp, '{"boot":1,"mono":"2"}', "Stamp.mono: expected a number"),
        (Stamp, '{"boot":1,"mono":true}', "Stamp.mono: expected a number"),
        (Stamp, '{"boot":1,"mono":2,"quality":77}', "is no TimeQuality"),
        (TokenInfo, '{"verdict":"Fine"}', "is no Verdict"),
        (TokenInfo, '{"verdict":["Fine"]}', "is no Verdict"),
        (int | str, "1.5", "wrong type"),
    ],
)
def test_what_cannot_be_understood_is_said(kind: Any, text: str, said: str) -> None:
    with pytest.raises(codec.CodecError, match=said):
        codec.load(kind, text)


def test_nothing_may_stand_where_one_of_several_may():
    kind = Stamp | SecurityEvent | None
    assert codec.dump(kind, None) == "null"
    assert codec.load(kind, "null") is None
    with pytest.raises(codec.CodecError, match="expected dict"):
        codec.load(Stamp | SecurityEvent, "null")


@pytest.mark.parametrize("number", [0, -1, 2**63 - 1, 10**30, "7", "x" * 36])
def test_numbers_keep_their_type(number: int | str) -> None:
    assert codec.load(int | str, codec.dump(int | str, number)) == number


def test_enumerations_go_by_value() -> None:
    known = Known(cached=TokenInfo(Verdict.BLOCKED))
    assert codec.encode(Known, known) == {"cached": {"verdict": "Blocked"}}
    assert codec.encode(Stamp, Stamp(1, 2.0, 3.0, TimeQuality.NTP))["quality"] == 3


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_text_raises_nothing_else(data: st.DataObject) -> None:
    text = codec.dump(Record, data.draw(st.sampled_from([started(), sample(energy_wh=5.0), wide(2)])))
    at = data.draw(st.integers(0, len(text) - 1))
    broken = text[:at] + data.draw(st.sampled_from(["", "}", '"', "0", "null", "[", ":"])) + text[at + 1 :]
    with contextlib.suppress(codec.CodecError):
        codec.load(Record, broken)
