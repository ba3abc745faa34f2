"""Where the log goes."""

import logging
import sys
import types

import pytest

from chargepoint import logs


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for name in ("JOURNAL_STREAM", "NOTIFY_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    yield
    root.handlers[:], root.level = handlers, level


def test_plain_lines_on_stderr(capsys):
    logs.set_up("info")
    logging.getLogger("chargepoint").info("hello")
    logging.getLogger("chargepoint").debug("too much")
    logging.getLogger("websockets").info("chatter")
    assert capsys.readouterr().err.endswith("INFO    hello\n")


def test_the_journal_where_there_is_one(monkeypatch):
    class JournalHandler(logging.Handler):
        def __init__(self, SYSLOG_IDENTIFIER):  # noqa: N803
            super().__init__()
            self.name = SYSLOG_IDENTIFIER

    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/x")
    module = types.ModuleType("systemd.journal")
    module.JournalHandler = JournalHandler
    monkeypatch.setitem(sys.modules, "systemd", types.ModuleType("systemd"))
    monkeypatch.setitem(sys.modules, "systemd.journal", module)
    logs.set_up("debug")
    (handler,) = logging.getLogger().handlers
    assert handler.name == "chargepoint"


def test_without_its_library_the_journal_reads_stderr(monkeypatch, capsys):
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/x")
    monkeypatch.setitem(sys.modules, "systemd.journal", None)
    logs.set_up("warning")
    logging.getLogger("chargepoint").warning("hello")
    assert capsys.readouterr().err == "WARNING hello\n"
