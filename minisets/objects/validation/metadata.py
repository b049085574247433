"""Rules for metadata: names by kind, labels, annotations, owners, finalizers; what never changes.

Kubernetes: apimachinery pkg/api/validation/objectmeta.go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import each_invalid, forbidden, immutable, invalid, required, too_long
from minisets.objects.kinds import kind_of
from minisets.objects.metadata import finalizers_of, is_being_deleted, meta, name_of, namespace_of
from minisets.objects.owners import owners_of
from minisets.objects.validation.labels import check_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.objects.causes import Causes
    from minisets.objects.kinds import Object

_ANNOTATIONS_LIMIT = 256 * 1024
_LABEL_NAMED = ("Namespace", "Service", "StatefulSet")
_ANYTHING_NAMED = (
    *("Event", "PodDisruptionBudget"),
    *("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
)
_STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_SET_ONCE = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def check_metadata(kind_title: str, obj: Object) -> Causes:
    """Metadata of an object that is about to be created."""
    yield from _check_name(kind_title, obj)
    yield from _check_namespace(obj, namespaced=kind_of(kind_title).namespaced)
    yield from check_labels("metadata.labels", meta(obj).get("labels"))
    yield from check_annotations("metadata.annotations", meta(obj).get("annotations"))
    yield from _check_owners(obj)
    yield from _check_finalizers(obj)


def check_metadata_update(new: Object, old: Object) -> Causes:
    """Metadata of an object that takes another's place."""
    if is_being_deleted(old):
        yield from _check_no_new_finalizers(new, old)
    yield from immutable("metadata.name", name_of(new), name_of(old))
    yield from immutable("metadata.namespace", namespace_of(new), namespace_of(old))
    for field in _SET_ONCE:
        # Why: a client's body may leave these out; `registry/` carries them over.
        if meta(new).get(field) is not None:
            yield from immutable(f"metadata.{field}", meta(new)[field], meta(old).get(field))
    yield from check_labels("metadata.labels", meta(new).get("labels"))
    yield from check_annotations("metadata.annotations", meta(new).get("annotations"))
    yield from _check_owners(new)
    yield from _check_finalizers(new)


def check_annotations(path: str, annotations: Mapping[str, str] | None) -> Causes:
    """Keys that are qualified names in any case, and 256 KiB in all."""
    size = 0
    for key, value in (annotations or {}).items():
        yield from each_invalid(path, key, names.qualified_name(key.lower()))
        size += len(key.encode()) + len(value.encode())
    if size > _ANNOTATIONS_LIMIT:
        yield too_long(path, _ANNOTATIONS_LIMIT)


def _check_name(kind_title: str, obj: Object) -> Causes:
    rule = names.dns_label if kind_title in _LABEL_NAMED else names.dns_subdomain
    if kind_title in _ANYTHING_NAMED:
        rule = names.path_segment
    if prefix := meta(obj).get("generateName"):
        yield from each_invalid("metadata.generateName", prefix, rule(names.masked_prefix(prefix)))
    if name := name_of(obj):
        yield from each_invalid("metadata.name", name, rule(name))
    else:
        yield required("metadata.name", "name or generateName is required")


def _check_namespace(obj: Object, *, namespaced: bool) -> Causes:
    namespace = namespace_of(obj)
    if namespaced and not namespace:
        yield required("metadata.namespace")
    elif namespaced:
        yield from each_invalid("metadata.namespace", namespace, names.dns_label(namespace))
    elif namespace:
        yield forbidden("metadata.namespace", "not allowed on this type")


def _check_owners(obj: Object) -> Causes:
    controllers: list[str] = []
    for index, owner in enumerate(owners_of(obj)):
        path = f"metadata.ownerReferences[{index}]"
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield required(f"{path}.{field}", "must not be empty")
        if owner.get("apiVersion") == "v1" and owner.get("kind") == "Event":
            yield invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner")
        if owner.get("controller"):
            controllers.append(f"{owner.get('kind')}/{owner.get('name')}")
            if len(controllers) > 1:
                says = 'Only one reference can have Controller set to true. Found "true" in references for'
                detail = f"{says} {controllers[0]} and {controllers[-1]}"
                yield invalid("metadata.ownerReferences", owners_of(obj), detail)


def _check_finalizers(obj: Object) -> Causes:
    finalizers = finalizers_of(obj)
    for finalizer in finalizers:
        yield from each_invalid("metadata.finalizers", finalizer, names.qualified_name(finalizer))
    if {"orphan", "foregroundDeletion"} <= set(finalizers):
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        yield invalid("metadata.finalizers", list(finalizers), detail)
    for index, finalizer in enumerate(finalizers):
        if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(f"metadata.finalizers[{index}]", finalizer, detail)


def _check_no_new_finalizers(new: Object, old: Object) -> Causes:
    """A-74."""
    added = sorted(set(finalizers_of(new)) - set(finalizers_of(old)))
    if added:
        says = "no new finalizers can be added if the object is being deleted, found new finalizers"
        yield forbidden("metadata.finalizers", f"{says} []string{{{_go_list(added)}}}")


def _go_list(texts: list[str]) -> str:
    return ", ".join(json.dumps(text, ensure_ascii=False) for text in texts)
