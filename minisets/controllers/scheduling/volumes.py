"""Whether a pod can have its volumes on a node. Pure.

Leaves binding claims to `controllers/volumes`, and a volume that another node still has to the kubelet.
Kubernetes: pkg/scheduler/framework/plugins/{volumerestrictions,volumebinding,volumezone}.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from minisets.controllers.scheduling.refusal import Plugin, Refusal
from minisets.controllers.volumes.claims import BIND_COMPLETED, NO_PROVISIONER, SELECTED_NODE, binds_late
from minisets.controllers.volumes.matching import (
    best_match,
    claim_ref,
    class_of,
    is_for,
    is_reached,
    request_of,
)
from minisets.objects.metadata import (
    annotations_of,
    is_being_deleted,
    key_of,
    labels_of,
    name_of,
    spec_of,
    status_of,
)
from minisets.objects.owners import is_controlled_by

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo, Snapshot
    from minisets.objects.kinds import Object

    Choice = tuple[Object, Object | None]
    """A claim, and the volume that it is to have; None: one that is made."""

_EXCLUSIVE = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
_CONFLICT = "node(s) had volume node affinity conflict"
_NO_MATCH = "node(s) didn't find available persistent volumes to bind"
_NO_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
_ZONE = "node(s) had no available volume zone"
_TOPOLOGY = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region": "topology.kubernetes.io/region",
}


class VolumeRestrictions(Plugin):
    """A-143: a ReadWriteOncePod claim has one pod at a time, wherever that is."""

    def of_all(self) -> Refusal | None:
        """A claim that a volume of the pod names must be there."""
        for name in _direct_claims(self.pod):
            if self.snapshot.claim(self.pod, name) is None:
                return _for_good(self, f'persistentvolumeclaim "{name}" not found')
        return None

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:  # noqa: ARG002 - of which node does not matter
        """The same of every node; the pod that has the claim may be driven away."""
        return self.refuse(_EXCLUSIVE) if self._is_taken else ()

    @cached_property
    def _is_taken(self) -> bool:
        exclusive = [key_of(claim) for claim in _claims(self.pod, self.snapshot) if _is_exclusive(claim)]
        return any(key in info.claims for info in self.snapshot.nodes.values() for key in exclusive)


class VolumeBinding(Plugin):
    """A-144: claims are bound, to volumes that the node reaches; or they wait for a node (A-140)."""

    def of_all(self) -> Refusal | None:
        """The first claim in the way, whichever node it is."""
        for name in self.pod.claims:
            claim = self.snapshot.claim(self.pod, name)
            if why := self._hopeless(name, claim):
                return _for_good(self, why)
        if any(not is_bound(claim) and not self._waits(claim) for claim in _claims(self.pod, self.snapshot)):
            return _for_good(self, "pod has unbound immediate PersistentVolumeClaims")
        return None

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """All that is wrong with it. Kubernetes: volumeBinder.FindPodVolumes."""
        reasons = (self._of_bound(info), _NO_MATCH if self.found(info) is None else "")
        name = type(self).__name__
        return tuple(Refusal(reason, name, is_lasting=True) for reason in reasons if reason)

    def _hopeless(self, name: str, claim: Object | None) -> str:
        """Kubernetes: podHasPVCs."""
        if claim is None:
            return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        if status_of(claim).get("phase") == "Lost":
            volume = spec_of(claim).get("volumeName") or ""
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
        if is_being_deleted(claim):
            return f'persistentvolumeclaim "{name}" is being deleted'
        if name not in _direct_claims(self.pod) and not is_controlled_by(claim, self.pod.pod):
            return f"PVC {key_of(claim)} was not created for pod {key_of(self.pod.pod)} (pod is not owner)"
        return ""

    def _waits(self, claim: Object) -> bool:
        late = binds_late(self.snapshot.classes.get(class_of(claim)))
        return late and not spec_of(claim).get("volumeName")

    def _of_bound(self, info: NodeInfo) -> str:
        for claim in _claims(self.pod, self.snapshot):
            if not is_bound(claim):
                continue
            volume = _volume_of(claim, self.snapshot)
            if volume is None:
                return _NO_VOLUME
            if not is_reached(volume, info.node):
                return _CONFLICT
        return ""

    def found(self, info: NodeInfo) -> tuple[Choice, ...] | None:
        """A volume there for each claim that waits, the smallest wish first; None: for one there is none.

        A claim without a volume has one made. Differs: here a claim that waits for its node has that node's
        name also if a volume is there for it; a name that binds nobody upstream's provisioner takes back.
        """
        chosen: list[Choice] = []
        for claim in self._late:
            if self._is_elsewhere(claim, info):
                return None
            volume = self._there(claim, info, {name_of(one) for _, one in chosen if one is not None})
            if volume is None and not self._is_made(claim, info):
                return None
            chosen.append((claim, volume))
        return tuple(chosen)

    def _is_elsewhere(self, claim: Object, info: NodeInfo) -> bool:
        """Whether it keeps to where its volume is, or to another node, while it can have one there."""
        if (reserved := self._reserved(claim)) is not None:
            return not is_reached(reserved, info.node)
        selected = self.snapshot.nodes.get(annotations_of(claim).get(SELECTED_NODE, ""))
        if selected is None or selected.name == info.name:
            return False
        return self._there(claim, selected) is not None or self._is_made(claim, selected)

    def _reserved(self, claim: Object) -> Object | None:
        """Its own is not weighed any more."""
        return best_match(claim, self._free, only_pre_bound=True)

    def _there(self, claim: Object, info: NodeInfo, taken: Collection[str] = ()) -> Object | None:
        free = (one for one in self._free if name_of(one) not in taken and is_reached(one, info.node))
        return self._reserved(claim) or best_match(claim, free)

    @cached_property
    def _late(self) -> tuple[Object, ...]:
        waiting = (claim for claim in _claims(self.pod, self.snapshot) if not is_bound(claim))
        return tuple(sorted(waiting, key=request_of))

    @cached_property
    def _free(self) -> tuple[Object, ...]:
        """Volumes that are nobody else's."""
        return tuple(
            volume
            for volume in self.snapshot.volumes.values()
            if claim_ref(volume) is None or any(is_for(volume, claim) for claim in self._late)
        )

    def _is_made(self, claim: Object, info: NodeInfo) -> bool:
        """Whether its class has volumes made, and for that node. Kubernetes: checkVolumeProvisions."""
        storage_class = self.snapshot.classes[class_of(claim)]
        if storage_class.get("provisioner") in {None, "", NO_PROVISIONER}:
            return False
        terms = storage_class.get("allowedTopologies") or ()
        return not terms or any(_holds(term, info) for term in terms)


