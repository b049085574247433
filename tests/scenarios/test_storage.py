"""What operators provide and developers claim: the article's Ceph RBD manifests, and what is out of reach."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import yaml

from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of, ref_of, spec_of, status_of
from tests.scenarios.cluster import ROOT, SOON
from tests.waiting import holds, until

if TYPE_CHECKING:
    from pathlib import Path

    from minisets.objects.kinds import Object
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


def test_the_volume_that_is_made_for_the_articles_claim_ends_as_its_policy_says(cluster: Cluster) -> None:
    """A-139, A-141: the article's second and third manifest, where a class makes volumes."""
    given = {file: manifest((RBD / file).read_text()) for file in ("pv-claim.yaml", "pv-pod.yaml")}
    up_again(cluster, given, *given)
    first = volume_of_claim(cluster)
    assert spec_of(first)["persistentVolumeReclaimPolicy"] == "Delete"
    kept = cluster.volume_of("pv-claim")
    inside(cluster, f"echo kept > {INDEX}")

    retain = {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}
    with cluster.api() as api:
        api.patch(ref_of(first), retain, form="merge")
    delete(cluster, POD, CLAIM)
    until(lambda: phase_of(cluster, name_of(first)) == "Released", "the volume to be given up", SOON)
    assert cluster.volumes() == {kept}

    up_again(cluster, given, *given)
    second = volume_of_claim(cluster)
    assert name_of(second) != name_of(first)
    assert inside(cluster, f"cat {INDEX} || echo none") == "none\n", "a Released volume is nobody's"
    inside(cluster, f"echo lost > {INDEX}")
    assert len(cluster.volumes()) == 2
    delete(cluster, POD, CLAIM)
    until(partial(is_gone, cluster, ref_of(second)), "the second volume to be gone", SOON)
    until(lambda: cluster.volumes() == {kept}, "its data to be gone, and no other's", SOON)
    assert phase_of(cluster, name_of(first)) == "Released"


def test_the_articles_volume_as_a_path_of_the_machine_is_kept_until_it_is_given_again(
    own_cluster: Cluster, tmp_path: Path
) -> None:
    """A-135, A-138, A-141: an operator provides `pv-volume` by hand, as a hostPath."""
    given = {file.name: manifest(file.read_text()) for file in sorted(RBD.iterdir())}
    del given["rbd-pod.yaml"]
    by_hand = yaml.safe_load(given["pv.yaml"])
    del by_hand["spec"]["rbd"]
    by_hand["spec"]["hostPath"] = {"path": str(tmp_path)}
    given["pv.yaml"] = yaml.safe_dump(by_hand)
    up_again(own_cluster, given, *given)
    assert name_of(volume_of_claim(own_cluster)) == VOLUME.name
    assert own_cluster.volumes() == set()
    inside(own_cluster, f"echo kept > {INDEX}")
    assert (tmp_path / "index.html").read_text() == "kept\n"

    delete(own_cluster, POD, CLAIM)
    until(lambda: phase_of(own_cluster, VOLUME.name) == "Released", "the volume to be given up", SOON)
    own_cluster.minisets("up", "-f", "-", "--no-wait", given=given["pv-claim.yaml"]).succeeded()
    holds(lambda: phase_of(own_cluster, VOLUME.name) == "Released", "nobody else to be given it")
    assert (tmp_path / "index.html").read_text() == "kept\n"

    with own_cluster.api() as api:
        api.patch(VOLUME, {"spec": {"claimRef": None}}, form="merge")
    up_again(own_cluster, given, "pv-pod.yaml")
    assert name_of(volume_of_claim(own_cluster)) == VOLUME.name
    assert inside(own_cluster, f"cat {INDEX}") == "kept\n"


def volume_of_claim(cluster: Cluster) -> Object:
    """The PersistentVolume that the article's claim is bound to."""
    claim = cluster.get(CLAIM.kind, CLAIM.name)
    assert claim is not None
    assert status_of(claim)["phase"] == "Bound"
    volume = cluster.get("PersistentVolume", spec_of(claim)["volumeName"], "")
    assert volume is not None
    return volume


def phase_of(cluster: Cluster, volume: str) -> str:
    found = cluster.get("PersistentVolume", volume, "")
    assert found is not None
    return str(status_of(found)["phase"])


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
