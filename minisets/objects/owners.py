"""Owner references: who owns an object, and how an owner is written down. Pure.

Kubernetes: apimachinery pkg/apis/meta/v1/controller_ref.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from minisets.objects.metadata import meta, name_of, uid_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


def owners_of(obj: Object) -> list[dict[str, Any]]:
    """`metadata.ownerReferences`, empty if there are none."""
    return cast("list[dict[str, Any]]", meta(obj).get("ownerReferences") or [])


def controller_of(obj: Object) -> dict[str, Any] | None:
    """The reference with `controller: true`, or None."""
    return next((owner for owner in owners_of(obj) if owner.get("controller")), None)


def is_controlled_by(obj: Object, owner: Object) -> bool:
    """Whether the controlling reference carries the owner's uid."""
    controller = controller_of(obj)
    return controller is not None and controller.get("uid") == uid_of(owner)


def owner_reference(owner: Object, *, controller: bool = True) -> dict[str, Any]:
    """The reference that makes `owner` own something, blocking the owner's foreground deletion."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": controller,
        "blockOwnerDeletion": True,
    }
