"""The Node objects of a cluster's shape: made, and put into their zones.

Decides names and the labels that a cloud would give. Leaves to the kubelet what it says of its machine
(system, capacity, addresses, conditions), and to `growing.py` when there should be more or fewer.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from minisets.errors import AlreadyExists, NotFound
from minisets.objects.metadata import labels_of, name_of, ref_of
from minisets.objects.shape import REGION
from minisets.objects.taints import NOT_READY
from minisets.settings import node_name, node_ordinal

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.objects.shape import Shape
    from minisets.registry.registry import Registry

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
_REGION = "topology.kubernetes.io/region"


def ensure_nodes(registry: Registry, shape: Shape) -> None:
    """Make the nodes that are always there, and put all of ours into their zones; before anything starts."""
    for ordinal in range(shape.nodes):
        ensure_node(registry, shape, ordinal)
    for node in registry.store.list("Node").items:
        relabel(registry, shape, node)


def ensure_node(registry: Registry, shape: Shape, ordinal: int, *, is_late: bool = False) -> Object | None:
    """Make the node of that ordinal; None where it is there already.

    is_late: a scheduler looks on, and is to wait for the node's kubelet. Kubernetes: admission nodetaint.
    """
    taints = [{"key": NOT_READY, "effect": "NoSchedule"}] if is_late else []
    metadata = {"name": node_name(ordinal), "labels": labels(shape, ordinal)}
    body = {"metadata": metadata, "spec": {"taints": taints} if taints else {}}
    with suppress(AlreadyExists):
        return registry.create("Node", "", body).object
    return None


def relabel(registry: Registry, shape: Shape, node: Object) -> None:
    """Give one of our nodes the labels that the shape says; all others it keeps."""
    ordinal = node_ordinal(name_of(node))
    if ordinal is None:
        return
    wanted = labels(shape, ordinal)

    def edit(current: Object) -> Object | None:
        current["metadata"]["labels"] = {**labels_of(current), **wanted}
        return current

    if not wanted.items() <= labels_of(node).items():
        with suppress(NotFound):
            registry.change(ref_of(node), edit)


def labels(shape: Shape, ordinal: int) -> dict[str, str]:
    """Who and where it is."""
    return {HOSTNAME: node_name(ordinal), ZONE: shape.zone_of(ordinal), _REGION: REGION}
