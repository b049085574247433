"""What is written on everything that we make: enough to tell what it is, and to rebuild claims and volumes.

Names are for people (`names.py`); these are the truth, and cannot change: a new layout is a new number.
Selecting is by `CLUSTER` first: a container inherits its image's labels, so the others prove nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from minisets.objects.metadata import labels_of, meta, name_of, namespace_of, spec_of, uid_of
from minisets.objects.owners import controller_of
from minisets.objects.pods import node_of
from minisets.objects.snapshots import group_of, restored_from, source_claim
from minisets.settings import NODE as FIRST_NODE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Object

Labels = Mapping[str, str]
Part = Literal["container", "init", "ephemeral", "sandbox"]

CLUSTER = "dev.minisets.cluster"
# A Part, volume | pod-volume | snapshot | network | image | control | state | build | look | transfer |
# copy | holder | end
KIND = "dev.minisets.kind"
LAYOUT = "dev.minisets.layout"
NAMESPACE = "dev.minisets.namespace"
POD = "dev.minisets.pod"
POD_UID = "dev.minisets.pod-uid"
CONTAINER = "dev.minisets.container"
RESTART = "dev.minisets.restart"
SPEC = "dev.minisets.spec"
NODE = "dev.minisets.node"  # the node that the pod is on; what has none is of the first one's
SANDBOX = "dev.minisets.sandbox"  # the id of the sandbox that the container joined
BACKOFF = "dev.minisets.backoff"  # how many restarts in a row were not forgiven
STATEFULSET = "dev.minisets.statefulset"
POD_VOLUME = "dev.minisets.pod-volume"
CLAIM = "dev.minisets.claim"
CLAIM_UID = "dev.minisets.claim-uid"
CLAIM_CREATED = "dev.minisets.claim-created"  # of several volumes of one claim's name, which is the newest
CLAIM_LABELS = "dev.minisets.claim-labels"
VOLUME = "dev.minisets.volume"
CAPACITY = "dev.minisets.capacity"
ACCESS_MODES = "dev.minisets.access-modes"
STORAGE_CLASS = "dev.minisets.storage-class"
RECLAIM = "dev.minisets.reclaim"
HELD = "dev.minisets.held"  # the Docker volume in memory that a holder keeps mounted
SNAPSHOT = "dev.minisets.snapshot"  # the VolumeSnapshot whose copy it is, or that a claim's volume began with
SNAPSHOT_CONTENT = "dev.minisets.snapshot-content"
SNAPSHOT_GROUP = "dev.minisets.snapshot-group"
SNAPSHOT_GROUP_SIZE = "dev.minisets.snapshot-group-size"
TAKEN = "dev.minisets.taken"
PAUSED = "dev.minisets.paused"  # the containers, by id, that stand still while this one copies
REMOTE = "dev.minisets.remote"  # what the volume stands for: an image elsewhere, and no claim's alone
CONTENT = "dev.minisets.content"
PORT = "dev.minisets.port"  # of the host's loopback, where the control container's API is published
SCHEMA = "dev.minisets.schema"  # of the state that the control container keeps
SUBNET = "dev.minisets.subnet"  # of the cluster's network when its state was made
_OURS = "dev.minisets."
_LAYOUT = "1"
_PARTS: dict[str, Part] = {part: part for part in get_args(Part)}
# Kubernetes: kubelettypes.KubernetesPodNameLabel and so on; dockershim called the sandbox's container POD.
_KUBERNETES = "io.kubernetes"
_SANDBOX_CONTAINER = "POD"


def cluster_selector(cluster: str) -> dict[str, str]:
    """What everything of a cluster carries."""
    return {CLUSTER: cluster}


def pod_selector(cluster: str, pod_uid: str) -> dict[str, str]:
    """What every container and volume of one pod carries, of this uid and no predecessor."""
    return {CLUSTER: cluster, POD_UID: pod_uid}


def pod_labels(
    cluster: str, pod: Object, container: str, kind: Part, restart: int = 0, *, spec_hash: str = ""
) -> dict[str, str]:
    """For one of a pod's containers; `container` is empty for its sandbox."""
    name, namespace, uid = name_of(pod), namespace_of(pod), uid_of(pod)
    owner = controller_of(pod)
    statefulset = owner["name"] if owner and owner["kind"] == "StatefulSet" else ""
    node = node_of(pod)
    return {
        **_of_pod(cluster, kind, pod),
        RESTART: str(restart),
        **({CONTAINER: container} if container else {}),
        **({SPEC: spec_hash} if spec_hash else {}),
        **({STATEFULSET: statefulset} if statefulset else {}),
        **({NODE: node} if node else {}),
        f"{_KUBERNETES}.pod.name": name,
        f"{_KUBERNETES}.pod.namespace": namespace,
        f"{_KUBERNETES}.pod.uid": uid,
        f"{_KUBERNETES}.container.name": container or _SANDBOX_CONTAINER,
        **_grouped(cluster, name),
    }


