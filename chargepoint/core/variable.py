"""One setting of the device model: its names, its type and bounds, and how its value is written.

A value travels as text in every version and in the store, so reading a text is the one place where a bound is kept.
Texts are read tolerantly where no second meaning is possible (blanks, letter case, quotes around list entries, an
entry said twice) and refused otherwise; a list with one wrong entry is refused whole, and nothing changes
(OCPP 1.6 section 3.16).
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar, cast

T = TypeVar("T", bool, int, float, str, tuple[str, ...])

LONGEST_TEXT = 1000
"""No value is longer, in characters (OCPP 2.0.1 DeviceDataCtrlr.ConfigurationValueSize)."""

WHOLE = re.compile(r"[+-]?[0-9]{1,10}")
DECIMAL = re.compile(r"[+-]?[0-9]{1,10}(\.[0-9]{1,6})?")


class Kind(Enum):
    """OCPP 2.0.1 DataEnumType."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    STRING = "string"
    DATE_TIME = "dateTime"
    OPTION = "OptionList"
    MEMBERS = "MemberList"
    SEQUENCE = "SequenceList"


LISTS = (Kind.MEMBERS, Kind.SEQUENCE)


def address(component: str, name: str, instance: str = "", evse: int = 0, connector: int = 0) -> str:
    """A 2.x variable as text: ``Component.Variable[Instance]``, ``EVSE#1.Power``, ``Connector#1/1.SupplyPhases``."""
    place = f"#{evse}/{connector}" if connector else f"#{evse}" if evse else ""
    return f"{component}{place}.{name}" + (f"[{instance}]" if instance else "")


@dataclass(frozen=True, eq=False)
class Variable(Generic[T]):
    """``low`` and ``high`` bound the number, the length of a text or the entries of a list; ``values`` are the only
    ones allowed, ``values16`` those that 1.6 and the file may use beside them. Without ``component`` the variable
    exists in 1.6 only, without ``key16`` in 2.x only. ``effect`` says what the station does with it."""

    component: str
    name: str
    kind: Kind
    default: T
    effect: str
    instance: str = ""
    evse: int = 0
    connector: int = 0
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    values16: tuple[str, ...] = ()
    writable: bool = True
    write_only: bool = False
    key16: str | None = None
    id: str = field(init=False)

    def __post_init__(self) -> None:
        full = address(self.component, self.name, self.instance, self.evse, self.connector)
        object.__setattr__(self, "id", full if self.component else self.key16)

    def parse(self, text: str, narrow: bool = False) -> T:
        """The value a text means; ``narrow`` leaves `values16` out. Raises ValueError saying what would fit."""
        found = self._parse(text.strip(), narrow) if len(text) <= LONGEST_TEXT else None
        if found is None:
            raise ValueError(f"{text[:60]!r} does not fit: {self.id} takes {self.wants}")
        return cast(T, found)

    def text(self, value: T) -> str:
        """The text that means this value."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, tuple):
            return ",".join(value)
        return str(value)

    @property
    def wants(self) -> str:
        """What fits, in words."""
        bounds = "" if self.low is None or self.high is None else f" from {self.low:g} to {self.high:g}"
        most = "" if self.high is None else f" up to {self.high:g}"
        unit = f" ({self.unit})" if self.unit else ""
        match self.kind:
            case Kind.BOOLEAN:
                return "true or false"
            case Kind.INTEGER:
                return f"a whole number{bounds}{unit}"
            case Kind.DECIMAL:
                return f"a number{bounds}{unit}"
            case Kind.OPTION:
                return "one of " + ", ".join(self.values)
            case Kind.MEMBERS | Kind.SEQUENCE:
                return f"a list with commas,{most} of " + ", ".join((*self.values, *self.values16)[:16])
            case _:
                return f"a text of up to {self.high or LONGEST_TEXT:g} characters"

    def _parse(self, text: str, narrow: bool) -> object | None:
        match self.kind:
            case Kind.BOOLEAN:
                return {"true": True, "false": False}.get(text.casefold())
            case Kind.INTEGER:
                return self._within(int(text)) if WHOLE.fullmatch(text) else None
            case Kind.DECIMAL:
                return self._within(float(text)) if DECIMAL.fullmatch(text) else None
            case Kind.OPTION:
                return self._spelled(text, self.values)
            case Kind.MEMBERS | Kind.SEQUENCE:
                return self._listed(text, self.values if narrow else (*self.values, *self.values16))
            case _:
                return None if self._within(len(text)) is None else text

    def _within(self, number: float) -> float | None:
        too_low = self.low is not None and number < self.low
        too_high = self.high is not None and number > self.high
        return None if too_low or too_high else number

    def _spelled(self, text: str, allowed: tuple[str, ...]) -> str | None:
        return next((value for value in allowed if value.casefold() == text.casefold()), None)

    def _listed(self, text: str, allowed: tuple[str, ...]) -> tuple[str, ...] | None:
        entries = [entry for entry in (part.strip(" \t\r\n\"'") for part in text.split(",")) if entry]
        known = [self._spelled(entry, allowed) for entry in entries]
        if None in known or self._within(len(known)) is None:
            return None
        return tuple(dict.fromkeys(value for value in known if value is not None))
