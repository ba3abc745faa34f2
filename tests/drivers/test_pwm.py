import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.gpio.pwm import KernelPilot, SysfsChannel, find_channel
from hal_mock.pilot_wires import KernelPwm, PwmTree
from tests.drivers.support import unavailable

DEVICE = "3f20c000.pwm"


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[PwmTree]:
    with PwmTree(tmp_path / "class", {0: "other.pwm", 3: DEVICE}) as tree:
        yield tree


def test_finds_the_chip_by_its_device_and_exports_the_channel(tree: PwmTree) -> None:
    channel = find_channel(tree.root, DEVICE, 1)
    assert channel.folder == tree.root / "pwmchip3" / "pwm1"
    assert find_channel(tree.root, DEVICE, 1).folder == channel.folder
    assert find_channel(tree.root, "soc/" + DEVICE, 1).folder == channel.folder


@pytest.mark.parametrize(
    ("device", "number", "words"),
    [
        ("fe20c000.pwm", 0, ("no chip", "fe20c000.pwm", "found: other.pwm, 3f20c000.pwm", "dtoverlay=pwm")),
        (".pwm", 0, ("fits several chips", "other.pwm", "3f20c000.pwm", "pwm_device")),
        (DEVICE, 2, ("has 2 channels", "number 2")),
    ],
)
def test_says_what_to_do_when_there_is_no_such_channel(
    tree: PwmTree, device: str, number: int, words: tuple[str, ...]
) -> None:
    with unavailable(*words):
        find_channel(tree.root, device, number)


def test_an_exact_name_wins_over_one_that_ends_alike(tmp_path: Path) -> None:
    with PwmTree(tmp_path / "class", {0: "soc-" + DEVICE, 1: DEVICE}) as tree:
        assert find_channel(tree.root, DEVICE, 0).folder == tree.channel(1)


def test_a_pi_without_the_overlay(tmp_path: Path) -> None:
    with unavailable("found: none", "dtoverlay=pwm,pin=18,func=2"):
        find_channel(tmp_path, DEVICE, 0)


def test_an_export_that_does_nothing_ends_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.gpio.pwm.EXPORT_WAIT_S", 0.05)
    chip = tmp_path / "pwmchip0"
    chip.mkdir()
    (chip / "npwm").write_text("1")
    (chip / "export").write_text("")
    (chip / "device").symlink_to(tmp_path / DEVICE)
    with unavailable("channel 0 of", "cannot be exported", "chargepoint-hw.service"):
        find_channel(tmp_path, DEVICE, 0)


def test_an_export_that_came_from_elsewhere_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PwmTree(tmp_path / "class", {0: DEVICE}) as tree:

        def late(file: Path, text: str) -> None:
            tree.export(file.parent, int(text))
            raise OSError(errno.EBUSY, "Device or resource busy")

        monkeypatch.setattr("drivers.gpio.pwm._write", late)
        assert find_channel(tree.root, DEVICE, 1).folder == tree.channel(0, 1)


def test_an_export_that_is_not_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: Path, text: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("drivers.gpio.pwm._write", refuse)
    with PwmTree(tmp_path / "class", {0: DEVICE}) as tree, unavailable("cannot be exported", "Permission denied"):
        find_channel(tree.root, DEVICE, 1)


def test_a_folder_without_the_files_is_refused_and_stays_without_them(tmp_path: Path) -> None:
    (tmp_path / "period").write_text("0")
    with pytest.raises(FileNotFoundError):
        SysfsChannel(tmp_path).write("duty_cycle", "0")
    with unavailable("cannot be set up"):
        KernelPilot(SysfsChannel(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["period"]


def test_levels_in_the_files(tree: PwmTree) -> None:
    pilot = KernelPilot(find_channel(tree.root, DEVICE, 0))
    assert tree.share_high(3) == 0.0
    pilot.steady()
    assert tree.share_high(3) == 1.0
    pilot.error()
    assert tree.share_high(3) == 0.0


# IEC 61851-1 Table A.8: 6, 16, 32 and 80 A
@pytest.mark.parametrize(("duty", "high_ns"), [(0.1, 100000), (16 / 60, 266667), (32 / 60, 533333), (0.96, 960000)])
def test_duty_in_nanoseconds(duty: float, high_ns: int) -> None:
    upright, inverted = KernelPwm(), KernelPwm()
    KernelPilot(upright).pwm(duty)
    KernelPilot(inverted, inverted=True).pwm(duty)
    assert upright.files == {
        "period": "1000000",
        "duty_cycle": str(high_ns),
        "polarity": "normal",
        "enable": "1",
    }
    assert int(inverted.files["duty_cycle"]) == 1_000_000 - high_ns


@pytest.mark.parametrize("inverted", [False, True])
def test_inverted_output_at_rest(inverted: bool) -> None:
    channel = KernelPwm()
    pilot = KernelPilot(channel, inverted)
    safe = channel.files["duty_cycle"]
    pilot.steady()
    assert (safe, channel.files["duty_cycle"]) == (("1000000", "0") if inverted else ("0", "1000000"))
    pilot.release()
    assert channel.files["duty_cycle"] == safe and channel.files["enable"] == "1"


@pytest.mark.parametrize(
    "left",
    [
        KernelPwm(),
        KernelPwm(period=20_000_000, duty_cycle=15_000_000, enable=1),
        KernelPwm(period=1000, duty_cycle=1000, polarity="inversed", enable=1),
        KernelPwm(period=1000, duty_cycle=0, polarity="inversed"),
    ],
)
def test_takes_over_whatever_the_last_owner_left(left: KernelPwm) -> None:
    KernelPilot(left)
    assert left.files == {"period": "1000000", "duty_cycle": "0", "polarity": "normal", "enable": "1"}


@pytest.mark.parametrize("duty", [-0.01, 1.01, float("nan")])
def test_a_duty_outside_the_period_is_our_mistake(duty: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        KernelPilot(KernelPwm()).pwm(duty)


def test_a_refused_write_tells_the_level_that_could_not_be_set() -> None:
    channel = KernelPwm()
    pilot = KernelPilot(channel)

    def refuse(name: str, text: str) -> None:
        raise OSError(errno.ENODEV, "No such device")

    channel.write = refuse  # type: ignore[method-assign]
    with unavailable("duty cycle of 500000 ns", "No such device"):
        pilot.pwm(0.5)
