"""Every reachable state of the power path, with time in whole steps, against rules that know nothing of its rows.

The world watches only what can be seen from outside (facts, orders, time) and judges by it. Each row, condition and
action of the table is then removed once, and the same rules must notice.
"""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from chargepoint.core import power
from chargepoint.core.effects import Level
from chargepoint.core.pilot import Vehicle
from chargepoint.core.power import DROPPED, STUCK, WELDED, Power, PowerPath, Seen, Strikes
from tests.core.walk import Walk, mutants

REST = 2.0
STEPS = {
    "X1_S": 2.0,
    "ERROR_S": 1.0,
    "RELEASE_S": 1.0,
    "FOLLOW_S": 1.0,
    "PROOF_S": 1.0,
    "VISIBLE_S": 1.0,
    "LATE_S": math.inf,
    "STRIKES": 2,
    "STRIKES_WITHIN_S": 2.0,
    "WELDED_S": 1.0,
}
FAR = 9.0
BAD = (Vehicle.E, Vehicle.F, Vehicle.NO_DIODE)
CAPS = {"quiet_at": 2.0, "live_at": REST}
TIMERS = ("rise_at", "proven_at", "rested_at", "x1_until", "error_until", "release_until")
RELEVANT = {
    "rise_at": power.OFFERING,
    "proven_at": (Power.OFFERED,),
    "error_until": (Power.FAULTED,),
    "release_until": (Power.RELEASING,),
}

Key = tuple[Any, ...]


@pytest.fixture(autouse=True, scope="module")
def steps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in STEPS.items():
            patch.setattr(power, name, value)
        patch.setattr(power, "ASTRAY_S", dict.fromkeys(power.LIVE, 1.0))
        yield


