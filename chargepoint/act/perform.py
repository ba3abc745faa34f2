"""Effects -> deeds: the one place where the core's orders leave it. Nothing here waits: what is slow (a disk, a lock,
the network) is handed to its owner."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from chargepoint.core import effects
from chargepoint.core.effects import Effect
from chargepoint.core.records import Report
from chargepoint.hal import Devices
from chargepoint.store import Store

log = logging.getLogger("chargepoint.station")


class Guarding(Protocol):
    def drive(self, effect: effects.Drive) -> None: ...


class Backend(Protocol):
    def tell(self, report: Report, asked: bool) -> None: ...

    def answer(self, effect: effects.Answer) -> None: ...

    def wake(self) -> None: ...


class Performer:
    """``latch`` moves a lock (evse, engaged); ``reboot`` ends the process in good order."""

    def __init__(
        self,
        guard: Guarding,
        backend: Backend | None,
        store: Store,
        devices: Mapping[int, Devices],
        latch: Callable[[int, bool], None],
        reboot: Callable[[effects.Reboot], None],
    ) -> None:
        self._guard, self._backend, self._store, self._devices = guard, backend, store, devices
        self._deeds: dict[type[Any], Callable[[Any], None]] = {
            effects.Drive: guard.drive,
            effects.Latch: lambda e: latch(e.evse, e.engaged),
            effects.Shine: self._shine,
            effects.Keep: self._keep,
            effects.Tell: self._tell,
            effects.Checkpoint: lambda e: store.checkpoint(e.tx, e.seq, e.energy_wh, e.at),
            effects.Answer: self._answer,
            effects.Remember: lambda e: store.remember(e.token, e.info),
            effects.ForgetTokens: lambda _: store.forget_tokens(),
            effects.KeepSetting: lambda e: store.keep_setting(e.name, e.value),
            effects.KeepAvailability: lambda e: store.keep_availability(e.evse, e.operative),
            effects.KeepReservation: lambda e: store.keep_reservation(e.id, e.evse, e.token, e.expires_utc, e.group),
            effects.Reboot: reboot,
            effects.Say: _say,
        }

    def perform(self, effect: Effect) -> None:
        self._deeds[type(effect)](effect)

    def _shine(self, effect: effects.Shine) -> None:
        lights = self._devices[effect.evse].lights
        if lights is not None:
            lights.show(effect.light)

    def _keep(self, effect: effects.Keep) -> None:
        self._store.keep(effect.record)
        if self._backend is not None:
            self._backend.wake()

    def _tell(self, effect: effects.Tell) -> None:
        if self._backend is not None:
            self._backend.tell(effect.report, effect.asked)

    def _answer(self, effect: effects.Answer) -> None:
        if effect.outcome.reason:
            log.info("%s: %s (%s)", type(effect.command).__name__, effect.outcome.result.value, effect.outcome.reason)
        if self._backend is not None:
            self._backend.answer(effect)


def _say(effect: effects.Say) -> None:
    where = f"connector {effect.evse}: " if effect.evse else ""
    log.log(logging.WARNING if effect.warning else logging.INFO, "%s%s", where, effect.text)
