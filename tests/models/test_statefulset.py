"""A machine that scales, rolls out, rolls back, breaks, deletes and crashes at will around one statefulset.

MINISETS_MODEL_STEPS=100000 pytest tests/models/test_statefulset.py     a long run, with fresh seeds
"""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from minisets.objects.metadata import is_being_deleted, spec_of
from tests.models.statefulset_ends import check_end, check_same_end
from tests.models.statefulset_faults import FAULTS, Fault, named
from tests.models.statefulset_invariants import Violated
from tests.models.statefulset_players import template
from tests.models.statefulset_seen import BROKEN, is_broken
from tests.models.statefulset_world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.objects.kinds import Object

_STEPS = 40
"""How many steps one life of a statefulset has."""

_LIVES = 120
"""How many of them the ordinary suite walks through, always the same ones."""

_LIVES_AT_ONCE = 500
_ENOUGH_TO_FIND = 400
"""How many lives a planted fault may stay hidden."""

_WITHOUT_EXPLAINING = (Phase.generate, Phase.shrink)

TO_BE_REACHED = (
    "claims collected",
    "crashes",
    "ended pods deleted",
    "ends compared",
    "pods adopted",
    "pods scaled down",
    "pods updated",
    "refusals",
    "rollouts completed",
    "rollouts stuck",
    "sets deleted: Background",
    "sets deleted: Foreground",
    "sets deleted: Orphan",
)

IMAGES = st.sampled_from(["nginx:1", "nginx:2", "nginx:3", BROKEN])
REPLICAS = st.integers(0, 6)
PICKS = st.integers(0, 11)
WRITES = st.integers(0, 4)
POLICIES = st.sampled_from(["Retain", "Delete"])


