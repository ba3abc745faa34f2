from dataclasses import fields
from typing import get_args

import pytest

from chargepoint.core.faults import CATALOGUE
from chargepoint.core.records import (
    Authorize,
    Boot,
    BootReason,
    ConnectorStatus,
    DataTransferred,
    Heartbeat,
    Measured,
    Message,
    Reason,
    SecurityEvent,
    StationIdentity,
    StatusIs,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from chargepoint.core.values import Context, Measurand, MeterValue, Value
from chargepoint.ocpp.dialect import Call
from chargepoint.ocpp.v16.dialect import V16
from tests.ocpp.station16 import (
    AT,
    CARD,
    IDENTITY,
    NOON_TEXT,
    OTHER_CARD,
    Numbers,
    dated,
    ended,
    said,
    started,
    updated,
    values,
)


def test_boot():
    assert said(Boot(IDENTITY, BootReason.POWER_UP)).payload == {
        "chargePointVendor": "Vendor",
        "chargePointModel": "Model",
        "chargePointSerialNumber": "S1",
        "firmwareVersion": "1.0",
        "meterType": "SDM630",
        "meterSerialNumber": "M1",
        "iccid": "89",
        "imsi": "26",
    }
    assert said(Boot(StationIdentity("V", "M"), BootReason.UNKNOWN)).payload == {
        "chargePointVendor": "V",
        "chargePointModel": "M",
    }


def test_j25_text_is_cut_to_what_the_schema_allows():
    wide = StationIdentity(*("ü€😀" * 30 for _ in fields(StationIdentity)))
    payload = said(Boot(wide, BootReason.POWER_UP)).payload
    assert payload["chargePointVendor"] == ("ü€😀" * 7)[:20]
    assert len(said(StatusIs(1, ConnectorStatus.FAULTED, AT, "other", "x" * 99)).payload["info"]) == 50
    event = said(SecurityEvent("k" * 99, AT, "i" * 999)).payload
    assert (len(event["type"]), len(event["techInfo"])) == (50, 255)
    transfer = said(DataTransferred("v" * 999, "m" * 99, "d" * 999)).payload
    assert [len(text) for text in transfer.values()] == [255, 50, 999]


def test_heartbeat_and_authorize():
    assert said(Heartbeat()) == Call("Heartbeat", {})
    assert said(Authorize(CARD)) == Call("Authorize", {"idTag": "04A1B2C3"})


def test_status():
    assert said(StatusIs(1, ConnectorStatus.SUSPENDED_EV, AT)) == Call(
        "StatusNotification",
        {"connectorId": 1, "errorCode": "NoError", "status": "SuspendedEV", "timestamp": NOON_TEXT},
    )
    assert said(StatusIs(1, ConnectorStatus.AVAILABLE, AT, info="hello")).payload["info"] == "hello"


@pytest.mark.parametrize("fault", CATALOGUE.values(), ids=CATALOGUE)
def test_every_fault_of_the_catalogue_can_be_told(fault):
    payload = said(StatusIs(1, ConnectorStatus.FAULTED, AT, fault.id)).payload
    assert payload["errorCode"] == fault.code16
    assert payload["info"] == fault.title
    assert payload.get("vendorErrorCode", "") == fault.mrec
    assert ("vendorId" in payload) == bool(fault.mrec)


def test_a_fault_outside_the_catalogue_is_some_other_error():
    payload = said(StatusIs(1, ConnectorStatus.FAULTED, AT, "never heard of", "smoke")).payload
    assert (payload["errorCode"], payload["info"]) == ("OtherError", "smoke")


@pytest.mark.parametrize("status", ConnectorStatus)
def test_connector_0_is_available_unavailable_or_faulted(status):
    told = said(StatusIs(0, status, AT)).payload["status"]
    assert told == (status.value if status.value in ("Available", "Unavailable", "Faulted") else "Available")
    assert said(StatusIs(2, status, AT)).payload["status"] == status.value


def test_start():
    assert said(started()) == Call(
        "StartTransaction", {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 1000, "timestamp": NOON_TEXT}
    )
    assert said(started(reservation=0)).payload["reservationId"] == 0


@pytest.mark.parametrize(("wh", "meter"), [(0.5, 1), (1.5, 2), (1.49, 1), (0.0, 0), (2.5, 3)])
def test_registers_are_integers_rounded_half_up(wh, meter):
    assert said(started(energy_wh=wh)).payload["meterStart"] == meter
    assert said(ended(energy_wh=wh)).payload["meterStop"] == meter


def test_an_update_is_told_by_its_values_only():
    assert V16().encode(updated(), dated, Numbers()) == []
    assert V16().encode(updated(values=(MeterValue(AT, Context.PERIODIC, ()),)), dated, Numbers()) == []
    assert said(updated(values=values(Measurand.ENERGY_IMPORT))) == Call(
        "MeterValues",
        {
            "connectorId": 1,
            "transactionId": 7,
            "meterValue": [
                {
                    "timestamp": NOON_TEXT,
                    "sampledValue": [
                        {
                            "value": "1.5",
                            "context": "Sample.Periodic",
                            "measurand": "Energy.Active.Import.Register",
                            "unit": "Wh",
                        }
                    ],
                }
            ],
        },
    )


@pytest.mark.parametrize("number", [0, -1, -(2**31), 2**40])
def test_j15_the_number_of_a_transaction_is_said_as_it_was_told(number):
    assert said(ended(), Numbers(number=number)).payload["transactionId"] == number
    assert said(updated(values=values(Measurand.VOLTAGE)), Numbers(number=number)).payload["transactionId"] == number


def test_j15_a_number_that_is_text_goes_back_as_text():
    (call,) = V16().encode(ended(), dated, Numbers(number="abc"))
    assert call.payload["transactionId"] == "abc"


def test_a_transaction_never_confirmed_is_number_minus_one():
    assert said(ended(), Numbers(tx="another")).payload["transactionId"] == -1


def test_stop():
    assert said(ended()) == Call(
        "StopTransaction",
        {"transactionId": 7, "meterStop": 2001, "timestamp": NOON_TEXT, "reason": "Local", "idTag": "04A1B2C3"},
    )
    assert said(ended(token=OTHER_CARD)).payload["idTag"] == "DEADBEEF"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_word(reason):
    said(ended(reason))


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.IMMEDIATE_RESET, "HardReset"),
        (Reason.TIMEOUT, "Other"),
        (Reason.GROUND_FAULT, "Other"),
        (Reason.EV_DISCONNECTED, "EVDisconnected"),
        (Reason.DE_AUTHORIZED, "DeAuthorized"),
        (Reason.POWER_LOSS, "PowerLoss"),
    ],
)
def test_reasons_of_2x_are_narrowed(reason, word):
    assert said(ended(reason)).payload["reason"] == word


