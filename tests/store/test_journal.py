import pytest
from hypothesis import given, settings

from chargepoint.codec import decode, encode
from chargepoint.core.commands import DataTransfer, RemoteStart, Reserve, SetSetting, SetVariables
from chargepoint.core.facts import Asked, Authorized, Fact, ReservationIs, SettingIs, Tapped, Tick, VehicleIs
from chargepoint.core.pilot import Vehicle
from chargepoint.core.tokens import IdToken, Known, TokenInfo, Verdict
from chargepoint.journal import Journal, masked, read
from tests.store.kit import any_of

CARD = IdToken("04A1B2C3D4E5F6")
SHORT = "**********E5F6"
INFO = TokenInfo(Verdict.ACCEPTED, group="GROUP-1234567")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal"


def test_what_was_noted_can_be_read(path):
    journal = Journal(path, 10_000)
    facts = [(float(n), VehicleIs(1, Vehicle.C)) for n in range(5)]
    for now, fact in facts:
        journal.note(now, fact)
    assert list(read(path)) == []
    journal.flush()
    journal.flush()
    assert list(read(path)) == facts
    assert journal.lost == 0


def test_it_is_written_in_slow_rhythm(path):
    journal = Journal(path, 10_000)
    journal.note(100.0, Tick())
    journal.note(159.0, Tick())
    assert not path.exists()
    journal.note(160.0, Tick())
    assert [now for now, _ in read(path)] == [100.0, 159.0, 160.0]
    journal.note(161.0, Tick())
    assert len(list(read(path))) == 3


def test_it_stays_within_its_bounds_and_keeps_the_newest(path):
    journal = Journal(path, 2000)
    for now in range(1000):
        journal.note(now / 10, VehicleIs(1, Vehicle.B))
        assert sum(file.stat().st_size for file in path.parent.iterdir()) <= 2000
    journal.flush()
    kept = [now for now, _ in read(path)]
    assert kept[-1] == 99.9
    assert kept == [n / 10 for n in range(1000 - len(kept), 1000)]
    assert len(kept) > 15


def test_a_line_too_long_is_counted(path):
    journal = Journal(path, 100)
    journal.note(1.0, SettingIs("name", "x" * 200))
    journal.flush()
    assert journal.lost == 1
    assert list(read(path)) == []


def test_a_journal_that_cannot_be_written_stops_nobody(tmp_path):
    journal = Journal(tmp_path / "nowhere" / "journal", 1000)
    journal.note(1.0, Tick())
    journal.flush()
    assert journal.lost == 1


def test_lines_that_are_torn_or_strange_are_passed_over(path):
    journal = Journal(path, 10_000)
    journal.note(1.0, Tick())
    journal.flush()
    with path.open("ab") as file:
        file.write(b'[2.0,{"is":"Teleported"}]\n[3.0\n\xff\n7\n[4.0,{"is":"Tick"}]\n[5.0,{"is":"Ti')
    assert list(read(path)) == [(1.0, Tick()), (4.0, Tick())]


@pytest.mark.parametrize(
    ("fact", "seen"),
    [
        (Tapped((1,), CARD, Known(cached=INFO)), Tapped((1,), IdToken(SHORT), Known(cached=masked(INFO)))),
        (Tapped((1,), IdToken("ABCD")), Tapped((1,), IdToken("**CD"))),
        (Tapped((1,), IdToken("A")), Tapped((1,), IdToken("*"))),
        (Authorized(CARD, INFO), Authorized(IdToken(SHORT), TokenInfo(Verdict.ACCEPTED, group="*********4567"))),
        (SettingIs("AuthorizationKey", "5ec2e7"), SettingIs("AuthorizationKey", "***")),
        (SettingIs("HeartbeatInterval", "60"), SettingIs("HeartbeatInterval", "60")),
        (ReservationIs(1, 1, CARD, 5.0, "GROUP-1234567"), ReservationIs(1, 1, IdToken(SHORT), 5.0, "*********4567")),
        (
            Asked("t", SetVariables((SetSetting("SecurityCtrlr.BasicAuthPassword", "x"), SetSetting("a", "b")))),
            Asked("t", SetVariables((SetSetting("SecurityCtrlr.BasicAuthPassword", "***"), SetSetting("a", "b")))),
        ),
        (Asked("t", DataTransfer("v", "m", {"k": 1})), Asked("t", DataTransfer("v", "m", "***"))),
        (Asked("t", DataTransfer("v", "m")), Asked("t", DataTransfer("v", "m"))),
        (
            Asked("t", RemoteStart(1, CARD, 5, "GROUP-1234567")),
            Asked("t", RemoteStart(1, IdToken(SHORT), 5, "*********4567")),
        ),
        (Asked("t", Reserve(1, 1, CARD, 5.0)), Asked("t", Reserve(1, 1, IdToken(SHORT), 5.0))),
    ],
)
def test_nobody_learns_a_secret_from_it(path, fact, seen):
    journal = Journal(path, 10_000)
    journal.note(1.0, fact)
    journal.flush()
    assert list(read(path)) == [(1.0, seen)]


@settings(max_examples=200, deadline=None)
@given(any_of(Fact))
def test_every_fact_can_be_noted(fact):
    assert type(masked(fact)) is type(fact)
    assert decode(Fact, encode(Fact, masked(fact))) == masked(fact)
