import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.ocpp import rpc as module
from chargepoint.ocpp.dialect import Call
from chargepoint.ocpp.rpc import Answered, CallReceived, Failed, Ignored, Late, Rpc
from tests.ocpp.anything import ANY_JSON, steady

HEARTBEAT = Call("Heartbeat", {})
BOOT = Call("BootNotification", {"chargePointVendor": "v", "chargePointModel": "m"})


def engine(subprotocol="ocpp1.6", timeout_s=60.0):
    count = itertools.count(1)
    return Rpc(subprotocol, lambda: f"id{next(count)}", timeout_s)


# -- ours -----------------------------------------------------------------------------------------------------------


def test_a_call_is_written_without_spaces_and_answered():
    rpc = engine()
    assert rpc.call(BOOT, 0.0) == "id1"
    assert rpc.outgoing() == ['[2,"id1","BootNotification",{"chargePointVendor":"v","chargePointModel":"m"}]']
    assert rpc.outgoing() == []
    assert rpc.in_flight is BOOT
    (event,) = rpc.receive('[3, "id1", {"status": "Accepted"}]', 1.0)
    assert event == Answered(BOOT, {"status": "Accepted"})
    assert event.call is BOOT
    assert rpc.can_call
    assert rpc.in_flight is None
    assert rpc.next_deadline is None


def test_one_call_is_in_flight_at_a_time():
    rpc = engine()
    assert rpc.can_call
    rpc.call(BOOT, 0.0)
    assert not rpc.can_call
    with pytest.raises(RuntimeError, match="Heartbeat must wait for the answer to BootNotification"):
        rpc.call(HEARTBEAT, 0.0)


def test_an_id_is_never_longer_than_36_and_may_be_used_again():
    rpc = Rpc("ocpp1.6", lambda: "x" * 50)
    first = rpc.call(HEARTBEAT, 0.0)
    assert first == "x" * 36
    rpc.receive(f'[3,"{first}",{{}}]', 0.0)
    assert rpc.call(HEARTBEAT, 0.0, "again") == "again"
    assert rpc.outgoing()[1] == '[2,"again","Heartbeat",{}]'


def test_not_a_number_is_a_bug_of_ours_and_does_not_reach_the_wire():
    with pytest.raises(ValueError, match="not JSON compliant"):
        engine().call(Call("MeterValues", {"value": float("nan")}), 0.0)


def test_no_answer_in_time():
    rpc = engine(timeout_s=30.0)
    rpc.call(BOOT, 5.0)
    assert rpc.next_deadline == 35.0
    assert rpc.tick(34.9) == []
    assert rpc.tick(35.0) == [Failed(BOOT, "Timeout", "no answer to BootNotification within 30 s", {})]
    assert rpc.can_call
    assert rpc.next_deadline is None
    assert rpc.tick(36.0) == []


def test_j20_a_late_answer_may_still_be_used_once():
    rpc = engine(timeout_s=30.0)
    rpc.call(BOOT, 0.0)
    rpc.tick(30.0)
    rpc.call(HEARTBEAT, 30.0)
    assert rpc.receive('[3,"id1",{"status":"Accepted"}]', 31.0) == [Late(BOOT, {"status": "Accepted"})]
    assert rpc.in_flight is HEARTBEAT
    assert rpc.receive('[3,"id1",{"status":"Accepted"}]', 32.0) == [Ignored("J20", "an answer to nothing we asked")]
    assert rpc.quirks == {"J20": 2}


def test_j20_a_late_error_ends_the_wait_for_a_late_answer():
    rpc = engine(timeout_s=30.0)
    rpc.call(BOOT, 0.0)
    rpc.tick(30.0)
    assert rpc.receive('[4,"id1","InternalError","",{}]', 31.0) == [Ignored("J20", "an error for nothing we asked")]
    assert rpc.receive('[3,"id1",{}]', 31.0) == [Ignored("J20", "an answer to nothing we asked")]


