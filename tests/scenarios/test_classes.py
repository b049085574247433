"""Storage classes: drivers and their options, memory that is capped, claims that grow, and blocks."""

from __future__ import annotations

import base64
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from minisets.engine import labels
from minisets.objects.metadata import spec_of, status_of
from tests.scenarios.bare import made, pod
from tests.scenarios.classes import claim, holders, storage_class, user
from tests.scenarios.cluster import DEADLINE, ROOT, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

FULL = ROOT / "examples/disk-full/web.yaml"


def is_bound(cluster: Cluster, name: str) -> bool:
    found = cluster.get("PersistentVolumeClaim", name)
    return found is not None and status_of(found).get("phase") == "Bound"


def test_a_disk_in_memory_is_full_when_it_is_and_keeps_its_data_without_a_pod(own_cluster: Cluster) -> None:
    """A-139: the example; then its pod is deleted, its holder is removed, and the cluster is taken down."""
    up = own_cluster.minisets("up", "-f", FULL).succeeded()
    assert "approximated: memory, as large as the claim" in up.err
    assert "no space left on device" in own_cluster.minisets("logs", "filler-0").succeeded().out
    assert own_cluster.inside("filler-0", "df -k /data | tail -n 1 | awk '{print $2}'").strip() == "8192"
    (holder,) = holders(own_cluster)
    assert holder["State"] == "running"
    assert own_cluster.has_event("data-filler-0", "in memory, at most 8Mi")

    own_cluster.minisets("scale", "statefulset", "filler", "--replicas", "0").succeeded()
    until(lambda: own_cluster.get("Pod", "filler-0") is None, "the pod's end", SOON)
    assert "./said" in names_in(own_cluster, "data-filler-0"), "what no pod has is exported"
    (still,) = holders(own_cluster)
    assert still["Id"] == holder["Id"]

    own_cluster.minisets("scale", "statefulset", "filler", "--replicas", "1").succeeded()
    until(lambda: own_cluster.get("Pod", "filler-0") is not None, "a pod", SOON)
    assert own_cluster.volumes() == {own_cluster.volume_of("data-filler-0")}

    down = own_cluster.minisets("down").succeeded()
    assert f"its contents were in memory: {own_cluster.named('data-filler-0')}" in down.out
    assert not holders(own_cluster)
    own_cluster.start()
    told = "were in memory and are lost"
    until(lambda: own_cluster.has_event("data-filler-0", told), "the loss told of", DEADLINE)
    until(lambda: [each["State"] for each in holders(own_cluster)] == ["running"], "a holder", SOON)


def names_in(cluster: Cluster, name: str) -> list[str]:
    archive = cluster.shell(f"minisets volumes export {name} | base64").succeeded().out
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(archive))) as tar:
        return tar.getnames()


def test_what_is_in_memory_can_be_imported_and_outlives_the_server_and_its_holder(
    own_cluster: Cluster,
) -> None:
    own_cluster.start()
    made(own_cluster, storage_class("tmpfs", "minisets.dev/tmpfs"), claim("data", "tmpfs"))
    until(lambda: is_bound(own_cluster, "data"), "the claim bound", SOON)
    files = own_cluster.home / "files"
    fill = "tar -c -C {} . | minisets volumes import data {}"
    for text, words in (("one", ""), ("two", "--replace")):
        files.mkdir(exist_ok=True)
        (files / "it").write_text(f"{text}\n")
        own_cluster.shell(fill.format(files, words)).succeeded()
    made(own_cluster, user("first", "data"))
    until(lambda: own_cluster.pod("first")["status"]["phase"] == "Running", "the pod", DEADLINE)
    assert own_cluster.inside("first", "cat /data/it") == "two\n"

    own_cluster.engine.containers.get(own_cluster.name).kill()
    own_cluster.start()
    (holder,) = holders(own_cluster)
    own_cluster.engine.containers.get(holder["Id"]).remove(force=True)
    until(lambda: [each["State"] for each in holders(own_cluster)] == ["running"], "a holder again", DEADLINE)
    own_cluster.minisets("delete", "pod", "first").succeeded()
    until(lambda: own_cluster.get("Pod", "first") is None, "the pod's end", SOON)
    made(own_cluster, user("second", "data"))
    until(lambda: own_cluster.pod("second")["status"]["phase"] == "Running", "the pod", DEADLINE)
    assert own_cluster.inside("second", "cat /data/it") == "two\n", "the pod held it when the holder was gone"

    own_cluster.minisets("delete", "pod", "second").succeeded()
    own_cluster.minisets("delete", "pvc", "data").succeeded()
    until(lambda: not own_cluster.volumes() and not holders(own_cluster), "volume and holder gone", SOON)


