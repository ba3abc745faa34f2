"""Findings that no server here can provoke: the pure functions with outcomes made by hand."""

import errno
import ssl

import pytest

from chargepoint.config.schema import Connector, PilotSettings
from chargepoint.doctor import pins, tcp, tls, upgrade
from chargepoint.doctor.chain import Certificate
from chargepoint.doctor.finding import Level
from chargepoint.doctor.handshake import Kind, Outcome
from chargepoint.doctor.pins import Looked
from chargepoint.doctor.tcp import Tried
from chargepoint.doctor.tls import Shown
from chargepoint.hal import PilotVolts

NOW = 1.8e9


@pytest.mark.parametrize(
    ("problem", "what", "todo"),
    [
        (TimeoutError(), "does not answer within 5.0 s", "firewall"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "there is no way to", "ip route"),
        (OSError(errno.EIO, "?"), "cannot be reached", "firewall"),
    ],
)
def test_nobody_is_reached(problem: OSError, what: str, todo: str) -> None:
    (found,) = tcp.findings([Tried("192.0.2.1", 5.0, problem)], 443)
    assert found.level is Level.BAD and what in found.what and todo in found.todo


def ssl_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "?")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("problem", "plain", "what"),
    [
        (ssl_error("WRONG_VERSION_NUMBER"), True, "speaks plain HTTP"),
        (ssl_error("WRONG_VERSION_NUMBER"), False, "does not speak TLS"),
        (ssl_error("TLSV1_ALERT_PROTOCOL_VERSION"), True, "no TLS of version 1.2"),
        (ssl_error("UNSUPPORTED_PROTOCOL"), False, "no TLS of version 1.2"),
        (ssl_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), False, "refused the TLS handshake"),
        (ConnectionResetError(), False, "hung up during the TLS handshake"),
        (ConnectionResetError(), True, "speaks plain HTTP"),
        (ssl_error("SOMETHING_NEW"), False, "TLS failed (SOMETHING_NEW)"),
    ],
)
def test_a_handshake_that_fails(problem: Exception, plain: bool, what: str) -> None:
    (found,) = tls.findings(Shown("h", error=problem, plain=plain), NOW, 1.0)
    assert found.level is Level.BAD and what in found.what and found.todo


def distrust(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "?")
    error.verify_code, error.verify_message = code, "because"
    return error


LEAF = Certificate("csms", "Middle", NOW - 10, NOW + 10)
ROOT = Certificate("Own Root", "Own Root", NOW - 10, NOW + 10)


@pytest.mark.parametrize(
    ("code", "chain", "what"),
    [
        (tls.ROOT_UNKNOWN, (LEAF, ROOT), "the root Own Root is not trusted"),
        (tls.ISSUER_UNKNOWN, (LEAF,), "sends its own certificate only, and its signer Middle is not known"),
        (tls.NOT_YET, (Certificate("csms", "R", NOW + 86400, NOW + 9e7),), "of csms is good from"),
        (tls.NOT_YET, (), "is not good yet"),
        (tls.EXPIRED, (), "has expired"),
        (66, (LEAF,), "is not trusted (because)"),
    ],
)
def test_a_certificate_that_is_not_trusted(code: int, chain: tuple[Certificate, ...], what: str) -> None:
    found = tls.findings(Shown("h", "TLSv1.3", chain, distrust(code)), NOW, 1.0)[-1]
    assert found.level is Level.BAD and what in found.what and found.todo


def test_a_server_that_wants_a_certificate_and_one_with_a_broken_handshake() -> None:
    wants = upgrade.broken(Outcome(Kind.HUNG_UP, text="TLSV13_ALERT_CERTIFICATE_REQUIRED"), 1.0, True, False)
    assert "wants a certificate of this station" in wants.what
    cut = upgrade.broken(Outcome(Kind.BROKEN, text="missing Upgrade header"), 1.0, True, False)
    assert "its handshake is broken (missing Upgrade header)" in cut.what
    hung = upgrade.broken(Outcome(Kind.HUNG_UP), 1.0, True, False)
    assert "password" in hung.todo


OPEN = Outcome(Kind.OPEN, 101)


@pytest.mark.parametrize(
    ("offered", "alone", "level", "what"),
    [
        (("ocpp1.6",), {}, Level.WARN, "names no version; it is taken at the only one offered, ocpp1.6"),
        (("ocpp2.0.1", "ocpp1.6"), {}, Level.BAD, "chose none of ocpp2.0.1, ocpp1.6"),
        (("ocpp1.6",), {"ocpp1.5": Outcome(Kind.OPEN, 101, "ocpp1.5")}, Level.BAD, "the server speaks ocpp1.5"),
    ],
)
def test_a_version_that_is_not_named(
    offered: tuple[str, ...], alone: dict[str, Outcome], level: Level, what: str
) -> None:
    (found,) = upgrade.versions(offered, OPEN, alone)
    assert found.level is level and what in found.what and found.todo


def volts(level: float, low: float | None = None) -> PilotVolts:
    return PilotVolts(level, level if low is None else low)


@pytest.mark.parametrize(
    ("looked", "what"),
    [
        (Looked(volts(-12.0), volts(10.5)), "+10.5 V lies between no vehicle (12 V) and a vehicle (9 V)"),
        (Looked(volts(-12.0), volts(0.0)), "the pilot is shorted"),
        (Looked(volts(-7.0), volts(12.0)), "-7.0 V where -12 V was set"),
        (Looked(volts(-12.0), volts(12.0), volts(12.0)), "PWM was set to half a pulse"),
    ],
)
def test_levels_of_the_pilot(looked: Looked, what: str) -> None:
    found = pins.pilot(looked, Connector(pilot=PilotSettings()), "pilot")
    (wrong,) = [finding for finding in found if finding.level is Level.BAD]
    assert what in wrong.what and wrong.todo


@pytest.mark.parametrize(("high", "empty"), [(12.0, True), (11.0, True), (10.9, False), (9.0, False), (15.5, False)])
def test_an_empty_connector_is_believed_only_at_its_own_level(high: float, empty: bool) -> None:
    assert Looked(volts(-12.0), volts(high)).empty is empty
