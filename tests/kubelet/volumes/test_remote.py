"""Storage elsewhere, as Docker volumes: which image is which, how it is made, and whose it is."""

from contextlib import nullcontext
from typing import Any

import pytest

from minisets.engine import labels
from minisets.engine.sandbox_image import SandboxImage
from minisets.engine.specs import Mount, VolumeSpec
from minisets.errors import EngineNotFound
from minisets.kubelet.failures import NotYet
from minisets.kubelet.memory import Memory
from minisets.kubelet.volumes.mounting import Mounting
from minisets.kubelet.volumes.mounts import container_mounts
from minisets.kubelet.volumes.remote import remote_of, volume_spec
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import ref_of
from minisets.settings import ADOPTED
from tests.kubelet.test_plan import good_pod
from tests.kubelet.world import World

RBD: dict[str, Any] = {
    "monitors": ["10.0.0.2:6789", "10.0.0.1:6789"],
    "pool": "kube",
    "image": "foo",
    "readOnly": True,
}
EBS = {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"}
OURS = {"driver": "docker.minisets.dev", "volumeHandle": "shared"}
MOUNT = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
CLAIMED = {"persistentVolumeClaim": {"claimName": "www-web-0"}}


def name_of(kind: str, source: dict[str, Any]) -> str:
    return volume_spec("minisets", remote_of(kind, source)).name


def mounted(world: World, volume: dict[str, Any]) -> Mount:
    """What a pod with this volume is given for it."""
    pod = good_pod(volumes=[{"name": "data", **volume}])
    (mount,) = container_mounts(pod, MOUNT, mounting_of(world).sources(pod), {})
    return mount


def mounting_of(world: World) -> Mounting:
    return Mounting(
        world.store, world.engine, Memory(world.clock), SandboxImage(world.engine), world.settings
    )


def bound(world: World, **source: Any) -> dict[str, Any]:
    """A claim that is bound to a volume of this source."""
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "",
        "volumeName": "disk",
    }
    made = {"metadata": {"name": "www-web-0"}, "spec": spec}
    claim = world.registry.create("PersistentVolumeClaim", "default", made).object
    volume = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **source}
    world.registry.create("PersistentVolume", "", {"metadata": {"name": "disk"}, "spec": volume})
    ref = ref_of(claim)
    world.registry.change(ref, lambda old: {**old, "status": {"phase": "Bound"}}, subresource="status")
    return CLAIMED


