"""`minisets volumes` on a real engine: what is listed, taken out, put in, adopted, recovered and removed."""

from __future__ import annotations

import json
import tarfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.engine import labels
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, spec_of, status_of
from minisets.settings import ADOPTED
from tests.scenarios.bare import BUSY, claim, made
from tests.scenarios.cluster import MANIFESTS, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import docker

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

KEEPER = MANIFESTS / "keeper.yaml"
WRITTEN = 20 << 20
LONG = timedelta(seconds=120)
# What a tar archive has to bring back beside bytes.
FILL = """
set -e; cd /data
dd if=/dev/urandom of=big bs=1M count=20 2>/dev/null
mkdir -p "a dir/deeper"; echo small > "a dir/deeper/small"; ln -s deeper/small "a dir/link"
chown 1000:2000 "a dir/deeper/small"; chmod 4750 "a dir/deeper/small"; chmod 1777 "a dir"
: > empty; chmod 0711 . ; sync
"""
# Everything that can be told of what is in a volume, bytes included.
TELL = (
    "cd /data && find . -exec stat -c '%n %A %u:%g %N' {} + | sort && find . -type f -exec md5sum {} + | sort"
)


def bound(cluster: Cluster, name: str) -> bool:
    found = cluster.get("PersistentVolumeClaim", name)
    return found is not None and status_of(found).get("phase") == "Bound"


def inside(cluster: Cluster, pod: str, script: str) -> str:
    return cluster.inside(pod, script, within=LONG)


def listed(cluster: Cluster, *words: str) -> dict[str, dict[str, Any]]:
    """The rows by Docker volume."""
    found = cluster.minisets("volumes", *words, "-o", "json").succeeded()
    return {row["volume"]: row for row in json.loads(found.out)}


def test_volumes_are_listed_exported_and_imported_bit_for_bit(own_cluster: Cluster, tmp_path: Path) -> None:
    cluster = own_cluster
    cluster.minisets("up", "-f", KEEPER, "--timeout", "60", within=LONG).succeeded()
    inside(cluster, "keeper-0", FILL)
    before = inside(cluster, "keeper-0", TELL)

    first = cluster.minisets("volumes").succeeded().rows()[0]
    assert (first["CLAIM"], first["POD"], first["PHASE"]) == ("data-keeper-0", "keeper-0", "Bound")
    assert (first["VOLUME"], first["CAPACITY"]) == (cluster.named("data-keeper-0"), "64Mi")
    assert listed(cluster)[cluster.named("data-keeper-0")]["used"] >= WRITTEN

    file = tmp_path / "x.tar"
    ended = cluster.shell(f"minisets volumes export data-keeper-0 > {file}", LONG).succeeded()
    assert "keeper-0 may write meanwhile" in ended.err
    with tarfile.open(file) as tar:
        assert {"./big", "./a dir/link"} <= {
            "./" + each.name.removeprefix("./").rstrip("/") for each in tar.getmembers()
        }
    refused = cluster.shell(f"minisets volumes import data-keeper-1 < {file}").failed()
    assert "data-keeper-1 is used by keeper-1" in refused.err
    assert "scale statefulset" in refused.err

    cluster.minisets("scale", "statefulset", "keeper", "--replicas", "1").succeeded()
    until(lambda: cluster.get("Pod", "keeper-1") is None, "the end of keeper-1", SOON)
    cluster.shell(f"minisets volumes import data-keeper-1 < {file}", LONG).succeeded()
    again = cluster.shell(f"minisets volumes import data-keeper-1 < {file}").failed()
    assert "is not empty: nothing was imported; --replace" in again.err
    broken = cluster.shell("echo no archive | minisets volumes import --replace data-keeper-1").failed()
    assert "is no tar archive" in broken.err
    cluster.shell(f"minisets volumes import --replace data-keeper-1 < {file}", LONG).succeeded()

    cluster.minisets("scale", "statefulset", "keeper", "--replicas", "2").succeeded()
    until(lambda: cluster.named("keeper-1") in cluster.containers(), "keeper-1", SOON)
    cluster.minisets("rollout", "status", "statefulset/keeper", "--timeout", "30s").succeeded()
    assert inside(cluster, "keeper-1", TELL) == before
    transfers = cluster.engine.api.containers(
        all=True, filters={"label": [f"{key}={value}" for key, value in _transfer(cluster).items()]}
    )
    assert transfers == []


def _transfer(cluster: Cluster) -> dict[str, str]:
    return labels.transfer_labels(cluster.name)


