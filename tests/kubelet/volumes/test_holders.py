"""Volumes in memory, and what keeps them mounted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from minisets.engine import labels
from minisets.engine.archives import archive, file
from minisets.engine.sandbox_image import SandboxImage
from minisets.engine.specs import ContainerSpec, Mount, VolumeSpec
from minisets.errors import EngineConflict, EngineError
from minisets.kubelet.volumes.holders import Holders
from minisets.kubelet.volumes.provisioner import FIRST_RETRY, RELIST, RELIST_EVERY, Provisioner
from minisets.objects.kinds import Object
from minisets.objects.metadata import ref_of
from minisets.settings import TMPFS
from tests.kubelet.volumes.provisioning import (
    CLAIM,
    asked,
    bind,
    make_class,
    provisioning,
    the_volume,
)
from tests.kubelet.world import SOON, World
from tests.waiting import until

HOLDER = "www-web-0_holder"


@pytest.fixture
def queue() -> list[str]:
    """What the worker would turn to."""
    return []


@pytest.fixture
def provisioner(world: World, queue: list[str]) -> Iterator[Provisioner]:
    make_class(world, "memory", TMPFS)
    with provisioning(world, queue) as made:
        yield made


def relist(provisioner: Provisioner, queue: list[str]) -> None:
    assert provisioner.reconcile(RELIST) == RELIST_EVERY
    while queue:
        provisioner.reconcile(queue.pop())


def provisioned(world: World, provisioner: Provisioner) -> Object:
    claim = asked(world, "memory", TMPFS, size="64Mi")
    assert provisioner.reconcile(str(CLAIM)) is None
    return bind(world, claim)


def write(world: World, container: str, text: bytes = b"kept") -> None:
    world.engine.put_archive(container, "/x", archive([file("it", 0o644, text)]))


def is_kept(world: World, container: str = HOLDER) -> bool:
    return world.engine.stat_path(container, "/x/it") is not None


def sandbox(world: World, name: str = "web-0_sandbox") -> str:
    """A running pod's, with the volume mounted."""
    made = labels.pod_labels(
        "minisets", {"metadata": {"name": "web-0", "namespace": "default", "uid": "u"}}, "", "sandbox"
    )
    spec = ContainerSpec(name, "pause", made, mounts=(Mount("volume", "/x", "www-web-0"),))
    container = world.engine.create_container(spec)
    world.engine.start_container(container)
    return container


def test_a_claim_in_memory_is_capped_and_held_from_the_beginning(
    world: World, provisioner: Provisioner
) -> None:
    provisioned(world, provisioner)
    made = world.engine.inspect_volume("www-web-0")
    assert made is not None
    assert made.options == {"type": "tmpfs", "device": "tmpfs", "o": "mode=0755,size=67108864"}
    assert labels.read_claim_volume(made.labels) is not None
    holder, spec = world.container(HOLDER), world.engine.spec_of(HOLDER)
    assert holder.state == "running"
    assert dict(holder.labels) | labels.holder_labels("minisets", "www-web-0") == dict(holder.labels)
    assert not holder.labels.keys() & {labels.POD, labels.NAMESPACE}
    assert (spec.attachment, spec.joins, spec.cap_drop, spec.read_only_root) == (None, "", ("ALL",), True)
    (said,) = world.events("VolumeInMemory")
    assert "at most 64Mi" in said
    assert the_volume(world)["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"] == TMPFS


def test_its_contents_outlive_every_pod(world: World, provisioner: Provisioner) -> None:
    provisioned(world, provisioner)
    pod = sandbox(world)
    write(world, pod)
    world.engine.remove_container(pod, force=True)
    assert is_kept(world, sandbox(world))
    assert provisioner.reconcile(str(ref_of(the_volume(world)))) is None
    assert world.events("VolumeContentsLost") == []


def test_a_holder_that_ended_is_made_again_and_the_loss_is_told_of(
    world: World, provisioner: Provisioner, queue: list[str]
) -> None:
    provisioned(world, provisioner)
    pod = sandbox(world)
    write(world, pod)
    for container in (pod, HOLDER):
        world.engine.exit(container)
    world.clock.advance(timedelta(seconds=5))
    world.engine.start_container(pod)  # a pod may be back before its holder
    relist(provisioner, queue)
    assert world.container(HOLDER).state == "running"
    (said,) = world.events("VolumeContentsLost")
    assert "were in memory and are lost" in said
    (told,) = [one for one in world.store.list("Event").items if one["reason"] == "VolumeContentsLost"]
    assert told["involvedObject"]["name"] == CLAIM.name
    relist(provisioner, queue)
    assert losses(world) == 1


@pytest.mark.parametrize("how", ["exits", "is removed"])
def test_contents_that_a_pod_kept_meanwhile_are_not_called_lost(
    world: World, provisioner: Provisioner, queue: list[str], how: str
) -> None:
    provisioned(world, provisioner)
    pod = sandbox(world)
    write(world, pod)
    world.clock.advance(timedelta(seconds=5))
    if how == "exits":
        world.engine.exit(HOLDER)
    else:
        world.engine.remove_container(HOLDER, force=True)
    relist(provisioner, queue)
    world.engine.remove_container(pod, force=True)
    assert is_kept(world)
    assert world.events("VolumeContentsLost") == []