# --- which is which ---


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("rbd", RBD, {**RBD, "monitors": RBD["monitors"][::-1], "user": "admin", "fsType": "xfs"}),
        ("rbd", {"monitors": ["a"], "image": "foo"}, {"monitors": ["a"], "image": "foo", "pool": "rbd"}),
        ("cephfs", {"monitors": ["a"]}, {"monitors": ["a"], "path": "/"}),
        ("csi", EBS, {**EBS, "fsType": "ext4", "readOnly": True}),
    ],
)
def test_one_image_is_one_volume_however_it_is_reached(
    kind: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert name_of(kind, one) == name_of(kind, other)


def test_other_images_are_other_volumes() -> None:
    different: list[tuple[str, dict[str, Any]]] = [
        ("rbd", RBD),
        ("rbd", {**RBD, "image": "bar"}),
        ("rbd", {**RBD, "pool": "kube-foo", "image": ""}),
        ("rbd", {**RBD, "pool": "other"}),
        ("rbd", {**RBD, "monitors": ["10.0.0.1:6789"]}),
        ("csi", EBS),
        ("csi", {**EBS, "driver": "ebs-csi.aws.com"}),
        ("awsElasticBlockStore", {"volumeID": "vol-1"}),
        ("awsElasticBlockStore", {"volumeID": "vol-1", "partition": 1}),
        ("iscsi", {"targetPortal": "a", "iqn": "iqn.2001-04.com", "lun": 0}),
        ("iscsi", {"targetPortal": "a", "iqn": "iqn.2001-04.com", "lun": 1}),
    ]
    assert len({name_of(kind, source) for kind, source in different}) == len(different)


def test_a_name_says_what_it_stands_for_and_in_which_cluster() -> None:
    assert name_of("rbd", RBD).startswith("minisets__rbd-kube-foo__h")
    assert volume_spec("other", remote_of("rbd", RBD)).name.startswith("other__rbd-kube-foo__h")
    assert len(name_of("rbd", {**RBD, "image": "x" * 300})) < 200


# --- made, and found again ---


def test_two_volumes_of_one_image_share_it_and_it_is_ours(world: World) -> None:
    claimed = mounted(world, bound(world, rbd=RBD))
    direct = mounted(world, {"rbd": RBD})
    assert claimed.source == direct.source
    found = world.engine.inspect_volume(claimed.source)
    assert found is not None
    assert labels.is_data(found.labels, "minisets")
    assert labels.read_claim_volume(found.labels) is None, "no claim's, so that it goes with none"


def test_an_export_is_mounted_by_the_engines_local_driver(world: World) -> None:
    export = {"server": "nas", "path": "/srv"}
    found = world.engine.inspect_volume(
        mounted(world, bound(world, nfs=export, mountOptions=["nolock"])).source
    )
    assert found is not None
    assert found.options == {"type": "nfs", "o": "addr=nas,nolock", "device": ":/srv"}
    plain = world.engine.inspect_volume(mounted(world, {"nfs": export}).source)
    assert plain is not None
    assert plain.options["o"] == "addr=nas"


def test_a_volume_of_any_driver_is_made_as_its_attributes_say(world: World) -> None:
    attributes = {"driver": "sshfs", "sshcmd": "ann@nas:/srv"}
    assert mounted(world, bound(world, csi={**OURS, "volumeAttributes": attributes})).source == "shared"
    found = world.engine.inspect_volume("shared")
    assert found is not None
    assert (found.driver, found.options) == ("sshfs", {"sshcmd": "ann@nas:/srv"})
    assert labels.is_data(found.labels, "minisets")


@pytest.mark.parametrize(
    ("volume", "read_only"),
    [
        ({"rbd": RBD}, True),
        ({"rbd": {**RBD, "readOnly": False}}, False),
        ({"nfs": {"server": "nas", "path": "/srv", "readOnly": True}}, True),
    ],
)
def test_who_may_write_to_an_image(world: World, volume: dict[str, Any], read_only: bool) -> None:  # noqa: FBT001 - a table's column
    """Where a pod names it, its own word counts; where a claim does, the claim's."""
    assert mounted(world, volume).read_only == read_only
    claimed = bound(world, **volume)["persistentVolumeClaim"]
    assert not mounted(world, CLAIMED).read_only
    assert mounted(world, {"persistentVolumeClaim": {**claimed, "readOnly": True}}).read_only


def test_a_csi_volume_may_be_read_only_for_everybody(world: World) -> None:
    assert mounted(world, bound(world, csi={**EBS, "readOnly": True})).read_only


# --- to whom it belongs ---

HERE = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["minisets"]}]}


@pytest.mark.parametrize(
    ("source", "is_given"),
    [
        ({"rbd": RBD}, True),
        ({"csi": EBS}, True),
        ({"local": {"path": "/mnt/disk"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [HERE]}}}, True),
        ({"csi": {**EBS, "readOnly": True}}, False),
        ({"nfs": {"server": "nas", "path": "/srv"}}, False),
        ({"hostPath": {"path": "/srv"}}, False),
    ],
)
def test_a_group_is_given_what_its_plugin_gives(
    world: World, source: dict[str, Any], *, is_given: bool
) -> None:
    """Kubernetes: the plugins' SetUp, Attributes.Managed."""
    group = {"securityContext": {"fsGroup": 7}}
    pod = good_pod(volumes=[{"name": "data", **bound(world, **source)}], **group)
    asked = pytest.raises(EngineNotFound, match="nobody") if is_given else nullcontext()
    with asked:  # what gives it is the sandbox's own program
        mounting_of(world).write(pod, "data", "nobody")


# --- out of reach ---

STRANGERS = [
    labels.state_labels("minisets", "10.0.0.0/16"),
    {**labels.remote_labels("other", "x")},
    {labels.KIND: "volume"},
    {},
]


@pytest.mark.parametrize("made", STRANGERS, ids=["state", "another cluster's", "half labelled", "a person's"])
@pytest.mark.parametrize("attributes", [{}, {"volumeAttributes": {"driver": "local"}}])
def test_no_volume_that_is_not_a_claims_is_mounted(
    world: World, made: dict[str, str], attributes: dict[str, Any]
) -> None:
    world.engine.create_volume(VolumeSpec("shared", made))
    with pytest.raises(
        NotYet, match="the Docker volume shared is not a claim's of minisets: it is not mounted"
    ):
        mounted(world, bound(world, csi={**OURS, **attributes}))


