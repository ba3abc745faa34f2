"""Every problem at once, each with its line, path, value, bound and the next step; never a secret."""

# ruff: noqa: E501 (one case, one line)

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargepoint.config.load import LARGEST_FILE, examine, examine_text, load, redacted
from chargepoint.config.schema import Config
from chargepoint.errors import ConfigError

GOOD = '[station]\nid = "CP1"\n'
BACKEND = '[[backend]]\nurl = "wss://csms.example/ocpp"\n'


def problems(text: str) -> list[str]:
    return [str(problem) for problem in examine_text(text, "f.toml").problems]


def test_the_smallest_file_has_every_default() -> None:
    config = examine_text(GOOD, "f.toml").config
    assert config is not None
    assert config.station.id == "CP1"
    assert config.connector[0].max_amps == 16.0
    assert config.backend == ()


def test_whole_numbers_are_welcome_where_a_number_is_wanted() -> None:
    config = examine_text(GOOD + "[[connector]]\nmax_amps = 20\n", "f.toml").config
    assert config is not None
    assert isinstance(config.connector[0].max_amps, float)


# text after the good beginning -> the sentences, whole
CASES = {
    "bound": ("[[connector]]\n[[connector]]\nmax_amps = 100\n", ["f.toml:5: connector[2].max_amps is 100, must be 6..80 (amps per phase)"]),
    "whole number": ("[[connector]]\n[connector.pilot]\nadc_channel = 1.5\n", ["f.toml:5: connector[1].pilot.adc_channel is 1.5, must be a whole number 0..7", 'f.toml:4: connector[1].pilot contradicts board.name = "mock", which has no pins; choose the board or leave it out']),
    "number in quotes": ('[guard]\nlease_s = "1"\n', ['f.toml:4: guard.lease_s is "1", must be 0.3..3 (seconds); numbers stand without quotes']),
    "not a number": ("[guard]\nlease_s = nan\n", ["f.toml:4: guard.lease_s is nan, must be 0.3..3 (seconds)"]),
    "true is not 1": ("[[connector]]\nphases = true\n", ["f.toml:4: connector[1].phases is true, must be 1 or 3"]),
    "choice": ('[[connector]]\ncable = "sockets"\n', ['f.toml:4: connector[1].cable is "sockets", must be "tethered" or "socket"; did you mean socket?']),
    "switch": ("[[connector]]\nventilation = 1\n", ["f.toml:4: connector[1].ventilation is 1, must be true or false"]),
    "text": ("vendor = 5\n", ["f.toml:3: station.vendor is 5, must be 1 to 20 characters; text stands in quotes"]),
    "text bound": (f'serial = "{"x" * 100}"\n', [f'f.toml:3: station.serial is "{"x" * 60}…", must be up to 25 characters']),
    "control characters": ('model = "a\\u001b[31m"\n', ['f.toml:3: station.model is "a\\u001b[31m", must be 1 to 20 characters, without control characters']),
    "relative path": ('run_dir = "run"\n', ['f.toml:3: station.run_dir is "run", must be a full path of up to 90 characters, starting with /']),
    "unknown key": ('vendr = "x"\n', ["f.toml:3: station.vendr is unknown; did you mean vendor?"]),
    "unknown table": ("[bord]\n", ["f.toml:3: bord is unknown; did you mean board?"]),
    "key of another table": ("[guard]\nmax_amps = 16\n", ["f.toml:4: guard.max_amps is unknown here; it belongs to [[connector]]"]),
    "unknown everywhere": ("[guard]\nxyzzy = 16\n", ["f.toml:4: guard.xyzzy is unknown; `chargepoint config reference` lists all keys"]),
    "one bracket": ("[connector]\nphases = 1\n", ["f.toml:3: connector is a table, must be a list of tables: write [[connector]]"]),
    "two brackets": ('[[board]]\nname = "mock"\n', ["f.toml:3: board is a list, must be a table: write [board]"]),
    "no table at all": ("[guard]\n[security]\n[settings]\nx = {}\n", ["f.toml:6: settings.x is a table, must be text, a number, true or false"]),
    "too many entries": ("[[connector]]\n" * 9, ["f.toml:3: connector has 9 entries, must have 1..8 entries"]),
    "list": ('[[reader]]\nkind = "rdm6300"\nport = "/dev/a"\nconnectors = 1\n', ["f.toml:6: reader[1].connectors is 1, must be a list"]),
    "list item": ('[[reader]]\nkind = "rdm6300"\nport = "/dev/a"\nconnectors = [1, "1"]\n', ['f.toml:6: reader[1].connectors[2] is "1", must be a whole number; numbers stand without quotes']),
    "list item twice": (BACKEND + 'versions = ["ocpp1.6", "ocpp1.6"]\n', ['f.toml:5: backend[1].versions[2] is "ocpp1.6" once more; name it once']),
    "missing": ('[[reader]]\nport = "/dev/a"\n', ['f.toml:3: reader[1].kind is missing, must be one of "rdm6300", "line", "pn532", "twn4", "hid", "wiegand": rdm6300: 125 kHz module; line: any reader that sends an id as a text line; pn532: NFC module on its UART; twn4: ELATEC with the Simple Protocol app; hid: USB reader that types like a keyboard; wiegand: two lines.']),
    "setting kind": ("[settings]\nx = [1]\n", ["f.toml:4: settings.x is a list, must be text, a number, true or false"]),
    "setting name": ('[settings]\n"a b" = 1\n', ['f.toml:4: settings.a b is "a b", must be an OCPP 1.6 key or Component.Variable']),
    "setting twice": ("[settings]\nabc = 1\nABC = 2\n", ["f.toml:5: settings.ABC is given twice; upper and lower case count as the same"]),
    "setting too long": ("[settings]\nx = 99999999999999999999\n", ["f.toml:4: settings.x is too long"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_mistake_one_sentence(name: str) -> None:
    text, expected = CASES[name]
    assert sorted(problems(GOOD + text)) == sorted(expected)


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = '[station]\nidd = "x"\n[[connector]]\nphases = 2\nmax_amps = 5\n[[reader]]\nkind = "line"\nport = "/dev/a"\nconnectors = [2]\n'
    assert [problem.line for problem in examine_text(text, "f").problems] == [1, 2, 4, 5, 9]


def test_an_empty_file_misses_one_thing() -> None:
    words = "1 to 48 of A-Z a-z 0-9 * - _ = + | @ . and space: The identity the backend knows this station by."
    assert problems("") == [f"f.toml: station.id is missing, must be {words}"]


def test_a_value_where_a_table_should_be() -> None:
    told = problems('settings = 1\nguard = 2\nstation = 3\nconnector = 4\nlocked = "x"\n')
    assert told == [
        "f.toml:1: settings is 1, must be a table of settings",
        "f.toml:2: guard is 2, must be a table: write [guard]",
        "f.toml:3: station is 3, must be a table: write [station]",
        "f.toml:4: connector is 4, must be a list of tables: write [[connector]]",
        'f.toml:5: locked is "x", must be a list',
    ]


def test_a_component_may_be_named_without_quotes() -> None:
    report = examine_text(GOOD + '[settings]\nAuthCtrlr.Enabled = true\n"OCPPCommCtrlr.HeartbeatInterval" = 5\n', "f")
    assert report.config is not None
    assert report.config.settings == {"AuthCtrlr.Enabled": True, "OCPPCommCtrlr.HeartbeatInterval": 5}


@pytest.mark.parametrize(
    "line",
    ['password = 12345', 'password = ["hunter2"]', 'password = "hunter2"\nurl = 5', 'pasword = "hunter2"', 'url = "ws://me:hunter2@h"'],
)  # fmt: skip
def test_no_secret_in_a_problem(line: str) -> None:
    told = problems(GOOD + f"[[backend]]\n{line}\n")
    assert told
    assert not any("hunter2" in sentence or "12345" in sentence for sentence in told)


def test_no_secret_in_what_is_shown() -> None:
    text = (
        GOOD + BACKEND + 'password = "hunter2hunter2"\n[settings]\nAuthorizationKey = "geheim"\nHeartbeatInterval = 3\n'
    )
    config = examine_text(text, "f").config
    assert config is not None
    assert "hunter2" not in repr(config)
    plain = redacted(config)
    assert "hunter2" not in str(plain)
    assert plain["backend"][0]["password"] == "(not shown)"
    assert plain["settings"] == {"AuthorizationKey": "(not shown)", "HeartbeatInterval": 3}
    assert plain["station"]["id"] == "CP1"


def test_a_password_that_is_not_set_is_shown_as_empty() -> None:
    config = examine_text(GOOD + BACKEND, "f").config
    assert config is not None
    assert redacted(config)["backend"][0]["password"] == ""


SYNTAX = {
    "[station\n": "f.toml:1: is not TOML at column 9: Expected ']' at the end of a table declaration",
    "[station]\nid = CP1\n": "f.toml:2: is not TOML at column 6: Invalid value; text stands in quotes",
    "[station]\nid = ": "f.toml:2: is not TOML",
    "a = 1\na = 2\n": "f.toml:2: is not TOML at column 6: Cannot overwrite a value",
    "a = " + "[" * 5000: "f.toml: is nested too deeply",
    "a = " + "9" * 5000: "f.toml: is not TOML",
}


@pytest.mark.parametrize("text", SYNTAX)
def test_syntax_errors_have_a_line(text: str) -> None:
    (told,) = problems(text)
    assert told.startswith(SYNTAX[text])


def test_a_huge_number_can_be_told() -> None:
    (told,) = problems(GOOD + f"[guard]\nlease_s = 0x{'f' * 5000}\n")
    assert told == "f.toml:4: guard.lease_s is a huge number, must be 0.3..3 (seconds)"


def test_load_raises_all_problems(tmp_path: Path) -> None:
    file = tmp_path / "cp.toml"
    file.write_text("[station]\nvendor = 5\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert len(caught.value.problems) == 2
    assert all(problem.startswith(f"{file}:") for problem in caught.value.problems)


def test_load_gives_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "cp.toml"
    file.write_bytes(b"\xef\xbb\xbf[station]\r\nid = 'CP1'\r\n")
    assert isinstance(load(str(file)), Config)


def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"[station]\n# fran\xe7ais\n")
    large = tmp_path / "large.toml"
    with large.open("wb") as file:
        file.truncate(10 * 1024 * 1024)
    cases = {
        tmp_path / "none.toml": "cannot be read: No such file or directory; `chargepoint config example`",
        tmp_path: "is not a file",
        Path("/dev/zero"): "is not a file",
        latin: "latin.toml:2: byte 0xe7 is not UTF-8; save the file as UTF-8",
        large: f"is larger than {LARGEST_FILE // 1024} KiB",
    }
    for path, words in cases.items():
        with pytest.raises(ConfigError) as caught:
            examine(path)
        assert words in str(caught.value)


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet="[]{}=.,\"'\n #azid1\\", max_size=60))
def test_no_text_makes_it_fall_over(text: str) -> None:
    for sentence in problems(GOOD + text):
        assert sentence.startswith("f.toml")


def test_loading_imports_nothing_heavy() -> None:
    heavy = (
        "asyncio socket difflib json urllib.request logging argparse textwrap chargepoint.config.lines chargepoint.core"
    )
    code = "import sys, chargepoint.config.load; print([m for m in sys.argv[1:] if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *heavy.split()], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
