"""What is written on a claim and a volume that become one another's, or are no more: edits in place. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.controllers.volumes.claims import BIND_COMPLETED, BOUND_BY_CONTROLLER
from minisets.controllers.volumes.matching import claim_ref, is_for
from minisets.errors import Conflict
from minisets.objects.metadata import name_of, namespace_of, uid_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


def reserve(volume: Object, claim: Object, *, chosen: bool) -> None:
    """From now on the volume is that claim's. chosen: nobody asked for just this one."""
    # Why: two claims may have chosen the same volume at once; whoever writes second must choose again.
    if claim_ref(volume) is not None and not is_for(volume, claim):
        raise Conflict(f"volume {name_of(volume)} was just reserved for another claim")
    volume["spec"]["claimRef"] = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
    }
    if chosen:
        annotate(volume, {BOUND_BY_CONTROLLER: "yes"})


def point(claim: Object, volume: Object, *, chosen: bool) -> None:
    """The claim's side of it; with this the two are bound."""
    claim["spec"]["volumeName"] = name_of(volume)
    by_us = {BOUND_BY_CONTROLLER: "yes"} if chosen else {}
    annotate(claim, {BIND_COMPLETED: "yes", **by_us})


def free(volume: Object) -> None:
    """The volume is no claim's any more. Kubernetes: pv_controller.go unbindVolume."""
    annotations = volume["metadata"].get("annotations") or {}
    if annotations.pop(BOUND_BY_CONTROLLER, None):
        volume["spec"].pop("claimRef", None)
    else:
        volume["spec"]["claimRef"].pop("uid", None)


def annotate(obj: Object, annotations: dict[str, str]) -> None:
    """Beside those that it has."""
    obj["metadata"]["annotations"] = {**(obj["metadata"].get("annotations") or {}), **annotations}
