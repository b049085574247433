"""Complete removal: everything with the cluster's label, and nothing else."""

import pytest

from minisets.clock import FakeClock
from minisets.cluster import network
from minisets.cluster.removal import remove_from
from minisets.engine import labels
from minisets.engine.interface import ContainerSpec, VolumeSpec
from minisets.engine.memory import MemoryEngine


@pytest.mark.parametrize("state", ["created", "running"])
def test_what_is_ours_goes_and_what_is_not_stays(state: str) -> None:
    engine = MemoryEngine(FakeClock())
    for cluster in ("minisets", "other"):
        network.ensure(engine, cluster, [])
        made = engine.create_container(ContainerSpec(f"{cluster}-pod", "nginx:1", {labels.CLUSTER: cluster}))
        if state == "running":
            engine.start_container(made)
        engine.create_volume(VolumeSpec(f"{cluster}-data", {labels.CLUSTER: cluster}))
    engine.create_container(ContainerSpec("theirs", "nginx:1", {}))
    engine.create_volume(VolumeSpec("theirs", {}))
    remove_from(engine, "minisets")
    assert sorted(held.name for held in engine.list_containers({})) == ["other-pod", "theirs"]
    assert sorted(held.name for held in engine.list_volumes({})) == ["other-data", "theirs"]
    assert "minisets" not in [held.name for held in engine.list_networks()]
    assert "other" in [held.name for held in engine.list_networks()]
    engine.close()