class World:
    """A power path and a witness. The witness remembers moments: when was PWM last on, the contactor last ordered
    closed, trouble last there; since when is F shown, the offer unchanged, the mirror contact astray."""

    def __init__(self, ventilation: bool) -> None:
        self.path = PowerPath(1, ventilation, REST)
        self.seen = self.path.seen
        self.now = 0.0
        self.quiet_at = self.live_at = -math.inf
        self.error_since = self.pwm_since = self.changed_at = self.asked_at = 0.0
        self.astray_since: float | None = None
        self.confirmed = False
        self.due: frozenset[str] = frozenset()
        self.struck, self.struck_at = 0, -math.inf
        self.pilot: Level | float = Level.STEADY
        self.closed = False

    # -- moves -------------------------------------------------------------------------------------------------------

    def step(self, wait: float = 0.0, **changed: Any) -> None:
        known = {name: getattr(self.seen, name) for name in ("vehicle", "amps", "closed", "sound", "locked")}
        self.now += wait
        self.seen = Seen(**(known | changed))
        before = self.path.state
        self.path.handle(self.seen, self.now)
        self.witness(before)

    def clear(self) -> None:
        told = self.path.faults
        for fault in told:
            self.path.clear(fault)
        if self.path.vehicle_fault in told:
            self.struck, self.struck_at = 0, -math.inf
        self.due = frozenset()
        self.step()

    # -- rules -------------------------------------------------------------------------------------------------------

    def witness(self, before: Power) -> None:
        path, seen, now = self.path, self.seen, self.now
        order, was_pilot, was_closed = path.order, self.pilot, self.closed
        pwm, was_pwm = isinstance(order.pilot, float), isinstance(was_pilot, float)
        airless = seen.vehicle is Vehicle.D and not path.ventilation
        asks = seen.vehicle in (Vehicle.C, Vehicle.D) and not airless
        permitted = seen.amps >= 6 and seen.locked and not airless
        plugged = seen.vehicle is not Vehicle.A

        self._watch_mirror(order.closed, was_closed)
        if not plugged:
            self.struck, self.struck_at = 0, -math.inf
        if before is not Power.FAULTED and seen.sound and seen.vehicle in (Vehicle.E, Vehicle.NO_DIODE):
            recent = now < self.struck_at + STEPS["STRIKES_WITHIN_S"]
            self.struck = min(self.struck + 1, 2) if recent else 1
            self.struck_at = now
        trouble = not seen.sound or seen.vehicle in BAD or bool(self.due)
        if order.pilot is Level.ERROR and was_pilot is not Level.ERROR:
            self.error_since = now
        tired = self.struck >= STEPS["STRIKES"]

        assert path.latched == self.due, f"blames {set(path.latched)}, should blame {set(self.due)}"
        assert (path.state is Power.FAULTED) >= (trouble or tired), "trouble, and not faulted"
        if path.state is Power.FAULTED:
            showing = order.pilot is Level.ERROR
            assert trouble or tired or showing, "faulted without trouble"
            assert before is Power.FAULTED or showing, "a fault begins without state F"
            assert not showing or now < self.error_since + STEPS["ERROR_S"], "state F lasts too long"
        if was_pilot is Level.ERROR and order.pilot is not Level.ERROR:
            assert now >= self.error_since + STEPS["ERROR_S"], "state F too short"

        if order.closed:
            assert not trouble and asks, "closed, and unsafe or nobody asks"
            if not permitted or not pwm:
                assert self.confirmed, "asked to stop before it was energised"
            assert permitted or not pwm, "not permitted and offered"
            if was_pwm and not pwm:
                self.asked_at = now
            assert pwm or now < self.asked_at + STEPS["RELEASE_S"], "asked to stop for too long"
        if order.closed and not was_closed:
            assert permitted and pwm, "closes without permission or offer"
            assert not seen.closed, "closes while the mirror says closed"
            assert now >= self.live_at + REST, "closes without rest"
            assert was_pwm and now >= self.pwm_since + STEPS["PROOF_S"], "closes before the diode was seen"

        if was_pwm or Power.FAULTED in (before, path.state):
            self.quiet_at = now
        x1_for = now - self.quiet_at
        if pwm:
            assert permitted and plugged and not trouble, "offers without reason"
            assert 6 <= order.pilot <= seen.amps, "offers more than permitted"
            if was_pwm:
                rises = order.pilot > was_pilot
                assert not rises or now >= self.changed_at + STEPS["FOLLOW_S"], "the offer rises too soon"
            else:
                assert x1_for >= STEPS["X1_S"], "x1 was too short"
                self.pwm_since = now
            if order.pilot != was_pilot:
                self.changed_at = now
            lags = order.pilot < seen.amps
            assert not lags or now < self.changed_at + STEPS["FOLLOW_S"], "the offer does not follow"

        calm = path.state is not Power.FAULTED
        assert not calm or plugged == (path.state is not Power.IDLE), "idle means no vehicle"
        releasing = order.closed and not pwm
        if calm and plugged and permitted and not releasing:
            assert pwm or x1_for < STEPS["X1_S"], "could be offered and is not"
            ready = not seen.closed and now >= self.live_at + REST and now >= self.pwm_since + STEPS["PROOF_S"]
            assert order.closed or not (pwm and asks and ready), "could be closed and is not"
        if order.closed and seen.closed:
            assert path.energised, "confirmed and not believed"
        assert path.offered_amps == (order.pilot if pwm else 0.0), "offered amps are not what the pilot says"

        if order.closed or was_closed:
            self.live_at = now
        self.pilot, self.closed = order.pilot, order.closed

    def _watch_mirror(self, closed: bool, was_closed: bool) -> None:
        """What the contactor must be blamed for, judged by the order that was in force until now."""
        seen, now = self.seen, self.now
        if seen.closed is was_closed:
            self.astray_since = None
            self.confirmed = self.confirmed or was_closed
        else:
            self.astray_since = now if self.astray_since is None else self.astray_since
            fault = WELDED if not was_closed else DROPPED if self.confirmed else STUCK
            excused = was_closed and (not seen.sound or seen.vehicle in BAD)
            if now >= self.astray_since + STEPS["WELDED_S"] and not excused:
                self.due |= {fault}
        if closed is not was_closed:
            self.astray_since = None if seen.closed is closed else now
            self.confirmed = False


# -- keys -------------------------------------------------------------------------------------------------------------


def left(time: float, now: float) -> float:
    return max(time - now, 0.0)


def age(time: float | None, now: float, cap: float) -> float | None:
    return None if time is None else min(now - time, cap)


def freeze(w: World) -> Key:
    p, now = w.path, w.now
    pwm, error = isinstance(w.pilot, float), w.pilot is Level.ERROR
    timers = tuple(left(getattr(p, name), now) if p.state in RELEVANT.get(name, Power) else 0.0 for name in TIMERS)
    remembered = p.strikes.until > now or p.strikes.count >= STEPS["STRIKES"]
    struck_for = age(w.struck_at, now, STEPS["STRIKES_WITHIN_S"])
    return (
        p.state,
        w.seen,
        p.latched,
        (p.strikes.count, left(p.strikes.until, now)) if remembered else None,
        p.vehicle_fault,
        p.held_amps if p.offering else 0.0,
        timers,
        p.astray and (p.astray[0], age(p.astray[1], now, 1.0)),
        max(p.error_until - now, -STEPS["VISIBLE_S"]) if p.state is Power.FAULTED else -1.0,
        tuple(age(getattr(w, name), now, cap) for name, cap in CAPS.items()),
        age(w.error_since, now, 1.0) if error else 0.0,
        (age(w.pwm_since, now, 1.0), age(w.changed_at, now, 1.0)) if pwm else None,
        age(w.asked_at, now, 1.0) if w.closed and not pwm else 0.0,
        age(w.astray_since, now, 1.0),
        w.confirmed,
        w.due,
        (w.struck, struck_for) if struck_for < STEPS["STRIKES_WITHIN_S"] or w.struck >= STEPS["STRIKES"] else None,
        w.pilot,
        w.closed,
    )


