"""The room on a real Docker Engine: what the engine in memory cannot show."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docker
import pytest

from minisets.clock import Clock, FakeClock, SystemClock
from minisets.cluster import network
from minisets.engine import labels
from minisets.engine.docker import DockerEngine
from minisets.engine.specs import LogOptions
from minisets.kubelet.kubelet import Kubelet
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import is_true, status_of
from minisets.registry.registry import Registry
from minisets.settings import NODE, Settings
from minisets.store.memory import MemoryStore
from tests.engines import engine_address
from tests.kubelet.world import SOON
from tests.waiting import until

pytestmark = pytest.mark.docker

BUSY = "minisets.test/busy:1"
POD = Ref("Pod", "default", "web-0")
WITHIN = timedelta(seconds=60)
SCRIPT = """
trap 'exit 0' TERM
cat /etc/app/a; stat -c '%a %g' /scratch
cat /etc/resolv.conf; hostname -f; echo address $IP; id -u
echo hello > /scratch/x && cat /scratch/x
while :; do sleep 0.1; done
"""


@dataclass
class Docker:
    """A kubelet on the suite's engine, in a cluster of its own."""

    engine: DockerEngine
    registry: Registry
    cluster: str

    def pod(self) -> Object:
        return self.registry.store.get(POD) or {}

    def containers(self) -> list[str]:
        return sorted(one.name for one in self.engine.list_containers(labels.cluster_selector(self.cluster)))

    def log(self, suffix: str = "") -> str:
        stream = self.engine.logs(f"{self.cluster}_default_web-0{suffix}", LogOptions())
        try:
            return b"".join(data for _, data in stream).decode()
        finally:
            stream.close()


@pytest.fixture
def on_docker(docker_engine: docker.DockerClient, cluster_name: str) -> Iterator[Docker]:  # noqa: ARG001 - one must answer
    with _kubelet(cluster_name, SystemClock()) as on_docker:
        yield on_docker


@contextmanager
def _kubelet(cluster: str, clock: Clock) -> Iterator[Docker]:
    """A kubelet, and what it needs; nothing of its cluster is left."""
    store = MemoryStore()
    with ExitStack() as stack:
        engine = DockerEngine.connect(engine_address())
        stack.callback(engine.close)
        subnet = network.ensure(engine, cluster, network.routes(Path("/proc/net/route")))
        stack.callback(_clean, engine, cluster)
        settings = Settings(cluster, subnet=subnet)
        registry = Registry(store, clock, settings)
        registry.create("Namespace", "", {"metadata": {"name": "default"}})
        kubelet = Kubelet(store, registry, engine, clock, settings, dns=str(settings.parts.gateway))
        kubelet.start()
        stack.callback(kubelet.stop, SOON)
        yield Docker(engine, registry, cluster)


def _clean(engine: DockerEngine, cluster: str) -> None:
    selector = labels.cluster_selector(cluster)
    for one in engine.list_containers(selector):
        engine.remove_container(one.id, force=True)
    for volume in engine.list_volumes(selector):
        engine.remove_volume(volume.name)
    engine.remove_network(cluster)


