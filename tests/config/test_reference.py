"""The generated files are what the schema says, and the example can be used as it is and line by line."""

from pathlib import Path

import pytest

from chargepoint.config.keys import Key, keys, tables
from chargepoint.config.load import examine_text
from chargepoint.config.reference import example, page
from chargepoint.config.schema import Config

DEPLOY = Path(__file__).parents[2] / "deploy"
SCALARS = [
    (path, key)
    for path, table in tables(Key("", "table", Config))
    for key in keys(table.of).values()
    if key.shape not in ("table", "tables")
]


@pytest.mark.parametrize(("file", "text"), [("CONFIG.md", page()), ("chargepoint.toml", example())])
def test_the_committed_file_is_what_is_printed(file: str, text: str) -> None:
    assert (DEPLOY / file).read_text() == text, "run `make docs`"


def test_the_example_can_be_used_as_it_is() -> None:
    report = examine_text(example(), "example")
    assert report.config is not None
    assert (report.problems, report.warnings) == ((), ())


def test_every_line_of_the_example_is_right_when_its_mark_is_taken_away() -> None:
    """Alone they are all right; together they contradict each other only where the board is chosen."""
    lines = [
        line.removeprefix("#") if line[:1] == "#" and line[1:2] not in (" ", "") else line
        for line in example().split("\n")
    ]
    report = examine_text("\n".join(lines).replace('name = "mock"', 'name = "raspi-mcp3008"'), "example")
    assert [str(problem) for problem in report.problems] == []
    assert report.config is not None
    assert report.config.backend[0].url.startswith("wss://")
    assert report.config.connector[0].interlock[0].fault == "emergency-stop"
    assert report.config.settings == {"HeartbeatInterval": 300}


def test_every_key_is_explained_on_the_page_and_in_the_example() -> None:
    for _, key in SCALARS:
        assert key.meaning
        assert key.meaning in page()
        assert key.shape == "map" or f"{key.name} = " in example()


def test_every_number_has_a_bound_and_every_list_a_length() -> None:
    for path, key in SCALARS:
        if key.shape in ("number", "whole number", "list", "map"):
            assert key.bound is not None, (path, key.name)


def test_every_second_and_amp_has_its_unit() -> None:
    assert {key.name: key.unit for _, key in SCALARS}["max_amps"] == "amps per phase"
    assert {key.name: key.unit for _, key in SCALARS}["lease_s"] == "seconds"
