"""For whom a place is held, and until when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.reservations import Reservation, Reservations, same_group
from chargepoint.core.tokens import IdToken, TokenKind

OWNER, STRANGER = IdToken("Ab01"), IdToken("cd02")
GROUPS = st.none() | st.sampled_from(("", "fleet", "FLEET", "Straße", "STRASSE", "others"))


def held(*all_of_them: Reservation) -> Reservations:
    return Reservations({each.id: each for each in all_of_them})


def reservation(number: int = 1, evse: int = 1, expires_utc: float = 1000.0, group: str | None = None) -> Reservation:
    return Reservation(number, evse, OWNER, expires_utc, group)


# -- for whom ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("fleet", "fleet", True),
        ("fleet", "FLEET", True),
        ("straße", "STRASSE", True),
        ("fleet", "others", False),
        ("fleet", None, False),
        (None, "fleet", False),
        (None, None, False),
        ("", "", False),
        ("fleet", "", False),
        ("None", None, False),
    ],
)
def test_groups_are_compared_without_letter_case_and_an_empty_one_is_none(
    one: str | None, other: str | None, same: bool
):
    assert same_group(one, other) is same


@given(GROUPS, GROUPS)
def test_being_of_the_same_group_is_mutual(one: str | None, other: str | None):
    assert same_group(one, other) is same_group(other, one)


@pytest.mark.parametrize(
    ("token", "group", "of", "admitted"),
    [
        (OWNER, None, None, True),
        (IdToken("aB01"), None, None, True),
        (IdToken("Ab01", TokenKind.CENTRAL), "others", "fleet", True),
        (STRANGER, None, None, False),
        (STRANGER, "fleet", None, False),
        (STRANGER, None, "fleet", False),
        (STRANGER, "others", "fleet", False),
        (STRANGER, "", "", False),
        (STRANGER, "Fleet", "fleet", True),
    ],
)
def test_a_reservation_admits_its_owner_and_the_owner_s_group(
    token: IdToken, group: str | None, of: str | None, admitted: bool
):
    wanted = reservation(group=of)
    assert wanted.admits(token, group) is admitted
    assert held(wanted).refuses(1, token, group) is not admitted


def test_a_place_that_nobody_reserved_refuses_nobody():
    assert not Reservations().refuses(1, STRANGER, None)
    assert not held(reservation(evse=2)).refuses(1, STRANGER, None)


def test_what_is_reserved_is_found_by_its_place():
    first, second = reservation(1, evse=1), reservation(2, evse=2)
    both = held(first, second)
    assert (both.on(1), both.on(2), both.on(3)) == (first, second, None)


def test_a_reservation_of_no_particular_place_holds_none():
    """A station without ReserveConnectorZeroSupported: evse 0 is no place of it."""
    zero = held(reservation(evse=0))
    assert zero.on(0) == reservation(evse=0)
    assert zero.on(1) is None and not zero.refuses(1, STRANGER, None)


def test_two_of_no_reservations_do_not_share_their_dict():
    one, other = Reservations(), Reservations()
    one.held[1] = reservation()
    assert other.held == {}


# -- until when -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "gone"), [(0.0, []), (99.9, []), (100.0, [1]), (199.9, [1]), (200.0, [1, 2]), (1e9, [1, 2])]
)
def test_a_reservation_expires_at_its_time(now: float, gone: list[int]):
    both = held(reservation(1, expires_utc=1100.0), reservation(2, evse=2, expires_utc=1200.0))
    assert [each.id for each in both.expired(now, 1000.0)] == gone


def test_the_next_to_expire_is_told_in_monotonic_seconds():
    both = held(reservation(2, evse=2, expires_utc=1200.0), reservation(1, expires_utc=1100.0))
    assert both.next_expiry(1000.0) == 100.0
    assert both.next_expiry(0.0) == 1100.0


def test_while_the_time_is_not_known_nothing_expires():
    one = held(reservation(expires_utc=-1.0))
    assert one.expired(1e9, None) == [] and one.next_expiry(None) is None


def test_without_reservations_nothing_expires():
    assert Reservations().expired(1e9, 0.0) == [] and Reservations().next_expiry(0.0) is None


@given(st.lists(st.floats(0.0, 4e9), min_size=1, max_size=5), st.floats(0.0, 4e9))
def test_at_the_moment_told_one_expires_and_none_before(ends_utc: list[float], offset: float):
    """If they disagreed by a hair, the station would wake up for nothing, again and again."""
    some = held(*(reservation(number, number, end) for number, end in enumerate(ends_utc, 1)))
    at = some.next_expiry(offset)
    assert at is not None and some.expired(at, offset)
    assert not some.expired(at - 1.0, offset)
