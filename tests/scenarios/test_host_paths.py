"""Paths of the machine: an ordinary one is mounted, one that leads to the engine's own never is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from minisets.engine import labels
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true, status_of
from tests.scenarios.bare import WAITS, claim, made, pod, state
from tests.scenarios.cluster import DEADLINE, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

ALL_NODES = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "Exists"}]}]}


def of_the_machine(path: str) -> dict[str, Any]:
    return {"hostPath": {"path": path}}


def bound_by_options(path: str) -> dict[str, Any]:
    attributes = {"type": "none", "o": "bind", "device": path}
    source = {"driver": "docker.minisets.dev", "volumeHandle": "minisets-test-never-made"}
    return {"csi": {**source, "volumeAttributes": attributes}}


def local(path: str) -> dict[str, Any]:
    return {"local": {"path": path}, "nodeAffinity": {"required": ALL_NODES}}


def claimed(name: str, source: dict[str, Any]) -> tuple[Object, ...]:
    """A PersistentVolume of that source, and the claim that is bound to it."""
    asked = claim(name)
    asked["spec"] |= {"storageClassName": "", "volumeName": name}
    spec = {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], **source}
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
    return volume, asked


def user_of(name: str, volume: dict[str, Any], script: str = WAITS, **mount: Any) -> Object:
    mounts = [{"name": "data", "mountPath": "/data", **mount}]
    return pod(name, script, volumes=[{"name": "data", **volume}], container={"volumeMounts": mounts})


def said_of(cluster: Cluster, name: str, what: str, step: str = "SetUp") -> None:
    """The Event that the pod waits with; nothing of it is on the engine."""
    said = f'MountVolume.{step} failed for volume "data" : path "'
    until(lambda: cluster.has_event(name, said, what, reason="FailedMount"), what, DEADLINE)
    assert state(cluster, name, "waiting")["reason"] == "ContainerCreating"
    assert not [each for each in cluster.containers() if name in each], "nothing of it was made"


def data_of(cluster: Cluster) -> str:
    return str(cluster.engine.api.info()["DockerRootDir"])


def test_a_pods_path_never_leads_to_the_engine(cluster: Cluster, tmp_path: Path) -> None:
    """By whatever name, from above too, and whichever part of it a container would see."""
    data = data_of(cluster)
    (tmp_path / "link").symlink_to(data)
    (tmp_path / "round").symlink_to("link/../x/..")
    run = Path("/var/run").resolve()
    paths = {
        "data": (f"{data}/volumes", f"lies in {data}, the engine's data"),
        "link": (str(tmp_path / "link/volumes"), f"leads to {data}/volumes, which lies in {data}"),
        "up": (str(tmp_path / "round"), f"contains {data}, the engine's data"),
        "parent": (str(Path(data).parent), f"contains {data}, the engine's data"),
        "root": ("/", f"contains {data}, the engine's data"),
        "socket": ("/var/run/docker.sock", "the engine's socket"),
        "run": (str(run), f"contains {run}/docker.sock, the engine's socket"),
        "process": ("/proc/1/root", "lies in /proc/1, what a process sees"),
    }
    pods = [
        user_of(f"never-{name}", of_the_machine(path), readOnly=True, subPath="harmless")
        for name, (path, _) in paths.items()
    ]
    warned = made(cluster, *pods).err
    assert "its files below /var/run/docker.sock; it will not be mounted, as it is /var/run" in warned
    for name, (_, what) in paths.items():
        said_of(cluster, f"never-{name}", what)
    looks = {"label": [f"{labels.KIND}=look", f"{labels.CLUSTER}={cluster.name}"]}
    until(lambda: not cluster.engine.api.containers(all=True, filters=looks), "the looking to end", DEADLINE)


@pytest.mark.parametrize(
    ("kind", "source", "step"),
    [
        ("host", of_the_machine, "SetUp"),
        ("local", local, "NewMounter initialization"),
        ("options", bound_by_options, "SetUp"),
    ],
)
def test_no_persistent_volume_leads_to_the_engine(
    cluster: Cluster, tmp_path: Path, kind: str, source: Callable[[str], dict[str, Any]], step: str
) -> None:
    data = data_of(cluster)
    (tmp_path / "link").symlink_to(Path(data).parent)
    name = f"no-pv-{kind}"
    user = user_of(name, {"persistentVolumeClaim": {"claimName": name}})
    made(cluster, *claimed(name, source(str(tmp_path / "link"))), user)
    said_of(cluster, name, f"leads to {Path(data).parent}, which contains {data}, the engine's data", step)
    assert "minisets-test-never-made" not in {each.name for each in cluster.engine.volumes.list()}
    for each in ("pod", "pvc", "pv"):
        cluster.minisets("delete", each, name).succeeded()


def test_a_link_that_leads_elsewhere_later_lets_the_pod_go_on(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(data_of(cluster))
    (tmp_path / "folder").mkdir()
    name = "patient-path"
    made(cluster, user_of(name, of_the_machine(str(tmp_path / "link")), f"echo mine > /data/file; {WAITS}"))
    said_of(cluster, name, "the engine's data")
    (tmp_path / "other").symlink_to("folder")
    (tmp_path / "other").replace(tmp_path / "link")  # Why: the engine makes a path that is missing
    with cluster.api() as api:  # Why: the machine tells nobody, the kubelet looks again after a while
        annotations = {"annotations": {"look": "again"}}
        api.patch(Ref("Pod", "default", name), {"metadata": annotations}, form="merge")
    until(lambda: is_true(cluster.pod(name), "Ready"), "the pod to go on", 2 * DEADLINE)
    until((tmp_path / "folder/file").exists, "what it wrote", SOON)


def test_an_ordinary_path_is_mounted_by_links_and_through_a_claim(cluster: Cluster, tmp_path: Path) -> None:
    """The data stay with the folder, whatever becomes of the claim: nobody else is given them."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    name = "ordinary"
    direct = user_of("direct", of_the_machine(str(tmp_path / "link")), f"echo one > /data/one; {WAITS}")
    through = user_of(name, {"persistentVolumeClaim": {"claimName": name}}, f"echo two > /data/two; {WAITS}")
    volume, asked = claimed(name, of_the_machine(str(tmp_path / "folder")))
    made(cluster, volume, asked, direct, through)
    for each in ("direct", name):
        until(lambda each=each: is_true(cluster.pod(each), "Ready"), f"{each} to run", DEADLINE)  # type: ignore[misc] # a lambda's default
    for file in ("one", "two"):
        until((tmp_path / "folder" / file).exists, file, SOON)
    cluster.minisets("delete-pod", name).succeeded()
    cluster.minisets("delete", "pvc", name).succeeded()
    until(lambda: phase_of(cluster, name) == "Released", "the volume to be given up", SOON)
    again = claim("another")
    again["spec"] |= {"storageClassName": "", "volumeName": name}
    made(cluster, again)
    assert status_of(cluster.get("PersistentVolumeClaim", "another") or {})["phase"] == "Pending"
    assert (tmp_path / "folder/two").read_text() == "two\n"


def phase_of(cluster: Cluster, volume: str) -> str:
    found = cluster.get("PersistentVolume", volume, "")
    assert found is not None
    return str(status_of(found)["phase"])
