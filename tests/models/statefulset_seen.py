"""What one looks at: the statefulset `web` and what is around it at a moment, and one sync between two.

Read from the stored objects alone, by the spec's words: nothing here is the controller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import (
    condition,
    is_being_deleted,
    labels_of,
    moment,
    name_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.objects.owners import controller_of

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Object
    from minisets.store.interface import Reader

NAME, NAMESPACE = "web", "default"
SELECTED = {"app": "nginx"}
BROKEN = "nginx:broken"
"""The image whose pods run and never become ready (A-13, A-30)."""

TERMINAL = ("Failed", "Succeeded")


def ordinal_of(pod: Object) -> int:
    """The number behind `web-`; -1 if the name is not of that form (A-3)."""
    head, _, tail = name_of(pod).rpartition("-")
    return int(tail) if head == NAME and tail.isdigit() else -1


def phase_of(pod: Object) -> str:
    return str(status_of(pod).get("phase") or "")


def image_of(spec: Any) -> str:
    """Of a pod's spec, or a template's."""
    return str(spec["containers"][0]["image"])


def is_broken(pod: Object) -> bool:
    return image_of(spec_of(pod)) == BROKEN


def is_ready(pod: Object) -> bool:
    return phase_of(pod) == "Running" and (condition(pod, "Ready") or {}).get("status") == "True"


def revision_of(pod: Object) -> str:
    return labels_of(pod).get("controller-revision-hash", "")


def template_of(revision: Object) -> dict[str, Any]:
    """The template that a revision holds (A-36)."""
    template = revision["data"]["spec"]["template"]
    return {field: value for field, value in template.items() if field != "$patch"}


def claim_names(pod: Object) -> dict[str, str]:
    """Claim by volume."""
    volumes = spec_of(pod).get("volumes") or []
    return {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in volumes
        if "persistentVolumeClaim" in volume
    }


@dataclass(frozen=True)
class Seen:
    """All there is at one moment."""

    statefulset: Object
    pods: dict[str, Object]
    claims: dict[str, Object]
    revisions: dict[str, Object]
    now: datetime

    @classmethod
    def of(cls, reader: Reader, statefulset: Object, now: datetime) -> Seen:
        def named(kind: str) -> dict[str, Object]:
            return {name_of(obj): obj for obj in reader.list(kind, NAMESPACE).items}

        pods, claims = named("Pod"), named("PersistentVolumeClaim")
        return cls(statefulset, pods, claims, named("ControllerRevision"), now)

    # What is wanted.

    @cached_property
    def spec(self) -> dict[str, Any]:
        return spec_of(self.statefulset)

    @cached_property
    def status(self) -> dict[str, Any]:
        return status_of(self.statefulset)

    @cached_property
    def start(self) -> int:
        return int((self.spec.get("ordinals") or {}).get("start") or 0)

    @cached_property
    def wanted(self) -> range:
        """The ordinals in range (A-53)."""
        return range(self.start, self.start + int(self.spec["replicas"]))

    @cached_property
    def is_ordered(self) -> bool:
        return bool(self.spec["podManagementPolicy"] == "OrderedReady")

    @cached_property
    def is_going(self) -> bool:
        return is_being_deleted(self.statefulset)

    @cached_property
    def is_rolling(self) -> bool:
        return bool(self.spec["updateStrategy"]["type"] == "RollingUpdate")

    @cached_property
    def block(self) -> dict[str, Any] | None:
        block: dict[str, Any] | None = self.spec["updateStrategy"].get("rollingUpdate")
        return block

    @cached_property
    def goes_by_count(self) -> bool:
        """Whether the stored status says which revision a new pod gets (A-24, A-25)."""
        return self.is_rolling and self.block is None

    @cached_property
    def may_be_left_alone(self) -> bool:
        """Whether a pod can be born old, and be outdated and not available: it is then left alone.

        A missing low ordinal gets the current revision (A-24); in Parallel what is outdated and not
        available would be replaced at once (A-28). Kubernetes: replaces it again and again.
        """
        return self.goes_by_count and not self.is_ordered

    @cached_property
    def lowest_updated(self) -> int:
        """The lowest ordinal that a rolling update replaces (A-23)."""
        return self.start + int((self.block or {}).get("partition") or 0)

    @cached_property
    def max_unavailable(self) -> int:
        """A-28."""
        given = (self.block or {}).get("maxUnavailable", 1)
        if isinstance(given, str):
            return max(1, int(given.rstrip("%")) * len(self.wanted) // 100)
        return int(given)

    def deletes(self, when: str) -> bool:
        """Whether claims go at `whenDeleted` or `whenScaled`."""
        return bool(self.spec["persistentVolumeClaimRetentionPolicy"][when] == "Delete")

    def claims_of(self, ordinal: int) -> dict[str, str]:
        """The claims that an ordinal has, by volume (A-55)."""
        templates = self.spec.get("volumeClaimTemplates") or []
        return {name_of(each): f"{name_of(each)}-{NAME}-{ordinal}" for each in templates}

    # What is there.

    @cached_property
    def members(self) -> dict[int, Object]:
        """The pods by ordinal that are the set's, or that it would adopt (A-3, A-66)."""
        return {ordinal_of(pod): pod for pod in self.pods.values() if self._is_ours(pod)}

    def _is_ours(self, pod: Object) -> bool:
        if ordinal_of(pod) < 0 or not SELECTED.items() <= labels_of(pod).items():
            return False
        owner = controller_of(pod)
        if owner is not None:
            return bool(owner["uid"] == uid_of(self.statefulset))
        return not is_being_deleted(pod) and not self.is_going

    @cached_property
    def replicas(self) -> dict[int, Object]:
        """Those in range, ascending."""
        return {ordinal: self.members[ordinal] for ordinal in self.wanted if ordinal in self.members}

    @cached_property
    def condemned(self) -> dict[int, Object]:
        """Those out of range, ascending (A-16)."""
        return {ordinal: pod for ordinal, pod in sorted(self.members.items()) if ordinal not in self.wanted}

    def is_available(self, pod: Object) -> bool:
        """Ready for minReadySeconds (A-31); the machine's moments never meet that time exactly."""
        if not is_ready(pod):
            return False
        since = moment((condition(pod, "Ready") or {})["lastTransitionTime"])
        return since + timedelta(seconds=self.spec.get("minReadySeconds") or 0) <= self.now

    def is_unavailable(self, ordinal: int) -> bool:
        """Missing, terminating or not available."""
        pod = self.members.get(ordinal)
        return pod is None or is_being_deleted(pod) or not self.is_available(pod)

    @cached_property
    def unavailable(self) -> list[int]:
        """The ordinals in range that are, ascending."""
        return [ordinal for ordinal in self.wanted if self.is_unavailable(ordinal)]

    # History.

    @cached_property
    def ours(self) -> dict[str, Object]:
        """The revisions that the set has, or would adopt."""
        return {
            name: revision
            for name, revision in self.revisions.items()
            if (controller_of(revision) or {"uid": uid_of(self.statefulset)})["uid"]
            == uid_of(self.statefulset)
        }

    @cached_property
    def update(self) -> str:
        """The name of the revision that holds the set's template; empty while there is none."""
        template = self.spec["template"]
        found = [name for name, each in self.revisions.items() if template_of(each) == template]
        return max(found, key=lambda name: (name in self.ours, self.revisions[name]["revision"]), default="")


