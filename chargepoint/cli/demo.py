"""`chargepoint demo`: one charging session to look at, with everything real but the wires.

The daemon and its guard run as they do on a charger; vehicle, contactor, meter and cards are the mock world; the
backend is the one in a box, in this process. The story ends by itself with a summary.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from chargepoint.cli.exits import Exit
from chargepoint.cli.paint import Span, Style, paint
from chargepoint.cli.screen import style_of
from chargepoint.errors import CommandError
from chargepoint.hal import DeviceUnavailable

if TYPE_CHECKING:
    from hal_mock.csms import Csms
    from hal_mock.csms_record import Exchange

VERSIONS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
CARD = "04A1B2C3"
CHARGE_S, OUTAGE_S = 8.0, 6.0
BAR = 30

CONFIG = """
[station]
id = "DEMO"
state_dir = {state}
run_dir = {run}
log_level = "warning"

[[backend]]
url = {url}
versions = [{version}]

[board]
name = "mock"

[[connector]]
max_amps = 32.0
rest_s = 1.0
meter_period_s = 0.5

[settings]
MeterValueSampleInterval = 2
"OCPPCommCtrlr.RetryBackOffWaitMinimum" = 1
"OCPPCommCtrlr.RetryBackOffRandomRange" = 0
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--ocpp", choices=VERSIONS, default="2.0.1", help="the version the backend speaks")
    parser.add_argument("--fast", action="store_true", help="shorter pauses")


def run(args: Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="chargepoint-demo-") as folder:
        return asyncio.run(Demo(Path(folder), VERSIONS[args.ocpp], 0.4 if args.fast else 1.0).play())


class Teller:
    """Prints the story; on a terminal the meter stays on the last line."""

    def __init__(self) -> None:
        self.style: Style = style_of(sys.stdout)
        self._began = monotonic()
        self._bar = ""

    def step(self, text: str) -> None:
        self._line([Span("")])
        self._line([Span("* ", "good"), Span(text, "head")])

    def heard(self, exchange: "Exchange") -> None:
        arrow, colour = ("->", "") if exchange.direction == "received" else ("<-", "warn")
        when = f"{monotonic() - self._began:6.1f} s  "
        self._line([Span(when, "dim"), Span(f"{arrow} {exchange.action:<19}", colour), Span(told(exchange), "dim")])

    def meter(self, connector: dict[str, Any], queue: int) -> None:
        power_kw = (connector["measured"]["power_w"] or 0.0) / 1000
        energy_wh = (connector["transaction"] or {}).get("energy_wh", 0.0)
        full = min(BAR, round(power_kw / 22.1 * BAR))
        shape = "█" * full + "·" * (BAR - full) if self.style.unicode else "#" * full + "." * (BAR - full)
        self._bar = paint(
            [
                Span(f"  {connector['status']:<12} "),
                Span(shape, "good"),
                Span(f" {power_kw:4.1f} kW  {energy_wh:6.1f} Wh"),
                Span(f"  queue {queue}", "warn" if queue else "dim"),
            ],
            self.style,
        )
        if sys.stdout.isatty():
            sys.stdout.write(f"\r\x1b[K{self._bar}")
            sys.stdout.flush()

    def mark(self) -> None:
        """Leave the meter standing in the story."""
        bar, self._bar = self._bar, ""
        if bar:
            sys.stdout.write("\r\x1b[K" if sys.stdout.isatty() else "")
            print(bar, flush=True)

    def _line(self, spans: list[Span]) -> None:
        if sys.stdout.isatty():
            sys.stdout.write("\r\x1b[K")
        print(paint(spans, self.style), flush=True)
        if sys.stdout.isatty() and self._bar:
            sys.stdout.write(self._bar)
            sys.stdout.flush()


