"""1.6's answers -> what they teach. An answer that teaches nothing is not even read: it cannot be wrong.

An odd idTagInfo never makes a transaction message fail: the backend has it, and sending it again would double it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from chargepoint.core.facts import Authorized, Registration, TransactionConfirmed
from chargepoint.core.records import Authorize, Boot, Heartbeat, Message, TransactionEnded, TransactionStarted
from chargepoint.core.tokens import TokenInfo, Verdict
from chargepoint.ocpp.dates import plausible
from chargepoint.ocpp.dialect import Json, Learned, Registered
from chargepoint.ocpp.reader import ReadError, read
from chargepoint.ocpp.v16.schema import ANSWERS
from chargepoint.ocpp.v16.words import VERDICTS

LONGEST_INTERVAL_S = 86400


def learn(message: Message, answer: Any, quirks: Counter[str]) -> Learned:
    """Raises ReadError, which is a PeerError."""
    teach = _TEACH.get(type(message))
    return teach(message, answer, quirks) if teach else Learned()


def _boot(message: Boot, answer: Any, quirks: Counter[str]) -> Learned:
    clean = read(ANSWERS["BootNotification"], answer, quirks)
    utc, interval_s = plausible(clean.get("currentTime")), clean.get("interval", 0)
    # 1.6 section 4.2: an interval of 0 means that the station chooses; interop S2: absurd ones are bounded.
    interval_s = min(interval_s, LONGEST_INTERVAL_S) if interval_s > 0 else None
    return Learned(utc=utc, registered=Registered(Registration(clean["status"]), utc, interval_s))


def _heartbeat(message: Heartbeat, answer: Any, quirks: Counter[str]) -> Learned:
    return Learned(utc=plausible(read(ANSWERS["Heartbeat"], answer, quirks).get("currentTime")))


def _authorize(message: Authorize, answer: Any, quirks: Counter[str]) -> Learned:
    clean = read(ANSWERS["Authorize"], answer, quirks)
    return Learned((Authorized(message.token, _info(clean["idTagInfo"])),))


def _started(message: TransactionStarted, answer: Any, quirks: Counter[str]) -> Learned:
    clean = _without_bad_info("StartTransaction", answer, quirks)
    info = clean.get("idTagInfo")
    if info is None:
        quirks["J14"] += 1
    told = TokenInfo(Verdict.ACCEPTED) if info is None else _info(info)
    return Learned((TransactionConfirmed(message.tx, told),), number=(message.tx, clean["transactionId"]))


def _ended(message: TransactionEnded, answer: Any, quirks: Counter[str]) -> Learned:
    info = _without_bad_info("StopTransaction", answer, quirks).get("idTagInfo")
    if info is None:
        return Learned()
    return Learned((Authorized(message.token or message.started_by, _info(info)),))


def _without_bad_info(action: str, answer: Any, quirks: Counter[str]) -> Json:
    try:
        return read(ANSWERS[action], answer, quirks)
    except ReadError as error:
        if not error.path.startswith("idTagInfo"):
            raise
        return read(ANSWERS[action], {**answer, "idTagInfo": None}, quirks)


def _info(clean: Json) -> TokenInfo:
    return TokenInfo(VERDICTS[clean["status"]], clean.get("parentIdTag") or None, clean.get("expiryDate"))


_TEACH: Mapping[type, Callable[[Any, Any, Counter[str]], Learned]] = {
    Boot: _boot,
    Heartbeat: _heartbeat,
    Authorize: _authorize,
    TransactionStarted: _started,
    TransactionEnded: _ended,
}
