"""What the service manager hears."""

import socket

import pytest

from chargepoint import notify


@pytest.fixture
def manager(tmp_path, monkeypatch):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(path)
        heard.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setattr(notify, "_last_alive", 0.0)
        yield heard


def test_ready_and_stopping(manager):
    notify.ready("all well")
    notify.stopping()
    assert [manager.recv(100), manager.recv(100)] == [b"READY=1\nSTATUS=all well", b"STOPPING=1"]


def test_alive_is_told_four_times_within_the_patience(manager, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(notify.time, "monotonic", lambda: now[0])
    monkeypatch.setenv("WATCHDOG_USEC", "8000000")
    for _ in range(17):
        notify.alive()
        now[0] += 0.5
    notify.stopping()
    heard = [manager.recv(100) for _ in range(6)]
    assert heard == [b"WATCHDOG=1"] * 5 + [b"STOPPING=1"]


def test_without_a_watchdog_nobody_is_told(manager, monkeypatch):
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    notify.alive()
    notify.ready("x")
    assert manager.recv(100).startswith(b"READY")


def test_an_abstract_name(monkeypatch, tmp_path):
    name = f"@chargepoint-test-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name[1:])
        heard.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify.stopping()
        assert heard.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("name", ["", "/nowhere/at/all", "relative"])
def test_a_manager_that_is_not_there(name, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    notify.ready("x")
