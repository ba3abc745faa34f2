"""Facts per second through the core: `Station.handle` and nothing around it, over a session that never ends.

The mix is that of a charging hour: mostly readings of the meter, now and then time alone, a fact told again, a queue
that grew. The measure is one trigger of the `transitions` machine the two tables stand on.
"""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from transitions import Machine

from chargepoint.clock import TimeQuality
from chargepoint.core.effects import Drive, Keep
from chargepoint.core.facts import (
    Authorized,
    ClockIs,
    ContactorIs,
    Durable,
    Fact,
    GuardIs,
    LinkIs,
    Metered,
    QueueIs,
    Registration,
    Tapped,
    Tick,
    VehicleIs,
)
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import StationIdentity, TransactionStarted
from chargepoint.core.settings import Settings
from chargepoint.core.setup import EvseSetup, StationSetup
from chargepoint.core.station import Station
from chargepoint.core.tokens import IdToken, TokenInfo, Verdict
from chargepoint.hal import MeterSample
from tests.bench.harness import Line, Size, interleaved, medians

CARD = IdToken("04A1B2C3")
WELCOME = TokenInfo(Verdict.ACCEPTED)
EVSES = 2


def measure(size: Size, folder: Path) -> Iterator[Line]:
    facts = size.of(4000, 50)
    found = medians(
        interleaved(size.of(9, 1), facts=lambda: seconds_per_fact(facts), trigger=lambda: seconds_per_trigger(facts))
    )
    yield Line(
        "facts through the core", 1 / found["facts"], "/s", found["facts"] / found["trigger"], "a transitions trigger",
        note=f"{1e6 * found['facts']:.0f} us each, {EVSES} connectors that charge",
    )  # fmt: skip


class Charging:
    """A station whose connectors all charge; the world around it follows every order at once."""

    def __init__(self) -> None:
        setup = StationSetup((EvseSetup(),) * EVSES, StationIdentity("v", "m", "s", "1"))
        ids = itertools.count(1)
        self.now = 100.0
        self.station = Station(setup, Settings(), lambda: f"tx{next(ids)}")
        for fact in (ClockIs(1.8e9, TimeQuality.NTP), GuardIs(True), LinkIs(True, Registration.ACCEPTED), QueueIs(0)):
            self.tell(fact)
        for evse in range(1, EVSES + 1):
            for fact in (
                ContactorIs(evse, False), VehicleIs(evse, Vehicle.B), self.reading(evse, 0.0),
                Tapped((evse,), CARD), Authorized(CARD, WELCOME), VehicleIs(evse, Vehicle.C),
            ):  # fmt: skip
                self.tell(fact)
        for _ in range(100):
            for evse in range(1, EVSES + 1):
                self.tell(self.reading(evse, 0.0), 0.1)
        if not all(evse.closed for evse in self.station.evses.values()):
            raise RuntimeError("the benchmark's connectors do not charge, so its figure would mean nothing")

    def tell(self, fact: Fact, later_s: float = 0.0) -> None:
        self.now += later_s
        for effect in self.station.handle(fact, self.now):
            if isinstance(effect, Drive) and self.station.evses[effect.evse].closed is not effect.closed:
                self.tell(ContactorIs(effect.evse, effect.closed))
            elif isinstance(effect, Keep) and isinstance(effect.record, TransactionStarted):
                self.tell(Durable(effect.record.tx))

    def reading(self, evse: int, energy_wh: float) -> Metered:
        return Metered(evse, MeterSample(self.now, energy_wh, 11040.0, (16.0,) * 3, (230.0,) * 3))


def seconds_per_fact(count: int) -> float:
    world = Charging()
    handle, now, energy_wh = world.station.handle, world.now, 0.0
    began = time.perf_counter()
    for number in range(count):
        now += 0.25
        match number % 10:
            case 3:
                handle(Tick(), now)
            case 5:
                handle(VehicleIs(1, Vehicle.C), now)
            case 7:
                handle(QueueIs(number % 3), now)
            case _:
                energy_wh += 1.5
                evse = number % EVSES + 1
                handle(Metered(evse, MeterSample(now, energy_wh, 11040.0, (16.0,) * 3, (230.0,) * 3)), now)
    return (time.perf_counter() - began) / count


def seconds_per_trigger(count: int) -> float:
    class Model:
        pass

    model = Model()
    Machine(model, ["a", "b"], initial="a", transitions=[["turn", "a", "b"], ["turn", "b", "a"]])
    began = time.perf_counter()
    for _ in range(count):
        model.turn()
    return (time.perf_counter() - began) / count
