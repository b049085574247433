"""Which engine the cluster is to run on, and whether it is fit: asked before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.cluster import network
from minisets.engine import labels
from minisets.engine.docker import DockerEngine
from minisets.errors import EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from minisets.engine.interface import Engine


def check(cluster: str) -> None:
    """Raise, in one line, what stands in the way: no engine, no permission, a stranger with our name."""
    engine = DockerEngine.connect()
    try:
        refuse_strangers(engine, cluster)
    finally:
        engine.close()


def refuse_strangers(engine: Engine, cluster: str) -> None:
    """MinisetsError if a container or network has the cluster's name and is not ours."""
    network.find(engine.list_networks(), cluster)
    try:
        found = engine.inspect_container(cluster)
    except EngineNotFound:
        return
    if found.labels.get(labels.CLUSTER) != cluster:
        raise MinisetsError(
            f'a container "{cluster}" exists that minisets did not make: it is left alone. '
            f"Rename it (`docker rename {cluster} NAME`), or use another name: --cluster NAME"
        )
