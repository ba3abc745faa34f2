from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.cards import masked
from chargepoint.core.commands import RemoteStart, Reserve
from chargepoint.core.effects import KeepReservation, Remember, Tell
from chargepoint.core.facts import Authorized, FaultIs, LinkIs, Registration, Tapped
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import Authorize, Reason, TransactionEnded
from chargepoint.core.session import State
from chargepoint.core.setup import EvseSetup
from chargepoint.core.tokens import NOBODY, IdToken, Known, TokenInfo, TokenKind, Verdict
from chargepoint.core.variables import AUTH_CACHE_ENABLED, AUTHORIZE_REMOTE_START, MESSAGE_TIMEOUT_S
from tests.core.built import ANN, BOB, NOON, Built, known

TWO = (EvseSetup(), EvseSetup())
YES, NO = TokenInfo(Verdict.ACCEPTED), TokenInfo(Verdict.BLOCKED)


def states(b: Built) -> list[State]:
    return [evse.session.state for evse in b.station.evses.values()]


def asked(b: Built) -> list[IdToken]:
    return [each.token for each in b.reports() if isinstance(each, Authorize)]


def offline(*setups: EvseSetup) -> Built:
    b = Built(*setups)
    b.offline()
    return b


# -- where a token starts -------------------------------------------------------------------------------------------


def test_the_vehicle_that_came_last_and_waits_is_meant():
    b = offline(*TWO)
    b.plug(evse=1)
    b.wait(1.0)
    b.plug(evse=2)
    b.tap(evses=(1, 2))
    assert states(b) == [State.PLUGGED, State.STARTING]


def test_a_waiting_vehicle_comes_before_one_whose_turn_is_over_and_that_before_a_free_place():
    b = offline(EvseSetup(), EvseSetup(), EvseSetup())
    b.plug(evse=3)
    b.run(61)
    assert states(b)[2] is State.PARKED
    b.plug(evse=2)
    for expected in (2, 3, 1):
        b.tap(IdToken(f"card {expected}"), evses=(1, 2, 3))
        grant = b.station.evses[expected].session.grant
        assert grant is not None and grant.token.text == f"card {expected}"


def test_one_reader_for_eight_places():
    b = offline(*[EvseSetup()] * 8)
    for n in range(8):
        b.tap(IdToken(f"card {n}"), evses=tuple(range(1, 9)))
    assert states(b) == [State.AUTHORIZED] * 8
    assert "no connector here is free" in b.said(b.tap(IdToken("card 9"), evses=tuple(range(1, 9))))


def test_a_reader_of_places_that_are_not_there():
    b = offline()
    b.tap(evses=(7,))
    assert "no connector here is free" in b.said()


def test_a_place_that_may_not_be_used_is_not_chosen():
    b = offline(*TWO)
    b.do(FaultIs(1, "lock", True))
    b.tap(evses=(1, 2))
    assert states(b) == [State.FREE, State.AUTHORIZED]


# -- the holder is back ---------------------------------------------------------------------------------------------


def test_the_same_token_in_other_letters_stops():
    b = Built()
    b.charge(IdToken("04aabbccdd"))
    b.tap(IdToken("04AABBCCDD"))
    b.run(8)
    end = b.records()[-1]
    assert isinstance(end, TransactionEnded)
    assert (end.reason, end.token) == (Reason.LOCAL, IdToken("04AABBCCDD"))


def test_a_second_tap_before_the_cable_voids_and_while_stopping_does_nothing():
    b = offline()
    b.tap()
    b.tap()
    assert states(b) == [State.FREE]
    b.charge()
    b.tap()
    assert states(b) == [State.STOPPING]
    stop = b.evse.session.stop
    b.tap()
    b.tap(BOB)
    assert b.evse.session.stop is stop
    b.run(8)
    assert states(b) == [State.PARKED]


# -- groups ---------------------------------------------------------------------------------------------------------


def test_a_mate_stops_where_nothing_waits_even_if_another_place_is_free():
    b = Built(*TWO)
    b.charge(group="fleet")
    b.tap(BOB, (1, 2), "FLEET")
    assert states(b) == [State.STOPPING, State.FREE]


def test_a_mate_starts_where_a_vehicle_waits():
    b = Built(*TWO)
    b.charge(group="fleet")
    b.plug(evse=2)
    b.tap(BOB, (1, 2), "fleet")
    assert states(b) == [State.RUNNING, State.STARTING]


def test_a_mate_of_nobody_and_a_mate_that_has_expired():
    b = Built()
    b.charge(group="fleet")
    b.tap(BOB, group="other")
    b.tap(BOB, group="")
    b.do(Tapped((1,), BOB, Known(cached=TokenInfo(Verdict.ACCEPTED, "fleet", expires_utc=NOON))))
    b.do(Tapped((1,), BOB, known("fleet", Verdict.BLOCKED)))
    assert states(b) == [State.RUNNING]


