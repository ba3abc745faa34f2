"""A token was presented: whose session does it start or stop?

The same token, or one of the same group, stops the transaction it is presented at (OCPP 1.6 section 3.10, OCPP 2.0.1
C09). Any other token starts one: where a vehicle waits, else at a free place. Who may start is `authorize`'s table;
while the backend is asked, the question is kept with a deadline, and an answer that cannot be had is an offline case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chargepoint.core.authorize import Do, decide
from chargepoint.core.effects import Remember, Tell
from chargepoint.core.evse import Evse
from chargepoint.core.records import Authorize, Reason, Trigger
from chargepoint.core.session import Grant, State, Stop
from chargepoint.core.tokens import IdToken, Known, TokenInfo, TokenKind, Verdict
from chargepoint.core.variables import AUTH_CACHE_ENABLED, MESSAGE_TIMEOUT_S

if TYPE_CHECKING:
    from chargepoint.core.station import Station

UNCACHED = (TokenKind.CENTRAL, TokenKind.NO_AUTHORIZATION)


@dataclass(frozen=True, slots=True)
class Question:
    """The backend was asked about a token that was presented at ``evses``."""

    token: IdToken
    evses: tuple[int, ...]
    known: Known
    deadline: float
    remote_start: int | None = None
    trigger: Trigger = Trigger.AUTHORIZED


@dataclass
class Cards:
    station: "Station"
    questions: dict[str, Question] = field(default_factory=dict)

    @property
    def next_deadline(self) -> float | None:
        return min((question.deadline for question in self.questions.values()), default=None)

    def tick(self) -> None:
        now = self.station.around.now
        for question in [each for each in self.questions.values() if now >= each.deadline]:
            self.answered(question.token, None)

    def tapped(self, evses: Sequence[int], token: IdToken, known: Known) -> None:
        """A card at a reader that serves ``evses``."""
        places = [self.station.evses[number] for number in evses if number in self.station.evses]
        holder = next((e for e in places if _holds(e, token)), None)
        if holder is not None:
            self._take_back(holder, token)
        elif not self._stop_by_group(places, token, _group(known)):
            self.present(Question(token, tuple(e.number for e in places), known, self._deadline()))

    def present(self, question: Question) -> None:
        """Grant, ask or refuse, by the table."""
        around = self.station.around
        decision = decide(question.known, around.online, around.utc, around.settings)
        match decision.do:
            case Do.GRANT:
                self._grant(question, decision.info)
            case Do.ASK:
                self.questions[question.token.text.casefold()] = question
                around.emit(Tell(Authorize(question.token)))
            case Do.REFUSE:
                self._refuse(question, f"{decision.info.verdict.value}: {decision.why}")

    def answered(self, token: IdToken, info: TokenInfo | None) -> None:
        """The backend's word. None: it could not be had, so the offline rules decide."""
        around = self.station.around
        question = self.questions.pop(token.text.casefold(), None)
        if info is not None:
            self.remember(token, info)
        if question is None:
            return
        if info is None:
            decision = decide(question.known, False, around.utc, around.settings)
            if decision.do is Do.GRANT:
                self._grant(question, decision.info)
            else:
                self._refuse(question, f"{decision.info.verdict.value}: {decision.why}")
        elif info.verdict is not Verdict.ACCEPTED:
            self._refuse(question, f"the backend says {info.verdict.value}")
        elif not self._stop_by_group([self.station.evses[n] for n in question.evses], token, info.group):
            self._grant(question, info)

    def remember(self, token: IdToken, info: TokenInfo) -> None:
        """Everything a backend says of a token goes to the cache (OCPP 1.6 section 3.4, OCPP 2.0.1 C10)."""
        if self.station.around.settings[AUTH_CACHE_ENABLED] and token.kind not in UNCACHED:
            self.station.around.emit(Remember(token, info))

    def choose(self, evses: Sequence[int], token: IdToken, group: str | None) -> Evse | None:
        """The place a token starts at: the vehicle that was plugged in last and waits, else a free place."""
        places = [self.station.evses[n] for n in evses]
        open_to = [e for e in places if e.usable and e.session.grant is None and not self._reserved(e, token, group)]
        waiting = [e for e in open_to if e.session.state in (State.PLUGGED, State.PARKED)]
        if waiting:
            return max(waiting, key=lambda e: e.plugged_at)
        return next((e for e in open_to if e.session.state is State.FREE), None)

    def grant(self, evse: Evse, question: Question, info: TokenInfo) -> None:
        used = self.station.reservations.used_by(evse.number, question.token, info.group)
        if used is not None:
            self.station.drop_reservation(used)
        evse.session.grant = Grant(
            question.token, info.group, question.trigger, question.remote_start, used.id if used else None
        )

    def _grant(self, question: Question, info: TokenInfo) -> None:
        evse = self.choose(question.evses, question.token, info.group)
        if evse is None:
            self._refuse(question, "no connector here is free for it")
        else:
            self.grant(evse, question, info)

    def _refuse(self, question: Question, why: str) -> None:
        number = question.evses[0] if len(question.evses) == 1 else 0
        self.station.around.say(number, f"card {masked(question.token)} refused: {why}", warning=True)

    def _reserved(self, evse: Evse, token: IdToken, group: str | None) -> bool:
        free = len([e for e in self.station.evses.values() if e.usable and e.session.state is State.FREE])
        return self.station.reservations.refuses(evse.number, token, group, free)

    def _take_back(self, evse: Evse, token: IdToken) -> None:
        """The token that holds the place is presented again: the transaction ends, or the authorisation is void."""
        if evse.session.active:
            evse.session.stop = evse.session.stop or Stop(Reason.LOCAL, Trigger.STOP_AUTHORIZED, token)
        else:
            evse.session.grant = None

    def _stop_by_group(self, places: Sequence[Evse], token: IdToken, group: str | None) -> bool:
        running = [e for e in places if e.session.active and e.session.grant is not None]
        mate = next((e for e in running if e.session.grant and group and e.session.grant.group == group), None)
        if mate is not None:
            self._take_back(mate, token)
        return mate is not None

    def _deadline(self) -> float:
        return self.station.around.now + self.station.around.settings[MESSAGE_TIMEOUT_S]


def masked(token: IdToken) -> str:
    """The last four characters: enough to recognise a card, too little to copy it."""
    return "..." + token.text[-4:]


def _holds(evse: Evse, token: IdToken) -> bool:
    return evse.session.grant is not None and evse.session.grant.token.same(token)


def _group(known: Known) -> str | None:
    entry = known.listed or known.cached
    return entry.group if entry is not None and entry.verdict is Verdict.ACCEPTED else None
