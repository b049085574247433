"""The provisioner: claims to Docker volumes to PVs, and back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from minisets.engine import labels
from minisets.engine.specs import ContainerSpec, Mount, VolumeSpec
from minisets.errors import EngineUnavailable
from minisets.kubelet.volumes.provisioner import FIRST_RETRY, LONGEST_RETRY, LOOK_AGAIN, Provisioner
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import ref_of, spec_of, uid_of
from minisets.settings import ADOPTED, PROVISIONED_BY, PROVISIONER
from minisets.store.interface import Change, ChangeType
from tests.kubelet.volumes.provisioning import CLAIM, asked, make_class, provisioning, volumes
from tests.kubelet.world import World


@pytest.fixture
def provisioner(world: World) -> Iterator[Provisioner]:
    body = {"metadata": {"name": "standard"}, "provisioner": PROVISIONER, "reclaimPolicy": "Delete"}
    world.registry.create("StorageClass", "", body)
    with provisioning(world) as made:
        yield made


def released(world: World, claim: Object) -> Object:
    """The claim is gone, and the controller has said so of its volume."""

    def without_finalizers(current: Object) -> Object:
        current["metadata"].pop("finalizers", None)
        return current

    world.registry.change(CLAIM, without_finalizers)
    world.registry.delete(CLAIM)
    ref = Ref("PersistentVolume", "", f"pvc-{uid_of(claim)}")
    world.registry.change(ref, without_finalizers)
    return world.registry.change(
        ref, lambda volume: {**volume, "status": {"phase": "Released"}}, subresource="status"
    )


def test_a_claim_becomes_a_docker_volume_and_a_volume_that_names_it(
    world: World, provisioner: Provisioner
) -> None:
    """A-139."""
    claim = asked(world)
    assert provisioner.reconcile(str(CLAIM)) is None
    (volume,) = volumes(world)
    spec = spec_of(volume)
    assert volume["metadata"]["name"] == f"pvc-{uid_of(claim)}"
    assert volume["metadata"]["annotations"][PROVISIONED_BY] == PROVISIONER
    assert spec["csi"] == {"driver": PROVISIONER, "volumeHandle": "www-web-0"}
    assert spec["claimRef"]["uid"] == uid_of(claim)
    assert spec["capacity"] == {"storage": "1Gi"}
    assert (spec["storageClassName"], spec["persistentVolumeReclaimPolicy"]) == ("standard", "Delete")
    made = world.engine.inspect_volume("www-web-0")
    assert made is not None
    assert dict(made.labels) == labels.volume_labels("minisets", claim, volume["metadata"]["name"])
    assert world.events("ProvisioningSucceeded")


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_a_volume_gets_its_classs_reclaim_policy(world: World, provisioner: Provisioner, policy: str) -> None:
    world.registry.delete(Ref("StorageClass", "", "standard"))
    body = {"metadata": {"name": "standard"}, "provisioner": PROVISIONER, "reclaimPolicy": policy}
    world.registry.create("StorageClass", "", body)
    asked(world)
    provisioner.reconcile(str(CLAIM))
    (volume,) = volumes(world)
    assert spec_of(volume)["persistentVolumeReclaimPolicy"] == policy


def test_a_claim_that_is_not_for_us_is_left_alone(world: World, provisioner: Provisioner) -> None:
    asked(world, provisioner="ebs.csi.aws.com")
    assert provisioner.reconcile(str(CLAIM)) is None
    assert world.volumes() == []


def test_what_a_kubelet_left_half_done_is_gone_on_with(world: World, provisioner: Provisioner) -> None:
    """The Docker volume is there, the PV is not yet."""
    claim = asked(world)
    made = labels.volume_labels("minisets", claim, f"pvc-{uid_of(claim)}")
    world.engine.create_volume(VolumeSpec("www-web-0", made))
    provisioner.reconcile(str(CLAIM))
    provisioner.reconcile(str(CLAIM))
    assert world.volumes() == ["www-web-0"]
    assert len(volumes(world)) == 1
    assert world.events("VolumeRecovered") == []


def test_a_volume_of_ours_without_a_pv_is_recovered(world: World, provisioner: Provisioner) -> None:
    """DESIGN decision 9: with this claim's labels and no PV it is never named around."""
    claim = asked(world)
    earlier = {**claim, "metadata": {**claim["metadata"], "uid": "another"}}
    made = labels.volume_labels("minisets", earlier, "pvc-another", reclaim="Retain")
    world.engine.create_volume(VolumeSpec("www-web-0", made))
    provisioner.reconcile(str(CLAIM))
    assert world.volumes() == ["www-web-0"]
    assert spec_of(volumes(world)[0])["csi"]["volumeHandle"] == "www-web-0"
    assert world.events("VolumeRecovered")


