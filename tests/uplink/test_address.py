"""Where the backend is, and how the station shows who it is."""

import base64
import ssl
import subprocess

import pytest

from chargepoint.config.schema import Backend
from chargepoint.errors import ConfigError
from chargepoint.uplink.address import address, basic, with_identity


@pytest.mark.parametrize(
    ("url", "identity", "expected"),
    [
        ("ws://h/ocpp", "CP1", "ws://h/ocpp/CP1"),
        ("ws://h/ocpp/", "CP1", "ws://h/ocpp/CP1"),
        ("ws://h", "CP1", "ws://h/CP1"),
        ("ws://h/ocpp/CP1", "CP1", "ws://h/ocpp/CP1"),
        ("ws://h/ocpp/CP1/", "CP1", "ws://h/ocpp/CP1"),
        ("ws://h:80/a?token=x", "CP1", "ws://h:80/a/CP1?token=x"),
        ("ws://h/ocpp", "A B/1", "ws://h/ocpp/A%20B%2F1"),
        ("ws://h/A%20B", "A B", "ws://h/A%20B"),
    ],
)
def test_the_identity_is_the_last_segment(url, identity, expected):
    assert with_identity(url, identity) == expected


def test_a_password_is_raw_bytes():
    """The test vector of OCPP-J 1.6 section 6.2.1, whose bytes are no text."""
    password = bytes.fromhex("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF")
    assert basic("AL1000", password) == "Basic QUwxMDAwOgABAgMEBQYH////////////////"
    there = address(Backend("ws://h/o", password=password.hex(), password_form="hex"), "AL1000")
    assert there.headers == {"Authorization": basic("AL1000", password)}
    assert "QUwx" not in repr(there) and there.shown == "ws://h/.../AL1000"


def test_a_user_may_be_named_and_without_password_nothing_is_sent():
    there = address(Backend("ws://h/o", user="u", password="p"), "CP1")
    assert base64.b64decode(there.headers["Authorization"][6:]) == b"u:p"
    assert address(Backend("ws://h/o"), "CP1").headers == {}


def test_what_may_be_a_secret_in_the_url_is_not_shown():
    there = address(Backend("ws://h:9/secret/o?key=secret"), "CP1")
    assert there.shown == "ws://h:9/.../CP1"


def test_password_files(tmp_path):
    path = tmp_path / "password"
    path.write_text("pass word\n")
    path.chmod(0o640)
    there = address(Backend("ws://h/o", password_file=str(path)), "CP1")
    assert base64.b64decode(there.headers["Authorization"][6:]) == b"CP1:pass word"
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        address(Backend("ws://h/o", password_file=str(path)), "CP1")
    with pytest.raises(ConfigError, match="cannot be read"):
        address(Backend("ws://h/o", password_file=str(tmp_path / "none")), "CP1")
    path.chmod(0o600)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        address(Backend("ws://h/o", password_file=str(path)), "CP1")


def test_a_hex_password_that_is_none():
    with pytest.raises(ConfigError, match="no hex text"):
        address(Backend("ws://h/o", password="xyz", password_form="hex"), "CP1")


def test_tls_verifies_and_takes_extra_roots(tmp_path):
    there = address(Backend("wss://h/o"), "CP1")
    assert there.tls.verify_mode is ssl.CERT_REQUIRED and there.tls.check_hostname
    assert there.tls.minimum_version is ssl.TLSVersion.TLSv1_2
    assert address(Backend("ws://h/o"), "CP1").tls is None
    root, key = tmp_path / "root.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "1"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(root)], check=True, capture_output=True)
    before = len(address(Backend("wss://h/o"), "CP1").tls.get_ca_certs())
    assert len(address(Backend("wss://h/o", ca_file=str(root)), "CP1").tls.get_ca_certs()) == before + 1
    with pytest.raises(ConfigError, match="cannot be read"):
        address(Backend("wss://h/o", ca_file=str(tmp_path / "none")), "CP1")
    root.write_text("no certificate")
    with pytest.raises(ConfigError, match="holds no certificate"):
        address(Backend("wss://h/o", ca_file=str(root)), "CP1")
