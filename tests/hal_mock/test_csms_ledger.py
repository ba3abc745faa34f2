"""The ledger of the backend in a box: what it books, and what it wonders about."""

import itertools

from hal_mock.csms_ledger import Ledger, Sample

TX = "5f0f0c36"
T1, T2, T3 = "2025-06-15T15:06:40.000Z", "2025-06-15T15:07:40.000Z", "2025-06-15T15:08:40.000Z"


def start(**more):
    return {"connectorId": 1, "idTag": "A", "meterStart": 100, "timestamp": T1} | more


def stop(**more):
    return {"transactionId": 1001, "meterStop": 350, "timestamp": T3} | more


def reading(at, wh, **more):
    return {"timestamp": at, "sampledValue": [{"value": wh} | more]}


def event(kind, seq, **more):
    info = {"transactionId": TX} | more.pop("info", {})
    return {
        "eventType": kind,
        "seqNo": seq,
        "timestamp": T1,
        "triggerReason": "Trigger",
        "transactionInfo": info,
    } | more


def test_a_transaction_of_1_6():
    ledger = Ledger()
    tx = ledger.start("CP1", start(reservationId=5))
    assert (tx.id, tx.ended, tx.energy_wh, tx.reservation) == ("1001", False, None, 5)
    assert ledger.open() == [tx]
    ledger.measure("CP1", {"connectorId": 1, "transactionId": 1001, "meterValue": [reading(T2, "0.2", unit="kWh")]})
    assert ledger.stop("CP1", stop(reason="EVDisconnected", idTag="A")) is tx
    assert (tx.ended, tx.energy_wh, tx.reason, tx.stop_token) == (True, 250.0, "EVDisconnected", "A")
    assert tx.samples == [Sample(T2, "Energy.Active.Import.Register", 200.0, "Wh", "Sample.Periodic")]
    assert ledger.open() == ledger.oddities == ledger.duplicates == []


def test_a_repeated_message_is_booked_once_and_noticed():
    ledger = Ledger()
    tx = ledger.start("CP1", start())
    assert ledger.start("CP1", start()) is tx
    values = {"connectorId": 1, "transactionId": 1001, "meterValue": [reading(T2, "150")]}
    for _ in range(2):
        ledger.measure("CP1", values)
    ledger.stop("CP1", stop())
    ledger.stop("CP1", stop())
    assert [action for _, action, _ in ledger.duplicates] == ["StartTransaction", "MeterValues", "StopTransaction"]
    assert len(ledger.transactions) == len(tx.samples) == 1
    assert ledger.oddities == []


def test_the_same_content_of_another_station_is_another_transaction():
    ledger = Ledger()
    assert ledger.start("CP1", start()) is not ledger.start("CP2", start())


def test_a_backend_that_repeats_its_numbers():
    ledger = Ledger()
    ledger.numbers = itertools.repeat(0)
    first = ledger.start("CP1", start())
    ledger.stop("CP1", stop(transactionId=0))
    second = ledger.start("CP1", start(timestamp=T2))
    ledger.stop("CP1", stop(transactionId=0, meterStop=400))
    assert (first.id, first.energy_wh, second.id, second.energy_wh) == ("0", 250.0, "0", 300.0)


def test_oddities_of_1_6():
    ledger = Ledger()
    assert ledger.stop("CP1", stop()) is None
    assert ledger.measure("CP1", {"transactionId": 7, "meterValue": []}) is None
    ledger.start("CP1", start())
    ledger.stop("CP1", stop(transactionData=[reading(T1, "10"), reading(T2, "5")]))
    ledger.stop("CP1", stop(meterStop=351))
    assert ledger.oddities == [
        "CP1 stops transaction 1001, which nobody started",
        "CP1 measures transaction 7, which nobody started",
        "the register of transaction 1001 runs backwards: [10.0, 5.0]",
        "CP1 stops transaction 1001 a second time",
    ]


def test_a_transaction_of_2_0_1():
    ledger = Ledger()
    ledger.event(
        "CP1",
        event(
            "Started",
            0,
            idToken={"idToken": "A", "type": "Central"},
            evse={"id": 2},
            offline=True,
            reservationId=4,
            meterValue=[reading(T1, 1000, context="Transaction.Begin")],
            info={"remoteStartId": 9, "chargingState": "EVConnected"},
        ),
    )
    ledger.event("CP1", event("Updated", 1, info={"chargingState": "Charging"}))
    tx = ledger.event(
        "CP1",
        event(
            "Ended",
            2,
            timestamp=T3,
            info={"stoppedReason": "Remote"},
            meterValue=[
                reading(T1, 1, unitOfMeasure={"unit": "kWh"}),
                reading(T3, 25, unitOfMeasure={"unit": "Wh", "multiplier": 2}, context="Transaction.End"),
                reading(T3, 16, measurand="Current.Import", phase="L1", unitOfMeasure={"unit": "A"}),
            ],
        ),
    )
    assert (tx.id, tx.evse, tx.token, tx.offline, tx.reservation, tx.remote_start) == (TX, 2, "A", 1, 4, 9)
    assert (tx.started_at, tx.stopped_at, tx.reason, tx.stop_token) == (T1, T3, "Remote", "")
    assert (tx.start_wh, tx.stop_wh, tx.energy_wh) == (1000.0, 2500.0, 1500.0)
    assert (tx.seqs, tx.gaps, tx.states) == ([0, 1, 2], [], ["EVConnected", "Charging"])
    assert tx.samples[-1] == Sample(T3, "Current.Import", 16.0, "A", "Sample.Periodic", "L1")
    assert ledger.find("CP1", TX) is tx
    assert ledger.find("CP2", TX) is None
    assert ledger.oddities == []


def test_oddities_of_2_0_1():
    ledger = Ledger()
    ledger.event("CP1", event("Updated", 1))
    ledger.event("CP1", event("Started", 1))
    ledger.event("CP1", event("Updated", 4))
    ledger.event("CP1", event("Updated", 4))
    tx = ledger.event("CP1", event("Ended", 5))
    ledger.event("CP1", event("Updated", 6))
    assert tx.gaps == [0, 2, 3]
    assert len(ledger.duplicates) == 1
    assert ledger.oddities == [
        f"CP1 begins transaction {TX} with Updated",
        f"CP1 sends Started for transaction {TX} after its start",
        f"CP1 uses sequence number 1 of transaction {TX} for two events",
        f"CP1 sends Updated for transaction {TX} after its end",
    ]
    assert (tx.reason, tx.energy_wh) == ("Local", None)
