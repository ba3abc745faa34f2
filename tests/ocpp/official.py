"""The official JSON schemas as a judge: every frame that leaves the station in a test is shown to it."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jsonschema import Draft6Validator

_FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}


def check(version: str, action: str, payload: Any, response: bool = False) -> None:
    """``version`` is the subprotocol. Raises AssertionError that names every member the schema does not allow, and
    where the payload would not survive JSON."""
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload, f"{action} is no plain JSON: {payload!r}"
    problems = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in _judge(version, action, response).iter_errors(payload)]
    assert not problems, f"{action} in {version}: " + "; ".join(problems)


def answers(version: str, action: str, payload: Any) -> None:
    """The same for our answer to a request of the backend."""
    check(version, action, payload, response=True)


@cache
def _judge(version: str, action: str, response: bool) -> Draft6Validator:
    package = find_spec("ocpp")
    assert package is not None
    assert package.origin is not None
    request = "" if version == "ocpp1.6" else "Request"
    path = Path(package.origin).parent / _FOLDERS[version] / "schemas" / f"{action}{'Response' if response else request}.json"
    schema = json.loads(path.read_text(encoding="utf-8-sig"))
    if not response:
        _no_quirks_of_the_schema(version, action, schema)
    return Draft6Validator(schema)


def _no_quirks_of_the_schema(version: str, action: str, schema: dict[str, Any]) -> None:
    """The 1.6 schemas hold one unit more than the standard has."""
    if version == "ocpp1.6" and action in ("MeterValues", "StopTransaction"):
        data = schema["properties"]["meterValue" if action == "MeterValues" else "transactionData"]
        data["items"]["properties"]["sampledValue"]["items"]["properties"]["unit"]["enum"].remove("Celsius")
