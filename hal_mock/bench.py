"""What goes on in the world: vehicles draw, meters count, levels are remembered. No I/O; time is an argument.

The meter integrates at 230 V per phase over the time the contacts were really closed. That time is read off the page's
one-shots, not off the moments somebody looked, so the register is right to the microsecond even when the guard died
between two looks. Whoever changes what the vehicle does calls `advance` first: the past is counted as it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chargepoint.hal import MeterSample
from hal_mock.ev import VehicleCircuit, draws
from hal_mock.oneshot import Span, overlap_s
from hal_mock.wires import MAX_CONNECTORS, Line, Switch, Wired, Wires

MAINS_VOLTS = 230.0
CABLE_OHMS = 220.0
DEFAULT_AMPS = (16.0, 16.0, 16.0)
MAX_FAULTS = 64
WRONG_ENERGY, WRONG_POWER = 0.5, 10.0

ALWAYS: tuple[Span, ...] = ((float("-inf"), float("inf")),)


class Outlet:
    """One connector, its vehicle and its meter, as far as they are not on the page."""

    def __init__(self, line: Line, energy_wh: float, now: float) -> None:
        self._line = line
        self._since = now
        self.energy_wh = energy_wh
        self.wanted_amps: tuple[float, ...] = DEFAULT_AMPS
        self.obeys = True

    def amps(self, now: float) -> tuple[float, ...]:
        """What flows now, one entry per phase wired."""
        return self._drawn(self._line.contactor_closed(now))

    def advance(self, now: float) -> None:
        """Count the energy up to now and put a reading on the meter."""
        if now > self._since:
            watts = MAINS_VOLTS * sum(self._drawn(closed=True))
            self.energy_wh += watts * self._closed_s(now) / 3600.0
            self._since = now
        if not self._line.is_on(Switch.FROZEN):
            self._line.show(self._reading(now))

    def _drawn(self, closed: bool) -> tuple[float, ...]:
        wanted = self.wanted_amps[: int(self._line.phases)]
        return draws(self._line.vehicle, self._line.duty, closed, wanted, self.obeys)

    def _closed_s(self, now: float) -> float:
        window = (self._since, now)
        if self._line.is_on(Switch.WELDED):
            return now - self._since
        if self._line.is_on(Switch.STUCK):
            return 0.0
        coil = self._line.coil.spans()
        enable = self._line.enable.spans() if self._line.has_enable else ALWAYS
        return overlap_s(window, coil, enable)

    def _reading(self, now: float) -> MeterSample:
        amps = self.amps(now)
        volts = (MAINS_VOLTS,) * int(self._line.phases)
        sample = MeterSample(now, self.energy_wh, MAINS_VOLTS * sum(amps), amps, volts)
        if self._line.is_on(Switch.WRONG):
            power_w = (sample.power_w or 0.0) * WRONG_POWER
            return MeterSample(now, sample.energy_wh * WRONG_ENERGY, power_w, amps, volts)
        return sample


@dataclass
class Levels:
    """What was told from outside the wires and still holds. Faults by (connector, code); connector 0 is the station."""

    faults: dict[tuple[int, str], bool] = field(default_factory=dict)
    network_up: bool = True
    reader_gone: bool = False

    def events(self) -> list[dict[str, object]]:
        """All of it as events, for a listener who comes late."""
        told: list[dict[str, object]] = [
            {"event": "fault", "connector": connector, "code": code, "on": on}
            for (connector, code), on in self.faults.items()
        ]
        return [*told, {"event": "network", "up": self.network_up}, {"event": "reader", "gone": self.reader_gone}]


class Bench:
    """The world without its process. ``woken`` is called with a connector's number when its vehicle changed."""

    def __init__(
        self,
        wires: Wires,
        now: float,
        energies_wh: Sequence[float] = (),
        woken: Callable[[int], None] = lambda connector: None,
    ) -> None:
        self.wires = wires
        self.levels = Levels()
        self._woken = woken
        energies = (*energies_wh, *(0.0,) * MAX_CONNECTORS)
        self._outlets = [
            Outlet(wires.connector(number), energies[number - 1], now) for number in range(1, MAX_CONNECTORS + 1)
        ]
        for number in range(1, MAX_CONNECTORS + 1):
            line = wires.connector(number)
            line.vehicle_bits = line.switch_bits = line.interlock_bits = line.lock_held = 0.0
            line.proximity_ohms = CABLE_OHMS

    def wire(self, wired: tuple[Wired, ...], now: float) -> None:
        """Screw something else to the wall; vehicles and registers stay."""
        self.advance(now)
        self.wires.wire(wired)
        self.advance(now)

    @property
    def outlets(self) -> list[Outlet]:
        return self._outlets[: len(self.wires.lines)]

    def outlet(self, connector: int) -> Outlet:
        return self._outlets[connector - 1]

    def plug(self, connector: int, vehicle: VehicleCircuit, now: float) -> None:
        """Change the vehicle's circuit; the guard's sensor is woken."""
        self.outlet(connector).advance(now)
        self.wires.connector(connector).vehicle = vehicle
        self.outlet(connector).advance(now)
        self._woken(connector)

    def jam_lock(self, connector: int, jammed: bool) -> None:
        """A lock that jams is held where it is; freed, it goes where it was told to."""
        line = self.wires.connector(connector)
        if jammed:
            line.lock_held = float(line.lock_engaged())
        line.turn_switch(Switch.JAMMED, jammed)

    def turn_switch(self, connector: int, switch: Switch, on: bool, now: float) -> None:
        self.outlet(connector).advance(now)
        self.wires.connector(connector).turn_switch(switch, on)
        self.outlet(connector).advance(now)

    def advance(self, now: float) -> None:
        for outlet in self.outlets:
            outlet.advance(now)

    def energies_wh(self) -> list[float]:
        return [outlet.energy_wh for outlet in self._outlets]

    def closed(self, now: float) -> tuple[bool, ...]:
        return tuple(line.contactor_closed(now) for line in self.wires.lines)

    def busy(self, now: float) -> bool:
        """Something is plugged in or closed: worth looking often."""
        return any(line.vehicle.plugged for line in self.wires.lines) or any(self.closed(now))
