import json

import pytest

from chargepoint.ocpp.rpc import CallReceived, Ignored
from tests.ocpp.test_rpc import engine

GARBAGE = [
    "",
    "garbage",
    "{}",
    "[]",
    "7",
    "null",
    '"text"',
    "[2]",
    '["x","a","X",{}]',
    "[null]",
    '[true,"a","X",{}]',
    '[2.5,"a","X",{}]',
    '["","a","X",{}]',
    '[2,null,"X",{}]',
    '[2,["a"],"X",{}]',
    '[2,"' + "x" * 2000 + '","X",{}]',
    '[2,"a","X",{}][2,"b","X",{}]',
    '[2,"a","X",{"n":NaN}]',
    '[2,"a","X",' + "9" * 5000 + "]",
    "[" * 100_000,
    b"\x00\xff",
    b'[2,"a","X",{}]',
]


@pytest.mark.parametrize("frame", GARBAGE, ids=range(len(GARBAGE)))
def test_j18_garbage_is_counted_and_ignored_by_16(frame):
    rpc = engine("ocpp1.6")
    (event,) = rpc.receive(frame, 0.0)
    assert isinstance(event, Ignored)
    assert event.rule == "J18"
    assert event.text
    assert rpc.quirks["J18"] == 1
    assert rpc.outgoing() == []


@pytest.mark.parametrize("subprotocol", ["ocpp2.0.1", "ocpp2.1"])
@pytest.mark.parametrize("frame", GARBAGE, ids=range(len(GARBAGE)))
def test_j18_garbage_is_told_by_2x_and_never_echoed(frame, subprotocol):
    rpc = engine(subprotocol)
    rpc.receive(frame, 0.0)
    (text,) = rpc.outgoing()
    type_, id_, code, _, details = json.loads(text)
    assert (type_, id_, code, details) == (4, "-1", "RpcFrameworkError", {})
    assert len(text) < 150


@pytest.mark.parametrize("frame", ["[3]", "[4]", "[3,null,{}]", '[3,["a"],{}]'])
def test_an_answer_that_cannot_be_read_is_not_answered(frame):
    rpc = engine("ocpp2.0.1")
    assert rpc.receive(frame, 0.0)[0].rule == "J18"
    assert rpc.outgoing() == []


def test_j18_a_byte_order_mark_is_passed_over():
    rpc = engine()
    assert rpc.receive('\ufeff[2,"a","X",{}]', 0.0) == [CallReceived('"a"', "X", {})]
    assert rpc.quirks == {"J18": 1}


@pytest.mark.parametrize(
    ("subprotocol", "code"),
    [("ocpp1.6", "FormationViolation"), ("ocpp2.0.1", "RpcFrameworkError"), ("ocpp2.1", "RpcFrameworkError")],
)
@pytest.mark.parametrize("frame", ['[2,"a"]', '[2,"a",7,{}]', '[2,"a",null]'])
def test_j24_a_request_without_an_action_is_refused_in_the_words_of_the_version(subprotocol, code, frame):
    rpc = engine(subprotocol)
    assert rpc.receive(frame, 0.0) == [Ignored("J18", "the action is missing or no text")]
    assert json.loads(rpc.outgoing()[0])[:3] == [4, "a", code]


@pytest.mark.parametrize(
    ("subprotocol", "type_", "why"),
    [
        ("ocpp1.6", 5, "message type 5"),
        ("ocpp1.6", 7, "message type 7"),
        ("ocpp2.0.1", 6, "message type 6"),
        ("ocpp2.0.1", 0, "message type 0"),
        ("ocpp2.1", 99, "message type 99"),
        ("ocpp2.1", 5, "CALLRESULTERROR: nothing of ours asks for one"),
        ("ocpp2.1", 6, "SEND: nothing of ours asks for one"),
    ],
)
def test_message_types_a_version_has_no_use_for_are_ignored(subprotocol, type_, why):
    rpc = engine(subprotocol)
    assert rpc.receive(f'[{type_},"a","X",{{}}]', 0.0) == [Ignored("type", why)]
    assert rpc.outgoing() == []
