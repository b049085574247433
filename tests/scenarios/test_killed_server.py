"""The server is killed in the middle of its work; its next start goes on from what is stored and observed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.cluster import MANIFESTS
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.cluster import Cluster, Ended

pytestmark = pytest.mark.docker


def test_a_scale_up_goes_on_after_the_server_was_killed(own_cluster: Cluster, tmp_path: Path) -> None:
    """Killed twice: when a claim was just stored, and when a sandbox was just made."""
    cluster = own_cluster
    cluster.minisets("up", "-f", MANIFESTS / "keeper.yaml").succeeded()
    cluster.minisets("exec", "keeper-0", "--", "sh", "-c", "echo mine > /data/file").succeeded()
    untouched = {name: cluster.inspected(name)["Id"] for name in ("keeper-0", "keeper-1")}
    five = tmp_path / "five.yaml"
    five.write_text((MANIFESTS / "keeper.yaml").read_text().replace("replicas: 2", "replicas: 5"))

    up = cluster.running("up", "-f", five)
    until(lambda: cluster.get("PersistentVolumeClaim", "data-keeper-2"), "the third claim")
    cluster.kill_server()
    check_it_says_so(up.ended().failed())

    up = cluster.running("up", "-f", five)
    until(lambda: cluster.named("keeper-3_sandbox") in cluster.containers(), "the fourth sandbox")
    cluster.kill_server()
    check_it_says_so(up.ended().failed())

    cluster.minisets("up", "-f", five).succeeded()
    pods = [f"keeper-{ordinal}" for ordinal in range(5)]
    assert set(cluster.containers()) == {
        cluster.named(name) for pod in pods for name in (pod, f"{pod}_sandbox")
    }
    assert {each["State"] for each in cluster.containers().values()} == {"running"}
    assert cluster.volumes() == {cluster.named(f"data-{pod}") for pod in pods}
    assert {name: cluster.inspected(name)["Id"] for name in untouched} == untouched
    assert cluster.minisets("exec", "keeper-0", "--", "cat", "/data/file").succeeded().out == "mine\n"


def check_it_says_so(up: Ended) -> None:
    """In one line, whether it was asking, waiting or about to ask when the server died."""
    said = up.err.strip().splitlines()[-1]
    assert re.match(r"Error: (the server .*went away|no minisets server answers)", said), up