def test_only_what_no_claim_has_is_removed(own_cluster: Cluster, docker_engine: docker.DockerClient) -> None:
    cluster = own_cluster
    cluster.start()
    made(cluster, claim("kept"), claim("left"))
    until(lambda: bound(cluster, "kept") and bound(cluster, "left"), "both claims", SOON)
    left = spec_of(cluster.get("PersistentVolumeClaim", "left") or {})["volumeName"]
    retain = {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}
    with cluster.api() as api:
        api.patch(Ref("PersistentVolume", "", left), retain, form="merge")
    cluster.minisets("delete", "pvc", "left").succeeded()
    name = cluster.named("left")
    until(lambda: listed(cluster, "--orphans").get(name, {}).get("phase") == "Released", "its release", SOON)

    stranger = docker_engine.volumes.create(f"{cluster.name}-stranger")
    try:
        for word in ("kept", cluster.named("kept")):
            refused = cluster.minisets("volumes", "rm", "--yes", word).failed()
            assert "which exists: nothing is removed" in refused.err
        for word in (stranger.name, cluster.name):  # the last is the cluster's own state
            refused = cluster.minisets("volumes", "rm", "--yes", word).failed()
            assert "is no claim, and no volume of one" in refused.err
        refused = cluster.minisets("volumes", "rm", "left").failed()
        assert "nothing was removed: answer y, or use --yes" in refused.err
        assert cluster.volumes() == {cluster.named("kept"), name}

        done = cluster.minisets("volumes", "rm", "--yes", "left").succeeded()
        assert f"Docker volume {name} removed" in done.out
        assert cluster.volumes() == {cluster.named("kept")}
        assert cluster.get("PersistentVolume", left, "") is None
        stranger.reload()  # it is still there
    finally:
        stranger.remove()


def test_a_strangers_volume_is_adopted_on_purpose_and_never_removed(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    cluster = own_cluster
    name = cluster.named("data-keeper-0")
    docker_engine.volumes.create(name)
    try:
        mounts = {name: {"bind": "/data", "mode": "rw"}}
        docker_engine.containers.run(
            BUSY, ["sh", "-c", "echo mine > /data/mine"], volumes=mounts, remove=True
        )
        cluster.minisets("up", "-f", KEEPER, "--no-wait").succeeded()
        hint = f"minisets volumes adopt {name}"
        until(lambda: cluster.has_event("data-keeper-0", hint), "the Event on the claim", SOON)
        assert not bound(cluster, "data-keeper-0")

        state = cluster.minisets("volumes", "adopt", cluster.name, "--claim", "data-keeper-0").failed()
        assert "minisets keeps its own in it: it cannot be adopted" in state.err
        for _ in range(2):  # the second time nothing is left to do
            cluster.minisets("volumes", "adopt", name).succeeded()
        cluster.minisets("up", "-f", KEEPER, "--timeout", "60", within=LONG).succeeded()
        assert inside(cluster, "keeper-0", "cat /data/mine") == "mine\n"
        assert cluster.volume_of("data-keeper-0") == name
        adopted = [each for each in cluster.list("PersistentVolume") if ADOPTED in annotations_of(each)]
        assert [spec_of(each)["persistentVolumeReclaimPolicy"] for each in adopted] == ["Retain"]

        cluster.minisets("down", "--volumes", "--yes", within=LONG).succeeded()
        held = docker_engine.containers.run(BUSY, ["cat", "/data/mine"], volumes=mounts, remove=True)
        assert held == b"mine\n"
    finally:
        docker_engine.volumes.get(name).remove(force=True)


def test_claims_are_recovered_after_the_state_was_lost(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    cluster = own_cluster
    cluster.start()
    cluster.minisets("up", "-f", KEEPER, "--timeout", "60", within=LONG).succeeded()
    told = "echo one > /data/one; md5sum /data/one"
    before = inside(cluster, "keeper-1", told)
    claims = {each["metadata"]["name"]: spec_of(each) for each in cluster.list("PersistentVolumeClaim")}
    cluster.minisets("down", within=LONG).succeeded()
    docker_engine.volumes.get(cluster.name).remove()

    cluster.start()
    assert len(listed(cluster, "--orphans")) == 2
    found = cluster.minisets("volumes", "recover").succeeded()
    assert "claim default/data-keeper-1 has it again" in found.out
    until(lambda: bound(cluster, "data-keeper-0") and bound(cluster, "data-keeper-1"), "the claims", SOON)
    again = {each["metadata"]["name"]: spec_of(each) for each in cluster.list("PersistentVolumeClaim")}
    assert again == claims
    assert "nothing to recover" in cluster.minisets("volumes", "recover").succeeded().err
    cluster.minisets("up", "-f", KEEPER, "--timeout", "60", within=LONG).succeeded()
    assert inside(cluster, "keeper-1", "md5sum /data/one") == before
