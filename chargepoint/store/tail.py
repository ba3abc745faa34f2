"""The tail: what the database does not hold yet, as lines of one append-only file on a tmpfs.

A killed process loses nothing of it, a power cut all of it; that is the bargain which spares the card. Each line goes
out in one write() before the caller goes on. A line is ``[boot, n, op]``; the database notes the last ``n`` it holds of
each boot, so reading a line twice does no harm, and the file may be emptied any time after the commit.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from chargepoint.codec import CodecError, decode, encode
from chargepoint.store.ops import Op

_write = json.JSONEncoder(separators=(",", ":")).encode


def tail_path(run_dir: Path, state_dir: Path) -> Path:
    """The tail that belongs to this state folder, so that two stations may share a run folder."""
    return run_dir / f"tail-{hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:12]}"


class Tail:
    """Every method may raise OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def append(self, boot: int, n: int, op: Op) -> None:
        line = (_write([boot, n, encode(Op, op)]) + "\n").encode()
        written = os.write(self._fd, line)
        if written != len(line):
            raise OSError(f"{self._path} took {written} of {len(line)} bytes: the file system of run_dir is full")

    def lines(self) -> Iterator[tuple[int, int, Op | None]]:
        """(boot, n, op) up to a torn line, behind which nothing is certain; op None: not understood."""
        for line in self._path.read_bytes().split(b"\n")[:-1]:
            try:
                boot, n, data = json.loads(line)
                yield int(boot), int(n), decode(Op, data)
            except CodecError:
                yield int(boot), int(n), None
            except (ValueError, TypeError):
                return

    def empty(self) -> None:
        os.ftruncate(self._fd, 0)

    def close(self) -> None:
        os.close(self._fd)
