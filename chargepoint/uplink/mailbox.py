"""Reports wait here for the link: of each kind and place only the latest, because what counts is how things are now."""

from collections import OrderedDict
from collections.abc import Hashable

from chargepoint.core.records import Authorize, Boot, Heartbeat, InventoryPart, Measured, Report, StatusIs

MOST_MEASURED = 200


class Mailbox:
    def __init__(self) -> None:
        self._waiting: OrderedDict[Hashable, tuple[Report, bool]] = OrderedDict()
        self._serial = 0

    def put(self, report: Report, asked: bool = False) -> None:
        """``asked``: the backend triggered it, so it may go before the station is accepted."""
        key = self._key(report)
        asked = asked or (key in self._waiting and self._waiting[key][1])
        self._waiting.pop(key, None)
        self._waiting[key] = (report, asked)

    def take(self, accepted: bool) -> tuple[Report, bool] | None:
        """The oldest report that may be sent now, and whether it was asked for."""
        for key, (report, asked) in self._waiting.items():
            if accepted or asked:
                del self._waiting[key]
                return report, asked
        return None

    def drop(self, kind: type) -> list[Report]:
        """Take out all of a kind."""
        found = [(key, report) for key, (report, _) in self._waiting.items() if isinstance(report, kind)]
        for key, _ in found:
            del self._waiting[key]
        return [report for _, report in found]

    def __len__(self) -> int:
        return len(self._waiting)

    def _key(self, report: Report) -> Hashable:
        match report:
            case StatusIs(evse=evse):
                return (StatusIs, evse)
            case Authorize(token=token):
                return (Authorize, token.text.casefold())
            case Boot() | Heartbeat():
                return type(report).__name__
            case InventoryPart(request=request, seq=seq):
                return (InventoryPart, request, seq)
            case Measured():
                self._serial = (self._serial + 1) % MOST_MEASURED
                return (Measured, self._serial)
        self._serial += 1
        return self._serial
