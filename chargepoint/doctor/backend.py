"""The way to the backend, stage by stage: dns, tcp, tls, http, credentials, url, subprotocol, boot.

The first stage that makes the next one impossible is the last. Nothing that a trial found is used afterwards, except a
version that the station itself would have found out by offering one at a time.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection

from chargepoint.config.schema import Backend
from chargepoint.core.records import StationIdentity
from chargepoint.doctor import boot, handshake, names, running, tcp, tls, trials, upgrade
from chargepoint.doctor.finding import Level, Say, hidden, ok
from chargepoint.doctor.handshake import Kind, Outcome, Way
from chargepoint.doctor.patience import Patience
from chargepoint.doctor.trials import Trial
from chargepoint.ocpp.dialects import dialect
from chargepoint.sense.wallclock import kernel_is_synchronised, quality
from chargepoint.uplink.address import Address, address

PORTS = {"ws": 80, "wss": 443}
NOT_UNDERSTOOD, TOO_MANY = 400, 429


@dataclass(frozen=True)
class Surroundings:
    """What the examination takes of the machine; a test puts its own there."""

    utc: Callable[[], float]
    resolve: names.Resolve = names.by_the_system
    synchronised: Callable[[], bool] = kernel_is_synchronised
    patience: Patience = field(default_factory=Patience)


async def examine(
    backend: Backend,
    identity: str,
    station: StationIdentity,
    daemon: running.Running,
    force: bool,
    say: Say,
    around: Surroundings,
) -> None:
    """Tell each finding as soon as it is made. Raises ConfigError when a file of the configuration cannot be used."""
    where = address(backend, identity)
    secrets = trials.secrets(backend, identity, where.headers)
    await _Examination(backend, identity, station, where, lambda finding: say(hidden(finding, secrets)), around).run(
        daemon, force
    )


class _Examination:
    def __init__(
        self,
        backend: Backend,
        identity: str,
        station: StationIdentity,
        where: Address,
        say: Say,
        around: Surroundings,
    ) -> None:
        self._backend, self._identity, self._station, self._where = backend, identity, station, where
        self._say, self._around, self._patience = say, around, around.patience
        parts = urlsplit(where.url)
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._address = ""

    async def run(self, daemon: running.Running, force: bool) -> None:
        for finding in running.of_backend(daemon, force):
            self._say(finding)
        if not await self._reached():
            return
        if running.linked(daemon) and not force:
            return
        async with AsyncExitStack() as stack:
            ws = await self._upgraded(stack)
            if ws is not None and (daemon is None or force):
                await self._boot(*ws)

    # -- down to the wire -----------------------------------------------------------------------------------------

    async def _reached(self) -> bool:
        addresses, found = await names.look_up(self._host, self._port, self._around.resolve, self._patience.names_s)
        self._say(found)
        if not addresses:
            return False
        tried = await tcp.reach(addresses, self._port, self._patience.tcp_s)
        for finding in tcp.findings(tried, self._port):
            self._say(finding)
        if tried[-1].error is not None:
            return False
        self._address = tried[-1].address
        if self._where.tls is None:
            return True
        shown = await tls.shake(self._address, self._port, self._host, self._where.tls, self._patience.tls_s)
        for finding in tls.findings(shown, self._around.utc(), self._patience.tls_s):
            self._say(finding)
        return shown.error is None

    # -- the upgrade ------------------------------------------------------------------------------------------------

    async def _upgraded(self, stack: AsyncExitStack) -> tuple[ClientConnection, str] | None:
        """An open connection and its version, or None after the finding that says why not."""
        outcome, ws = await handshake.opened(self._way(self._backend.versions))
        if ws is not None:
            stack.push_async_callback(ws.close)
        if outcome.kind is Kind.OPEN:
            return await self._versions(stack, outcome, ws)
        if outcome.kind is Kind.STATUS:
            await self._status(outcome)
        else:
            self._say(upgrade.broken(outcome, self._patience.upgrade_s, self._secure, await self._speaks_tls()))
        return None

    async def _versions(
        self, stack: AsyncExitStack, main: Outcome, ws: ClientConnection | None
    ) -> tuple[ClientConnection, str] | None:
        how = "with this password" if self._where.headers else "without a password"
        self._say(ok(upgrade.HTTP, f"{self._where.shown} opens a WebSocket {how}"))
        alone: dict[str, Outcome] = {}
        if not main.chosen:
            for version in handshake.each_alone(self._backend.versions, upgrade.KNOWN):
                outcome = await self._try(self._way((version,)))
                alone[version] = outcome
                if outcome.chosen:
                    break
        found = upgrade.versions(self._backend.versions, main, alone)
        for finding in found:
            self._say(finding)
        if main.chosen and ws is not None:
            return ws, main.chosen
        if any(finding.level is Level.BAD for finding in found):
            return None
        version = next((each for each, outcome in alone.items() if outcome.chosen), self._backend.versions[0])
        if ws is not None:
            await ws.close()
        await asyncio.sleep(self._patience.pause_s)
        _, ws = await handshake.opened(self._way((version,)))
        if ws is None:
            return None
        stack.push_async_callback(ws.close)
        return ws, version

    async def _status(self, outcome: Outcome) -> None:
        if outcome.status in upgrade.REFUSED:
            options = trials.credentials(self._backend, self._identity)
            works, tried = await self._first(options)
            has_password = bool(self._where.headers)
            self._say(upgrade.refused(outcome, has_password, self._secure, tried, works))
            return
        if outcome.status == NOT_UNDERSTOOD and await self._speaks_tls():
            self._say(upgrade.broken(outcome, self._patience.upgrade_s, False, True))
            return
        self._say(upgrade.status(outcome))
        if outcome.status not in upgrade.ELSEWHERE:
            return
        for version in (
            handshake.each_alone(self._backend.versions, upgrade.SPOKEN) if outcome.status == NOT_UNDERSTOOD else ()
        ):
            alone = await self._try(self._way((version,)))
            if alone.opened:
                for finding in upgrade.versions(self._backend.versions, Outcome(Kind.OPEN), {version: alone}):
                    self._say(finding)
                return
        works, tried = await self._first(trials.places(self._backend.url, self._identity, self._where.headers))
        self._say(upgrade.elsewhere(works, tried))

    async def _first(self, options: Sequence[Trial]) -> tuple[str, int]:
        """The advice of the first trial that is let in, and how many were tried."""
        tried = 0
        for trial in options:
            way = replace(self._way(self._backend.versions), url=trial.url, headers=trial.headers)
            outcome = await self._try(way)
            tried += 1
            if outcome.opened:
                return trial.advice, tried
            if outcome.status == TOO_MANY:
                break
        return "", tried

    async def _try(self, way: Way) -> Outcome:
        await asyncio.sleep(self._patience.pause_s)
        return await handshake.attempt(way)

    def _way(self, offered: Sequence[str]) -> Way:
        where, patience = self._where, self._patience
        return Way(
            url=where.url,
            address=self._address,
            port=self._port,
            headers=where.headers,
            tls=where.tls,
            offered=tuple(offered),
            within_s=patience.upgrade_s,
            closing_s=patience.closing_s,
        )

    @property
    def _secure(self) -> bool:
        return self._where.tls is not None

    async def _speaks_tls(self) -> bool:
        """Does the port of a ws:// URL want wss://?"""
        if self._secure:
            return False
        return await tls.peek(self._address, self._port, self._host, self._patience.tls_s) is not None

    # -- the boot ---------------------------------------------------------------------------------------------------

    async def _boot(self, ws: ClientConnection, version: str) -> None:
        within_s, utc = self._patience.boot_s, self._around.utc
        booted = await boot.boot(ws, dialect(version), self._station, utc, within_s)
        now = utc()
        for finding in boot.findings(booted, within_s, now, quality(now, self._around.synchronised())):
            self._say(finding)