def pod_volume_labels(cluster: str, pod: Object, volume: str) -> dict[str, str]:
    """For a volume that lives and dies with one pod; `volume` is its name in the pod's spec."""
    return {**_of_pod(cluster, "pod-volume", pod), POD_VOLUME: volume}


def volume_labels(
    cluster: str, claim: Object, volume_name: str, *, reclaim: str = "Delete"
) -> dict[str, str]:
    """For a claim's volume; `volume_name` is the PersistentVolume's.

    All are as they were at creation: the engine cannot relabel, so a policy patched later is not in here.
    """
    spec = spec_of(claim)
    requests = (spec.get("resources") or {}).get("requests") or {}
    return {
        **_made_by_us(cluster, "volume"),
        NAMESPACE: namespace_of(claim),
        CLAIM: name_of(claim),
        CLAIM_UID: uid_of(claim),
        CLAIM_CREATED: str(meta(claim).get("creationTimestamp") or ""),
        CLAIM_LABELS: json.dumps(dict(labels_of(claim)), sort_keys=True, separators=(",", ":")),
        VOLUME: volume_name,
        CAPACITY: str(requests.get("storage") or ""),
        ACCESS_MODES: ",".join(spec.get("accessModes") or ()),
        STORAGE_CLASS: str(spec.get("storageClassName") or ""),
        RECLAIM: reclaim,
        **({SNAPSHOT: snapshot} if (snapshot := restored_from(claim)) else {}),
    }


def snapshot_labels(
    cluster: str, snapshot: Object, content: Object, capacity: str, taken: str
) -> dict[str, str]:
    """For the copy of a claim's volume: enough to make snapshot and content anew. taken: when."""
    group, size = group_of(snapshot)
    return {
        **_made_by_us(cluster, "snapshot"),
        NAMESPACE: namespace_of(snapshot),
        SNAPSHOT: name_of(snapshot),
        SNAPSHOT_CONTENT: name_of(content),
        CLAIM: source_claim(snapshot),
        CAPACITY: capacity,
        TAKEN: taken,
        RECLAIM: str(spec_of(content).get("deletionPolicy") or ""),
        STORAGE_CLASS: str(spec_of(content).get("volumeSnapshotClassName") or ""),
        **({SNAPSHOT_GROUP: group, SNAPSHOT_GROUP_SIZE: str(size)} if group else {}),
    }


def is_snapshot(labels: Labels, cluster: str) -> bool:
    """Whether that volume of the cluster holds a snapshot's copy."""
    return labels.get(KIND) == "snapshot" and labels.get(CLUSTER) == cluster


def copy_labels(cluster: str, paused: Iterable[str] = ()) -> dict[str, str]:
    """For a container that copies volumes; with the containers that are to go on once it is gone."""
    return {**_made_by_us(cluster, "copy"), PAUSED: ",".join(paused)}


def end_labels(cluster: str) -> dict[str, str]:
    """For a container that ends a command in another one."""
    return _made_by_us(cluster, "end")


def remote_labels(cluster: str, identity: str) -> dict[str, str]:
    """For a volume that stands for storage elsewhere, and for whichever PersistentVolumes name that."""
    return {**_made_by_us(cluster, "volume"), REMOTE: identity}


def network_labels(cluster: str) -> dict[str, str]:
    """For a cluster's network."""
    return _made_by_us(cluster, "network")


def image_labels(content: str) -> dict[str, str]:
    """For an image that we make, told apart by the hash of what is in it.

    Why no cluster: a stranger's container of this image inherits its labels, and would look like ours.
    """
    return {KIND: "image", LAYOUT: _LAYOUT, CONTENT: content}


def control_labels(cluster: str, content: str, port: int, schema: int) -> dict[str, str]:
    """For a cluster's control container: which minisets it runs, where it is reached, what state it keeps."""
    return {
        **_made_by_us(cluster, "control"),
        CONTENT: content,
        PORT: str(port),
        SCHEMA: str(schema),
        **_grouped(cluster, "minisets"),
    }


def state_labels(cluster: str, subnet: str) -> dict[str, str]:
    """For the volume that holds a cluster's state."""
    return {**_made_by_us(cluster, "state"), SUBNET: subnet}


def build_labels() -> dict[str, str]:
    """For a container that an image of ours is being made from.

    Why no cluster: the image inherits its labels.
    """
    return {KIND: "build", LAYOUT: _LAYOUT}


def look_labels(cluster: str) -> dict[str, str]:
    """For a container that is made only to look at the machine through it.

    Why no pod: its end would be a reason to look at the pod, which is why it was made.
    """
    return _made_by_us(cluster, "look")


