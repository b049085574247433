"""What a pod's spec asks for is what its containers find: probes, mounts, order, environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from minisets.objects.metadata import is_true, status_of
from tests.scenarios.cluster import MANIFESTS, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker


def test_probes_decide_who_is_ready_and_who_is_restarted(cluster: Cluster) -> None:
    cluster.minisets("up", "-f", MANIFESTS / "probes.yaml", "--no-wait").succeeded()
    until(lambda: is_true(cluster.pod("by-exec"), "Ready"), "the pod without readiness", SOON)
    for pod in ("by-http", "by-tcp"):
        until(lambda pod=pod: cluster.has_event(pod, reason="Unhealthy"), f"the failed probe of {pod}", SOON)  # type: ignore[misc] # a lambda's default
        assert not is_true(cluster.pod(pod), "Ready")
    # Why not at once: the first probe may meet a server that does not listen yet.
    said = "Readiness probe failed: HTTP probe failed with statuscode: 404"
    until(lambda: cluster.has_event("by-http", said), "the answer of a server that listens", SOON)

    make_page = "echo ok > /usr/share/nginx/html/ready.html"
    cluster.minisets("exec", "by-http", "--", "sh", "-c", make_page).succeeded()
    cluster.minisets("exec", "by-tcp", "--", "touch", "/go").succeeded()
    for pod in ("by-http", "by-tcp"):
        until(lambda pod=pod: is_true(cluster.pod(pod), "Ready"), f"{pod} to be ready", SOON)  # type: ignore[misc] # likewise

    first = cluster.inspected("by-exec")["Id"]
    cluster.minisets("exec", "by-exec", "--", "rm", "/alive").succeeded()
    until(lambda: restarts(cluster, "by-exec") == 1, "the container to be restarted", SOON)
    until(lambda: is_true(cluster.pod("by-exec"), "Ready"), "the new container to be ready", SOON)
    assert cluster.inspected("by-exec")["Id"] != first
    assert cluster.has_event("by-exec", "failed liveness probe, will be restarted", reason="Killing")
    assert cluster.minisets("logs", "by-exec", "--previous").succeeded().out == "started\n"


def restarts(cluster: Cluster, pod: str) -> int:
    return int(status_of(cluster.pod(pod))["containerStatuses"][0]["restartCount"])


def test_volumes_environment_and_init_containers_are_as_the_pod_asks(
    cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "from-host").write_text("of the host\n")
    text = (MANIFESTS / "mounts.yaml").read_text().replace("HOST_FOLDER", str(tmp_path))
    cluster.minisets("up", "-f", "-", given=text).succeeded()

    def seen(command: str, container: str = "main") -> str:
        ended = cluster.minisets("exec", "-c", container, "mounts", "--", "sh", "-c", command)
        return ended.succeeded().out

    assert seen("cat /etc/settings/colour /etc/settings/app.conf") == "greenlisten = 80\n"
    assert seen("cat /etc/password/word") == "sesame"
    assert seen("cat /seen/order", "other") == "first\nsecond\n"
    assert seen("cat /host/from-host; echo of the pod > /host/from-pod") == "of the host\n"
    assert (tmp_path / "from-pod").read_text() == "of the pod\n"
    assert seen("echo $ADDRESS; echo $NAME; echo $COLOUR; echo $GREETING; echo $word").splitlines() == [
        cluster.address_of("mounts"),
        "mounts",
        "green",
        "hello mounts",
        "sesame",
    ]
    cluster.minisets("exec", "mounts", "--", "sh", "-c", "echo x > /etc/password/word").failed()

    cluster.minisets("delete-pod", "mounts").succeeded()
    volumes = {name for name in cluster.volumes() if "mounts" in name}
    assert volumes == set(), "what lived with the pod is gone with it"
    assert (tmp_path / "from-host").exists()