class Demo:
    """``pace`` stretches the pauses between the steps."""

    def __init__(self, folder: Path, version: str, pace: float) -> None:
        self._folder, self._version, self._pace = folder, version, pace
        self._tell = Teller()
        self._run_dir = folder / "run"
        self._queue = 0

    async def play(self) -> int:
        from hal_mock.csms import Csms

        began = monotonic()
        async with Csms([self._version]) as csms:
            csms.conversation.follower = self._tell.heard
            self._tell.step(f"A backend listens at {csms.url}; the station starts: daemon, guard process, mock world")
            async with self._station(csms):
                await self._story(csms)
                await self._settled(lambda status: status["backend"]["queue"] == 0)
                return self._summary(csms, monotonic() - began)

    async def _story(self, csms: "Csms") -> None:
        await csms.online(within_s=20)
        await self._settled(lambda status: status["station"]["guard"] and status["backend"]["state"] == "online")
        await self._pause(1)
        self._tell.step("A car is plugged in")
        self._world(op="cable", connector=1, state="B")
        await self._pause(1.5)
        self._tell.step(
            "Its driver shows a card; the backend is asked, and the start is on disk before energy may flow"
        )
        self._world(op="load", connector=1, amps=[32, 32, 32])
        self._world(op="rfid", token=CARD, connectors=[1])
        await self._pause(1.5)
        self._tell.step("The car asks for power: the guard closes the contactor")
        self._world(op="cable", connector=1, state="C")
        await self._pause(CHARGE_S)
        self._tell.mark()
        self._tell.step("The backend goes away. Charging goes on, what it must learn waits in the queue")
        await csms.away()
        await self._pause(OUTAGE_S)
        self._tell.mark()
        self._tell.step("The backend is back and gets everything, in order")
        await csms.back()
        self._world(op="network", up=True)
        await self._settled(lambda status: status["backend"]["queue"] == 0)
        await self._pause(1.5)
        self._tell.step("The same card again: the car is asked to stop, then the contactor opens")
        self._world(op="rfid", token=CARD, connectors=[1])
        await self._pause(0.7)
        self._world(op="cable", connector=1, state="B")
        await self._pause(2)
        self._tell.step("The car is unplugged")
        self._world(op="cable", connector=1, state="A")
        await self._pause(1.5)

    def _summary(self, csms: "Csms", seconds: float) -> int:
        from chargepoint.cli.panel import ask

        booked = next(iter(csms.ledger.transactions), None)
        queue = ask(str(self._run_dir / "control.sock"), {"ask": "status"})["status"]["backend"]["queue"]
        real_wh = self._world(op="look", connector=1)["energy_wh"]
        energy_wh = booked.energy_wh if booked is not None else None
        violations = len(csms.conversation.violations) + len(csms.ledger.oddities)
        fine = energy_wh is not None and abs(energy_wh - real_wh) <= 1 and queue == 0 and not violations
        self._tell.step("What it came to")
        rows = [
            ("energy", f"{energy_wh or 0:.0f} Wh billed by the backend, {real_wh:.0f} Wh counted by the meter"),
            ("duration", f"{seconds:.0f} s, with {OUTAGE_S * self._pace:.0f} s without a backend"),
            ("messages", f"{len(csms.conversation.exchanges)} exchanged in {VERSIONS_BY_NAME[self._version]}"),
            ("protocol", f"{violations} violations seen by the backend"),
            ("queue", "empty" if queue == 0 else f"{queue} records still wait"),
        ]
        for name, text in rows:
            print(f"  {name:<10}{text}")
        print(f"\n  {'Everything arrived.' if fine else 'Something is wrong.'}\n")
        return Exit.OK if fine else Exit.PROBLEMS

    # -- the station as a process ------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _station(self, csms: "Csms") -> AsyncIterator[None]:
        config = self._folder / "demo.toml"
        config.write_text(
            CONFIG.format(
                state=json.dumps(str(self._folder / "state")),
                run=json.dumps(str(self._run_dir)),
                url=json.dumps(csms.url),
                version=json.dumps(self._version),
            )
        )
        log = (self._folder / "log").open("wb")
        daemon = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "chargepoint", "run", "--config", str(config)),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=log,
        )
        try:
            yield
        except TimeoutError:
            print((self._folder / "log").read_text(errors="replace"), file=sys.stderr)
            raise CommandError("the station did not come up; its log stands above") from None
        finally:
            if daemon.returncode is None:
                daemon.terminate()
            await daemon.wait()
            log.close()
            with contextlib.suppress(DeviceUnavailable):
                self._world(op="end")

    def _world(self, **request: Any) -> dict[str, Any]:
        from hal_mock.control import request as send

        return send(str(self._run_dir / "world.sock"), request)

    async def _status(self) -> dict[str, Any] | None:
        from chargepoint.cli.exits import UnreachableError
        from chargepoint.cli.panel import ask

        try:
            status: dict[str, Any] = ask(str(self._run_dir / "control.sock"), {"ask": "status"})["status"]
        except UnreachableError:
            return None
        self._tell.meter(status["connectors"][0], status["backend"]["queue"])
        return status

    async def _pause(self, seconds: float) -> None:
        until = monotonic() + seconds * self._pace
        while monotonic() < until:
            await self._status()
            await asyncio.sleep(0.2)

    async def _settled(self, holds: Callable[[dict[str, Any]], bool], within_s: float = 20.0) -> None:
        """Wait until the station is like that; the story goes on all the same when it takes too long."""
        until = monotonic() + within_s
        while monotonic() < until:
            status = await self._status()
            if status is not None and holds(status):
                return
            await asyncio.sleep(0.1)


VERSIONS_BY_NAME = {subprotocol: f"OCPP {name}" for name, subprotocol in VERSIONS.items()}


def told(exchange: "Exchange") -> str:
    """The few words of an exchange that a reader wants."""
    payload = exchange.payload
    found = [str(payload[key]) for key in SHOWN if key in payload]
    info = payload.get("transactionInfo", {})
    found += [str(info[key]) for key in ("chargingState", "stoppedReason") if key in info]
    if isinstance(exchange.answer, dict):
        inner = exchange.answer.get("idTagInfo") or exchange.answer.get("idTokenInfo") or exchange.answer
        found += [f"= {inner['status']}"] if "status" in inner else []
    return "  ".join(found)


SHOWN = (
    "status",
    "connectorStatus",
    "eventType",
    "triggerReason",
    "seqNo",
    "offline",
    "meterStart",
    "meterStop",
    "reason",
)
