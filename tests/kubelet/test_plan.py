"""What is to be done about a pod: a good one, from which each row breaks one thing; printed text."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minisets.kubelet.containers import mains
from minisets.kubelet.observe import Facts, ImageState, ObservedPod, Seen
from minisets.kubelet.plan import plan_left, plan_orphan, plan_pod
from minisets.kubelet.volumes.attached import Unattached
from minisets.objects.kinds import Object
from minisets.objects.metadata import timestamp
from tests.kubelet.world import container, pod

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def good_pod(**spec: Any) -> Object:
    made = pod(**{"containers": [container(), container("log")], "terminationGracePeriodSeconds": 30, **spec})
    made["metadata"] |= {"uid": "uid-1", "namespace": "default"}
    made["status"] = {"phase": "Running"}
    return copy.deepcopy(made)


def seen(name: str, **changes: Any) -> Seen:
    hashes = {one.name: one.spec_hash for one in mains(good_pod())}
    sandbox = {"kind": "sandbox", "container": "", "sandbox": ""} if name == "sandbox" else {}
    base: dict[str, Any] = {
        "id": f"id-{name}",
        "name": f"web-0_{name}",
        "kind": "container",
        "container": name,
        "pod_uid": "uid-1",
        "restart": 0,
        "state": "running",
        "created_at": NOW - HOUR,
        "started_at": NOW - HOUR,
        "sandbox": "id-sandbox",
        "spec_hash": hashes.get(name, ""),
    }
    return Seen(**{**base, **sandbox, **changes})


def ended(name: str, code: int = 1, ago: timedelta = SECOND, ran: timedelta = SECOND, **changes: Any) -> Seen:
    times = {"started_at": NOW - ago - ran, "finished_at": NOW - ago}
    return seen(name, state="exited", exit_code=code, **times, **changes)


def asked_to_stop(ago: timedelta, **facts: Any) -> Facts:
    return Facts(ending_since=NOW - ago, stop_sent=NOW - ago, **facts)


READY = {name: ImageState("ready") for name in ("nginx", "log", "first", "second", "proxy")}
GOOD = ObservedPod(sandboxes=(seen("sandbox"),), containers=(seen("nginx"), seen("log")), images=READY)


def with_container(*others: Seen, **changes: Any) -> ObservedPod:
    """The good pod with these containers in place of those of the same name."""
    names = {one.container for one in others}
    kept = tuple(one for one in GOOD.containers if one.container not in names)
    return replace(GOOD, containers=(*kept, *others), **changes)


def planned(pod: Object, observed: ObservedPod) -> list[str]:
    """The plan's lines, and when to look again."""
    todo = plan_pod(pod, observed, NOW)
    assert plan_pod(pod, observed, NOW) == todo, "equal input gives an equal plan"
    again = [f"again in {todo.recheck_after.total_seconds():g}s"] if todo.recheck_after else []
    return str(todo).splitlines() + again


