"""Deleting a statefulset or a pod: what goes with it, what stays, who waits for whom, who takes over."""

from __future__ import annotations

import subprocess
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.metadata import finalizers_of, is_being_deleted, uid_of
from minisets.objects.owners import owners_of
from tests.scenarios.cluster import PROMPTLY, SOON
from tests.scenarios.heard import listening, times
from tests.scenarios.workload import NEW, OLD, Workload
from tests.waiting import holds, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("kubectl")]

# As process 1 of its container, a sleep is deaf to SIGTERM; it has half a minute.
DEAF = {"command": ["sleep", "3600"]}
HALF_A_MINUTE = {"terminationGracePeriodSeconds": 30}


def test_orphaned_pods_run_on_and_are_adopted_by_the_same_statefulset(cluster: Cluster) -> None:
    """A-66, A-71: two revisions, so that a doubled one would be seen."""
    web = Workload(cluster, "orphans")
    web.create()
    web.manifest = web.manifest.replace(OLD, NEW)
    web.apply()
    web.roll_out()
    before, history, was = web.containers(), web.history(), web.statefulset()
    assert len(history) == 2

    web.kubectl("delete", "statefulset", "web", "--cascade=orphan").succeeded()
    assert web.cluster.get("StatefulSet", "web", web.namespace) is None
    assert owners(web) == set()
    holds(lambda: web.containers() == before, "the containers run on as they are")

    web.apply()
    assert owners(web) == {uid_of(web.statefulset())}
    assert uid_of(web.statefulset()) != uid_of(was)
    holds(lambda: web.containers() == before, "no container is replaced or restarted")
    assert web.history() == history
    assert web.status()["currentRevision"] == web.status()["updateRevision"] == list(history)[-1]
    web.delete_pod("web-1")
    assert web.images() == {"web-0": NEW, "web-1": NEW}


def owners(web: Workload) -> set[str]:
    """The uids of whoever owns pods and revisions, all of which have the same owners."""
    kinds = ("Pod", "ControllerRevision")
    found = [owners_of(each) for kind in kinds for each in web.cluster.list(kind, web.namespace)]
    assert all(each == found[0] for each in found), found
    return {owner["uid"] for owner in found[0]}


def test_a_foreground_deletion_returns_when_the_last_pod_is_gone(cluster: Cluster) -> None:
    """A-8, A-70, A-74: a pod's finalizer holds it up."""
    web = Workload(cluster, "foreground")
    web.create()
    web.hold("pod/web-1")
    words = ("delete", "statefulset", "web", "--cascade=foreground")
    deleting = cluster.kubectl_running("-n", web.namespace, *words)
    until(lambda: set(web.pods()) == {"web-1"}, "web-0 to go")
    until(lambda: web.left_on_engine() == set(), "every container to go")

    def is_held() -> bool:
        statefulset, pod = web.statefulset(), web.pod("web-1")
        assert finalizers_of(statefulset) == ("foregroundDeletion",)
        return is_being_deleted(statefulset) and is_being_deleted(pod)

    holds(is_held, "the statefulset waits for its pod")
    with pytest.raises(subprocess.TimeoutExpired):
        deleting.ended(timedelta(0))
    web.let_go("pod/web-1")
    deleting.ended(SOON).succeeded()
    assert web.pods() == {}
    assert web.cluster.get("StatefulSet", "web", web.namespace) is None
    assert web.history() == {}


def test_a_pod_that_a_finalizer_holds_holds_up_the_others(cluster: Cluster) -> None:
    """A-14, A-74: ordered; no successor and no further pod until it is gone."""
    web = Workload(cluster, "held")
    web.create()
    goes = web.pod("web-0")
    web.hold("pod/web-0")
    web.kubectl("delete", "pod", "web-0", "--wait=false").succeeded()
    web.scale(3)
    web.until_seen()
    until(lambda: "web-0" not in running(web), "its container to end")
    holds(lambda: set(web.pods()) == {"web-0", "web-1"}, "neither a new web-0 nor web-2")
    assert uid_of(web.pod("web-0")) == uid_of(goes)
    web.let_go("pod/web-0")
    web.until_replaced(goes)
    until(lambda: "web-2" in running(web), "web-2", SOON)


