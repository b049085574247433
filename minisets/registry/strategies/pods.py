"""Pods: service account, priority, tolerations and grace, and whom their status may not change.

Leaves which fields of a pod may change to `objects/validation`.
Kubernetes: pkg/registry/core/pod/strategy.go, plugin/pkg/admission/{serviceaccount,priority,
defaulttolerationseconds}.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from minisets.objects.kinds import Ref
from minisets.objects.metadata import meta, namespace_of, ref_of, spec_of
from minisets.objects.pods import is_terminal, node_of
from minisets.registry import refusals
from minisets.registry.strategies.base import Context, Strategy
from minisets.registry.strategies.kept import keep_priority, prioritize
from minisets.registry.strategies.tolerations import keep_tolerations, tolerate_lost_nodes

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.objects.managed.fieldsets import Fields
    from minisets.store.interface import Reader

DEFAULT_ACCOUNT = "default"


class PodStrategy(Strategy):
    """A pod's spec is counted since 1.34; its end takes time."""

    counts_generations: ClassVar[bool] = True

    def prepare_create(self, obj: Object, context: Context) -> None:
        """The service account, under its old name too, as clients read either; pull secrets; the rest."""
        super().prepare_create(obj, context)
        spec = obj["spec"]
        account = spec.get("serviceAccountName") or DEFAULT_ACCOUNT
        found = _account(obj, account, context.reader)
        spec["serviceAccountName"] = spec["serviceAccount"] = account
        if not spec.get("imagePullSecrets") and (secrets := found.get("imagePullSecrets")):
            spec["imagePullSecrets"] = [{"name": one.get("name") or ""} for one in secrets]
        prioritize(obj, context.reader)
        tolerate_lost_nodes(obj)

    def prepare_update(self, new: Object, old: Object, context: Context) -> None:
        """What admission wrote stays, whoever leaves it out."""
        keep_priority(new, old)
        keep_tolerations(new, old)
        super().prepare_update(new, old, context)

    def prepare_status_update(self, new: Object, old: Object, context: Context) -> None:
        """Who owns a pod is not the kubelet's to say."""
        super().prepare_status_update(new, old, context)
        if owners := meta(old).get("ownerReferences"):
            new["metadata"]["ownerReferences"] = owners
        else:
            new["metadata"].pop("ownerReferences", None)

    def reset_fields(self, subresource: str) -> Fields:
        """Nor is when a pod goes."""
        reset = super().reset_fields(subresource)
        if subresource == "status":
            return {**reset, "f:metadata": {"f:deletionTimestamp": {}, "f:ownerReferences": {}}}
        return reset

    def grace(self, obj: Object, asked: timedelta | None) -> timedelta | None:
        """Kubernetes: podStrategy.CheckGracefulDelete (A-106)."""
        spec = spec_of(obj)
        if not node_of(obj) or is_terminal(obj):
            return timedelta(0)
        if asked is None:
            asked = timedelta(seconds=int(spec.get("terminationGracePeriodSeconds") or 0))
        return timedelta(seconds=1) if asked < timedelta(0) else asked


def _account(pod: Object, account: str, reader: Reader) -> Object:
    """A named account must be there. Differs: `default` need not, since no pod gets a token from it."""
    place = namespace_of(pod)
    found = reader.get(Ref("ServiceAccount", place, account))
    if found is not None or account == DEFAULT_ACCOUNT:
        return found or {}
    why = f'error looking up service account {place}/{account}: serviceaccount "{account}" not found'
    raise refusals.forbidden(ref_of(pod), why)
