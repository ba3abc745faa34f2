"""A component and its variable <-> the one text by which the core knows them.

    Component.Variable    Component.Variable[Instance]    EVSE#1.Power    Connector#1/1.SupplyPhases

as `core.variable.address` writes it. A backend may ask for anything, and the answer must repeat what it asked, so the
text is reversible for every name there can be: a component's own instance stands in parentheses, an attribute other
than Actual behind a bar, and the signs that mean something are written ``%2E`` inside a name. None of these is the name
of a variable we have, so the core answers "unknown" to them without knowing the rule.
"""

import re
from dataclasses import dataclass

from chargepoint.ocpp.dialect import Json

ACTUAL = "Actual"

_SIGNS = re.compile(r"[%.#/()\[\]|]")
_ESCAPED = re.compile(r"%([0-9A-F]{2})")
_NAME = re.compile(
    r"(?P<component>[^#.(]*)(?:\((?P<component_instance>[^)]*)\))?(?:#(?P<evse>-?\d+)(?:/(?P<connector>-?\d+))?)?"
    r"\.(?P<variable>[^\[|]*)(?:\[(?P<instance>[^\]]*)\])?(?:\|(?P<attribute>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Named:
    """The wire's two objects and the attribute type."""

    component: Json
    variable: Json
    attribute: str = ACTUAL


def text_of(component: Json, variable: Json, attribute: str = ACTUAL) -> str:
    """The core's text for a ComponentType and a VariableType as they were read."""
    evse = component.get("evse")
    return "".join(
        (
            _escape(component["name"]),
            f"({_escape(component['instance'])})" if component.get("instance") else "",
            f"#{evse['id']}" if evse else "",
            f"/{evse['connectorId']}" if evse and "connectorId" in evse else "",
            f".{_escape(variable['name'])}",
            f"[{_escape(variable['instance'])}]" if variable.get("instance") else "",
            f"|{attribute}" if attribute != ACTUAL else "",
        )
    )


def named(text: str) -> Named:
    """The reverse of `text_of`. Raises ValueError for a text that names nothing."""
    found = _NAME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no name of a variable; write Component.Variable")
    component: Json = {"name": _plain(found["component"])}
    if found["component_instance"]:
        component["instance"] = _plain(found["component_instance"])
    if found["evse"]:
        component["evse"] = {"id": int(found["evse"])}
        if found["connector"]:
            component["evse"]["connectorId"] = int(found["connector"])
    variable: Json = {"name": _plain(found["variable"])}
    if found["instance"]:
        variable["instance"] = _plain(found["instance"])
    return Named(component, variable, found["attribute"] or ACTUAL)


def _escape(name: str) -> str:
    return _SIGNS.sub(lambda sign: f"%{ord(sign[0]):02X}", name)


def _plain(name: str) -> str:
    return _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), name)
