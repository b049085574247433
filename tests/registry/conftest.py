"""A registry over an empty store, with the namespace `default` and a clock that tests move."""

from datetime import UTC, datetime

import pytest

from minisets.clock import FakeClock
from minisets.registry.registry import Registry
from minisets.settings import Settings
from minisets.store.memory import MemoryStore

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def registry(store: MemoryStore, clock: FakeClock) -> Registry:
    registry = Registry(store, clock, Settings())
    registry.create("Namespace", "", {"metadata": {"name": "default"}})
    return registry
