"""Date texts of a backend -> seconds since 1970, and nothing of the clock.

Backends write dates in every way RFC 3339 and ISO 8601 allow, and in some they do not: any number of fraction digits
(or a comma before them), an offset with or without colon, a space for the T, no seconds, no zone. No zone means UTC,
which is what OCPP asks everybody to use (OCPP 1.6 errata 3.10; OCPP 2.0.1 Part 2, dateTime).
"""

import re
from datetime import UTC, datetime

_DATE = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?"
    r"\s*([Zz]|[+-]\d\d(?::?\d\d)?)?)?\s*",
    re.ASCII,
)


def parse(text: str) -> float | None:
    """UTC seconds, or None where the text is no date. Microseconds are kept, finer digits are dropped."""
    found = _DATE.fullmatch(text[:80])
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        # A leap second (60) is its predecessor here: POSIX time has no room for it.
        whole = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59), tzinfo=UTC
        )
    except ValueError:
        return None
    return whole.timestamp() + int((fraction or "0").ljust(6, "0")[:6]) / 1e6 - _offset_s(zone)


def _offset_s(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


EARLIEST_UTC = 1577836800.0
LATEST_UTC = 4102444800.0


def plausible(utc: float | None) -> float | None:
    """A backend's clock, unless it stands before 2020 or after 2100: then nobody has set it."""
    return utc if utc is not None and EARLIEST_UTC <= utc < LATEST_UTC else None
