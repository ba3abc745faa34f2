from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargepoint.clock import iso
from chargepoint.ocpp.dates import parse, plausible
from tests.ocpp.anything import steady

NOON = datetime(2026, 2, 3, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "after_noon"),
    [
        ("2026-02-03T12:00:00Z", 0),
        ("2026-02-03T12:00:00z", 0),
        ("2026-02-03t12:00:00Z", 0),
        ("2026-02-03T12:00:00", 0),
        ("2026-02-03 12:00:00", 0),
        (" 2026-02-03T12:00:00Z ", 0),
        ("2026-02-03T12:00Z", 0),
        ("2026-02-03", -12 * 3600),
        ("2026-02-03T12:00:00.5Z", 0.5),
        ("2026-02-03T12:00:00,25Z", 0.25),
        ("2026-02-03T12:00:00.123456789Z", 0.123456),
        ("2026-02-03T12:00:00.000+00:00", 0),
        ("2026-02-03T13:00:00+01:00", 0),
        ("2026-02-03T13:30:00+0130", 0),
        ("2026-02-03T10:00:00-02", 0),
        ("2026-02-03T11:59:60Z", -1),
    ],
)
def test_dates_in_every_way(text, after_noon):
    assert parse(text) == pytest.approx(NOON + after_noon, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1770120000",
        "2026-02-30T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-02-03T25:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-02-03T12:00:00Z and more",
        "२०२६-02-03T12:00:00Z",
        " " * 100 + "2026-02-03T12:00:00",
    ],
)
def test_what_is_no_date(text):
    assert parse(text) is None


@steady
@given(st.text())
def test_no_text_raises(text):
    parse(text)


@steady
@given(st.floats(min_value=0, max_value=4e9))
def test_what_we_write_we_read(utc):
    assert parse(iso(utc)) == pytest.approx(utc, abs=0.00051)


@pytest.mark.parametrize(("utc", "kept"), [(None, False), (0.0, False), (NOON, True), (5e9, False)])
def test_a_clock_nobody_has_set_is_none(utc, kept):
    assert plausible(utc) == (utc if kept else None)
