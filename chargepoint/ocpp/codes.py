"""Which CALLERROR code says what, per version: 1.6 keeps two misspellings for ever (OCPP-J 1.6 errata 5.1 and 5.2)."""

from collections.abc import Mapping

_V16 = {
    "not-json": "FormationViolation",
    "malformed": "FormationViolation",
    "unknown-action": "NotImplemented",
    "not-supported": "NotSupported",
    "internal": "InternalError",
    "missing": "OccurenceConstraintViolation",
    "type": "TypeConstraintViolation",
    "value": "PropertyConstraintViolation",
    "format": "FormationViolation",
    "rejected": "",
}
_V2 = {
    **_V16,
    "rejected": "SecurityError",
    "not-json": "RpcFrameworkError",
    "malformed": "RpcFrameworkError",
    "missing": "OccurrenceConstraintViolation",
    "format": "FormatViolation",
}

CODES: Mapping[str, Mapping[str, str]] = {"ocpp1.6": _V16, "ocpp2.0.1": _V2, "ocpp2.1": _V2}
"""subprotocol -> situation -> code. The four before ``rejected`` are the kinds of `reader.ReadError`; ``rejected`` is a
request to a station that was rejected, which 1.6 leaves without an answer."""

SPELLINGS: Mapping[str, str] = {
    "FormationViolation": "FormatViolation",
    "OccurenceConstraintViolation": "OccurrenceConstraintViolation",
}
"""Backends mix the two spellings on any version (interop J24); reading settles on the correct one."""
