"""What differs between 2.0.1 and 2.1, as data: the translators are the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from chargepoint.core.records import Reason
from chargepoint.core.values import Measurand
from chargepoint.ocpp.reader import Shape


@dataclass(frozen=True)
class Edition:
    """``requests`` and ``answers`` are the shapes of what a backend may send; ``reasons`` the words for the ends of a
    transaction whose own word is not in this version."""

    subprotocol: str
    requests: Mapping[str, Shape]
    answers: Mapping[str, Shape]
    measurands: frozenset[Measurand]
    reasons: Mapping[Reason, str]
