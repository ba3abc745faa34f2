"""What may happen to the store: one small order each. The tail file holds them as lines, the database their effect."""

from dataclasses import dataclass

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.records import Record
from chargepoint.core.tokens import IdToken, TokenInfo


@dataclass(frozen=True, slots=True)
class Keep:
    key: int
    record: Record


@dataclass(frozen=True, slots=True)
class Checkpoint:
    tx: str
    seq: int
    energy_wh: float
    at: Stamp


@dataclass(frozen=True, slots=True)
class Confirm:
    keys: tuple[int, ...]
    at: Stamp


@dataclass(frozen=True, slots=True)
class Refuse:
    key: int
    why: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class Retry:
    """The dead letter ``id`` goes to the end of the queue as ``key``."""

    id: int
    key: int
    at: Stamp


@dataclass(frozen=True, slots=True)
class Number:
    tx: str
    number: int | str
    at: Stamp


@dataclass(frozen=True, slots=True)
class Remember:
    token: IdToken
    info: TokenInfo


@dataclass(frozen=True, slots=True)
class Forget:
    pass


@dataclass(frozen=True, slots=True)
class KeepSetting:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class KeepAvailability:
    evse: int
    operative: bool


@dataclass(frozen=True, slots=True)
class KeepReservation:
    id: int
    evse: int
    token: IdToken | None
    expires_utc: float = 0.0
    group: str | None = None


@dataclass(frozen=True, slots=True)
class NoteClock:
    offset: float
    quality: TimeQuality


Op = (
    Keep
    | Checkpoint
    | Confirm
    | Refuse
    | Retry
    | Number
    | Remember
    | Forget
    | KeepSetting
    | KeepAvailability
    | KeepReservation
    | NoteClock
)
