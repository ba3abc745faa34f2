"""Where a reader on GPIO lines is: gpio:DATA0,DATA1."""

import re
from dataclasses import dataclass

FORM = re.compile(r"gpio:(\d{1,2}),(\d{1,2})")
LAST_LINE = 53


class PortError(ValueError):
    """The text is no gpio:DATA0,DATA1; it says what is wrong."""


@dataclass(frozen=True, slots=True)
class GpioPort:
    lines: tuple[int, int]

    @classmethod
    def of(cls, text: str) -> "GpioPort":
        """Raises PortError."""
        found = FORM.fullmatch(text)
        lines = (int(found[1]), int(found[2])) if found else (0, 0)
        if not found or max(lines) > LAST_LINE or lines[0] == lines[1]:
            raise PortError(f"{text!r} must be gpio:DATA0,DATA1 with two GPIO lines of 0 to {LAST_LINE}, as gpio:23,24")
        return cls(lines)
