"""Identifiers on the wire of 2.x, and what a backend says of them."""

from chargepoint.core.tokens import IdToken, TokenInfo, TokenKind, Verdict
from chargepoint.ocpp.dialect import Json

HEXADECIMAL = (TokenKind.ISO14443, TokenKind.ISO15693)


def token_json(token: IdToken) -> Json:
    """IdTokenType. Card numbers are upper-case hexadecimal (2.0.1 Part 2, IdTokenType; interop, measured rule 6).

    A text longer than the 36 characters of the schema came from a backend and goes back as it came (interop J8).
    """
    if token.kind is TokenKind.NO_AUTHORIZATION:
        # C02: the token of a start without authorisation is empty.
        return {"idToken": "", "type": token.kind.value}
    text = token.text.upper() if token.kind in HEXADECIMAL else token.text
    return {"idToken": text, "type": token.kind.value}


def token_of(clean: Json) -> IdToken:
    """IdTokenType as it was read."""
    return IdToken(clean["idToken"].strip(), TokenKind(clean["type"]))


def group_of(clean: Json) -> str | None:
    """The text of a groupIdToken beside it, if there is one."""
    return clean["groupIdToken"]["idToken"] if "groupIdToken" in clean else None


def info_of(clean: Json) -> TokenInfo:
    """IdTokenInfoType as it was read."""
    return TokenInfo(
        Verdict(clean["status"]),
        group_of(clean),
        clean.get("cacheExpiryDateTime"),
        clean.get("personalMessage", {}).get("content", ""),
    )
