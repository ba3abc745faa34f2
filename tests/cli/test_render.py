"""The status for a technician: what stands there, that it fits, and that nothing from outside steers the terminal."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chargepoint.cli.paint import Style, clean
from chargepoint.cli.render import duration, healthy, render
from tests.cli.states import AWAY, BROKEN, CHARGES, CHARGING, EIGHT, FREE, HEALTHY, STATION, SUSPENDED

PLAIN = Style(80)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def test_charging() -> None:
    assert render(CHARGES, PLAIN) == [
        "station  CP-0001  v0.1.0  up 3 h 12 min  2025-11-20 10:22:31 UTC (ntp)  guard ok",
        "backend  ● online  for 2 h 1 min  ocpp1.6  Accepted",
        "         wss://csms.example.com/ocpp/CP-0001",
        "queue    0 to send  0 dead",
        "",
        "#  status      car  contactor  offered   drawn    power   session",
        "1  ▶ Charging  C    closed      16.0 A  16.0 A  11.0 kW  3.21 kWh",
        "   transaction 0f3c9a52  card 04A1…C3  for 42 min",
        "   limited to 16.0 A by installation  power ENERGIZED  session RUNNING",
        "   15.9 / 16.0 / 15.8 A  230 / 231 / 229 V  meter 123.457 kWh",
    ]


def test_a_free_connector_is_one_line() -> None:
    assert render(HEALTHY, PLAIN)[5:] == [
        "#  status       car  contactor  offered  drawn   power  session",
        "1  ○ Available  A    open         0.0 A  0.0 A  0.0 kW        -",
    ]


def test_offline_with_a_queue() -> None:
    text = "\n".join(render(AWAY, Style(120)))
    assert "backend  ○ offline" in text
    assert "next try in 12 s" in text
    assert "connection refused" in text
    assert "queue    37 to send  1 dead  (chargepoint queue dead)" in text


def test_an_old_error_is_not_shown_while_online() -> None:
    assert "refused" not in "\n".join(render(CHARGES, PLAIN))


def test_a_fault_says_what_was_seen_and_what_to_do() -> None:
    lines = render(BROKEN, PLAIN)
    assert "2  ✖ Faulted   A    open         0.0 A   0.0 A   0.0 kW         -" in lines
    assert "   fault contactor-welded: closed 2.1 s after it was opened: Switch off the" in lines
    assert "   supply, replace the contactor, then restart the station." in lines


def test_who_limits() -> None:
    text = "\n".join(render({"station": STATION, "connectors": [SUSPENDED]}, PLAIN))
    assert "‖ SuspendedEVSE" in text
    assert "limited to 0.0 A by charging profile" in text


def test_a_card_before_its_transaction_and_a_reservation() -> None:
    waiting = {**FREE, "token_masked": "04A1…C3", "reservation": {"id": 7, "until": None}}
    assert render({"connectors": [waiting]}, PLAIN)[-1] == "   card 04A1…C3  reserved: id 7"
    assert render({"connectors": [{**FREE, "reservation": "7"}]}, PLAIN)[-1] == "   reserved: 7"


def test_station_faults_and_a_missing_guard() -> None:
    station = {**STATION, "guard": False, "utc": None, "faults": [{"id": "clock", "help": "wait"}]}
    text = "\n".join(render({"station": station, "connectors": []}, PLAIN))
    assert "guard missing: no contactor can close" in text
    assert "time unknown (ntp)" in text
    assert "   fault clock: wait" in text


def test_no_backend() -> None:
    assert "backend  – none" in render({"backend": {"state": "none", "url": "", "queue": 2}}, PLAIN)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("unicode", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, colour: bool, unicode: bool) -> None:
    for status in (CHARGES, AWAY, BROKEN, EIGHT, {}):
        for line in render(status, Style(width, colour, unicode)):
            assert len(ESCAPES.sub("", line)) <= width
            assert unicode or line.isascii()
            assert colour or line.isprintable()


def test_eight_connectors_stand_below_each_other_in_80_columns() -> None:
    lines = render(EIGHT, PLAIN)
    heading = next(line for line in lines if line.startswith("#"))
    rows = [line for line in lines if re.match(r"[1-8] ", line)]
    assert [row[0] for row in rows] == list("12345678")
    for row in rows:
        assert row[heading.index("car")] in "AC"
        assert row[heading.index("contactor") :].split()[0] in ("open", "closed")
    assert not any(row.endswith("…") for row in rows)


def test_colour_changes_nothing_but_colour() -> None:
    coloured = render(BROKEN, Style(80, colour=True))
    assert [ESCAPES.sub("", line).rstrip() for line in coloured] == render(BROKEN, PLAIN)
    assert any("\x1b[31;1m✖ Faulted" in line for line in coloured)
    assert any("\x1b[32m▶ Charging" in line for line in coloured)


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    evil = {"state": "offline", "last_error": "\x1b[2J\r\nhello\x07", "url": "ws://\x9b31m"}
    for line in render({"backend": evil}, PLAIN):
        assert line.isprintable()
    assert clean("a\tb\x1b", PLAIN) == "a b "


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*CHARGING, *STATION]), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("station", "backend", "connectors"), JSON)))
def test_a_daemon_of_another_version_never_breaks_it(status: dict[str, Any]) -> None:
    healthy(status)
    for line in render(status, PLAIN):
        assert len(line) <= 80


def test_health() -> None:
    assert healthy(HEALTHY)
    assert healthy(AWAY)
    assert not healthy(BROKEN)
    assert not healthy({**HEALTHY, "station": {**STATION, "guard": False}})
    assert not healthy({**HEALTHY, "station": {**STATION, "faults": [{"id": "clock"}]}})
    assert not healthy({})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (11520, "3 h 12 min"),
        (187200, "2 d 4 h"),
        (None, "-"),
    ],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words
