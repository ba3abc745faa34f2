"""What the tests of the 1.6 dialect share: a ledger, some messages, and the judge over what they become."""

from chargepoint.clock import Stamp, iso
from chargepoint.core.records import (
    ChargingState,
    Reason,
    StationIdentity,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
)
from chargepoint.core.tokens import IdToken
from chargepoint.core.values import Context, MeterValue, Value
from chargepoint.ocpp.v16.dialect import V16
from tests.ocpp.official import check

NOON = 1770120000.0
AT = Stamp(1, 10.0, NOON)
NOON_TEXT = "2026-02-03T12:00:00.000Z"
CARD, OTHER_CARD = IdToken("04A1B2C3"), IdToken("DEADBEEF")
IDENTITY = StationIdentity("Vendor", "Model", "S1", "1.0", "SDM630", "M1", "89", "26")


class Numbers:
    """A ledger that knows one transaction."""

    def __init__(self, tx="tx", number=7):
        self._tx, self._number = tx, number

    def number(self, tx):
        return self._number if tx == self._tx else None

    def tx(self, number):
        return self._tx if number == self._number and type(number) is type(self._number) else None


def dated(stamp):
    return iso(stamp.utc)


def said(message, ledger=None):
    """The one request for a message, shown to the official schema."""
    calls = V16().encode(message, dated, ledger or Numbers())
    for call in calls:
        check("ocpp1.6", call.action, call.payload)
    (call,) = calls
    return call


def values(*kinds, context=Context.PERIODIC):
    return (MeterValue(AT, context, tuple(Value(kind, 1.5) for kind in kinds)),)


def started(**more):
    plain = {"token": CARD, "energy_wh": 1000.4, "trigger": Trigger.AUTHORIZED, "state": ChargingState.EV_CONNECTED}
    return TransactionStarted(tx="tx", evse=1, at=AT, seq=0, **plain | more)


def updated(**more):
    return TransactionUpdated("tx", 1, AT, 1, Trigger.METER_VALUE_PERIODIC, ChargingState.CHARGING, **more)


def ended(reason=Reason.LOCAL, **more):
    plain = {"started_by": CARD, "energy_wh": 2000.5}
    return TransactionEnded("tx", 1, AT, 9, Trigger.STOP_AUTHORIZED, reason, **plain | more)
