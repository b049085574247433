"""Which node is best: the plugins that look at nodes and at what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.controllers.scheduling.scores import best, scored
from minisets.controllers.scheduling.snapshot import Snapshot
from tests.controllers.scheduling.cluster import claim_volumes, info, node, nodes, pod

if TYPE_CHECKING:
    from minisets.controllers.scheduling.snapshot import PodInfo
    from minisets.objects.kinds import Object


def points(plugin: str, wanting: PodInfo, snapshot: Snapshot) -> list[int]:
    """In the order of the nodes."""
    return list(scored(wanting, snapshot, snapshot.nodes)[plugin].values())


def prefer(key: str, value: str = "") -> dict[str, str]:
    return {"key": key, "value": value, "effect": "PreferNoSchedule"}


def like(weight: int, key: str, *values: str) -> dict[str, Any]:
    wanted = {"key": key, "operator": "In", "values": list(values)} if values else {"key": key}
    expression = wanted if values else {**wanted, "operator": "Exists"}
    return {"weight": weight, "preference": {"matchExpressions": [expression]}}


def claim(name: str, *modes: str) -> Object:
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"accessModes": list(modes or ("ReadWriteOnce",))},
    }


def test_of_equal_nodes_the_lowest_ordinal_is_best() -> None:
    snapshot = Snapshot.of(reversed(nodes(*[""] * 11)))
    assert best(info(), snapshot, snapshot.nodes) == "minisets-0"
    assert best(info(), snapshot, ["minisets-10", "minisets-9", "minisets-2"]) == "minisets-2"


def test_a_single_node_needs_no_points() -> None:
    assert best(info(), Snapshot.of(nodes("", "")), iter(["minisets-1"])) == "minisets-1"


def test_the_emptier_node_is_better() -> None:
    held = [pod("a", "minisets-0", cpu="1", memory="2Gi")]
    snapshot = Snapshot.of(nodes("", ""), held)
    assert best(info(cpu="1", memory="2Gi"), snapshot, snapshot.nodes) == "minisets-1"


@pytest.mark.parametrize(
    ("held", "wanting", "expected"),
    [
        ([], info(cpu="1", memory="2Gi"), [75, 75]),
        ([pod("a", "minisets-1", cpu="2", memory="1Gi")], info(cpu="1", memory="2Gi"), [75, 43]),
        ([], info(), [97, 97]),
        ([pod("a", "minisets-1", cpu="3500m", memory="6Gi")], info(cpu="1", memory="4Gi"), [62, 0]),
    ],
    ids=["empty nodes", "one is in use", "a pod that asks for nothing is taken to use something", "too much"],
)
def test_room_is_what_is_left_of_cpu_and_memory(
    held: list[Object], wanting: PodInfo, expected: list[int]
) -> None:
    """Kubernetes: leastResourceScorer."""
    assert points("NodeResourcesFit", wanting, Snapshot.of(nodes("", ""), held)) == expected


@pytest.mark.parametrize(
    ("held", "wanting", "expected"),
    [
        ([], info(cpu="1", memory="2Gi"), [100, 100]),
        ([pod("a", "minisets-1", cpu="2")], info(cpu="1", memory="2Gi"), [100, 75]),
        ([pod("a", "minisets-1", cpu="2")], info(), [0, 0]),
        ([pod("a", "minisets-1", cpu="8")], info(cpu="1", memory="2Gi"), [100, 62]),
    ],
    ids=["balanced", "one tips", "a pod that asks for nothing does not tip it", "no more than all of a node"],
)
def test_balance_is_how_near_the_shares_of_cpu_and_memory_are(
    held: list[Object], wanting: PodInfo, expected: list[int]
) -> None:
    """Kubernetes: balancedResourceScorer."""
    found = points("NodeResourcesBalancedAllocation", wanting, Snapshot.of(nodes("", ""), held))
    assert found == expected


def test_a_node_that_has_not_told_what_it_has_is_not_compared() -> None:
    bare = {**node("minisets-0"), "status": {}}
    snapshot = Snapshot.of([bare, node("minisets-1")])
    assert points("NodeResourcesFit", info(cpu="1", memory="2Gi"), snapshot) == [0, 75]
    assert points("NodeResourcesBalancedAllocation", info(cpu="1"), snapshot) == [100, 87]


@pytest.mark.parametrize(
    ("tolerations", "taints", "expected"),
    [
        ([], [[], [prefer("a")]], [100, 0]),
        ([], [[prefer("a")], [prefer("a"), prefer("b")]], [50, 0]),
        ([{"key": "a", "operator": "Exists"}], [[prefer("a")], [prefer("b")]], [100, 0]),
        ([{"key": "a", "operator": "Exists", "effect": "NoSchedule"}], [[prefer("a")], []], [0, 100]),
        ([], [[{"key": "a", "effect": "NoSchedule"}], []], [100, 100]),
    ],
    ids=["one", "fewer", "tolerated", "tolerated for another effect", "of another effect"],
)
def test_taints_of_prefer_no_schedule_make_a_node_less_liked(
    tolerations: list[Any], taints: list[list[Any]], expected: list[int]
) -> None:
    """Kubernetes: tainttoleration; its weight is 3."""
    cluster = [node(f"minisets-{ordinal}", taints=each) for ordinal, each in enumerate(taints)]
    found = points("TaintToleration", info(tolerations=tolerations), Snapshot.of(cluster))
    assert found == [3 * each for each in expected]


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ([], [0, 0]),
        ([like(2, "disk", "ssd")], [100, 0]),
        ([like(2, "disk", "ssd"), like(6, "fast"), like(2, "disk")], [50, 100]),
        ([{"weight": 5, "preference": {}}], [0, 0]),
    ],
    ids=["none", "one", "several", "an empty one"],
)
def test_preferred_labels_of_nodes_are_weighed(wishes: list[Any], expected: list[int]) -> None:
    """Kubernetes: nodeaffinity; its weight is 2."""
    cluster = [node(labels={"disk": "ssd"}), node("minisets-1", labels={"fast": "", "disk": "hdd"})]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": wishes}}
    found = points("NodeAffinity", info(affinity=affinity), Snapshot.of(cluster))
    assert found == [2 * each for each in expected]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"default/www": claim("www")}, "minisets-0"),
        ({"default/www": claim("www", "ReadWriteOncePod")}, "minisets-0"),
        ({"default/www": claim("www", "ReadWriteOnce", "ReadWriteMany")}, "minisets-1"),
        ({"default/www": claim("www", "ReadOnlyMany")}, "minisets-1"),
        ({}, "minisets-1"),
    ],
    ids=["once", "by one pod", "by many", "read by many", "no claim"],
)
def test_a_pod_goes_to_the_node_that_has_its_volume(claims: dict[str, Object], expected: str) -> None:
    """Though that node is full and its fellows are there; on another the volume could not be attached."""
    held = [
        pod("reader", "minisets-0", volumes=claim_volumes("www")),
        *(pod(f"web-{ordinal}", "minisets-0", cpu="90m", owner="set") for ordinal in range(40)),
    ]
    snapshot = Snapshot.of(nodes("a", "b"), held, claims=claims)
    wanting = info("web-40", cpu="100m", owner="set", volumes=claim_volumes("other", "www"))
    assert best(wanting, snapshot, snapshot.nodes) == expected
    assert best(info("web-20", volumes=claim_volumes("other")), snapshot, snapshot.nodes) == "minisets-1"


def test_a_volume_of_another_namespace_is_another_one() -> None:
    held = [pod("reader", "minisets-0", cpu="3", namespace="far", volumes=claim_volumes("www"))]
    snapshot = Snapshot.of(nodes("", ""), held, claims={"default/www": claim("www"), "far/www": claim("www")})
    assert best(info(volumes=claim_volumes("www")), snapshot, snapshot.nodes) == "minisets-1"


sizes = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 4)), max_size=12)


@given(sizes=sizes, cpu=st.integers(0, 4), chosen=st.sets(st.integers(0, 7), min_size=1))
def test_no_plugin_gives_more_than_its_weight_and_the_order_of_nodes_does_not_matter(
    sizes: list[tuple[int, int]], cpu: int, chosen: set[int]
) -> None:
    held = [
        pod(f"web-{ordinal}", f"minisets-{where}", cpu=str(size), owner="set")
        for ordinal, (where, size) in enumerate(sizes)
    ]
    snapshot = Snapshot.of(nodes(*"abcabcab"), held)
    wanting = info("web-99", cpu=str(cpu), owner="set")
    names = [f"minisets-{ordinal}" for ordinal in chosen]
    weights = {"TaintToleration": 3, "NodeAffinity": 2, "PodTopologySpread": 2, "InterPodAffinity": 2}
    for plugin, found in scored(wanting, snapshot, names).items():
        most = {**weights, "AttachedClaims": 5}.get(plugin, 1) * 100
        assert all(0 <= score <= most for score in found.values())
    assert best(wanting, snapshot, names) == best(wanting, snapshot, names[::-1])
