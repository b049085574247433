from dataclasses import replace
from typing import Any

import pytest

from minisets.controllers.placement import NotOurs, Place, Placement, Refuse, SelectNode, Surroundings, place
from minisets.objects.kinds import Object


def node(name: str = "minisets-0", *, ready: str = "True", labels: Any = None, **spec: Any) -> Object:
    conditions = [{"type": "Ready", "status": ready}]
    metadata = {"name": name, "labels": labels or {}}
    return {"kind": "Node", "metadata": metadata, "spec": spec, "status": {"conditions": conditions}}


def claim(*, bound: bool = True, modes: str = "ReadWriteOnce", phase: str = "Bound", **meta: Any) -> Object:
    annotations = {"pv.kubernetes.io/bind-completed": "yes"} if bound else {}
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "www", "namespace": "default", "annotations": annotations, **meta},
        "spec": {"storageClassName": "standard", "accessModes": [modes], "volumeName": "disk"},
        "status": {"phase": phase},
    }


def pod(name: str = "web-0", phase: str = "Pending", **spec: Any) -> Object:
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "www"}}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "spec": {"volumes": [volume], **spec},
        "status": {"phase": phase},
    }


def late(binding: str = "WaitForFirstConsumer") -> Object:
    return {"kind": "StorageClass", "metadata": {"name": "standard"}, "volumeBindingMode": binding}


GOOD = Surroundings(
    nodes=(node(),), claims={"www": claim()}, classes={"standard": late("Immediate")}, pods=()
)


def refused(why: str, nodes: int = 1) -> Placement:
    return Refuse(f"0/{nodes} nodes are available: {why}.")


def test_a_pod_whose_claims_are_bound_goes_to_the_node() -> None:
    assert place(pod(), GOOD) == Place("minisets-0")


def test_of_several_nodes_the_first_that_fits_is_taken() -> None:
    nodes = (node("c"), node("b"), node("a", unschedulable=True))
    assert place(pod(), replace(GOOD, nodes=nodes)) == Place("b")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({}, 'persistentvolumeclaim "www" not found'),
        (
            {"www": claim(deletionTimestamp="2026-01-01T00:00:00Z")},
            'persistentvolumeclaim "www" is being deleted',
        ),
        (
            {"www": claim(phase="Lost")},
            'persistentvolumeclaim "www" bound to non-existent persistentvolume "disk"',
        ),
        ({"www": claim(bound=False)}, 'pod has unbound immediate PersistentVolumeClaims ("www")'),
    ],
    ids=["missing", "being deleted", "lost", "unbound"],
)
def test_a_pod_waits_for_its_claim_and_names_it(found: dict[str, Object], why: str) -> None:
    """A-144."""
    assert place(pod(), replace(GOOD, claims=found)) == refused(why)


def test_a_late_binding_claim_is_told_the_node_first() -> None:
    """A-140."""
    unbound = claim(bound=False)
    around = replace(GOOD, claims={"www": unbound}, classes={"standard": late()})
    assert place(pod(), around) == SelectNode("minisets-0", (unbound,))


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((), "no nodes available to schedule pods"),
        ((node(unschedulable=True),), "0/1 nodes are available: 1 node(s) were unschedulable."),
        ((node(ready="Unknown"),), "0/1 nodes are available: 1 node(s) were not ready."),
        (
            (node("a", ready="False"), node("b", unschedulable=True), node("c", ready="False")),
            "0/3 nodes are available: 2 node(s) were not ready, 1 node(s) were unschedulable.",
        ),
    ],
    ids=["none", "cordoned", "not ready", "several"],
)
def test_a_pod_without_a_fitting_node_says_why(nodes: tuple[Object, ...], message: str) -> None:
    """A-155."""
    assert place(pod(), replace(GOOD, nodes=nodes)) == Refuse(message)


def test_a_node_selector_is_honoured() -> None:
    wanting = pod(nodeSelector={"disk": "ssd"})
    assert place(wanting, GOOD) == refused("1 node(s) didn't match Pod's node affinity/selector")
    assert place(wanting, replace(GOOD, nodes=(node(labels={"disk": "ssd"}),))) == Place("minisets-0")


def test_a_read_write_once_pod_claim_has_one_pod_at_a_time() -> None:
    """A-143: other modes let pods on one node share."""
    other = pod("web-1", "Running", nodeName="minisets-0")
    assert place(pod(), replace(GOOD, pods=(other,))) == Place("minisets-0")
    around = replace(GOOD, claims={"www": claim(modes="ReadWriteOncePod")})
    assert place(pod(), replace(around, pods=(other,))) == refused(
        "1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
    )
    ended = pod("web-1", "Succeeded", nodeName="minisets-0")
    assert place(pod(), replace(around, pods=(ended, pod()))) == Place("minisets-0")


def test_a_port_of_a_node_is_one_pods_at_a_time() -> None:
    """A-125: of any namespace, until it has ended."""
    wish: list[dict[str, Any]] = [{"name": "a", "ports": [{"containerPort": 80, "hostPort": 80}]}]
    holder = pod("other", "Running", nodeName="minisets-0", containers=wish)
    wanting = pod(containers=wish)
    assert place(wanting, replace(GOOD, neighbours=(holder,))) == refused(
        "1 node(s) didn't have free ports for the requested pod ports"
    )
    two = replace(GOOD, nodes=(node(), node("other")), neighbours=(holder,))
    assert place(wanting, two) == Place("other")
    ended = pod("other", "Succeeded", nodeName="minisets-0", containers=wish)
    assert place(wanting, replace(GOOD, neighbours=(ended,))) == Place("minisets-0")


def test_a_pod_behind_a_gate_is_not_placed() -> None:
    gated = place(pod(schedulingGates=[{"name": "example.com/wait"}]), GOOD)
    assert gated == Refuse("Scheduling is blocked due to non-empty scheduling gates", "SchedulingGated")


@pytest.mark.parametrize(
    "elses",
    [
        pod(nodeName="minisets-0"),
        pod(schedulerName="mine"),
        pod(phase="Failed"),
        {**pod(), "metadata": {"name": "web-0", "deletionTimestamp": "2026-01-01T00:00:00Z"}},
    ],
    ids=["placed", "another scheduler's", "at its end", "being deleted"],
)
def test_some_pods_are_not_ours_to_place(elses: Object) -> None:
    assert place(elses, GOOD) == NotOurs()
