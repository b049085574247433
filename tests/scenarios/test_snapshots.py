"""`minisets snapshot` on a real engine: one moment for all replicas, put back bit for bit, kills in between.

Every replica stamps its lines by the machine's one clock. MINISETS_SNAPSHOT_MIB: how much lies beside them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.engine import labels
from minisets.objects.metadata import status_of
from tests.scenarios.bare import BUSY
from tests.scenarios.cluster import MANIFESTS, PROMPTLY, SOON
from tests.scenarios.heard import Heard, listening
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

WRITERS = MANIFESTS / "writers.yaml"
PODS = [f"writers-{ordinal}" for ordinal in range(3)]
LONG = timedelta(seconds=150)
MEBIBYTES = int(os.environ.get("MINISETS_SNAPSHOT_MIB", "20"))


def note(line: str) -> None:
    """A figure, for whoever runs this with -s."""
    sys.stdout.write(f"{line}\n")


def written(cluster: Cluster, pod: str) -> str:
    return cluster.inside(pod, "cat /data/log", within=LONG)


def lines(text: str) -> list[tuple[int, float]]:
    """Numbers and stamps; a torn line is none, and fails."""
    assert text.endswith("\n")
    return [(int(number), float(stamp)) for number, stamp in (line.split() for line in text.splitlines())]


def in_volume(cluster: Cluster, volume: str, command: str) -> str:
    """What a container of the engine's own reads in a Docker volume."""
    said = cluster.engine.containers.run(
        BUSY, ["sh", "-c", command], volumes={volume: {"bind": "/x", "mode": "ro"}}, remove=True
    )
    return str(said.decode())


def copies(cluster: Cluster) -> dict[str, str]:
    """The Docker volume with each claim's copy."""
    (read,) = json.loads(cluster.minisets("snapshot", "list", "-o", "json").succeeded().out)
    return {one["claim"].removeprefix("data-"): one["volume"] for one in read["claims"]}


def paused(cluster: Cluster) -> list[str]:
    return sorted(name for name, one in cluster.containers().items() if one["State"] == "paused")


def helpers(cluster: Cluster) -> list[Any]:
    wanted = [f"{key}={value}" for key, value in labels.cluster_selector(cluster.name).items()]
    found = cluster.engine.api.containers(all=True, filters={"label": [*wanted, f"{labels.KIND}=copy"]})
    return list(found)


def told(heard: Heard) -> list[tuple[str, str]]:
    """What happened to the pods' containers, in order: (`die`, name), (`start`, name)."""
    about = [(one["Action"], one["Actor"]["Attributes"]) for one in heard]
    return [(action, of[labels.POD]) for action, of in about if of.get(labels.KIND) == "container"]


def test_all_replicas_are_saved_as_of_one_moment_and_put_back_in_order(own_cluster: Cluster) -> None:
    cluster = own_cluster
    cluster.minisets("up", "-f", WRITERS, "--timeout", "60", within=LONG).succeeded()
    fill = (
        f"dd if=/dev/urandom of=/data/ballast bs=1M count={MEBIBYTES} 2>/dev/null; sync; md5sum /data/ballast"
    )
    sums = {pod: cluster.inside(pod, fill, within=LONG).split()[0] for pod in PODS}
    ids = {pod: cluster.inspected(pod)["Id"] for pod in PODS}

    began = time.monotonic()
    saved = cluster.minisets("snapshot", "save", "first", "statefulset/writers", within=LONG).succeeded()
    note(f"\n3 x {MEBIBYTES} MiB saved in {time.monotonic() - began:.1f} s:\n{saved.out}")
    assert (paused(cluster), helpers(cluster)) == ([], [])
    assert {pod: cluster.inspected(pod)["Id"] for pod in PODS} == ids
    assert not [each for each in cluster.list("Event") if "paused" in each.get("message", "")]

    copied = {pod: in_volume(cluster, volume, "cat /x/data/log") for pod, volume in copies(cluster).items()}
    assert sorted(copied) == PODS
    last, after = [], []
    for pod, text in copied.items():
        live = written(cluster, pod)
        assert live.startswith(text)
        stamps = lines(live)
        assert [number for number, _ in stamps] == list(range(1, len(stamps) + 1))
        count = len(lines(text))
        last.append(stamps[count - 1][1])
        # Why not the next line: its stamp may have been taken before the pause that it was written after.
        after.append(stamps[count + 1][1])
        assert in_volume(cluster, copies(cluster)[pod], "md5sum /x/data/ballast").split()[0] == sums[pod]
    note(f"last stamps within {max(last) - min(last):.3f} s, silent for {min(after) - max(last):.3f} s")
    assert max(last) < min(after), "a replica wrote on while another one's copy had ended"

    for pod in PODS:
        cluster.inside(pod, "echo later > /data/later; : > /data/ballast")
    began = time.monotonic()
    with listening(cluster, "die", "start") as heard:
        restored = cluster.minisets("snapshot", "restore", "first", "--yes", within=LONG).succeeded()
        until(lambda: len(told(heard)) >= 2 * len(PODS), "the engine to tell of all of them", SOON)
    note(f"put back in {time.monotonic() - began:.1f} s:\n{restored.out}")
    assert told(heard)[: 2 * len(PODS)] == [
        *(("die", pod) for pod in reversed(PODS)),
        *(("start", pod) for pod in PODS),
    ]
    for pod in PODS:
        live = written(cluster, pod)
        assert live.startswith(copied[pod])
        count = len(lines(copied[pod]))
        assert [number for number, _ in lines(live)[count : count + 3]] == [count + 1, count + 2, count + 3]
        assert cluster.inside(pod, "ls /data; md5sum /data/ballast").split()[:3] == [
            "ballast",
            "log",
            sums[pod],
        ]
    assert helpers(cluster) == []
    cluster.minisets("snapshot", "rm", "first", "--yes", within=LONG).succeeded()
    assert cluster.volumes() == {cluster.named(f"data-{pod}") for pod in PODS}


