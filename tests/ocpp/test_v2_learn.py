"""What the backend's answers teach in 2.0.1."""

import pytest

from chargepoint.clock import Stamp
from chargepoint.core.facts import Authorized, Registration, TransactionConfirmed
from chargepoint.core.records import (
    Authorize,
    Boot,
    BootReason,
    ChargingState,
    ConnectorStatus,
    Heartbeat,
    Reason,
    StationIdentity,
    StatusIs,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.tokens import IdToken, TokenInfo, Verdict
from chargepoint.errors import PeerError
from chargepoint.ocpp.dialect import Learned, Registered
from chargepoint.ocpp.v2.v201 import V201

AT = Stamp(1, 10.0, 1_750_000_000.0)
CARD = IdToken("04A1B2C3")
BOOT = Boot(StationIdentity("vendor", "model"), BootReason.POWER_UP)
STARTED = TransactionStarted("tx", 1, AT, 0, Trigger.AUTHORIZED, ChargingState.EV_CONNECTED, CARD, 0.0)
UPDATED = TransactionUpdated("tx", 1, AT, 1, Trigger.METER_VALUE_PERIODIC, ChargingState.CHARGING)
ENDED = TransactionEnded("tx", 1, AT, 2, Trigger.REMOTE_STOP, Reason.REMOTE, CARD, 9.0)
BLOCKED = TokenInfo(Verdict.BLOCKED)


def test_boot():
    answer = {"status": "Accepted", "currentTime": "2025-06-15T15:06:40Z", "interval": 300}
    registered = Registered(Registration.ACCEPTED, 1_750_000_000.0, 300)
    assert V201().learn(BOOT, answer) == Learned(utc=1_750_000_000.0, registered=registered)


def test_boot_with_as_little_as_possible():
    dialect = V201()
    answer = {"status": "pending", "currentTime": "soon", "interval": None, "statusInfo": None, "extra": 1}
    assert dialect.learn(BOOT, answer).registered == Registered(Registration.PENDING, None, None)
    assert dialect.quirks() == {"J1": 2, "J5": 1, "J6": 1, "J13": 1}


def test_heartbeat_tells_the_time():
    assert V201().learn(Heartbeat(), {"currentTime": "2025-06-15T17:06:40.5+02:00"}).utc == 1_750_000_000.5
    assert V201().learn(Heartbeat(), {}) == Learned()


def test_authorize():
    answer = {
        "idTokenInfo": {
            "status": "Accepted",
            "groupIdToken": {"idToken": "FLEET", "type": "Central"},
            "cacheExpiryDateTime": "2025-06-15T15:06:40Z",
            "personalMessage": {"format": "UTF8", "content": "Hello"},
        }
    }
    info = TokenInfo(Verdict.ACCEPTED, "FLEET", 1_750_000_000.0, "Hello")
    assert V201().learn(Authorize(CARD), answer).facts == (Authorized(CARD, info),)


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_understood(verdict):
    learned = V201().learn(Authorize(CARD), {"idTokenInfo": {"status": verdict.value}})
    assert learned.facts == (Authorized(CARD, TokenInfo(verdict)),)


@pytest.mark.parametrize("answer", [{}, {"idTokenInfo": {}}, {"idTokenInfo": {"status": "Maybe"}}, None, []])
def test_an_answer_without_a_verdict_is_none(answer):
    with pytest.raises(PeerError):
        V201().learn(Authorize(CARD), answer)


@pytest.mark.parametrize(
    ("record", "answer", "facts"),
    [
        (STARTED, {}, (TransactionConfirmed("tx", None),)),
        (STARTED, {"idTokenInfo": {"status": "Blocked"}}, (TransactionConfirmed("tx", BLOCKED),)),
        (UPDATED, {"totalCost": 1.5}, ()),
        (UPDATED, {"idTokenInfo": {"status": "Blocked"}}, (TransactionConfirmed("tx", BLOCKED),)),
        (ENDED, {"idTokenInfo": {"status": "Blocked"}}, ()),
    ],
)
def test_transaction_events(record, answer, facts):
    assert V201().learn(record, answer) == Learned(facts)


def test_other_answers_teach_nothing():
    assert V201().learn(StatusIs(1, ConnectorStatus.AVAILABLE, AT), {"any": "thing"}) == Learned()
