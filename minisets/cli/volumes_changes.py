"""What `volumes rm`, `adopt` and `recover` do, through the API; of the engine only whose a volume is.

Nothing that is not ours is ever removed, and nothing of ours that a claim has. Any of these may be killed at
any point and typed again.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.cli.following import NotReady, until
from minisets.cli.volumes_rows import handle_of
from minisets.engine import labels, names
from minisets.engine.sandbox_image import SandboxImage
from minisets.errors import AlreadyExists, ApiError, MinisetsError, NotFound
from minisets.kubelet.volumes.holders import Holders
from minisets.kubelet.volumes.persistent import FINALIZER
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, name_of, namespace_of, spec_of
from minisets.settings import ADOPTED, PROVISIONED_BY, PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.cli.volumes_rows import Row
    from minisets.client.requests import ApiClient
    from minisets.clock import Clock
    from minisets.engine.interface import Engine, Volume
    from minisets.objects.kinds import Object

_GOES_WITHIN = timedelta(seconds=30)
_CLAIM, _VOLUME = "PersistentVolumeClaim", "PersistentVolume"


# --- rm ---


def remove(client: ApiClient, engine: Engine, cluster: str, row: Row, clock: Clock) -> Iterator[str]:
    """An orphaned volume: the PersistentVolume first, then its data. Yields what was done.

    Why in this order: nothing can be bound to a volume whose data is on its way out.
    """
    if row.persistent_volume:
        _remove_object(client, Ref(_VOLUME, "", row.persistent_volume), clock)
        yield f'persistentvolume "{row.persistent_volume}" deleted'
    found = engine.inspect_volume(row.volume)
    if found is None:
        return
    if not labels.is_data(found.labels, cluster):
        yield f"the Docker volume {row.volume} is not minisets': it stays, with its data"
        return
    if any(handle_of(volume) == row.volume for volume in client.select(_VOLUME).items):
        raise MinisetsError(f"the Docker volume {row.volume} was taken by another claim just now: it stays")
    Holders(engine, SandboxImage(engine), cluster).end(row.volume)
    engine.remove_volume(row.volume)
    yield f"Docker volume {row.volume} removed"


def _remove_object(client: ApiClient, ref: Ref, clock: Clock) -> None:
    found = client.get(ref)
    if found is None:
        return
    with suppress(NotFound):
        client.delete(ref)
    try:
        until(
            client,
            "",
            lambda scene: ref not in scene.objects,
            timeout=_GOES_WITHIN,
            clock=clock,
            kinds=(_VOLUME,),
        )
    except NotReady as error:
        said = f"the persistentvolume {ref.name} does not go: a claim may have it by now; its data stays"
        raise MinisetsError(said) from error


# --- adopt ---


def adopt(
    client: ApiClient, engine: Engine, cluster: str, namespace: str, volume: str, claim_name: str
) -> str:
    """A PersistentVolume for a claim that waits, on a Docker volume that is not ours; what was done."""
    found = engine.inspect_volume(volume)
    if found is None:
        raise MinisetsError(f"there is no Docker volume {volume}: see `docker volume ls`")
    if not labels.is_strangers(found.labels):
        raise MinisetsError(f"the Docker volume {volume} {_whose(found, cluster)}: it cannot be adopted")
    claim = _claim_for(client, cluster, namespace, volume, claim_name)
    if held := next((each for each in client.select(_VOLUME).items if handle_of(each) == volume), None):
        return _held(held, claim, volume)
    bound = spec_of(claim).get("volumeName")
    if bound:
        raise MinisetsError(f"claim {name_of(claim)} has the volume {bound} already: nothing was adopted")
    client.create(_VOLUME, "", adopted_volume(claim, volume))
    return f"the Docker volume {volume} is adopted for claim {name_of(claim)}; minisets never removes it"


def _whose(found: Volume, cluster: str) -> str:
    other = found.labels.get(labels.CLUSTER, "")
    if labels.is_data(found.labels, cluster):
        return "is minisets' own, found again by the claim that it was made for"
    return f'is cluster "{other}"\'s' if other != cluster else "is not for data: minisets keeps its own in it"


def _claim_for(client: ApiClient, cluster: str, namespace: str, volume: str, name: str) -> Object:
    for claim in client.select(_CLAIM, namespace).items:
        wanted = name_of(claim) == name if name else False
        if wanted or (not name and names.volume_name(cluster, namespace, name_of(claim)) == volume):
            return claim
    which = f"claim {name}" if name else f"claim whose volume would be called {volume}"
    raise MinisetsError(
        f"there is no {which} in namespace {namespace}: create it first (`minisets up`; it waits), "
        "or name one that waits: --claim NAME"
    )


def _held(held: Object, claim: Object, volume: str) -> str:
    ref = spec_of(held).get("claimRef") or {}
    if (ref.get("namespace"), ref.get("name")) != (namespace_of(claim), name_of(claim)):
        raise MinisetsError(f"the Docker volume {volume} is behind the persistentvolume {name_of(held)}")
    if annotations_of(held).get(ADOPTED) != volume:
        raise MinisetsError(f"the persistentvolume {name_of(held)} names {volume}: delete that first")
    return f"the Docker volume {volume} is adopted for claim {name_of(claim)} already"


def adopted_volume(claim: Object, volume: str) -> dict[str, Any]:
    """The annotation is what the kubelet goes by, for this volume and this PV; Retain, for it is not ours.

    Why provisioned-by: whoever asks for its deletion (`down --volumes`) has the PV removed, never the data.
    """
    spec = spec_of(claim)
    return {
        "apiVersion": "v1",
        "kind": _VOLUME,
        "metadata": {
            "name": f"adopted-{_as_name(volume)}",
            "annotations": {PROVISIONED_BY: PROVISIONER, ADOPTED: volume},
        },
        "spec": _spec(
            capacity=spec["resources"]["requests"]["storage"],
            modes=list(spec.get("accessModes") or ()),
            storage_class=str(spec.get("storageClassName") or ""),
            reclaim="Retain",
            volume=volume,
            claim=(namespace_of(claim), name_of(claim)),
        ),
    }


def _as_name(volume: str) -> str:
    """A Docker volume's name as an object's may be; what had to be changed is told apart by a hash."""
    plain = re.sub(r"[^a-z0-9.-]+|\.(?![a-z0-9])|(?<![a-z0-9])\.", "-", volume.lower()).strip("-.")
    return plain if plain == volume else f"{plain[:150]}-{hashlib.sha256(volume.encode()).hexdigest()[:8]}"


def _spec(
    *, capacity: str, modes: list[str], storage_class: str, reclaim: str, volume: str, claim: tuple[str, str]
) -> dict[str, Any]:
    """A PV's spec; its claim is named without a uid, so that the controller binds the two (A-136)."""
    return {
        "capacity": {"storage": capacity},
        "accessModes": modes,
        "persistentVolumeReclaimPolicy": reclaim,
        "storageClassName": storage_class,
        "csi": {"driver": PROVISIONER, "volumeHandle": volume},
        "claimRef": {"apiVersion": "v1", "kind": _CLAIM, "namespace": claim[0], "name": claim[1]},
    }