class VolumeZone(Plugin):
    """A volume with labels of a zone or region is reached from there only."""

    def of_all(self) -> Refusal | None:
        """What a claim is bound to must be there."""
        for name in _direct_claims(self.pod):
            claim = self.snapshot.claim(self.pod, name)
            wanted = spec_of(claim or {}).get("volumeName")
            if wanted and wanted not in self.snapshot.volumes:
                return _for_good(self, f'persistentvolume "{wanted}" not found')
        return None

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """A node that says nothing of zones reaches all."""
        if any(label in info.labels for label in _TOPOLOGY) and not all(
            info.labels.get(label, info.labels.get(_TOPOLOGY[label])) in zones for label, zones in self._zones
        ):
            return self.refuse(_ZONE, is_lasting=True)
        return ()

    @cached_property
    def _zones(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Kubernetes: volumehelpers LabelZonesToSet."""
        volumes = (_volume_of(claim, self.snapshot) for claim in _claims(self.pod, self.snapshot))
        return tuple(
            (label, frozenset(labels_of(volume)[label].split("__")))
            for volume in volumes
            if volume is not None
            for label in _TOPOLOGY
            if label in labels_of(volume)
        )


def is_bound(claim: Object) -> bool:
    """Whether the claim is bound for good. Kubernetes: isPVCFullyBound."""
    return bool(spec_of(claim).get("volumeName")) and BIND_COMPLETED in annotations_of(claim)


def choices(pod: PodInfo, snapshot: Snapshot, node: str) -> tuple[Choice, ...]:
    """Claims that are bound once they know the pod's node, which may be that one."""
    return VolumeBinding(pod, snapshot).found(snapshot.nodes[node]) or ()


def _claims(pod: PodInfo, snapshot: Snapshot) -> Iterator[Object]:
    for key in pod.claim_keys:
        if (claim := snapshot.claims.get(key)) is not None:
            yield claim


def _direct_claims(pod: PodInfo) -> list[str]:
    """Without those of ephemeral volumes, which somebody makes for the pod."""
    sources = [volume.get("persistentVolumeClaim") for volume in pod.spec.get("volumes") or ()]
    return [str(source["claimName"]) for source in sources if source]


def _volume_of(claim: Object, snapshot: Snapshot) -> Object | None:
    return snapshot.volumes.get(str(spec_of(claim).get("volumeName") or ""))


def _is_exclusive(claim: Object) -> bool:
    return "ReadWriteOncePod" in (spec_of(claim).get("accessModes") or ())


def _holds(term: Object, info: NodeInfo) -> bool:
    wanted = term.get("matchLabelExpressions") or ()
    return bool(wanted) and all(info.labels.get(one["key"]) in one["values"] for one in wanted)


def _for_good(plugin: Plugin, reason: str) -> Refusal:
    return plugin.refuse(reason, is_lasting=True)[0]
