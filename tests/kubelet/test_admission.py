from datetime import timedelta
from typing import Any

import pytest

from minisets.engine.specs import Attachment, ContainerSpec, PublishedPort
from minisets.kubelet.admission import Refusal, is_new, refusal, sysctls_of
from minisets.objects.kinds import Object
from minisets.objects.metadata import status_of
from tests.kubelet.test_plan import good_pod
from tests.kubelet.world import SOON, World, container
from tests.waiting import until

PORT = [{"containerPort": 80, "hostPort": 8080}]


NODE: Object = {
    "metadata": {"name": "minisets-0", "labels": {"kubernetes.io/os": "linux", "disk": "ssd"}},
    "status": {
        "allocatable": {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "1Ti", "pods": "3", "a.b/c": "1"}
    },
}


def asking(name: str, **spec: Any) -> Object:
    return good_pod(securityContext={"sysctls": [{"name": name, "value": "1"}]}, **spec)


@pytest.mark.parametrize(
    ("pod", "said"),
    [
        (asking("net.ipv4.tcp_syncookies"), ""),
        (asking("kernel.msgmax"), '"kernel.msgmax" not allowlisted'),
        (asking("net.core.somaxconn"), '"net.core.somaxconn" not allowlisted'),
        (
            asking("net.ipv4.tcp_syncookies", hostNetwork=True),
            '"net.ipv4.tcp_syncookies" not allowed with host net enabled',
        ),
        (
            asking("kernel.shm_rmid_forced", hostIPC=True),
            '"kernel.shm_rmid_forced" not allowed with host ipc enabled',
        ),
    ],
)
def test_only_what_is_the_pods_alone_may_be_set_in_the_kernel(pod: Object, said: str) -> None:
    """Kubernetes: sysctl.SafeSysctlAllowlist."""
    assert refusal(pod, NODE, []) == (
        Refusal("SysctlForbidden", f"forbidden sysctl: {said}") if said else None
    )


def test_a_kernel_setting_may_be_written_with_slashes() -> None:
    assert sysctls_of(asking("net/ipv4/tcp_syncookies")) == (("net.ipv4.tcp_syncookies", "1"),)


TAKEN = {"startTime": "2026-11-23T12:00:00Z", "phase": "Running"}


@pytest.mark.parametrize(
    ("status", "node", "uid", "is_refused"),
    [
        (TAKEN, "minisets-0", "uid-2", True),
        ({**TAKEN, "phase": "Failed"}, "minisets-0", "uid-2", False),
        ({}, "minisets-0", "uid-2", False),
        (TAKEN, "minisets-1", "uid-2", True),
        (TAKEN, "elsewhere", "uid-2", False),
        (TAKEN, "minisets-0", "uid-1", False),
    ],
    ids=[
        "it has the port",
        "it has ended",
        "it is new too",
        "on another node of the same machine",
        "on somebody else's node",
        "it is the pod itself",
    ],
)
def test_a_port_is_lost_to_what_the_node_has_taken_before(
    status: Object, node: str, uid: str, *, is_refused: bool
) -> None:
    """A-125."""
    pod = good_pod(containers=[container(ports=PORT)], nodeName="minisets-0")
    other = good_pod(containers=[container(ports=PORT)], nodeName=node)
    other["metadata"]["uid"], other["status"] = uid, status
    assert (refusal(pod, NODE, [other]) is not None) is is_refused


def _wanting(**requests: str) -> Object:
    return good_pod(containers=[container(resources={"requests": requests})], nodeName="minisets-0")


def _taken(uid: str, **requests: str) -> Object:
    pod = _wanting(**requests)
    pod["metadata"]["uid"], pod["status"] = uid, TAKEN
    return pod


@pytest.mark.parametrize(
    ("requests", "reason", "said"),
    [
        ({"cpu": "1"}, "", ""),
        ({"cpu": "1100m"}, "OutOfcpu", "cpu, requested: 1100, used: 3000, capacity: 4000"),
        ({"cpu": "2", "memory": "9Gi"}, "OutOfcpu", "cpu, requested: 2000, used: 3000, capacity: 4000"),
        ({"memory": "9Gi"}, "OutOfmemory", f"memory, requested: {9 << 30}, used: 0, capacity: {8 << 30}"),
        ({"a.b/c": "2"}, "OutOfa.b/c", "a.b/c, requested: 2, used: 0, capacity: 1"),
        ({"elsewhere.com/thing": "2"}, "", ""),
        (
            {"hugepages-2Mi": "2Mi"},
            "OutOfhugepages-2Mi",
            f"hugepages-2Mi, requested: {2 << 20}, used: 0, capacity: 0",
        ),
    ],
)
def test_a_pod_that_asks_for_more_than_is_left_is_refused(
    requests: dict[str, str], reason: str, said: str
) -> None:
    """A-125. Kubernetes: predicate.go InsufficientResourceError."""
    found = refusal(_wanting(**requests), NODE, [_taken("uid-2", cpu="3")])
    assert found == (Refusal(reason, f"Node didn't have enough resource: {said}") if reason else None)


def test_a_node_takes_no_more_pods_than_it_says() -> None:
    here = [_taken(f"uid-{number}") for number in range(2, 5)]
    assert refusal(_wanting(), NODE, here[:2]) is None
    found = refusal(_wanting(), NODE, here)
    said = "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3"
    assert found == Refusal("OutOfpods", said)


