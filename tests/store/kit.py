"""A store in two folders, records to put into it, and a way to wait for its thread."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, get_args

from hypothesis import strategies as st

from chargepoint.clock import Stamp
from chargepoint.core.commands import DataTransfer
from chargepoint.core.records import (
    ChargingState,
    Reason,
    Record,
    SecurityEvent,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.tokens import IdToken
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.store import Store
from chargepoint.store.batch import Rhythm
from chargepoint.store.opening import FILE
from chargepoint.store.tail import tail_path

CARD = IdToken("04A1B2C3")
NEVER = Rhythm(group=10**6, sample_s=3600.0, lazy_s=3600.0, progress_s=3600.0)


st.register_type_strategy(DataTransfer, st.builds(DataTransfer, st.text(), st.text(), st.none() | st.text()))


def any_of(union: Any) -> st.SearchStrategy[Any]:
    """Every member of a union of dataclasses; without not-a-number, which equals nothing."""
    members: st.SearchStrategy[Any] = st.one_of([st.from_type(kind) for kind in get_args(union)])
    return members.filter(lambda member: "nan" not in repr(member))


class Home:
    """The folders of one station; `open` as often as it starts. ``cut`` is a power cut: the tmpfs is empty then."""

    def __init__(self, folder: Path) -> None:
        self.state, self.run = folder / "state", folder / "run"
        self.durable: list[str] = []
        self.queue: list[int] = []
        self.fatal: list[Exception] = []
        self.opened: list[Store] = []

    def open(
        self, rhythm: Rhythm = NEVER, machine: str | None = None, mono: Callable[[], float] | None = None
    ) -> Store:
        store = Store.open(
            self.state,
            self.run,
            self.durable.append,
            self.queue.append,
            self.fatal.append,
            rhythm=rhythm,
            machine=machine,
            mono=mono or time.monotonic,
        )
        self.opened.append(store)
        return store

    def leave(self) -> None:
        """After a test, also one that failed half-way."""
        for store in self.opened:
            asyncio.run(store.close())

    @property
    def file(self) -> Path:
        return self.state / FILE

    @property
    def tail(self) -> Path:
        return tail_path(self.run, self.state)

    def cut(self) -> None:
        self.tail.unlink()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "store"]


async def until(true: Callable[[], Any], within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.002)


async def settled(store: Store) -> None:
    """Everything ordered so far is committed."""
    await store._ask(lambda tables: None, object)


async def queued(store: Store, limit: int = 10**6) -> list[Record]:
    return [entry.record for entry in await store.head(limit)]


def started(tx: str = "t1", mono: float = 1.0, boot: int = 1, energy_wh: float = 1000.0) -> TransactionStarted:
    stamp = Stamp(boot, mono)
    return TransactionStarted(tx, 1, stamp, 0, Trigger.AUTHORIZED, ChargingState.CHARGING, CARD, energy_wh)


def sample(tx: str = "t1", seq: int = 1, energy_wh: float | None = None, boot: int = 1) -> TransactionUpdated:
    at = Stamp(boot, 1.0 + seq)
    read = (
        () if energy_wh is None else (MeterValue(at, Context.PERIODIC, (Value(Measurand.ENERGY_IMPORT, energy_wh),)),)
    )
    return TransactionUpdated(tx, 1, at, seq, Trigger.METER_VALUE_PERIODIC, ChargingState.CHARGING, values=read)


def ended(tx: str = "t1", seq: int = 9, boot: int = 1) -> TransactionEnded:
    at = Stamp(boot, 1.0 + seq)
    return TransactionEnded(tx, 1, at, seq, Trigger.EV_DEPARTED, Reason.EV_DISCONNECTED, CARD, 2000.0)


def event(info: str = "") -> SecurityEvent:
    return SecurityEvent("StartupOfTheDevice", Stamp(1, 1.0), info)


def wide(seq: int, tx: str = "t1") -> TransactionUpdated:
    """A sample as a three-phase meter gives it: eight values, about 1.4 kB as a frame."""
    at = Stamp(1, 60.0 * seq, 1.8e9 + 60.0 * seq)
    phases: Sequence[tuple[Measurand, str]] = [
        (measurand, phase)
        for measurand in (Measurand.CURRENT_IMPORT, Measurand.VOLTAGE)
        for phase in ("L1", "L2", "L3")
    ]
    values = (
        Value(Measurand.ENERGY_IMPORT, 1000.0 + seq),
        Value(Measurand.POWER_IMPORT, 11040.0),
        *(Value(measurand, 16.0, phase) for measurand, phase in phases),
    )
    read = (MeterValue(at, Context.PERIODIC, values),)
    return TransactionUpdated(tx, 1, at, seq, Trigger.METER_VALUE_PERIODIC, ChargingState.CHARGING, values=read)