@pytest.mark.parametrize("found", [{}, {"dev.minisets.cluster": "other"}, {"dev.minisets.kind": "volume"}])
def test_a_strangers_volume_keeps_the_claim_waiting_and_is_not_touched(
    world: World, provisioner: Provisioner, found: dict[str, str]
) -> None:
    asked(world)
    world.engine.create_volume(VolumeSpec("www-web-0", found))
    assert provisioner.reconcile(str(CLAIM)) == LOOK_AGAIN
    assert volumes(world) == []
    stranger = world.engine.inspect_volume("www-web-0")
    assert stranger is not None
    assert dict(stranger.labels) == found
    (message,) = world.events("ProvisioningFailed")
    assert "exists and is not minisets'" in message
    assert "docker volume rm www-web-0" in message
    world.engine.remove_volume("www-web-0")
    assert provisioner.reconcile(str(CLAIM)) is None
    assert len(volumes(world)) == 1


def test_a_released_volume_goes_with_its_data(world: World, provisioner: Provisioner) -> None:
    """A-141."""
    claim = asked(world)
    provisioner.reconcile(str(CLAIM))
    volume = released(world, claim)
    provisioner.reconcile(f"PersistentVolume {volume['metadata']['name']}")
    assert world.volumes() == []
    assert volumes(world) == []


def test_a_retained_volume_stays_and_a_new_claim_of_its_name_gets_an_empty_one(
    world: World, provisioner: Provisioner
) -> None:
    """A-141, trap D5."""
    claim = asked(world)
    provisioner.reconcile(str(CLAIM))
    ref = Ref("PersistentVolume", "", f"pvc-{uid_of(claim)}")
    world.registry.change(ref, _with_policy("Retain"))
    released(world, claim)
    assert provisioner.reconcile(str(ref)) is None
    asked(world)
    provisioner.reconcile(str(CLAIM))
    assert world.volumes() == ["www-web-0", "www-web-0__1"]
    assert len(volumes(world)) == 2


def test_a_volume_in_use_is_tried_again(world: World, provisioner: Provisioner) -> None:
    claim = asked(world)
    provisioner.reconcile(str(CLAIM))
    spec = ContainerSpec("web-0", "nginx", {}, mounts=(Mount("volume", "/www", "www-web-0"),))
    user = world.engine.create_container(spec)
    key = str(Ref("PersistentVolume", "", released(world, claim)["metadata"]["name"]))
    assert provisioner.reconcile(key) == LOOK_AGAIN
    assert any("volume is in use" in message for message in world.events("VolumeFailedDelete"))
    world.engine.remove_container(user)
    assert provisioner.reconcile(key) is None
    assert world.volumes() == []


def test_a_docker_volume_that_is_not_the_pvs_is_not_removed(world: World, provisioner: Provisioner) -> None:
    claim = asked(world)
    provisioner.reconcile(str(CLAIM))
    world.engine.remove_volume("www-web-0")
    world.engine.create_volume(VolumeSpec("www-web-0", {}))
    provisioner.reconcile(str(Ref("PersistentVolume", "", released(world, claim)["metadata"]["name"])))
    assert world.volumes() == ["www-web-0"]
    assert world.events("VolumeFailedDelete")


@pytest.mark.parametrize("is_ours", [True, False])
def test_of_a_volume_that_a_person_let_in_only_the_object_goes(
    world: World, provisioner: Provisioner, *, is_ours: bool
) -> None:
    claim = asked(world)
    provisioner.reconcile(str(CLAIM))
    if not is_ours:
        world.engine.remove_volume("www-web-0")
        world.engine.create_volume(VolumeSpec("www-web-0", {}))
    (volume,) = volumes(world)
    annotations = {**volume["metadata"]["annotations"], ADOPTED: "www-web-0"}
    world.registry.change(
        ref_of(volume), lambda old: {**old, "metadata": {**old["metadata"], "annotations": annotations}}
    )
    provisioner.reconcile(str(ref_of(released(world, claim))))
    assert (world.volumes(), volumes(world)) == (["www-web-0"], [])
    assert world.events("VolumeFailedDelete") == []


