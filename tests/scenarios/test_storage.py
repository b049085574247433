"""What operators provide and developers claim: the article's Ceph RBD manifests, and what is out of reach."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from minisets.objects.kinds import Ref
from tests.scenarios.cluster import ROOT, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

RBD = ROOT / "examples/ceph-rbd"
INDEX = "/usr/share/nginx/html/index.html"
IMAGES = {"nginx\n": "nginx:1.29\n", "kubernetes/pause\n": "nginx:1.29\n"}  # what the suite's engine has
POD, CLAIM = Ref("Pod", "default", "pv-pod"), Ref("PersistentVolumeClaim", "default", "pv-claim")
VOLUME = Ref("PersistentVolume", "", "pv-volume")


def test_the_articles_rbd_volume_keeps_its_data_whatever_becomes_of_its_objects(own_cluster: Cluster) -> None:
    """A-135, A-138, A-141."""
    given = {file.name: manifest(file.read_text()) for file in sorted(RBD.iterdir())}
    direct = given.pop("rbd-pod.yaml")
    up = own_cluster.minisets("up", "-f", "-", given="\n---\n".join(given.values())).succeeded()
    assert "spec.rbd" in up.err
    (image,) = own_cluster.volumes()
    assert "rbd-kube-foo" in image
    inside(own_cluster, f"echo kept > {INDEX}")

    own_cluster.minisets("up", "-f", "-", given=direct).succeeded()
    assert inside(own_cluster, "cat /mnt/rbd/index.html", "rbd") == "kept\n", "the same image"
    assert inside(own_cluster, "touch /mnt/rbd/x || echo refused", "rbd") == "refused\n"
    delete(own_cluster, Ref("Pod", "default", "rbd"))

    delete(own_cluster, POD)
    up_again(own_cluster, given, "pv-pod.yaml")
    assert inside(own_cluster, f"cat {INDEX}") == "kept\n"

    delete(own_cluster, POD, CLAIM, VOLUME)
    assert own_cluster.volumes() == {image}
    up_again(own_cluster, given, *given)
    assert inside(own_cluster, f"cat {INDEX}") == "kept\n"
    assert own_cluster.volumes() == {image}

    delete(own_cluster, POD, CLAIM, VOLUME)
    up_again(own_cluster, {key: text.replace("foo", "bar") for key, text in given.items()}, *given)
    assert inside(own_cluster, f"cat {INDEX} || echo none") == "none\n"
    assert len(own_cluster.volumes()) == 2


def manifest(text: str) -> str:
    for theirs, ours in IMAGES.items():
        text = text.replace(f"image: {theirs}", f"image: {ours}")
    return text


def delete(cluster: Cluster, *objects: Ref) -> None:
    for each in objects:
        cluster.minisets("delete", each.kind.lower(), each.name).succeeded()
        until(partial(is_gone, cluster, each), f"{each.name} to be gone", SOON)


def is_gone(cluster: Cluster, ref: Ref) -> bool:
    return cluster.get(ref.kind, ref.name, ref.namespace) is None


def up_again(cluster: Cluster, given: dict[str, str], *files: str) -> None:
    cluster.minisets("up", "-f", "-", given="\n---\n".join(given[file] for file in files)).succeeded()


def inside(cluster: Cluster, script: str, name: str = "pv-pod") -> str:
    return cluster.inside(name, f"{script} 2>/dev/null")
