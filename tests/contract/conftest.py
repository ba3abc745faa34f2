from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.power_path import POWER_PATHS, PowerPath


@pytest.fixture(params=POWER_PATHS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PowerPath]:
    with POWER_PATHS[request.param](tmp_path) as made:
        yield made
