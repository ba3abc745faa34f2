"""Latest wins, and what was asked for goes first through the door."""

from dataclasses import replace

from chargepoint.core.records import (
    Authorize,
    Boot,
    BootReason,
    ConnectorStatus,
    DataTransferred,
    Heartbeat,
    InventoryPart,
    Measured,
    StationIdentity,
    StatusIs,
)
from chargepoint.core.tokens import IdToken
from chargepoint.uplink.mailbox import Mailbox
from tests.uplink.kit import AT

STATUS = StatusIs(1, ConnectorStatus.AVAILABLE, AT)
CHARGING = replace(STATUS, status=ConnectorStatus.CHARGING)


def emptied(mailbox):
    found = []
    while report := mailbox.take(True):
        found.append(report[0])
    return found


def filled(*reports):
    mailbox = Mailbox()
    for report in reports:
        mailbox.put(report)
    return mailbox


def test_only_the_latest_status_of_a_place_is_kept():
    other = replace(STATUS, evse=2)
    assert emptied(filled(STATUS, other, CHARGING)) == [other, CHARGING]


def test_one_of_each_kind():
    boot = Boot(StationIdentity("v", "m"), BootReason.POWER_UP)
    reports = [boot, boot, Heartbeat(), Heartbeat(), Authorize(IdToken("ab")), Authorize(IdToken("AB"))]
    assert len(emptied(filled(*reports))) == 3


def test_what_does_not_replace_each_other():
    parts = [InventoryPart(1, seq, True, AT, ()) for seq in range(3)]
    measured = [Measured(1, ()), Measured(1, ())]
    vendor = [DataTransferred("x"), DataTransferred("x")]
    assert emptied(filled(*parts, *measured, *vendor)) == [*parts, *measured, *vendor]


def test_measured_values_are_bounded():
    assert len(filled(*(Measured(1, ()) for _ in range(1000)))) == 200


def test_before_acceptance_only_what_was_asked_for():
    mailbox = filled(STATUS)
    mailbox.put(Heartbeat(), asked=True)
    assert mailbox.take(False) == (Heartbeat(), True)
    assert mailbox.take(False) is None
    assert mailbox.take(True) == (STATUS, False)


def test_asked_stays_asked():
    mailbox = Mailbox()
    mailbox.put(STATUS, asked=True)
    mailbox.put(CHARGING)
    assert mailbox.take(False) == (CHARGING, True)


def test_dropping_a_kind():
    mailbox = filled(STATUS, Heartbeat(), replace(STATUS, evse=2))
    assert len(mailbox.drop(StatusIs)) == 2
    assert emptied(mailbox) == [Heartbeat()]
