"""Join the mock world of a station, and start it where there is none. Small: the guard runs this.

Whoever comes first starts it, in a session of its own and as nobody's child, so that it outlives those who use it. The
answer is a socket that keeps the world standing for as long as it is open; the world ends some time after the last one
was closed. Of two who come at once one starts it and the other waits: the starter holds a lock on the run folder.
"""

import fcntl
import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from chargepoint.hal import DeviceUnavailable
from hal_mock.wires import Wired

LINGER_S = 60.0
WITHIN_S = 15.0
AGAIN_S = 0.02
START_AGAIN_S = 3.0
ANSWER_WITHIN_S = 5.0
MAX_ANSWER_BYTES = 4096
MAX_SOCKET_PATH_BYTES = 107


@dataclass(frozen=True, slots=True)
class Places:
    """Where a world keeps what others meet it at."""

    run_dir: str
    state_dir: str
    socket: str

    @classmethod
    def of(cls, run_dir: str, state_dir: str, socket_path: str = "") -> "Places":
        """Raises DeviceUnavailable when the system cannot bind a socket at so long a path."""
        path = os.path.abspath(socket_path or os.path.join(run_dir, "world.sock"))
        if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
            raise DeviceUnavailable(
                f"the mock world's socket path has {len(os.fsencode(path))} bytes, the system allows "
                f"{MAX_SOCKET_PATH_BYTES}; give board.mock_socket a shorter one than {path}"
            )
        return cls(os.path.abspath(run_dir), os.path.abspath(state_dir), path)

    @property
    def wires(self) -> str:
        return os.path.join(self.run_dir, "world.wires")

    @property
    def log(self) -> str:
        return os.path.join(self.run_dir, "world.log")

    @property
    def registers(self) -> str:
        return os.path.join(self.state_dir, "world-meters.json")

    def wake(self, connector: int) -> str:
        """The FIFO that tells the guard of a change on this connector's pilot."""
        return os.path.join(self.run_dir, f"world.wake.{connector}")


def ensure_world(
    places: Places, wired: Sequence[Wired], linger_s: float = LINGER_S, within_s: float = WITHIN_S
) -> socket.socket:
    """Join the world of these places, started if need be and wired as told. Close the socket to leave it.

    Raises DeviceUnavailable when none answers within ``within_s``.
    """
    os.makedirs(places.run_dir, exist_ok=True)
    os.makedirs(places.state_dir, exist_ok=True)
    deadline = time.monotonic() + within_s
    start_at = 0.0
    starter = os.open(places.run_dir, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while True:
            wire = _attach(places.socket, wired)
            if wire is not None:
                return wire
            now = time.monotonic()
            if now > deadline:
                raise DeviceUnavailable(
                    f"the mock world did not answer within {within_s:g} s at {places.socket}; {_why(places)}"
                )
            if now >= start_at and _alone(starter):
                _start(places, wired, linger_s)
                start_at = time.monotonic() + START_AGAIN_S
            else:
                time.sleep(AGAIN_S)
    finally:
        os.close(starter)


def _alone(starter: int) -> bool:
    """This process may start the world; it may again, as long as it keeps the folder open."""
    try:
        fcntl.flock(starter, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _attach(path: str, wired: Sequence[Wired]) -> socket.socket | None:
    """None when nobody answers, or a world that is just ending does not."""
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    wire.settimeout(ANSWER_WITHIN_S)
    wiring = ",".join(f'"{one}"' for one in wired)
    try:
        wire.connect(path)
        wire.sendall(f'{{"op":"attach","wiring":[{wiring}]}}\n'.encode())
        answer = b""
        while not answer.endswith(b"\n"):
            part = wire.recv(MAX_ANSWER_BYTES)
            if not part or len(answer) > MAX_ANSWER_BYTES:
                wire.close()
                return None
            answer += part
    except OSError:
        wire.close()
        return None
    if not answer.startswith(b'{"ok": true'):
        wire.close()
        raise DeviceUnavailable(f"the mock world at {path} refused: {answer.decode(errors='replace').strip()}")
    return wire


def _start(places: Places, wired: Sequence[Wired], linger_s: float) -> None:
    """Start a world that is nobody's child: what is started here forks and leaves at once."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "hal_mock.world",
        "--detach",
        f"--linger={linger_s}",
        f"--socket={places.socket}",
    ]
    command += [f"--run-dir={places.run_dir}", f"--state-dir={places.state_dir}"]
    command += [f"--connector={one}" for one in wired]
    source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.environ.get("PYTHONPATH")
    environment = os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{path}" if path else source}
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, places.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640),
    ]
    pid = os.posix_spawn(sys.executable, command, environment, file_actions=files, setsid=True)
    os.waitpid(pid, 0)


def _why(places: Places) -> str:
    try:
        with open(places.log, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - MAX_ANSWER_BYTES))
            last = log.read().decode(errors="replace").strip().splitlines()[-1:]
    except OSError:
        last = []
    return f"its log {places.log} ends with: {last[0]}" if last else f"its log {places.log} says nothing"