def test_pods_go_on_when_the_server_is_killed_while_they_stand_still(own_cluster: Cluster) -> None:
    cluster = own_cluster
    cluster.minisets("up", "-f", WRITERS, "--timeout", "60", within=LONG).succeeded()
    # Many small files: enough to be in the middle of.
    fill = 'for (1..20000) { open F, ">$_"; print F $_ x 200 }'
    many = f"mkdir /data/many; cd /data/many; perl -e '{fill}'; sync"
    for pod in PODS:
        cluster.inside(pod, many, within=LONG)
    ids = {pod: cluster.inspected(pod)["Id"] for pod in PODS}

    saving = cluster.running("snapshot", "save", "first", "--timeout", "120s")
    until(lambda: len(paused(cluster)) == len(PODS), "all pods to stand still", LONG)
    cluster.kill_control_plane()
    began = time.monotonic()
    until(lambda: not paused(cluster), "the pods to go on", PROMPTLY)
    note(f"\npods ran again {time.monotonic() - began:.1f} s after the control plane was killed")
    saving.ended(LONG).succeeded()
    assert (paused(cluster), helpers(cluster)) == ([], [])
    assert {pod: cluster.inspected(pod)["Id"] for pod in PODS} == ids
    for pod, volume in copies(cluster).items():
        assert in_volume(cluster, volume, "ls /x/data/many | wc -l; ls -A /x/data").split()[0] == "20000"
        assert written(cluster, pod).startswith(in_volume(cluster, volume, "cat /x/data/log"))

    restoring = cluster.running("snapshot", "restore", "first", "--yes", "--timeout", "120s")
    until(lambda: helpers(cluster), "the data to be put back", LONG)
    cluster.kill_control_plane()
    restoring.interrupt()
    restoring.ended(LONG)
    until(lambda: cluster.minisets("status").code == 0, "the server", SOON)
    assert not [pod for pod in PODS if cluster.get("Pod", pod)]
    cluster.minisets("snapshot", "restore", "first", "--yes", within=LONG).succeeded()
    for pod in PODS:
        assert cluster.inside(pod, "ls -A /data; ls /data/many | wc -l").split() == ["log", "many", "20000"]


def test_a_claim_made_of_a_snapshot_holds_what_that_holds(own_cluster: Cluster) -> None:
    """kubectl's way: one claim, no statefulset; nobody needs our command."""
    cluster = own_cluster
    cluster.minisets("up", "-f", MANIFESTS / "keeper.yaml", "--timeout", "60", within=LONG).succeeded()
    make = (
        "cd /data; echo it > file; ln file again; ln -s file link; mkfifo pipe; "
        "chown 12:34 file; chmod 4751 file; mkdir -m 1777 folder; "
        "dd if=/dev/zero of=sparse bs=1 count=1 seek=5M 2>/dev/null; chmod 0711 ."
    )
    tell = "cd $0; find . -exec stat -c '%n %A %u:%g %h %s %b %Y %N' {} + | sort; cat file"
    cluster.inside("keeper-0", make)
    before = cluster.inside("keeper-0", tell.replace("$0", "/data"))
    snapshot = """
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {name: once}
spec: {source: {persistentVolumeClaimName: data-keeper-0}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: again}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 64Mi}}
  dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: once}
"""
    cluster.kubectl("apply", "-f", "-", given=snapshot).succeeded()

    def is_bound() -> bool:
        found = cluster.get("PersistentVolumeClaim", "again")
        return found is not None and status_of(found).get("phase") == "Bound"

    until(is_bound, "the claim to be bound", SOON)
    head, line = cluster.kubectl("get", "volumesnapshot", "once").succeeded().out.splitlines()
    assert head.split()[1:3] == ["READYTOUSE", "SOURCEPVC"]
    assert line.split()[:5] == ["once", "true", "data-keeper-0", "64Mi", "standard"]
    assert in_volume(cluster, cluster.named("again"), tell.replace("$0", "/x")) == before
    cluster.kubectl("delete", "volumesnapshot", "once").succeeded()
    assert not cluster.list("VolumeSnapshotContent")
    assert cluster.volumes() == {cluster.named(n) for n in ("data-keeper-0", "data-keeper-1", "again")}
