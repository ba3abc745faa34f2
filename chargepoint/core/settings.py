"""The settings in force. Precedence: locked in the file > set by the backend > file > default.

Each setting has one value whatever it is called: ``MeterValueSampleInterval`` set through OCPP 1.6 is what 2.x reads as
``SampledDataCtrlr.TxUpdatedInterval``. Names are compared without letter case (interop sheet S17).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from chargepoint.core.commands import Outcome, Result, Setting, SettingsFound
from chargepoint.core.statements import STATEMENTS
from chargepoint.core.variable import T, Variable
from chargepoint.core.variables import TABLE
from chargepoint.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the inventory; ``value`` None: it may be set and not be read."""

    variable: Variable[Any]
    value: str | None
    writable: bool


class Settings:
    """``first`` and ``locked`` come from the technician's file, by 1.6 key or ``Component.Variable[Instance]``.

    ``fixed`` are values only known at run time, of variables in the table or beside it. Raises ConfigError with every
    problem of the file.
    """

    def __init__(
        self,
        first: Mapping[str, str | int | float | bool] | None = None,
        locked: Collection[str] = (),
        fixed: Mapping[Variable[Any], Any] | None = None,
    ) -> None:
        self._by_id: dict[str, Variable[Any]] = {}
        self._by_key16: dict[str, Variable[Any]] = {}
        self._components: set[str] = set()
        self._fixed: dict[str, Any] = {}
        self._file: dict[str, Any] = {}
        self._backend: dict[str, Any] = {}
        self._locked: set[str] = set()
        for variable in (*TABLE, *STATEMENTS):
            self._add(variable)
        for variable, value in (fixed or {}).items():
            self.fix(variable, value)
        problems = [*self._read_file(first or {}), *self._lock(locked)]
        if problems:
            raise ConfigError(problems)

    def __getitem__(self, variable: Variable[T]) -> T:
        value: T = self._won(variable)[0]
        return value

    def fix(self, variable: Variable[T], value: T) -> None:
        """Tell what is only known now: a statement's value, or a setting's default on this station."""
        self._add(variable)
        self._fixed[variable.id] = value

    def restore(self, name: str, value: str) -> str | None:
        """Put back what a backend set earlier. A sentence when it no longer fits; it is then left out."""
        variable = self._find(name)
        if variable is None or not variable.writable:
            return f"the stored setting {name} is not one a backend can set in this version; it is ignored"
        try:
            self._backend[variable.id] = variable.parse(value)
        except ValueError as problem:
            return f"the stored setting {name} is ignored: {problem}"
        return None

    def find16(self, names: Collection[str] = ()) -> SettingsFound:
        """GetConfiguration: the keys asked for, or all (OCPP 1.6 section 5.8). A secret is listed without value."""
        asked = dict.fromkeys(names or self._by_key16)
        known = {key: self._by_key16[key.casefold()] for key in asked if key.casefold() in self._by_key16}
        return SettingsFound(
            tuple(
                Setting(variable.key16 or "", self._shown(variable), not self._settable(variable))
                for variable in dict.fromkeys(known.values())
            ),
            tuple(key for key in asked if key not in known),
        )

    def read2(self, name: str) -> Outcome:
        """GetVariables, one of them; the detail is the text (OCPP 2.0.1 B06)."""
        variable = self._find2(name)
        if variable is None:
            return self._unknown2(name)
        shown = self._shown(variable)
        if shown is None:
            return Outcome(Result.REJECTED, f"{variable.id} is a secret: it can be set and not be read")
        return Outcome(Result.ACCEPTED, detail=shown)

    def set16(self, name: str, value: str) -> Outcome:
        """ChangeConfiguration. Accepted: in force; keep it under the variable's name to `restore` it."""
        variable = self._by_key16.get(name.casefold())
        if variable is None:
            return Outcome(Result.UNKNOWN, f"there is no key {name[:50]!r}")
        return self._set(variable, value, narrow=False)

    def set2(self, name: str, value: str) -> Outcome:
        """SetVariables, one of them (OCPP 2.0.1 B05)."""
        variable = self._find2(name)
        return self._unknown2(name) if variable is None else self._set(variable, value, narrow=True)

    def canonical(self, name: str) -> str:
        """The one name under which a setting is kept, whatever it was called; an unknown name stays as it is."""
        variable = self._find(name)
        return name if variable is None else variable.id

    def explain(self, name: str) -> tuple[str, str] | None:
        """The value in force and who won; None where there is no such setting."""
        variable = self._find(name)
        if variable is None:
            return None
        return self._shown(variable) or "", self._won(variable)[1]

    def inventory(self, settable_only: bool) -> Iterator[Listed]:
        """Every variable of the 2.x device model, in the order of the table (OCPP 2.0.1 B07)."""
        for variable in self._by_id.values():
            writable = self._settable(variable)
            if variable.component and (writable or not settable_only):
                yield Listed(variable, self._shown(variable), writable)

    def _add(self, variable: Variable[Any]) -> None:
        self._by_id[variable.id.casefold()] = variable
        if variable.component:
            self._components.add(variable.id.partition(".")[0].casefold())
        if variable.key16:
            self._by_key16[variable.key16.casefold()] = variable

    def _find(self, name: str) -> Variable[Any] | None:
        return self._by_id.get(name.casefold()) or self._by_key16.get(name.casefold())

    def _find2(self, name: str) -> Variable[Any] | None:
        variable = self._by_id.get(name.casefold())
        return variable if variable is not None and variable.component else None

    def _won(self, variable: Variable[Any]) -> tuple[Any, str]:
        if variable.id in self._locked:
            return self._file.get(variable.id, self._otherwise(variable)), "locked in the file"
        if variable.id in self._backend:
            return self._backend[variable.id], "set by the backend"
        if variable.id in self._file:
            return self._file[variable.id], "file"
        return self._otherwise(variable), "default"

    def _otherwise(self, variable: Variable[Any]) -> Any:
        return self._fixed.get(variable.id, variable.default)

    def _settable(self, variable: Variable[Any]) -> bool:
        return variable.writable and variable.id not in self._locked

    def _shown(self, variable: Variable[Any]) -> str | None:
        return None if variable.write_only else variable.text(self[variable])

    def _set(self, variable: Variable[Any], value: str, narrow: bool) -> Outcome:
        if not self._settable(variable):
            why = "locked in the file of this station" if variable.writable else "a statement of the station"
            return Outcome(Result.READ_ONLY, f"{variable.id} is {why}")
        try:
            self._backend[variable.id] = variable.parse(value, narrow)
        except ValueError as problem:
            return Outcome(Result.REJECTED, str(problem))
        return Outcome(Result.ACCEPTED, detail=self._shown(variable))

    def _unknown2(self, name: str) -> Outcome:
        known = name.partition(".")[0].casefold() in self._components
        what = "variable" if known else "component"
        return Outcome(Result.UNKNOWN_ITEM if known else Result.UNKNOWN, f"there is no such {what}: {name[:100]!r}")

    def _read_file(self, first: Mapping[str, str | int | float | bool]) -> Iterator[str]:
        for name, value in first.items():
            variable = self._find(name)
            if variable is None:
                yield f"settings: there is no setting {name!r}{self._similar(name)}"
            elif not variable.writable:
                yield f"settings: {name} is a statement of the station and cannot be set; leave it out"
            else:
                try:
                    self._file[variable.id] = variable.parse(_text(value))
                except ValueError as problem:
                    yield f"settings: {problem}"

    def _lock(self, locked: Collection[str]) -> Iterator[str]:
        for name in locked:
            variable = self._find(name)
            if variable is None:
                yield f"locked: there is no setting {name!r}{self._similar(name)}"
            else:
                self._locked.add(variable.id)

    def _similar(self, name: str) -> str:
        known = {key: variable.id for key, variable in self._by_id.items()}
        known |= {key: variable.key16 or "" for key, variable in self._by_key16.items()}
        close = get_close_matches(name.casefold(), known, 1)
        return f"; did you mean {known[close[0]]}?" if close else ""


def _text(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
