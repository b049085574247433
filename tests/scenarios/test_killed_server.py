"""The control plane is killed in the middle of its work; the next one goes on from what is stored and seen.

Process 1 starts it again, and answers DNS meanwhile; nobody types anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scenarios.cluster import MANIFESTS
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker


def test_a_scale_up_goes_on_after_the_server_was_killed(own_cluster: Cluster, tmp_path: Path) -> None:
    """Killed twice: when a claim was just stored, and when a sandbox was just made. The `up` goes on, too."""
    cluster = own_cluster
    cluster.minisets("up", "-f", MANIFESTS / "keeper.yaml").succeeded()
    cluster.minisets("exec", "keeper-0", "--", "sh", "-c", "echo mine > /data/file").succeeded()
    untouched = {name: cluster.inspected(name)["Id"] for name in ("keeper-0", "keeper-1")}
    five = tmp_path / "five.yaml"
    five.write_text((MANIFESTS / "keeper.yaml").read_text().replace("replicas: 2", "replicas: 5"))

    up = cluster.running("up", "-f", five)
    until(lambda: cluster.get("PersistentVolumeClaim", "data-keeper-2"), "the third claim")
    cluster.kill_control_plane()
    until(lambda: cluster.named("keeper-3_sandbox") in cluster.containers(), "the fourth sandbox")
    cluster.kill_control_plane()
    up.ended().succeeded()
    pods = [f"keeper-{ordinal}" for ordinal in range(5)]
    assert set(cluster.containers()) == {
        cluster.named(name) for pod in pods for name in (pod, f"{pod}_sandbox")
    }
    assert {each["State"] for each in cluster.containers().values()} == {"running"}
    assert cluster.volumes() == {cluster.named(f"data-{pod}") for pod in pods}
    assert {name: cluster.inspected(name)["Id"] for name in untouched} == untouched
    assert cluster.minisets("exec", "keeper-0", "--", "cat", "/data/file").succeeded().out == "mine\n"