def test_only_some_late_answers_are_waited_for():
    rpc = engine(timeout_s=1.0)
    for second in range(module.MOST_LATE + 1):
        rpc.call(BOOT, second)
        rpc.tick(second + 1.0)
    assert isinstance(rpc.receive('[3,"id1",{}]', 99.0)[0], Ignored)
    assert rpc.receive('[3,"id2",{}]', 99.0) == [Late(BOOT, {})]


def test_j20_answers_to_unknown_ids_are_dropped():
    rpc = engine()
    rpc.call(BOOT, 0.0)
    assert rpc.receive('[3,"other",{}]', 0.0) == [Ignored("J20", "an answer to nothing we asked")]
    assert rpc.receive('[4,"other","GenericError","",{}]', 0.0) == [Ignored("J20", "an error for nothing we asked")]
    assert rpc.in_flight is BOOT


@pytest.mark.parametrize("frame", ['[3,"id1"]', '[3,"id1",null]', '[3,"id1",[]]', '[3,"id1",{}]'])
def test_j9_an_answer_without_payload_is_an_empty_one(frame):
    rpc = engine()
    rpc.call(HEARTBEAT, 0.0)
    assert rpc.receive(frame, 0.0) == [Answered(HEARTBEAT, {})]
    assert rpc.quirks["J9"] == (0 if "{}" in frame else 1)


def test_errors_carry_code_text_and_details():
    rpc = engine()
    rpc.call(BOOT, 0.0)
    assert rpc.receive('[4,"id1","SecurityError","no",{"a":1}]', 0.0) == [Failed(BOOT, "SecurityError", "no", {"a": 1})]
    assert not rpc.quirks


@pytest.mark.parametrize(
    ("rest", "code", "text"),
    [
        ('"NotImplemented","no"', "NotImplemented", "no"),
        ('"NotImplemented"', "NotImplemented", ""),
        ('"NotImplemented",null,null', "NotImplemented", ""),
        ('"NotImplemented","no","details"', "NotImplemented", "no"),
        ("7,7,7", "GenericError", ""),
    ],
)
def test_j16_errors_may_be_short_or_odd(rest, code, text):
    rpc = engine()
    rpc.call(BOOT, 0.0)
    assert rpc.receive(f'[4,"id1",{rest}]', 0.0) == [Failed(BOOT, code, text, {})]
    assert rpc.quirks == {"J16": 1}


def test_j16_an_error_may_even_be_empty_and_may_not_be_endless():
    rpc = engine()
    rpc.call(BOOT, 0.0)
    assert rpc.receive('[4,"id1"]', 0.0) == [Failed(BOOT, "GenericError", "", {})]
    rpc.call(BOOT, 0.0)
    (event,) = rpc.receive(json.dumps([4, "id2", "c" * 9999, "t" * 9999, {}]), 0.0)
    assert (len(event.code), len(event.text)) == (255, 255)


@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1"])
@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("FormationViolation", "FormatViolation"),
        ("OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
        ("OccurrenceConstraintViolation", "OccurrenceConstraintViolation"),
    ],
)
def test_j24_both_spellings_of_an_error_are_one(subprotocol, told, read):
    rpc = engine(subprotocol)
    rpc.call(BOOT, 0.0)
    (event,) = rpc.receive(f'[4,"id1","{told}","",{{}}]', 0.0)
    assert event.code == read


# -- the backend's --------------------------------------------------------------------------------------------------


def test_a_request_is_answered_with_its_id():
    rpc = engine()
    assert rpc.receive('[2,"a","Reset",{"type":"Soft"}]', 0.0) == [CallReceived('"a"', "Reset", {"type": "Soft"})]
    rpc.answer('"a"', {"status": "Accepted"})
    assert rpc.outgoing() == ['[3,"a",{"status":"Accepted"}]']


