"""The subresource `scale`: a statefulset seen as nothing but its replicas (A-99).

Kubernetes: pkg/registry/apps/statefulset/storage/storage.go ScaleREST.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.errors import BadRequest, Invalid
from minisets.objects import causes, strictness
from minisets.objects.metadata import meta, name_of, namespace_of, spec_of, status_of, uid_of
from minisets.objects.selectors import LabelSelector
from minisets.registry import refusals
from minisets.store.transaction import copied

if TYPE_CHECKING:
    from minisets.objects.kinds import Object, Ref

SCALE = "Scale"
_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(statefulset: Object) -> Object:
    """The `autoscaling/v1` Scale of a statefulset."""
    spec, status = spec_of(statefulset), status_of(statefulset)
    return {
        "kind": SCALE,
        "apiVersion": "autoscaling/v1",
        "metadata": {field: meta(statefulset)[field] for field in _META if field in meta(statefulset)},
        "spec": {"replicas": spec.get("replicas", 1)},
        "status": {
            "replicas": status.get("replicas", 0),
            "selector": str(LabelSelector.of(spec.get("selector"))),
        },
    }


def scaled(ref: Ref, body: Any, statefulset: Object) -> Object:
    """The statefulset with the replicas of this Scale, whose version and uid are preconditions.

    Raises BadRequest, Invalid.
    """
    scale, problems = strictness.check(SCALE, body)
    if problems and any(problem.kind == "mistyped" for problem in problems):
        raise strictness.refusal(SCALE, problems)
    _check_place(ref, scale)
    replicas = int(spec_of(scale).get("replicas", 0))
    if replicas < 0:
        fault = causes.invalid("spec.replicas", replicas, causes.NEGATIVE)
        message = f'Scale.autoscaling "{ref.name}" is invalid: {fault.field}: {fault.message}'
        raise Invalid(message, name=ref.name, group="autoscaling", kind=SCALE, causes=[fault])
    wanted: Object = copied(statefulset)
    wanted["spec"]["replicas"] = replicas
    for field, given in (("uid", uid_of(scale)), ("resourceVersion", meta(scale).get("resourceVersion"))):
        wanted["metadata"].pop(field, None)
        if given:
            wanted["metadata"][field] = given
    return wanted


def _check_place(ref: Ref, scale: Object) -> None:
    """What `updating.check_identity` says, but that a Scale may leave its name out."""
    if name_of(scale) not in ("", ref.name):
        raise BadRequest(
            f"the name of the object ({name_of(scale)}) does not match the name on the URL ({ref.name})"
        )
    if namespace_of(scale) not in ("", ref.namespace):
        raise refusals.namespace_mismatch()
