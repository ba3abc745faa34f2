"""The arguments of a request: each is checked when it is taken, and what nobody took is a mistake worth telling."""

import json
from typing import Any

Request = dict[str, Any]


class RequestError(Exception):
    """A request that cannot be carried out; the text is the answer's ``error``."""


class Ask:
    """A request's arguments, each checked when it is taken; what nobody took is a mistake."""

    def __init__(self, request: Request, connectors: int) -> None:
        self._left = {key: value for key, value in request.items() if key != "op"}
        self._taken: list[str] = []
        self._connectors = connectors

    def has(self, key: str) -> bool:
        if key not in self._taken:
            self._taken.append(key)
        return key in self._left

    def take(self, key: str, meaning: str) -> Any:
        if not self.has(key):
            raise RequestError(f'"{key}" is missing: {meaning}')
        return self._left.pop(key)

    def flag(self, key: str) -> bool:
        value = self.take(key, "true or false")
        if not isinstance(value, bool):
            raise RequestError(f'"{key}" is true or false, not {shown(value)}')
        return value

    def number(self, key: str, highest: float) -> float:
        return number_of(self.take(key, f"a number from 0 to {highest:g}"), key, highest)

    def text(self, key: str, most: int) -> str:
        value = self.take(key, f"a text of up to {most} characters")
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise RequestError(f'"{key}" is a text of 1 to {most} characters, not {shown(value)}')
        return value

    def connector(self, lowest: int = 1) -> int:
        if self._connectors == 1 and not self.has("connector"):
            return 1
        return self._a_connector(self.take("connector", f"a connector from {lowest} to {self._connectors}"), lowest)

    def connectors(self) -> list[int]:
        if not self.has("connectors"):
            return list(range(1, self._connectors + 1))
        value = self.take("connectors", "a list of connectors")
        if not isinstance(value, list) or not value:
            raise RequestError(f'"connectors" is a list like [1], not {shown(value)}')
        return sorted({self._a_connector(one, 1) for one in value})

    def done(self) -> None:
        if self._left:
            known = ", ".join(self._taken) or "nothing"
            raise RequestError(f"not understood: {', '.join(map(repr, self._left))}; this op knows {known}")

    def _a_connector(self, value: Any, lowest: int) -> int:
        if type(value) is not int or not lowest <= value <= self._connectors:
            raise RequestError(f"connectors here are {lowest} to {self._connectors}, not {shown(value)}")
        return value


def number_of(value: Any, key: str, highest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= highest:
        raise RequestError(f'"{key}" is a number from 0 to {highest:g}, not {shown(value)}')
    return float(value)


def shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
