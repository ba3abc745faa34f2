"""What every hal.Contactor with its hal.Enable must do: close only when all agree, open when one does not."""

from tests.contract.power_path import PowerPath

LEASE_S = 1.0
PULSE_S = 0.02
ONE_SHOT_S = 0.1


def hold(path: PowerPath, seconds: float) -> None:
    """The guard's loop: renew and pulse."""
    for _ in range(round(seconds / PULSE_S)):
        path.contactor.close(LEASE_S)
        path.enable.pulse()
        path.clock.now += PULSE_S


def test_is_open_from_the_start(path: PowerPath) -> None:
    assert not path.contactor.is_closed()
    path.enable.pulse()
    assert not path.contactor.is_closed()


def test_stays_closed_while_renewed_and_pulsed(path: PowerPath) -> None:
    for _ in range(20):
        hold(path, 0.1)
        assert path.contactor.is_closed()


def test_opens_at_the_word(path: PowerPath) -> None:
    hold(path, 0.1)
    path.contactor.open()
    path.enable.pulse()
    assert not path.contactor.is_closed()
    path.contactor.open()
    hold(path, 0.1)
    assert path.contactor.is_closed()


def test_does_not_close_without_pulses(path: PowerPath) -> None:
    path.contactor.close(LEASE_S)
    assert not path.contactor.is_closed()


def test_opens_by_itself_when_the_guard_falls_silent(path: PowerPath) -> None:
    hold(path, 0.1)
    path.clock.now += ONE_SHOT_S + LEASE_S
    assert not path.contactor.is_closed()


def test_opens_when_only_the_pulses_end(path: PowerPath) -> None:
    hold(path, 0.1)
    for _ in range(10):
        path.contactor.close(LEASE_S)
        path.clock.now += PULSE_S
    assert not path.contactor.is_closed()


def test_a_lease_of_nothing_is_no_lease(path: PowerPath) -> None:
    path.contactor.close(0.0)
    path.enable.pulse()
    assert not path.contactor.is_closed()


def test_the_mirror_tells_of_welded_contacts(path: PowerPath) -> None:
    hold(path, 0.1)
    path.weld(True)
    path.contactor.open()
    assert path.contactor.is_closed()
    path.weld(False)
    assert not path.contactor.is_closed()


def test_the_mirror_tells_of_a_stuck_armature(path: PowerPath) -> None:
    path.stick(True)
    hold(path, 0.1)
    assert not path.contactor.is_closed()
    path.stick(False)
    hold(path, 0.1)
    assert path.contactor.is_closed()
