"""What must be done: the core's orders to the shell. Each is a level or a one-time deed, never a question."""

from dataclasses import dataclass
from enum import Enum

from chargepoint.clock import Stamp
from chargepoint.core.commands import Command, Outcome, ResetKind
from chargepoint.core.records import Record, Report
from chargepoint.core.tokens import IdToken, TokenInfo
from chargepoint.hal import Light


class Level(Enum):
    """The pilot without PWM."""

    STEADY = "steady"  # +12 V, state x1
    ERROR = "error"  # -12 V, state F


@dataclass(frozen=True, slots=True)
class Drive:
    """What the guard shall hold for this connector: the pilot (a level, or amps offered by PWM) and the contactor."""

    evse: int
    pilot: Level | float
    closed: bool


@dataclass(frozen=True, slots=True)
class Latch:
    """Engage or release the cable lock."""

    evse: int
    engaged: bool


@dataclass(frozen=True, slots=True)
class Shine:
    evse: int
    light: Light


@dataclass(frozen=True, slots=True)
class Keep:
    """Make durable and deliver in order; a start is answered by the fact `Durable`."""

    record: Record


@dataclass(frozen=True, slots=True)
class Tell:
    """Send when there is a link, latest wins; an `Authorize` is answered by the fact `Authorized`.

    ``asked``: the backend triggered it, so it may be sent before the station is accepted (OCPP 2.0.1 B02).
    """

    report: Report
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The register of a running transaction, for the case that the power goes (bounded in how often it is given)."""

    tx: str
    seq: int
    energy_wh: float
    at: Stamp


@dataclass(frozen=True, slots=True)
class Answer:
    ticket: str
    command: Command
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Remember:
    """Put a token into the authorisation cache."""

    token: IdToken
    info: TokenInfo


@dataclass(frozen=True, slots=True)
class ForgetTokens:
    """Empty the authorisation cache."""


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
    """``token`` None removes it."""

    id: int
    evse: int
    token: IdToken | None
    expires_utc: float = 0.0
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Reboot:
    """End the process in good order, to be started again; a hard one restarts the machine where that is allowed."""

    kind: ResetKind


@dataclass(frozen=True, slots=True)
class Say:
    """One line of the log for a technician."""

    evse: int
    text: str
    warning: bool = False


Effect = (
    Drive
    | Latch
    | Shine
    | Keep
    | Tell
    | Checkpoint
    | Answer
    | Remember
    | ForgetTokens
    | KeepSetting
    | KeepAvailability
    | KeepReservation
    | Reboot
    | Say
)
