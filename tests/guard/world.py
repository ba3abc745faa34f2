"""A folder that `child` runs in, seen from the test: what the vehicle shows, what the guard has driven, and waiting
for it with a bound."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

PATIENCE_S = 10.0
ROOT = Path(__file__).parents[2]
Found = TypeVar("Found")


class Driven(NamedTuple):
    at: float
    what: str
    value: float


class World:
    def __init__(
        self, folder: Path, sample_s: float = 0.01, on_s: float = 0.02, off_s: float = 0.0, rest_s: float = 0.05
    ) -> None:
        self.folder = folder
        os.mkfifo(folder / "wake")
        (folder / "shows").write_text("C")
        (folder / "log").touch()
        (folder / "settings").write_text(f"{sample_s} {on_s} {off_s} {rest_s}")
        self.argv = [sys.executable, "-m", "tests.guard.child", str(folder)]

    def shows(self, letter: str) -> float:
        """The vehicle changes and wakes the guard; the time when it did."""
        wake = os.open(self.folder / "wake", os.O_RDWR | os.O_NONBLOCK)
        try:
            at = time.monotonic()
            with (self.folder / "shows").open("r+") as file:
                file.write(letter)
            os.write(wake, b"x")
        finally:
            os.close(wake)
        return at

    def driven(self, *whats: str) -> list[Driven]:
        lines = (line.split() for line in (self.folder / "log").read_text().splitlines())
        return [Driven(float(at), what, float(value)) for at, what, value in lines if not whats or what in whats]

    @property
    def pid(self) -> int:
        return int(self.driven("pid")[-1].value)

    @property
    def closed(self) -> bool:
        moves = self.driven("open", "close")
        return bool(moves) and moves[-1].what == "close"

    @property
    def safe(self) -> bool:
        modes = self.driven("pwm", "steady", "error")
        return not self.closed and bool(modes) and modes[-1].what == "error"

    @property
    def opened_at(self) -> float:
        """When the contactor was opened after it was last held closed."""
        last = self.driven("close")[-1].at
        return next(driven.at for driven in self.driven("open") if driven.at >= last)


def until(condition: Callable[[], Found], what: str) -> Found:
    """Wait until it is true."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {PATIENCE_S} s in vain: {what}"
        time.sleep(0.005)
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