def thaw(key: Key, w: World) -> World:
    p = w.path
    (p._machine._cell.state, w.seen, p.latched, strikes, p.vehicle_fault, p.held_amps, timers, astray, error) = key[:9]
    (caps, error_for, pwm_for, asked_for, astray_for, w.confirmed, w.due, struck, w.pilot, w.closed) = key[9:]
    w.now = p.now = 0.0
    p.seen, p._before = w.seen, p.state
    p.strikes = Strikes(*strikes) if strikes else Strikes()
    for name, time in zip(TIMERS, timers, strict=True):
        setattr(p, name, time)
    p.error_until = error
    p.astray = astray and (astray[0], -astray[1])
    for name, elapsed in zip(CAPS, caps, strict=True):
        setattr(w, name, -elapsed)
    w.error_since, w.asked_at = -error_for, -asked_for
    w.pwm_since, w.changed_at = (-pwm_for[0], -pwm_for[1]) if pwm_for else (0.0, 0.0)
    w.astray_since = None if astray_for is None else -astray_for
    w.struck, w.struck_at = (struck[0], -struck[1]) if struck else (0, -math.inf)
    return w


def deadlines(w: World) -> None:
    """If time alone can change anything, a deadline is set, and nothing changes before it."""
    p = w.path
    deadline = p.next_deadline
    assert deadline is None or deadline > w.now, "a deadline in the past"
    before = (p.state, p.order, p.faults)
    p.handle(w.seen, w.now + (1e6 if deadline is None else 0.99 * (deadline - w.now)))
    assert (p.state, p.order, p.faults) == before, f"time alone changed {before}, the deadline was {deadline}"


def change(wait: float = 0.0, **facts: Any) -> Any:
    return lambda w: w.step(wait, **facts)


def moves(vehicles: str, permits: tuple[float, ...], sound: bool = True) -> dict[str, Any]:
    return {
        "a step": change(1.0),
        "a long time": change(FAR),
        "clear": World.clear,
        **{f"vehicle {name}": change(vehicle=Vehicle[name]) for name in vehicles.split()},
        **{f"permit {amps}": change(amps=amps, locked=True) for amps in permits},
        **{f"closed {closed}": change(closed=closed) for closed in (True, False)},
        **({"unlocked": change(locked=False)} if sound else {}),
        **({f"sound {so}": change(sound=so) for so in (True, False)} if sound else {}),
    }


PARTS = {
    "limits": (False, moves("A B C D", (0.0, 6.0, 16.0), sound=False)),
    "ventilation": (True, moves("A B D", (0.0, 16.0), sound=False)),
    "broken vehicles": (False, moves("A B C E NO_DIODE", (0.0, 16.0), sound=False)),
    "faults and locks": (False, moves("A B C F", (0.0, 16.0))),
}
"""All facts at once would be 45000 states; the ones that do not touch each other are walked apart."""


def part(name: str) -> Walk[World, Key]:
    ventilation, moves = PARTS[name]
    world = World(ventilation)
    return Walk(moves, freeze, lambda key: thaw(key, world), deadlines)


WALKED: dict[str, Walk[World, Key]] = {}


def walked(name: str) -> Walk[World, Key]:
    if name not in WALKED:
        WALKED[name] = part(name).run(freeze(World(PARTS[name][0])))
    return WALKED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_every_reachable_state_keeps_the_rules(name: str):
    walk = walked(name)
    assert {key[0] for key in walk.came} == set(Power)
    assert not walk.stranded(lambda key: key[0] is Power.ENERGIZED), "dead ends"


@pytest.mark.parametrize(("what", "rows"), list(mutants(power.TABLE)), ids=[what for what, _ in mutants(power.TABLE)])
def test_every_row_condition_and_action_is_needed(what: str, rows: list[Any], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(power, "TABLE", rows)
    source = Power[what.split()[2]]
    for near in (True, False):
        for name in PARTS:
            sound = walked(name)
            if sound.notice(part(name), (key for key in sound.came if (key[0] is source) is near)):
                return
    pytest.fail(f"{what}: nobody noticed")