def test_the_backend_names_the_group():
    b = Built()
    b.charge(group="fleet")
    b.do(LinkIs(True, Registration.ACCEPTED), Tapped((1,), BOB, NOBODY))
    assert asked(b) == [BOB]
    b.do(Authorized(BOB, TokenInfo(Verdict.ACCEPTED, "Fleet")))
    assert states(b) == [State.STOPPING]


def test_a_remote_start_never_stops_a_mate():
    b = Built(settings={AUTHORIZE_REMOTE_START: True})
    b.ask(RemoteStart(1, BOB))
    b.plug()
    b.do(Tapped((1,), ANN, NOBODY), Authorized(ANN, TokenInfo(Verdict.ACCEPTED, "fleet")))
    assert states(b) == [State.STARTING]
    b.do(Authorized(BOB, TokenInfo(Verdict.ACCEPTED, "fleet")))
    assert states(b) == [State.STARTING]
    assert "no connector here is free" in b.said()


# -- questions ------------------------------------------------------------------------------------------------------


def test_a_double_tap_asks_once():
    b = Built()
    for _ in range(2):
        b.do(Tapped((1,), ANN, NOBODY))
    assert len([each for each in b.all(Tell) if isinstance(each.report, Authorize)]) == 1
    b.do(Authorized(ANN, YES))
    assert states(b) == [State.AUTHORIZED]
    b.do(Authorized(ANN, YES))
    assert states(b) == [State.AUTHORIZED]


def test_a_refused_stranger_does_not_disturb():
    b = Built()
    b.charge()
    b.do(LinkIs(True, Registration.ACCEPTED), Tapped((1,), BOB, NOBODY), Authorized(BOB, NO))
    assert states(b) == [State.RUNNING]
    assert "refused: Blocked: the backend says so" in b.said()


def test_the_place_was_taken_meanwhile():
    b = Built()
    b.plug()
    b.do(Tapped((1,), ANN, NOBODY), Tapped((1,), BOB, NOBODY), Authorized(BOB, YES), Authorized(ANN, YES))
    assert [each.token for each in b.starts()] == [BOB]
    assert "no connector here is free" in b.said()


def test_an_answer_for_a_vehicle_that_has_left_is_nobodys():
    b = Built(*TWO)
    b.plug()
    b.do(Tapped((1,), ANN, NOBODY))
    b.plug(Vehicle.A)
    b.plug()
    b.do(Authorized(ANN, YES))
    assert states(b) == [State.PLUGGED, State.FREE]


def test_no_answer_is_an_offline_case():
    b = Built(EvseSetup(has_meter=False), settings={MESSAGE_TIMEOUT_S: 30})
    b.do(Tapped((1,), ANN, known()))
    b.wait(29.9)
    assert states(b) == [State.FREE]
    b.wait(0.1)
    assert states(b) == [State.AUTHORIZED]
    assert asked(b) == [ANN]


def test_the_link_goes_while_the_backend_is_asked():
    b = Built()
    b.do(Tapped((1,), ANN, known()), Tapped((1,), BOB, NOBODY))
    b.offline()
    assert states(b) == [State.AUTHORIZED]
    assert "card ...0011 refused: Unknown: the backend is away and the token is not known here" in b.said()


def test_what_the_backend_says_is_remembered():
    b = Built()
    pin = IdToken("4711", TokenKind.KEY_CODE)
    for token in (ANN, IdToken("c", TokenKind.CENTRAL), IdToken("", TokenKind.NO_AUTHORIZATION), pin):
        b.do(Authorized(token, YES))
    assert [each.token for each in b.all(Remember)] == [ANN, pin]
    off = Built(settings={AUTH_CACHE_ENABLED: False})
    off.do(Authorized(ANN, YES))
    assert off.all(Remember) == []


# -- reservations ---------------------------------------------------------------------------------------------------


def test_the_owner_gets_the_reserved_place_and_uses_it_up():
    b = offline(*TWO)
    b.ask(Reserve(5, 2, ANN, NOON + 3600.0))
    b.tap(BOB, (2,))
    assert states(b) == [State.FREE, State.FREE]
    b.tap(ANN, (1, 2))
    assert states(b) == [State.FREE, State.AUTHORIZED]
    grant = b.station.evses[2].session.grant
    assert grant is not None and grant.reservation == 5
    assert b.all(KeepReservation)[-1] == KeepReservation(5, 2, None)


# -- names in logs --------------------------------------------------------------------------------------------------


@given(st.text(max_size=36), st.sampled_from(TokenKind))
def test_a_masked_token_cannot_be_copied(text: str, kind: TokenKind):
    shown = masked(IdToken(text, kind))
    assert shown.startswith("...")
    assert text.endswith(shown[3:])
    assert len(shown) - 3 <= min(4, len(text) / 2)
    assert kind is not TokenKind.KEY_CODE or shown == "..."
