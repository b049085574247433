"""Evictions: a deletion that a disruption budget is asked for, and what is spent of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.errors import ApiError, BadRequest, Conflict, Forbidden, Invalid, NotFound, TooManyRequests
from minisets.objects.kinds import Ref
from minisets.objects.metadata import condition, meta, status_of
from minisets.registry import eviction
from minisets.registry.options import DeleteOptions, Patch
from tests.registry.things import POD, pod, refused

if TYPE_CHECKING:
    from minisets.clock import FakeClock
    from minisets.objects.kinds import Object
    from minisets.registry.registry import Registry
    from minisets.store.memory import MemoryStore

BUDGET = Ref("PodDisruptionBudget", "default", "web")
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
LABELS = {"app": "nginx"}
READY = ({"type": "Ready", "status": "True"},)
ENOUGH = {"disruptionsAllowed": 2, "currentHealthy": 3, "desiredHealthy": 1, "expectedPods": 3}
NONE = {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}


def placed(registry: Registry, name: str = "web-0", *, phase: str = "Running", ready: bool = True) -> Ref:
    """A pod on a node, in that phase."""
    body = pod(name)
    body["metadata"]["labels"] = LABELS
    registry.create("Pod", "default", body)
    ref = Ref("Pod", "default", name)
    registry.bind(ref, "minisets-0")
    status = {"phase": phase, "conditions": list(READY) if ready else []}
    registry.change(ref, lambda found: {**found, "status": status}, subresource="status")
    return ref


def budgeted(registry: Registry, status: Object, name: str = "web", **spec: Any) -> Ref:
    """A budget over those pods, whose controller has counted."""
    wanted = {"selector": {"matchLabels": LABELS}, "minAvailable": 1, **spec}
    registry.create("PodDisruptionBudget", "default", {"metadata": {"name": name}, "spec": wanted})
    ref = Ref("PodDisruptionBudget", "default", name)
    counted = {"observedGeneration": 1, **status}
    registry.change(ref, lambda found: {**found, "status": counted}, subresource="status")
    return ref


def status(store: MemoryStore, ref: Ref = BUDGET) -> Object:
    found = store.get(ref)
    assert found is not None
    return status_of(found)


def body(name: str = "web-0", **parts: Any) -> Object:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **parts}


# --- the budget itself ---


def test_a_new_budget_allows_nothing_and_every_spec_is_a_generation(
    registry: Registry, store: MemoryStore
) -> None:
    spec = {"selector": {"matchLabels": LABELS}, "maxUnavailable": 0}
    given = {"metadata": {"name": "web"}, "spec": spec, "status": ENOUGH}
    made = registry.create("PodDisruptionBudget", "default", given).object
    counts = ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods")
    assert (made["spec"], made["status"]) == (spec, dict.fromkeys(counts, 0))
    assert meta(made)["generation"] == 1
    registry.change(BUDGET, lambda found: {**found, "spec": {**spec, "maxUnavailable": 1}})
    registry.change(BUDGET, lambda found: {**found, "status": ENOUGH}, subresource="status")
    found = store.get(BUDGET)
    assert found is not None
    assert (meta(found)["generation"], found["status"]) == (2, ENOUGH)


# --- who goes ---


def test_an_evicted_pod_is_told_why_and_goes_in_its_grace(registry: Registry, clock: FakeClock) -> None:
    """A-104."""
    placed(registry)
    clock.advance(timedelta(seconds=2))
    outcome = registry.evict(POD)
    assert not outcome.gone
    assert meta(outcome.object)["deletionTimestamp"] == "2026-11-23T12:00:32Z"
    assert condition(outcome.object, "DisruptionTarget") == {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastTransitionTime": "2026-11-23T12:00:02Z",
        "observedGeneration": 1,
    }
    assert condition(outcome.object, "Ready") is not None


def test_options_of_a_deletion_are_honoured(registry: Registry, store: MemoryStore) -> None:
    """A-104, A-106."""
    placed(registry)
    other = DeleteOptions(uid="another")
    with pytest.raises(Conflict, match="the UID in the precondition"):
        registry.evict(POD, other)
    before = store.get(POD)
    with pytest.raises(Conflict, match="the ResourceVersion in the precondition"):
        registry.evict(POD, DeleteOptions(version="1"))
    assert registry.evict(POD, DeleteOptions(dry_run=True)).object != before
    assert store.get(POD) == before
    version = str(meta(before or {})["resourceVersion"])
    assert registry.evict(POD, DeleteOptions(grace=timedelta(0), version=version)).gone
    assert store.get(POD) is None


def test_watchers_see_the_reason_even_of_a_pod_that_goes_at_once(
    registry: Registry, store: MemoryStore
) -> None:
    """A-104."""
    placed(registry)
    watching = store.watch("Pod", store.version(), lambda: None)
    registry.evict(POD, DeleteOptions(grace=timedelta(0)))
    told, gone = watching.take()
    watching.close()
    assert (told.type, gone.type) == ("MODIFIED", "DELETED")
    assert condition(gone.object, "DisruptionTarget") is not None


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
def test_a_pod_that_does_not_run_is_not_guarded(registry: Registry, store: MemoryStore, phase: str) -> None:
    """A-105."""
    placed(registry, phase=phase)
    budgeted(registry, NONE)
    budgeted(registry, NONE, "another")
    registry.evict(POD)
    assert "disruptedPods" not in status(store)


def test_a_pod_that_is_going_is_not_guarded_and_may_go_sooner(registry: Registry, store: MemoryStore) -> None:
    """A-105, A-106."""
    placed(registry)
    budgeted(registry, NONE)
    registry.delete(POD)
    registry.evict(POD)
    again = store.version()
    registry.evict(POD)
    assert store.version() == again
    outcome = registry.evict(POD, DeleteOptions(grace=timedelta(seconds=1)))
    assert meta(outcome.object)["deletionGracePeriodSeconds"] == 1


def test_a_pod_that_is_not_there_is_not_found(registry: Registry) -> None:
    with refused(NotFound, 'pods "web-0" not found'):
        registry.evict(POD)


# --- what it costs ---


def test_an_eviction_spends_of_the_budget(registry: Registry, store: MemoryStore, clock: FakeClock) -> None:
    """A-105."""
    placed(registry, "web-1")
    placed(registry)
    budgeted(registry, ENOUGH)
    registry.evict(POD)
    assert status(store)["disruptionsAllowed"] == 1
    assert "conditions" not in status(store)
    clock.advance(timedelta(seconds=5))
    registry.evict(Ref("Pod", "default", "web-1"))
    after = status(store)
    assert after["disruptionsAllowed"] == 0
    assert after["disruptedPods"] == {"web-0": "2026-11-23T12:00:00Z", "web-1": "2026-11-23T12:00:05Z"}
    (said,) = after["conditions"]
    assert (said["type"], said["status"], said["reason"]) == (
        "DisruptionAllowed",
        "False",
        "InsufficientPods",
    )


def test_a_dry_run_and_a_refused_deletion_cost_nothing(registry: Registry, store: MemoryStore) -> None:
    """A-104."""
    placed(registry)
    budgeted(registry, ENOUGH)
    registry.evict(POD, DeleteOptions(dry_run=True))
    with pytest.raises(Conflict):
        registry.evict(POD, DeleteOptions(uid="another"))
    assert status(store)["disruptionsAllowed"] == 2


def test_pods_of_others_cost_nothing(registry: Registry, store: MemoryStore) -> None:
    placed(registry)
    budgeted(registry, NONE, selector={"matchLabels": {"app": "db"}})
    budgeted(registry, NONE, "nobody", selector=None)
    registry.evict(POD)
    assert "disruptedPods" not in status(store)


# --- who stays ---


def why(error: ApiError) -> tuple[str, int | None]:
    (cause,) = error.details()["causes"]
    assert cause["reason"] == "DisruptionBudget"
    return cause["message"], error.details().get("retryAfterSeconds")


def test_without_a_budget_left_a_pod_stays(registry: Registry, store: MemoryStore) -> None:
    """A-105."""
    placed(registry)
    budgeted(registry, NONE)
    before = store.version()
    with refused(TooManyRequests, REFUSED) as caught:
        registry.evict(POD)
    assert why(caught[0]) == ("The disruption budget web needs 1 healthy pods and has 1 currently", None)
    assert caught[0].as_status()["code"] == 429
    assert store.version() == before


def test_a_budget_that_was_not_counted_yet_is_to_be_asked_again(registry: Registry) -> None:
    """A-105: in ten seconds, which clients wait by themselves."""
    placed(registry)
    budgeted(registry, ENOUGH)
    registry.change(BUDGET, lambda found: {**found, "spec": {**found["spec"], "minAvailable": 2}})
    with refused(TooManyRequests, REFUSED) as caught:
        registry.evict(POD)
    assert why(caught[0]) == ("The disruption budget web is still being processed by the server.", 10)


@pytest.mark.parametrize(
    ("reason", "message", "healthy", "said"),
    [
        ("SyncFailed", "no scale", 0, "because it failed sync: no scale"),
        ("Other", "not now", 4, "(Other): not now"),
        ("Other", "", 4, ""),
    ],
)
def test_what_the_budgets_condition_says_is_passed_on(
    registry: Registry, reason: str, message: str, healthy: int, said: str
) -> None:
    placed(registry)
    stamp = "2026-11-23T12:00:00Z"
    entry = {"type": "DisruptionAllowed", "status": "False", "lastTransitionTime": stamp}
    conditions = [{**entry, "reason": reason, "message": message}]
    budgeted(registry, {**NONE, "currentHealthy": healthy, "conditions": conditions})
    with refused(TooManyRequests, REFUSED) as caught:
        registry.evict(POD)
    expected = f"The disruption budget web does not allow evicting pods currently {said}".strip()
    assert why(caught[0]) == (expected, None)


def test_two_budgets_are_one_too_many(registry: Registry) -> None:
    """A-105."""
    placed(registry)
    budgeted(registry, ENOUGH)
    budgeted(registry, ENOUGH, "another", selector={})
    with refused(
        ApiError,
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    ) as caught:
        registry.evict(POD)
    assert caught[0].as_status()["code"] == 500


def test_a_budget_with_too_many_pods_underway_is_not_asked(registry: Registry) -> None:
    placed(registry)
    underway = {f"web-{number}": "2026-11-23T12:00:00Z" for number in range(2001)}
    budgeted(registry, {**ENOUGH, "disruptedPods": underway})
    with refused(
        Forbidden,
        'poddisruptionbudget.policy "web" is forbidden: DisruptedPods map too big - too many evictions not '
        "confirmed by PDB controller",
    ):
        registry.evict(POD)


# --- pods that are not ready ---


@pytest.mark.parametrize(
    ("policy", "healthy", "goes"),
    [
        ({}, {"currentHealthy": 1, "desiredHealthy": 1}, True),
        ({"unhealthyPodEvictionPolicy": "IfHealthyBudget"}, {"currentHealthy": 1, "desiredHealthy": 1}, True),
        ({}, {"currentHealthy": 0, "desiredHealthy": 1}, False),
        ({}, {"currentHealthy": 0, "desiredHealthy": 0}, False),
        ({"unhealthyPodEvictionPolicy": "AlwaysAllow"}, {"currentHealthy": 0, "desiredHealthy": 1}, True),
    ],
)
def test_an_unready_pod_goes_for_nothing_where_the_policy_lets_it(
    registry: Registry,
    store: MemoryStore,
    policy: Object,
    healthy: Object,
    goes: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A-105."""
    placed(registry, ready=False)
    budgeted(registry, {**NONE, **healthy}, **policy)
    if goes:
        registry.evict(POD)
    else:
        with refused(TooManyRequests, REFUSED):
            registry.evict(POD)
    assert "disruptedPods" not in status(store)


