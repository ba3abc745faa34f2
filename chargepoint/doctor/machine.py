"""The machine under the station: its clock, what it does with pins of a dead process, its watchdog, its folders.

Everything is read from files under ``root``, so a test can make a machine.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chargepoint.clock import TimeQuality, iso
from chargepoint.config.schema import Config
from chargepoint.doctor.finding import Finding, bad, ok, warn
from chargepoint.sense.wallclock import EARLIEST_UTC, kernel_is_synchronised, quality

CLOCK, PINS, WATCHDOG, STATE, RUN = "clock", "persist_gpio", "watchdog", "state_dir", "run_dir"
PERSIST = "pinctrl_bcm2835.persist_gpio_outputs"
BAD_FREE_MB, WARN_FREE_MB = 50, 500
IN_MEMORY = frozenset({"tmpfs", "ramfs", "overlay"})
OF_OTHERS = frozenset({"vfat", "msdos", "exfat", "nfs", "nfs4", "cifs", "9p", "fuse.sshfs"})


@dataclass(frozen=True)
class Machine:
    """``utc`` is seconds since 1970."""

    utc: Callable[[], float]
    root: Path = Path("/")
    synchronised: Callable[[], bool] = kernel_is_synchronised
    free_bytes: Callable[[Path], int] = lambda folder: os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize

    def text(self, path: str) -> str | None:
        """A small file of the system; None where it is not."""
        try:
            with (self.root / path).open("rb") as file:
                return file.read(1 << 20).decode("utf-8", "replace").strip()
        except OSError:
            return None


def findings(config: Config, machine: Machine) -> list[Finding]:
    found = [clock(machine)]
    if config.board.name != "mock":
        found += [persistence(machine), watchdog(machine)]
    return [*found, *state(config.station.state_dir, machine), run_dir(config.station.run_dir, machine)]


def clock(machine: Machine) -> Finding:
    utc = machine.utc()
    match quality(utc, machine.synchronised()):
        case TimeQuality.NTP:
            return ok(CLOCK, f"the clock says {iso(utc)} and is synchronised")
        case TimeQuality.NONE:
            return bad(
                CLOCK,
                f"the clock says {iso(utc)}, which is before {iso(EARLIEST_UTC)[:10]}: it has never been set",
                "let NTP through (port 123) or fit a clock battery; until then records are dated by the backend",
            )
    return warn(
        CLOCK,
        f"the clock says {iso(utc)}, and nobody has confirmed it since the start",
        "`timedatectl status`: let NTP through (port 123), or fit a clock battery",
    )


def persistence(machine: Machine) -> Finding:
    """With ``y`` a killed process leaves the relay's pin driven (platform sheet, section 6)."""
    live = machine.text("sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs")
    line = machine.text("proc/cmdline") or ""
    said = [word.partition("=")[2] for word in line.split() if word.startswith(f"{PERSIST}=")]
    value = (live or (said[-1] if said else "")).lower()[:1]
    todo = f"add {PERSIST}=n to the one line of /boot/firmware/cmdline.txt, then reboot"
    if value in ("n", "0"):
        return ok(PINS, "pins of a dead process become inputs (persist_gpio_outputs is n)")
    if value:
        return bad(PINS, "pins of a dead process stay driven (persist_gpio_outputs is y)", todo)
    return warn(PINS, "the kernel command line does not say what becomes of the pins of a dead process", todo)


def watchdog(machine: Machine) -> Finding:
    """Only the kernel's own word: who holds the device open feeds it (systemd's RuntimeWatchdogSec)."""
    state = machine.text("sys/class/watchdog/watchdog0/state")
    timeout = machine.text("sys/class/watchdog/watchdog0/timeout")
    if state is None:
        return warn(
            WATCHDOG,
            "there is no hardware watchdog: a kernel that hangs stays hung",
            "add dtparam=watchdog=on to /boot/firmware/config.txt, then reboot",
        )
    if state != "active":
        return warn(
            WATCHDOG,
            "the hardware watchdog sleeps: nobody feeds it",
            "set RuntimeWatchdogSec=10s in /etc/systemd/system.conf (at most 15 s on a Pi), then reboot",
        )
    return ok(WATCHDOG, f"the hardware watchdog is on ({timeout or '?'} s)")


def state(folder: str, machine: Machine) -> list[Finding]:
    there = nearest(Path(folder))
    found = []
    if str(there) != folder.rstrip("/"):
        found.append(warn(STATE, f"{folder} does not exist yet", f"it is made in {there} when the station starts"))
    if not os.access(there, os.W_OK | os.X_OK):
        todo = "run this as the user of the station, or give that user the folder (chown)"
        found.append(bad(STATE, f"this user may not write to {there}", todo))
    kind, options = file_system(there, machine)
    if kind in IN_MEMORY:
        todo = "choose a folder on the card or disk: transactions must survive a power cut"
        found.append(bad(STATE, f"{folder} is on {kind}, which is gone with the power", todo))
    elif "ro" in options:
        found.append(bad(STATE, f"{folder} is on a file system mounted read-only ({kind})", "mount it read-write"))
    elif kind in OF_OTHERS:
        todo = "choose ext4: SQLite's journal needs locks and order that this one does not promise"
        found.append(warn(STATE, f"{folder} is on {kind}", todo))
    else:
        found.append(ok(STATE, f"{folder} is on {kind or 'a file system that does not tell its kind'}"))
    return [*found, space(there, machine)]


def space(folder: Path, machine: Machine) -> Finding:
    megabytes = machine.free_bytes(folder) / 1e6
    what = f"{megabytes:.0f} MB are free there"
    if megabytes < BAD_FREE_MB:
        return bad(STATE, what, "make room: without it no transaction can be kept, and none will start")
    if megabytes < WARN_FREE_MB:
        return warn(STATE, what, "make room soon")
    return ok(STATE, what)


def run_dir(folder: str, machine: Machine) -> Finding:
    there = nearest(Path(folder))
    kind, _ = file_system(there, machine)
    if kind in ("tmpfs", "ramfs"):
        return ok(RUN, f"{folder} is on {kind}: it wears no card out")
    return warn(
        RUN,
        f"{folder} is on {kind or 'an unknown file system'}, not on a tmpfs: what is written there wears the card",
        "use a folder under /run",
    )


def nearest(folder: Path) -> Path:
    """The folder, or its closest ancestor that exists."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))


def file_system(folder: Path, machine: Machine) -> tuple[str, list[str]]:
    """Kind and options of the mount that holds ``folder``; proc_pid_mountinfo(5)."""
    best, found = -1, ("", list[str]())
    real = os.path.realpath(folder)
    for line in (machine.text("proc/self/mountinfo") or "").splitlines():
        left, dash, right = line.partition(" - ")
        fields = left.split()
        if not dash or len(fields) < 6 or not right.split():
            continue
        point = fields[4].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, found = len(point), (right.split()[0], fields[5].split(","))
    return found
