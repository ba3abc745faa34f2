"""Every reachable state of a station with one charging place, against rules that know nothing of its rows.

The real `Station` is walked, with its real power path, cards and commands: only so can be said that the contactor is
never commanded closed without what it needs. To keep the space small, time runs in whole steps, the times of the power
path that are proved elsewhere are nought, and the hardware obeys between two moves, except where a part of the walk is
about hardware that does not. The facts that do not touch each other are walked apart.

The witness sees what goes in (facts) and what comes out (effects), and judges by that alone. Each row, condition and
action of the table is then removed once, and the same rules must notice.
"""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chargepoint.core import power, session, surroundings
from chargepoint.core.effects import Checkpoint
from chargepoint.core.facts import Tick
from chargepoint.core.pilot import Vehicle
from chargepoint.core.setup import EvseSetup
from chargepoint.core.tokens import IdToken, TokenKind
from chargepoint.core.variables import STOP_ON_EV_DISCONNECT, STOP_ON_INVALID_ID, UNLOCK_ON_EV_DISCONNECT
from tests.core.station_world import World
from tests.core.walk import Walk, mutants
from tests.core.witness import CLOSING, MATE, MINE, OTHER, RELEASE, RESTORE, STALE, Seen

PATCHES: dict[Any, dict[str, Any]] = {
    session: {"CLOSING_UP_S": CLOSING, "RESTORE_S": RESTORE},
    surroundings: {"GUARD_WITHIN_S": 1.0},
    power: {
        "X1_S": 0.0,
        "ERROR_S": 0.0,
        "RELEASE_S": RELEASE,
        "FOLLOW_S": 0.0,
        "PROOF_S": 0.0,
        "VISIBLE_S": 1.0,
        "STRIKES": math.inf,
        "WELDED_S": 1.0,
        "ASTRAY_S": dict.fromkeys(power.LIVE, 1.0),
    },
}


@pytest.fixture(autouse=True, scope="module")
def steps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, values in PATCHES.items():
            for name, value in values.items():
                patch.setattr(module, name, value)
        yield


# -- keys -------------------------------------------------------------------------------------------------------------

STRUCTURE = ("Evse", "Session", "PowerPath", "Metering", "Schedule", "Telling", "Unlocking", "Surroundings", "Station")
STRUCTURE += ("Cards", "Reported", "Reservations", "Machine", "Settings", "method", "function", "StationSetup")


