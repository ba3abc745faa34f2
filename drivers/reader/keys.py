"""Key events of a card reader that pretends to be a keyboard -> what it typed. No I/O.

An event is (type, code, value) as in Linux' input-event-codes.h. Such a reader sends the codes of a US keyboard,
whatever layout the system has; upper and lower case are the same to a number.
"""

from collections.abc import Iterable

EV_KEY, PRESSED = 1, 1
_ROWS = {2: "1234567890-", 16: "QWERTYUIOP", 30: "ASDFGHJKL:", 44: "ZXCVBNM", 57: " ", 71: "789-456+1230"}
KEYS = {start + place: letter for start, row in _ROWS.items() for place, letter in enumerate(row)}
KEYS |= dict.fromkeys((28, 96, 15), "\n")  # Enter, keypad Enter, Tab

Event = tuple[int, int, int]


def typed(events: Iterable[Event]) -> bytes:
    """Letters, digits and line ends, in order; other keys are left out."""
    letters = [KEYS.get(code, "") for kind, code, value in events if kind == EV_KEY and value == PRESSED]
    return "".join(letters).encode("ascii")
