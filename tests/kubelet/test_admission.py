from typing import Any

import pytest

from minisets.engine.interface import Attachment, ContainerSpec, PublishedPort
from minisets.kubelet.admission import Refusal, is_new, refusal, sysctls_of
from minisets.objects.kinds import Object
from minisets.objects.metadata import status_of
from tests.kubelet.test_plan import good_pod
from tests.kubelet.world import SOON, World, container
from tests.waiting import until

PORT = [{"containerPort": 80, "hostPort": 8080}]


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
    assert refusal(pod, []) == (Refusal("SysctlForbidden", f"forbidden sysctl: {said}") if said else None)


def test_a_kernel_setting_may_be_written_with_slashes() -> None:
    assert sysctls_of(asking("net/ipv4/tcp_syncookies")) == (("net.ipv4.tcp_syncookies", "1"),)


TAKEN = {"startTime": "2026-11-23T12:00:00Z", "phase": "Running"}


@pytest.mark.parametrize(
    ("status", "node", "uid", "is_refused"),
    [
        (TAKEN, "minisets", "uid-2", True),
        ({**TAKEN, "phase": "Failed"}, "minisets", "uid-2", False),
        ({}, "minisets", "uid-2", False),
        (TAKEN, "elsewhere", "uid-2", False),
        (TAKEN, "minisets", "uid-1", False),
    ],
    ids=["it has the port", "it has ended", "it is new too", "on another node", "it is the pod itself"],
)
def test_a_port_is_lost_to_what_the_node_has_taken_before(
    status: Object, node: str, uid: str, *, is_refused: bool
) -> None:
    """A-125."""
    pod = good_pod(containers=[container(ports=PORT)], nodeName="minisets")
    other = good_pod(containers=[container(ports=PORT)], nodeName=node)
    other["metadata"]["uid"], other["status"] = uid, status
    assert (refusal(pod, [other]) is not None) is is_refused


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
        world.pass_time(SOON)
        world.wait_ready()
    (published,) = world.engine.spec_of("web-0_sandbox").ports
    assert (published.host_address, published.host_port) == ("127.0.0.1", 8080)