def test_begin_and_end_values_ride_in_the_stop():
    begin, end = (
        values(Measurand.ENERGY_IMPORT, context=Context.BEGIN),
        values(Measurand.ENERGY_IMPORT, context=Context.END),
    )
    data = said(ended(values=begin + end)).payload["transactionData"]
    assert [entry["sampledValue"][0]["context"] for entry in data] == ["Transaction.Begin", "Transaction.End"]


@pytest.mark.parametrize("measurand", Measurand)
@pytest.mark.parametrize("context", Context)
def test_every_measurand_can_be_told_in_every_message(measurand, context):
    value = values(measurand, context=context)
    sampled = said(updated(values=value)).payload["meterValue"][0]["sampledValue"][0]
    assert said(Measured(1, value)).payload["meterValue"][0]["sampledValue"][0] == sampled
    stop = said(ended(values=value)).payload["transactionData"][0]["sampledValue"][0]
    assert stop == {name: text for name, text in sampled.items() if text != "Hertz"}


def test_units_are_those_of_16():
    units = {
        measurand: said(Measured(0, values(measurand))).payload["meterValue"][0]["sampledValue"][0].get("unit")
        for measurand in Measurand
    }
    assert units[Measurand.TEMPERATURE] == "Celcius"
    assert units[Measurand.FREQUENCY] == "Hertz"
    assert units[Measurand.POWER_FACTOR] is None
    assert all(unit for measurand, unit in units.items() if measurand is not Measurand.POWER_FACTOR)


@pytest.mark.parametrize("phase", ["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"])
def test_phases(phase):
    value = MeterValue(AT, Context.TRIGGER, (Value(Measurand.VOLTAGE, 230.0, phase),))
    assert said(Measured(1, (value,))).payload["meterValue"][0]["sampledValue"][0]["phase"] == phase


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0.0, "0"),
        (-0.0001, "0"),
        (230.0, "230"),
        (100.0, "100"),
        (6.05, "6.05"),
        (1e15, "1" + "0" * 15),
        (-1.5, "-1.5"),
    ],
)
def test_values_are_text_without_exponent(amount, text):
    value = MeterValue(AT, Context.CLOCK, (Value(Measurand.CURRENT_IMPORT, amount),))
    assert said(Measured(1, (value,))).payload["meterValue"][0]["sampledValue"][0]["value"] == text


def test_values_outside_a_transaction_have_no_number():
    payload = said(Measured(0, values(Measurand.ENERGY_IMPORT))).payload
    assert payload["connectorId"] == 0
    assert "transactionId" not in payload
    assert V16().encode(Measured(0, ()), dated, Numbers()) == []


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("FailedToAuthenticateAtCsms", "FailedToAuthenticateAtCentralSystem"),
        ("CsmsFailedToAuthenticate", "CentralSystemFailedToAuthenticate"),
        ("InvalidCsmsCertificate", "InvalidCentralSystemCertificate"),
        ("InvalidChargingStationCertificate", "InvalidChargePointCertificate"),
        ("StartupOfTheDevice", "StartupOfTheDevice"),
    ],
)
def test_security_events_have_the_names_of_16(kind, told):
    assert said(SecurityEvent(kind, AT)).payload == {"type": told, "timestamp": NOON_TEXT}
    assert said(SecurityEvent(kind, AT, "boot 7")).payload["techInfo"] == "boot 7"


def test_vendor_data():
    assert said(DataTransferred("org.example")).payload == {"vendorId": "org.example"}
    assert said(DataTransferred("org.example", "m", "d")).payload == {
        "vendorId": "org.example",
        "messageId": "m",
        "data": "d",
    }


def test_what_16_has_no_word_for_is_not_said():
    class Unheard:
        pass

    assert V16().encode(Unheard(), dated, Numbers()) == []


def test_every_message_of_the_vocabulary_was_told_above():
    told = {
        Authorize,
        Boot,
        DataTransferred,
        Heartbeat,
        Measured,
        SecurityEvent,
        StatusIs,
        TransactionEnded,
        TransactionStarted,
        TransactionUpdated,
    }
    only_2x = {"InventoryPart"}
    assert {kind.__name__ for kind in get_args(Message)} - {kind.__name__ for kind in told} <= only_2x
