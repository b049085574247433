"""Which kind has which rules: the three questions that `registry/` asks about a write.

Every object's metadata is looked at; the small kinds' own rules are here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, immutable, nonnegative, one_of, required
from minisets.objects.metadata import spec_of
from minisets.objects.validation.access import (
    check_cluster_role,
    check_cluster_role_binding,
    check_role,
    check_role_binding,
    check_role_ref_update,
)
from minisets.objects.validation.budgets import check_budget, check_budget_status
from minisets.objects.validation.claims import check_claim, check_claim_status, check_claim_update
from minisets.objects.validation.configs import (
    check_config_map,
    check_config_map_update,
    check_secret,
    check_secret_update,
)
from minisets.objects.validation.ephemeral import check_ephemeral_update
from minisets.objects.validation.events import check_event, check_new_event, check_new_event_update
from minisets.objects.validation.metadata import check_metadata, check_metadata_update
from minisets.objects.validation.pod_updates import check_pod_update
from minisets.objects.validation.pods import check_pod
from minisets.objects.validation.quotas import check_limit_range, check_quota, check_quota_update
from minisets.objects.validation.scheduling import (
    check_autoscaler,
    check_lease,
    check_priority_class,
    check_priority_class_update,
)
from minisets.objects.validation.services import check_service, check_service_update
from minisets.objects.validation.snapshots import (
    check_content,
    check_content_status,
    check_content_update,
    check_snapshot,
    check_snapshot_class,
    check_snapshot_update,
)
from minisets.objects.validation.statefulsets import (
    check_statefulset,
    check_statefulset_status,
    check_statefulset_update,
)
from minisets.objects.validation.traffic import check_network_policy
from minisets.objects.validation.volumes import (
    check_storage_class,
    check_storage_class_update,
    check_volume,
    check_volume_update,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object


def validate(kind_title: str, obj: Object) -> tuple[Cause, ...]:
    """Why the object may not be created; empty if it may. It comes defaulted and named."""
    return (*check_metadata(kind_title, obj), *_rules(kind_title).create(obj))


def validate_update(kind_title: str, new: Object, old: Object) -> tuple[Cause, ...]:
    """Why the new object may not take the old one's place. Not for deletions, nor for bindings."""
    return (*check_metadata_update(new, old), *_rules(kind_title).update(new, old))


def validate_status(kind_title: str, new: Object, old: Object) -> tuple[Cause, ...]:
    """Why the new status may not take the old one's place; the spec is not looked at."""
    return (*check_metadata_update(new, old), *_rules(kind_title).status(new, old))


def validate_ephemeral(new: Object, old: Object) -> tuple[Cause, ...]:
    """Why a pod's ephemeral containers may not become these; nothing else of it changes."""
    return (*check_metadata_update(new, old), *check_ephemeral_update(new, old))


def validate_spoken(schema: str, new: Object, old: Object | None) -> tuple[Cause, ...]:
    """What a kind's other version asks for besides, of the object as it is stored; old None in a create."""
    if schema != "Event.v1.events.k8s.io":
        return ()
    return tuple(check_new_event(new) if old is None else check_new_event_update(new, old))


def _nothing(_: Object) -> Causes:
    return iter(())


def _nothing_new(_: Object, __: Object) -> Causes:
    return iter(())


@dataclass(frozen=True)
class _Rules:
    create: Callable[[Object], Causes] = _nothing
    update: Callable[[Object, Object], Causes] = _nothing_new
    status: Callable[[Object, Object], Causes] = _nothing_new


def _check_revision(revision: Object) -> Causes:
    if revision.get("data") is None:
        yield required("data", "data is mandatory")
    yield from nonnegative("revision", revision.get("revision") or 0)


def _check_revision_update(new: Object, old: Object) -> Causes:
    yield from immutable("data", new.get("data"), old.get("data"))


def _check_endpoint_slice(endpoint_slice: Object) -> Causes:
    yield from one_of("addressType", endpoint_slice.get("addressType") or "", ("FQDN", "IPv4", "IPv6"))
    for index, endpoint in enumerate(endpoint_slice.get("endpoints") or ()):
        path = f"endpoints[{index}]"
        if not endpoint.get("addresses"):
            yield required(f"{path}.addresses", "must contain at least 1 address")
        if hostname := endpoint.get("hostname"):
            yield from each_invalid(f"{path}.hostname", hostname, names.dns_label(hostname))


def _check_endpoint_slice_update(new: Object, old: Object) -> Causes:
    yield from immutable("addressType", new.get("addressType"), old.get("addressType"))


def _check_endpoints(endpoints: Object) -> Causes:
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            yield required(f"subsets[{index}]", "must specify `addresses` or `notReadyAddresses`")


def _check_node(node: Object) -> Causes:
    for index, taint in enumerate(spec_of(node).get("taints") or ()):
        path, key = f"spec.taints[{index}]", taint.get("key") or ""
        yield from each_invalid(f"{path}.key", key, names.qualified_name(key))
        yield from one_of(
            f"{path}.effect", taint.get("effect") or "", ("NoSchedule", "PreferNoSchedule", "NoExecute")
        )


def _both(
    check: Callable[[Object], Causes],
    change: Callable[[Object, Object], Causes] = _nothing_new,
    status: Callable[[Object, Object], Causes] = _nothing_new,
) -> _Rules:
    """Rules of a kind whose update is checked as its create, and then for what may not change."""

    def update(new: Object, old: Object) -> Causes:
        yield from check(new)
        yield from change(new, old)

    return _Rules(check, update, status)


def _rules(kind_title: str) -> _Rules:
    return _RULES.get(kind_title, _Rules())


_RULES = {
    "ClusterRole": _both(check_cluster_role),
    "ClusterRoleBinding": _both(check_cluster_role_binding, check_role_ref_update),
    "ConfigMap": _Rules(check_config_map, check_config_map_update),
    "ControllerRevision": _both(_check_revision, _check_revision_update),
    "Endpoints": _both(_check_endpoints),
    "EndpointSlice": _both(_check_endpoint_slice, _check_endpoint_slice_update),
    "Event": _both(check_event),
    "HorizontalPodAutoscaler": _both(check_autoscaler),
    "Lease": _both(check_lease),
    "LimitRange": _both(check_limit_range),
    "NetworkPolicy": _both(check_network_policy),
    "Node": _both(_check_node),
    "PersistentVolume": _Rules(check_volume, check_volume_update),
    "PersistentVolumeClaim": _Rules(check_claim, check_claim_update, check_claim_status),
    "Pod": _Rules(check_pod, check_pod_update),
    "PodDisruptionBudget": _both(check_budget, status=check_budget_status),
    "PriorityClass": _both(check_priority_class, check_priority_class_update),
    "ResourceQuota": _both(check_quota, check_quota_update),
    "Role": _both(check_role),
    "RoleBinding": _both(check_role_binding, check_role_ref_update),
    "Secret": _Rules(check_secret, check_secret_update),
    "Service": _Rules(check_service, check_service_update),
    "StatefulSet": _Rules(check_statefulset, check_statefulset_update, check_statefulset_status),
    "StorageClass": _Rules(check_storage_class, check_storage_class_update),
    "VolumeSnapshot": _Rules(check_snapshot, check_snapshot_update),
    "VolumeSnapshotClass": _both(check_snapshot_class),
    "VolumeSnapshotContent": _Rules(check_content, check_content_update, check_content_status),
}