ROWS: dict[str, tuple[ObservedPod, list[str]]] = {
    "a good pod is left alone": (GOOD, []),
    "nothing is there yet": (ObservedPod(), ["create sandbox 0: the pod has none"]),
    "the sandbox was made and not started": (
        ObservedPod(sandboxes=(seen("sandbox", state="created"),)),
        ["start sandbox: it was created"],
    ),
    "the sandbox runs": (
        replace(GOOD, containers=()),
        ["create container nginx: the sandbox has none", "create container log: the sandbox has none"],
    ),
    "the sandbox died": (
        replace(GOOD, sandboxes=(ended("sandbox", 137),)),
        [
            "kill container nginx: its sandbox is gone",
            "kill container log: its sandbox is gone",
            "again in 1s",
        ],
    ),
    "the sandbox died, and its containers with it": (
        ObservedPod(
            sandboxes=(ended("sandbox", 137),),
            containers=(ended("nginx", 137), ended("log", 137)),
            images=READY,
        ),
        ["remove sandbox: it ended", "create sandbox 1: the last one ended"],
    ),
    "the sandbox died before its containers were started": (
        ObservedPod(
            sandboxes=(ended("sandbox"),), containers=(seen("nginx", state="created"),), images=READY
        ),
        [
            "remove container nginx: its sandbox is gone",
            "remove sandbox: it ended",
            "create sandbox 1: the last one ended",
        ],
    ),
    "the sandbox could not be started": (
        ObservedPod(sandboxes=(seen("sandbox", state="created", error="Address already in use"),)),
        ["remove sandbox: it ended", "create sandbox 1: the last one ended"],
    ),
    "containers of an earlier sandbox are over": (
        with_container(ended("nginx", sandbox="id-old"), ended("log", sandbox="id-old", restart=2)),
        [
            "set container nginx (restart 0) aside: another one follows",
            "create container nginx (restart 1): the sandbox has none",
            "set container log (restart 2) aside: another one follows",
            "create container log (restart 3): the sandbox has none",
        ],
    ),
    "a container of an earlier sandbox still runs": (
        with_container(seen("nginx", sandbox="id-old")),
        ["kill container nginx: its sandbox is gone", "again in 1s"],
    ),
    "a container was made and not started": (
        with_container(seen("nginx", state="created")),
        ["start container nginx: it was created"],
    ),
    "a container was removed by hand": (
        replace(GOOD, containers=(seen("log"),)),
        ["create container nginx: the sandbox has none"],
    ),
    "a container ended for the first time": (
        with_container(ended("nginx", 3)),
        [
            "set container nginx (restart 0) aside: another one follows",
            "create container nginx (restart 1): it ended with 3",
        ],
    ),
    "a container ended again": (
        with_container(ended("nginx", 3, restart=1, backoff=1)),
        ["again in 9s"],
    ),
    "a container ended again, and has waited": (
        with_container(ended("nginx", 0, ago=10 * SECOND, restart=1, backoff=1)),
        [
            "set container nginx (restart 1) aside: another one follows",
            "create container nginx (restart 2): it ended with 0",
        ],
    ),
    "a container ended again after a long life": (
        with_container(ended("nginx", 3, ran=HOUR, restart=9, backoff=7)),
        [
            "set container nginx (restart 9) aside: another one follows",
            "create container nginx (restart 10): it ended with 3",
        ],
    ),
    "a container could not be started": (
        with_container(seen("nginx", state="created", error="no such file", restart=1, backoff=2)),
        [
            "set container nginx (restart 1) aside: another one follows",
            "create container nginx (restart 2): it ended with 128",
        ],
    ),
    "the image is not here": (
        replace(GOOD, containers=(seen("log"),), images={}),
        ["pull image of nginx: it is to be here before the container"],
    ),
    "the image is being pulled": (
        replace(GOOD, containers=(seen("log"),), images={"nginx": ImageState("pulling", "half")}),
        [],
    ),
    "the pull failed": (
        replace(
            GOOD,
            containers=(seen("log"),),
            images={"nginx": ImageState("backoff", "Back-off", NOW + 20 * SECOND)},
        ),
        ["again in 20s"],
    ),
    "the pull failed, and it is time again": (
        replace(GOOD, containers=(seen("log"),), images={"nginx": ImageState("backoff", "Back-off", NOW)}),
        ["pull image of nginx: Back-off"],
    ),
    "its liveness probe failed": (
        with_container(seen("nginx", facts=Facts(live=False))),
        ["stop container nginx: failed liveness probe, will be restarted"],
    ),
    "its startup probe failed": (
        with_container(seen("nginx", facts=Facts(live=False, started=False))),
        ["stop container nginx: failed startup probe, will be restarted"],
    ),
    "it was asked to stop for its liveness probe": (
        with_container(seen("nginx", facts=asked_to_stop(10 * SECOND, live=False))),
        ["again in 20s"],
    ),
    "it does not stop for its liveness probe": (
        with_container(seen("nginx", facts=asked_to_stop(30 * SECOND, live=False))),
        [
            "kill container nginx: failed liveness probe, will be restarted, and it did not stop in time",
            "again in 1s",
        ],
    ),
    "its readiness probe failed": (with_container(seen("nginx", facts=Facts(ready=False))), []),
    "its image was changed": (
        with_container(seen("nginx", spec_hash="other")),
        ["stop container nginx: definition changed, will be restarted"],
    ),
    "a long past": (
        with_container(
            seen("nginx", restart=3), *(ended("nginx", restart=n, id=f"id-{n}") for n in (0, 1, 2))
        ),
        [
            "remove container nginx (restart 1): one back is kept",
            "remove container nginx (restart 0): one back is kept",
        ],
    ),
}


@pytest.mark.parametrize(("observed", "lines"), ROWS.values(), ids=ROWS.keys())
def test_what_is_done(observed: ObservedPod, lines: list[str]) -> None:
    assert planned(good_pod(), observed) == lines


