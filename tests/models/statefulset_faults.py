"""Faults to plant into the planner, one at a time, and the invariant that each must trip over.

Most change what the planner sees and keep the status right; the others replace one of its functions.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset import members as membership
from minisets.controllers.statefulset import plan as planning
from minisets.controllers.statefulset import retention, revisions, rollout
from minisets.objects.metadata import spec_of, uid_of
from minisets.store.transaction import copied
from tests.models.statefulset_seen import ordinal_of, phase_of, revision_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from minisets.controllers.statefulset.actions import Plan
    from minisets.controllers.statefulset.members import Members
    from minisets.controllers.statefulset.observe import Observed
    from minisets.controllers.statefulset.revisions import Revisions
    from minisets.objects.kinds import Object

_WHERE = ("minisets.controllers.statefulset.", "tests.models.statefulset_world")


@dataclass(frozen=True)
class Fault:
    """original: the function that `faulty` takes the place of. found_by: one of these invariants."""

    name: str
    original: Callable[..., Any]
    faulty: Callable[..., Any]
    found_by: tuple[str, ...]

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Wherever the planner, or who drives it, has imported the function to."""
        name = self.original.__name__
        for module in [module for path, module in sys.modules.items() if path.startswith(_WHERE)]:
            if getattr(module, name, None) is self.original:
                monkeypatch.setattr(module, name, self.faulty)


def seeing(change: Callable[[Observed], Observed]) -> Callable[[Observed], Plan]:
    """A planner that acts on something else than what is there; its status is right."""
    right = planning.plan
    return lambda observed: replace(right(change(observed)), status=right(observed).status)


def _only_the_newest_pod(observed: Observed) -> Observed:
    newest = max(map(ordinal_of, observed.pods), default=0)
    pods = (pod if ordinal_of(pod) in (-1, newest) else _healthy(pod) for pod in observed.pods)
    return replace(observed, pods=tuple(pods))


def _old_pods_as_healthy(observed: Observed) -> Observed:
    update = observed.statefulset["status"].get("updateRevision")
    pods = (pod if revision_of(pod) == update else _healthy(pod) for pod in observed.pods)
    return replace(observed, pods=tuple(pods))


def _healthy(pod: Object) -> Object:
    if phase_of(pod) != "Running":
        return pod
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2000-01-01T00:00:00Z"}
    return {**pod, "status": {"phase": "Running", "conditions": [ready]}}


def _one_more_than_the_partition(observed: Observed) -> Observed:
    statefulset = copied(observed.statefulset)
    block = spec_of(statefulset)["updateStrategy"].get("rollingUpdate") or {}
    if block.get("partition"):
        block["partition"] -= 1
    return replace(observed, statefulset=statefulset)


def _no_minimum(observed: Observed) -> Observed:
    statefulset = copied(observed.statefulset)
    spec_of(statefulset).pop("minReadySeconds", None)
    return replace(observed, statefulset=statefulset)


def _always_the_newest(_statefulset: Object, live: Revisions, _ordinal: int) -> Object:
    return live.update


def _as_before_1_37(statefulset: Object, *args: Any) -> rollout.Replacing:
    ordered = {**spec_of(statefulset), "podManagementPolicy": "OrderedReady"}
    return _replacing({**statefulset, "spec": ordered}, *args)


def _from_the_bottom(*args: Any) -> Members:
    found = _members(*args)
    return replace(found, condemned=found.condemned[::-1])


def _as_if_condemned(statefulset: Object, claim: Object, pod: Object, **_: Any) -> tuple[dict[str, Any], ...]:
    return _wanted_owners(statefulset, claim, pod, condemned=bool(uid_of(pod)))


def _whatever_pods_use(
    statefulset: Object, history: tuple[Object, ...], live: Revisions, _pods: Any
) -> tuple[Any, ...]:
    return _trims(statefulset, history, live, ())


_GATES = (
    "an_ordered_pod_comes_after_all_lower_ones",
    "an_ordered_pod_that_ended_blocks_the_higher_ones",
    "an_ordered_scale_down_goes_from_the_top",
    "an_unhealthy_condemned_pod_waits_for_lower_ones",
    "updates_go_from_the_top_to_the_partition",
    "updates_wait_for_scaling",
    "updates_keep_within_max_unavailable",
)
_members, _replacing = membership.members, rollout.replacing
_wanted_owners, _trims = retention.wanted_owners, revisions.trims

FAULTS = (
    Fault(
        "gates on the newest pod only",
        planning.plan,
        seeing(_only_the_newest_pod),
        _GATES,
    ),
    Fault(
        "heals a stuck rollout",
        planning.plan,
        seeing(_old_pods_as_healthy),
        _GATES,
    ),
    Fault(
        "updates one pod below the partition",
        planning.plan,
        seeing(_one_more_than_the_partition),
        ("only_what_must_go_is_deleted", "a_created_pod_has_the_revision_of_its_side"),
    ),
    Fault(
        "forgets minReadySeconds",
        planning.plan,
        seeing(_no_minimum),
        _GATES,
    ),
    Fault(
        "gives every new pod the update revision",
        rollout.revision_for,
        _always_the_newest,
        ("a_created_pod_has_the_revision_of_its_side",),
    ),
    Fault(
        "lets broken pods eat the budget in Parallel",
        rollout.replacing,
        _as_before_1_37,
        (
            "updates_go_from_the_top_to_the_partition",
            "updating_goes_on_while_it_may",
            "an_update_reaches_its_partition",
        ),
    ),
    Fault(
        "scales down from the bottom",
        membership.members,
        _from_the_bottom,
        ("an_ordered_scale_down_goes_from_the_top",),
    ),
    Fault(
        "lets every pod own its claims",
        retention.wanted_owners,
        _as_if_condemned,
        ("a_claim_gets_the_owners_of_the_policy",),
    ),
    Fault(
        "trims revisions that pods use",
        revisions.trims,
        _whatever_pods_use,
        ("revisions_in_use_are_kept",),
    ),
)


def named(fault: Fault) -> str:
    return fault.name.replace(" ", "-")
