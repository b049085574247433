"""Statefulsets, pods and snapshots for the planner's tests: a good one, to break one thing of."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.identity import claim_for, claim_templates, pod_for
from minisets.controllers.statefulset.observe import Observed
from minisets.controllers.statefulset.plan import plan
from minisets.controllers.statefulset.revisions import new_revision, payload
from minisets.objects.metadata import name_of, timestamp

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def statefulset(replicas: int = 3, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "default", "uid": "uid-web", "generation": 1},
        "spec": {
            "replicas": replicas,
            "serviceName": "nginx",
            "selector": {"matchLabels": {"app": "nginx"}},
            "template": template("nginx:1"),
            "volumeClaimTemplates": [
                {"metadata": {"name": "www"}, "spec": {"accessModes": ["ReadWriteOnce"]}},
            ],
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            **spec,
        },
    }


def template(image: str) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "nginx"}},
        "spec": {"containers": [{"name": "nginx", "image": image}]},
    }


def revision(owner: Object, number: int = 1) -> Object:
    return new_revision(owner, payload(owner), number, 0)


def pod(owner: Object, ordinal: int, *, of: Object | None = None, phase: str = "Running") -> Object:
    """A pod that is Running, and Ready since an hour ago."""
    held = of or revision(owner)
    made = pod_for(owner, owner["spec"]["template"], name_of(held), ordinal)
    made["metadata"]["uid"] = f"uid-web-{ordinal}"
    since = timestamp(NOW - timedelta(hours=1))
    ready = {
        "type": "Ready",
        "status": "True" if phase == "Running" else "False",
        "lastTransitionTime": since,
    }
    made["status"] = {"phase": phase, "conditions": [ready]}
    return made


def unready(made: Object) -> Object:
    changed = deepcopy(made)
    changed["status"]["conditions"][0]["status"] = "False"
    return changed


def ready_since(made: Object, since: timedelta) -> Object:
    changed = deepcopy(made)
    changed["status"]["conditions"][0]["lastTransitionTime"] = timestamp(NOW - since)
    return changed


def terminating(made: Object) -> Object:
    changed = deepcopy(made)
    changed["metadata"]["deletionTimestamp"] = timestamp(NOW)
    return changed


def claims(owner: Object, *ordinals: int) -> dict[str, Object]:
    made = [claim_for(claim, owner, ordinal) for claim in claim_templates(owner) for ordinal in ordinals]
    return {name_of(claim): claim for claim in made}


def observed(owner: Object, *pods: Object, **changes: Any) -> Observed:
    """A snapshot with the update revision stored and a claim for each of ordinals 0 to 9."""
    stored = revision(owner)
    snapshot = Observed(
        statefulset=owner,
        pods=pods,
        claims=claims(owner, *range(10)),
        revisions={name_of(stored): stored},
        now=NOW,
    )
    return replace(snapshot, **changes)


def lines(snapshot: Observed) -> list[str]:
    return [line for line in str(plan(snapshot)).splitlines() if line != "write status"]


def pods(owner: Object, count: int) -> list[Object]:
    return [pod(owner, ordinal) for ordinal in range(count)]


def updated(owner: Object, image: str = "nginx:2") -> Object:
    """The same statefulset with a new template; the pods' revision is the current one."""
    old = name_of(revision(owner))
    changed = {**owner, "status": {"currentRevision": old, "updateRevision": old}}
    changed["spec"] = {**owner["spec"], "template": template(image)}
    return changed


def rolling(owner: Object, *current: Object, image: str = "nginx:2") -> Observed:
    """A snapshot in the middle of an update: both revisions are stored."""
    new = updated(owner, image)
    held = {name_of(held): held for held in (revision(owner), revision(new, 2))}
    return observed(new, *current, revisions=held)