def test_volumes_come_before_the_sandbox_and_files_before_the_first_container() -> None:
    volumes = [{"name": "etc", "configMap": {"name": "settings"}}, {"name": "scratch", "emptyDir": {}}]
    pod = good_pod(volumes=volumes)
    assert planned(pod, replace(ObservedPod(), volumes={"etc": "web-0_v_etc"})) == [
        "create volume scratch: not there",
        "create sandbox 0: the pod has none",
    ]
    assert planned(pod, replace(GOOD, containers=())) == [
        "write files of etc: no container was made yet",
        "write files of scratch: no container was made yet",
        "create container nginx: the sandbox has none",
        "create container log: the sandbox has none",
    ]
    assert planned(pod, replace(GOOD, containers=(seen("nginx"),))) == [
        "create container log: the sandbox has none"
    ]


def test_what_cannot_be_mounted_holds_everything_up() -> None:
    observed = ObservedPod(problems=('persistentvolumeclaim "www-web-0" not found',))
    assert planned(good_pod(), observed) == ['warn FailedMount: persistentvolumeclaim "www-web-0" not found']


def test_a_volume_that_another_node_has_holds_everything_up_and_is_told_once() -> None:
    said = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) web-0'
    told = ["warn FailedAttachVolume: " + said]
    assert planned(good_pod(), ObservedPod(unattached=Unattached(said), problems=("no secret",))) == told
    assert planned(good_pod(), ObservedPod(unattached=Unattached(said, is_told=True))) == []


def test_a_restart_that_the_engine_forgot_is_counted_from_the_status() -> None:
    pod = good_pod()
    pod["status"]["containerStatuses"] = [{"name": "nginx", "restartCount": 4, "containerID": "docker://old"}]
    assert planned(pod, replace(GOOD, containers=(seen("log"),))) == [
        "create container nginx (restart 5): the sandbox has none"
    ]


def test_init_containers_come_one_by_one() -> None:
    """A-119."""
    pod = good_pod(initContainers=[container("first"), container("second")])
    nothing = replace(GOOD, containers=())
    assert planned(pod, nothing) == ["create init first: the sandbox has none"]
    first = ended("first", 0, kind="init")
    assert planned(pod, replace(GOOD, containers=(seen("first", kind="init"),))) == []
    assert planned(pod, replace(GOOD, containers=(first,))) == ["create init second: the sandbox has none"]
    failed = ended("second", 1, kind="init", restart=2, backoff=2)
    assert planned(pod, replace(GOOD, containers=(first, failed))) == ["again in 19s"]
    both = (first, ended("second", 0, kind="init"))
    assert planned(pod, replace(GOOD, containers=both)) == [
        "create container nginx: the sandbox has none",
        "create container log: the sandbox has none",
    ]
    assert planned(pod, GOOD) == [], "whoever removed them since: the containers prove that they ran"


def test_an_init_container_that_fails_for_good_ends_the_pod() -> None:
    pod = good_pod(initContainers=[container("first")], restartPolicy="Never")
    observed = replace(GOOD, containers=(ended("first", 1, kind="init"),))
    assert planned(pod, observed) == ["remove sandbox: the pod has ended"]


def test_a_sidecar_lets_the_next_start_once_it_is_started_and_is_always_restarted() -> None:
    """A-120."""
    probe = {"exec": {"command": ["true"]}}
    sidecar = container("proxy", restartPolicy="Always", startupProbe=probe)
    pod = good_pod(initContainers=[sidecar, container("second")])
    starting = seen("proxy", kind="init", spec_hash="", facts=Facts(started=False))
    assert planned(pod, replace(GOOD, containers=(starting,))) == []
    started = replace(starting, facts=Facts(started=True))
    assert planned(pod, replace(GOOD, containers=(started,))) == ["create init second: the sandbox has none"]
    gone = ended("proxy", 0, kind="init")
    assert planned(pod, with_container(gone)) == [
        "set init proxy (restart 0) aside: another one follows",
        "create init proxy (restart 1): it ended with 0",
    ]


@pytest.mark.parametrize(
    ("policy", "code", "restarted"),
    [("Never", 1, False), ("OnFailure", 0, False), ("OnFailure", 1, True), ("Always", 0, True)],
)
def test_the_restart_policy_decides(policy: str, code: int, *, restarted: bool) -> None:
    lines = planned(good_pod(restartPolicy=policy), with_container(ended("nginx", code)))
    assert bool(lines) is restarted


def test_a_pod_that_is_done_gives_its_sandbox_up_and_stays_so() -> None:
    pod = good_pod(restartPolicy="Never")
    done = with_container(ended("nginx", 0), ended("log", 0))
    assert planned(pod, done) == ["remove sandbox: the pod has ended"]
    assert planned(pod, replace(done, sandboxes=())) == []


def deleted(grace: int = 30, since: timedelta = timedelta(0), phase: str = "Running", **spec: Any) -> Object:
    made = good_pod(**spec)
    made["metadata"]["deletionTimestamp"] = timestamp(NOW - since + grace * SECOND)
    made["metadata"]["deletionGracePeriodSeconds"] = grace
    made["status"]["phase"] = phase
    return made


