import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.facts import Authorized, Registration, TransactionConfirmed
from chargepoint.core.records import (
    Authorize,
    Boot,
    BootReason,
    ConnectorStatus,
    DataTransferred,
    Heartbeat,
    Measured,
    SecurityEvent,
    StatusIs,
)
from chargepoint.core.tokens import TokenInfo, Verdict
from chargepoint.core.values import Measurand
from chargepoint.errors import PeerError
from chargepoint.ocpp.dialect import Learned, Registered
from chargepoint.ocpp.v16.dialect import V16
from tests.ocpp.anything import ANY_JSON, steady
from tests.ocpp.station16 import AT, CARD, IDENTITY, NOON, NOON_TEXT, OTHER_CARD, ended, started, updated, values


def learned(message, answer, **quirks):
    dialect = V16()
    found = dialect.learn(message, answer)
    assert dialect.quirks() == quirks
    return found


BOOT = Boot(IDENTITY, BootReason.POWER_UP)


def test_the_answer_to_a_boot():
    answer = {"status": "Accepted", "currentTime": NOON_TEXT, "interval": 300}
    assert learned(BOOT, answer) == Learned(utc=NOON, registered=Registered(Registration.ACCEPTED, NOON, 300))


@pytest.mark.parametrize(
    ("interval", "read_as"), [(0, None), (-5, None), (1, 1), (86400, 86400), (10**9, 86400), (None, None), ("", None)]
)
def test_s2_intervals_are_bounded(interval, read_as):
    dialect = V16()
    found = dialect.learn(BOOT, {"status": "Pending", "currentTime": NOON_TEXT, "interval": interval})
    assert found.registered == Registered(Registration.PENDING, NOON, read_as)


@pytest.mark.parametrize("time", [None, "", "soon", "1970-01-01T00:00:00Z", "2000-01-01T00:00:00Z"])
def test_s2_a_boot_is_accepted_without_usable_time(time):
    found = V16().learn(BOOT, {"status": "rejected", "currentTime": time})
    assert found == Learned(registered=Registered(Registration.REJECTED, None, None))


def test_a_boot_answer_without_a_status_is_the_peers_error():
    with pytest.raises(PeerError, match="status: required, but missing"):
        V16().learn(BOOT, {"currentTime": NOON_TEXT, "interval": 300})


def test_a_heartbeat_tells_the_time():
    assert learned(Heartbeat(), {"currentTime": "2026-02-03T13:00:00.5+01:00"}) == Learned(utc=NOON + 0.5)
    assert learned(Heartbeat(), {}) == Learned()


@pytest.mark.parametrize("word", ["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"])
def test_the_answer_to_authorize(word):
    info = {"status": word, "parentIdTag": "GROUP", "expiryDate": NOON_TEXT}
    told = TokenInfo(Verdict(word), "GROUP", NOON)
    assert learned(Authorize(CARD), {"idTagInfo": info}) == Learned((Authorized(CARD, told),))


def test_an_authorize_answer_without_info_is_the_peers_error():
    with pytest.raises(PeerError, match="idTagInfo"):
        V16().learn(Authorize(CARD), {})


def test_the_answer_to_a_start():
    answer = {"transactionId": 42, "idTagInfo": {"status": "Invalid", "parentIdTag": ""}}
    told = TransactionConfirmed("tx", TokenInfo(Verdict.INVALID))
    assert learned(started(), answer) == Learned((told,), number=("tx", 42))


@pytest.mark.parametrize("info", [{}, {"idTagInfo": None}, {"idTagInfo": {"status": "Odd"}}, {"idTagInfo": "Accepted"}])
def test_j14_a_start_answer_without_usable_info_accepts(info):
    dialect = V16()
    found = dialect.learn(started(), {"transactionId": 42, **info})
    assert found == Learned((TransactionConfirmed("tx", TokenInfo(Verdict.ACCEPTED)),), number=("tx", 42))
    assert dialect.quirks()["J14"] == 1


@pytest.mark.parametrize(("told", "number"), [(0, 0), (-3, -3), (2**40, 2**40), ("9", 9), ("abc", "abc")])
def test_j15_any_number_of_a_transaction_is_learned(told, number):
    found = V16().learn(started(), {"transactionId": told, "idTagInfo": {"status": "Accepted"}})
    assert found.number == ("tx", number)


@pytest.mark.parametrize("answer", [{}, {"transactionId": None}, {"transactionId": [1], "idTagInfo": 7}, "text"])
def test_a_start_answer_without_a_number_is_the_peers_error(answer):
    with pytest.raises(PeerError):
        V16().learn(started(), answer)


def test_the_answer_to_a_stop_may_tell_of_its_token():
    answer = {"idTagInfo": {"status": "Expired"}}
    told = TokenInfo(Verdict.EXPIRED)
    assert learned(ended(), answer) == Learned((Authorized(CARD, told),))
    assert learned(ended(token=OTHER_CARD), answer) == Learned((Authorized(OTHER_CARD, told),))
    assert learned(ended(), {}) == Learned()


def test_an_odd_info_does_not_make_a_stop_fail():
    assert V16().learn(ended(), {"idTagInfo": {"status": "Odd"}}) == Learned()


@pytest.mark.parametrize(
    "message",
    [
        updated(values=values(Measurand.VOLTAGE)),
        StatusIs(1, ConnectorStatus.AVAILABLE, AT),
        Measured(1, ()),
        SecurityEvent("k", AT),
        DataTransferred("v"),
    ],
)
@pytest.mark.parametrize("answer", [{}, {"more": 1}, {"status": "Odd"}, "text"])
def test_answers_that_teach_nothing_cannot_be_wrong(message, answer):
    assert V16().learn(message, answer) == Learned()


@steady
@given(answer=ANY_JSON | st.fixed_dictionaries({}, optional={"transactionId": ANY_JSON, "idTagInfo": ANY_JSON}))
def test_no_answer_raises_anything_but_peer_error(answer):
    for message in (BOOT, Heartbeat(), Authorize(CARD), started(), ended()):
        try:
            V16().learn(message, answer)
        except PeerError:
            continue
