"""Whether a cluster may have its name on an engine, and which engine it has: on Docker or in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.cluster import network
from minisets.cluster.private import write_private
from minisets.engine import labels
from minisets.errors import EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from minisets.cluster.places import Places
    from minisets.engine.interface import Engine


def is_in_memory(places: Places) -> bool:
    """Whether the cluster of that state has nothing on Docker; one of the same name there is another's."""
    try:
        return places.engine.read_text().strip() == "memory"
    except (OSError, ValueError):
        return False


def mark(places: Places, engine: str) -> None:
    """Write down which engine the cluster has.

    MinisetsError for one in memory where one on Docker was: what is said to the first (`down --volumes`)
    would be taken for the other, and its data.
    """
    if (
        engine == "memory"
        and not is_in_memory(places)
        and (places.engine.exists() or places.database.exists())
    ):
        raise MinisetsError(
            f'cluster "{places.cluster}" is one on Docker (its state is in {places.state}): '
            "use another name for one in memory: --cluster NAME"
        )
    write_private(places.engine, f"{engine}\n")


def refuse_strangers(engine: Engine, cluster: str) -> None:
    """MinisetsError if a container, network or volume has the cluster's name and is not ours."""
    network.find(engine.list_networks(), cluster)
    volume = engine.inspect_volume(cluster)
    if volume is not None and (volume.labels.get(labels.CLUSTER), volume.labels.get(labels.KIND)) != (
        cluster,
        "state",
    ):
        raise MinisetsError(
            f'a Docker volume "{cluster}" exists that minisets did not make for its state: it is left alone. '
            f"Remove it if its data is not needed (`docker volume rm {cluster}`), or use another name: "
            "--cluster NAME"
        )
    try:
        found = engine.inspect_container(cluster)
    except EngineNotFound:
        return
    # Why the name: the engine also finds by the beginning of an id, and "cafe" may be one.
    if found.name == cluster and found.labels.get(labels.CLUSTER) != cluster:
        raise MinisetsError(
            f'a container "{cluster}" exists that minisets did not make: it is left alone. '
            f"Rename it (`docker rename {cluster} NAME`), or use another name: --cluster NAME"
        )


def refuse_container(engine: Engine, cluster: str) -> None:
    """MinisetsError if the cluster's state is a control container's: a host process has another one."""
    volume = engine.inspect_volume(cluster)
    if volume is not None and volume.labels.get(labels.KIND) == "state":
        raise MinisetsError(
            f'cluster "{cluster}" is a control container\'s on this engine, with its state in the Docker '
            f'volume "{cluster}": use it (`minisets up`), give it up with all data (`down --volumes`), '
            "or use another name: --cluster NAME"
        )
