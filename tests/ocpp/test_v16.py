from collections import Counter

import pytest

from chargepoint.ocpp.v16.dialect import V16
from tests.ocpp.station16 import Numbers


@pytest.mark.parametrize(
    ("situation", "code"),
    [
        ("not-json", "FormationViolation"),
        ("malformed", "FormationViolation"),
        ("unknown-action", "NotImplemented"),
        ("internal", "InternalError"),
    ],
)
def test_codes_of_situations(situation, code):
    assert V16().fault_code(situation) == code


def test_quirks_are_counted_per_dialect():
    first, second = V16(), V16()
    for _ in range(2):
        first.decode("ClearCache", {"more": 1}, Numbers())
    assert first.quirks() == Counter({"J5": 2})
    assert second.quirks() == {}
