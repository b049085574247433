import pytest

from minisets.store.interface import Store
from minisets.store.memory import MemoryStore
from tests.contracts.store import OpenStore, StoreContract, pod, put


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def open_store(self) -> OpenStore:
        return MemoryStore

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Store:
        return open_store()


def test_what_is_read_is_shared() -> None:
    store = MemoryStore()
    stored = put(store, pod("web-0"))
    assert store.list("Pod").items[0] is stored


def test_versions_may_begin_anywhere() -> None:
    store = MemoryStore(first_version=500)
    assert store.list("Pod").version == 500
    assert put(store, pod("web-0"))["metadata"]["resourceVersion"] == "501"