def transfer_labels(cluster: str) -> dict[str, str]:
    """For a container, never started, through which a command reads or writes a claim's volume.

    Why not `look`: the kubelet removes those that it does not know.
    """
    return _made_by_us(cluster, "transfer")


def holders_selector(cluster: str) -> dict[str, str]:
    """What every holder of a cluster carries."""
    return {CLUSTER: cluster, KIND: "holder"}


def holder_labels(cluster: str, volume: str) -> dict[str, str]:
    """For the container that keeps a volume in memory mounted. No pod's labels: its end wakes no pod."""
    return {
        **_made_by_us(cluster, "holder"),
        HELD: volume,
        **_grouped(cluster, "holder"),
    }


def is_strangers(labels: Labels) -> bool:
    """Whether no minisets of any cluster made it."""
    return not any(key.startswith(_OURS) for key in labels)


def is_taken_in(labels: Labels, name: str, adopted: str) -> bool:
    """Whether a PV whose annotation ADOPTED reads so may name this volume although it is not ours.

    That one only, and never what has a label of ours: the state, another cluster's data.
    """
    return adopted == name and is_strangers(labels)


def is_data(labels: Labels, cluster: str) -> bool:
    """Whether that volume of the cluster was made for a claim, or for what a PersistentVolume names."""
    return labels.get(KIND) == "volume" and labels.get(CLUSTER) == cluster


def is_control(labels: Labels, cluster: str) -> bool:
    """Whether that is the control container of the cluster, as its labels tell."""
    return labels.get(KIND) == "control" and labels.get(CLUSTER) == cluster


@dataclass(frozen=True)
class PodPart:
    """Which part of which pod a container is, as its labels tell."""

    cluster: str
    kind: Part
    namespace: str
    pod: str
    pod_uid: str
    container: str
    restart: int
    spec_hash: str
    statefulset: str
    node: str


@dataclass(frozen=True)
class ClaimVolume:
    """Which claim and PersistentVolume a Docker volume holds the data of, as its labels tell."""

    cluster: str
    namespace: str
    claim: str
    claim_uid: str
    volume: str
    capacity: str
    access_modes: tuple[str, ...]
    storage_class: str
    reclaim: str
    claim_labels: Labels = field(default_factory=dict)


def read_pod_part(labels: Labels) -> PodPart | None:
    """What `pod_labels` wrote, or None if it was not us."""
    kind, restart = _PARTS.get(labels.get(KIND, "")), labels.get(RESTART, "")
    if kind is None or not restart.isdecimal():
        return None
    if any(not labels.get(key) for key in (CLUSTER, NAMESPACE, POD, POD_UID)):
        return None
    return PodPart(
        cluster=labels[CLUSTER],
        kind=kind,
        namespace=labels[NAMESPACE],
        pod=labels[POD],
        pod_uid=labels[POD_UID],
        container=labels.get(CONTAINER, ""),
        restart=int(restart),
        spec_hash=labels.get(SPEC, ""),
        statefulset=labels.get(STATEFULSET, ""),
        node=node_in(labels),
    )


def node_in(labels: Labels) -> str:
    """The node that a pod's container was made on; those of older minisets were all on the first one."""
    return labels.get(NODE) or FIRST_NODE


def read_claim_volume(labels: Labels) -> ClaimVolume | None:
    """What `volume_labels` wrote, or None if it was not us."""
    if labels.get(KIND) != "volume" or any(
        not labels.get(key) for key in (CLUSTER, NAMESPACE, CLAIM, VOLUME)
    ):
        return None
    return ClaimVolume(
        cluster=labels[CLUSTER],
        namespace=labels[NAMESPACE],
        claim=labels[CLAIM],
        claim_uid=labels.get(CLAIM_UID, ""),
        volume=labels[VOLUME],
        capacity=labels.get(CAPACITY, ""),
        access_modes=tuple(filter(None, labels.get(ACCESS_MODES, "").split(","))),
        storage_class=labels.get(STORAGE_CLASS, ""),
        reclaim=labels.get(RECLAIM, ""),
        claim_labels=_labels_in(labels.get(CLAIM_LABELS, "")),
    )


def _of_pod(cluster: str, kind: str, pod: Object) -> dict[str, str]:
    return {
        **_made_by_us(cluster, kind),
        NAMESPACE: namespace_of(pod),
        POD: name_of(pod),
        POD_UID: uid_of(pod),
    }


def _grouped(cluster: str, service: str) -> dict[str, str]:
    """Why: Docker Desktop, lazydocker and Dozzle group by these."""
    return {
        "com.docker.compose.project": f"minisets--{cluster}",
        "com.docker.compose.service": service,
    }


def _made_by_us(cluster: str, kind: str) -> dict[str, str]:
    return {CLUSTER: cluster, KIND: kind, LAYOUT: _LAYOUT}


def _labels_in(text: str) -> dict[str, str]:
    """Labels as JSON; empty where somebody wrote something else (labels are anyone's to write)."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