def _with_policy(policy: str) -> Callable[[Object], Object]:
    def edit(volume: Object) -> Object:
        spec: dict[str, Any] = {**volume["spec"], "persistentVolumeReclaimPolicy": policy}
        return {**volume, "spec": spec}

    return edit


def left_behind(
    world: World, name: str, claim: Object, uid: str, created: str, reclaim: str = "Delete"
) -> None:
    """A Docker volume of an earlier claim of this name, of a state that is lost."""
    metadata = {**claim["metadata"], "uid": uid, "creationTimestamp": created}
    made = labels.volume_labels("minisets", {**claim, "metadata": metadata}, f"pvc-{uid}", reclaim=reclaim)
    world.engine.create_volume(VolumeSpec(name, made))


def test_what_is_recovered_is_found_by_its_labels_whatever_its_name(
    world: World, provisioner: Provisioner
) -> None:
    """DESIGN decision 9. The newest: older ones were retained when it was made."""
    claim = asked(world)
    left_behind(world, "www-web-0", claim, "new", "2026-01-02T00:00:00Z", "Retain")
    left_behind(world, "www-web-0__1", claim, "newest", "2026-01-03T00:00:00Z", "Retain")
    left_behind(world, "www-web-0__2", claim, "old", "2026-01-01T00:00:00Z", "Retain")
    provisioner.reconcile(str(CLAIM))
    assert world.volumes() == ["www-web-0", "www-web-0__1", "www-web-0__2"]
    (volume,) = volumes(world)
    assert spec_of(volume)["csi"]["volumeHandle"] == "www-web-0__1"
    assert spec_of(volume)["persistentVolumeReclaimPolicy"] == "Retain", "the data was promised to stay"
    (said,) = world.events("VolumeRecovered")
    assert said.endswith("older ones are kept: www-web-0, www-web-0__2")


def test_a_recovered_volume_goes_with_its_new_claim(world: World, provisioner: Provisioner) -> None:
    claim = asked(world)
    left_behind(world, "www-web-0", claim, "another", "2026-01-01T00:00:00Z")
    provisioner.reconcile(str(CLAIM))
    provisioner.reconcile(str(Ref("PersistentVolume", "", released(world, claim)["metadata"]["name"])))
    assert world.volumes() == []
    assert volumes(world) == []


def test_a_volume_that_outlives_its_data_for_a_moment_does_not_take_a_new_claims(
    world: World, provisioner: Provisioner
) -> None:
    """Killed between removing the data and its PV; a new claim of the name got the same Docker name."""
    first = asked(world)
    provisioner.reconcile(str(CLAIM))
    old = released(world, first)
    world.engine.remove_volume("www-web-0")
    second = asked(world)
    provisioner.reconcile(str(CLAIM))
    assert world.volumes() == ["www-web-0"]
    provisioner.reconcile(str(Ref("PersistentVolume", "", old["metadata"]["name"])))
    assert world.volumes() == ["www-web-0"]
    assert [volume["metadata"]["name"] for volume in volumes(world)] == [f"pvc-{uid_of(second)}"]


def test_data_that_two_volumes_name_stays(world: World, provisioner: Provisioner) -> None:
    claim = asked(world)
    provisioner.reconcile(str(CLAIM))
    (mine,) = volumes(world)
    spec = {key: value for key, value in spec_of(mine).items() if key != "claimRef"}
    world.registry.create("PersistentVolume", "", {"metadata": {"name": "by-hand"}, "spec": spec})
    provisioner.reconcile(str(Ref("PersistentVolume", "", released(world, claim)["metadata"]["name"])))
    assert world.volumes() == ["www-web-0"]
    assert [volume["metadata"]["name"] for volume in volumes(world)] == ["by-hand"]


