"""What the backend calls our transactions.

The number is an attribute that was learned: zero, negative and huge ones are legal, and some backends give every
transaction the same one; then the latest is meant.
"""

from collections.abc import Mapping


class Numbers:
    def __init__(self, known: Mapping[str, int | str]) -> None:
        self._numbers: dict[str, int | str] = {}
        self._txs: dict[str, str] = {}
        for tx, number in known.items():
            self.learn(tx, number)

    def learn(self, tx: str, number: int | str) -> None:
        self._numbers[tx] = number
        self._txs[str(number)] = tx

    def number(self, tx: str) -> int | str | None:
        return self._numbers.get(tx)

    def tx(self, number: int | str) -> str | None:
        """Text and integer are the same here: backends that answer 7 have asked for "7" (field problem 2)."""
        return self._txs.get(str(number))

    def forget(self, tx: str) -> None:
        number = str(self._numbers.pop(tx, None))
        if self._txs.get(number) == tx:
            del self._txs[number]