class StatefulSetMachine(RuleBasedStateMachine):
    """Its world checks every sync; the machine checks the quiet ends, and the last one."""

    happened: ClassVar[Counter[str]] = Counter()

    @initialize(
        policy=st.sampled_from(["OrderedReady", "Parallel"]),
        replicas=REPLICAS,
        claims=st.integers(0, 2),
        scaled=POLICIES,
        deleted=POLICIES,
        limit=st.sampled_from([0, 1, 2, 10, -1]),
        is_running=st.booleans(),
    )
    def begin(
        self,
        policy: str,
        replicas: int,
        claims: int,
        scaled: str,
        deleted: str,
        limit: int,
        *,
        is_running: bool,
    ) -> None:
        self.happened.update(lives=1, steps=-1)  # this is none, but is counted as one
        self.world = World(self.happened)
        self.world.make_strangers()
        self.spec = {
            "replicas": replicas,
            "serviceName": "nginx",
            "selector": {"matchLabels": {"app": "nginx"}},
            "template": template("nginx:1"),
            "podManagementPolicy": policy,
            "revisionHistoryLimit": limit,
            "persistentVolumeClaimRetentionPolicy": {"whenScaled": scaled, "whenDeleted": deleted},
            "volumeClaimTemplates": [_claim(name) for name in ("www", "log")[:claims]],
        }
        self.world.make(self.spec)
        if is_running:
            self.world.converge()

    # --- people: what is wanted ---

    def is_there(self) -> bool:
        return self.world.statefulset is not None

    def has_pods(self) -> bool:
        return bool(self.world.pods())

    @precondition(is_there)
    @rule(replicas=REPLICAS)
    def scale(self, replicas: int) -> None:
        self.world.edit(replicas=replicas)

    @precondition(is_there)
    @rule(image=IMAGES)
    def roll_out(self, image: str) -> None:
        self.world.edit(template=template(image))

    @precondition(is_there)
    @rule(images=st.lists(IMAGES, min_size=1, max_size=3), rounds=st.integers(1, 6))
    def roll_out_and_go_on(self, images: list[str], rounds: int) -> None:
        for image in images:
            if self.is_there():  # it may have been going
                self.roll_out(image)
            self.go_on(rounds)

    @precondition(is_there)
    @rule(replicas=REPLICAS, rounds=st.integers(1, 6))
    def scale_and_go_on(self, replicas: int, rounds: int) -> None:
        self.scale(replicas)
        self.go_on(rounds)

    @precondition(is_there)
    @rule(partition=st.integers(0, 7))
    def set_partition(self, partition: int) -> None:
        block = self._block()
        replicas = self.world.look().spec["replicas"]
        self.world.edit(updateStrategy=_rolling({**block, "partition": min(partition, replicas + 1)}))

    @precondition(is_there)
    @rule(image=IMAGES, partition=st.integers(1, 6), rounds=st.integers(1, 6))
    def try_on_the_upper_pods(self, image: str, partition: int, rounds: int) -> None:
        self.set_partition(partition)
        self.roll_out(image)
        self.go_on(rounds)

    @precondition(is_there)
    @rule(most=st.sampled_from([1, 2, 3, "1%", "34%", "50%", "100%"]))
    def set_max_unavailable(self, most: int | str) -> None:
        self.world.edit(updateStrategy=_rolling({**self._block(), "maxUnavailable": most}))

    @precondition(is_there)
    @rule(kind=st.sampled_from(["RollingUpdate", "OnDelete"]))
    def set_strategy_without_a_block(self, kind: str) -> None:
        self.world.edit(updateStrategy={"type": kind})

    @precondition(is_there)
    @rule(start=st.integers(0, 3))
    def set_start(self, start: int) -> None:
        self.world.edit(ordinals={"start": start})

    @precondition(is_there)
    @rule(scaled=POLICIES, deleted=POLICIES)
    def set_retention(self, scaled: str, deleted: str) -> None:
        policy = {"whenScaled": scaled, "whenDeleted": deleted}
        self.world.edit(persistentVolumeClaimRetentionPolicy=policy)

    @precondition(is_there)
    @rule(seconds=st.sampled_from([0, 10]))
    def set_min_ready(self, seconds: int) -> None:
        self.world.edit(minReadySeconds=seconds)

    @precondition(is_there)
    @rule(how=st.sampled_from(["Background", "Foreground", "Background", "Foreground", "Orphan"]))
    def delete_the_set(self, how: Literal["Background", "Foreground", "Orphan"]) -> None:
        found = self.world.look().statefulset
        self.spec = spec_of(found)
        self.happened[f"sets deleted: {how}"] += 1
        self.world.delete(found, propagation=how)

    @precondition(is_there)
    @rule()
    def replace_the_set_over_its_pods(self) -> None:
        """Deleted without its dependents, and made anew: the pods are adopted (A-66, A-71)."""
        self.delete_the_set("Orphan")
        self.world.collect()
        if not self.is_there():  # it may have been going in the foreground
            self.make_the_set_again()

    @precondition(lambda self: not self.is_there())
    @rule()
    def make_the_set_again(self) -> None:
        self.world.make(self.spec)

    # --- people and the kubelet: pods and claims ---

    def _pod(self, pick: int) -> Object:
        pods = self.world.pods()
        return pods[pick % len(pods)]

    @precondition(has_pods)
    @rule(pick=PICKS)
    def run_a_pod(self, pick: int) -> None:
        self.world.set_phase(self._pod(pick), "Running")

    @precondition(has_pods)
    @rule(pick=PICKS)
    def make_a_pod_ready(self, pick: int) -> None:
        pod = self._pod(pick)
        if not is_broken(pod):
            self.world.set_phase(pod, "Running", ready=True)

    @precondition(has_pods)
    @rule(pick=PICKS, phase=st.sampled_from(["Failed", "Succeeded"]))
    def let_a_pod_end_by_itself(self, pick: int, phase: str) -> None:
        self.world.set_phase(self._pod(pick), phase)

    @precondition(has_pods)
    @rule(pick=PICKS, is_forced=st.booleans())
    def delete_a_pod(self, pick: int, *, is_forced: bool) -> None:
        pod = self._pod(pick)
        if is_forced:
            self.world.end(pod)
        else:
            self.world.delete(pod)

    @precondition(has_pods)
    @rule(pick=PICKS)
    def end_a_terminating_pod(self, pick: int) -> None:
        going = [pod for pod in self.world.pods() if is_being_deleted(pod)]
        if going:
            self.world.end(going[pick % len(going)])

    @precondition(lambda self: self.world.claims())
    @rule(pick=PICKS)
    def delete_a_claim(self, pick: int) -> None:
        claims = self.world.claims()
        self.world.delete(claims[pick % len(claims)])

    @rule()
    def protect_claims(self) -> None:
        self.world.protect()

    @rule(seconds=st.sampled_from([1, 4, 11]))
    def let_time_pass(self, seconds: int) -> None:
        self.world.house.clock.advance(timedelta(seconds=seconds))

    # --- the controllers ---

    @rule()
    def reconcile(self) -> None:
        self.world.reconcile()

    @rule(writes=WRITES)
    def crash(self, writes: int) -> None:
        self.world.reconcile(writes)

    @precondition(is_there)
    @rule(image=IMAGES, replicas=REPLICAS, writes=WRITES)
    def crash_while_both_change(self, image: str, replicas: int, writes: int) -> None:
        self.roll_out(image)
        self.scale(replicas)
        self.world.reconcile(writes)
        self.world.reconcile(writes)

    @rule()
    def collect(self) -> None:
        self.world.collect()

    @rule()
    def settle(self) -> None:
        self.world.settle()

    @rule(rounds=st.integers(1, 4))
    def go_on(self, rounds: int) -> None:
        for _ in range(rounds):
            self.world.go_on()

    @rule(rounds=st.integers(3, 9))
    def go_on_while_time_passes(self, rounds: int) -> None:
        for _ in range(rounds):
            self.world.house.clock.advance(timedelta(seconds=11))
            self.world.go_on()

    @precondition(is_there)
    @rule(writes=WRITES)
    def a_crash_changes_nothing_in_the_end(self, writes: int) -> None:
        """Any prefix of a plan, applied, converges to the same end.

        Not where the order of writes decides: who is broken first, and which status was stored (A-24).
        """
        if self.world.is_sound() and not self.world.look().goes_by_count:
            check_same_end(self.world, writes)

    # --- always ---

    @invariant()
    def count(self) -> None:
        self.happened["steps"] += 1

    def teardown(self) -> None:
        if hasattr(self, "world"):
            check_end(self.world)

    def _block(self) -> dict[str, Any]:
        return dict(self.world.look().block or {})


