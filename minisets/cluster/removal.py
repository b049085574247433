"""Complete removal of a cluster: whatever on the engine carries its label, its state, its kubeconfig.

Touches nothing without the label, and no file that is not ours: somebody may have put others beside them.
Called only after a person agreed to lose the data.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from minisets.cluster import credentials, image
from minisets.cluster.engine import is_in_memory
from minisets.engine import labels, names
from minisets.engine.docker import DockerEngine
from minisets.errors import EngineConflict, EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from pathlib import Path

    from minisets.cluster.places import Places
    from minisets.engine.interface import Engine


def remove(places: Places) -> None:
    """Remove everything of the cluster. MinisetsError if something cannot go: the state stays, to try again.

    A cluster in memory has nothing on Docker: what bears its name there is another one's.
    """
    if not is_in_memory(places):
        engine = DockerEngine.connect()
        try:
            remove_from(engine, places.cluster)
        finally:
            engine.close()
    remove_files(places)


def end_holders(places: Places) -> tuple[str, ...]:
    """The volumes in memory whose contents go, because what kept them mounted is ended here."""
    if is_in_memory(places):
        return ()
    engine = DockerEngine.connect()
    try:
        return end_holders_on(engine, places.cluster)
    finally:
        engine.close()


def end_holders_on(engine: Engine, cluster: str) -> tuple[str, ...]:
    """Holders of this cluster, and nothing else."""
    held = set()
    for container in engine.list_containers(labels.holders_selector(cluster)):
        engine.remove_container(container.id, force=True)
        held.add(container.labels.get(labels.HELD, ""))
    return tuple(sorted(held))


def remove_from(engine: Engine, cluster: str) -> None:
    """Containers, then volumes, then the network; images of ours that no other cluster uses.

    MinisetsError names what is left because something that is not ours uses it.
    """
    ours = labels.cluster_selector(cluster)
    for container in engine.list_containers(ours):
        if container.state == "paused":
            # Why: Docker 20.10 has been seen never to answer the removal of a paused container.
            with contextlib.suppress(EngineNotFound):
                engine.unpause_container(container.id)
        engine.remove_container(container.id, force=True)
    volumes = [(engine.remove_volume, volume.name) for volume in engine.list_volumes(ours)]
    networks = [
        (engine.remove_network, network.id)
        for network in engine.list_networks()
        if network.labels.get(labels.CLUSTER) == cluster
    ]
    left = []
    for remove_one, name in (*volumes, *networks):
        try:
            remove_one(name)
        except EngineConflict as error:
            left.append(str(error))
    if left:
        raise MinisetsError(
            f"something that is not minisets' uses what was to go: {'; '.join(left)}. "
            "Remove or disconnect that, then type the same again"
        )
    image.remove_abandoned(engine)
    for each in engine.list_images({labels.KIND: "image"}):
        # Why by tag: a person's own tag on it, or image made from it, is not ours to remove.
        for name in each.tags or (each.id,):
            if name == each.id or name.startswith(names.IMAGES):
                with contextlib.suppress(EngineConflict):
                    engine.remove_image(name)


def remove_files(places: Places) -> None:
    """The cluster's files, with what a killed server left of their replacements; folders if empty then."""
    database = places.database
    files = [
        *(database.with_name(database.name + end) for end in ("", "-wal", "-shm", "-journal")),
        *(
            places.engine,
            places.lock,
            places.process,
            places.port,
            places.subnet,
            places.kubeconfig,
        ),
    ]
    keys = places.state / credentials.FOLDER
    for file in (*files, *(keys / name for name in credentials.FILES)):
        for each in (file, *file.parent.glob(f".{file.name}.????????")):
            each.unlink(missing_ok=True)
    for folder in (keys, places.state):
        _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
