"""Which of file and default won, for every spelling of a key."""

import pytest

from chargepoint.config.explain import explain, is_of_the_file
from chargepoint.config.load import examine_text

REPORT = examine_text(
    """[station]
id = "CP1"
[[backend]]
url = "wss://h"
password = "hunter2"
[[connector]]
[[connector]]
max_amps = 20
[connector.meter]
model = "sdm630"
""",
    "f",
)


@pytest.mark.parametrize(
    ("name", "value", "won"),
    [
        ("station.id", '"CP1"', "file"),
        ("station.run_dir", '"/run/chargepoint"', "default"),
        ("guard.lease_s", "1.0", "default"),
        ("connector.max_amps", "16.0", "default"),
        ("connector[2].max_amps", "20.0", "file"),
        ("connector.2.meter.model", '"sdm630"', "file"),
        ("connector[2].meter.unit", "1", "default"),
        ("backend[1].password", '"(not shown)"', "file"),
        ("backend[1].user", '""', "default"),
        ("locked", "[]", "default"),
    ],
)
def test_value_and_winner(name: str, value: str, won: str) -> None:
    found = explain(name, REPORT)
    assert found is not None
    assert (found.value.strip('"'), found.by) == (value.strip('"'), won)
    assert found.help


@pytest.mark.parametrize(
    "name",
    [
        "station",
        "station.nothing",
        "station.id.x",
        "connector[3].max_amps",
        "connector[0].phases",
        "connector[1].meter.unit",
        "reader.port",
    ],
)
def test_what_is_not_there(name: str) -> None:
    assert explain(name, REPORT) is None


def test_settings_are_for_the_daemon() -> None:
    assert is_of_the_file("station.id")
    assert is_of_the_file("locked")
    assert not is_of_the_file("HeartbeatInterval")
    assert not is_of_the_file("settings.HeartbeatInterval")
    assert not is_of_the_file("")
