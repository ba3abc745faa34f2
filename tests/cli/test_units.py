"""What systemd gets: units that it understands whole, with the sandbox that the design asks for."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.glob("*.service"))
DAEMON, GUARD = "chargepoint.service", "chargepoint-guard.service"

has_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with programs that exist on this machine."""
    for name in UNITS:
        text = re.sub(
            r"(/usr/bin/chargepoint|/usr/lib/chargepoint/[\w-]+)(?= |$)",
            sys.executable,
            (SYSTEMD / name).read_text(),
            flags=re.M,
        )
        (tmp_path / name).write_text(text)
    return tmp_path


def analyze(*words: str, path: Path) -> subprocess.CompletedProcess[str]:
    env = {"SYSTEMD_UNIT_PATH": f"{path}:", "PATH": "/usr/bin:/bin"}
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, env=env, timeout=60, check=False)


@has_analyze
def test_systemd_understands_every_line(units: Path) -> None:
    done = analyze("verify", *(str(units / name) for name in UNITS), path=units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@has_analyze
def test_that_test_can_fail(units: Path) -> None:
    file = units / DAEMON
    file.write_text(file.read_text().replace("WatchdogSec=", "WatchdogSex="))
    assert "WatchdogSex" in analyze("verify", str(file), path=units).stderr


@has_analyze
@pytest.mark.parametrize(("unit", "highest"), [(DAEMON, 18), (GUARD, 10), ("chargepoint-hw.service", 21)])
def test_the_sandbox_does_not_get_weaker(units: Path, unit: str, highest: int) -> None:
    done = analyze("security", "--offline=true", f"--threshold={highest}", str(units / unit), path=units)
    assert done.returncode == 0, done.stdout


def keys(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (SYSTEMD / unit).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_daemon_has_the_network_and_no_pins() -> None:
    unit = keys(DAEMON)
    assert unit["Type"] == ["notify"]
    assert unit["DevicePolicy"] == ["closed"]
    assert all(device.startswith("char-tty") for device in unit["DeviceAllow"])
    assert "AF_INET" in unit["RestrictAddressFamilies"][0]
    assert "WatchdogSec" in unit


def test_the_guard_has_the_pins_and_no_network() -> None:
    unit = keys(GUARD)
    assert unit["PrivateNetwork"] == ["yes"]
    assert unit["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert unit["DevicePolicy"] == ["closed"]
    assert unit["DeviceAllow"] == ["char-gpiochip rw", "char-spi rw"]
    assert unit["ExecStopPost"] == ["/usr/bin/chargepoint safe-state"]
    assert unit["RestrictRealtime"] == ["no"]


def test_neither_gives_up_nor_shares_a_user() -> None:
    for name in (DAEMON, GUARD):
        assert keys(name)["Restart"] == ["always"]
        assert keys(name)["StartLimitIntervalSec"] == ["0"]
    assert keys(DAEMON)["User"] != keys(GUARD)["User"]


def test_the_commands_of_the_units_exist() -> None:
    from chargepoint.__main__ import COMMANDS

    for name in UNITS:
        for text in re.findall(r"/usr/bin/chargepoint (\S+)", (SYSTEMD / name).read_text()):
            assert text in COMMANDS


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not here")
def test_users_and_folders(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    command = ["systemd-sysusers", f"--root={tmp_path}", str(SYSTEMD / "sysusers.d" / "chargepoint.conf")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    users = (tmp_path / "etc" / "passwd").read_text()
    groups = (tmp_path / "etc" / "group").read_text()
    assert re.search(r"^chargepoint:.*:/var/lib/chargepoint:/usr/sbin/nologin$", users, re.M)
    assert re.search(r"^chargepoint:x:\d+:chargepoint-guard$", groups, re.M)
    for line in (SYSTEMD / "tmpfiles.d" / "chargepoint.conf").read_text().splitlines():
        if line.startswith("d"):
            assert line.split()[3:5] in (["chargepoint", "chargepoint"], ["root", "chargepoint"])


def test_pwm_is_handed_over(tmp_path: Path) -> None:
    chip = tmp_path / "pwmchip0"
    (chip / "pwm0").mkdir(parents=True)
    (chip / "npwm").write_text("2\n")
    (chip / "export").write_text("")
    for name in ("period", "duty_cycle", "polarity", "enable", "capture"):
        (chip / "pwm0" / name).write_text("0")
        (chip / "pwm0" / name).chmod(0o644)
    group = str((chip / "npwm").stat().st_gid)
    for _ in range(2):
        done = subprocess.run(
            [str(SYSTEMD / "hand-over-pwm"), str(tmp_path), group], capture_output=True, timeout=30, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
    assert (chip / "export").read_text() == "1\n", "channel 0 is there already, channel 1 is asked for"
    assert (chip / "pwm0" / "duty_cycle").stat().st_mode & 0o777 == 0o664
    assert (chip / "pwm0" / "capture").stat().st_mode & 0o777 == 0o644
