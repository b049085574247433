"""Rules for statefulsets (A-80 to A-86), for what one may become (A-75) and for its status (A-87).

Kubernetes: apps validation.go ValidateStatefulSetSpec, ValidateStatefulSetUpdate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects import names
from minisets.objects.causes import (
    Causes,
    each_invalid,
    forbidden,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from minisets.objects.metadata import labels_of, name_of, spec_of, status_of
from minisets.objects.selectors import LabelSelector
from minisets.objects.validation.claims import check_claim_spec
from minisets.objects.validation.labels import check_label_selector
from minisets.objects.validation.pods import check_pod_template

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_COUNTS = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")


def check_statefulset(statefulset: Object) -> Causes:
    """A statefulset that is about to be created."""
    spec = spec_of(statefulset)
    yield from _check_policies(spec)
    for index, template in enumerate(spec.get("volumeClaimTemplates") or ()):
        yield from _check_claim_template(f"spec.volumeClaimTemplates[{index}]", template)
    yield from _check_numbers(spec)
    if service := spec.get("serviceName"):
        yield from each_invalid("spec.serviceName", service, names.dns_label(service))
    yield from _check_selector(spec)
    yield from _check_template(spec)
    yield from _check_pod_life(spec)


def check_statefulset_update(new: Object, old: Object) -> Causes:
    """The new one's rules, without those for fields that never change; then that they did not.

    A template is not checked where the stored one would fail too: such a set could never be mended.
    """
    after, before = spec_of(new), spec_of(old)
    yield from _check_policies(after)
    yield from _check_numbers(after)
    yield from _check_selector(after)
    if not any(check_statefulset(old)):
        yield from _check_template(after)
    yield from _check_pod_life(after)
    if _fixed(after) != _fixed(before):
        listed = f"{', '.join(repr(field) for field in _MUTABLE[:-1])} and {_MUTABLE[-1]!r}"
        says = "updates to statefulset spec for fields other than"
        yield forbidden("spec", f"{says} {listed} are forbidden")


def check_statefulset_status(new: Object, old: Object) -> Causes:
    """Counts that fit each other (A-87); a collisionCount that never shrinks."""
    status = status_of(new)
    for field in ("replicas", *_COUNTS, "observedGeneration", "collisionCount"):
        yield from nonnegative(f"status.{field}", status.get(field) or 0)
    for field in _COUNTS:
        if (count := status.get(field) or 0) > (status.get("replicas") or 0):
            yield invalid(f"status.{field}", count, "cannot be greater than status.replicas")
    available = status.get("availableReplicas") or 0
    if available > (status.get("readyReplicas") or 0):
        yield invalid("status.availableReplicas", available, "cannot be greater than status.readyReplicas")
    collisions = status.get("collisionCount") or 0
    if collisions < (status_of(old).get("collisionCount") or 0):
        yield invalid("status.collisionCount", collisions, "cannot be decremented")


def _check_policies(spec: Object) -> Causes:
    policy = spec.get("podManagementPolicy") or ""
    if not policy:
        yield required("spec.podManagementPolicy")
    elif policy not in {"OrderedReady", "Parallel"}:
        yield invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    yield from _check_strategy(spec.get("updateStrategy") or {})
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for field in ("whenDeleted", "whenScaled"):
        if retention and retention.get(field) not in {"Retain", "Delete"}:
            where = f"spec.persistentVolumeClaimRetentionPolicy.{field}"
            yield not_supported(where, retention.get(field) or "", ("Retain", "Delete"))


def _check_strategy(strategy: Object) -> Causes:
    path, kind, block = "spec.updateStrategy", strategy.get("type") or "", strategy.get("rollingUpdate")
    if not kind:
        yield required(path)
    elif kind not in {"RollingUpdate", "OnDelete"}:
        yield invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")
    elif kind == "OnDelete" and block is not None:
        yield invalid(f"{path}.rollingUpdate", block, "only allowed for updateStrategy 'RollingUpdate'")
    elif block is not None:
        yield from nonnegative(f"{path}.rollingUpdate.partition", block.get("partition") or 0)
        if (most := block.get("maxUnavailable")) is not None:
            yield from _check_max_unavailable(f"{path}.rollingUpdate.maxUnavailable", most)


def _check_max_unavailable(path: str, most: Any) -> Causes:
    """A number of 1 or more, or 1% to 100% (A-83)."""
    if isinstance(most, str):
        complaints = names.percent(most)
        yield from each_invalid(path, most, complaints)
        share = 0 if complaints else int(most.removesuffix("%"))
    else:
        yield from nonnegative(path, most)
        share = most
    if share == 0:
        yield invalid(path, most, "cannot be 0")
    elif isinstance(most, str) and share > 100:
        yield invalid(path, most, "must not be greater than 100%")


def _check_claim_template(path: str, template: Object) -> Causes:
    # Differs: upstream reports a bad name on the volume that the controller would add.
    if name := name_of(template):
        yield from each_invalid(f"{path}.metadata.name", name, names.dns_label(name))
    else:
        yield required(f"{path}.metadata.name")
    yield from check_claim_spec(f"{path}.spec", spec_of(template))


def _check_numbers(spec: Object) -> Causes:
    yield from nonnegative("spec.replicas", spec.get("replicas") or 0)
    yield from nonnegative("spec.minReadySeconds", spec.get("minReadySeconds") or 0)
    yield from nonnegative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start") or 0)


def _check_selector(spec: Object) -> Causes:
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
        return
    yield from check_label_selector("spec.selector", selector)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid("spec.selector", selector, "empty selector is invalid for statefulset")


def _check_template(spec: Object) -> Causes:
    template = spec.get("template") or {}
    selector = LabelSelector.of(spec.get("selector"))
    labels = labels_of(template)
    if not selector.is_empty() and not selector.matches(labels):
        detail = "`selector` does not match template `labels`"
        yield invalid("spec.template.metadata.labels", dict(labels), detail)
    claim_names = [name_of(claim) for claim in spec.get("volumeClaimTemplates") or ()]
    # Why: the controller sets hostname and subdomain itself, so theirs are not looked at.
    pod_spec = {
        field: value for field, value in spec_of(template).items() if field not in {"hostname", "subdomain"}
    }
    yield from check_pod_template("spec.template", {**template, "spec": pod_spec}, claim_names)


def _check_pod_life(spec: Object) -> Causes:
    """A-84."""
    pod_spec = spec_of(spec.get("template") or {})
    policy = pod_spec.get("restartPolicy") or ""
    if policy != "Always":
        yield not_supported("spec.template.spec.restartPolicy", policy, ("Always",))
    if pod_spec.get("activeDeadlineSeconds") is not None:
        detail = "activeDeadlineSeconds in StatefulSet is not Supported"
        yield forbidden("spec.template.spec.activeDeadlineSeconds", detail)


def _fixed(spec: Object) -> Object:
    return {field: value for field, value in spec.items() if field not in _MUTABLE and value is not None}
