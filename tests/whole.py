"""The whole server in this process, over the engine in memory, as a person's machine would have it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from minisets.api.app import ApiServer, Backend
from minisets.client.access import Access
from minisets.client.requests import ApiClient
from minisets.clock import SystemClock
from minisets.cluster import credentials, endpoint, network
from minisets.cluster.places import Places, places
from minisets.daemon import ControlPlane
from minisets.engine.memory import MemoryEngine
from minisets.settings import Settings
from minisets.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ipaddress import IPv4Network
    from pathlib import Path


@dataclass(frozen=True)
class Whole:
    """A server that runs, a client of it, and the engine to be scripted; `outage`: the API is not there."""

    access: Access
    client: ApiClient
    places: Places
    engine: MemoryEngine
    outage: Callable[[], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def serving(
    home: Path, cluster: str = "minisets", dns: str = "", subnet: IPv4Network | None = None
) -> Iterator[Whole]:
    """Controllers, kubelet and API until the end of the block; its files lie below `home`.

    dns: the address at which pods would find names; without one each pod is told of that. subnet: where pods
    have their addresses.
    """
    where = places(cluster, home, {"MINISETS_HOME": str(home)})
    where.state.mkdir(parents=True, exist_ok=True)
    clock, store = SystemClock(), MemoryStore()
    engine = MemoryEngine(clock)
    settings = Settings(cluster=cluster, state=where.state, engine="memory")
    settings = replace(settings, subnet=network.ensure(engine, cluster, (), subnet))
    with contextlib.ExitStack() as stack:
        stack.callback(store.close)
        stack.callback(engine.close)
        plane = ControlPlane(store, engine, clock, settings, dns_address=dns, publish=lambda _: None)
        plane.start()
        stack.callback(plane.stop)
        keys = credentials.ensure(where.state / "pki", (), clock.now())
        backend = Backend(store, plane.registry, engine, clock)
        servers = [ApiServer(backend, settings, keys).start()]
        stack.callback(servers[0].stop)
        port = servers[0].port

        @contextlib.contextmanager
        def outage() -> Iterator[None]:
            servers[-1].stop()
            try:
                yield
            finally:
                servers.append(ApiServer(backend, replace(settings, port=port), keys).start())
                stack.callback(servers[-1].stop)

        access = Access(f"https://127.0.0.1:{port}", keys.ca, keys.token)
        endpoint.announce(where, access)
        stack.callback(endpoint.withdraw, where)
        client = ApiClient(access)
        stack.callback(client.close)
        yield Whole(access, client, where, engine, outage)


def pod(name: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:1"}]},
    }


def configmap(name: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": labels},
        "data": {"a": "1"},
    }
