"""The room's fixtures: a real server on a loopback port over the store in memory, and its client."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from minisets.api.app import ApiServer, Backend
from minisets.client.access import kubeconfig
from minisets.clock import SystemClock
from minisets.cluster import credentials
from minisets.cluster.credentials import Credentials
from minisets.engine.memory import MemoryEngine
from minisets.registry.registry import Registry
from minisets.settings import Settings
from minisets.store.memory import MemoryStore
from tests.api.kubectl import Kubectl, access, with_config
from tests.api.serving import Client, Json, Running, Watch


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Made once: nothing in this room changes them."""
    return credentials.ensure(tmp_path_factory.mktemp("credentials"), (), SystemClock().now())


@pytest.fixture
def running(keys: Credentials) -> Iterator[Running]:
    clock, settings = SystemClock(), Settings()
    store = MemoryStore(first_version=1000)
    registry, engine = Registry(store, clock, settings), MemoryEngine(clock)
    registry.create("Namespace", "", {"metadata": {"name": "default"}})
    backend = Backend(store, registry, engine, clock)
    server = ApiServer(backend, settings, keys, hosts=("minisets.test",)).start()
    client = Client(server.port, keys)
    yield Running(server, client, store, registry, engine, keys)
    client.close()
    server.stop()
    store.close()


@pytest.fixture
def client(running: Running) -> Client:
    return running.client


@pytest.fixture
def kubectl(running: Running, tmp_path: Path) -> Kubectl:
    """With the server's own token."""
    return with_config(tmp_path, kubeconfig(access(running), "minisets"))


@pytest.fixture
def watch(client: Client) -> Iterator[Callable[..., Watch]]:
    opened: list[Watch] = []

    def open_(path: str, headers: Json | None = None) -> Watch:
        opened.append(Watch(client, path, headers))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()