def test_a_volume_deleted_by_hand_waits_until_its_data_has_gone_first(
    world: World, provisioner: Provisioner
) -> None:
    """Kubernetes: HonorPVReclaimPolicy. Else a new claim of the name would find the deleted data again."""
    asked(world)
    provisioner.reconcile(str(CLAIM))
    (volume,) = volumes(world)
    ref = Ref("PersistentVolume", "", volume["metadata"]["name"])
    world.registry.delete(ref)
    provisioner.reconcile(str(ref))
    assert world.volumes() == ["www-web-0"], "it is still bound"

    def released_and_unprotected(current: Object) -> Object:
        current["metadata"]["finalizers"].remove("kubernetes.io/pv-protection")
        return current

    world.registry.change(ref, released_and_unprotected)
    phase = {"status": {"phase": "Released"}}
    world.registry.change(ref, lambda current: {**current, **phase}, subresource="status")
    assert volumes(world), "held by the provisioner's own finalizer"
    provisioner.reconcile(str(ref))
    assert world.volumes() == []
    assert volumes(world) == []


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"driver": "nosuch"}, 'plugin "nosuch" not found; see `docker plugin ls`'),
        ({"colour": "red"}, 'invalid option: "colour"; a class\'s parameters cannot be changed'),
        ({"type": "none", "o": "bind", "device": "/etc"}, "name a path or a device of the machine"),
    ],
)
def test_a_class_that_comes_to_nothing_is_told_of_and_tried_again_ever_more_slowly(
    world: World, provisioner: Provisioner, parameters: dict[str, str], said: str
) -> None:
    """A-139."""
    make_class(world, "odd", parameters=parameters)
    asked(world, "odd")
    waits = [provisioner.reconcile(str(CLAIM)) for _ in range(12)]
    assert waits[:4] == [FIRST_RETRY * (1 << count) for count in range(4)]
    assert waits[-1] == LONGEST_RETRY
    (message,) = world.events("ProvisioningFailed")
    assert message.startswith('failed to provision volume with StorageClass "odd": ')
    assert said in message
    assert (world.volumes(), volumes(world)) == ([], [])


def test_a_class_that_is_made_anew_wakes_the_claims_that_wait_for_it(
    world: World, provisioner: Provisioner
) -> None:
    make_class(world, "odd", parameters={"driver": "nosuch"})
    asked(world, "odd")
    provisioner.reconcile(str(CLAIM))
    world.registry.delete(Ref("StorageClass", "", "odd"))
    assert provisioner.reconcile(str(CLAIM)) is None
    make_class(world, "odd", mountOptions=["hard"], parameters={"type": "nfs", "device": ":/x"})
    found = world.store.get(Ref("StorageClass", "", "odd"))
    assert found is not None
    change = Change(ChangeType.ADDED, ref_of(found), found, None, 0)
    (key,) = provisioner.keys(change)
    assert provisioner.reconcile(key) is None
    (volume,) = volumes(world)
    assert spec_of(volume)["mountOptions"] == ["hard"]
    made = world.engine.inspect_volume(CLAIM.name)
    assert made is not None
    assert made.options == {"type": "nfs", "device": ":/x", "o": "hard"}
    assert labels.read_claim_volume(made.labels) is not None


def test_a_retained_volume_of_another_driver_is_named_around(world: World, provisioner: Provisioner) -> None:
    """A-141."""
    make_class(world, "remote", parameters={"driver": "vieux/sshfs"})
    held = labels.volume_labels("minisets", {"metadata": {"name": "x", "namespace": "default"}}, "pvc-x")
    world.engine.create_volume(VolumeSpec(CLAIM.name, held))
    asked(world, "remote")
    assert provisioner.reconcile(str(CLAIM)) is None
    assert world.volumes() == [CLAIM.name, f"{CLAIM.name}__1"]


def test_a_block_device_is_not_made_and_the_claim_says_so(world: World, provisioner: Provisioner) -> None:
    asked(world, "standard", volumeMode="Block")
    assert provisioner.reconcile(str(CLAIM)) == FIRST_RETRY
    (message,) = world.events("ProvisioningFailed")
    assert "minisets has no block devices" in message
    assert world.volumes() == []


def test_an_engine_that_is_away_is_no_fault_of_the_class(world: World, provisioner: Provisioner) -> None:
    asked(world, "standard")
    world.engine.go_away()
    with pytest.raises(EngineUnavailable):
        provisioner.reconcile(str(CLAIM))
    world.engine.come_back()
    assert provisioner.reconcile(str(CLAIM)) is None
    assert world.events("ProvisioningFailed") == []
