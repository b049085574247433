"""Priority classes, autoscalers, network policies and leases; and which priority a pod gets.

Kubernetes: pkg/registry/{scheduling,autoscaling,networking,coordination}, plugin/pkg/admission/priority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of, ref_of, spec_of
from minisets.registry import refusals
from minisets.registry.strategies.base import Context, Strategy

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.store.interface import Reader

PRIORITY_CLASS = "PriorityClass"
_PREEMPTS = "PreemptLowerPriority"


class NetworkPolicyStrategy(Strategy):
    """What is wanted is counted."""

    counts_generations: ClassVar[bool] = True


class LeaseStrategy(Strategy):
    """Who writes a lease says which one he saw: it is how a leader is elected."""

    takes_updates_of_any_version: ClassVar[bool] = False


class AutoscalerStrategy(Strategy):
    """Nobody scales: its status stays what a new one's is."""

    def prepare_create(self, obj: Object, context: Context) -> None:
        """The count that is always written."""
        super().prepare_create(obj, context)
        obj["status"] = {"desiredReplicas": 0}


class PriorityClassStrategy(Strategy):
    """One class at most is that of pods that name none."""

    def prepare_create(self, obj: Object, context: Context) -> None:
        """A class is of one generation: its value never changes."""
        super().prepare_create(obj, context)
        obj["metadata"]["generation"] = 1
        _refuse_second_default(obj, context.reader)

    def prepare_update(self, new: Object, old: Object, context: Context) -> None:
        """It may become the default one later."""
        super().prepare_update(new, old, context)
        _refuse_second_default(new, context.reader)


def _refuse_second_default(found: Object, reader: Reader) -> None:
    """Kubernetes: validatePriorityClass."""
    present = default_class(reader)
    if found.get("globalDefault") and present is not None and name_of(present) != name_of(found):
        why = f"PriorityClass {name_of(present)} is already marked as default. Only one default can exist"
        raise refusals.forbidden(ref_of(found), why)


def default_class(reader: Reader) -> Object | None:
    """The class of pods that name none: the least of those that say they are it."""
    found = [each for each in reader.list(PRIORITY_CLASS).items if each.get("globalDefault")]
    return min(found, key=lambda each: int(each.get("value") or 0), default=None)


def prioritize(pod: Object, reader: Reader) -> None:
    """Write a new pod's priority, of the class that it names or of the default one.

    Kubernetes: Plugin.admitPod. Raises Forbidden where there is no such class, or the pod says otherwise.
    """
    spec = pod["spec"]
    if name := spec.get("priorityClassName"):
        found = reader.get(Ref(PRIORITY_CLASS, "", name))
        if found is None:
            raise refusals.forbidden(ref_of(pod), f"no PriorityClass with name {name} was found")
    elif found := default_class(reader):
        spec["priorityClassName"] = name_of(found)
    priority = int((found or {}).get("value") or 0)
    policy = (found or {}).get("preemptionPolicy") or _PREEMPTS
    for field, form, what, given, computed in (
        ("priority", "integer", "priority", spec.get("priority"), priority),
        ("preemptionPolicy", "string", "PreemptionPolicy", spec.get("preemptionPolicy"), policy),
    ):
        if given is not None and given != computed:
            why = (
                f"the {form} value of {what} ({given}) must not be provided in pod spec; priority admission "
                f"controller computed {computed} from the given PriorityClass name"
            )
            raise refusals.forbidden(ref_of(pod), why)
        spec[field] = computed


def keep_priority(new: Object, old: Object) -> None:
    """An update that leaves the priority out does not take it away."""
    for field in ("priority", "preemptionPolicy"):
        if spec_of(new).get(field) is None and (known := spec_of(old).get(field)) is not None:
            new["spec"][field] = known
