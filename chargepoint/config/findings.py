"""What is said of several keys together.

A finding names every key it rests on. If one of them is wrong by itself the finding is not told: it would only confuse.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from chargepoint.config.keys import Path, dotted
from chargepoint.config.schema import Config


class Finding(NamedTuple):
    """A sentence's end about ``path``, and the other keys it rests on."""

    path: Path
    text: str
    others: tuple[Path, ...] = ()


Check = Callable[[Config], Iterator[Finding]]


def findings(checks: Iterable[Check], config: Config, broken: Collection[Path] = ()) -> list[Finding]:
    """What the checks say of ``config``, without what rests on a key in ``broken``."""

    def sound(path: Path) -> bool:
        return not any(path[: len(wrong)] == wrong for wrong in broken)

    return [
        found for check in checks for found in check(config) if all(sound(path) for path in (found.path, *found.others))
    ]


def twice(path: Path, what: str, before: Path) -> Finding:
    return Finding(path, f"is {what}, which {dotted(before)} has already; choose another", (before,))
