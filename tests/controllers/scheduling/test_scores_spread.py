"""How evenly fellows are spread over nodes and zones; points before the plugin's weight, 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.controllers.scheduling.scores import best
from minisets.controllers.scheduling.scores_spread import scores
from minisets.controllers.scheduling.snapshot import PodInfo, Snapshot
from tests.controllers.scheduling.cluster import HOSTNAME, ZONE, info, node, nodes, pod, service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.objects.kinds import Object


def points(wanting: PodInfo, snapshot: Snapshot, among: Sequence[str] = ()) -> list[int]:
    return list(scores(wanting, snapshot, [snapshot.nodes[name] for name in among or snapshot.nodes]))


def constraint(key: str = HOSTNAME, skew: int = 1, **parts: Any) -> dict[str, Any]:
    return {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "web"}},
        **parts,
    }


def spread_over(*counts: int, **parts: Any) -> list[Object]:
    """So many pods on each node."""
    return [
        pod(f"web-{on}-{ordinal}", f"minisets-{on}", **parts)
        for on, count in enumerate(counts)
        for ordinal in range(count)
    ]


def test_a_pod_that_nothing_holds_together_with_others_is_not_spread() -> None:
    snapshot = Snapshot.of(nodes("a", "b"), spread_over(5, 0), services=(service({"app": "other"}),))
    assert points(info(), snapshot) == [0, 0]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1, 1, 1, 1), [100, 100, 100, 100]),
        ((2, 1, 0, 3), [20, 60, 100, 0]),
        ((0, 0, 0, 0), [100, 100, 100, 100]),
    ],
)
def test_where_fewer_fellows_are_is_better(counts: tuple[int, ...], expected: list[int]) -> None:
    """Kubernetes: "one constraint on node, all 4 nodes are candidates" and its neighbours."""
    snapshot = Snapshot.of(nodes("", "", "", ""), spread_over(*counts))
    assert points(info(topologySpreadConstraints=[constraint()]), snapshot) == expected


def test_the_replicas_of_a_statefulset_are_spread_without_a_word() -> None:
    snapshot = Snapshot.of(nodes("a", "b", "c", "a"), spread_over(1, owner="set"))
    found = points(info("web-9", owner="set"), snapshot)
    assert found[1] == found[2] == max(found)
    assert found[0] < found[3] < found[1]
    assert points(info("web-9", owner="other"), snapshot)[0] == 100


def test_the_pods_of_a_service_are_spread_without_a_word() -> None:
    snapshot = Snapshot.of(nodes("a", "b"), spread_over(3, 1), services=(service({"app": "web"}),))
    assert points(info(), snapshot)[0] < points(info(), snapshot)[1]
    elsewhere = Snapshot.of(
        nodes("a", "b"), spread_over(3, 1), services=(service({"app": "web"}, namespace="far"),)
    )
    assert points(info(), elsewhere) == [0, 0]


def test_fellows_are_those_that_everything_holds_together_with_the_pod() -> None:
    """Kubernetes: DefaultSelector; a Service of a single pod leaves that pod without fellows."""
    single = service({"statefulset.kubernetes.io/pod-name": "web-9"}, "web-9")
    labels = {"app": "web", "statefulset.kubernetes.io/pod-name": "web-9"}
    snapshot = Snapshot.of(nodes("", ""), spread_over(3, owner="set"), services=(single, service(None)))
    assert points(info("web-9", labels=labels, owner="set"), snapshot) == [0, 0]


def test_pods_that_are_leaving_do_not_count() -> None:
    gone = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    snapshot = Snapshot.of(nodes("", ""), [*spread_over(2, meta=gone), *spread_over(0, 1)])
    assert points(info(topologySpreadConstraints=[constraint()]), snapshot) == [100, 0]


def test_pods_of_other_namespaces_do_not_count() -> None:
    snapshot = Snapshot.of(nodes("", ""), spread_over(2, namespace="far"))
    assert points(info(topologySpreadConstraints=[constraint()]), snapshot) == [100, 100]


def test_zones_count_also_the_pods_of_nodes_that_are_no_candidates() -> None:
    """Kubernetes: "one constraint on zone, 3 out of 4 nodes are candidates"."""
    snapshot = Snapshot.of(nodes("a", "a", "b", "b"), spread_over(0, 3, 1, 0))
    wanting = info(topologySpreadConstraints=[constraint(ZONE)])
    assert points(wanting, snapshot, ["minisets-0", "minisets-2", "minisets-3"]) == [25, 100, 100]


def test_a_node_without_the_label_of_an_own_constraint_is_left_out() -> None:
    """Kubernetes: IgnoredNodes; by default, where nobody asked for zones, nodes may have none."""
    snapshot = Snapshot.of(nodes("a", ""), spread_over(2, 1, owner="set"))
    assert points(info(topologySpreadConstraints=[constraint(ZONE), constraint()]), snapshot) == [100, 0]
    assert min(points(info(owner="set"), snapshot)) > 0
    assert points(info(owner="new"), snapshot) == [33, 100]
    none = Snapshot.of(nodes("", ""), spread_over(2))
    assert points(info(topologySpreadConstraints=[constraint(ZONE)]), none) == [0, 0]


def test_a_pod_with_hard_constraints_only_is_not_spread_further() -> None:
    hard = constraint(whenUnsatisfiable="DoNotSchedule")
    snapshot = Snapshot.of(nodes("", ""), spread_over(2, owner="set"))
    assert points(info(owner="set", topologySpreadConstraints=[hard]), snapshot) == [0, 0]


def test_a_greater_skew_is_let_be() -> None:
    """Kubernetes: scoreForCount: all that differs matters less."""
    snapshot = Snapshot.of(nodes("", ""), spread_over(2, 1))
    strict = points(info(topologySpreadConstraints=[constraint()]), snapshot)
    slack = points(info(topologySpreadConstraints=[constraint(skew=5)]), snapshot)
    assert strict[0] < slack[0] < slack[1] == strict[1] == 100


def test_nodes_that_the_pod_does_not_select_do_not_count_for_a_zone() -> None:
    cluster = [node("minisets-0", zone="a", labels={"fast": ""}), node("minisets-1", zone="a")]
    cluster.append(node("minisets-2", zone="b", labels={"fast": ""}))
    snapshot = Snapshot.of(cluster, spread_over(0, 3, 1))
    among = ["minisets-0", "minisets-2"]
    wanting = info(nodeSelector={"fast": ""}, topologySpreadConstraints=[constraint(ZONE)])
    assert points(wanting, snapshot, among) == [100, 0]
    all_of_them = constraint(ZONE, nodeAffinityPolicy="Ignore")
    wanting = info(nodeSelector={"fast": ""}, topologySpreadConstraints=[all_of_them])
    assert points(wanting, snapshot, among)[0] < 100


def test_pods_on_a_node_that_lacks_one_of_the_labels_do_not_count_for_the_other() -> None:
    """Kubernetes: requireAllTopologies."""
    racked = [node(f"minisets-{on}", zone=zone, labels={"rack": "r"}) for on, zone in enumerate("ab")]
    snapshot = Snapshot.of([*racked, node("minisets-2", zone="a")], spread_over(0, 1, 3))
    wanting = info(topologySpreadConstraints=[constraint(ZONE), constraint("rack")])
    found = points(wanting, snapshot)
    assert found[0] > found[1] > found[2] == 0


def test_replicas_one_after_another_are_as_even_as_can_be() -> None:
    snapshot = Snapshot.of(nodes(*"abcabcab"), services=(service({"app": "web"}),))
    for ordinal in range(80):
        wanting = info(f"web-{ordinal}", owner="set", cpu="10m")
        snapshot = snapshot.with_pod(wanting, best(wanting, snapshot, snapshot.nodes))
    counts = [len(each.pods) for each in snapshot.nodes.values()]
    assert sum(counts) == 80
    assert max(counts) - min(counts) <= 3
