"""Reading an object's metadata, times and conditions; writing the stamps that they are made of.

Pure. Leaves to `registry/` when metadata may change.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from minisets.objects.kinds import Object, Ref

if TYPE_CHECKING:
    from collections.abc import Mapping


def meta(obj: Object) -> dict[str, Any]:
    """`metadata`, empty if there is none."""
    return cast("dict[str, Any]", obj.get("metadata") or {})


def without_managers(obj: Object) -> Object:
    """The object without its managedFields, as people see it; shares the rest."""
    if "managedFields" not in meta(obj):
        return obj
    return {**obj, "metadata": {key: value for key, value in meta(obj).items() if key != "managedFields"}}


def name_of(obj: Object) -> str:
    """`metadata.name`, or an empty string."""
    return str(meta(obj).get("name") or "")


def namespace_of(obj: Object) -> str:
    """`metadata.namespace`, or an empty string."""
    return str(meta(obj).get("namespace") or "")


def uid_of(obj: Object) -> str:
    """`metadata.uid`, or an empty string."""
    return str(meta(obj).get("uid") or "")


def key_of(obj: Object) -> str:
    """`namespace/name`; only the name where there is no namespace."""
    namespace = namespace_of(obj)
    return f"{namespace}/{name_of(obj)}" if namespace else name_of(obj)


def ref_of(obj: Object) -> Ref:
    """Which object this is; its `kind` must be set, as it is on everything stored."""
    return Ref(obj["kind"], namespace_of(obj), name_of(obj))


def version_of(obj: Object) -> int:
    """`metadata.resourceVersion` as a number; 0 where there is none."""
    return int(meta(obj).get("resourceVersion") or 0)


def generation_of(obj: Object) -> int:
    """`metadata.generation`, or 0."""
    return int(meta(obj).get("generation") or 0)


def labels_of(obj: Object) -> Mapping[str, str]:
    """`metadata.labels`, empty if there are none."""
    return cast("Mapping[str, str]", meta(obj).get("labels") or {})


def annotations_of(obj: Object) -> Mapping[str, str]:
    """`metadata.annotations`, empty if there are none."""
    return cast("Mapping[str, str]", meta(obj).get("annotations") or {})


def finalizers_of(obj: Object) -> tuple[str, ...]:
    """`metadata.finalizers`."""
    return tuple(meta(obj).get("finalizers") or ())


def is_being_deleted(obj: Object) -> bool:
    """Whether a deletionTimestamp is set."""
    return bool(meta(obj).get("deletionTimestamp"))


def spec_of(obj: Object) -> dict[str, Any]:
    """`spec`, empty if there is none."""
    return cast("dict[str, Any]", obj.get("spec") or {})


def status_of(obj: Object) -> dict[str, Any]:
    """`status`, empty if there is none."""
    return cast("dict[str, Any]", obj.get("status") or {})


def condition(obj: Object, kind: str) -> dict[str, Any] | None:
    """The entry of `status.conditions` of that type, or None."""
    found = (entry for entry in status_of(obj).get("conditions") or () if entry.get("type") == kind)
    return next(found, None)


def is_true(obj: Object, kind: str) -> bool:
    """Whether the condition of that type is there and `True`."""
    entry = condition(obj, kind)
    return entry is not None and entry.get("status") == "True"


def timestamp(moment: datetime) -> str:
    """RFC 3339 in whole seconds, UTC, as Kubernetes writes `metav1.Time`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(moment: datetime) -> str:
    """RFC 3339 with microseconds, UTC, as Kubernetes writes `metav1.MicroTime`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The moment that an RFC 3339 stamp names, aware; ValueError where it is none.

    Fractions of a second may have any number of digits (Docker writes nine).
    """
    head, dot, tail = text.replace("Z", "+00:00").partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        head = f"{head}.{tail[:digits][:6]:0<6}{tail[digits:]}"
    parsed = datetime.fromisoformat(head)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
