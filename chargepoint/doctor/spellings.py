"""One card, in every spelling a list or a backend may have it (field problem 15). Pure."""

from chargepoint.hal import Tap
from chargepoint.sense.readers import normalise

UID_BYTES = (7, 10)
"""ISO 14443-3: identifiers have 4, 7 or 10 bytes; some systems pad the short ones."""
PRINTED_BYTES = 5
RANDOM_BYTES, RANDOM_FIRST = 4, 0x08
"""ISO 14443-3: four bytes beginning with 08 are drawn anew each time."""


def spellings(tap: Tap) -> dict[str, str]:
    """What it is -> how it is spelt. ``sent`` is what the backend gets."""
    uid, turned = tap.uid, tap.uid[::-1]
    token = normalise(tap)
    found = {
        "sent": f"{token.text} ({token.kind.value})",
        "hex as read": uid.hex().upper(),
        "hex, lower case": uid.hex(),
        "hex, reversed": turned.hex().upper(),
        "hex, reversed, lower case": turned.hex(),
        "hex with colons": uid.hex(":").upper(),
        "decimal": str(int.from_bytes(uid)),
        "decimal, reversed": str(int.from_bytes(turned)),
    }
    for length in UID_BYTES:
        if len(uid) < length:
            found[f"padded to {length}, behind"] = uid.ljust(length, b"\0").hex().upper()
            found[f"padded to {length}, before"] = uid.rjust(length, b"\0").hex().upper()
    if len(uid) == PRINTED_BYTES:
        number = int.from_bytes(uid[1:])
        found["as printed on 125 kHz cards"] = f"{number:010d} or {uid[2]:03d},{int.from_bytes(uid[3:]):05d}"
    return found


def advice(tap: Tap) -> str:
    """A word on identifiers that cannot be used as they are; empty for the rest."""
    drawn = tap.random or (len(tap.uid) == RANDOM_BYTES and tap.uid[0] == RANDOM_FIRST)
    return "a phone, or a card that shows another number each time: no list can know it" if drawn else ""
