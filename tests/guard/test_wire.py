"""What is packed comes out again; whatever else comes in is garbage and nothing worse."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.core.pilot import Vehicle
from chargepoint.guard.rules import Level, Order
from chargepoint.guard.wire import (
    MAX_BYTES,
    MAX_FAULTS,
    MAX_LEASE_S,
    GarbageError,
    Hello,
    Message,
    Seen,
    Turn,
    decode,
    encode,
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
small = st.integers(0, 255)
messages = st.one_of(
    st.builds(Hello, small, small),
    st.builds(
        Order,
        small,
        st.one_of(st.sampled_from(Level), st.floats(6.0, 80.0)),
        st.booleans(),
        st.floats(0.001, MAX_LEASE_S),
        numbers,
    ),
    st.builds(
        Seen,
        small,
        st.sampled_from(Vehicle),
        st.booleans(),
        numbers,
        numbers,
        st.lists(st.text("abcdefghijklmnopqrstuvwxyz-", max_size=40), max_size=MAX_FAULTS).map(tuple),
        st.text("abc äöü€", max_size=80),
    ),
    st.builds(Turn, numbers, st.integers(0, 2**32 - 1)),
)


@given(messages)
def test_there_and_back(message: Message) -> None:
    packet = encode(message)
    assert len(packet) <= MAX_BYTES
    assert decode(packet) == message


@given(st.binary(max_size=MAX_BYTES + 10))
def test_noise_is_garbage_or_a_message(packet: bytes) -> None:
    try:
        message = decode(packet)
    except GarbageError:
        return
    encode(message)


@given(messages, st.data())
def test_a_damaged_packet_is_garbage_or_within_the_bounds(message: Message, data: st.DataObject) -> None:
    packet = bytearray(encode(message))
    packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(small)
    del packet[data.draw(st.integers(1, len(packet))) :]
    try:
        decoded = decode(bytes(packet))
    except GarbageError:
        return
    if isinstance(decoded, Order):
        assert 0 < decoded.lease_s <= MAX_LEASE_S
        assert math.isfinite(decoded.until)
        assert isinstance(decoded.pilot, Level) or 6.0 <= decoded.pilot <= 80.0


ORDER = struct.Struct("<BBd?dd")


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"X",
        b"H\x01",
        b"H\x01\x01\x01",
        b"O" + ORDER.pack(1, 2, 5.9, True, 1.0, 0.0),
        b"O" + ORDER.pack(1, 2, 80.1, True, 1.0, 0.0),
        b"O" + ORDER.pack(1, 2, math.nan, True, 1.0, 0.0),
        b"O" + ORDER.pack(1, 3, 16.0, True, 1.0, 0.0),
        b"O" + ORDER.pack(1, 2, 16.0, True, 0.0, 0.0),
        b"O" + ORDER.pack(1, 2, 16.0, True, 3.1, 0.0),
        b"O" + ORDER.pack(1, 2, 16.0, True, math.nan, 0.0),
        b"O" + ORDER.pack(1, 2, 16.0, True, math.inf, 0.0),
        b"O" + ORDER.pack(1, 2, 16.0, True, 1.0, math.nan),
        b"O" + ORDER.pack(1, 2, 16.0, True, 1.0, math.inf),
        b"S" + struct.pack("<BB?ddB", 1, 7, True, 9.0, 9.0, 0) + b"\x00",
        b"S" + struct.pack("<BB?ddB", 1, 1, True, 9.0, 9.0, 13) + b"\x00" * 14,
        b"S" + struct.pack("<BB?ddB", 1, 1, True, 9.0, 9.0, 1) + b"\x00",
        b"S" + struct.pack("<BB?ddB", 1, 1, True, 9.0, 9.0, 0) + b"\x05door",
        b"S" + struct.pack("<BB?ddB", 1, 1, True, 9.0, 9.0, 0) + b"\x01\xff",
        b"T" + b"\x00" * (MAX_BYTES + 1),
    ],
)
def test_what_is_out_of_bounds_is_garbage(packet: bytes) -> None:
    with pytest.raises(GarbageError):
        decode(packet)


def test_texts_are_cut_between_letters_and_lists_at_their_bound() -> None:
    long = Seen(1, Vehicle.B, False, 9.0, 9.0, tuple("x" * 50 for _ in range(20)), "€" * 200)
    short = decode(encode(long))
    assert isinstance(short, Seen)
    assert short.faults == ("x" * 40,) * MAX_FAULTS
    assert short.why == "€" * 80


def test_volts_never_measured_arrive_as_such() -> None:
    seen = decode(encode(Seen(1, Vehicle.F, False, math.nan, math.nan, (), "")))
    assert isinstance(seen, Seen)
    assert math.isnan(seen.high)
    assert math.isnan(seen.low)
