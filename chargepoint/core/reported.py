"""Faults told from outside, of one connector or of the whole station.

A fault that latches stays when its cause is gone, until a person clears it. A fault whose cause is still there cannot
be cleared: what a source tells now is stronger than what a person hopes.
"""

from chargepoint.core.faults import CATALOGUE


class Reported:
    """``faults`` maps the id of each fault that counts to what was seen."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}
        self._present: set[str] = set()

    def tell(self, fault: str, present: bool, info: str) -> None:
        if present:
            self._present.add(fault)
            self.faults[fault] = info
        else:
            self._present.discard(fault)
            if not CATALOGUE[fault].latches:
                self.faults.pop(fault, None)

    def clear(self, fault: str) -> None:
        if fault not in self._present:
            self.faults.pop(fault, None)
