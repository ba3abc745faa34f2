"""What guard and daemon say to each other: one packet, one message, over a Unix socket of type SOCK_SEQPACKET.

Packets keep their borders, so there is no framing to get wrong. Everything is level: a message says what is, its loss
or repetition changes nothing for long. Each direction begins with a `Hello`; both ends come from the same release, so
another version is refused instead of understood. Every field is bounded, and what does not fit is a `GarbageError`:
the receiver counts and drops it, for a permit that cannot be read permits nothing.
"""

import struct
from dataclasses import dataclass
from math import isfinite

from chargepoint.core.pilot import Vehicle
from chargepoint.guard.rules import Level, Order

VERSION = 1
MAX_BYTES = 1024
MAX_LEASE_S = 3.0
MAX_FAULTS = 12
MAX_FAULT_BYTES = 40
MAX_WHY_BYTES = 240


class GarbageError(ValueError):
    """A packet that is no message of this version."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message of each direction. ``connectors``: how many the guard has; the daemon says 0."""

    version: int
    connectors: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the guard sees of one connector. ``closed`` is the mirror contact; ``high`` and ``low`` are pilot volts.

    ``faults`` are ids that are present now; ``why`` tells why the contactor is not held closed, and is empty else.
    """

    connector: int
    vehicle: Vehicle
    closed: bool
    high: float
    low: float
    faults: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The longest time from when a turn was due to when its outputs stood, since the last such message, and how many
    packets were dropped as garbage since the connection began."""

    worst_s: float
    refused: int


Message = Hello | Order | Seen | Turn

_HELLO = struct.Struct("<BB")
_ORDER = struct.Struct("<BBd?dd")
_SEEN = struct.Struct("<BB?ddB")
_TURN = struct.Struct("<dI")
_PWM = 2
_LEVELS = (Level.STEADY, Level.ERROR)
_VEHICLES = tuple(Vehicle)


def encode(message: Message) -> bytes:
    """One packet. Texts that are too long are cut, lists too."""
    match message:
        case Hello():
            return b"H" + _HELLO.pack(message.version, message.connectors)
        case Order():
            return b"O" + _encode_order(message)
        case Seen():
            return b"S" + _encode_seen(message)
        case Turn():
            return b"T" + _TURN.pack(message.worst_s, min(message.refused, 0xFFFFFFFF))


def decode(packet: bytes) -> Message:
    """The message in a packet. Raises GarbageError."""
    if len(packet) > MAX_BYTES:
        raise GarbageError(f"a packet of {len(packet)} bytes; at most {MAX_BYTES} are allowed")
    kind, body = packet[:1], packet[1:]
    try:
        if kind == b"H":
            return Hello(*_HELLO.unpack(body))
        if kind == b"O":
            return _decode_order(body)
        if kind == b"S":
            return _decode_seen(body)
        if kind == b"T":
            return Turn(*_TURN.unpack(body))
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise GarbageError(f"a damaged packet of kind {kind!r}: {error}") from error
    raise GarbageError(f"a packet of unknown kind {kind!r}")


def _encode_order(order: Order) -> bytes:
    kind, amps = (_LEVELS.index(order.pilot), 0.0) if isinstance(order.pilot, Level) else (_PWM, order.pilot)
    return _ORDER.pack(order.connector, kind, amps, order.closed, order.lease_s, order.sent)


def _decode_order(body: bytes) -> Order:
    connector, kind, amps, closed, lease_s, sent = _ORDER.unpack(body)
    if not 0 < lease_s <= MAX_LEASE_S or not isfinite(sent):
        raise GarbageError(f"a lease of {lease_s} s from {sent}; it must be over 0 and at most {MAX_LEASE_S} s")
    if kind == _PWM and not 6.0 <= amps <= 80.0:
        raise GarbageError(f"an offer of {amps} A; it must be 6 to 80 A")
    pilot = amps if kind == _PWM else _LEVELS[kind]
    return Order(connector, pilot, closed, lease_s, sent)


def _encode_seen(seen: Seen) -> bytes:
    faults = seen.faults[:MAX_FAULTS]
    head = _SEEN.pack(seen.connector, _VEHICLES.index(seen.vehicle), seen.closed, seen.high, seen.low, len(faults))
    texts = b"".join(_text(fault, MAX_FAULT_BYTES) for fault in faults) + _text(seen.why, MAX_WHY_BYTES)
    return head + texts


def _decode_seen(body: bytes) -> Seen:
    connector, vehicle, closed, high, low, count = _SEEN.unpack_from(body)
    if count > MAX_FAULTS:
        raise GarbageError(f"{count} faults; at most {MAX_FAULTS} are allowed")
    texts = []
    at = _SEEN.size
    for _ in range(count + 1):
        end = at + 1 + body[at]
        texts.append(body[at + 1 : end].decode())
        at = end
    if at != len(body):
        raise GarbageError(f"texts that end at byte {at} of {len(body)}")
    return Seen(connector, _VEHICLES[vehicle], closed, high, low, tuple(texts[:-1]), texts[-1])


def _text(text: str, most: int) -> bytes:
    raw = text.encode(errors="replace")[:most].decode(errors="ignore").encode()
    return bytes((len(raw),)) + raw