def running(web: Workload) -> set[str]:
    """Which pods have a running container on the engine."""
    pods = web.pods().items()
    return {
        name for name, pod in pods if any(each["State"] == "running" for each in web.of_pod(pod).values())
    }


@pytest.fixture
def deaf(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Workload]:
    """For a web-0 that only force ends: it is gone when the test ends."""
    web = Workload(cluster, f"deaf-{request.node.name.rpartition('_')[2]}")
    yield web
    web.scale(0)
    web.force_away("web-0")
    until(lambda: web.left_on_engine() == set(), "its containers to go", PROMPTLY)


def test_a_forced_deletion_frees_the_name_at_once_and_hands_over_the_data(
    deaf: Workload, measured: Callable[[str], None]
) -> None:
    """A-107; no two pods write to one volume: the next one begins when the last one has ended."""
    deaf.create(replicas=1, pod=HALF_A_MINUTE, container=DEAF)
    deaf.write("web-0", "kept")
    old, was = deaf.pod("web-0"), deaf.containers()["web-0"]
    began = time.monotonic()
    deaf.force_away("web-0")
    check_is_another(deaf, old)
    until(lambda: is_begun(deaf, old), "the next web-0 to begin", PROMPTLY)
    assert deaf.of_pod(old) == {}
    new = deaf.until_replaced(old)
    ready = time.monotonic() - began
    assert deaf.containers()["web-0"].volumes == was.volumes
    assert deaf.read("web-0") == "kept"
    deaf.write("web-0", "rewritten")
    holds(lambda: uid_of(deaf.pod("web-0")) == uid_of(new), "the new pod stays")
    assert deaf.read("web-0") == "rewritten"
    measured(f"forced deletion of a pod with a claim and 30 s of grace: the next one ready in {ready:.1f} s")


def test_a_forced_deletion_without_claims_lets_old_and_new_overlap(
    deaf: Workload, measured: Callable[[str], None]
) -> None:
    """A-107: the node still ends what the API has forgotten; no name is ever shared."""
    deaf.create(
        replicas=1, pod=HALF_A_MINUTE, container={**DEAF, "volumeMounts": []}, volumeClaimTemplates=[]
    )
    old = deaf.pod("web-0")
    before = deaf.of_pod(old)
    with listening(deaf.cluster, "create", "die") as heard:
        began = time.monotonic()
        deaf.force_away("web-0")
        check_is_another(deaf, old)
        new = deaf.until_replaced(old)
        ready = time.monotonic() - began
        after = deaf.of_pod(new)
        until(lambda: deaf.of_pod(old) == {}, "the old containers to go", PROMPTLY)
        gone = time.monotonic() - began
        until(lambda: len(times(heard, "die", *ids(before))) == 2, "the engine's word of their ends", SOON)
    assert min(times(heard, "create", *ids(after))) < min(times(heard, "die", *ids(before)))
    assert len({*before, *after}) == 4, "two sandboxes, two containers, four names"
    assert deaf.of_pod(new).keys() == after.keys()
    assert uid_of(deaf.pod("web-0")) == uid_of(new)
    measured(f"the same without a claim: the next one ready in {ready:.1f} s, the old gone in {gone:.1f} s")


def ids(containers: dict[str, dict[str, Any]]) -> list[str]:
    return [each["Id"] for each in containers.values()]


def check_is_another(web: Workload, old: Object) -> None:
    found = web.pods().get("web-0")
    assert found is None or uid_of(found) != uid_of(old)


def is_begun(web: Workload, old: Object) -> bool:
    """Whether the successor has anything on the engine."""
    found = web.pods().get("web-0")
    return found is not None and uid_of(found) != uid_of(old) and web.of_pod(found) != {}
