"""The client of the daemon's control socket: one JSON object per line, each answered by one line.

``{"ask": "watch"}`` is answered by a line now and one at each change, until either side hangs up.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from chargepoint.cli.exits import RefusedError, UnreachableError

Json = dict[str, Any]
TIMEOUT_S = 5.0
LONGEST_LINE = 8 * 1024 * 1024
WHY = {
    FileNotFoundError: "there is no such socket: the daemon is not running (systemctl status chargepoint)",
    ConnectionRefusedError: "nobody listens: the daemon has ended (systemctl status chargepoint)",
    PermissionError: "this user may not: be root or a member of the group chargepoint",
    TimeoutError: f"no answer in {TIMEOUT_S:g} s: the daemon hangs (journalctl -u chargepoint)",
}


def ask(path: str, request: Json) -> Json:
    """The daemon's answer. Raises UnreachableError, or RefusedError with the daemon's reason."""
    with _connected(path, request) as lines:
        return _answer(path, lines.readline(LONGEST_LINE))


def watch(path: str) -> Iterator[Json]:
    """Answers until the daemon hangs up, which ends the iterator. Raises as `ask` does."""
    with _connected(path, {"ask": "watch"}, forever=True) as lines:
        while line := lines.readline(LONGEST_LINE):
            yield _answer(path, line)


@contextmanager
def _connected(path: str, request: Json, forever: bool = False) -> Iterator[IO[bytes]]:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(TIMEOUT_S)
            wire.connect(path)
            wire.sendall(json.dumps(request).encode() + b"\n")
            if forever:
                wire.settimeout(None)
            with wire.makefile("rb") as lines:
                yield lines
    except OSError as error:
        reason = next((words for kind, words in WHY.items() if isinstance(error, kind)), str(error))
        raise UnreachableError(f"{path}: {reason}") from error


def _answer(path: str, line: bytes) -> Json:
    if not line.endswith(b"\n"):
        raise UnreachableError(f"{path}: the daemon hung up without an answer")
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise UnreachableError(f"{path}: the answer is not a JSON object; is it the daemon's socket?")
    if answer.get("ok") is not True:
        raise RefusedError(f"the daemon refused: {answer.get('error', 'without a reason')}")
    return answer
