"""The transaction ledger of a backend in a box: what it would bill, and what it would wonder about.

Money hangs on it, so it looks for everything a careful operator looks for: an event that arrives twice, a hole in the
sequence numbers, a stop for a transaction nobody started, a register that runs backwards. It never corrects anything.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

REGISTER = "Energy.Active.Import.Register"
SCALES = {"kWh": 1000.0, "kW": 1000.0}
BASE = {"kWh": "Wh", "kW": "W"}


@dataclass(frozen=True)
class Sample:
    """One sampled value in the base unit (Wh, W, A, V ...); ``phase`` is empty for the sum."""

    at: str
    measurand: str
    value: float
    unit: str
    context: str
    phase: str = ""


@dataclass
class Booked:
    """One transaction. ``id`` is the transaction id as text in both versions; times are as they were sent."""

    station: str
    id: str
    evse: int
    token: str = ""
    started_at: str = ""
    start_wh: float | None = None
    stopped_at: str = ""
    stop_wh: float | None = None
    stop_token: str = ""
    reason: str = ""
    reservation: int | None = None
    remote_start: int | None = None
    samples: list[Sample] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    offline: int = 0

    @property
    def ended(self) -> bool:
        return bool(self.stopped_at)

    @property
    def energy_wh(self) -> float | None:
        """What would be billed; None while one end is missing."""
        return None if self.start_wh is None or self.stop_wh is None else self.stop_wh - self.start_wh

    @property
    def gaps(self) -> list[int]:
        """Sequence numbers that are missing between 0 and the highest seen (2.x)."""
        return sorted(set(range(max(self.seqs, default=-1) + 1)) - set(self.seqs))

    def registers(self) -> list[Sample]:
        """The summed energy register as it was measured: the end of a transaction may tell earlier readings again."""
        told = [each for each in self.samples if each.measurand == REGISTER and not each.phase]
        return sorted(told, key=lambda sample: sample.at)


class Ledger:
    """``numbers`` gives the transaction ids of 1.6; replace it to be a backend that repeats them, or begins at 0.

    ``oddities`` says in one sentence each what a careful operator would ask about; ``duplicates`` counts what was
    booked before with the same content, which is not booked again.
    """

    def __init__(self) -> None:
        self.transactions: list[Booked] = []
        self.oddities: list[str] = []
        self.duplicates: list[tuple[str, str, Any]] = []
        self.numbers: Iterator[int] = itertools.count(1001)
        self._content: dict[str, Booked] = {}

    def find(self, station: str, id: object) -> Booked | None:
        """The latest transaction of this station with this id."""
        return next((t for t in reversed(self.transactions) if t.station == station and t.id == str(id)), None)

    def open(self) -> list[Booked]:
        return [each for each in self.transactions if not each.ended]

    # -- OCPP 1.6 ---------------------------------------------------------------------------------------------------

    def start(self, station: str, payload: dict[str, Any]) -> Booked:
        """StartTransaction.req; the same content twice gets the same transaction."""
        if known := self._repeated(station, "StartTransaction", payload):
            return known
        tx = Booked(station, str(next(self.numbers)), payload["connectorId"], payload["idTag"])
        tx.started_at, tx.start_wh = payload["timestamp"], float(payload["meterStart"])
        tx.reservation = payload.get("reservationId")
        return self._book(tx, "StartTransaction", payload)

    def stop(self, station: str, payload: dict[str, Any]) -> Booked | None:
        """StopTransaction.req."""
        if known := self._repeated(station, "StopTransaction", payload):
            return known
        tx = self.find(station, payload["transactionId"])
        if tx is None:
            self._wonder(f"{station} stops transaction {payload['transactionId']}, which nobody started")
            return None
        if tx.ended:
            self._wonder(f"{station} stops transaction {tx.id} a second time")
        tx.stopped_at, tx.stop_wh = payload["timestamp"], float(payload["meterStop"])
        tx.reason, tx.stop_token = payload.get("reason", "Local"), payload.get("idTag", "")
        self._measure(tx, payload.get("transactionData", []))
        return self._remember(tx, "StopTransaction", payload)

    def measure(self, station: str, payload: dict[str, Any]) -> Booked | None:
        """MeterValues.req of a 1.6 transaction."""
        if known := self._repeated(station, "MeterValues", payload):
            return known
        tx = self.find(station, payload["transactionId"])
        if tx is None:
            self._wonder(f"{station} measures transaction {payload['transactionId']}, which nobody started")
            return None
        self._measure(tx, payload["meterValue"])
        return self._remember(tx, "MeterValues", payload)

    # -- OCPP 2.0.1 -------------------------------------------------------------------------------------------------

    def event(self, station: str, payload: dict[str, Any]) -> Booked:
        """TransactionEvent.req."""
        if known := self._repeated(station, "TransactionEvent", payload):
            return known
        info, kind = payload["transactionInfo"], payload["eventType"]
        tx = self.find(station, info["transactionId"])
        if tx is None:
            if kind != "Started":
                self._wonder(f"{station} begins transaction {info['transactionId']} with {kind}")
            tx = Booked(station, info["transactionId"], payload.get("evse", {}).get("id", 0))
            self.transactions.append(tx)
        elif kind == "Started" or tx.ended:
            self._wonder(f"{station} sends {kind} for transaction {tx.id} after its {'end' if tx.ended else 'start'}")
        if payload["seqNo"] in tx.seqs:
            self._wonder(f"{station} uses sequence number {payload['seqNo']} of transaction {tx.id} for two events")
        tx.seqs.append(payload["seqNo"])
        tx.triggers.append(payload["triggerReason"])
        tx.offline += bool(payload.get("offline"))
        if "chargingState" in info:
            tx.states.append(info["chargingState"])
        if "evse" in payload:
            tx.evse = payload["evse"]["id"]
        tx.reservation = payload.get("reservationId", tx.reservation)
        tx.remote_start = info.get("remoteStartId", tx.remote_start)
        token = payload.get("idToken", {}).get("idToken", "")
        self._measure(tx, payload.get("meterValue", []))
        if kind == "Started":
            tx.started_at = payload["timestamp"]
        if kind == "Ended":
            tx.stopped_at, tx.stop_token = payload["timestamp"], token
            tx.reason = info.get("stoppedReason", "Local")
        else:
            tx.token = token or tx.token
        if registers := [each.value for each in tx.registers()]:
            tx.start_wh = registers[0]
            tx.stop_wh = registers[-1] if tx.ended else None
        return self._remember(tx, "TransactionEvent", payload)

    # -- both -------------------------------------------------------------------------------------------------------

    def _measure(self, tx: Booked, meter_values: list[dict[str, Any]]) -> None:
        if not meter_values:
            return
        for meter_value in meter_values:
            for sampled in meter_value["sampledValue"]:
                tx.samples.append(_sample(meter_value["timestamp"], sampled))
        registers = [each.value for each in tx.registers()]
        if any(later < earlier for earlier, later in itertools.pairwise(registers)):
            self._wonder(f"the register of transaction {tx.id} runs backwards: {registers}")

    def _repeated(self, station: str, action: str, payload: dict[str, Any]) -> Booked | None:
        known = self._content.get(_content(station, action, payload))
        if known is not None:
            self.duplicates.append((station, action, payload))
        return known

    def _book(self, tx: Booked, action: str, payload: dict[str, Any]) -> Booked:
        self.transactions.append(tx)
        return self._remember(tx, action, payload)

    def _remember(self, tx: Booked, action: str, payload: dict[str, Any]) -> Booked:
        self._content[_content(tx.station, action, payload)] = tx
        return tx

    def _wonder(self, text: str) -> None:
        self.oddities.append(text)


def _content(station: str, action: str, payload: dict[str, Any]) -> str:
    return json.dumps([station, action, payload], sort_keys=True)


def _sample(at: str, sampled: dict[str, Any]) -> Sample:
    """A SampledValue of either version: 1.6 has text and ``unit``, 2.0.1 a number and ``unitOfMeasure``."""
    of = sampled.get("unitOfMeasure", {})
    unit = sampled.get("unit") or of.get("unit", "Wh")
    value = float(sampled["value"]) * SCALES.get(unit, 1.0) * 10.0 ** of.get("multiplier", 0)
    return Sample(
        at,
        sampled.get("measurand", REGISTER),
        value,
        BASE.get(unit, unit),
        sampled.get("context", "Sample.Periodic"),
        sampled.get("phase", ""),
    )
