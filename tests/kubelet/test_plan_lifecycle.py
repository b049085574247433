"""Hooks, the order of ends, and deadlines, as plans; printed text."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from minisets.kubelet.observe import Facts, HookRun, ImageState, ObservedPod, Seen
from minisets.kubelet.plan import plan_orphan
from minisets.objects.kinds import Object
from minisets.objects.metadata import timestamp
from tests.kubelet.test_plan import (
    GOOD,
    HOUR,
    NOW,
    SECOND,
    asked_to_stop,
    deleted,
    ended,
    good_pod,
    planned,
    seen,
    with_container,
)
from tests.kubelet.world import container

RUNS: HookRun = HookRun()
PASSED, FAILED = HookRun(passed=True), HookRun(passed=False)
DELETED = "the pod is being deleted"


def hooked(pod: Object, hook: str, *names: str) -> Object:
    """The same pod, its containers of these names with that hook."""
    spec = pod["spec"]
    for one in (*spec.get("initContainers", ()), *spec["containers"]):
        if one["name"] in names:
            one["lifecycle"] = {hook: {"exec": {"command": ["x"]}}}
    return pod


def with_facts(facts: Facts, name: str = "nginx", **changes: Any) -> Seen:
    return seen(name, facts=facts, **changes)


# --- postStart ---

CREATED = {name: seen(name, state="created") for name in ("nginx", "log")}
STARTS: dict[str, tuple[ObservedPod, list[str]]] = {
    "both are made at once": (
        replace(GOOD, containers=()),
        ["create container nginx: the sandbox has none", "create container log: the sandbox has none"],
    ),
    "only the first is started": (
        with_container(*CREATED.values()),
        ["start container nginx: it was created"],
    ),
    "its hook is run": (
        with_container(CREATED["log"]),
        ["run postStart hook of container nginx: it was started"],
    ),
    "the hook goes on": (with_container(with_facts(Facts(post_start=RUNS)), CREATED["log"]), []),
    "the hook sleeps": (
        with_container(with_facts(Facts(post_start=HookRun(over_at=NOW + 4 * SECOND))), CREATED["log"]),
        ["again in 4s"],
    ),
    "the hook is done": (
        with_container(with_facts(Facts(post_start=PASSED)), CREATED["log"]),
        ["start container log: it was created"],
    ),
    "the hook failed": (
        with_container(with_facts(Facts(post_start=FAILED)), CREATED["log"]),
        ["stop container nginx: FailedPostStartHook"],
    ),
    "the hook failed, and it does not stop": (
        with_container(with_facts(asked_to_stop(30 * SECOND, post_start=FAILED)), CREATED["log"]),
        ["kill container nginx: FailedPostStartHook, and it did not stop in time", "again in 1s"],
    ),
    "it has crashed, and waits": (
        with_container(ended("nginx", restart=1, backoff=1), CREATED["log"]),
        ["again in 9s", "start container log: it was created"],
    ),
    "it crashed while the other one's time has come too": (
        with_container(ended("nginx"), ended("log")),
        [
            "set container nginx (restart 0) aside: another one follows",
            "create container nginx (restart 1): it ended with 1",
            "set container log (restart 0) aside: another one follows",
            "create container log (restart 1): it ended with 1",
        ],
    ),
    "its image is still to come": (
        replace(GOOD, containers=(CREATED["log"],), images={"nginx": ImageState("pulling")}),
        [],
    ),
    "its image cannot be had": (
        replace(
            GOOD,
            containers=(CREATED["log"],),
            images={"nginx": ImageState("backoff", again=NOW + 5 * SECOND)},
        ),
        ["start container log: it was created", "again in 5s"],
    ),
    "it cannot be made": (
        replace(GOOD, containers=(CREATED["log"],), waiting={"nginx": ("CreateContainerConfigError", "")}),
        ["create container nginx: the sandbox has none", "start container log: it was created"],
    ),
}


@pytest.mark.parametrize(("observed", "lines"), STARTS.values(), ids=STARTS.keys())
def test_whoever_comes_after_a_container_starts_after_its_hook(
    observed: ObservedPod, lines: list[str]
) -> None:
    pod = hooked(good_pod(), "postStart", "nginx")
    assert sorted(planned(pod, observed)) == sorted(lines)


def test_nothing_else_is_done_while_a_hook_runs() -> None:
    """Kubernetes: startContainer returns when the hook does."""
    pod = hooked(good_pod(), "postStart", "log")
    under_way = with_container(ended("nginx"), with_facts(Facts(post_start=RUNS), "log"))
    assert planned(pod, under_way) == []


def test_a_new_kubelet_runs_a_hook_again_unless_its_container_was_reported() -> None:
    """At least once, as in Kubernetes."""
    pod = hooked(good_pod(), "postStart", "nginx")
    assert planned(pod, GOOD) == ["run postStart hook of container nginx: it was started"]
    pod["status"]["containerStatuses"] = [{"name": "nginx", "containerID": "docker://id-nginx"}]
    assert planned(pod, GOOD) == []


def test_the_next_init_container_waits_for_a_sidecars_hook() -> None:
    """A-120."""
    pod = good_pod(initContainers=[container("proxy", restartPolicy="Always"), container("second")])
    hooked(pod, "postStart", "proxy")
    running = seen("proxy", kind="init", spec_hash="")
    lines = ["run postStart hook of init proxy: it was started"]
    assert planned(pod, replace(GOOD, containers=(running,))) == lines
    done = replace(running, facts=Facts(post_start=PASSED))
    assert planned(pod, replace(GOOD, containers=(done,))) == ["create init second: the sandbox has none"]


# --- preStop ---


def ending(ago: timedelta, hook: HookRun | None, **facts: Any) -> Facts:
    return Facts(ending_since=NOW - ago, pre_stop=hook, **facts)


STOPS: dict[str, tuple[timedelta, Facts, list[str]]] = {
    "the hook is run": (0 * SECOND, Facts(), [f"run preStop hook of container nginx: {DELETED}"]),
    "the hook goes on": (10 * SECOND, ending(10 * SECOND, RUNS), ["again in 20s"]),
    "the hook sleeps": (
        10 * SECOND,
        ending(10 * SECOND, HookRun(over_at=NOW + 5 * SECOND)),
        ["again in 5s"],
    ),
    "the hook is done": (10 * SECOND, ending(10 * SECOND, PASSED), [f"stop container nginx: {DELETED}"]),
    "a hook that failed is no stop": (
        10 * SECOND,
        ending(10 * SECOND, FAILED),
        [f"stop container nginx: {DELETED}"],
    ),
    "what is left of the grace is the container's": (
        10 * SECOND,
        Facts(ending_since=NOW, stop_sent=NOW, pre_stop=PASSED),
        ["again in 20s"],
    ),
    "the hook takes longer than the grace": (
        30 * SECOND,
        ending(30 * SECOND, RUNS),
        [f"stop container nginx: {DELETED}"],
    ),
    "then two seconds are left": (
        31 * SECOND,
        Facts(ending_since=NOW - 31 * SECOND, stop_sent=NOW - SECOND, pre_stop=RUNS),
        ["again in 1s"],
    ),
    "and no more": (
        32 * SECOND,
        Facts(ending_since=NOW - 32 * SECOND, stop_sent=NOW - 2 * SECOND, pre_stop=RUNS),
        [f"kill container nginx: {DELETED}, and it did not stop in time", "again in 1s"],
    ),
    "a new kubelet runs the hook again": (
        10 * SECOND,
        Facts(),
        [f"run preStop hook of container nginx: {DELETED}"],
    ),
    "but not once the grace is over": (3600 * SECOND, Facts(), [f"stop container nginx: {DELETED}"]),
}


@pytest.mark.parametrize(("since", "facts", "lines"), STOPS.values(), ids=STOPS.keys())
def test_a_pre_stop_hook_runs_inside_the_grace(since: timedelta, facts: Facts, lines: list[str]) -> None:
    """A-108."""
    pod = hooked(deleted(since=since), "preStop", "nginx")
    assert planned(pod, replace(GOOD, containers=(with_facts(facts),))) == lines


@pytest.mark.parametrize(
    ("seen_at", "left"),
    [(timedelta(0), "20s"), (timedelta(milliseconds=300), "20.3s"), (8 * SECOND, "21s"), (-HOUR, "20s")],
)
def test_the_grace_is_whole_though_its_end_is_on_record_in_whole_seconds(
    seen_at: timedelta, left: str
) -> None:
    """A-108."""
    pod = hooked(deleted(since=10 * SECOND), "preStop", "nginx")
    nginx = with_facts(ending(10 * SECOND, RUNS))
    observed = replace(GOOD, containers=(nginx,), ending_since=NOW - 10 * SECOND + seen_at)
    assert planned(pod, observed) == [f"again in {left}"]


def test_a_grace_of_nothing_leaves_no_time_for_a_hook() -> None:
    """A-107, A-108."""
    pod = hooked(deleted(0), "preStop", "nginx")
    lines = [f"stop container nginx: {DELETED}"]
    assert planned(pod, replace(GOOD, containers=(with_facts(Facts()),))) == lines


def test_a_failed_probe_runs_the_hook_inside_the_probes_own_grace() -> None:
    """A-108, A-113."""
    pod = hooked(good_pod(), "preStop", "nginx")
    probe = {"exec": {"command": ["x"]}, "terminationGracePeriodSeconds": 5}
    pod["spec"]["containers"][0]["livenessProbe"] = probe
    why = "failed liveness probe, will be restarted"
    assert planned(pod, with_container(with_facts(Facts(live=False)))) == [
        f"run preStop hook of container nginx: {why}"
    ]
    waits = ending(4 * SECOND, RUNS, live=False)
    assert planned(pod, with_container(with_facts(waits))) == ["again in 1s"]
    over = ending(5 * SECOND, RUNS, live=False)
    assert planned(pod, with_container(with_facts(over))) == [f"stop container nginx: {why}"]


def test_a_container_that_ends_by_itself_gets_no_hook() -> None:
    """A-108."""
    pod = hooked(good_pod(restartPolicy="Never"), "preStop", "nginx", "log")
    over = with_container(ended("nginx", 0), ended("log", 0))
    assert planned(pod, over) == ["remove sandbox: the pod has ended"]


def test_an_orphan_gets_no_hook() -> None:
    """A-107."""
    asked = replace(GOOD, containers=(with_facts(ending(SECOND, RUNS)),))
    assert str(plan_orphan(asked, NOW)) == "stop container nginx: its pod is gone"


@pytest.mark.parametrize(
    ("policy", "kind", "cause"),
    [
        ("Always", "container", "failed liveness probe, will be restarted"),
        ("Never", "container", "failed liveness probe"),
        ("Always", "init", "failed liveness probe"),
    ],
)
def test_a_restart_is_announced_where_there_is_one(policy: str, kind: Any, cause: str) -> None:
    """A-102, A-113."""
    pod = good_pod(restartPolicy=policy, initContainers=[container("proxy", restartPolicy="Always")])
    name = "proxy" if kind == "init" else "nginx"
    sick = with_facts(Facts(live=False), name, kind=kind, spec_hash="")
    proxy = () if kind == "init" else (seen("proxy", kind="init", spec_hash=""),)
    assert planned(pod, with_container(sick, *proxy)) == [f"stop {kind} {name}: {cause}"]


# --- which ends are followed by a restart ---


def rule(operator: str, *values: int, action: str = "Restart") -> dict[str, Any]:
    return {"action": action, "exitCodes": {"operator": operator, "values": list(values)}}


RESTARTS: dict[str, tuple[dict[str, Any], int, bool]] = {
    "its own policy wins over the pod's": ({"restartPolicy": "Always"}, 0, True),
    "its own policy may be to fail only": ({"restartPolicy": "OnFailure"}, 0, False),
    "a rule that fits wins over both": (
        {"restartPolicy": "Never", "restartPolicyRules": [rule("In", 3, 42)]},
        42,
        True,
    ),
    "a rule that does not fit does nothing": (
        {"restartPolicy": "Never", "restartPolicyRules": [rule("In", 3)]},
        1,
        False,
    ),
    "all others than these": ({"restartPolicy": "Never", "restartPolicyRules": [rule("NotIn", 3)]}, 1, True),
    "the first that fits counts": (
        {"restartPolicy": "Never", "restartPolicyRules": [rule("In", 3, action="Other"), rule("In", 3)]},
        3,
        False,
    ),
}


@pytest.mark.parametrize(("own", "code", "restarted"), RESTARTS.values(), ids=RESTARTS.keys())
def test_a_containers_own_policy_and_rules_decide(own: dict[str, Any], code: int, *, restarted: bool) -> None:
    pod = good_pod(restartPolicy="Never")
    pod["spec"]["containers"][0] |= own
    assert bool(planned(pod, with_container(ended("nginx", code)))) is restarted


def test_an_init_container_with_rules_is_done_when_it_ends_with_0() -> None:
    setup = container("setup", restartPolicy="Never", restartPolicyRules=[rule("NotIn", 3)])
    pod = good_pod(restartPolicy="Always", initContainers=[setup])
    lines = {
        code: planned(pod, replace(GOOD, containers=(ended("setup", code, kind="init"),)))
        for code in (0, 1, 3)
    }
    assert lines[0][0] == "create container nginx: the sandbox has none"
    assert lines[1][0] == "pull image of setup: it is to be here before the container"
    assert lines[3] == ["remove sandbox: the pod has ended"]


# --- the order of ends ---

SIDECARS = [container(name, restartPolicy="Always") for name in ("first", "second")]
BOTH = (seen("first", kind="init"), seen("second", kind="init"))


def test_sidecars_stop_after_the_others_the_last_first() -> None:
    """A-120."""
    pod = deleted(initContainers=SIDECARS)
    assert planned(pod, with_container(*BOTH)) == [
        f"stop container nginx: {DELETED}",
        f"stop container log: {DELETED}",
        f"begin the end of init first: {DELETED}",
        f"begin the end of init second: {DELETED}",
        "again in 30s",
    ]
    waiting = tuple(replace(one, facts=Facts(ending_since=NOW)) for one in BOTH)
    assert planned(pod, replace(GOOD, containers=waiting)) == [
        f"stop init second: {DELETED}",
        "again in 30s",
    ]
    assert planned(pod, replace(GOOD, containers=waiting[:1])) == [f"stop init first: {DELETED}"]


def test_at_the_deadline_nobody_waits_for_a_turn_any_more() -> None:
    """A-120: within the same grace."""
    pod = deleted(since=30 * SECOND, initContainers=SIDECARS)
    stubborn = seen("nginx", facts=asked_to_stop(30 * SECOND))
    waiting = tuple(replace(one, facts=Facts(ending_since=NOW - 30 * SECOND)) for one in BOTH)
    assert planned(pod, replace(GOOD, containers=(stubborn, *waiting))) == [
        f"kill container nginx: {DELETED}, and it did not stop in time",
        f"stop init first: {DELETED}",
        f"stop init second: {DELETED}",
        "again in 1s",
    ]


def test_hooks_of_all_containers_run_at_once_and_turns_come_after_them() -> None:
    """Kubernetes: killContainer waits for its turn after its hook."""
    pod = hooked(deleted(initContainers=SIDECARS), "preStop", "nginx", "second")
    assert planned(pod, with_container(*BOTH)) == [
        f"run preStop hook of container nginx: {DELETED}",
        f"stop container log: {DELETED}",
        f"begin the end of init first: {DELETED}",
        f"run preStop hook of init second: {DELETED}",
        "again in 30s",
    ]
    second = replace(BOTH[1], facts=ending(SECOND, PASSED))
    nginx = with_facts(ending(SECOND, RUNS))
    assert planned(pod, replace(GOOD, containers=(nginx, second))) == ["again in 30s"]


def test_an_init_container_that_still_runs_is_stopped_at_once() -> None:
    pod = deleted(initContainers=[SIDECARS[0], container("setup")])
    running = (seen("first", kind="init"), seen("setup", kind="init"))
    assert planned(pod, replace(GOOD, containers=running)) == [
        f"stop init first: {DELETED}",
        f"stop init setup: {DELETED}",
    ]


def test_a_pod_that_is_done_stops_its_sidecars_in_the_same_way() -> None:
    pod = good_pod(restartPolicy="Never", initContainers=SIDECARS)
    done = with_container(*BOTH, ended("nginx", 0), ended("log", 0), ending_since=NOW - 5 * SECOND)
    assert planned(pod, done) == [
        "begin the end of init first: the pod has ended",
        "stop init second: the pod has ended",
        "again in 25s",
    ]


# --- deadlines ---


def limited(ago: int, **spec: Any) -> Object:
    """A pod that may run for a minute, and was started so many seconds ago."""
    pod = good_pod(activeDeadlineSeconds=60, **spec)
    pod["status"]["startTime"] = timestamp(NOW - ago * SECOND)
    return pod


def test_a_pod_ends_when_its_time_is_up() -> None:
    assert planned(limited(59), GOOD) == ["again in 1s"]
    up = replace(GOOD, ending_since=NOW)
    assert planned(limited(60), up) == [
        "stop container nginx: the pod's time is up",
        "stop container log: the pod's time is up",
    ]
    over = with_container(ended("nginx", 0), ended("log", 0), ending_since=NOW)
    assert planned(limited(60), over) == ["remove sandbox: the pod's time is up"]
    assert planned(limited(60), replace(over, sandboxes=())) == [], "it is not begun again"


def test_a_pod_whose_time_is_up_has_its_grace_from_then_on() -> None:
    asked = replace(
        with_container(*(seen(name, facts=asked_to_stop(10 * SECOND)) for name in ("nginx", "log"))),
        ending_since=NOW - 10 * SECOND,
    )
    assert planned(limited(70), asked) == ["again in 20s"]
