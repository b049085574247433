"""Which pods a change in the store concerns: pods of our nodes, and those that refer to what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.kubelet.containers import wanted
from minisets.kubelet.nodes.served import concerns_pods, is_ours
from minisets.kubelet.volumes.mounts import claim_name
from minisets.objects.metadata import is_true, key_of, meta, spec_of
from minisets.objects.pods import is_terminal, node_of
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.store.interface import Change

_OWN_STAMPS = ("resourceVersion", "managedFields")
_SOURCES = {"ConfigMap": ("configMap", "name"), "Secret": ("secret", "secretName")}


def pods_concerned(change: Change, reader: Reader) -> Iterator[str]:
    """Keys of pods; each may come more than once."""
    kind = change.ref.kind
    if kind == "Pod":
        if is_ours(node_of(change.object)) and _matters(change):
            yield key_of(change.object)
        return
    if kind == "Node":
        if is_ours(change.ref.name) and concerns_pods(change):
            yield from (key_of(pod) for pod in reader.list("Pod").items if node_of(pod) == change.ref.name)
        return
    namespace, name = change.ref.namespace, change.ref.name
    if kind == "PersistentVolume":
        claim = spec_of(change.object).get("claimRef") or {}
        kind, namespace, name = "PersistentVolumeClaim", claim.get("namespace") or "", claim.get("name") or ""
        if not name:
            return
    for pod in reader.list("Pod", namespace).items:
        if is_ours(node_of(pod)) and _refers(pod, kind, name):
            yield key_of(pod)


def may_free_volumes(change: Change) -> bool:
    """Whether a volume may be free that only one node can have: its pod went or ended, a node is given up."""
    if change.ref.kind == "Node":
        return concerns_pods(change)
    if change.ref.kind != "Pod":
        return False
    has_ended = is_terminal(change.object)
    had_ended = is_terminal(change.previous or {})
    return change.type is ChangeType.DELETED or (has_ended and not had_ended)


def _matters(change: Change) -> bool:
    """Whether more changed than a status, most of which this kubelet writes itself."""
    before = change.previous
    if before is None or spec_of(change.object).get("readinessGates"):
        return True
    if _is_overruled(change.object) and not _is_overruled(before):
        return True
    return _without_status(before) != _without_status(change.object) or change.type == "DELETED"


def _is_overruled(pod: Object) -> bool:
    """Whether somebody else made it unready: the node's controller, which may hear late that it is back.

    Kubernetes: the status manager's needsReconcile.
    """
    return is_true(pod, "ContainersReady") and not is_true(pod, "Ready")


def _without_status(pod: Object) -> Object:
    metadata = {key: value for key, value in meta(pod).items() if key not in _OWN_STAMPS}
    return {"metadata": metadata, "spec": spec_of(pod)}


def _refers(pod: Object, kind: str, name: str) -> bool:
    spec = spec_of(pod)
    volumes = spec.get("volumes") or ()
    if kind == "PersistentVolumeClaim":
        return any(claim_name(pod, one) == name for one in volumes)
    field, key = _SOURCES[kind]
    if any((one.get(field) or {}).get(key) == name for one in volumes):
        return True
    projected = [source for one in volumes for source in (one.get("projected") or {}).get("sources") or ()]
    if any((source.get(field) or {}).get("name") == name for source in projected):
        return True
    return any(_uses(one.spec, field, name) for one in wanted(pod))


def _uses(container: dict[str, Any], field: str, name: str) -> bool:
    imported = ((source.get(f"{field}Ref") or {}) for source in container.get("envFrom") or ())
    keyed = (
        ((entry.get("valueFrom") or {}).get(f"{field}KeyRef") or {}) for entry in container.get("env") or ()
    )
    return any(reference.get("name") == name for reference in (*imported, *keyed))
