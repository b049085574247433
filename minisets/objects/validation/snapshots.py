"""Rules for snapshots, their contents and their classes.

Kubernetes: the schemas and CEL rules of external-snapshotter's v1 CRDs; the messages are the rules' own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.causes import Causes, invalid, nonnegative, not_supported, required
from minisets.objects.metadata import spec_of, status_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.objects.kinds import Object

_POLICIES = ("Delete", "Retain")
_CLAIM, _CONTENT = "persistentVolumeClaimName", "volumeSnapshotContentName"
_VOLUME, _HANDLE = "volumeHandle", "snapshotHandle"


def check_snapshot(snapshot: Object) -> Causes:
    """Of what it is made: a claim, or a content that is there."""
    spec = spec_of(snapshot)
    if spec.get("source") is None:
        yield required("spec.source")
    else:
        yield from _check_one_of(spec["source"], (_CONTENT, _CLAIM))
    if spec.get("volumeSnapshotClassName") == "":
        detail = "volumeSnapshotClassName must not be the empty string when set"
        yield invalid("spec.volumeSnapshotClassName", "", detail)


def check_snapshot_update(new: Object, old: Object) -> Causes:
    """Its source stays."""
    yield from check_snapshot(new)
    yield from _check_kept("spec.source", _source(new), _source(old), (_CLAIM, _CONTENT))


def check_content(content: Object) -> Causes:
    """Whose it is, of what it is made, and what becomes of the data."""
    spec = spec_of(content)
    yield from _check_policy("spec.deletionPolicy", spec)
    for field in ("driver", "source", "volumeSnapshotRef"):
        if spec.get(field) is None:
            yield required(f"spec.{field}")
    if spec.get("source") is not None:
        yield from _check_one_of(spec["source"], (_VOLUME, _HANDLE))
    ref = spec.get("volumeSnapshotRef")
    if ref is not None and not (ref.get("name") and ref.get("namespace")):
        detail = "both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set"
        yield invalid("spec.volumeSnapshotRef", "object", detail)


def check_content_update(new: Object, old: Object) -> Causes:
    """Its source and its mode stay."""
    yield from check_content(new)
    yield from _check_kept("spec.source", _source(new), _source(old), (_VOLUME, _HANDLE))
    yield from _check_kept("spec", spec_of(new), spec_of(old), ("sourceVolumeMode",))


def check_content_status(new: Object, _: Object) -> Causes:
    """Sizes are no less than nothing."""
    yield from nonnegative("status.restoreSize", status_of(new).get("restoreSize") or 0)


def check_snapshot_class(snapshot_class: Object) -> Causes:
    """Who makes snapshots, and what becomes of their data."""
    yield from _check_policy("deletionPolicy", snapshot_class)
    if snapshot_class.get("driver") is None:
        yield required("driver")


def _check_policy(path: str, holder: Object) -> Causes:
    policy = holder.get("deletionPolicy")
    if policy is None:
        yield required(path)
    elif policy not in _POLICIES:
        yield not_supported(path, policy, _POLICIES)


def _check_one_of(source: Object, fields: tuple[str, str]) -> Causes:
    if sum(source.get(field) is not None for field in fields) != 1:
        yield invalid("spec.source", "object", f"exactly one of {fields[0]} and {fields[1]} must be set")


def _check_kept(path: str, new: Object, old: Object, fields: Sequence[str]) -> Causes:
    for field in fields:
        before, after = old.get(field), new.get(field)
        if before is not None and after is None:
            yield invalid(path, "object", f"{field} is required once set")
        elif before is not None and after != before:
            yield invalid(f"{path}.{field}", after, f"{field} is immutable")


def _source(obj: Object) -> dict[str, Any]:
    return spec_of(obj).get("source") or {}
