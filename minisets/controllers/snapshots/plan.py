"""What to do next about a snapshot, given its content, its claim and the classes. Pure.

Kubernetes: external-snapshotter pkg/common-controller/snapshot_controller.go; texts are its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from minisets.objects.kinds import SNAPSHOTS
from minisets.objects.metadata import (
    annotations_of,
    finalizers_of,
    is_being_deleted,
    key_of,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    timestamp,
    uid_of,
)
from minisets.objects.snapshots import (
    AS_SOURCE,
    BEING_DELETED,
    BOUND,
    CONTENT_BOUND,
    IS_DEFAULT,
    SNAPSHOT,
    SNAPSHOT_CONTENT,
    content_name,
    error_of,
    is_content_of,
    is_ready,
    source_claim,
)

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_FINALIZERS = (AS_SOURCE, BOUND)


@dataclass(frozen=True)
class SetFinalizers:
    """Those that a snapshot is to have besides others'."""

    finalizers: tuple[str, ...]


@dataclass(frozen=True)
class SetClass:
    """The class that it did not name."""

    name: str


@dataclass(frozen=True)
class CreateContent:
    """The content of a snapshot of a claim."""

    body: dict[str, Any]


@dataclass(frozen=True)
class BindContent:
    """A content that was there gets the snapshot's uid, and waits for its own end from now on."""

    name: str


@dataclass(frozen=True)
class DeleteContent:
    """The snapshot goes, and its content with it."""

    name: str


@dataclass(frozen=True)
class SetStatus:
    """What the content says."""

    status: dict[str, Any]


@dataclass(frozen=True)
class Fail:
    """Why it does not go on, in status and as an event."""

    reason: str
    message: str


@dataclass(frozen=True)
class Tell:
    """An event that is no failure."""

    reason: str
    message: str


Action = SetFinalizers | SetClass | CreateContent | BindContent | DeleteContent | SetStatus | Fail | Tell


@dataclass(frozen=True)
class Observed:
    """What is there of one snapshot. content: whichever has the name that the snapshot's has."""

    snapshot: Object
    content: Object | None = None
    claim: Object | None = None
    volume: Object | None = None
    classes: tuple[Object, ...] = ()


def plan_snapshot(observed: Observed) -> tuple[Action, ...]:
    """The next steps; each changes an object, and is followed by another look."""
    snapshot = observed.snapshot
    if is_being_deleted(snapshot):
        return _plan_end(snapshot, observed.content)
    if not set(_FINALIZERS) <= set(finalizers_of(snapshot)):
        return (SetFinalizers(_FINALIZERS),)
    if observed.content is not None:
        return _plan_bound(snapshot, observed.content)
    if not source_claim(snapshot) or status_of(snapshot).get("boundVolumeSnapshotContentName"):
        return (Fail("SnapshotContentMissing", "VolumeSnapshotContent is missing"),)
    return _plan_content(observed)


def _plan_end(snapshot: Object, content: Object | None) -> tuple[Action, ...]:
    if content is not None and is_content_of(content, snapshot):
        is_kept = spec_of(content).get("deletionPolicy") == "Retain"
        if not is_kept:
            is_told = is_being_deleted(content) and annotations_of(content).get(BEING_DELETED) == "yes"
            return () if is_told else (DeleteContent(name_of(content)),)
    return (SetFinalizers(()),) if set(_FINALIZERS) & set(finalizers_of(snapshot)) else ()


def _plan_bound(snapshot: Object, content: Object) -> tuple[Action, ...]:
    if not is_content_of(content, snapshot):
        name = name_of(content)
        said = f"VolumeSnapshotContent [{name}] is bound to a different snapshot"
        return (Fail("SnapshotContentMisbound", said),)
    spec = spec_of(content)
    if bool(source_claim(snapshot)) != bool((spec.get("source") or {}).get("volumeHandle")):
        kinds = ("pre-provisioned", "dynamically provisioned")
        expected, found = reversed(kinds) if source_claim(snapshot) else kinds
        said = f"VolumeSnapshotContent is {found} while expecting a {expected} one"
        return (Fail("SnapshotContentMismatch", said),)
    if not spec["volumeSnapshotRef"].get("uid") or CONTENT_BOUND not in finalizers_of(content):
        return (BindContent(name_of(content)),)
    return _plan_status(snapshot, content)


def _plan_status(snapshot: Object, content: Object) -> tuple[Action, ...]:
    """What the content tells; an event when that is news."""
    wanted = status_from(content)
    before = status_of(snapshot)
    if wanted == before:
        return ()
    actions: list[Action] = [SetStatus(wanted)]
    key = key_of(snapshot)
    if wanted.get("creationTime") and not before.get("creationTime"):
        actions.append(Tell("SnapshotCreated", f"Snapshot {key} was successfully created by the CSI driver."))
    if wanted["readyToUse"] and not is_ready(snapshot):
        actions.append(Tell("SnapshotReady", f"Snapshot {key} is ready to use."))
    return tuple(actions)


