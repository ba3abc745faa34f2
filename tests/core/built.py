"""A station as the tests of the core use it: facts go in by `do`, effects come out and are kept by kind."""

from typing import Any, TypeVar

from chargepoint.clock import TimeQuality
from chargepoint.core.commands import Command, Outcome
from chargepoint.core.effects import Answer, Drive, Effect, Keep, Latch, Say, Tell
from chargepoint.core.evse import Evse
from chargepoint.core.facts import (
    Asked,
    ClockIs,
    ContactorIs,
    Durable,
    Fact,
    GuardIs,
    LinkIs,
    LockIs,
    Metered,
    Registration,
    Tapped,
    Tick,
    VehicleIs,
)
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import Record, Report, StationIdentity, StatusIs, TransactionStarted
from chargepoint.core.settings import Settings
from chargepoint.core.setup import EvseSetup, StationSetup
from chargepoint.core.station import Station
from chargepoint.core.tokens import IdToken, Known, TokenInfo, Verdict
from chargepoint.hal import MeterSample

T = TypeVar("T")
NOON = 1_700_049_600.0
"""12:00:00 UTC on a day, at monotonic 0."""

ANN, BOB = IdToken("04AABBCCDD"), IdToken("04EEFF0011")


def known(group: str | None = None, verdict: Verdict = Verdict.ACCEPTED) -> Known:
    """What the cache holds of a token."""
    return Known(cached=TokenInfo(verdict, group))


class Built:
    """``settings``: variable -> value in force. The hardware obeys at once when `obey` is called."""

    def __init__(
        self, *setups: EvseSetup, settings: dict[Any, Any] | None = None, awake: bool = True, boot: int = 7
    ) -> None:
        self.ids = 0
        self.now = 50.0
        self.energy_wh = 1000.0
        self.obedient = False
        self.settings = Settings(fixed=settings)
        setup = StationSetup(setups or (EvseSetup(),), StationIdentity("vendor", "model"), boot)
        self.station = Station(setup, self.settings, self._new_id)
        self.out: list[Effect] = []
        if awake:
            self.do(ClockIs(NOON, TimeQuality.NTP), GuardIs(True), LinkIs(True, Registration.ACCEPTED))
            for number in self.station.evses:
                self.do(VehicleIs(number, Vehicle.A))
                self.meter(evse=number)

    def _new_id(self) -> str:
        self.ids += 1
        return f"tx{self.ids}"

    # -- facts ---------------------------------------------------------------------------------------------------------

    def do(self, *facts: Fact) -> list[Effect]:
        """Tell facts now; returns the effects of these alone. They are also kept in ``out``."""
        new = [effect for fact in facts for effect in self.station.handle(fact, self.now)]
        self.out += new
        return new

    def wait(self, seconds: float) -> list[Effect]:
        """Let time pass, waking the core when it asked for it."""
        end, new = self.now + seconds, []
        while (due := self.station.next_deadline) is not None and due <= end:
            assert due > self.station.around.now, f"a deadline in the past: {due} at {self.station.around.now}"
            self.now = max(self.now, due)
            new += self.do(Tick())
            if self.obedient:
                new += self.obey()
        self.now = end
        return new + self.do(Tick())

    def meter(self, wh: float = 0.0, evse: int = 1, **more: Any) -> list[Effect]:
        """A sample measured now, ``wh`` more than the one before."""
        self.energy_wh += wh
        return self.do(Metered(evse, MeterSample(self.now, self.energy_wh, **more)))

    def run(self, seconds: int) -> list[Effect]:
        """As `wait`, with a sample each second and hardware that obeys."""
        self.obedient = True
        new = self.obey()
        for _ in range(seconds):
            new += self.wait(1.0)
            for number in self.station.evses:
                new += self.meter(evse=number)
            new += self.obey()
        self.obedient = False
        return new

    def obey(self) -> list[Effect]:
        """Contactors, locks and the disk do as they were told."""
        new: list[Effect] = []
        for evse in self.station.evses.values():
            if evse.session.tx is not None and not evse.session.tx.durable:
                new += self.do(Durable(evse.session.tx.id))
            if evse.telling.latch is not None and evse.telling.latch is not evse.locked:
                new += self.do(LockIs(evse.number, evse.telling.latch))
            if evse.power.order.closed is not evse.closed:
                new += self.do(ContactorIs(evse.number, evse.power.order.closed))
        return new

    def do_ask(self, command: Command, **more: Any) -> list[Effect]:
        return self.do(Asked("ticket", command, **more))

    def ask(self, command: Command, **more: Any) -> Outcome:
        """The answer to a command; it must come at once."""
        (answer,) = [each for each in self.do_ask(command, **more) if isinstance(each, Answer)]
        assert (answer.ticket, answer.command) == ("ticket", command)
        return answer.outcome

    def tap(self, token: IdToken = ANN, evses: tuple[int, ...] = (1,), group: str | None = None) -> list[Effect]:
        """A token the list vouches for, so that nobody is asked while offline."""
        return self.do(Tapped(evses, token, known(group)))

    def offline(self) -> list[Effect]:
        return self.do(LinkIs(False))

    def plug(self, state: Vehicle = Vehicle.C, evse: int = 1) -> list[Effect]:
        return self.do(VehicleIs(evse, state))

    def charge(self, token: IdToken = ANN, evse: int = 1, group: str | None = None) -> str:
        """From nothing to energy; returns the transaction. The station is offline afterwards."""
        self.offline()
        self.plug(evse=evse)
        self.tap(token, (evse,), group)
        self.run(8)
        place = self.station.evses[evse]
        assert place.power.energised, (place.session.state, place.power.state)
        return place.session.current.id

    # -- effects -------------------------------------------------------------------------------------------------------

    @property
    def evse(self) -> Evse:
        return self.station.evses[1]

    def all(self, kind: type[T], effects: list[Effect] | None = None) -> list[T]:
        return [each for each in (self.out if effects is None else effects) if isinstance(each, kind)]

    def records(self, effects: list[Effect] | None = None) -> list[Record]:
        return [each.record for each in self.all(Keep, effects)]

    def reports(self, effects: list[Effect] | None = None) -> list[Report]:
        return [each.report for each in self.all(Tell, effects)]

    def statuses(self, effects: list[Effect] | None = None, evse: int = 1) -> list[str]:
        found = self.reports(effects)
        return [each.status.value for each in found if isinstance(each, StatusIs) and each.evse == evse]

    def said(self, effects: list[Effect] | None = None) -> str:
        return "\n".join(each.text for each in self.all(Say, effects))

    def orders(self, effects: list[Effect] | None = None) -> list[tuple[Any, bool]]:
        return [(each.pilot, each.closed) for each in self.all(Drive, effects)]

    def latches(self, effects: list[Effect] | None = None) -> list[bool]:
        return [each.engaged for each in self.all(Latch, effects)]

    def starts(self) -> list[TransactionStarted]:
        return [each for each in self.records() if isinstance(each, TransactionStarted)]
