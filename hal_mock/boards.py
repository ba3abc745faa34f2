"""The board without hardware: a mock world in a process of its own, reached over a page of wires and a socket.

Guard and daemon each make a board of their own and take their part of it. The guard's part stays small: the stream of
events, and asyncio with it, is imported only where a reader or the hints are asked for.
"""

import mmap
import os
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chargepoint.config.schema import Config, Connector
from chargepoint.hal import Board, Coprocessor, Devices, DeviceUnavailable, Hints, Pins, ServedReader
from hal_mock.fakes import (
    FakeContactor,
    FakeEnable,
    FakeHints,
    FakeInput,
    FakeLights,
    FakeLock,
    FakeMeter,
    FakePilot,
    FakePilotSensor,
    FakeProximity,
    FakeReader,
)
from hal_mock.launch import LINGER_S, Places, ensure_world
from hal_mock.wires import INTERLOCKS, LAYOUT, PAGE_BYTES, Wired, Wires

if TYPE_CHECKING:
    from hal_mock.events import Events


def wired(connector: Connector) -> Wired:
    """A socket outlet has a lock; the reference wiring has an enable, unless the configuration says it is not wired."""
    enable = connector.contactor is None or connector.contactor.enable_line >= 0
    return Wired(connector.phases, connector.cable == "socket", enable)


class MockBoard:
    """``linger_s``: how long the world stands after the last board on it was closed."""

    def __init__(self, config: Config, linger_s: float = LINGER_S) -> None:
        self._wired = tuple(wired(connector) for connector in config.connector)
        self._places = Places.of(config.station.run_dir, config.station.state_dir, config.board.mock_socket)
        self._linger_s = linger_s
        self._attached: socket.socket | None = None
        self._page: mmap.mmap | None = None
        self._wires: Wires | None = None
        self._events: Events | None = None
        self._pins: list[tuple[FakePilot, FakeContactor, FakePilotSensor]] = []

    def pins(self) -> Sequence[Pins]:
        wires = self._join()
        return [self._pins_of(wires, number) for number, _ in self._numbered()]

    def coprocessors(self) -> Sequence[Coprocessor]:
        return ()

    def devices(self) -> Sequence[Devices]:
        wires = self._join()
        return [
            Devices(
                meter=FakeMeter(wires, number),
                lock=FakeLock(wires, number) if one.lock else None,
                proximity=FakeProximity(wires, number) if one.lock else None,
                lights=FakeLights(wires, number),
            )
            for number, one in self._numbered()
        ]

    def readers(self) -> Sequence[ServedReader]:
        """One per connector, and on a station with several one more that serves all."""
        events = self._stream()
        numbers = tuple(number for number, _ in self._numbered())
        served = [(number,) for number in numbers] if len(numbers) > 1 else []
        return [
            ServedReader("mock reader " + "+".join(map(str, one)), FakeReader(events, one), one)
            for one in [*served, numbers]
        ]

    def hints(self) -> Hints | None:
        return FakeHints(self._stream())

    def close(self) -> None:
        """Readers and hints hold a stream of their own: close each of them before its loop ends."""
        for pilot, contactor, sensor in self._pins:
            contactor.open()
            pilot.error()
            sensor.close()
        self._pins.clear()
        if self._wires is not None:
            self._wires.close()
        if self._page is not None:
            self._page.close()
        if self._attached is not None:
            self._attached.close()
        self._wires = self._page = self._attached = None

    def _numbered(self) -> list[tuple[int, Wired]]:
        return list(enumerate(self._wired, start=1))

    def _pins_of(self, wires: Wires, number: int) -> Pins:
        pilot, contactor = FakePilot(wires, number), FakeContactor(wires, number)
        contactor.open()
        pilot.error()
        sensor = FakePilotSensor(wires, number, self._places.wake(number))
        self._pins.append((pilot, contactor, sensor))
        enable = FakeEnable(wires, number) if self._wired[number - 1].enable else None
        return Pins(pilot, sensor, contactor, enable, {fault: FakeInput(wires, number, fault) for fault in INTERLOCKS})

    def _join(self) -> Wires:
        """Raises DeviceUnavailable."""
        if self._wires is not None:
            return self._wires
        self._attached = ensure_world(self._places, self._wired, self._linger_s)
        fd = os.open(self._places.wires, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._page = mmap.mmap(fd, PAGE_BYTES)
        finally:
            os.close(fd)
        self._wires = Wires(self._page)
        if self._wires.head.layout != LAYOUT:
            self.close()
            raise DeviceUnavailable(
                f"the mock world at {self._places.socket} belongs to another version of this program; "
                'end it with {"op":"end"} and start again'
            )
        return self._wires

    def _stream(self) -> "Events":
        self._join()
        if self._events is None:
            from hal_mock.events import WorldEvents

            self._events = WorldEvents(self._places.socket)
        return self._events


BOARDS: dict[str, Callable[[Config], Board]] = {"mock": MockBoard}
