"""Devices -> facts: each change told once, each trouble told once, every return told."""

import asyncio
import contextlib
import math

import pytest

from chargepoint.clock import TimeQuality
from chargepoint.core.facts import CableIs, ClockIs, FaultCleared, FaultIs, Metered, Tapped
from chargepoint.core.tokens import NOBODY, IdToken, TokenKind
from chargepoint.hal import DeviceUnavailable, Injected, MeterIdentity, MeterSample, ServedReader, Tap
from chargepoint.sense import cables, hints, meters, readers, wallclock

GONE = DeviceUnavailable("gone")


class Clock:
    boot = 1

    def __init__(self, utc=1_800_000_000.0):
        self.now, self.day = 0.0, utc

    def mono(self):
        return self.now

    def utc(self):
        return self.day + self.now


class Script:
    """Gives one entry after the other: a value, or an exception to raise; after the last it waits for ever."""

    def __init__(self, *entries):
        self.entries = list(entries)
        self.done = asyncio.Event()

    async def next(self):
        if not self.entries:
            self.done.set()
            await asyncio.Event().wait()
        entry = self.entries.pop(0)
        if isinstance(entry, Exception):
            raise entry
        return entry

    read = tap = next

    async def close(self):
        pass


async def run(work, until, within_s=5.0):
    """Run a task that never ends until an event, and end it."""
    task = asyncio.create_task(work)
    try:
        async with asyncio.timeout(within_s):
            await until
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def heard(make, *entries):
    """The facts of a listener over a script."""
    facts = []

    async def go():
        script = Script(*entries)
        await run(make(script, facts.append), script.done.wait())

    asyncio.run(go())
    return facts


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(cables, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(hints, "PAUSE_S", 0.0)
    monkeypatch.setattr(readers, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(readers, "LONGEST_PAUSE_S", 0.0)
    monkeypatch.setattr(wallclock, "LOOK_EVERY_S", 0.0)


# -- cables ---------------------------------------------------------------------------------------------------------


def test_cables_are_told_when_they_change(caplog):
    facts = heard(lambda script, post: cables.watch(1, script, post), math.inf, math.inf, 220.0, 10.0, GONE, 680.0)
    amps = [fact.amps for fact in facts if isinstance(fact, CableIs)]
    faults = [fact.present for fact in facts if isinstance(fact, FaultIs)]
    assert amps == [None, 32.0, None, None, 20.0]
    assert faults == [False, False, True, True, False]
    assert len(caplog.records) == 2


# -- meters ---------------------------------------------------------------------------------------------------------


class FakeMeter(Script):
    async def identify(self):
        return MeterIdentity("model", "serial")


def test_a_meter_is_asked_on_and_each_change_is_logged_once(caplog):
    caplog.set_level("INFO")
    samples = [MeterSample(float(n), 100.0 + n) for n in range(3)]
    facts = []

    async def go():
        meter = FakeMeter(samples[0], GONE, GONE, samples[1], GONE, samples[2])
        await run(meters.poll(1, meter, 0.001, Clock(), facts.append), meter.done.wait())

    asyncio.run(go())
    assert facts == [Metered(1, sample) for sample in samples]
    lines = [record.message for record in caplog.records]
    assert lines[0] == "connector 1: meter model serial"
    assert [line for line in lines if "gone" in line] == ["connector 1: gone"] * 2
    assert len([line for line in lines if "answers again" in line]) == 2


def test_a_meter_that_does_not_say_who_it_is(caplog):
    caplog.set_level("INFO")

    class Shy(Script):
        tries = 0

        async def identify(self):
            self.tries += 1
            if self.tries == 1:
                raise GONE
            return MeterIdentity()

    async def go():
        meter = Shy(MeterSample(0.0, 1.0))
        await run(meters.poll(1, meter, 0.001, Clock(), lambda fact: None), meter.done.wait())

    asyncio.run(go())
    assert "connector 1: meter found" in caplog.text


# -- readers --------------------------------------------------------------------------------------------------------


async def nobody(token):
    return NOBODY


def listening(script, post):
    return readers.listen(ServedReader("r", script, (1, 2)), nobody, post)


def test_a_card_becomes_a_token():
    (fact,) = heard(listening, Tap(bytes.fromhex("04a1b2c3")))
    assert fact == Tapped((1, 2), IdToken("04A1B2C3"), NOBODY)
    assert readers.normalise(Tap(b"\x01", "ISO15693")).kind is TokenKind.ISO15693
    assert readers.normalise(Tap(b"\x01", "tattoo")).kind is TokenKind.ISO14443


def test_a_reader_that_is_gone_is_a_fault_until_a_card_comes(caplog):
    caplog.set_level("INFO")
    facts = heard(listening, GONE, GONE, Tap(b"\x01"))
    faults = [(fact.evse, fact.present) for fact in facts if isinstance(fact, FaultIs)]
    assert faults == [(1, True), (2, True), (1, False), (2, False)]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_reader_that_waits_quietly_is_back(monkeypatch):
    monkeypatch.setattr(readers, "BACK_AFTER_S", 0.01)
    facts = []

    async def go():
        async def back():
            while len(facts) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

        await run(listening(Script(GONE), facts.append), back())

    asyncio.run(go())
    assert [fact.present for fact in facts] == [True, True, False, False]


# -- hints ----------------------------------------------------------------------------------------------------------


def test_hints_become_faults_and_network_words(caplog):
    network = []
    facts = heard(
        lambda script, post: hints.listen(script, 2, post, network.append),
        Injected("network", False),
        GONE,
        Injected("network", True),
        Injected("fault", True, 1, "GroundFailure"),
        Injected("fault", False, 1, "GroundFailure"),
        Injected("fault", True, 0, "internal"),
        Injected("fault", True, 3, "other"),
        Injected("fault", True, 1, "boredom"),
    )
    assert network == [False, True]
    assert facts == [
        FaultIs(1, "ground", True, "reported by hand"),
        FaultIs(1, "ground", False),
        FaultCleared(1, "ground"),
        FaultIs(0, "internal", True, "reported by hand"),
    ]
    assert caplog.text.count("has no fault") == 2


# -- the clock ------------------------------------------------------------------------------------------------------


def test_the_clock_is_told_when_it_steps_or_gets_better():
    clock, facts, looks = Clock(), [], []

    def synchronised():
        looks.append(None)
        clock.now += 1.0
        if len(looks) == 3:
            clock.day += 100.0
        return len(looks) >= 5

    async def go():
        async def enough():
            while len(looks) < 7:  # noqa: ASYNC110
                await asyncio.sleep(0)

        await run(wallclock.watch(clock, synchronised, facts.append), enough())

    asyncio.run(go())
    assert [fact.quality for fact in facts] == [TimeQuality.RESTORED, TimeQuality.RESTORED, TimeQuality.NTP] or [
        fact.quality for fact in facts
    ] == [TimeQuality.RESTORED] * 3 + [TimeQuality.NTP]
    assert isinstance(facts[0], ClockIs)


def test_a_clock_from_before_this_program_is_none():
    assert wallclock.quality(0.0, True) is TimeQuality.NONE
    assert wallclock.quality(1.8e9, True) is TimeQuality.NTP
    assert wallclock.quality(1.8e9, False) is TimeQuality.RESTORED
    facts = []

    async def go():
        await run(wallclock.watch(Clock(0.0), lambda: False, facts.append), asyncio.sleep(0.02))

    asyncio.run(go())
    assert facts == []


def test_the_kernel_is_asked_without_changing_anything(monkeypatch):
    assert wallclock.kernel_is_synchronised() in (True, False)

    def broken(*arguments, **more):
        raise OSError

    monkeypatch.setattr(wallclock.ctypes, "CDLL", broken)
    assert wallclock.kernel_is_synchronised() is False