def test_each_volume_of_a_relist_has_its_own_turn(
    world: World, provisioner: Provisioner, queue: list[str]
) -> None:
    """So that one that fails, be it the engine or a name, is in no other's way and is tried again itself."""
    provisioned(world, provisioner)
    world.engine.go_away()
    assert provisioner.reconcile(RELIST) == RELIST_EVERY
    assert queue == [str(ref_of(the_volume(world)))]


def test_a_deleted_claims_volume_goes_with_its_holder(world: World, provisioner: Provisioner) -> None:
    provisioned(world, provisioner)
    volume = ref_of(the_volume(world))

    def without_finalizers(current: Object) -> Object:
        current["metadata"].pop("finalizers", None)
        return current

    world.registry.change(volume, without_finalizers)
    world.registry.change(volume, lambda old: {**old, "status": {"phase": "Released"}}, subresource="status")
    provisioner.reconcile(str(volume))
    assert world.volumes() == []
    assert world.names() == []
    assert world.store.get(volume) is None


def test_what_is_not_ours_or_not_in_memory_is_never_held(
    world: World, provisioner: Provisioner, queue: list[str]
) -> None:
    memory = {"type": "tmpfs", "device": "tmpfs"}
    made = {
        "theirs": ({}, memory),
        "anothers": ({**labels.volume_labels("other", asked(world, "memory"), "pvc")}, memory),
        "plain": ({**labels.volume_labels("minisets", world.store.get(CLAIM) or {}, "pvc")}, {}),
    }
    for name, (own, options) in made.items():
        world.engine.create_volume(VolumeSpec(name, own, options=options))
        spec = {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "csi": {"driver": "docker.minisets.dev", "volumeHandle": name},
        }
        world.registry.create("PersistentVolume", "", {"metadata": {"name": name}, "spec": spec})
    relist(provisioner, queue)
    assert world.names() == []


def test_a_holders_name_that_is_taken_is_not_in_the_way(world: World, provisioner: Provisioner) -> None:
    world.engine.create_container(ContainerSpec(HOLDER, "theirs", {}))
    provisioned(world, provisioner)
    assert world.container(f"{HOLDER}__1").state == "running"
    assert world.container(HOLDER).state == "created"


def test_a_holder_that_somebody_else_removes_before_it_runs_is_made_again(
    world: World, provisioner: Provisioner
) -> None:
    """`volumes import` and the server both see to it that there is one."""
    gone = EngineConflict("container 3294b8fa9f28: container is marked for removal and cannot be started")
    world.engine.fail_next("start_container", gone)
    provisioned(world, provisioner)
    assert [world.container(name).state for name in world.names()] == ["running"]


def test_of_two_that_were_made_at_the_same_time_one_stays(world: World, provisioner: Provisioner) -> None:
    provisioned(world, provisioner)
    spec = world.engine.spec_of(HOLDER)
    world.engine.start_container(world.engine.create_container(replace(spec, name=f"{HOLDER}__1")))
    assert len(world.names()) == 2
    Holders(world.engine, SandboxImage(world.engine), "minisets").hold("www-web-0")
    assert [world.container(name).state for name in world.names()] == ["running"]


def test_a_volume_that_the_engine_cannot_mount_leaves_nothing_behind(
    world: World, provisioner: Provisioner
) -> None:
    asked(world, "memory", TMPFS)
    world.engine.fail_next("start_container", EngineError("error while mounting volume: invalid argument"))
    assert provisioner.reconcile(str(CLAIM)) == FIRST_RETRY
    assert world.names() == []
    assert world.volumes() == []
    (said,) = world.events("ProvisioningFailed")
    assert said.startswith('failed to provision volume with StorageClass "memory": error while mounting')
    assert provisioner.reconcile(str(CLAIM)) is None


def test_the_kubelet_makes_again_at_once_what_a_person_removed(world: World) -> None:
    make_class(world, "memory", TMPFS)
    asked(world, "memory", TMPFS)
    with world.kubelet():
        until(lambda: world.names() == [HOLDER], "the holder", SOON)
        until(lambda: world.store.list("PersistentVolume").items, "the volume", SOON)
        first = world.container(HOLDER).id
        world.engine.remove_container(HOLDER, force=True)
        until(lambda: world.names() == [HOLDER] and world.container(HOLDER).id != first, "another", SOON)
        assert losses(world) == 1
        world.engine.go_away()
        world.engine.exit(HOLDER)
        world.engine.come_back()
        until(lambda: is_told_of_two(world), "the second loss told of", SOON)


def is_told_of_two(world: World) -> bool:
    """Time has to pass until the engine is asked again, and not so much that all is listed anyway."""
    world.clock.advance(timedelta(milliseconds=300))
    return losses(world) == 2


def losses(world: World) -> int:
    return world.told("VolumeContentsLost")
