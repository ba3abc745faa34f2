"""Who presents themselves, and what is known of them: neutral words, wide enough for OCPP 2.1."""

from dataclasses import dataclass
from enum import Enum


class TokenKind(Enum):
    """OCPP 2.0.1 IdTokenEnumType. 1.6 knows no kinds: its dialect sends the bare text."""

    CENTRAL = "Central"
    EMAID = "eMAID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"


class Verdict(Enum):
    """OCPP 2.0.1 AuthorizationStatusEnumType, of which 1.6 knows the first five."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class IdToken:
    """An identifier as it was presented. Compare with `same`: OCPP identifiers are case-insensitive."""

    text: str
    kind: TokenKind = TokenKind.ISO14443

    def same(self, other: "IdToken | None") -> bool:
        return other is not None and self.text.casefold() == other.text.casefold()


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What somebody (backend, list, cache) says of a token. ``expires_utc`` is seconds since 1970."""

    verdict: Verdict
    group: str | None = None
    expires_utc: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the station itself holds of a token when it is presented: its local list entry and its cache entry."""

    listed: TokenInfo | None = None
    cached: TokenInfo | None = None


NOBODY = Known()
