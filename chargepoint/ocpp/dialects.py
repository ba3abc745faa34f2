"""The registry: subprotocol -> dialect. Only the version that is spoken is loaded; each costs time and memory."""

from chargepoint.ocpp.dialect import Dialect

SUBPROTOCOLS = ("ocpp2.0.1", "ocpp1.6")


def dialect(subprotocol: str) -> Dialect:
    """A dialect of its own for one backend. Raises LookupError for a subprotocol that is not in `SUBPROTOCOLS`."""
    match subprotocol:
        case "ocpp1.6":
            from chargepoint.ocpp.v16.dialect import V16

            return V16()
        case "ocpp2.0.1":
            from chargepoint.ocpp.v2.v201 import V201

            return V201()
    raise LookupError(f"{subprotocol} is not spoken here, only {', '.join(SUBPROTOCOLS)}")