def asked(ago: timedelta) -> ObservedPod:
    return with_container(*(replace(one, facts=asked_to_stop(ago)) for one in GOOD.containers))


DELETED: dict[str, tuple[Object, ObservedPod, list[str]]] = {
    "it is asked": (
        deleted(),
        GOOD,
        [
            "stop container nginx: the pod is being deleted",
            "stop container log: the pod is being deleted",
        ],
    ),
    "it has time": (deleted(since=10 * SECOND), asked(10 * SECOND), ["again in 20s"]),
    "its time is up": (
        deleted(since=30 * SECOND),
        asked(30 * SECOND),
        [
            "kill container nginx: the pod is being deleted, and it did not stop in time",
            "kill container log: the pod is being deleted, and it did not stop in time",
            "again in 1s",
        ],
    ),
    "there are two seconds at least": (deleted(0), asked(SECOND), ["again in 1s"]),
    "a new kubelet asks again, past the deadline too": (
        deleted(since=HOUR),
        GOOD,
        [
            "stop container nginx: the pod is being deleted",
            "stop container log: the pod is being deleted",
        ],
    ),
    "the end is put on record first": (deleted(), with_container(ended("nginx"), ended("log")), []),
    "the end is on record": (
        deleted(phase="Failed"),
        with_container(ended("nginx"), ended("log"), volumes={"etc": "web-0_v_etc"}),
        [
            "remove container nginx: the pod is being deleted",
            "remove container log: the pod is being deleted",
            "remove sandbox: the pod is being deleted",
            "remove volume web-0_v_etc: the pod is being deleted",
            "forget: nothing of it is left",
        ],
    ),
    "nothing was there": (deleted(phase="Failed"), ObservedPod(), ["forget: nothing of it is left"]),
}


@pytest.mark.parametrize(("pod", "observed", "lines"), DELETED.values(), ids=DELETED.keys())
def test_what_is_done_when_a_pod_is_deleted(pod: Object, observed: ObservedPod, lines: list[str]) -> None:
    assert planned(pod, observed) == lines


def test_files_that_changed_are_written_and_others_are_not() -> None:
    changed = replace(GOOD, files={"etc": "..1", "same": "..1"}, wanted_files={"etc": "..2", "same": "..1"})
    assert planned(pod(), changed) == ["write files of etc: what they are made from changed"]
    none_made = replace(changed, containers=(), wanted_files={"etc": "..2"})
    assert "what they are made from changed" not in str(planned(pod(), none_made))


def test_files_of_a_pod_that_ends_are_left_alone() -> None:
    changed = replace(GOOD, files={"etc": "..1"}, wanted_files={"etc": "..2"})
    assert not any("files" in line for line in planned(deleted(), changed))
    assert not any("files" in line for line in planned({**pod(), "status": {"phase": "Failed"}}, changed))


def test_an_orphan_gets_two_seconds() -> None:
    """A-107."""
    lines = ["stop container nginx: its pod is gone", "stop container log: its pod is gone"]
    assert str(plan_orphan(GOOD, NOW)).splitlines() == lines
    waiting = plan_orphan(asked(SECOND), NOW)
    assert (waiting.actions, waiting.recheck_after) == ((), SECOND)
    assert str(plan_orphan(asked(2 * SECOND), NOW)).startswith("kill container nginx")
    left = replace(GOOD, containers=(), volumes={"etc": "web-0_v_etc"})
    assert str(plan_orphan(left, NOW)).splitlines() == [
        "remove sandbox: its pod is gone",
        "remove volume web-0_v_etc: its pod is gone",
    ]


def test_what_a_gone_pod_left_on_a_node_that_stood_still_ends_at_once() -> None:
    left = replace(GOOD, volumes={"etc": "web-0_v_etc"})
    why = "its pod is gone, and its node stood still"
    assert str(plan_left(left, NOW)).splitlines() == [
        f"remove container nginx: {why}",
        f"remove container log: {why}",
        f"remove sandbox: {why}",
        f"remove volume web-0_v_etc: {why}",
    ]


def test_a_sandbox_that_failed_is_made_again_at_its_time() -> None:
    waiting = ObservedPod(sandbox_again_at=NOW + timedelta(seconds=4))
    todo = plan_pod(pod(), waiting, NOW)
    assert (todo.actions, todo.recheck_after) == ((), timedelta(seconds=4))
    due = plan_pod(pod(), waiting, NOW + timedelta(seconds=4))
    assert str(due) == "create sandbox 0: the pod has none"