def test_a_request_may_be_refused_and_the_text_fits():
    rpc = engine()
    rpc.receive('[2,"a","Reset",{}]', 0.0)
    rpc.refuse('"a"', "NotSupported", "ü" * 300)
    (text,) = rpc.outgoing()
    assert json.loads(text) == [4, "a", "NotSupported", "ü" * 255, {}]


def test_j21_a_request_is_heard_while_a_call_is_open():
    rpc = engine()
    rpc.call(BOOT, 0.0)
    rpc.outgoing()
    rpc.receive('[2,"a","ClearCache",{}]', 0.0)
    rpc.answer('"a"', {"status": "Accepted"})
    assert rpc.outgoing() == ['[3,"a",{"status":"Accepted"}]']
    assert rpc.in_flight is BOOT


@pytest.mark.parametrize("frame", ['[2,"a","X"]', '[2,"a","X",null]', '[2,"a","X",[]]'])
def test_j9_a_request_without_payload_has_an_empty_one(frame):
    rpc = engine()
    assert rpc.receive(frame, 0.0) == [CallReceived('"a"', "X", {})]
    assert rpc.quirks == {"J9": 1}


def test_a_payload_that_is_no_object_is_left_to_the_reader():
    assert engine().receive('[2,"a","X","text"]', 0.0) == [CallReceived('"a"', "X", "text")]


def test_j5_surplus_items_of_a_frame_are_ignored():
    rpc = engine()
    assert rpc.receive('[2,"a","X",{},"more"]', 0.0) == [CallReceived('"a"', "X", {})]
    assert rpc.quirks == {"J5": 1}


@pytest.mark.parametrize(
    "id_raw",
    ["7", "-1", "1.0", "1e2", '""', '"' + "x" * 60 + '"', r'"\u00e9\"\\"', '"é"', "123456789012345678901234567890"],
)
def test_j10_odd_ids_come_back_byte_for_byte(id_raw):
    rpc = engine()
    (event,) = rpc.receive(f' [ 2 , {id_raw} , "X" , {{}} ]', 0.0)
    assert event == CallReceived(id_raw, "X", {})
    rpc.answer(event.id_raw, {})
    assert rpc.outgoing() == [f"[3,{id_raw},{{}}]"]
    assert rpc.quirks == ({} if id_raw in (r'"\u00e9\"\\"', '"é"') else {"J10": 1})


@pytest.mark.parametrize("type_", ['"2"', "2.0", '" 2 "'])
def test_j11_the_message_type_may_be_text(type_):
    rpc = engine()
    assert rpc.receive(f'[{type_},"a","X",{{}}]', 0.0) == [CallReceived('"a"', "X", {})]
    assert rpc.quirks == {"J11": 1}


# -- several at once ------------------------------------------------------------------------------------------------


def test_j22_requests_at_once_are_answered_in_the_order_they_came():
    rpc = engine()
    for id_ in "abc":
        assert isinstance(rpc.receive(f'[2,"{id_}","X",{{}}]', 0.0)[0], CallReceived)
    rpc.answer('"b"', {"b": 1})
    assert rpc.outgoing() == []
    rpc.refuse('"c"', "NotSupported", "")
    rpc.answer('"a"', {"a": 1})
    assert rpc.outgoing() == ['[3,"a",{"a":1}]', '[3,"b",{"b":1}]', '[4,"c","NotSupported","",{}]']
    assert rpc.quirks == {"J22": 2}


def test_j22_too_many_requests_at_once_are_refused():
    rpc = engine()
    for number in range(module.MOST_WAITING):
        rpc.receive(f'[2,"{number}","X",{{}}]', 0.0)
    assert rpc.receive('[2,"more","X",{}]', 0.0) == [Ignored("J22", "more than 32 requests at once")]
    assert json.loads(rpc.outgoing()[0])[:3] == [4, "more", "InternalError"]


