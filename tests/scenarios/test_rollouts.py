"""A new template reaches the pods in Kubernetes' order, to the point that was asked for, and back again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from minisets.objects.metadata import condition, meta, moment, status_of, uid_of
from tests.scenarios.cluster import SOON
from tests.scenarios.workload import NEW, OLD, Workload, is_available
from tests.waiting import holds, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster
    from tests.scenarios.workload import Contained

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("kubectl")]


def test_a_canary_goes_down_to_its_partition_and_no_further(cluster: Cluster) -> None:
    """A-23, A-24, A-27, A-32, A-33."""
    web = Workload(cluster, "canary")
    web.create(replicas=4, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 3}})
    (first,) = web.history()
    kept = web.containers()
    web.patch_template(image=NEW)
    web.roll_out()
    check_canary(web, 4, 3)
    assert names_equal(kept, web.containers()) == {"web-0", "web-1", "web-2"}

    # Below the partition a deleted pod comes back as it was; above it, a new one is born new.
    web.delete_pod("web-1")
    assert names_equal(kept, web.containers()) == {"web-0", "web-2"}
    kept = web.containers()
    web.scale(5)
    web.roll_out()
    check_canary(web, 5, 3)
    assert names_equal(kept, web.containers()) == {"web-0", "web-1", "web-2", "web-3"}
    assert web.status()["currentRevision"] == first

    for partition in (2, 1, 0):
        kept = web.containers()
        web.set_partition(partition)
        web.roll_out()
        check_canary(web, 5, partition)
        assert set(kept) - names_equal(kept, web.containers()) == {f"web-{partition}"}
    until(lambda: web.status()["currentRevision"] == web.status()["updateRevision"] != first, "completion")
    assert list(web.history().values()) == [1, 2]


def check_canary(web: Workload, replicas: int, partition: int) -> None:
    """In the API and on the engine: from the partition up everything is new, below it nothing."""
    old, new = web.history()
    names = [f"web-{ordinal}" for ordinal in range(replicas)]
    assert web.images() == dict(zip(names, [OLD] * partition + [NEW] * replicas, strict=False))
    assert web.revisions() == dict(zip(names, [old] * partition + [new] * replicas, strict=False))


def names_equal(before: dict[str, Contained], after: dict[str, Contained]) -> set[str]:
    """Whose container is the same one, and was not started anew."""
    return {name for name, container in before.items() if after.get(name) == container}


def test_a_rollback_takes_up_the_old_revision_and_leaves_the_data(cluster: Cluster) -> None:
    """A-34, A-35, A-39."""
    web = Workload(cluster, "rollback")
    web.create()
    for pod in web.pods():
        web.write(pod, f"of {pod}")
    volumes = {name: container.volumes for name, container in web.containers().items()}
    (first,) = web.history()
    web.patch_template(image=NEW)
    web.roll_out()
    second = web.status()["updateRevision"]
    assert web.history() == {first: 1, second: 2}
    assert told_history(web) == ["1 <none>", "2 <none>"]

    undone = web.kubectl("rollout", "undo", "statefulset/web").succeeded()
    assert undone.out == "statefulset.apps/web rolled back\n"
    web.roll_out()
    assert web.history() == {second: 2, first: 3}
    assert told_history(web) == ["2 <none>", "3 <none>"]
    assert set(web.images().values()) == {OLD}
    assert set(web.revisions().values()) == {first}
    until(lambda: web.status()["currentRevision"] == first, "completion")
    assert {name: container.volumes for name, container in web.containers().items()} == volumes
    assert {pod: web.read(pod) for pod in web.pods()} == {"web-0": "of web-0", "web-1": "of web-1"}


def told_history(web: Workload) -> list[str]:
    title, head, *lines = web.kubectl("rollout", "history", "statefulset/web").succeeded().out.splitlines()
    assert (title, head.split()) == ("statefulset.apps/web ", ["REVISION", "CHANGE-CAUSE"])
    return [" ".join(line.split()) for line in lines if line]


def test_on_delete_replaces_only_what_a_person_deletes(cluster: Cluster) -> None:
    """A-24, A-26, A-34."""
    web = Workload(cluster, "on-delete")
    web.create(updateStrategy={"type": "OnDelete"})
    (first,) = web.history()
    before = web.containers()
    web.patch_template(image=NEW)
    web.until_seen()
    holds(lambda: web.containers() == before, "no pod is replaced")
    refused = web.kubectl("rollout", "status", "statefulset/web").failed()
    assert "rollout status is only available for RollingUpdate strategy type" in refused.err

    gone = web.pod("web-1")
    cluster.minisets("-n", web.namespace, "delete-pod", "web-1").succeeded()
    web.until_replaced(gone)
    assert web.images() == {"web-0": OLD, "web-1": NEW}
    web.delete_pod("web-0")
    assert web.images() == {"web-0": NEW, "web-1": NEW}
    until(lambda: web.status().get("updatedReplicas") == 2, "both pods to be counted")
    holds(lambda: web.status()["currentRevision"] == first, "the current revision does not advance")
    assert set(web.revisions().values()) == {web.status()["updateRevision"]}


def test_a_broken_template_stays_stuck_until_its_pod_is_deleted(cluster: Cluster) -> None:
    """A-13, A-30, A-39: the known issue of Kubernetes, known by whoever works with it."""
    web = Workload(cluster, "stuck")
    web.create(replicas=3)
    (first,) = web.history()
    before = web.containers()
    # Why a probe: without one, a container that is seen between its start and its end counts as ready.
    web.patch_template(command=["false"], readinessProbe={"exec": {"command": ["false"]}})
    until(lambda: is_crashing(web, "web-2"), "web-2 to crash again and again", SOON)
    stuck = web.pod("web-2")
    assert status_of(stuck)["phase"] == "Running"

    web.kubectl("rollout", "undo", "statefulset/web").succeeded()
    web.until_seen()
    assert web.status()["updateRevision"] == first
    holds(lambda: uid_of(web.pod("web-2")) == uid_of(stuck), "web-2 is not replaced", timedelta(seconds=3))
    assert web.revisions()["web-2"] != first

    again = cluster.minisets("-n", web.namespace, "delete-pod", "web-2").succeeded()
    assert "pod/web-2 is Ready again at" in again.out
    web.roll_out()
    assert set(web.revisions().values()) == {first}
    assert names_equal(before, web.containers()) == {"web-0", "web-1"}
    until(lambda: web.status()["currentRevision"] == first, "completion")


def is_crashing(web: Workload, name: str) -> bool:
    pod = web.cluster.get("Pod", name, web.namespace)
    containers = status_of(pod or {}).get("containerStatuses") or []
    return any(
        each["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff" and each["restartCount"]
        for each in containers
    )


def test_parallel_updates_take_as_many_pods_as_may_be_unavailable(
    cluster: Cluster, measured: Callable[[str], None]
) -> None:
    """A-5, A-28: told by a watch, event by event."""
    web = Workload(cluster, "parallel")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}
    web.create(replicas=4, podManagementPolicy="Parallel", updateStrategy=strategy)
    before, began = web.pods(), web.statefulset()
    web.patch_template(image=NEW)
    web.roll_out()
    missing = [4 - sum(map(is_available, pods.values())) for pods in web.pods_over_time(before, began)]
    assert max(missing) == 2, missing
    assert set(web.images().values()) == {NEW}
    assert set(web.revisions().values()) == {web.status()["updateRevision"]}
    measured(f"a Parallel rollout of 4 pods, maxUnavailable 2: {len(missing)} changes, at most 2 pods away")


def test_a_pod_counts_when_it_was_ready_for_min_ready_seconds(
    cluster: Cluster, measured: Callable[[str], None]
) -> None:
    """A-4, A-22, A-31: for creation and for the update, by the API's stamps and by the engine's."""
    web = Workload(cluster, "min-ready")
    web.create(minReadySeconds=3)
    pause = timedelta(seconds=3)
    first, second = web.pod("web-0"), web.pod("web-1")
    assert created(second) >= ready_since(first) + pause
    pauses = [started(web, "web-1") - started(web, "web-0")]
    web.patch_template(image=NEW)
    web.roll_out()
    first, second = web.pod("web-0"), web.pod("web-1")
    assert created(first) >= ready_since(second) + pause
    assert started(web, "web-0") > ready_since(second) + pause
    pauses.append(started(web, "web-0") - started(web, "web-1"))
    told = ", ".join(f"{each.total_seconds():.1f} s" for each in pauses)
    measured(f"minReadySeconds 3: from one container's start to the next one's {told}")


def started(web: Workload, pod: str) -> datetime:
    return moment(web.containers()[pod].started)


def created(pod: Object) -> datetime:
    return moment(meta(pod)["creationTimestamp"])


def ready_since(pod: Object) -> datetime:
    ready = condition(pod, "Ready")
    assert ready is not None
    assert ready["status"] == "True"
    return moment(ready["lastTransitionTime"])