@pytest.mark.parametrize(
    ("made", "adopted", "is_mounted"),
    [
        ({}, "shared", True),
        ({}, "another", False),
        (labels.remote_labels("other", "x"), "shared", False),
        (labels.state_labels("minisets", "10.0.0.0/16"), "shared", False),
    ],
    ids=["a person's", "of another name", "another cluster's", "state"],
)
def test_a_persons_volume_is_mounted_where_they_let_it_in(
    world: World, made: dict[str, str], adopted: str, *, is_mounted: bool
) -> None:
    world.engine.create_volume(VolumeSpec("shared", made))
    claimed = bound(world, csi=OURS)

    def let_in(old: Object) -> Object:
        return {**old, "metadata": {**old["metadata"], "annotations": {ADOPTED: adopted}}}

    world.registry.change(Ref("PersistentVolume", "", "disk"), let_in)
    if is_mounted:
        assert mounted(world, claimed).source == "shared"
    else:
        with pytest.raises(NotYet, match="it is not mounted"):
            mounted(world, claimed)


def test_the_name_of_the_clusters_state_is_not_made_by_a_volume(world: World) -> None:
    source = {**OURS, "volumeHandle": "minisets", "volumeAttributes": {"driver": "local"}}
    with pytest.raises(NotYet, match="the Docker volume minisets is for the cluster's own state"):
        mounted(world, bound(world, csi=source))
    assert world.engine.inspect_volume("minisets") is None


def test_a_strangers_volume_that_has_an_images_name_is_not_touched(world: World) -> None:
    wanted = name_of("rbd", RBD)
    world.engine.create_volume(VolumeSpec(wanted, {}))
    with pytest.raises(NotYet, match="is not a claim's of minisets"):
        mounted(world, {"rbd": RBD})


def test_a_claims_volume_that_is_gone_is_not_made_again_empty(world: World) -> None:
    with pytest.raises(NotYet, match="the Docker volume shared is gone"):
        mounted(world, bound(world, csi=OURS))


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"type": "none", "o": "bind", "device": "/var/lib/docker/volumes"}, "lies in /var/lib/docker"),
        ({"type": "none", "o": "bind", "device": "/srv/link/docker.sock"}, "leads to /run/docker.sock"),
        ({"type": "overlay", "device": "overlay", "o": "lowerdir=/srv:/var"}, "contains /var/lib/docker"),
    ],
)
def test_no_docker_volume_is_made_that_leads_to_the_engines_own(
    world: World, attributes: dict[str, str], says: str
) -> None:
    world.engine.link_on_host("/srv/link", "/run")
    claimed = bound(world, csi={**OURS, "volumeAttributes": attributes})
    with pytest.raises(NotYet) as caught:
        mounted(world, claimed)
    assert str(caught.value).startswith('MountVolume.SetUp failed for volume "data" : path "')
    assert says in str(caught.value)
    assert world.engine.inspect_volume("shared") is None


@pytest.mark.parametrize("is_adopted", [True, False])
def test_a_docker_volume_that_is_there_is_judged_by_what_it_was_made_with(
    world: World, *, is_adopted: bool
) -> None:
    """Ours, of a PersistentVolume that has other attributes by now; or anybody's, taken in."""
    options = {"type": "none", "o": "bind", "device": "/"}
    harmless = {"type": "none", "o": "bind", "device": "/srv"}
    made = {} if is_adopted else dict(volume_spec("minisets", remote_of("csi", OURS)).labels)
    world.engine.create_volume(VolumeSpec("shared", made, options=options))
    more = {} if is_adopted else {"volumeAttributes": harmless}
    claimed = bound(world, csi={**OURS, **more})
    if is_adopted:
        adopt = {"metadata": {"annotations": {ADOPTED: "shared"}}}
        world.registry.change(Ref("PersistentVolume", "", "disk"), lambda old: patched(old, adopt))
    with pytest.raises(NotYet, match='path "/" contains /var/lib/docker'):
        mounted(world, claimed)


def patched(old: Object, new: dict[str, Any]) -> Object:
    return {**old, "metadata": {**old["metadata"], **new["metadata"]}}
