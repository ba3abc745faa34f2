"""An ELATEC TWN4 that runs the Simple Protocol app: bytes in and out, no I/O.

Requests and answers are lines of hex digits that end with CR. SearchTag is 0500 and the most bytes an identifier may
have; the answer is an error code (00: none), whether there is a tag, and then its type, how many bits and how many
bytes its identifier has, and the identifier.
"""

import re

from drivers.reader.uart import Unanswered

MOST_ID_BYTES = 16
SEARCH_TAG = b"0500%02X\r" % MOST_ID_BYTES
LONGEST_LINE = 256
ANSWER_WITHIN_S = 2.0


class Twn4:
    """Implements `uart.Talker`."""

    poll_s = 0.2

    def __init__(self) -> None:
        self._rest = b""
        self._asked_at: float | None = None
        self._refused = ""

    def question(self, now: float) -> bytes:
        """SearchTag, once the last one is answered. Raises Unanswered."""
        if self._refused:
            raise Unanswered(f"SearchTag was refused ({self._refused}); does it run the Simple Protocol app?")
        if self._asked_at is None:
            self._asked_at = now
            return SEARCH_TAG
        if now - self._asked_at > ANSWER_WITHIN_S:
            raise Unanswered(
                f"no answer to SearchTag within {ANSWER_WITHIN_S:g} s; does it run the Simple Protocol app, at this "
                'baud rate? A TWN4 that sends by itself is kind = "line"'
            )
        return b""

    def feed(self, data: bytes) -> list[bytes]:
        *lines, rest = re.split(rb"[\r\n]+", self._rest + data)
        self._rest = rest[-LONGEST_LINE:]
        return [card for line in lines if (card := self._answer(line))]

    def _answer(self, line: bytes) -> bytes:
        try:
            answer = bytes.fromhex(line.decode("ascii"))
        except ValueError:
            return b""
        if not answer or self._asked_at is None:
            return b""
        self._asked_at = None
        if answer[0]:
            self._refused = f"error {answer[0]:02X}"
            return b""
        if len(answer) < 5 or not answer[1]:
            return b""
        count, uid = answer[4], answer[5:]
        return uid if len(uid) == count <= MOST_ID_BYTES else b""
