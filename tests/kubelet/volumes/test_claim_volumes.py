"""Claims that begin with a copy, and what is left of one."""

from collections.abc import Iterator

import pytest

from minisets.engine import labels
from minisets.engine.specs import ContainerSpec, Mount, VolumeSpec
from minisets.kubelet.snapshots.copying import MARK
from minisets.kubelet.volumes.provisioner import FIRST_RETRY, LOOK_AGAIN, Provisioner
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import ref_of, uid_of
from minisets.objects.snapshots import SNAPSHOT, SNAPSHOT_CONTENT, as_source
from minisets.settings import PROVISIONER
from minisets.store.interface import Change, ChangeType
from tests.kubelet.volumes.provisioning import CLAIM, asked, provisioning, volumes
from tests.kubelet.world import World
from tests.waiting import until

COPY = "minisets__copy-*"


@pytest.fixture
def provisioner(world: World) -> Iterator[Provisioner]:
    body = {"metadata": {"name": "standard"}, "provisioner": PROVISIONER, "reclaimPolicy": "Delete"}
    world.registry.create("StorageClass", "", body)
    with provisioning(world) as made:
        yield made


def with_copy(world: World, *, ready: bool = True) -> None:
    """A snapshot `one` of a volume that held a file, as controller and snapshotter leave it."""
    source = {"persistentVolumeClaimName": "gone"}
    body = {"metadata": {"name": "one"}, "spec": {"source": source}}
    made = world.registry.create(SNAPSHOT, "default", body).object
    spec = {
        "volumeSnapshotRef": {"namespace": "default", "name": "one", "uid": uid_of(made)},
        "source": {"volumeHandle": "gone"},
        "driver": PROVISIONER,
        "deletionPolicy": "Delete",
    }
    name = f"snapcontent-{uid_of(made)}"
    content = world.registry.create(SNAPSHOT_CONTENT, "", {"metadata": {"name": name}, "spec": spec}).object
    told = labels.snapshot_labels("minisets", made, content, "1Gi", "2026-11-23T12:00:00Z")
    world.engine.create_volume(VolumeSpec("one_snapshot", told))
    put(world, "one_snapshot", "data/file", b"copied")
    # Both have it: what one of them does not know of is dropped.
    status = {"readyToUse": ready, "snapshotHandle": "one_snapshot", "restoreSize": 2**30}
    for ref in (Ref(SNAPSHOT_CONTENT, "", name), Ref(SNAPSHOT, "default", "one")):
        world.registry.change(ref, lambda it: {**it, "status": status}, subresource="status")


def put(world: World, volume: str, path: str, data: bytes) -> None:
    container = world.engine.create_container(
        ContainerSpec("writer", "x", {}, mounts=(Mount("volume", "/x", volume),))
    )
    world.engine.write_file(container, f"/x/{path}", data)
    world.engine.remove_container(container)


def from_copy(world: World, size: str = "1Gi") -> Object:
    return asked(world, size=size, dataSource=as_source("one"))


def until_provisioned(provisioner: Provisioner, world: World) -> None:
    def is_done() -> bool:
        provisioner.reconcile(str(CLAIM))
        return bool(volumes(world))

    until(is_done, "the claim to be provisioned")


def held(world: World, volume: str = "www-web-0") -> dict[str, bytes]:
    return {path: file.data for path, file in world.engine.files_of(volume).items()}


def test_a_volume_is_offered_only_once_it_holds_all_of_the_copy(
    world: World, provisioner: Provisioner
) -> None:
    with_copy(world)
    claim = from_copy(world)
    world.engine.behave(COPY, hangs=True)
    assert provisioner.reconcile(str(CLAIM)) == LOOK_AGAIN
    until(lambda: world.engine.list_containers({labels.KIND: "copy"}), "the copying to begin")
    assert provisioner.reconcile(str(CLAIM)) == LOOK_AGAIN
    assert volumes(world) == []
    world.engine.behave(COPY, hangs=False)
    (helper,) = world.engine.list_containers({labels.KIND: "copy"})
    world.engine.exit(helper.id, 1)
    world.clock.advance(LOOK_AGAIN)
    until_provisioned(provisioner, world)
    assert held(world) == {"file": b"copied"}
    found = world.engine.inspect_volume("www-web-0")
    assert found is not None
    assert found.labels[labels.SNAPSHOT] == "one"
    assert found.labels[labels.CLAIM_UID] == uid_of(claim)


