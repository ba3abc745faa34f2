"""The whole station as processes: the daemon with its guard and its mock world, driven and judged from outside.

A scene drives the world's control socket and the backend, and waits for conditions with a bound. At the end everything
is ended, and a process that is left over, or a traceback in the log, fails the test by name.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

from hal_mock.control import request
from hal_mock.csms import Csms
from hal_mock.csms_record import TOLD_AT_TIMEOUT

WITHIN_S = 20.0
LOOK_S = 0.02
END_S = 15.0
CARD, OTHER_CARD = "04A1B2C3", "04D4E5F6"

SETTINGS = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": 1,
    "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
    "OCPPCommCtrlr.RetryBackOffRepeatTimes": 0,
    "MeterValueSampleInterval": 0,
}
CONNECTOR = {"max_amps": 32.0, "rest_s": 0.5, "meter_period_s": 0.2, "debounce_on_s": 0.02}
BROKEN = re.compile(r"Traceback|never retrieved|never awaited|bug of ours")


class Station:
    """``async with Station(folder, url) as cp``. Keyword arguments are tables of the configuration file:
    ``station``, ``backend``, ``guard``, ``authorization``, ``settings`` (each added to the defaults), ``locked``, and
    ``connectors``, a list of tables or how many. ``url`` None: no backend. ``piped``: the daemon's log goes through a
    pipe, for tests in which it cannot write to files.

    ``expects`` names what the log may hold although it looks like a bug.
    """

    def __init__(
        self, folder, url, *, versions=("ocpp1.6",), id="CP1", connectors=1, expects=(), piped=False, **tables
    ):
        self.folder = Path(folder)
        self.url, self.versions, self.id = url, versions, id
        self.connectors = [{}] * connectors if isinstance(connectors, int) else connectors
        self.tables = tables
        self.expects = expects
        self.piped = piped
        self.copying = None
        self.process = None
        self.starts = 0

    async def __aenter__(self):
        try:
            await self.start()
        except BaseException:
            await self.end()
            raise
        return self

    async def __aexit__(self, kind, error, trace):
        left = await self.end()
        if kind is not None:
            sys.stderr.write(f"--- the log of {self.id}\n{self.log[-12000:]}\n")
        else:
            assert not left, f"processes were left running: {left}"
            found = [line for line in self.log.splitlines() if BROKEN.search(line)]
            assert not [line for line in found if not any(each in line for each in self.expects)], self.log[-6000:]

    # -- files ------------------------------------------------------------------------------------------------------

    @property
    def config(self):
        return self.folder / "station.toml"

    @property
    def run_dir(self):
        return self.folder / "run"

    @property
    def state_dir(self):
        return self.folder / "state"

    @property
    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def write_config(self):
        station = {"id": self.id, "state_dir": str(self.state_dir), "run_dir": str(self.run_dir)}
        lines = table("[station]", station | self.tables.get("station", {}))
        if self.url is not None:
            backend = {"url": self.url, "versions": list(self.versions)} | self.tables.get("backend", {})
            lines += table("[[backend]]", backend)
        lines += table("[board]", {"name": "mock"})
        for name in ("guard", "authorization", "security"):
            lines += table(f"[{name}]", self.tables.get(name, {}))
        for connector in self.connectors:
            lines += table("[[connector]]", CONNECTOR | connector)
        lines += table("[settings]", SETTINGS | self.tables.get("settings", {}))
        locked = f"locked = {json.dumps(self.tables.get('locked', []))}"
        self.config.write_text("\n".join([locked, *lines]) + "\n")

    # -- the process ------------------------------------------------------------------------------------------------

    async def start(self, ready=True):
        """Start the daemon; with ``ready`` wait until its guard is there."""
        self.write_config()
        self.starts += 1
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "chargepoint", "run", "--config", str(self.config)),
                stdin=asyncio.subprocess.DEVNULL,
                process_group=0,
                stdout=log,
                stderr=asyncio.subprocess.PIPE if self.piped else log,
            )
        if self.piped:
            self.copying = asyncio.create_task(self._copy(self.process.stderr))
        if ready:
            await self.until(lambda status: status["station"]["guard"])

    async def _copy(self, pipe):
        with (self.folder / "log").open("ab", buffering=0) as log:
            while chunk := await pipe.read(4096):
                log.write(chunk)

    async def ended(self, within_s=END_S):
        """Wait for the daemon to end by itself; its exit code."""
        async with asyncio.timeout(within_s):
            return await self.process.wait()

    async def stop(self, number=signal.SIGTERM):
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ended()

    async def kill(self):
        return await self.stop(signal.SIGKILL)

    async def restart(self):
        await self.stop()
        await self.start()

    @property
    def pids(self):
        """Every process that has this folder in its command line, by what it is."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if any(os.fsencode(self.folder) in word for word in words):
                    kinds = {b"guard": "guard", b"run": "daemon", b"hal_mock.world": "world"}
                    kind = next((kind for word, kind in kinds.items() if word in words), "other")
                    found[int(entry.name)] = kind
        return found

    async def guard_pid(self):
        return await self.wait(lambda: next((pid for pid, kind in self.pids.items() if kind == "guard"), None))

    async def end(self):
        """End daemon and world; what was left running after that (it is killed)."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.terminate()
            try:
                await self.ended()
            except TimeoutError:
                sys.stderr.write(f"the daemon of {self.id} did not end\n")
                self.process.kill()
                await self.process.wait()
        with contextlib.suppress(Exception):
            self.world("end")
        with contextlib.suppress(AssertionError):
            await self.wait(lambda: not self.pids, within_s=5)
        left = self.pids
        if self.copying is not None:
            await self.copying
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return left

    # -- the world --------------------------------------------------------------------------------------------------

    def world(self, op, connector=None, **more):
        where = {} if connector is None else {"connector": connector}
        answer = request(str(self.run_dir / "world.sock"), {"op": op, **where, **more})
        assert answer["ok"], answer
        return answer

    def look(self, connector=1):
        return self.world("look", connector)

    def cable(self, state, connector=1):
        self.world("cable", connector, state=state)

    def tap(self, token=CARD, connector=1):
        assert self.world("rfid", token=token, connectors=[connector])["heard"], "nobody listens to the reader"

    def closed(self, connector=1):
        return self.look(connector)["contactor"]

    # -- waiting ----------------------------------------------------------------------------------------------------

    async def wait(self, predicate, within_s=WITHIN_S, every_s=LOOK_S):
        """Wait until ``predicate()`` is true; what it gave."""
        deadline = time.monotonic() + within_s
        while not (found := predicate()):
            assert time.monotonic() < deadline, f"did not happen within {within_s} s"
            await asyncio.sleep(every_s)
        return found

    async def ask(self, name, **more):
        """One question to the panel."""
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_unix_connection(self.run_dir / "control.sock", limit=1 << 24)
            try:
                writer.write(json.dumps({"ask": name, **more}).encode() + b"\n")
                line = await reader.readline()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        return json.loads(line)

    async def status(self):
        return (await self.ask("status"))["status"]

    async def until(self, predicate, within_s=WITHIN_S):
        """Wait until the panel's status fits; returns it."""
        deadline, last = time.monotonic() + within_s, None
        while True:
            with contextlib.suppress(OSError, ValueError, TimeoutError):
                last = await self.status()
                if predicate(last):
                    return last
            if self.process.returncode is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}")
            if time.monotonic() > deadline:
                raise AssertionError(f"did not happen within {within_s} s; the status is {json.dumps(last, indent=1)}")
            await asyncio.sleep(LOOK_S)

    async def connector(self, predicate, connector=1, within_s=WITHIN_S):
        status = await self.until(lambda status: predicate(status["connectors"][connector - 1]), within_s)
        return status["connectors"][connector - 1]

    async def is_status(self, wanted, connector=1, within_s=WITHIN_S):
        return await self.connector(lambda each: each["status"] == wanted, connector, within_s)

    async def online(self):
        return await self.until(lambda s: s["backend"]["registration"] == "Accepted" and s["backend"]["version"])

    async def delivered(self, within_s=WITHIN_S):
        """Nothing waits for the backend any more."""
        return await self.until(lambda status: status["backend"]["queue"] == 0, within_s)

    async def logged(self, pattern, count=1, within_s=WITHIN_S):
        return await self.wait(lambda: len(re.findall(pattern, self.log)) >= count, within_s)

    # -- steps of many scenes -----------------------------------------------------------------------------------------

    async def charge(self, token=CARD, connector=1, amps=(16, 16, 16)):
        """Plug in, show a card, ask for energy, until the contactor is closed."""
        self.world("load", connector, amps=list(amps))
        self.cable("B", connector)
        await self.connector(lambda each: each["vehicle"] == "B", connector)
        self.tap(token, connector)
        await self.connector(lambda each: each["transaction"] is not None, connector)
        self.cable("C", connector)
        await self.charging(connector)

    async def charging(self, connector=1):
        await self.connector(lambda each: each["status"] == "Charging", connector)
        assert self.closed(connector)

    async def let_go(self, connector=1):
        """The vehicle is asked to stop (the pilot's PWM ends) and does."""
        await self.wait(lambda: self.look(connector)["duty"] in (0.0, 100.0))
        self.cable("B", connector)
        await self.opened(connector)

    async def finish(self, token=CARD, connector=1):
        """The card again, and the vehicle obeys; until the transaction has ended."""
        self.tap(token, connector)
        await self.let_go(connector)
        await self.connector(lambda each: each["transaction"] is None, connector)

    async def unplug(self, connector=1):
        self.cable("A", connector)
        await self.is_status("Available", connector)

    async def opened(self, connector=1, within_s=WITHIN_S):
        await self.wait(lambda: not self.closed(connector), within_s)

    async def drawn(self, wh, connector=1):
        """Wait until the meter has counted so much more."""
        begin = self.look(connector)["energy_wh"]
        await self.wait(lambda: self.look(connector)["energy_wh"] >= begin + wh)


def table(head, values):
    return [head, *(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in values.items())]


def last_frames(csms):
    return "\n".join(f"  {each}" for each in csms.conversation.exchanges[-2 * TOLD_AT_TIMEOUT :])


def played(folder, scene, *, versions=("ocpp1.6",), csms=None, within_s=90.0, strict=True, **how):
    """Run ``scene(csms, cp)`` with a box as the backend; ``how`` goes to `Station`. With ``strict`` the box must have
    nothing to complain about at the end."""

    async def go():
        async with asyncio.timeout(within_s), csms or Csms(versions) as backend:
            try:
                async with Station(folder, backend.url, versions=versions, **how) as cp:
                    await scene(backend, cp)
            except BaseException:
                sys.stderr.write(f"--- the last frames\n{last_frames(backend)}\n")
                raise
            if strict:
                assert backend.conversation.violations == []
                assert backend.ledger.oddities == []

    asyncio.run(go())
