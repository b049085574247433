"""Near whom a pod would rather be; points before the plugin's weight, 2."""

from __future__ import annotations

from typing import Any

import pytest

from minisets.controllers.scheduling.scores import best
from minisets.controllers.scheduling.scores_interpod import scores
from minisets.controllers.scheduling.snapshot import PodInfo, Snapshot
from tests.controllers.scheduling.cluster import HOSTNAME, ZONE, info, nodes, pod

PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NEAR, FAR = "podAffinity", "podAntiAffinity"


def points(wanting: PodInfo, snapshot: Snapshot) -> list[int]:
    return list(scores(wanting, snapshot, list(snapshot.nodes.values())))


def wish(app: str, weight: int = 5, key: str = ZONE, **term: Any) -> dict[str, Any]:
    selector = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key}
    return {"weight": weight, "podAffinityTerm": {**selector, **term}}


def wanting(**affinity: list[dict[str, Any]]) -> dict[str, Any]:
    """The affinity of a pod: by kind its preferred terms."""
    return {kind: {PREFERRED: wishes} for kind, wishes in affinity.items()}


def test_without_wishes_all_nodes_are_the_same() -> None:
    assert points(info(), Snapshot.of(nodes("a", "b"), [pod("db", "minisets-0")])) == [0, 0]


@pytest.mark.parametrize(
    ("kind", "key", "expected"),
    [
        (NEAR, ZONE, [100, 0, 100]),
        (NEAR, HOSTNAME, [100, 0, 0]),
        (FAR, ZONE, [0, 100, 0]),
        (FAR, HOSTNAME, [0, 100, 100]),
        (NEAR, "none", [0, 0, 0]),
    ],
)
def test_a_pod_would_be_near_some_and_far_from_others(kind: str, key: str, expected: list[int]) -> None:
    """Kubernetes: "pod that matches topology key & pods in nodes will get high score" and others."""
    snapshot = Snapshot.of(nodes("a", "b", "a"), [pod("db", "minisets-0", labels={"app": "db"})])
    assert points(info(affinity=wanting(**{kind: [wish("db", key=key)]})), snapshot) == expected


def test_wishes_are_summed_over_all_pods_that_are_meant() -> None:
    held = [pod(f"db-{n}", "minisets-0", labels={"app": "db"}) for n in range(2)]
    held += [pod(f"web-{n}", "minisets-1") for n in range(3)]
    affinity = wanting(podAffinity=[wish("db", 4), wish("web", 2)], podAntiAffinity=[wish("web", 1)])
    assert points(info(affinity=affinity), Snapshot.of(nodes("a", "b", "c"), held)) == [100, 37, 0]


@pytest.mark.parametrize(
    ("affinity", "expected"),
    [
        (wanting(podAffinity=[wish("web")]), [100, 0]),
        (wanting(podAntiAffinity=[wish("web")]), [0, 100]),
        (wanting(podAffinity=[wish("other")]), [0, 0]),
        ({NEAR: {REQUIRED: [wish("web")["podAffinityTerm"]]}}, [100, 0]),
        ({FAR: {REQUIRED: [wish("web")["podAffinityTerm"]]}}, [0, 0]),
    ],
    ids=["near", "far", "near others", "it must be near", "it must be far"],
)
def test_the_wishes_of_pods_that_are_there_count_as_well(affinity: Any, expected: list[int]) -> None:
    """Kubernetes: "Affinity: considers symmetry"; what must be far is a filter's business."""
    held = [pod("db", "minisets-0", labels={"app": "db"}, affinity=affinity)]
    assert points(info(), Snapshot.of(nodes("a", "b"), held)) == expected


def test_what_must_be_near_counts_one_of_a_hundred() -> None:
    held = [
        pod("a", "minisets-0", affinity={NEAR: {REQUIRED: [wish("web")["podAffinityTerm"]]}}),
        pod("b", "minisets-1", affinity=wanting(podAffinity=[wish("web", 4)])),
    ]
    assert points(info(), Snapshot.of(nodes("a", "b", "c"), held)) == [25, 100, 0]


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ({}, [0, 0]),
        ({"namespaces": ["far"]}, [100, 0]),
        ({"namespaces": ["default"]}, [0, 0]),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, [100, 0]),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}}, [0, 0]),
        ({"namespaceSelector": {}}, [100, 0]),
    ],
)
def test_a_wish_is_about_pods_of_its_namespaces(term: dict[str, Any], expected: list[int]) -> None:
    namespaces = {"far": {"team": "a"}, "default": {}}
    affinity = wanting(podAffinity=[wish("db", **term)])
    held = [pod("db", "minisets-0", labels={"app": "db"}, namespace="far")]
    assert (
        points(info(affinity=affinity), Snapshot.of(nodes("a", "b"), held, namespaces=namespaces)) == expected
    )
    turned = [pod("db", "minisets-0", labels={"app": "db"}, affinity=affinity)]
    asking = info(labels={"app": "db"}, namespace="far")
    assert points(asking, Snapshot.of(nodes("a", "b"), turned, namespaces=namespaces)) == expected


def test_pods_that_are_leaving_still_count() -> None:
    held = [pod("db", "minisets-0", labels={"app": "db"}, meta={"deletionTimestamp": "2026-01-01T00:00:00Z"})]
    affinity = wanting(podAntiAffinity=[wish("db")])
    assert points(info(affinity=affinity), Snapshot.of(nodes("a", "b"), held)) == [0, 100]


def test_replicas_that_would_rather_be_apart_take_a_node_each() -> None:
    affinity = wanting(podAntiAffinity=[wish("web", 100, HOSTNAME)])
    snapshot = Snapshot.of(nodes(*"abcabc"))
    for ordinal in range(6):
        replica = info(f"web-{ordinal}", affinity=affinity)
        snapshot = snapshot.with_pod(replica, best(replica, snapshot, snapshot.nodes))
    assert [len(each.pods) for each in snapshot.nodes.values()] == [1] * 6
