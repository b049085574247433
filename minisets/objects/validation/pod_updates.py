"""Rules for what a stored pod may become (A-78).

Kubernetes: core validation.go ValidatePodUpdate. Differs: nothing more may change while a pod is gated.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from minisets.objects.causes import Causes, forbidden, invalid
from minisets.objects.metadata import spec_of
from minisets.objects.validation.changes import changes
from minisets.objects.validation.pods import check_stored_pod

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_MAY_CHANGE = (
    "`spec.containers[*].image`",
    "`spec.initContainers[*].image`",
    "`spec.activeDeadlineSeconds`",
    "`spec.tolerations` (only additions to existing tolerations)",
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
)


def check_pod_update(new: Object, old: Object) -> Causes:
    """Images, deadlines that shorten, tolerations that are added, gates that are taken away.

    A pod's node is not set by an update but through its binding, which does not come here.
    """
    yield from check_stored_pod(new)
    after, before = spec_of(new), spec_of(old)
    for field in ("containers", "initContainers"):
        if len(after.get(field) or ()) != len(before.get(field) or ()):
            yield forbidden(f"spec.{field}", "pod updates may not add or remove containers")
            return
    yield from _check_deadline_update(after, before)
    yield from _check_toleration_update(after, before)
    yield from _check_gate_update(after, before)
    kept = _with_old_values(after, before)
    if kept != before:
        says = f"pod updates may not change fields other than {','.join(_MAY_CHANGE)}"
        yield forbidden("spec", f"{says}\n{changes(before, kept, 'spec')}")


def _check_deadline_update(after: Object, before: Object) -> Causes:
    path = "spec.activeDeadlineSeconds"
    new, old = after.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if new is None and old is not None:
        yield invalid(path, None, "must not update from a positive integer to nil value")
    elif new is not None and old is not None and new > old:
        yield invalid(path, new, "must be less than or equal to previous value")


def _check_toleration_update(after: Object, before: Object) -> Causes:
    present = [_without_seconds(toleration) for toleration in after.get("tolerations") or ()]
    if any(_without_seconds(old) not in present for old in before.get("tolerations") or ()):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden("spec.tolerations", detail)


def _check_gate_update(after: Object, before: Object) -> Causes:
    known = [gate.get("name") for gate in before.get("schedulingGates") or ()]
    for index, gate in enumerate(after.get("schedulingGates") or ()):
        if gate.get("name") not in known:
            detail = f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'"
            yield forbidden(f"spec.schedulingGates[{index}].name", detail)


def _without_seconds(toleration: Object) -> Object:
    return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}


def _with_old_values(after: Object, before: Object) -> Object:
    """The new spec with all that may change put back, so that the rest can be compared."""
    kept = deepcopy(after)
    for field in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        kept.pop(field, None)
        if field in before:
            kept[field] = before[field]
    for field in ("containers", "initContainers"):
        for new, old in zip(kept.get(field) or (), before.get(field) or (), strict=True):
            new["image"] = old.get("image")
    grace = "terminationGracePeriodSeconds"
    if (before.get(grace) or 0) < 0 and kept.get(grace) == 1:
        kept[grace] = before[grace]
    return kept
