"""OCPP 2.0.1."""

from chargepoint.core.records import Reason
from chargepoint.core.values import Measurand
from chargepoint.ocpp.v2.common import V2
from chargepoint.ocpp.v2.edition import Edition
from chargepoint.ocpp.v2.schema import ANSWERS, REQUESTS

EDITION = Edition(
    subprotocol="ocpp2.0.1",
    requests=REQUESTS,
    answers=ANSWERS,
    # Temperature is a measurand of 1.6 only.
    measurands=frozenset(Measurand) - {Measurand.TEMPERATURE},
    # 2.0.1 knows one reset that ends a transaction, and a forced unlocking not at all.
    reasons={
        Reason.HARD_RESET: "ImmediateReset",
        Reason.SOFT_RESET: "ImmediateReset",
        Reason.UNLOCK_COMMAND: "Other",
    },
)


class V201(V2):
    def __init__(self) -> None:
        super().__init__(EDITION)
