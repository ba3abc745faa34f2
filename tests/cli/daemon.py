"""A stand-in for whoever answers at a Unix socket, the daemon or the mock world: scripted lines, recorded requests."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Answer = Json | bytes | None


class Daemon:
    """Answers each request by the lines under its ``ask`` or ``op``, then hangs up; None waits for the other end."""

    def __init__(self, path: Path, answers: Mapping[str, Sequence[Answer]]) -> None:
        self.path = str(path)
        self.asked: list[Json] = []
        self._answers = answers
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            with wire, wire.makefile("rwb") as lines:
                request = json.loads(lines.readline())
                self.asked.append(request)
                for answer in self._answers.get(request.get("ask") or request.get("op"), ()):
                    if answer is None:
                        lines.flush()
                        lines.readline()
                    else:
                        lines.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n")

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        assert not self._thread.is_alive()


@contextmanager
def answering(path: Path, answers: Mapping[str, Sequence[Answer]]) -> Iterator[Daemon]:
    daemon = Daemon(path, answers)
    try:
        yield daemon
    finally:
        daemon.close()
