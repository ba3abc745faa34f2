"""What is, told to the core. Facts are level: telling one twice changes nothing, and their order does not matter, so
after a restart every source simply tells its facts again."""

from dataclasses import dataclass
from enum import Enum

from chargepoint.clock import Stamp, TimeQuality
from chargepoint.core.commands import Command
from chargepoint.core.pilot import Vehicle
from chargepoint.core.records import TransactionStarted
from chargepoint.core.tokens import NOBODY, IdToken, Known, TokenInfo
from chargepoint.hal import MeterSample


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing but time has passed: the deadline the core asked for is here."""


# -- from the guard --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GuardIs:
    present: bool


@dataclass(frozen=True, slots=True)
class VehicleIs:
    evse: int
    state: Vehicle


@dataclass(frozen=True, slots=True)
class ContactorIs:
    """By the mirror contact."""

    evse: int
    closed: bool


# -- from devices --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FaultIs:
    """``fault`` is an id of `core.faults`; evse 0 concerns the whole station."""

    evse: int
    fault: str
    present: bool
    info: str = ""


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """A person says that the fault is mended: it goes even if it latches."""

    evse: int
    fault: str


@dataclass(frozen=True, slots=True)
class Metered:
    evse: int
    sample: MeterSample


@dataclass(frozen=True, slots=True)
class Tapped:
    """A card at a reader that serves ``evses``; ``known`` is what list and cache hold of it."""

    evses: tuple[int, ...]
    token: IdToken
    known: Known = NOBODY


@dataclass(frozen=True, slots=True)
class LockIs:
    evse: int
    engaged: bool


@dataclass(frozen=True, slots=True)
class CableIs:
    """What the proximity pilot says the plugged cable carries; None: no plug in the socket."""

    evse: int
    amps: float | None


@dataclass(frozen=True, slots=True)
class HeatIs:
    evse: int
    celsius: float


# -- from the backend --------------------------------------------------------------


class Registration(Enum):
    NONE = "not yet"
    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class LinkIs:
    """``online``: a session with the backend stands and the station is accepted. ``booted``: it was told of the boot in
    this session, so it knows nothing of us."""

    online: bool
    registration: Registration = Registration.NONE
    booted: bool = True


@dataclass(frozen=True, slots=True)
class Authorized:
    """The backend's word on a token we asked for; ``info`` None: it could not be had (timeout, error, link lost)."""

    token: IdToken
    info: TokenInfo | None


@dataclass(frozen=True, slots=True)
class TransactionConfirmed:
    """The backend took the start of a transaction; ``info`` is what it thinks of its token."""

    tx: str
    info: TokenInfo | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A command waits for an `effects.Answer` with the same ticket. ``known`` as in `Tapped` where it has a token;
    ``queued`` where it names a transaction: does the store hold records of it (None: nobody looked)."""

    ticket: str
    command: Command
    known: Known = NOBODY
    queued: bool | None = None


@dataclass(frozen=True, slots=True)
class QueueIs:
    """How many durable records the backend has not confirmed."""

    waiting: int


# -- from the store and the clock --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Durable:
    """The start of this transaction is on disk."""

    tx: str


@dataclass(frozen=True, slots=True)
class TransactionWasOpen:
    """Found at start: a transaction without an end. ``seq`` is the last one used, ``energy_wh`` the last register
    known, ``at`` when that was."""

    started: TransactionStarted
    seq: int
    energy_wh: float
    at: Stamp


@dataclass(frozen=True, slots=True)
class SettingIs:
    """A setting as the store holds it (set by a backend earlier), named as in `commands.GetSettings`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class AvailabilityIs:
    """Stored availability; evse 0 is the station."""

    evse: int
    operative: bool


@dataclass(frozen=True, slots=True)
class ReservationIs:
    """A stored reservation; ``token`` None: the reservation with this id is gone."""

    id: int
    evse: int
    token: IdToken | None
    expires_utc: float = 0.0
    group: str | None = None


@dataclass(frozen=True, slots=True)
class ClockIs:
    """``offset`` is UTC seconds at monotonic 0 of this boot."""

    offset: float
    quality: TimeQuality


Fact = (
    Tick
    | GuardIs
    | VehicleIs
    | ContactorIs
    | FaultIs
    | FaultCleared
    | Metered
    | Tapped
    | LockIs
    | CableIs
    | HeatIs
    | LinkIs
    | Authorized
    | TransactionConfirmed
    | Asked
    | QueueIs
    | Durable
    | TransactionWasOpen
    | SettingIs
    | AvailabilityIs
    | ReservationIs
    | ClockIs
)