def test_a_classs_parameters_reach_the_engine_or_the_claim_says_why_not(own_cluster: Cluster) -> None:
    """A-139."""
    own_cluster.start()
    export = {"type": "nfs", "device": ":/srv", "o": "addr=127.0.0.1", "csi.storage.k8s.io/fstype": "ext4"}
    made(
        own_cluster,
        storage_class("export", parameters=export, mountOptions=["nfsvers=4.1"], allowVolumeExpansion=True),
        storage_class("nosuch", parameters={"driver": "nosuch"}),
        storage_class("odd", parameters={"colour": "red"}),
        storage_class("folder", parameters={"type": "none", "o": "bind", "device": "/etc"}),
        *(claim(name, name) for name in ("export", "nosuch", "odd", "folder")),
    )
    until(lambda: is_bound(own_cluster, "export"), "the claim bound", SOON)
    found = own_cluster.engine.api.inspect_volume(own_cluster.volume_of("export"))
    assert found["Driver"] == "local"
    assert found["Options"] == {"type": "nfs", "device": ":/srv", "o": "addr=127.0.0.1,nfsvers=4.1"}
    assert labels.is_data(found["Labels"], own_cluster.name)
    for name, why in (
        ("nosuch", 'plugin "nosuch" not found; see `docker plugin ls`'),
        ("odd", 'invalid option: "colour"; a class'),
        ("folder", "name a path or a device of the machine"),
    ):
        start = f'failed to provision volume with StorageClass "{name}": '
        until(lambda: own_cluster.has_event(name, start, why, reason="ProvisioningFailed"), name, SOON)  # noqa: B023
        assert not is_bound(own_cluster, name)
    assert len(own_cluster.volumes()) == 1
    own_cluster.minisets("delete", "storageclass", "odd").succeeded()
    made(own_cluster, storage_class("odd"))
    until(lambda: is_bound(own_cluster, "odd"), "the claim of the mended class bound", SOON)


def test_a_claim_grows_where_its_class_lets_it(own_cluster: Cluster, kubectl: str) -> None:
    del kubectl
    own_cluster.start()
    made(
        own_cluster,
        storage_class("grows", allowVolumeExpansion=True),
        storage_class("tmpfs", "minisets.dev/tmpfs", allowVolumeExpansion=True),
        claim("data", "grows"),
        claim("memory", "tmpfs"),
        claim("fixed", "standard"),
    )
    until(
        lambda: all(is_bound(own_cluster, name) for name in ("data", "memory", "fixed")), "them bound", SOON
    )
    wants = '{"spec": {"resources": {"requests": {"storage": "1Gi"}}}}'
    for name in ("data", "memory"):
        own_cluster.kubectl("patch", "pvc", name, "-p", wants).succeeded()
    refused = own_cluster.kubectl("patch", "pvc", "fixed", "-p", wants).failed()
    assert "only dynamically provisioned pvc can be resized" in refused.err
    until(lambda: capacity(own_cluster, "data") == "1Gi", "its capacity", SOON)
    for reason in ("ExternalExpanding", "Resizing", "VolumeResizeSuccessful"):
        until(lambda: own_cluster.has_event("data", reason=reason), reason, SOON)  # noqa: B023
    until(lambda: own_cluster.has_event("memory", reason="VolumeResizeFailed"), "the refusal", SOON)
    assert capacity(own_cluster, "memory") == "8Mi"
    shrunk = own_cluster.kubectl("patch", "pvc", "data", "-p", wants.replace("1Gi", "1Mi")).failed()
    assert "field can not be less than status.capacity" in shrunk.err


def capacity(cluster: Cluster, name: str) -> str:
    found = cluster.get("PersistentVolumeClaim", name)
    assert found is not None
    return str(status_of(found)["capacity"]["storage"])


ALL_NODES = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "Exists"}]}]}


def test_a_block_device_is_refused_in_so_many_words(own_cluster: Cluster) -> None:
    own_cluster.start()
    static = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "disk"},
        "spec": {
            "capacity": {"storage": "8Mi"},
            "accessModes": ["ReadWriteOnce"],
            "volumeMode": "Block",
            "storageClassName": "manual",
            "local": {"path": "/dev/null"},
            "nodeAffinity": {"required": ALL_NODES},
        },
    }
    device = {"volumeDevices": [{"name": "data", "devicePath": "/dev/xvda"}]}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "static"}}]
    made(
        own_cluster,
        static,
        claim("static", "manual", volumeMode="Block"),
        claim("dynamic", "standard", volumeMode="Block"),
        user("mounts", "static"),
        pod("maps", "true", volumes=volumes, container=device),
    )
    no_blocks = "minisets has no block devices"
    until(lambda: own_cluster.has_event("dynamic", no_blocks, reason="ProvisioningFailed"), "it said", SOON)
    mismatch = "volume data has volumeMode Block, but is specified in volumeMounts"
    until(lambda: own_cluster.has_event("mounts", mismatch, reason="FailedMount"), "it said", DEADLINE)
    until(lambda: own_cluster.has_event("maps", no_blocks, reason="FailedMount"), "it said", DEADLINE)
    assert spec_of(own_cluster.get("PersistentVolumeClaim", "static") or {})["volumeName"] == "disk"
    assert not own_cluster.volumes()
