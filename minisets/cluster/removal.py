"""Complete removal of a cluster: whatever on the engine carries its label, its state, its kubeconfig.

Touches nothing without the label. Called only after a person agreed to lose the data.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.engine.docker import DockerEngine
from minisets.errors import EngineConflict, EngineUnavailable

if TYPE_CHECKING:
    from minisets.cluster.places import Places
    from minisets.engine.interface import Engine


def remove(places: Places) -> None:
    """Remove everything of the cluster; without an engine only what lies in files."""
    with contextlib.suppress(EngineUnavailable):
        engine = DockerEngine.connect()
        try:
            remove_from(engine, places.cluster)
        finally:
            engine.close()
    shutil.rmtree(places.state, ignore_errors=True)
    places.kubeconfig.unlink(missing_ok=True)


def remove_from(engine: Engine, cluster: str) -> None:
    """Containers, then volumes, then the network; images of ours that no other cluster uses."""
    ours = labels.cluster_selector(cluster)
    for container in engine.list_containers(ours):
        engine.remove_container(container.id, force=True)
    for volume in engine.list_volumes(ours):
        engine.remove_volume(volume.name)
    for network in engine.list_networks():
        if network.labels.get(labels.CLUSTER) == cluster:
            engine.remove_network(network.id)
    for image in engine.list_images({labels.KIND: "image"}):
        with contextlib.suppress(EngineConflict):
            engine.remove_image(image.id)
