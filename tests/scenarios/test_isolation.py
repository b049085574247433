"""What keeps pods apart from each other and from the machine: ports, names, namespaces, rights."""

from __future__ import annotations

import socket
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from minisets.objects.metadata import condition, is_true, status_of
from tests.scenarios.bare import BUSY, WAITS, container_status, made, pod, printed, told
from tests.scenarios.cluster import DEADLINE, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker


# --- ports of the machine ---

SERVES = "mkdir -p /www; hostname > /www/name; trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serving(name: str, host_port: int, **fields: Any) -> Any:
    ports = [{"containerPort": 8080, "hostPort": host_port, **fields}]
    return pod(name, SERVES, container={"ports": ports})


def _name_at(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/name", timeout=2) as answer:
            return str(answer.read().decode().strip())
    except OSError:
        return ""


def test_a_host_port_is_one_pods_and_the_next_pod_waits_for_it(cluster: Cluster, free_port: int) -> None:
    """A-125."""
    made(cluster, _serving("first", free_port))
    until(lambda: _name_at(free_port) == "first", "the first pod at its port", DEADLINE)
    (binding,) = cluster.inspected("first_sandbox")["HostConfig"]["PortBindings"]["8080/tcp"]
    assert binding == {"HostIp": "127.0.0.1", "HostPort": str(free_port)}

    preset = _serving("preset", free_port)
    preset["spec"]["nodeName"] = "minisets-0"
    made(cluster, _serving("second", free_port), preset)
    said = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    until(lambda: cluster.has_event("second", said, reason="FailedScheduling"), "the refusal", SOON)
    scheduled = condition(cluster.pod("second"), "PodScheduled") or {}
    assert (scheduled["status"], scheduled["reason"]) == ("False", "Unschedulable")
    until(lambda: status_of(cluster.pod("preset")).get("phase") == "Failed", "the rejection", SOON)
    rejected = status_of(cluster.pod("preset"))
    assert rejected["reason"] == "NodePorts"
    assert rejected["message"].startswith("Pod was rejected: Predicate NodePorts failed")

    cluster.minisets("delete-pod", "first").succeeded()
    until(lambda: _name_at(free_port) == "second", "the second pod at the port", DEADLINE)


def test_a_host_port_that_a_stranger_has_is_waited_for(cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = int(stranger.getsockname()[1])
        made(cluster, _serving("patient", port))
        until(
            lambda: cluster.has_event("patient", str(port), reason="FailedCreatePodSandBox"),
            "the engine's complaint",
            SOON,
        )
        assert status_of(cluster.pod("patient"))["phase"] == "Pending"
    until(lambda: _name_at(port) == "patient", "the pod at its port", DEADLINE)


# --- names and namespaces ---


def test_a_pods_names_are_what_it_asks_for(cluster: Cluster) -> None:
    """A-126, A-127."""
    named = "hostname; hostname -f"
    dns = {
        "nameservers": ["192.0.2.53"],
        "searches": ["example.com"],
        "options": [{"name": "ndots", "value": "2"}, {"name": "rotate"}],
    }
    aliases = [{"ip": "192.0.2.7", "hostnames": ["db.example.com", "db"]}]
    read_hosts = "grep 192.0.2.7 /etc/hosts"
    made(
        cluster,
        pod("of-service", named, subdomain="nobody"),
        pod("whole", named, subdomain="nobody", setHostnameAsFQDN=True),
        pod("renamed", "hostname", hostnameOverride="some.other.name"),
        pod("own-dns", "cat /etc/resolv.conf", dnsPolicy="None", dnsConfig=dns),
        pod("more-dns", "cat /etc/resolv.conf", dnsConfig={"searches": ["example.com"]}),
        pod("aliased", read_hosts, hostAliases=aliases),
        pod("aliased-host", read_hosts, hostAliases=aliases, hostNetwork=True),
    )
    domain = "nobody.default.svc.cluster.local"
    assert told(cluster, "of-service") == ["of-service", f"of-service.{domain}"]
    assert told(cluster, "whole") == [f"whole.{domain}", f"whole.{domain}"]
    assert told(cluster, "renamed") == ["some.other.name"]
    assert told(cluster, "own-dns") == [
        "nameserver 192.0.2.53",
        "search example.com",
        "options ndots:2 rotate",
    ]
    more = told(cluster, "more-dns")
    assert "search default.svc.cluster.local svc.cluster.local cluster.local example.com" in more
    assert told(cluster, "aliased") == ["192.0.2.7\tdb.example.com\tdb"]
    assert [line.split()[1] for line in told(cluster, "aliased-host")] == ["db.example.com", "db"]


def test_a_pod_on_the_machines_network_asks_for_names_as_the_machine_does(cluster: Cluster) -> None:
    read = "hostname; cat /etc/resolv.conf"
    made(
        cluster,
        pod("host-net", read, hostNetwork=True),
        pod("host-net-dns", read, hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet"),
        pod("engines-dns", "cat /etc/resolv.conf", dnsPolicy="Default"),
    )
    for name in ("host-net", "host-net-dns"):
        assert told(cluster, name)[0] == socket.gethostname()
    assert "svc.cluster.local" not in " ".join(told(cluster, "host-net") + told(cluster, "engines-dns"))
    assert "search default.svc.cluster.local svc.cluster.local cluster.local" in told(cluster, "host-net-dns")
    assert status_of(cluster.pod("host-net"))["podIP"] == status_of(cluster.pod("host-net"))["hostIP"]


def test_a_pod_shares_the_namespaces_that_it_asks_for(cluster: Cluster) -> None:
    look = "readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc"
    shared = pod("together", WAITS, shareProcessNamespace=True)
    shared["spec"]["containers"].append(
        {"name": "other", "image": BUSY, "command": ["sh", "-c", "sleep 0.5; ps; " + WAITS]}
    )
    made(cluster, pod("apart", look), pod("with-host", look, hostPID=True, hostIPC=True), shared)
    hosts = bytes(
        cluster.engine.containers.run(BUSY, ["sh", "-c", look], pid_mode="host", ipc_mode="host", remove=True)
    )
    machines = hosts.decode().splitlines()
    assert not set(told(cluster, "apart")) & set(machines)
    assert told(cluster, "with-host") == machines
    until(lambda: is_true(cluster.pod("together"), "Ready"), "both containers", DEADLINE)

    def sees(process: str) -> bool:
        return any(process in line for line in printed(cluster, "together_c_other"))

    until(lambda: sees("/pause"), "the sandbox's process to be seen by the other one", SOON)
    until(lambda: sees("sh -c trap"), "its neighbour's process, too", SOON)


# --- rights ---

STATUS = "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"


def _read_status(lines: list[str]) -> dict[str, str]:
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _told_status(cluster: Cluster, name: str) -> dict[str, str]:
    return _read_status(told(cluster, name))


def test_a_container_has_the_rights_that_it_asks_for(cluster: Cluster) -> None:
    def secured(name: str, script: str = STATUS, **context: Any) -> Any:
        return pod(name, script, container={"securityContext": context})

    only = {"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "CAP_CHOWN"]}
    made(
        cluster,
        secured("default-caps"),
        secured("few-caps", capabilities=only),
        secured("privileged", privileged=True),
        secured("no-more", allowPrivilegeEscalation=False),
        secured("unfiltered", seccompProfile={"type": "Unconfined"}),
        secured("filtered", seccompProfile={"type": "RuntimeDefault"}),
        secured("sealed", "touch /tmp/x 2>&1; true", readOnlyRootFilesystem=True),
    )
    plain = _told_status(cluster, "default-caps")
    assert (plain["NoNewPrivs"], plain["Seccomp"]) == ("0", "2")
    few = _told_status(cluster, "few-caps")
    assert int(few["CapEff"], 16) == 1 << 10 | 1 << 0
    until(lambda: container_status(cluster, "privileged").get("containerID"), "its container", SOON)
    assert cluster.inspected("privileged")["HostConfig"]["Privileged"] is True
    assert _told_status(cluster, "no-more")["NoNewPrivs"] == "1"
    assert _told_status(cluster, "unfiltered")["Seccomp"] == "0"
    assert _told_status(cluster, "filtered")["Seccomp"] == "2"
    assert "Read-only file system" in told(cluster, "sealed")[0]


def test_what_gives_a_pod_the_machine_is_told_of_and_refused_if_strict(cluster: Cluster) -> None:
    container = {"securityContext": {"privileged": True}}
    volumes = [{"name": "root", "hostPath": {"path": "/srv"}}]
    fields = {"spec.hostPID", "spec.volumes[0].hostPath", "spec.containers[0].securityContext.privileged"}
    powerful = pod("powerful", "true", hostPID=True, container=container, volumes=volumes)
    given = yaml.safe_dump(powerful)
    refused = cluster.minisets("up", "-f", "-", "--strict", given=given).failed()
    assert "gives a pod the machine" in refused.err
    assert cluster.get("Pod", "powerful") is None
    assert not any("powerful" in name for name in cluster.containers())
    warned = [line.split(": ") for line in made(cluster, powerful).err.splitlines() if "the machine" in line]
    assert {words[3] for words in warned} == fields
    until(lambda: container_status(cluster, "powerful").get("containerID"), "its container", SOON)
    host = cluster.inspected("powerful")["HostConfig"]
    assert (host["PidMode"], host["Privileged"]) == ("host", True)


def test_a_container_runs_as_whom_it_asks_to(cluster: Cluster) -> None:
    whole = {"runAsUser": 1000, "runAsGroup": 2000, "supplementalGroups": [3000], "fsGroup": 4000}
    made(
        cluster,
        pod("as-pod", "id", securityContext=whole),
        pod("as-container", "id", securityContext=whole, container={"securityContext": {"runAsUser": 7}}),
        pod("group-only", "id", securityContext={"runAsGroup": 2000}),
    )
    assert told(cluster, "as-pod") == ["uid=1000 gid=2000 groups=2000,3000,4000"]
    assert told(cluster, "as-container")[0].startswith("uid=7 gid=2000 ")
    assert told(cluster, "group-only")[0].startswith("uid=0(root) gid=2000 ")


def test_a_pod_sets_its_own_kernel_settings_and_no_others(cluster: Cluster) -> None:
    def setting(name: str, value: str, **spec: Any) -> Any:
        path = "/proc/sys/net/ipv4/tcp_fin_timeout"
        asked = {"sysctls": [{"name": name, "value": value}]}
        return pod(name.rpartition(".")[2].replace("_", "-"), f"cat {path}", securityContext=asked, **spec)

    made(cluster, setting("net.ipv4.tcp_fin_timeout", "21"), setting("net.core.somaxconn", "999"))
    assert told(cluster, "tcp-fin-timeout") == ["21"]
    until(lambda: status_of(cluster.pod("somaxconn")).get("phase") == "Failed", "the rejection", SOON)
    status = status_of(cluster.pod("somaxconn"))
    assert status["reason"] == "SysctlForbidden"
    said = 'forbidden sysctl: "net.core.somaxconn" not allowlisted'
    assert status["message"] == f"Pod was rejected: {said}"
    assert cluster.has_event("somaxconn", said, reason="SysctlForbidden")
    assert not any("somaxconn" in name for name in cluster.containers())