def _pod() -> Object:
    address = {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    main: dict[str, Any] = {
        "name": "main",
        "image": BUSY,
        "command": ["sh", "-c", SCRIPT],
        "env": [address],
        "readinessProbe": {"exec": {"command": ["cat", "/scratch/x"]}, "periodSeconds": 1},
        "volumeMounts": [
            {"name": "etc", "mountPath": "/etc/app"},
            {"name": "scratch", "mountPath": "/scratch"},
        ],
    }
    volumes = [{"name": "etc", "secret": {"secretName": "password"}}, {"name": "scratch", "emptyDir": {}}]
    spec = {
        "containers": [main],
        "volumes": volumes,
        "hostname": "web-0",
        "subdomain": "nginx",
        "terminationGracePeriodSeconds": 5,
        "securityContext": {"runAsUser": 1000, "fsGroup": 2000},
    }
    return {"metadata": {"name": POD.name}, "spec": spec}


def test_a_pod_lives_loses_its_sandbox_and_ends(on_docker: Docker) -> None:
    body = {"metadata": {"name": "password"}, "data": {"a": "c2VjcmV0Cg=="}}
    on_docker.registry.create("Secret", "default", body)
    on_docker.registry.create("Pod", "default", _pod())
    on_docker.registry.bind(POD, NODE)
    until(lambda: is_true(on_docker.pod(), "Ready"), "the pod to be Ready", WITHIN)
    first = status_of(on_docker.pod())["podIP"]
    gateway = first.rsplit(".", 2)[0]
    until(lambda: on_docker.log().endswith("hello\n"), "the last line", WITHIN)
    log = on_docker.log().splitlines()
    assert log[:2] == ["secret", "2777 2000"]
    assert log[2].startswith(f"nameserver {gateway}.")
    assert log[3:] == [
        "search default.svc.cluster.local svc.cluster.local cluster.local",
        "options ndots:5",
        "web-0.nginx.default.svc.cluster.local",
        f"address {first}",
        "1000",
        "hello",
    ]

    name = f"{on_docker.cluster}_default_web-0"
    subprocess.run(["docker", "kill", f"{name}_sandbox"], check=True, capture_output=True)
    until(lambda: status_of(on_docker.pod()).get("podIP") != first, "another address", WITHIN)
    until(lambda: is_true(on_docker.pod(), "Ready"), "the pod to be Ready again", WITHIN)
    assert status_of(on_docker.pod())["containerStatuses"][0]["restartCount"] == 1
    assert on_docker.containers() == [name, f"{name}__restart-0", f"{name}_sandbox"]
    until(lambda: "secret" in on_docker.log(), "its files to come back with the new sandbox", WITHIN)

    on_docker.registry.delete(POD)
    until(lambda: not on_docker.pod(), "the pod to go", WITHIN)
    assert on_docker.containers() == []
    assert on_docker.engine.list_volumes(labels.cluster_selector(on_docker.cluster)) == ()


RESTARTS = 50
COUNTS = f"""
run=$(cat /count/runs 2>/dev/null || echo 0); echo run $run; echo $((run + 1)) > /count/runs
test $run -lt {RESTARTS} && exit 1
trap 'exit 0' TERM
while :; do sleep 0.1; done
"""


@pytest.mark.usefixtures("docker_engine")
def test_of_fifty_restarts_one_dead_container_is_left_and_its_log(cluster_name: str) -> None:
    """A-117: by a clock an hour ahead of the engine's, so that every back-off is over at once."""
    clock = FakeClock(datetime.now(UTC) + timedelta(hours=1))
    main = {
        "name": "main",
        "image": BUSY,
        "command": ["sh", "-c", COUNTS],
        "volumeMounts": [{"name": "count", "mountPath": "/count"}],
    }
    spec = {"containers": [main], "volumes": [{"name": "count", "emptyDir": {}}]}
    with _kubelet(cluster_name, clock) as on_docker:
        on_docker.registry.create("Pod", "default", {"metadata": {"name": POD.name}, "spec": spec})
        on_docker.registry.bind(POD, NODE)

        def restarts() -> int:
            entries = status_of(on_docker.pod()).get("containerStatuses") or [{"restartCount": 0}]
            return int(entries[0]["restartCount"])

        until(lambda: restarts() == RESTARTS and is_true(on_docker.pod(), "Ready"), "50 restarts", WITHIN * 6)
        name, last = f"{cluster_name}_default_web-0", f"__restart-{RESTARTS - 1}"
        until(lambda: len(on_docker.containers()) == 3, "the rest to be cleared away", WITHIN)
        assert on_docker.containers() == [name, f"{name}{last}", f"{name}_sandbox"]
        until(lambda: on_docker.log() == f"run {RESTARTS}\n", "the last run's line", WITHIN)
        assert on_docker.log(last) == f"run {RESTARTS - 1}\n"
        before = status_of(on_docker.pod())["containerStatuses"][0]["lastState"]["terminated"]
        assert (before["exitCode"], before["reason"]) == (1, "Error")
