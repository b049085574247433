"""What pods use on a real engine, as `kubectl top` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scenarios.bare import BUSY

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

PODS = f"""\
apiVersion: v1
kind: Pod
metadata: {{name: busy}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {{name: spins, image: "{BUSY}", command: [sh, -c, "while :; do :; done"]}}
  - {{name: sleeps, image: "{BUSY}", command: [sleep, "600"]}}
"""


def test_top_shows_who_is_busy(cluster: Cluster) -> None:
    cluster.minisets("up", "-f", "-", given=PODS).succeeded()
    (pod,) = cluster.kubectl("top", "pods").succeeded().rows()
    assert pod["NAME"] == "busy"
    assert pod["MEMORY(bytes)"].endswith("Mi")
    used = {
        row["NAME"]: int(row["CPU(cores)"].removesuffix("m"))
        for row in cluster.kubectl("top", "pods", "--containers").succeeded().rows()
    }
    assert set(used) == {"spins", "sleeps"}
    # Why so far apart: the machine may have other things to do, but a loop always uses more than a sleep.
    assert used["spins"] > 20
    assert used["sleeps"] < 10
    (node,) = cluster.kubectl("top", "nodes").succeeded().rows()
    assert node["NAME"] == "minisets-0"
    assert int(node["CPU(cores)"].removesuffix("m")) > 20
    cluster.kubectl("delete", "pod", "busy", "--grace-period=0", "--force").succeeded()
    assert "No resources found" in cluster.kubectl("top", "pods").succeeded().err
