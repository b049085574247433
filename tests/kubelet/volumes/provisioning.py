"""A provisioner that a test turns by hand, classes, and claims that the controller handed to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minisets.engine.sandbox_image import SandboxImage
from minisets.kubelet.lanes import Lane
from minisets.kubelet.room import Room
from minisets.kubelet.snapshots.copying import Copier
from minisets.kubelet.snapshots.fills import Fills
from minisets.kubelet.volumes.provisioner import Provisioner
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import name_of, uid_of
from minisets.registry.events import Recorder
from minisets.settings import PROVISIONER
from tests.kubelet.world import SOON, World

CLAIM = Ref("PersistentVolumeClaim", "default", "www-web-0")


@contextmanager
def provisioning(world: World, queue: list[str] | None = None) -> Iterator[Provisioner]:
    """Queue: gets the keys that the provisioner hands to its worker."""
    recorder = Recorder(world.registry, world.clock, PROVISIONER)
    image = SandboxImage(world.engine)
    copier = Copier(world.engine, image, world.clock, world.settings.cluster)
    lane = Lane("copies", 1)
    fills = Fills(world.engine, copier, lane, world.settings.cluster)
    room = Room(world.store, world.registry, world.engine, recorder, world.clock, world.settings)
    yield Provisioner(room, image, fills, (queue if queue is not None else []).append)
    copier.stop()
    assert lane.stop(SOON)


def make_class(world: World, name: str, provisioner: str = PROVISIONER, **parts: Any) -> None:
    body = {"metadata": {"name": name}, "provisioner": provisioner, **parts}
    world.registry.create("StorageClass", "", body)


def asked(
    world: World,
    storage_class: str = "standard",
    provisioner: str = PROVISIONER,
    size: str = "1Gi",
    **spec: Any,
) -> Object:
    """A claim of that class, of which the controller has asked this provisioner."""
    annotations = {"volume.kubernetes.io/storage-provisioner": provisioner}
    wanted = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": storage_class,
        **spec,
    }
    metadata = {"name": CLAIM.name, "annotations": annotations, "labels": {"app": "nginx"}}
    return world.registry.create(CLAIM.kind, "default", {"metadata": metadata, "spec": wanted}).object


def volumes(world: World) -> list[Object]:
    return list(world.store.list("PersistentVolume").items)


def bind(world: World, claim: Object) -> Object:
    """What the controller does once the volume is there; the claim."""
    volume = f"pvc-{uid_of(claim)}"
    found = world.store.get(Ref("PersistentVolume", "", volume))
    assert found is not None, f"there is no {volume} of {name_of(claim)}"
    world.registry.change(CLAIM, lambda old: {**old, "spec": {**old["spec"], "volumeName": volume}})
    status = {"phase": "Bound", "capacity": found["spec"]["capacity"], "accessModes": ["ReadWriteOnce"]}
    world.registry.change(
        Ref("PersistentVolume", "", volume),
        lambda old: {**old, "status": {"phase": "Bound"}},
        subresource="status",
    )
    return world.registry.change(CLAIM, lambda old: {**old, "status": status}, subresource="status")


def the_claim(world: World) -> Object:
    found = world.store.get(CLAIM)
    assert found is not None
    return found


def the_volume(world: World) -> Object:
    (found,) = volumes(world)
    return found
