"""A token was presented: whose session does it start or stop?

The token that holds a place is taken for its holder coming back: what runs there ends (OCPP 1.6 section 3.10). Any
other token first serves a vehicle that waits for one. Where none waits, a token of the same group as a running
transaction ends that one (OCPP 2.0.1 C09), and else a free place is held for it. Who may start is `authorize`'s table;
while the backend is asked, the question is kept with a deadline, and an answer that cannot be had is an offline case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chargepoint.core.authorize import Do, decide, entry_of
from chargepoint.core.effects import KeepReservation, Remember, Tell
from chargepoint.core.evse import Evse
from chargepoint.core.records import Authorize, Trigger
from chargepoint.core.reservations import Reservation, same_group
from chargepoint.core.session import State
from chargepoint.core.tokens import IdToken, Known, TokenInfo, TokenKind, Verdict
from chargepoint.core.transaction import Grant
from chargepoint.core.variables import AUTH_CACHE_ENABLED, MESSAGE_TIMEOUT_S

if TYPE_CHECKING:
    from chargepoint.core.station import Station

UNCACHED = (TokenKind.CENTRAL, TokenKind.NO_AUTHORIZATION)
SHOWN_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Question:
    """May this token, presented for one of ``evses`` at ``asked_at``, charge? (monotonic seconds)"""

    token: IdToken
    evses: tuple[int, ...]
    known: Known
    asked_at: float
    remote_start: int | None = None
    trigger: Trigger = Trigger.AUTHORIZED

    @property
    def key(self) -> str:
        return self.token.text.casefold()


@dataclass
class Cards:
    station: "Station"
    questions: dict[str, Question] = field(default_factory=dict)

    @property
    def next_deadline(self) -> float | None:
        return min(map(self._deadline, self.questions.values()), default=None)

    def tick(self) -> None:
        now = self.station.around.now
        for question in [each for each in self.questions.values() if now >= self._deadline(each)]:
            self.answered(question.token, None)

    def tapped(self, evses: Sequence[int], token: IdToken, known: Known) -> None:
        """A card at a reader that serves ``evses``."""
        places = [self.station.evses[number] for number in evses if number in self.station.evses]
        holder = next((place for place in places if place.session.belongs_to(token)), None)
        if holder is not None:
            holder.session.take_back(token)
            return
        around = self.station.around
        question = Question(token, tuple(place.number for place in places), known, around.now)
        entry = entry_of(known, around.utc, around.settings)
        accepted = entry is not None and entry.verdict is Verdict.ACCEPTED
        if not (accepted and entry is not None and self._stop_mate(question, entry.group)):
            self.present(question)

    def vehicle_left(self, evse: int) -> None:
        """What is still asked may have been for its vehicle; whoever comes next shall not charge on it."""
        for key, question in self.questions.items():
            self.questions[key] = replace(question, evses=tuple(number for number in question.evses if number != evse))

    def present(self, question: Question) -> None:
        """Grant, ask or refuse, by the table. A question that is open already is not asked twice."""
        around = self.station.around
        decision = decide(question.known, around.online, around.utc, around.settings)
        if decision.do is Do.GRANT:
            self._grant(question, decision.info)
        elif decision.do is Do.REFUSE:
            self._refuse(question, f"{decision.info.verdict.value}: {decision.why}")
        else:
            if question.key not in self.questions:
                around.emit(Tell(Authorize(question.token)))
            self.questions[question.key] = question

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
            info, why = decision.info, decision.why
            accepted = decision.do is Do.GRANT
        else:
            accepted, why = info.verdict is Verdict.ACCEPTED, "the backend says so"
        if not accepted:
            self._refuse(question, f"{info.verdict.value}: {why}")
        elif not self._stop_mate(question, info.group):
            self._grant(question, info)

    def remember(self, token: IdToken, info: TokenInfo) -> None:
        """Everything a backend says of a token goes to the cache (OCPP 1.6 section 3.4, OCPP 2.0.1 C10)."""
        if self.station.around.settings[AUTH_CACHE_ENABLED] and token.kind not in UNCACHED:
            self.station.around.emit(Remember(token, info))

    def choose(self, question: Question, group: str | None) -> Evse | None:
        """The place a token starts at: the vehicle that was plugged in last and waits, then one whose turn is over,
        then a free place, of these first the one reserved for it."""
        asked_of = [self.station.evses[number] for number in question.evses]
        open_to = [place for place in asked_of if self._open(place, question, group)]
        for state in (State.PLUGGED, State.PARKED):
            waiting = [place for place in open_to if place.session.state is state]
            if waiting:
                return max(waiting, key=lambda place: place.plugged_at)
        free = [place for place in open_to if place.session.state is State.FREE]
        return next((place for place in free if place.reserved), next(iter(free), None))

    def grant(self, evse: Evse, question: Question, info: TokenInfo) -> None:
        """From now on the place is theirs; a reservation that was made for them is used up."""
        held = self.station.around.reservations.on(evse.number)
        if held is not None:
            self.drop(held)
        evse.session.grant = Grant(
            question.token,
            info.group,
            question.trigger,
            question.remote_start,
            None if held is None else held.id,
        )

    def drop(self, reservation: Reservation) -> None:
        self.station.around.reservations.held.pop(reservation.id, None)
        self.station.around.emit(KeepReservation(reservation.id, reservation.evse, None))

    def _deadline(self, question: Question) -> float:
        return question.asked_at + self.station.around.settings[MESSAGE_TIMEOUT_S]

    def _open(self, place: Evse, question: Question, group: str | None) -> bool:
        if not place.usable or place.session.taken:
            return False
        return not self.station.around.reservations.refuses(place.number, question.token, group)

    def _grant(self, question: Question, info: TokenInfo) -> None:
        evse = self.choose(question, info.group)
        if evse is None:
            self._refuse(question, "no connector here is free for it")
        else:
            self.grant(evse, question, info)

    def _refuse(self, question: Question, why: str) -> None:
        number = question.evses[0] if len(question.evses) == 1 else 0
        self.station.around.say(number, f"card {masked(question.token)} refused: {why}", warning=True)

    def _stop_mate(self, question: Question, group: str | None) -> bool:
        """A remote start never stops anything, and a card with a vehicle to serve does not either."""
        if question.trigger is Trigger.REMOTE_START:
            return False
        chosen = self.choose(question, group)
        if chosen is not None and chosen.session.state is State.PLUGGED:
            return False
        running = [self.station.evses[n] for n in question.evses if self.station.evses[n].session.active]
        mate = next((place for place in running if same_group(place.session.granted.group, group)), None)
        if mate is not None:
            mate.session.take_back(question.token)
        return mate is not None


def masked(token: IdToken) -> str:
    """The last characters, never more than half: enough to recognise a card, too little to copy it. Of a PIN nothing
    (OCPP 2.0.1 C04.FR.05)."""
    shown = 0 if token.kind is TokenKind.KEY_CODE else min(SHOWN_CHARACTERS, len(token.text) // 2)
    return "..." + token.text[len(token.text) - shown :]
