"""Which claims a pod uses, and who uses a claim. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.metadata import name_of, namespace_of, spec_of
from minisets.objects.pods import node_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minisets.objects.kinds import Object


def claim_names(pod: Object) -> Iterator[str]:
    """The names of the claims that a pod's volumes are, in the order of its volumes."""
    for volume in spec_of(pod).get("volumes") or ():
        if source := volume.get("persistentVolumeClaim"):
            yield source["claimName"]
        elif volume.get("ephemeral"):  # Kubernetes: component-helpers storage/ephemeral VolumeClaimName
            yield f"{name_of(pod)}-{volume['name']}"


def users_of(claim: Object, pods: Iterable[Object]) -> list[Object]:
    """The pods of the claim's namespace that use it."""
    name, namespace = name_of(claim), namespace_of(claim)
    return [pod for pod in pods if namespace_of(pod) == namespace and name in claim_names(pod)]


def is_scheduled(pod: Object) -> bool:
    """Whether the pod has a node."""
    return bool(node_of(pod))
