"""When a workload is Ready, and what is said of one that is not."""

from typing import Any

import pytest

from minisets.cli.following import (
    Scene,
    are_ready,
    is_ready,
    pods_behind,
    state_of,
    what_is_missing,
)
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import ref_of

WEB = Ref("StatefulSet", "default", "web")
DONE = {"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}


def web(status: dict[str, Any] | None = None, **spec: Any) -> Object:
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "default", "uid": "u", "generation": 2},
        "spec": {"replicas": 2, "updateStrategy": {"type": "RollingUpdate"}, **spec},
        "status": DONE if status is None else status,
    }


def pod(name: str, *, ready: bool = False, deleted: bool = False, **status: Any) -> Object:
    conditions = [{"type": "Ready", "status": str(ready)}]
    owner = {"kind": "StatefulSet", "name": "web", "uid": "u", "controller": True}
    metadata: dict[str, Any] = {"name": name, "namespace": "default", "ownerReferences": [owner]}
    if deleted:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"kind": "Pod", "metadata": metadata, "status": {"conditions": conditions, **status}}


def scene(*objects: Object) -> Scene:
    return Scene({ref_of(obj): obj for obj in objects})


def test_a_pod_is_ready_or_done_and_here_to_stay() -> None:
    assert is_ready(pod("web-0", ready=True))
    assert is_ready(pod("web-0", phase="Succeeded"))
    assert not is_ready(pod("web-0"))
    assert not is_ready(pod("web-0", ready=True, deleted=True))


def waiting(reason: str, message: str = "") -> list[dict[str, Any]]:
    return [{"state": {"waiting": {"reason": reason, "message": message}}}]


@pytest.mark.parametrize(
    ("held", "state"),
    [
        (pod("a", ready=True), "Ready"),
        (pod("a", ready=True, deleted=True), "Terminating"),
        (pod("a", phase="Pending"), "Pending"),
        (pod("a"), "Pending"),
        (pod("a", phase="Running"), "Running, not Ready"),
        (pod("a", phase="Failed"), "Failed"),
        (pod("a", containerStatuses=waiting("ErrImagePull", "no such image")), "ErrImagePull: no such image"),
        (pod("a", initContainerStatuses=waiting("ContainerCreating")), "ContainerCreating"),
        (pod("a", containerStatuses=[{"state": {"running": {}}}], phase="Running"), "Running, not Ready"),
    ],
)
def test_a_pods_state_is_what_a_person_waits_for(held: Object, state: str) -> None:
    assert state_of(held) == state


def test_a_pod_that_has_no_place_says_why() -> None:
    held = pod("a")
    held["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
    ]
    assert state_of(held) == "Unschedulable: no node"


def test_pods_behind_a_statefulset_come_by_ordinal() -> None:
    pods = [pod("web-10"), pod("web-2"), pod("web-0")]
    found = pods_behind(scene(web(), *pods), [WEB])
    assert [held["metadata"]["name"] for held in found] == ["web-0", "web-2", "web-10"]


def test_everything_asked_for_must_be_there_and_ready() -> None:
    bare = Ref("Pod", "default", "bare")
    own = [pod("web-0", ready=True), pod("web-1", ready=True)]
    stranger = pod("bare", ready=True)
    del stranger["metadata"]["ownerReferences"]
    assert are_ready([WEB, bare])(scene(web(), *own, stranger))
    assert not are_ready([WEB, bare])(scene(web(), *own))
    assert not are_ready([WEB, bare])(scene(web(), *own, pod("bare")))


def test_a_statefulset_that_says_so_is_not_ready_before_its_pods_were_seen_to_be() -> None:
    """The watches are not in step: who waits for `up` wants each pod's line."""
    first = pod("web-0", ready=True)
    assert not are_ready([WEB])(scene(web(), first))
    assert not are_ready([WEB])(scene(web(), first, pod("web-1")))
    assert are_ready([WEB])(scene(web(), first, pod("web-1", ready=True)))


def test_what_is_missing_names_the_first_pod_that_is_not_ready() -> None:
    there = scene(web({}), pod("web-0", ready=True), pod("web-1", containerStatuses=waiting("ErrImagePull")))
    assert what_is_missing(there, [WEB], " -n x") == (
        "pod web-1 is ErrImagePull; see `minisets -n x describe pod web-1`"
    )


def test_what_is_missing_may_be_the_set_itself_or_its_pods() -> None:
    assert what_is_missing(scene(), [WEB], "") == "StatefulSet web is gone"
    assert what_is_missing(scene(web({})), [WEB], "") == (
        "statefulset default/web has 0 of 2 pods ready; see `minisets describe statefulset web`"
    )
