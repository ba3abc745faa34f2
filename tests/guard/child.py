"""A guard process over a circuit that lives in a folder: its tests' stand-in for `chargepoint guard`.

``python child.py FOLDER (--fd N | --socket PATH)``. In the folder: ``shows``, one letter for what the vehicle does
with the pilot, or "!" for a sensor that breaks; ``wake``, a FIFO that wakes the guard; ``log``, one line for each
output driven: monotonic time, what, value. The settings come from ``settings``: sample_s, debounce_on_s,
debounce_off_s, rest_s.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from chargepoint.guard import connector, loop
from chargepoint.hal import PilotVolts
from tests.guard.circuit import Circuit


class FolderCircuit(Circuit):
    def __init__(self, folder: Path) -> None:
        super().__init__(driven=self._logged, wake=os.open(folder / "wake", os.O_RDWR | os.O_NONBLOCK))
        self._shows = os.open(folder / "shows", os.O_RDONLY)
        self._log = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._logged("pid", os.getpid())

    def read(self) -> PilotVolts:
        assert self.wake is not None
        with suppress(BlockingIOError):
            os.read(self.wake, 4096)
        self.shows = os.pread(self._shows, 1, 0).decode()
        return super().read()

    def _logged(self, what: str, value: float) -> None:
        self.log.clear()
        os.write(self._log, f"{time.monotonic():.6f} {what} {value:.4f}\n".encode())


def main(folder: Path, way: str, where: str) -> int:
    sample_s, on_s, off_s, connector.REST_S = map(float, (folder / "settings").read_text().split())
    settings = connector.Settings(False, on_s, off_s)
    circuit = FolderCircuit(folder)
    fd = int(where) if way == "--fd" else None
    return loop.run([circuit.pins({})], [settings], sample_s, fd, None if fd is not None else Path(where))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