def status_from(content: Object) -> dict[str, Any]:
    """A snapshot's status, as its content's says it; times are nanoseconds there, sizes bytes."""
    told = status_of(content)
    status: dict[str, Any] = {
        "boundVolumeSnapshotContentName": name_of(content),
        "readyToUse": is_ready(content),
    }
    if told.get("creationTime") is not None:
        status["creationTime"] = timestamp(datetime.fromtimestamp(told["creationTime"] // 10**9, UTC))
    if told.get("restoreSize") is not None:
        status["restoreSize"] = _as_quantity(int(told["restoreSize"]))
    if error_of(content) and not is_ready(content):
        status["error"] = dict(told["error"])
    return status


def _as_quantity(size: int) -> str:
    """Bytes in the largest unit that leaves no rest. Kubernetes: resource.NewQuantity(BinarySI)."""
    for unit, factor in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def _plan_content(observed: Observed) -> tuple[Action, ...]:
    """A class, if it names none; then the content, if the claim can be copied."""
    snapshot, claim, volume = observed.snapshot, observed.claim, observed.volume
    why = _why_not(snapshot, claim, volume)
    if why or claim is None or volume is None:
        return (Fail("SnapshotContentCreationFailed", f"Failed to create snapshot content with error {why}"),)
    driver = spec_of(volume)["csi"]["driver"]
    named = spec_of(snapshot).get("volumeSnapshotClassName")
    if not named:
        defaults = [one for one in observed.classes if _is_default(one, driver)]
        if len(defaults) == 1:
            return (SetClass(name_of(defaults[0])),)
        why = f"{len(defaults)} default snapshot classes were found"
        why = why if defaults else "cannot find default snapshot class"
        said = f"Failed to set default snapshot class with error {why}"
        return (Fail("SetDefaultSnapshotClassFailed", said),)
    chosen = next((one for one in observed.classes if name_of(one) == named), None)
    if chosen is None:
        why = f'volumesnapshotclass.snapshot.storage.k8s.io "{named}" not found'
        return (Fail("GetSnapshotClassFailed", f"Failed to get snapshot class with error {why}"),)
    if chosen.get("driver") != driver:
        said = f"the snapshot class {named} is for {chosen.get('driver')}, the volume is {driver}'s"
        return (
            Fail("SnapshotContentCreationFailed", f"Failed to create snapshot content with error {said}"),
        )
    said = f"Waiting for a snapshot {key_of(snapshot)} to be created by the CSI driver."
    return (CreateContent(content_for(snapshot, volume, chosen)), Tell("CreatingSnapshot", said))


def _why_not(snapshot: Object, claim: Object | None, volume: Object | None) -> str:
    name = source_claim(snapshot)
    if claim is None:
        return f'persistentvolumeclaim "{name}" not found'
    if status_of(claim).get("phase") != "Bound" or not spec_of(claim).get("volumeName"):
        return f"the PVC {name} is not yet bound to a PV, will not attempt to take a snapshot"
    if volume is None:
        return f'failed to retrieve PV {spec_of(claim)["volumeName"]} from the API server: "not found"'
    if not spec_of(volume).get("csi"):
        return f"cannot find CSI PersistentVolumeSource for volume {name_of(volume)}"
    return ""


def _is_default(one: Object, driver: str) -> bool:
    return annotations_of(one).get(IS_DEFAULT) == "true" and one.get("driver") == driver


def content_for(snapshot: Object, volume: Object, chosen: Object) -> dict[str, Any]:
    """The content of a snapshot of a claim, bound to it from the beginning."""
    csi = spec_of(volume)["csi"]
    return {
        "apiVersion": f"{SNAPSHOTS}/v1",
        "kind": SNAPSHOT_CONTENT,
        "metadata": {"name": content_name(snapshot), "finalizers": [CONTENT_BOUND]},
        "spec": {
            "volumeSnapshotRef": {
                "apiVersion": f"{SNAPSHOTS}/v1",
                "kind": SNAPSHOT,
                "namespace": namespace_of(snapshot),
                "name": name_of(snapshot),
                "uid": uid_of(snapshot),
            },
            "source": {"volumeHandle": csi["volumeHandle"]},
            "driver": csi["driver"],
            "deletionPolicy": chosen["deletionPolicy"],
            "volumeSnapshotClassName": name_of(chosen),
            "sourceVolumeMode": spec_of(volume).get("volumeMode") or "Filesystem",
        },
    }