# --- recover ---


def recover(client: ApiClient, engine: Engine, cluster: str) -> Iterator[str]:
    """Namespaces, claims and PVs for the data volumes that no PV names; yields a line for each volume.

    Of several volumes of one claim's name the newest is taken. The claim first: it names its PV, so that no
    provisioner makes another, and what was killed in between is finished by the next call.
    """
    held = {handle_of(volume) for volume in client.select(_VOLUME).items}
    found = engine.list_volumes({**labels.cluster_selector(cluster), labels.KIND: "volume"})
    newest = sorted(
        (volume for volume in found if volume.name not in held),
        key=lambda volume: (volume.labels.get(labels.CLAIM_CREATED, ""), volume.name),
        reverse=True,
    )
    for volume in newest:
        read = labels.read_claim_volume(volume.labels)
        if read is not None:
            try:
                yield f"{volume.name}: {_recover_one(client, volume.name, read)}"
            except ApiError as error:
                yield f"{volume.name}: not recovered: {error}"


def _recover_one(client: ApiClient, volume: str, read: labels.ClaimVolume) -> str:
    key = f"{read.namespace}/{read.claim}"
    claim = client.get(Ref(_CLAIM, read.namespace, read.claim))
    if claim is not None and not spec_of(claim).get("volumeName"):
        return f"claim {key} waits for a volume, and is given this one by its provisioner"
    if claim is not None and spec_of(claim)["volumeName"] != read.volume:
        return f"kept as it is: claim {key} has another volume"
    if claim is None:
        if client.get(Ref("Namespace", "", read.namespace)) is None:
            with suppress(AlreadyExists):
                client.create("Namespace", "", _namespace(read.namespace))
        client.create(_CLAIM, read.namespace, claim_of(read))
    client.create(_VOLUME, "", _volume_of(volume, read))
    return f"claim {key} has it again"


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def claim_of(read: labels.ClaimVolume) -> dict[str, Any]:
    """The claim that the labels tell of; it names its PersistentVolume, so nobody provisions for it."""
    return {
        "apiVersion": "v1",
        "kind": _CLAIM,
        "metadata": {
            "name": read.claim,
            "namespace": read.namespace,
            "labels": dict(read.claim_labels),
        },
        "spec": {
            "accessModes": list(read.access_modes),
            "resources": {"requests": {"storage": read.capacity}},
            "storageClassName": read.storage_class,
            "volumeName": read.volume,
        },
    }


def _volume_of(volume: str, read: labels.ClaimVolume) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": _VOLUME,
        "metadata": {
            "name": read.volume,
            "annotations": {PROVISIONED_BY: PROVISIONER},
            "finalizers": [FINALIZER],
        },
        "spec": _spec(
            capacity=read.capacity,
            modes=list(read.access_modes),
            storage_class=read.storage_class,
            reclaim=read.reclaim or "Retain",
            volume=volume,
            claim=(read.namespace, read.claim),
        ),
    }
