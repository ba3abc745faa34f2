"""The official JSON schemas as a judge: every frame that leaves the station in a test is shown to it.

    check("ocpp1.6", "StatusNotification", payload)              a request of ours
    check("ocpp2.0.1", "Reset", payload, response=True)          our answer to a request of the backend

The judge is a little stricter than the schemas: integers are integers and not 1.0, dates are RFC 3339 in UTC with at
most three decimals, optional members are left out instead of null, and 1.6 says Celcius.
"""

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jsonschema import Draft6Validator, FormatChecker
from jsonschema.validators import extend

_FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")

_types = Draft6Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
_Judge = extend(Draft6Validator, type_checker=_types)
_formats = FormatChecker(formats=())


@_formats.checks("date-time")
def _is_date(value: object) -> bool:
    return isinstance(value, str) and _DATE.fullmatch(value) is not None


def check(version: str, action: str, payload: Any, response: bool = False) -> None:
    """``version`` is the subprotocol. Raises AssertionError that names every member that is wrong."""
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload, f"{action} is no plain JSON: {payload!r}"
    wrong = [
        f"{'.'.join(map(str, error.path)) or 'payload'}: {error.message}"
        for error in _judge(version, action, response).iter_errors(payload)
    ]
    assert not wrong, f"{action} in {version}: " + "; ".join(wrong)


@cache
def _judge(version: str, action: str, response: bool) -> Any:
    package = find_spec("ocpp")
    assert package is not None, "the PyPI package ocpp is not installed"
    assert package.origin is not None
    ending = "Response" if response else "" if version == "ocpp1.6" else "Request"
    path = Path(package.origin).parent / _FOLDERS[version] / "schemas" / f"{action}{ending}.json"
    schema = json.loads(path.read_text(encoding="utf-8-sig").replace('"Celsius",', ""))
    return _Judge(schema, format_checker=_formats)