def test_an_answer_we_never_find_does_not_block_the_others():
    rpc = engine(timeout_s=30.0)
    rpc.receive('[2,"a","X",{}]', 0.0)
    rpc.receive('[2,"b","X",{}]', 10.0)
    rpc.answer('"b"', {})
    assert rpc.next_deadline == 30.0
    assert rpc.tick(29.0) == []
    assert rpc.outgoing() == []
    rpc.tick(30.0)
    assert rpc.outgoing() == ['[4,"a","InternalError","no answer within 30 s",{}]', '[3,"b",{}]']
    assert rpc.next_deadline is None


def test_an_answer_counts_once_and_only_for_what_was_asked():
    rpc = engine()
    rpc.receive('[2,"a","X",{}]', 0.0)
    rpc.receive('[2,"b","X",{}]', 0.0)
    rpc.answer('"b"', {"first": 1})
    rpc.answer('"b"', {"second": 1})
    rpc.answer('"nobody"', {})
    rpc.answer('"a"', {})
    rpc.answer('"a"', {})
    assert rpc.outgoing() == ['[3,"a",{}]', '[3,"b",{"first":1}]']


def test_j20_the_same_request_again_gets_the_same_answer():
    rpc = engine()
    frame = '[2,"a","RemoteStartTransaction",{"idTag":"A"}]'
    rpc.receive(frame, 0.0)
    assert rpc.receive(frame, 1.0) == [Ignored("J20", "a request again while it waits for its answer")]
    rpc.answer('"a"', {"status": "Accepted"})
    assert len(rpc.outgoing()) == 1
    assert rpc.receive(frame, 2.0) == [Ignored("J20", "a request again: answered as before")]
    assert rpc.outgoing() == ['[3,"a",{"status":"Accepted"}]']


def test_j20_another_request_with_an_id_used_before_is_a_new_one():
    rpc = engine()
    rpc.receive('[2,"1","X",{}]', 0.0)
    rpc.answer('"1"', {"x": 1})
    assert rpc.receive('[2,"1","Y",{}]', 1.0) == [CallReceived('"1"', "Y", {})]
    rpc.answer('"1"', {"y": 1})
    assert rpc.receive('[2,"1","X",{}]', 2.0) == [CallReceived('"1"', "X", {})]
    assert rpc.outgoing() == ['[3,"1",{"x":1}]', '[3,"1",{"y":1}]']


def test_only_some_answers_are_remembered():
    rpc = engine()
    for number in range(module.MOST_REMEMBERED + 1):
        rpc.receive(f'[2,"{number}","X",{{}}]', 0.0)
        rpc.answer(f'"{number}"', {})
    assert isinstance(rpc.receive('[2,"0","X",{}]', 0.0)[0], CallReceived)
    assert isinstance(rpc.receive('[2,"2","X",{}]', 0.0)[0], Ignored)


# -- anything -------------------------------------------------------------------------------------------------------

NEARLY = st.tuples(st.sampled_from([2, 3, 4, 5, 6, "2", 3.0]), st.sampled_from(["id1", 7, ""]), ANY_JSON, ANY_JSON)
FRAMES = st.text() | st.binary() | ANY_JSON.map(json.dumps) | NEARLY.map(lambda items: json.dumps(list(items)))


@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
@steady
@given(frames=st.lists(FRAMES, max_size=8))
def test_nothing_received_raises_and_all_that_is_sent_are_frames(subprotocol, frames):
    rpc = engine(subprotocol)
    rpc.call(BOOT, 0.0)
    for second, frame in enumerate(frames):
        for event in rpc.receive(frame, second):
            if isinstance(event, CallReceived):
                rpc.answer(event.id_raw, {})
    rpc.tick(1e6)
    for text in rpc.outgoing():
        assert json.loads(text)[0] in (2, 3, 4)
        text.encode()


def test_the_engine_has_no_clock_and_no_chance():
    for name in ("rpc", "frames", "reader", "dates"):
        source = Path(module.__file__).with_name(f"{name}.py").read_text()
        assert not re.search(r"^(?:import|from) (?:time|random|uuid|asyncio|logging|threading)", source, re.MULTILINE)