def _rolling(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": block}


def _claim(name: str) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {"metadata": {"name": name}, "spec": spec}


def walk(lives: int, phases: tuple[Phase, ...] = _WITHOUT_EXPLAINING, **options: Any) -> Counter[str]:
    """Live that many lives of a statefulset; what happened in them."""
    StatefulSetMachine.happened = Counter()
    run_state_machine_as_test(
        StatefulSetMachine,
        settings=settings(
            max_examples=lives,
            stateful_step_count=_STEPS,
            phases=phases,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            **options,
        ),
    )
    return StatefulSetMachine.happened


def walk_far(steps: int) -> Counter[str]:
    """With fresh seeds, until that many steps are made."""
    happened: Counter[str] = Counter()
    while happened["steps"] < steps:
        happened += walk(_LIVES_AT_ONCE)
    return happened


def test_every_invariant_holds_on_every_walk(measured: Callable[[str], None]) -> None:
    """A-3 to A-9, A-11, A-13, A-14, A-16 to A-19, A-21 to A-28, A-30 to A-33, A-39, A-42 to A-49, A-53.

    A-55 to A-57, A-59 to A-63, A-65, A-66, A-69 to A-71, A-73, A-87, A-93, A-95; the invariants say where.
    """
    asked = int(os.environ.get("MINISETS_MODEL_STEPS", "0"))
    begun = time.monotonic()
    happened = walk_far(asked) if asked else walk(_LIVES, derandomize=True)
    took = time.monotonic() - begun
    account = ", ".join(f"{count} {what}" for what, count in sorted(happened.items()))
    measured(f"the statefulset machine took {took:.0f} s for {account}")
    assert not [what for what in TO_BE_REACHED if not happened[what]], account


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_the_machine_finds_a_planner_that(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    with pytest.raises(Violated, match="|".join(fault.found_by)):
        walk(_ENOUGH_TO_FIND, phases=(Phase.generate,), derandomize=True)
