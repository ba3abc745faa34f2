"""Contradictions between keys: for each check a file that breaks it, and the sentence that says so."""

# ruff: noqa: E501 (one case, one line)

import pytest

from chargepoint.config.checks import PROBLEMS, WARNINGS
from chargepoint.config.load import Report, examine_text

STATION = '[station]\nid = "CP1"\n'
WSS = '[[backend]]\nurl = "wss://h"\n'
WS = '[[backend]]\nurl = "ws://h"\n'
PI = '[board]\nname = "raspi-mcp3008"\n[guard]\nmode = "service"\n'
PINS = "[[connector]]\n[connector.pilot]\n[connector.contactor]\n"
SECOND = "[[connector]]\n[connector.pilot]\nadc_channel = 1\npwm_channel = 1\n"
METER = '[[connector]]\n[connector.meter]\nmodel = "sdm630"\n'
EVSE = '[board]\nname = "openevse"\n'
DIN = EVSE.replace("openevse", "evse-din")
WIRED = "[[connector]]\n[connector.coprocessor]\n"
READER = '[[reader]]\nkind = "line"\nport = "/dev/ttyUSB0"\n'


def examine(text: str) -> Report:
    return examine_text(STATION + text, "f")


# check -> (a file, the keys that are named, a part of the sentence)
PROBLEM_CASES: dict[str, tuple[str, list[str], str]] = {
    "one_password": (WSS + 'password = "a"\npassword_file = "/b"\n', ["backend[1].password"], "backend[1].password_file are both given"),
    "password_is_hex": (WSS + 'password = "xyz"\npassword_form = "hex"\n', ["backend[1].password"], "is not hex digits in pairs"),
    "readers_serve_connectors": (READER + "connectors = [1, 2]\n", ["reader[1].connectors[2]"], "is 2, must be a connector of this station, 1..1"),
    "reader_pattern": (READER + 'pattern = "[0-9"\n', ["reader[1].pattern"], "is no regular expression"),
    "reader_pattern group": (READER + 'pattern = "[0-9]+"\n', ["reader[1].pattern"], "has no group"),
    "serial_ports readers": (READER + READER, ["reader[2].port"], 'is "/dev/ttyUSB0", which reader[1].port has already'),
    "serial_ports reader and meter": (METER + READER, ["connector[1].meter.port"], "which reader[1].port has already"),
    "serial_ports meters": (METER + METER, ["connector[2].meter.unit"], 'is 1, as connector[1].meter.unit is on the same port; give each meter its own'),
    "serial_ports settings": (METER + METER + "unit = 2\nbaud = 19200\n", ["connector[2].meter.baud"], "differs from connector[1].meter.baud, but"),
    "board_has_pins": (PI + "[[connector]]\n", ["connector[1].contactor", "connector[1].pilot"], "is missing"),
    "board_has_pins mock": (PINS, ["connector[1].contactor", "connector[1].pilot"], 'contradicts board.name = "mock"'),
    "board_has_coprocessors": (EVSE + "[[connector]]\n", ["connector[1].coprocessor"], 'board.name = "openevse" needs [connector.coprocessor]'),
    "board_has_coprocessors pins": (EVSE + WIRED + "[connector.pilot]\n[connector.contactor]\n", ["connector[1].contactor", "connector[1].pilot"], "whose co-processor has it"),
    "board_has_coprocessors interlock": (EVSE + WIRED + '[[connector.interlock]]\nline = 5\nfault = "door"\n', ["connector[1].interlock"], "whose co-processor has it"),
    "coprocessor_ports reader": (EVSE + WIRED + READER, ["connector[1].coprocessor.port"], "which reader[1].port has already"),
    "coprocessor_ports meter": (DIN + WIRED + '[connector.meter]\nmodel = "sdm630"\nunit = 2\n', ["connector[1].coprocessor.port"], "which connector[1].meter.port has already"),
    "coprocessor_ports units": (DIN + WIRED + WIRED, ["connector[2].coprocessor.port"], "that connector[1].coprocessor is already"),
    "coprocessor_ports openevse": (EVSE + WIRED + WIRED + "unit = 2\n", ["connector[2].coprocessor.port"], "that connector[1].coprocessor is already"),
    "lines_once": (PI + PINS + "mirror_line = 17\n", ["connector[1].contactor.mirror_line"], "is GPIO line 17, which connector[1].contactor.coil_line has"),
    "lines_once two": (PI + PINS + SECOND + "[connector.contactor]\ncoil_line = 23\nmirror_line = 24\n", ["connector[2].contactor.enable_line"], "22"),
    "lines_once interlock": (PI + PINS + '[[connector.interlock]]\nline = 27\nfault = "door"\n', ["connector[1].interlock[1].line"], "mirror_line"),
    "lines_once converter": (PI + PINS + "[[connector]]\n[connector.contactor]\ncoil_line = 12\nmirror_line = 13\nenable_line = 16\n[connector.pilot]\npwm_channel = 1\n", ["connector[2].pilot.adc_channel"], "is channel 0 of the converter on SPI 0.0"),
    "lines_once pwm": (PI + PINS + "[[connector]]\n[connector.contactor]\ncoil_line = 12\nmirror_line = 13\nenable_line = 16\n[connector.pilot]\nadc_channel = 1\n", ["connector[2].pilot.pwm_channel"], "is PWM channel 0 of 3f20c000.pwm"),
    "lines_off_the_bus": (PI + PINS + "coil_line = 10\n", ["connector[1].contactor.coil_line"], "is 10, which SPI bus 0"),
    "coil_stays_open_at_boot": (PI + PINS + "coil_line = 4\n", ["connector[1].contactor.coil_line"], "is 4, which is pulled up at boot"),
    "volts_span": (PI + "[[connector]]\n[connector.contactor]\n[connector.pilot]\nvolts_at_zero = 0\nvolts_at_full = 0\n", ["connector[1].pilot.volts_at_zero"], "below"),
    "meter_may_be_late": ("[[connector]]\nmeter_stale_s = 3\nmeter_period_s = 2\n", ["connector[1].meter_stale_s"], "is 3, must be at least twice meter_period_s (2)"),
    "folders_apart": ('state_dir = "/run/chargepoint/"\n', ["station.run_dir"], "is state_dir too"),
    "locked_once": ("", ["locked[2]"], 'is "HEARTBEATinterval", which is "HeartbeatInterval" once more'),
}  # fmt: skip
WARNING_CASES: dict[str, tuple[str, list[str], str]] = {
    "password_in_the_clear": (WS + 'password = "a"\n', ["backend[1].url"], "travels in the clear"),
    "password_in_the_clear file": (WS + 'password_file = "/a"\n', ["backend[1].url"], "travels in the clear"),
    "no_effect": (WS + 'ca_file = "/a"\n', ["backend[1].ca_file"], "has no effect on ws://"),
    "no_effect user": (WSS + 'user = "a"\n', ["backend[1].user"], "has no effect without a password"),
    "daemon_has_no_pins": (PI.replace("service", "child") + PINS, ["guard.mode"], 'must be "service"'),
    "coprocessor_without_effect": (WIRED, ["connector[1].coprocessor"], 'has no effect with board.name = "mock"'),
    "pretended_pins": (PI.replace("[guard]", 'pin_factory = "mock"\n[guard]') + PINS, ["board.pin_factory"], "no real contactor"),
    "anybody_may_charge": (READER + "[authorization]\nfree_vending = true\n", ["authorization.free_vending"], "decide nothing"),
}  # fmt: skip