def test_what_pods_of_other_nodes_ask_for_is_not_this_nodes_business() -> None:
    """Differs: it is one machine. See `nodes/`."""
    other = _taken("uid-2", cpu="3")
    other["spec"]["nodeName"] = "minisets-1"
    assert refusal(_wanting(cpu="4"), NODE, [other]) is None


@pytest.mark.parametrize(
    ("spec", "is_refused"),
    [
        ({"nodeSelector": {"disk": "ssd"}}, False),
        ({"nodeSelector": {"disk": "tape"}}, True),
        ({"nodeSelector": {"kubernetes.io/os": "windows"}}, True),
    ],
)
def test_a_pod_that_does_not_want_the_node_is_refused(spec: dict[str, Any], *, is_refused: bool) -> None:
    """A-125."""
    said = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
    assert refusal(good_pod(**spec), NODE, []) == (Refusal("NodeAffinity", said) if is_refused else None)


def test_a_pod_of_another_system_is_refused() -> None:
    found = refusal(good_pod(os={"name": "windows"}), NODE, [])
    assert found is not None
    assert found.reason == "PodOSNotSupported"
    labelled = good_pod()
    labelled["metadata"]["labels"] = {"kubernetes.io/os": "windows"}
    found = refusal(labelled, NODE, [])
    assert found is not None
    assert found.reason == "PodOSSelectorNodeLabelDoesNotMatch"


@pytest.mark.parametrize(("effect", "is_refused"), [("NoExecute", True), ("NoSchedule", False)])
def test_a_taint_that_would_drive_it_away_again_refuses_a_pod(effect: str, *, is_refused: bool) -> None:
    """Kubernetes: "Kubelet is only interested in the NoExecute taint"."""
    node = {**NODE, "spec": {"taints": [{"key": "dedicated", "value": "db", "effect": effect}]}}
    said = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
    assert refusal(good_pod(), node, []) == (Refusal("TaintToleration", said) if is_refused else None)
    tolerant = good_pod(tolerations=[{"key": "dedicated", "operator": "Exists"}])
    assert refusal(tolerant, node, []) is None


def test_a_pod_is_looked_at_once() -> None:
    """What the node has taken stays, whatever comes after it."""
    pod = good_pod()
    assert is_new(pod)
    pod["status"]["startTime"] = "2026-11-23T12:00:00Z"
    assert not is_new(pod)


def _preset(world: World, name: str, **fields: Any) -> Object:
    return world.create_pod(name, containers=[container(**fields)])


def test_of_two_pods_that_were_given_the_node_the_later_one_loses_the_port_for_good(world: World) -> None:
    """A-125: with `nodeName` preset no scheduler has looked."""
    with world.kubelet():
        _preset(world, "web-0", ports=PORT)
        world.wait_ready("web-0")
        _preset(world, "web-1", ports=PORT)
        until(lambda: status_of(world.pod("web-1")).get("phase") == "Failed", "the refusal", SOON)
        status = status_of(world.pod("web-1"))
        said = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
        assert (status["reason"], status["message"]) == ("NodePorts", f"Pod was rejected: {said}")
        assert "containerStatuses" not in status
        assert world.events("NodePorts") == [said]
        assert world.names() == ["web-0", "web-0_sandbox"]
        world.delete_pod("web-1")
        until(lambda: not world.has_pod("web-1"), "the refused pod to go", SOON)


def test_of_two_pods_that_come_at_once_only_one_gets_what_is_left(world: World) -> None:
    """A-125: the engine in memory has four cores."""
    for name in ("web-0", "web-1", "web-2", "web-3"):
        _preset(world, name, resources={"requests": {"cpu": "3"}})
    with world.kubelet() as kubelet:
        until(kubelet.is_idle, "the kubelet to be quiet", SOON)
        phases = sorted(status_of(world.pod(f"web-{number}"))["phase"] for number in range(4))
    assert phases == ["Failed", "Failed", "Failed", "Running"]
    assert all(
        message.startswith("Node didn't have enough resource: cpu") for message in world.events("OutOfcpu")
    )


def test_a_pod_waits_for_its_new_nodes_labels_before_it_is_judged_by_them(world: World) -> None:
    pods = world.pods()
    world.create_node("minisets-1")
    world.create_pod("web-0", "minisets-1", nodeSelector={"kubernetes.io/os": "linux"})
    pods.reconcile("default/web-0")
    assert "startTime" not in status_of(world.pod())
    nodes = world.nodes()
    nodes.register(world.engine.info())
    for _ in range(3):
        pods.reconcile("default/web-0")
    assert world.is_ready()


def test_a_port_that_something_else_has_keeps_the_pod_waiting_until_it_is_free(world: World) -> None:
    """Not ours to refuse: it is said, and tried again."""
    port = PublishedPort(80, "tcp", "127.0.0.1", 8080)
    rival = ContainerSpec("rival", "nginx", {}, attachment=Attachment("bridge"), ports=(port,))
    world.engine.start_container(world.engine.create_container(rival))
    with world.kubelet():
        _preset(world, "web-0", ports=PORT)
        until(lambda: world.events("FailedCreatePodSandBox"), "the failure to be told", SOON)
        assert "8080" in world.events("FailedCreatePodSandBox")[0]
        assert status_of(world.pod())["phase"] == "Pending"
        world.engine.remove_container("rival", force=True)
        world.pass_time(timedelta(seconds=5))
        world.wait_ready()
    (published,) = world.engine.spec_of("web-0_sandbox").ports
    assert (published.host_address, published.host_port) == ("127.0.0.1", 8080)
