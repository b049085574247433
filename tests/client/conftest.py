"""The room's fixture: a whole server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole import Whole, serving


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    with serving(tmp_path) as running:
        yield running