def text_of(name: str, text: str) -> Report:
    if name == "locked_once":
        return examine_text('locked = ["HeartbeatInterval", "HEARTBEATinterval"]\n' + STATION, "f")
    return examine(text)


@pytest.mark.parametrize("name", PROBLEM_CASES)
def test_each_problem_has_a_file_that_has_it(name: str) -> None:
    text, keys, words = PROBLEM_CASES[name]
    report = text_of(name, text)
    assert sorted(problem.key for problem in report.problems) == sorted(keys)
    assert any(words in str(problem) for problem in report.problems)
    assert all(problem.line for problem in report.problems)


@pytest.mark.parametrize("name", WARNING_CASES)
def test_a_warning_leaves_the_file_usable(name: str) -> None:
    text, keys, words = WARNING_CASES[name]
    report = examine(text)
    assert report.config is not None
    assert [warning.key for warning in report.warnings] == keys
    assert words in str(report.warnings[0])


def test_every_check_is_tried_above() -> None:
    assert {name.split()[0] for name in PROBLEM_CASES} == {check.__name__ for check in PROBLEMS}
    assert {name.split()[0] for name in WARNING_CASES} == {check.__name__ for check in WARNINGS}


FINE = {
    "a station with pins": PI + PINS,
    "two of them": PI + PINS + SECOND + "[connector.contactor]\ncoil_line = 23\nmirror_line = 24\nenable_line = -1\n",
    "no enable line twice": PI + PINS + "enable_line = -1\n" + SECOND + "[connector.contactor]\ncoil_line = 23\nmirror_line = 24\nenable_line = -1\n",
    "a coil with a one-shot before it": PI + PINS + "coil_line = 4\nhardware_interlock = true\n",
    "a co-processor": EVSE + WIRED,
    "co-processors on one bus": DIN + WIRED + WIRED + "unit = 2\n",
    "meters on one bus": METER + METER + "unit = 2\n",
    "a password by file": WSS + 'password_file = "/etc/p"\n',
    "hex": WSS + 'password = "00fF"\npassword_form = "hex"\n',
    "a card reader without a pattern of its own": READER.replace("line", "rdm6300"),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_not_complained_about(name: str) -> None:
    report = examine(FINE[name])
    assert (report.problems, report.warnings) == ((), ())


def test_nothing_is_concluded_from_a_value_that_is_wrong_itself() -> None:
    report = examine(METER + METER.replace("[connector.meter]\n", "[connector.meter]\nport = 5\n"))
    assert [problem.key for problem in report.problems] == ["connector[2].meter.port"]


def test_a_wrong_value_elsewhere_hides_nothing() -> None:
    report = examine("[[connector]]\nmax_amps = 500\n" + READER + "connectors = [2]\n")
    assert [problem.key for problem in report.problems] == ["connector[1].max_amps", "reader[1].connectors[1]"]
