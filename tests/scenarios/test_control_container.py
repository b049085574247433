"""The control container: its rights, and that it comes back whatever happens to it."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from minisets.cluster import control
from minisets.cluster.content import own_content
from tests.scenarios.cluster import MANIFESTS
from tests.waiting import until

if TYPE_CHECKING:
    import docker

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

KEEPER = MANIFESTS / "keeper.yaml"
MEMBER = "keeper-1.keeper.default.svc.cluster.local"  # Why whole: busybox' nslookup knows no search list
NO_CAPABILITIES = "0000000000000000"


def test_it_has_the_rights_that_it_needs_and_no_others(cluster: Cluster) -> None:
    found = cluster.control()
    host, config = found["HostConfig"], found["Config"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["RestartPolicy"]["Name"] == "always"
    assert host["PidMode"] == host["UTSMode"] == ""
    assert host["IpcMode"] == "private"
    assert config["User"] == "0"
    assert [(each["Type"], each["Destination"]) for each in found["Mounts"] if each["Type"] == "bind"] == [
        ("bind", "/var/run/docker.sock")
    ]
    assert {each["Destination"] for each in found["Mounts"]} == {"/var/run/docker.sock", "/var/lib/minisets"}
    (port,) = host["PortBindings"].values()
    assert [each["HostIp"] for each in port] == ["127.0.0.1"]
    assert port[0]["HostPort"] == config["Labels"]["dev.minisets.port"]


def test_from_inside_it_has_no_more_rights_either(cluster: Cluster) -> None:
    """Process 1 and the control plane: as the kernel tells."""
    script = (
        "cat /proc/1/status; cat /proc/self/status; touch /file; touch /opt/file; mkdir /var/lib/other;"
        "ip link add type dummy 2>&1 || python3 -c 'import socket; socket.socket(17, 3)'"
    )
    code, said = cluster.inside_control("sh", "-c", script)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert set(re.findall(rf"^{name}:\s+(\w+)$", said, re.MULTILINE)) == {NO_CAPABILITIES}, said
    assert set(re.findall(r"^NoNewPrivs:\s+(\d)$", said, re.MULTILINE)) == {"1"}
    assert said.count("Read-only file system") == 3, said
    assert "Operation not permitted" in said
    assert code != 0


def test_no_secret_is_in_its_environment_arguments_or_labels(cluster: Cluster) -> None:
    access = control.running(cluster.places)
    _, key = cluster.inside_control("cat", "/var/lib/minisets/pki/server.key")
    _, authority = cluster.inside_control("cat", "/var/lib/minisets/pki/ca.key")
    image = cluster.engine.images.get(cluster.control()["Image"]).attrs
    told = str((cluster.control(), image, cluster.engine.containers.get(cluster.name).top()))
    for secret in (access.token, *key.split()[3:5], *authority.split()[3:5]):
        assert len(secret) > 20
        assert secret not in told
        assert base64.b64encode(secret.encode()).decode() not in told
    pki = "/var/lib/minisets/pki"
    _, modes = cluster.inside_control("sh", "-c", f"stat -c %a {pki} {pki}/*")
    assert modes.split() == ["700", *["600"] * 5]


def test_the_certificate_is_good_for_the_names_that_pods_use(cluster: Cluster) -> None:
    cluster.minisets("up", "-f", MANIFESTS / "tools.yaml").succeeded()
    access = control.running(cluster.places)
    address = cluster.control()["NetworkSettings"]["Networks"][cluster.name]["IPAddress"]
    check = "cat > /tmp/ca && curl -s --cacert /tmp/ca {} {}/version"
    name = "https://kubernetes.default.svc:6443"
    for words in (
        check.format("", f"https://{address}:6443"),
        check.format(f"--connect-to kubernetes.default.svc:6443:{address}:6443", name),
    ):
        script = ("sh", "-c", words)
        asked = cluster.minisets("exec", "-i", "tools", "--", *script, given=access.authority).succeeded()
        assert "v1.37.0+minisets" in asked.out


# --- it comes back ---


def way_in(cluster: Cluster) -> tuple[str, str]:
    """What must not change: where the server is, and the whole kubeconfig."""
    return control.running(cluster.places).url, cluster.places.kubeconfig.read_text()


def test_a_killed_process_1_comes_back_by_itself(own_cluster: Cluster, kubectl: str) -> None:
    """kill -9 from the host, as the kernel does when memory is short."""
    del kubectl
    cluster = own_cluster
    cluster.minisets("up", "-f", KEEPER).succeeded()
    before, pods = way_in(cluster), {name: each["Id"] for name, each in cluster.containers().items()}
    os.kill(cluster.control()["State"]["Pid"], signal.SIGKILL)
    until(lambda: cluster.control()["RestartCount"] == 1, "the engine to restart it", timedelta(seconds=30))
    until(lambda: cluster.kubectl("get", "pods").code == 0, "kubectl to be answered", timedelta(seconds=30))
    assert way_in(cluster) == before
    assert {name: each["Id"] for name, each in cluster.containers().items()} == pods
    asked = cluster.minisets("exec", "keeper-0", "--", "nslookup", MEMBER).succeeded()
    assert cluster.address_of("keeper-1") in asked.out


@pytest.mark.parametrize("how", ["kill", "stop", "remove"])
def test_the_next_command_brings_it_back(own_cluster: Cluster, how: str) -> None:
    """After `docker kill`, `docker stop` and `docker rm -f` the engine leaves it as it is."""
    cluster = own_cluster
    cluster.minisets("up", "-f", KEEPER).succeeded()
    before, pods = way_in(cluster), {name: each["Id"] for name, each in cluster.containers().items()}
    box = cluster.engine.containers.get(cluster.name)
    match how:
        case "kill":
            box.kill()
        case "stop":
            box.stop()
        case _:
            box.remove(force=True)
    with pytest.raises(control.NotRunning):
        control.running(cluster.places)
    listed = cluster.minisets("get", "pods").succeeded()
    assert [row["READY"] for row in listed.rows()] == ["1/1", "1/1"]
    assert f'brought back the server of cluster "{cluster.name}"' in listed.err
    assert way_in(cluster) == before
    assert {name: each["Id"] for name, each in cluster.containers().items()} == pods
    assert cluster.minisets("get", "pods").succeeded().err == ""


def test_status_says_what_is_wrong_and_mends_nothing(own_cluster: Cluster) -> None:
    cluster = own_cluster
    cluster.start()
    cluster.engine.containers.get(cluster.name).kill()
    said = cluster.minisets("status", "-v").failed()
    assert "does not answer" in said.out
    assert "(exited, code 137" in said.out
    assert cluster.control()["State"]["Status"] == "exited"


def test_after_down_no_command_brings_it_back(own_cluster: Cluster) -> None:
    cluster = own_cluster
    cluster.start()
    cluster.minisets("down").succeeded()
    assert "start it with" in cluster.minisets("get", "pods").failed().err
    (left,) = cluster.everything()
    assert left.startswith(f"volume {cluster.name} ")


def test_a_port_that_another_program_took_is_replaced_and_it_is_said(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    """While it was away; the other program is left alone, and told nothing."""
    cluster = own_cluster
    cluster.minisets("up", "-f", KEEPER).succeeded()
    before = control.running(cluster.places)
    docker_engine.containers.get(cluster.name).kill()
    heard: list[bytes] = []
    with socket.create_server(before.address) as other:
        other.settimeout(0.1)
        listed = cluster.minisets("get", "pods").succeeded()
        assert f"Warning: port {before.address[1]} is taken by another program" in listed.err
        after = control.running(cluster.places)
        assert after.address[1] != before.address[1]
        assert (after.token, after.authority) == (before.token, before.authority)
        while True:
            try:
                connection, _ = other.accept()
            except TimeoutError:
                break
            with connection:
                connection.settimeout(1)
                heard.append(connection.recv(65536))
    assert not any(before.token.encode() in each for each in heard)
    assert cluster.minisets("get", "pods").succeeded().err == ""


def test_another_persons_command_finds_it_and_writes_a_kubeconfig_of_its_own(own_cluster: Cluster) -> None:
    """Whoever may use the engine; here a person whose files are lost."""
    cluster = own_cluster
    cluster.minisets("up", "-f", KEEPER).succeeded()
    before = way_in(cluster)
    cluster.places.kubeconfig.unlink()
    listed = cluster.minisets("get", "pods").succeeded()
    assert len(listed.rows()) == 2
    assert way_in(cluster) == before


def test_a_paused_container_is_the_persons_own_doing(own_cluster: Cluster) -> None:
    cluster = own_cluster
    cluster.start()
    box = cluster.engine.containers.get(cluster.name)
    box.pause()
    try:
        said = cluster.minisets("get", "pods").failed()
        assert f"`docker unpause {cluster.name}`" in said.err
    finally:
        box.unpause()


def test_its_log_is_printed(cluster: Cluster) -> None:
    said = cluster.minisets("logs", "--control-plane").succeeded()
    assert f'serving cluster "{cluster.name}"' in said.out + said.err
    assert len(cluster.minisets("logs", "--control-plane", "--tail", "1").succeeded().out.splitlines()) == 1


def test_its_image_is_named_by_our_content(cluster: Cluster) -> None:
    name = cluster.control()["Config"]["Image"]
    assert name == f"minisets.local/control:{own_content()}"
    assert cluster.engine.images.get(name).labels["dev.minisets.kind"] == "image"
