"""The snapshot's bookkeeping: what is counted along is what counting anew would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo, Snapshot
from minisets.objects.node_affinity import REQUIRED
from tests.controllers.scheduling.cluster import HOSTNAME, claim_volumes, info, node, pod

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

FAR = {"podAntiAffinity": {REQUIRED: [{"topologyKey": HOSTNAME, "labelSelector": {}}]}}
PORTS = [{"name": "main", "ports": [{"containerPort": 80, "hostPort": 80}]}]
KINDS = (
    {"cpu": "1"},
    {"affinity": FAR},
    {"containers": PORTS},
    {"volumes": claim_volumes("www", "logs")},
    {"cpu": "2", "affinity": FAR, "volumes": claim_volumes("www")},
)
CHANGES = st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.sampled_from(KINDS)), max_size=20)


def books(found: NodeInfo) -> list[object]:
    known = {uid: each.pod for uid, each in found.pods.items()}
    return [known, found.requested, found.weighed, found.repelled, found.ports, found.claims]


@given(CHANGES)
def test_what_is_counted_along_is_what_counting_anew_gives(
    changes: list[tuple[bool, int, dict[str, object]]],
) -> None:
    there = node()
    kept = NodeInfo(there)
    pods: dict[str, Object] = {}
    for comes, number, kind in changes:
        one = info(f"web-{number}", "minisets-0", **kind)
        if comes:
            kept, pods = kept.with_pod(one), {**pods, one.uid: one.pod}
        elif one.uid in pods:
            kept = kept.without_pod(one.uid)
            del pods[one.uid]
    anew = Snapshot.of([there], pods.values()).nodes["minisets-0"]
    assert books(kept) == books(anew)


def test_a_changed_copy_leaves_the_snapshot_as_it_was() -> None:
    around = Snapshot.of([node()], [pod("a", "minisets-0", cpu="1")])
    then = around.with_pod(info("b", cpu="1"), "minisets-0").with_node(node("b"))
    assert list(around.nodes) == ["minisets-0"]
    assert around.nodes["minisets-0"].requested == {"cpu": 1000}
    assert then.nodes["minisets-0"].requested == {"cpu": 2000}
    assert (
        then.without_pods(then.nodes["minisets-0"].pods.values(), "minisets-0").nodes["minisets-0"].pods == {}
    )


def test_a_node_keeps_its_pods_when_it_changes() -> None:
    around = Snapshot.of([node()], [pod("a", "minisets-0")]).with_node(node(unschedulable=True))
    assert [each.name for each in around.all_pods()] == ["a"]


def test_pods_that_have_ended_or_have_no_node_take_nothing() -> None:
    ended = pod("a", "minisets-0", status={"phase": "Failed"})
    assert list(Snapshot.of([node()], [ended, pod("b"), pod("c", "gone")]).all_pods()) == []


def test_who_is_expected_on_a_node_is_as_important_and_another() -> None:
    big, small = info("big", priority=10), info("small", priority=1)
    around = Snapshot.of([node()], nominated={"minisets-0": (big, small)})
    assert around.expected(info(priority=10), "minisets-0") == (big,)
    assert around.expected(PodInfo(big.pod), "minisets-0") == ()
    assert around.expected(info(priority=0), "elsewhere") == ()
