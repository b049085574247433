"""Volumes that one node at a time may have, and what is said of a pod that waits for one. Pure.

Kubernetes: pkg/controller/volume/attachdetach/reconciler reportMultiAttachError, volume/util
IsMultiAttachAllowed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.kubelet.volumes.mounts import claim_name, volumes
from minisets.kubelet.volumes.remote import kind_of
from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of, namespace_of, spec_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader

ATTACHER = "attachdetach-controller"
FAILED = "FailedAttachVolume"

UNMOUNTED_WITHIN = timedelta(minutes=6)
"""How long a node that does not answer keeps a volume. Kubernetes: ReconcilerMaxWaitForUnmountDuration."""

_SHARED = frozenset({"ReadWriteMany", "ReadOnlyMany"})
_NEVER_ATTACHED = ("azureFile", "cephfs", "glusterfs", "nfs")
"""Kubernetes: what has no attacher is mounted by whichever node."""


def is_exclusive(volume: Object) -> bool:
    """Whether it cannot be attached to two nodes: neither of its modes is for many."""
    spec = spec_of(volume)
    modes, kind = spec.get("accessModes") or (), kind_of(spec)
    return bool(kind) and kind not in _NEVER_ATTACHED and bool(modes) and _SHARED.isdisjoint(modes)


def exclusive_volumes(pod: Object, reader: Reader) -> Iterator[Object]:
    """The PersistentVolumes behind the pod's claims that are for one node."""
    for one in volumes(pod).values():
        if not (name := claim_name(pod, one)):
            continue
        claim = reader.get(Ref("PersistentVolumeClaim", namespace_of(pod), name))
        bound = str(spec_of(claim).get("volumeName") or "") if claim else ""
        volume = reader.get(Ref("PersistentVolume", "", bound)) if bound else None
        if volume is not None and is_exclusive(volume):
            yield volume


def multi_attach_error(volume: Object, pod: Object, users: Sequence[Object]) -> str:
    """What the pod is told; users: pods on other nodes. A pod's reader may not see other namespaces."""
    near = sorted(name_of(one) for one in users if namespace_of(one) == namespace_of(pod))
    far = len(users) - len(near)
    if not users:
        why = "Volume is already exclusively attached to one node and can't be attached to another"
    elif not near:
        why = f"Volume is already used by {far} pod(s) in different namespaces"
    else:
        others = f" and {far} pod(s) in different namespaces" if far else ""
        why = f"Volume is already used by pod(s) {', '.join(near)}{others}"
    return f'Multi-Attach error for volume "{name_of(volume)}" {why}'
