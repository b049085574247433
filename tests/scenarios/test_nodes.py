"""Nodes over one engine: pods that keep apart, a drain, nodes that fail and come back, zones.

Seen through kubectl; on the engine only what a stopped node's containers look like.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import docker.errors
import pytest
import yaml

from minisets.objects.metadata import is_being_deleted, labels_of, name_of, spec_of, uid_of
from tests.scenarios.bare import container_status
from tests.scenarios.cluster import DEADLINE, MANIFESTS, ROOT, SOON
from tests.waiting import holds, until

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster, Ended

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("kubectl")]

SPREAD, ZONES = ROOT / "examples/spread", ROOT / "examples/zones"
INDEX = "/usr/share/nginx/html/index.html"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
APART = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "keeper"}}}
        ]
    }
}


# --- what a person does ---


def kubectl(cluster: Cluster, *words: str) -> Ended:
    return cluster.kubectl(*words).succeeded()


def keepers(cluster: Cluster, *options: str, seconds: int | None = None) -> None:
    """Two pods that write and keep apart; seconds: how long they put up with a node that is away."""
    service, statefulset = yaml.safe_load_all((MANIFESTS / "keeper.yaml").read_text())
    spec = statefulset["spec"]["template"]["spec"]
    spec["affinity"] = APART
    if seconds is not None:
        keys = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
        spec["tolerations"] = [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
            for key in keys
        ]
    given = yaml.safe_dump_all([service, statefulset])
    cluster.minisets("up", "-f", "-", *options, given=given, within=2 * DEADLINE).succeeded()


def write(cluster: Cluster, pod: str, file: str, text: str) -> None:
    kubectl(cluster, "exec", pod, "--", "sh", "-c", f"echo {text} > {file}")


def read(cluster: Cluster, pod: str, file: str) -> str:
    return kubectl(cluster, "exec", pod, "--", "cat", file).out.strip()


def until_ready(cluster: Cluster, pod: str, within: timedelta = DEADLINE) -> None:
    words = ("wait", "pod", pod, "--for=condition=Ready", f"--timeout={within.total_seconds():g}s")
    cluster.kubectl(*words, within=2 * within).succeeded()


# --- what is seen ---


def node_of(cluster: Cluster, pod: str) -> str:
    return kubectl(cluster, "get", "pod", pod, "-o", "jsonpath={.spec.nodeName}").out


def places(cluster: Cluster, app: str) -> dict[str, str]:
    """Which node each pod is on that has one."""
    pods = json.loads(kubectl(cluster, "get", "pods", "-l", f"app={app}", "-o", "json").out)["items"]
    return {name_of(pod): spec_of(pod)["nodeName"] for pod in pods if spec_of(pod).get("nodeName")}


def status_of_node(cluster: Cluster, node: str) -> str:
    (row,) = kubectl(cluster, "get", "node", node).rows()
    return row["STATUS"]


def status_of_pod(cluster: Cluster, pod: str) -> str:
    """As kubectl prints it; nothing where it is not there."""
    return next((row["STATUS"] for row in kubectl(cluster, "get", "pods").rows() if row["NAME"] == pod), "")


def state_on_engine(cluster: Cluster, plain: str) -> str:
    """`running`, `paused`, `exited`, or `gone`."""
    try:
        return str(cluster.inspected(plain)["State"]["Status"])
    except docker.errors.NotFound:
        return "gone"


def until_replaced(cluster: Cluster, before: Object) -> Object:
    """The pod of that name that is another one."""

    def other() -> Object | None:
        found = cluster.get("Pod", name_of(before))
        return found if found is not None and uid_of(found) != uid_of(before) else None

    found = until(other, f"another {name_of(before)}", SOON)
    assert found is not None
    return found


def nodes_listed(cluster: Cluster) -> dict[str, dict[str, Any]]:
    listed = cluster.minisets("node", "list", "-o", "json").succeeded()
    return {row["name"]: row for row in json.loads(listed.out)}


# --- apart ---


def test_three_pods_that_never_share_a_node_end_on_three_and_a_drain_moves_one_with_its_data(
    own_cluster: Cluster,
) -> None:
    """The example, from a plain `up`: nodes are made as needed, a budget is kept, nothing is lost."""
    own_cluster.minisets("up", "-f", SPREAD, within=2 * DEADLINE).succeeded()
    before = places(own_cluster, "spread")
    assert sorted(before.values()) == ["minisets-0", "minisets-1", "minisets-2"]
    assert own_cluster.has_event("spread-1", reason="TriggeredScaleUp")
    assert {status_of_node(own_cluster, node) for node in before.values()} == {"Ready"}
    write(own_cluster, "spread-1", INDEX, "kept")
    moved, left = own_cluster.pod("spread-1"), before["spread-1"]

    set_budget(own_cluster, 3)
    refused = own_cluster.kubectl("drain", left, "--timeout=10s").failed()
    assert "it would violate the pod's disruption budget" in refused.out + refused.err
    assert uid_of(own_cluster.pod("spread-1")) == uid_of(moved)

    set_budget(own_cluster, 2)
    drained = own_cluster.kubectl("drain", left, "--timeout=60s", within=2 * DEADLINE).succeeded()
    assert "pod/spread-1 evicted" in drained.out
    assert status_of_node(own_cluster, left) == "Ready,SchedulingDisabled"
    until_replaced(own_cluster, moved)
    until_ready(own_cluster, "spread-1")
    after = places(own_cluster, "spread")
    assert after["spread-1"] not in before.values()
    assert {**after, "spread-1": left} == before
    assert read(own_cluster, "spread-1", INDEX) == "kept"

    kubectl(own_cluster, "uncordon", left)
    assert status_of_node(own_cluster, left) == "Ready"


def set_budget(cluster: Cluster, least: int) -> None:
    """And wait until the controller has counted anew."""
    kubectl(cluster, "patch", "pdb", "spread", "-p", json.dumps({"spec": {"minAvailable": least}}))
    wanted = f"--for=jsonpath={{.status.disruptionsAllowed}}={3 - least}"
    kubectl(cluster, "wait", "pdb/spread", wanted, "--timeout=20s")


# --- away ---


@pytest.mark.parametrize(("how", "looks"), [("--kill", "exited"), ("--pause", "paused")])
def test_a_pod_of_a_node_that_fails_comes_up_elsewhere_with_its_data_once_it_is_forced(
    own_cluster: Cluster, how: str, looks: str
) -> None:
    """NotReady; Terminating when its patience is over; Multi-Attach when it is forced; free by the taint."""
    keepers(own_cluster, "--nodes", "3", seconds=2)
    assert len(set(places(own_cluster, "keeper").values())) == 2
    write(own_cluster, "keeper-1", "/data/file", "kept")
    before, failed = own_cluster.pod("keeper-1"), node_of(own_cluster, "keeper-1")

    stopped = own_cluster.minisets("node", "stop", failed, how).succeeded()
    assert stopped.out == f"node/{failed} stopped ({how.removeprefix('--')})\n"
    assert status_of_node(own_cluster, failed) == "NotReady"
    until(lambda: state_on_engine(own_cluster, "keeper-1") == looks, f"a container that is {looks}", SOON)

    until(lambda: status_of_pod(own_cluster, "keeper-1") == "Terminating", "the end of its patience", SOON)
    assert own_cluster.has_event("keeper-1", reason="TaintManagerEviction")
    assert uid_of(own_cluster.pod("keeper-1")) == uid_of(before)
    holds(lambda: is_being_deleted(own_cluster.pod("keeper-1")), "it stays Terminating", timedelta(seconds=3))

    kubectl(own_cluster, "delete", "pod", "keeper-1", "--force", "--grace-period=0")
    until_replaced(own_cluster, before)
    until(
        lambda: own_cluster.has_event("keeper-1", "Multi-Attach error", reason="FailedAttachVolume"),
        "its volume to be said to be elsewhere",
        SOON,
    )
    assert status_of_pod(own_cluster, "keeper-1") == "ContainerCreating"

    kubectl(own_cluster, "taint", "node", failed, f"{OUT_OF_SERVICE}=nodeshutdown:NoExecute")
    until_ready(own_cluster, "keeper-1")
    successor, elsewhere = own_cluster.pod("keeper-1"), node_of(own_cluster, "keeper-1")
    assert elsewhere not in (failed, node_of(own_cluster, "keeper-0"))
    assert read(own_cluster, "keeper-1", "/data/file") == "kept"

    kubectl(own_cluster, "taint", "node", failed, f"{OUT_OF_SERVICE}-")
    started = own_cluster.minisets("node", "start", failed).succeeded()
    assert started.out == f"node/{failed} started\n"
    assert status_of_node(own_cluster, failed) == "Ready"
    assert nodes_listed(own_cluster)[failed].items() >= {"stopped": None, "pods": 0}.items()
    holds(lambda: uid_of(own_cluster.pod("keeper-1")) == uid_of(successor), "it stays where it is")
    assert read(own_cluster, "keeper-1", "/data/file") == "kept"


def test_a_node_that_hangs_goes_on_where_it_was_and_one_without_power_starts_its_pods_anew(
    own_cluster: Cluster,
) -> None:
    """Back within the 300 s for which every pod puts up with that: nobody is evicted."""
    keepers(own_cluster, "--nodes", "2")
    write(own_cluster, "keeper-1", "/data/file", "kept")
    before, node = own_cluster.pod("keeper-1"), node_of(own_cluster, "keeper-1")
    first = container_status(own_cluster, "keeper-1")["containerID"]

    own_cluster.minisets("node", "stop", node, "--pause").succeeded()
    until(lambda: state_on_engine(own_cluster, "keeper-1") == "paused", "it to stand still", SOON)
    assert nodes_listed(own_cluster)[node]["stopped"] == "pause"
    kubectl(own_cluster, "wait", "pod", "keeper-1", "--for=condition=Ready=false", "--timeout=20s")
    own_cluster.minisets("node", "start", node).succeeded()
    until_ready(own_cluster, "keeper-1")
    assert container_status(own_cluster, "keeper-1")["containerID"] == first
    assert container_status(own_cluster, "keeper-1")["restartCount"] == 0

    own_cluster.minisets("node", "stop", node).succeeded()
    until(lambda: state_on_engine(own_cluster, "keeper-1") == "exited", "its end", SOON)
    holds(lambda: state_on_engine(own_cluster, "keeper-1") == "exited", "nobody starts it")
    own_cluster.minisets("node", "start", node).succeeded()
    until(lambda: container_status(own_cluster, "keeper-1")["restartCount"] == 1, "a new container", SOON)
    until_ready(own_cluster, "keeper-1")
    assert container_status(own_cluster, "keeper-1")["containerID"] != first
    assert uid_of(own_cluster.pod("keeper-1")) == uid_of(before)
    assert read(own_cluster, "keeper-1", "/data/file") == "kept"


# --- zones ---


def test_six_pods_are_spread_over_three_zones(own_cluster: Cluster) -> None:
    """The example: two to a zone; a zone whose node takes no pods holds the next one back."""
    options = ("--nodes", "3", "--zones", "a,b,c")
    up = own_cluster.minisets("up", "-f", ZONES, *options, within=2 * DEADLINE).succeeded()
    assert up.out.startswith("nodes: 3, never more; zones: a, b, c\n")
    zones = {
        name_of(node): labels_of(node)["topology.kubernetes.io/zone"] for node in own_cluster.list("Node")
    }
    assert zones == {"minisets-0": "a", "minisets-1": "b", "minisets-2": "c"}
    found = places(own_cluster, "zoned")
    assert Counter(zones[node] for node in found.values()) == {"a": 2, "b": 2, "c": 2}
    assert {row["zone"]: row["pods"] for row in nodes_listed(own_cluster).values()} == {
        "a": 2,
        "b": 2,
        "c": 2,
    }

    kubectl(own_cluster, "cordon", "minisets-2")
    kubectl(own_cluster, "scale", "sts", "zoned", "--replicas=9")
    until(lambda: len(places(own_cluster, "zoned")) == 8, "one more in each zone that takes pods", SOON)
    holds(lambda: len(places(own_cluster, "zoned")) == 8, "the ninth pod waits")
    kubectl(own_cluster, "uncordon", "minisets-2")
    until(lambda: len(places(own_cluster, "zoned")) == 9, "the ninth pod to be placed", SOON)
    found = places(own_cluster, "zoned")
    assert Counter(zones[node] for node in found.values()) == {"a": 3, "b": 3, "c": 3}
