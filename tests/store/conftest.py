from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.kit import Home, threads


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    found = Home(tmp_path)
    yield found
    left = threads()
    found.leave()
    assert not left, "a writer thread was left running"
