"""What is written is read back."""

import tomllib
from dataclasses import asdict

import pytest

from chargepoint.config import toml
from chargepoint.config.load import examine_text
from chargepoint.config.reference import example


@pytest.mark.parametrize(
    "thing", [True, 5, -1.5, "", 'a "b" \\ \n\t\x7f', r"([0-9A-F]{8})\d", "it's \\d", [1, 2], ["a", "é"]]
)
def test_values(thing: object) -> None:
    assert tomllib.loads(f"x = {toml.value(thing)}") == {"x": thing}


def test_a_value_without_a_form_is_refused() -> None:
    with pytest.raises(TypeError, match="NoneType has no form in TOML"):
        toml.value(None)


def test_a_whole_configuration() -> None:
    config = examine_text(example(), "f").config
    assert config is not None
    assert examine_text("\n".join(toml.tables(asdict(config))), "f").config == config