def data(thing: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes that are data, and apart those of them that are containers, copied."""
    found = {name: value for name, value in vars(thing).items() if type(value).__name__ not in STRUCTURE}
    return found, {name: copy.copy(each) for name, each in found.items() if isinstance(each, dict | set | list)}


def parts_of(w: World) -> tuple[Any, ...]:
    s, e = w.station, w.evse
    around = (s.around, s.around.reported, s.around.reservations)
    return (s, *around, s.cards, e, e.reported, e.metering, e.session, e.power, e.telling, e.unlocking)


def snapshot(w: World) -> tuple[Any, ...]:
    states = w.evse.session.state, w.evse.power.state
    tx, open_tx = copy.copy(w.evse.session.tx), copy.copy(w.seen.tx)
    return [data(part) for part in parts_of(w)], states, tx, data(w.seen), open_tx, w.now


def put_back(thing: Any, values: tuple[dict[str, Any], dict[str, Any]]) -> None:
    vars(thing).update(values[0])
    for name, container in values[1].items():
        setattr(thing, name, container.copy())


def restore(w: World, saved: tuple[Any, ...]) -> World:
    datas, states, tx, seen, open_tx, w.now = saved
    for part, values in zip(parts_of(w), datas, strict=True):
        put_back(part, values)
    w.evse.session._machine._cell.state, w.evse.power._machine._cell.state = states
    w.evse.session.tx, w.seen = copy.copy(tx), Seen()
    put_back(w.seen, seen)
    w.seen.tx = copy.copy(open_tx)
    return w


def left(time: float | None, now: float) -> float | None:
    return None if time is None else max(time - now, 0.0)


def age(time: float | None, now: float, cap: float = 2.0) -> float | None:
    return None if time is None else min(now - time, cap)


def freeze(w: World) -> tuple[Any, ...]:
    now, s, e, seen = w.now, w.station, w.evse, w.seen
    around, ses, p, tx, known_tx = s.around, e.session, e.power, e.session.tx, w.seen.tx
    live = ses.state in session.LIVE
    return (
        (ses.state, ses.grant and (ses.grant.token, ses.grant.trigger), ses.stop and ses.stop.reason),
        (ses.keeper and ses.keeper.token, left(ses.deadline, now)),
        tx and (tx.durable, tx.plugged, tx.charging, tx.invalid_from_wh, tx.last and age(tx.last.utc, now + 1000.0, 9)),
        (e.vehicle, e.plugged, e.closed, e.locked, e.operative, age(e.left_at, now) if live and not e.plugged else 0),
        (frozenset(e.reported.faults), frozenset(e.reported._present), around.guard, around.online),
        (around.resetting is not None, around.waiting > 0, left(s._flush_until, now), s._rebooting),
        (p.state, p.latched, p.vehicle_fault, p.astray and (p.astray[0], age(p.astray[1], now))),
        left(p.release_until, now) if p.state is power.Power.RELEASING else 0,
        max(p.error_until - now, -1.0) if p.state is power.Power.FAULTED else 0,
        (e.telling.latch, e.telling.status, e.telling.pending, e.unlocking.asked, left(e.unlocking.deadline, now)),
        tuple((key, age(each.asked_at, now), each.evses) for key, each in s.cards.questions.items()),
        (age(seen.measured_at, now), seen.measured_at > ses.stopped_at if ses.state is session.State.STOPPING else 0),
        tuple((token, age(at, now)) for token, at in seen.presented.items()),
        tuple((token, age(at, now)) for token, at in seen.asked.items()),
        age(seen.plugged_at, now) if seen.plugged else None,
        bool(seen.presented) and seen.card_first,
        (seen.vehicle, seen.faults, seen.latched, seen.over, seen.kept, seen.status, seen.latch, seen.pilot),
        (seen.commanded, seen.closed, seen.locked, age(seen.unlock, now, 13.0)),
        known_tx
        and (known_tx.token, known_tx.durable, known_tx.restored, known_tx.refused, known_tx.due, known_tx.resumed),
        known_tx and (age(known_tx.since, now), age(known_tx.left_since, now), seen.measured_at > known_tx.since),
    )


def quiet(w: World) -> None:
    """If time alone can change anything, a deadline is set, and nothing changes before it."""
    deadline = w.station.next_deadline
    assert deadline is None or deadline > w.now, f"a deadline in the past: {deadline} at {w.now}"
    before = freeze(w)[0]
    out = w.station.handle(Tick(), w.now + (1e6 if deadline is None else 0.99 * (deadline - w.now)))
    said = [effect for effect in out if not isinstance(effect, Checkpoint)]
    assert not said, f"time alone said {said}, the deadline was {deadline}"
    after = freeze(w)[0]
    assert after == before, "time alone changed the session"


# -- the parts --------------------------------------------------------------------------------------------------------


def vehicles(*states: Vehicle) -> dict[str, Callable[[World], None]]:
    return {f"vehicle {state.name}": lambda w, state=state: w.plug(state) for state in states}


def taps(*tokens: IdToken) -> dict[str, Callable[[World], None]]:
    return {f"tap {token.text}": lambda w, token=token: w.tap(token) for token in tokens}


A, B, C, E = Vehicle.A, Vehicle.B, Vehicle.C, Vehicle.E
USUAL: dict[str, Callable[[World], None]] = {"a step": World.step, "durable": World.durable}
FAULTS: dict[str, Callable[[World], None]] = {
    f"{name} {on}": lambda w, name=name, on=on: w.fault(name, on) for name in ("door", "ground") for on in (True, False)
}
PARTS: dict[str, tuple[Callable[[], World], dict[str, Callable[[World], None]]]] = {
    "cards": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}),
        USUAL
        | vehicles(A, B)
        | taps(MINE, MATE)
        | {
            "online": lambda w: w.link(True),
            "offline": lambda w: w.link(False),
            "accepted": lambda w: w.verdict(MINE, True),
            "refused": lambda w: w.verdict(MINE, False),
        },
    ),
    "faults": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}),
        USUAL | vehicles(A, C) | taps(MINE) | FAULTS,
    ),
    "faults that heal": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}),
        USUAL
        | vehicles(A, C, E)
        | taps(MINE)
        | {"lock": lambda w: w.fault("lock", True), "no lock": lambda w: w.fault("lock", False)},
    ),
    "guard and meter": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}, meter=False),
        USUAL
        | vehicles(A, C)
        | taps(MINE)
        | {"guard": lambda w: w.guard(True), "no guard": lambda w: w.guard(False), "measured": World.measure},
    ),
    "contactor": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}, obey=False),
        USUAL
        | vehicles(A, C)
        | taps(MINE)
        | {"closed": lambda w: w.tell_closed(True), "open": lambda w: w.tell_closed(False)},
    ),
    "commands": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {STOP_ON_INVALID_ID: False}),
        USUAL
        | vehicles(A, C)
        | {
            "remote start": World.remote_start,
            "remote stop": World.remote_stop,
            "inoperative": lambda w: w.availability(False),
            "operative": lambda w: w.availability(True),
            "refuse": World.refuse_start,
            "reset": World.reset,
        },
    ),
    "locks": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE, has_lock=True), {UNLOCK_ON_EV_DISCONNECT: False}),
        USUAL | vehicles(A, C) | taps(MINE, OTHER) | {"unlock": World.ask_unlock, "refuse": World.refuse_start},
    ),
    "free to leave": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {STOP_ON_EV_DISCONNECT: False}),
        USUAL | vehicles(A, B, C) | taps(MINE),
    ),
    "free to leave a locked cable": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE, has_lock=True), {STOP_ON_EV_DISCONNECT: False}),
        USUAL | vehicles(A, C) | taps(MINE),
    ),
    "free of charge": (
        lambda: World(
            EvseSetup(rest_s=0.0, meter_stale_s=STALE, free_token=IdToken("free", TokenKind.NO_AUTHORIZATION)), {}
        ),
        USUAL
        | vehicles(A, C)
        | {
            "remote stop": World.remote_stop,
            "lock fault": lambda w: w.fault("lock", True),
            "no lock fault": lambda w: w.fault("lock", False),
            "restored": lambda w: w.restore(1.0),
        },
    ),
    "power cut, ended": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE), {}),
        USUAL | vehicles(A, C, E) | taps(MINE) | {"restored": lambda w: w.restore(1.0)},
    ),
    "power cut, resumed": (
        lambda: World(EvseSetup(rest_s=0.0, meter_stale_s=STALE, resume_within_s=5.0), {}),
        USUAL
        | vehicles(A, C)
        | taps(MINE)
        | {
            "restored": lambda w: w.restore(1.0),
            "restored late": lambda w: w.restore(9.0),
            "inoperative": lambda w: w.availability(False),
        },
    ),
}


def part(name: str, saved: dict[Any, Any]) -> tuple[Walk[World, Any], Any]:
    """A walk, and where it begins. ``saved``: key -> how to make that state again."""
    make, moves = PARTS[name]
    world = make()

    def remember(w: World) -> Any:
        key = freeze(w)
        if key not in saved:
            saved[key] = snapshot(w)
        return key

    return Walk(moves, remember, lambda key: restore(world, saved[key]), quiet, limit=20_000), remember(world)


WALKED: dict[str, tuple[Walk[World, Any], dict[Any, Any]]] = {}


def walked(name: str) -> tuple[Walk[World, Any], dict[Any, Any]]:
    if name not in WALKED:
        saved: dict[Any, Any] = {}
        walk, start = part(name, saved)
        WALKED[name] = walk.run(start), saved
    return WALKED[name]


def is_free(key: Any) -> bool:
    return key[0][0] is session.State.FREE and not key[3][1]


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_every_reachable_state_keeps_the_rules(name: str):
    walk, _ = walked(name)
    only = {"vehicle A", "a step"} | ({"tap aa01", "tap BB01"} if "lock" in name else set())
    for nexts in walk.after.values():
        for move in set(nexts) - only:
            del nexts[move]
    assert not walk.stranded(is_free), "dead ends"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "rows"), list(mutants(session.TABLE)), ids=[what for what, _ in mutants(session.TABLE)]
)
def test_every_row_condition_and_action_is_needed(what: str, rows: list[Any], monkeypatch: pytest.MonkeyPatch):
    walks = {name: walked(name) for name in PARTS}
    monkeypatch.setattr(session, "TABLE", rows)
    source = session.State[what.split()[2]]
    for name, (sound, saved) in walks.items():
        try:
            mutant, _ = part(name, dict(saved))
        except (AssertionError, RuntimeError):
            return
        if sound.notice(mutant, [key for key in sound.after if key[0][0] is source]):
            return
    pytest.fail(f"{what}: nobody noticed")
