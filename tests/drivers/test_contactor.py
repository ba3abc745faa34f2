import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from gpiozero import Device

from drivers.gpio.contactor import AnyOf, GpioContactor, GpioEnable
from drivers.gpio.pins import InputLine, OutputLine, pin_factory
from hal_mock.gpio_wires import Cabinet
from tests.drivers.support import HandClock, unavailable


@pytest.fixture(autouse=True)
def no_global_factory() -> Iterator[None]:
    assert Device.pin_factory is None
    yield
    assert Device.pin_factory is None


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def driver(cabinet: Cabinet, mirror_active_high: bool = True) -> GpioContactor:
    return GpioContactor(17, 27, mirror_active_high, cabinet.factory)


def test_is_open_from_the_first_moment(clock: HandClock) -> None:
    cabinet = Cabinet(mono=clock, enable_line=None)
    contactor = driver(cabinet)
    assert [state.state for state in cabinet.coil.states] == [False]
    assert not contactor.is_closed()


@pytest.mark.parametrize("active_high", [True, False])
def test_mirror_follows_the_contacts_and_not_the_order(clock: HandClock, active_high: bool) -> None:
    cabinet = Cabinet(mono=clock, enable_line=None, mirror_active_high=active_high)
    contactor = driver(cabinet, active_high)
    contactor.close(1.0)
    assert contactor.is_closed() and cabinet.closed
    contactor.open()
    assert not contactor.is_closed()
    cabinet.stuck_open = True
    contactor.close(1.0)
    assert not contactor.is_closed()
    cabinet.stuck_open, cabinet.welded = False, True
    contactor.open()
    assert contactor.is_closed()


@pytest.mark.parametrize("active_high", [True, False])
def test_a_broken_mirror_wire_reads_as_closed(clock: HandClock, active_high: bool) -> None:
    cabinet = Cabinet(mono=clock, enable_line=None, mirror_active_high=active_high)
    contactor = driver(cabinet, active_high)
    cabinet.mirror_broken = True
    assert contactor.is_closed()


def test_a_lease_of_nothing_opens(clock: HandClock) -> None:
    cabinet = Cabinet(mono=clock, enable_line=None)
    contactor = driver(cabinet)
    contactor.close(1.0)
    contactor.close(0.0)
    assert not cabinet.closed


def test_pulses_hold_the_contactor_and_their_end_opens_it(clock: HandClock) -> None:
    cabinet = Cabinet(mono=clock)
    contactor, enable = driver(cabinet), GpioEnable(22, cabinet.factory)
    contactor.close(1.0)
    assert not contactor.is_closed()
    for _ in range(20):
        enable.pulse()
        clock.now += 0.05
        assert contactor.is_closed()
    clock.now += 0.06
    assert not contactor.is_closed()


def test_release_drives_low_before_the_line_is_given_back(clock: HandClock) -> None:
    cabinet = Cabinet(mono=clock, enable_line=None)
    contactor = driver(cabinet)
    contactor.close(1.0)
    contactor.release()
    contactor.release()
    assert [state.state for state in cabinet.coil.states] == [False, True, False]
    assert cabinet.coil.function == "input" and not cabinet.closed


def test_lines_are_claimed_once_and_given_back_when_setup_fails(clock: HandClock) -> None:
    cabinet = Cabinet(mono=clock, enable_line=None)
    held = InputLine(27, "something else", True, cabinet.factory)
    with unavailable("GPIO 27", "mirror contact", "GPIO27") as told:
        driver(cabinet)
    assert cabinet.coil.function == "input", told
    held.release()
    driver(cabinet).release()


def test_interlocks_are_pulled_towards_the_danger(clock: HandClock) -> None:
    cabinet = Cabinet(mono=clock, interlocks={5: False, 6: True})
    low, high = InputLine(5, "stop", False, cabinet.factory), InputLine(6, "door", True, cabinet.factory)
    either = AnyOf([low, high])
    assert not low.is_active() and not high.is_active() and not either.is_active()
    cabinet.raised.add(5)
    assert low.is_active() and not high.is_active() and either.is_active()
    cabinet.raised = {6}
    assert not low.is_active() and high.is_active() and either.is_active()


def test_the_mock_factory_is_had_by_name() -> None:
    factory = pin_factory("mock")
    line = OutputLine(17, "contactor coil", factory)
    line.on()
    assert factory.pin("GPIO17").state
    line.release()


def test_lgpio_is_never_replaced_by_another_factory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setitem(sys.modules, "lgpio", None)
    with unavailable("GPIO: lgpio is not installed", "python3-lgpio"):
        pin_factory("lgpio")


def test_lgpio_without_a_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    library = ModuleType("lgpio")

    def absent(chip: int) -> int:
        raise OSError("can not open gpiochip")

    library.__getattr__ = lambda name: absent if name == "gpiochip_open" else 0  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "lgpio", library)
    with unavailable("GPIO: lgpio does not start", "/dev/gpiochip0", "LG_WD"):
        pin_factory("lgpio")


class LgpioError(Exception):
    __module__ = "lgpio"


@pytest.mark.parametrize("raised", [LgpioError("GPIO busy"), RuntimeError("a bug")])
def test_a_line_that_lgpio_refuses(monkeypatch: pytest.MonkeyPatch, raised: Exception) -> None:
    def refuse(name: str) -> None:
        raise raised

    factory = Cabinet().factory
    monkeypatch.setattr(factory, "pin", refuse)
    expected = unavailable("GPIO 17", "contactor coil", "GPIO busy", "overlay")
    with expected if isinstance(raised, LgpioError) else pytest.raises(RuntimeError, match="a bug"):
        OutputLine(17, "contactor coil", factory)


def test_pulses_come_without_any_thread_of_gpiozero() -> None:
    code = (
        "import threading\n"
        "from drivers.gpio.contactor import GpioContactor, GpioEnable\n"
        "from drivers.gpio.pins import pin_factory\n"
        "f = pin_factory('mock')\n"
        "c, e = GpioContactor(17, 27, True, f), GpioEnable(22, f)\n"
        "c.close(1.0); e.pulse(); c.is_closed()\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