@dataclass(frozen=True)
class Sync:
    """One reconcile: what was there before and after, and which pods it made and deleted.

    deleted: as they were before, in the order of the calls. error: the crash, or what was raised.
    """

    before: Seen
    after: Seen
    created: tuple[Object, ...]
    deleted: tuple[Object, ...]
    error: Exception | None

    @cached_property
    def update(self) -> str:
        """The update revision's name: only the sync makes the revision of a new template."""
        return self.after.update

    @cached_property
    def current(self) -> str:
        """The revision that the stored status names, else the update revision (A-42)."""
        named = str(self.before.status.get("currentRevision") or "")
        return named if named in self.before.ours else self.update

    @cached_property
    def updated(self) -> dict[int, Object]:
        """The pods deleted for an update alone, by ordinal."""
        return {
            ordinal_of(pod): pod
            for pod in self.deleted
            if ordinal_of(pod) in self.before.wanted and phase_of(pod) not in TERMINAL
        }

    @cached_property
    def outdated(self) -> dict[int, Object]:
        """The pods that an update would replace, highest first (A-21, A-23)."""
        candidates = reversed(self.before.replicas.items())
        return {
            ordinal: pod
            for ordinal, pod in candidates
            if ordinal >= self.before.lowest_updated
            and revision_of(pod) != self.update
            and not is_being_deleted(pod)
            and phase_of(pod) not in TERMINAL
        }
