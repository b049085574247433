"""What the engine itself says of a cluster's containers: in its order, by its clock, whoever looks meanwhile.

Why not asked for afterwards: of what has been, the engine keeps the last 256 events, of all that it runs.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from minisets.engine import labels
from tests.scenarios.cluster import SOON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scenarios.cluster import Cluster

Heard = list[dict[str, Any]]


@contextmanager
def listening(cluster: Cluster, *actions: str) -> Iterator[Heard]:
    """Events of these kinds, as they come."""
    heard: Heard = []
    wanted = {"label": f"{labels.CLUSTER}={cluster.name}", "event": list(actions)}
    stream = cluster.engine.api.events(since=int(time.time()), decode=True, filters=wanted)

    def listen() -> None:
        for event in stream:
            heard.append(event)

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        yield heard
    finally:
        stream.close()
        listener.join(SOON.total_seconds())


def times(heard: Heard, action: str, *ids: str) -> list[float]:
    """When that happened to these containers: seconds since the epoch."""
    return [one["timeNano"] / 1e9 for one in heard if one["Action"] == action and one["Actor"]["ID"] in ids]