def test_a_ready_pod_is_guarded_whatever_the_policy(registry: Registry) -> None:
    """A-105."""
    placed(registry)
    budgeted(registry, NONE, unhealthyPodEvictionPolicy="AlwaysAllow")
    with refused(TooManyRequests, REFUSED):
        registry.evict(POD)


# --- the body ---


def test_a_body_names_its_pod_and_carries_options() -> None:
    """A-104."""
    options = {"gracePeriodSeconds": 5}
    assert eviction.read(POD, body(deleteOptions=options), "Warn") == (options, ())
    assert eviction.read(POD, {"metadata": {"name": "web-0", "namespace": "default"}}, "Warn") == ({}, ())
    with refused(BadRequest, "name in URL does not match name in Eviction object"):
        eviction.read(POD, body("web-1"), "Warn")
    with refused(BadRequest, "name in URL does not match name in Eviction object"):
        eviction.read(POD, {}, "Warn")


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        body(deleteOptions={"gracePeriodSeconds": "5"}),
        {**body(), "apiVersion": "v1"},
        {**body(), "kind": "Binding"},
        {**body(), "metadata": {"name": "web-0", "namespace": "other"}},
    ],
)
def test_a_body_that_is_no_eviction_of_this_pod_is_a_bad_request(wrong: Any) -> None:
    with pytest.raises(BadRequest):
        eviction.read(POD, wrong, "Warn")


def test_an_unknown_field_is_what_the_writer_says_it_is() -> None:
    unknown = body(bogus=1)
    assert eviction.read(POD, unknown, "Warn") == ({}, ('unknown field "bogus"',))
    assert eviction.read(POD, unknown, "Ignore") == ({}, ())
    with pytest.raises(BadRequest, match="strict decoding error"):
        eviction.read(POD, unknown, "Strict")


def test_a_budget_is_never_replaced_without_its_version(registry: Registry, store: MemoryStore) -> None:
    """A-154: what most kinds allow, policy/v1 does not; a patch has the version of what it changes."""
    present = store.get(budgeted(registry, ENOUGH))
    assert present is not None
    changed = {**present, "spec": {**present["spec"], "minAvailable": 2}}
    unversioned = {**changed, "metadata": {"name": "web"}}
    with pytest.raises(Invalid, match=r"metadata.resourceVersion: Invalid value: 0x0: must be specified for"):
        registry.update(BUDGET, unversioned)
    assert registry.update(BUDGET, changed).object["spec"]["minAvailable"] == 2
    patched = registry.patch(BUDGET, Patch("merge", {"spec": {"minAvailable": 3}}))
    assert patched.object["spec"]["minAvailable"] == 3
