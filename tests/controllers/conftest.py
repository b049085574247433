import pytest

from tests.controllers.house import House


@pytest.fixture
def house() -> House:
    """A control plane with its namespaces, and no controller yet."""
    return House()
