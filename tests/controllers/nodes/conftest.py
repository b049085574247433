import pytest

from tests.controllers.nodes.timed import TimedHouse


@pytest.fixture
def house() -> TimedHouse:
    """A control plane with its namespaces, no controller yet, and a clock that wakes those who wait."""
    return TimedHouse()
