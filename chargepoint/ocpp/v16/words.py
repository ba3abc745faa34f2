"""1.6's words for our neutral ones."""

from chargepoint.core.commands import Result
from chargepoint.core.records import ConnectorStatus, Reason
from chargepoint.core.tokens import Verdict
from chargepoint.core.values import Measurand

REASONS = {
    Reason.ENERGY_LIMIT_REACHED: "Other",
    Reason.GROUND_FAULT: "Other",
    Reason.IMMEDIATE_RESET: "HardReset",
    Reason.OVERCURRENT_FAULT: "Other",
    Reason.TIMEOUT: "Other",
}
"""Where 1.6 has no word of its own; every other reason is spelled alike."""

OF_STATION = frozenset({ConnectorStatus.AVAILABLE, ConnectorStatus.UNAVAILABLE, ConnectorStatus.FAULTED})
"""1.6 section 4.9: "status of connectorId 0 can only be Available, Unavailable or Faulted"."""

UNITS = {
    Measurand.ENERGY_IMPORT: "Wh",
    Measurand.ENERGY_EXPORT: "Wh",
    Measurand.POWER_IMPORT: "W",
    Measurand.POWER_OFFERED: "W",
    Measurand.CURRENT_IMPORT: "A",
    Measurand.CURRENT_OFFERED: "A",
    Measurand.VOLTAGE: "V",
    Measurand.FREQUENCY: "Hertz",
    Measurand.TEMPERATURE: "Celcius",
}
"""A factor has no unit. "Celcius" is 1.6's spelling (OCPP-J 1.6 errata 2.1)."""

NOT_IN_STOP = frozenset({"Hertz"})
"""Units that the schema of MeterValues knows (errata 3.86) and the one of StopTransaction does not."""

SECURITY_EVENTS = {
    "FailedToAuthenticateAtCsms": "FailedToAuthenticateAtCentralSystem",
    "CsmsFailedToAuthenticate": "CentralSystemFailedToAuthenticate",
    "InvalidCsmsCertificate": "InvalidCentralSystemCertificate",
    "InvalidChargingStationCertificate": "InvalidChargePointCertificate",
}
"""Events that 2.x renamed."""

VERDICTS = {
    "Accepted": Verdict.ACCEPTED,
    "Blocked": Verdict.BLOCKED,
    "Expired": Verdict.EXPIRED,
    "Invalid": Verdict.INVALID,
    "ConcurrentTx": Verdict.CONCURRENT_TX,
}

PLAIN = {Result.ACCEPTED: "Accepted", Result.SCHEDULED: "Accepted"}
AVAILABILITY = {Result.ACCEPTED: "Accepted", Result.SCHEDULED: "Scheduled"}
SETTING = {
    Result.ACCEPTED: "Accepted",
    Result.REBOOT_REQUIRED: "RebootRequired",
    Result.UNKNOWN: "NotSupported",
    Result.UNKNOWN_ITEM: "NotSupported",
    Result.NOT_SUPPORTED: "NotSupported",
}
UNLOCKING = {
    Result.ACCEPTED: "Unlocked",
    Result.UNLOCKED: "Unlocked",
    Result.NOT_SUPPORTED: "NotSupported",
    Result.UNKNOWN: "NotSupported",  # errata 3.87: also for a connector that does not exist
}
RESERVING = {
    Result.ACCEPTED: "Accepted",
    Result.FAULTED: "Faulted",
    Result.OCCUPIED: "Occupied",
    Result.UNAVAILABLE: "Unavailable",
}
TRIGGERING = {
    Result.ACCEPTED: "Accepted",
    Result.NOT_SUPPORTED: "NotImplemented",
    Result.UNKNOWN: "NotImplemented",
}
TRANSFERRING = {
    Result.ACCEPTED: "Accepted",
    Result.UNKNOWN: "UnknownVendorId",
    Result.UNKNOWN_ITEM: "UnknownMessageId",
}