def test_what_a_killed_kubelet_left_of_a_copy_is_made_anew(world: World, provisioner: Provisioner) -> None:
    with_copy(world)
    claim = from_copy(world)
    left = labels.volume_labels("minisets", claim, f"pvc-{uid_of(claim)}")
    world.engine.create_volume(VolumeSpec("www-web-0", left))
    put(world, "www-web-0", "half", b"of it")
    until_provisioned(provisioner, world)
    assert held(world) == {"file": b"copied"}


@pytest.mark.parametrize("is_whole", [True, False])
def test_an_earlier_claims_data_is_kept_if_it_is_whole(
    world: World, provisioner: Provisioner, *, is_whole: bool
) -> None:
    with_copy(world)
    claim = from_copy(world)
    earlier = {**claim, "metadata": {**claim["metadata"], "uid": "earlier"}}
    left = labels.volume_labels("minisets", earlier, "pvc-earlier")
    world.engine.create_volume(VolumeSpec("www-web-0", left))
    put(world, "www-web-0", "mine", b"written since")
    if not is_whole:
        put(world, "www-web-0", f"{MARK}/1", b"")
    until_provisioned(provisioner, world)
    assert held(world) == ({"mine": b"written since"} if is_whole else {"file": b"copied"})


def test_half_a_copy_is_offered_to_no_claim_that_does_not_name_the_snapshot(
    world: World, provisioner: Provisioner
) -> None:
    """A kubelet and its store were lost on the way; whoever comes next would take it for the whole."""
    claim = asked(world)
    earlier = {**claim, "metadata": {**claim["metadata"], "uid": "earlier"}}
    left = labels.volume_labels("minisets", earlier, "pvc-earlier")
    world.engine.create_volume(VolumeSpec("www-web-0", left))
    put(world, "www-web-0", "half", b"of it")
    put(world, "www-web-0", f"{MARK}/1", b"")
    assert provisioner.reconcile(str(CLAIM)) == FIRST_RETRY
    assert volumes(world) == []
    assert held(world)["half"] == b"of it"
    (said,) = world.events("ProvisioningFailed")
    assert "the Docker volume www-web-0 holds only a part of a copy" in said
    assert world.events("VolumeRecovered") == []
    world.engine.remove_volume("www-web-0")
    provisioner.reconcile(str(CLAIM))
    assert held(world) == {}
    assert len(volumes(world)) == 1


@pytest.mark.parametrize(
    ("size", "ready", "said"),
    [
        (
            "1Mi",
            True,
            "requested volume size 1048576 is less than the size 1073741824 for the source snapshot one",
        ),
        (
            "1Gi",
            False,
            "error getting handle for DataSource Type VolumeSnapshot by Name one: snapshot one is",
        ),
    ],
)
def test_why_a_claim_does_not_begin_with_a_copy_is_told(
    world: World, provisioner: Provisioner, size: str, said: str, *, ready: bool
) -> None:
    with_copy(world, ready=ready)
    from_copy(world, size)
    assert provisioner.reconcile(str(CLAIM)) == LOOK_AGAIN
    (told,) = world.events("ProvisioningFailed")
    assert told.startswith(f'failed to provision volume with StorageClass "standard": {said}')
    assert world.engine.inspect_volume("www-web-0") is None


def test_a_snapshot_wakes_the_claims_that_wait_for_it(world: World, provisioner: Provisioner) -> None:
    with_copy(world)
    from_copy(world)
    snapshot = world.store.get(Ref(SNAPSHOT, "default", "one"))
    assert snapshot is not None
    change = Change(ChangeType.MODIFIED, ref_of(snapshot), snapshot, None, 1)
    assert list(provisioner.keys(change)) == [str(CLAIM)]
