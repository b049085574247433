"""Topology spread constraints that must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.controllers.scheduling.snapshot import Snapshot
from tests.controllers.scheduling.asking import lasts, takers, why
from tests.controllers.scheduling.cluster import HOSTNAME, ZONE, node, nodes, pod

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

UNEVEN = "node(s) didn't match pod topology spread constraints"
FIRST, SECOND, THIRD = "minisets-0", "minisets-1", "minisets-2"


def constraint(key: str = ZONE, skew: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
        **more,
    }


def spread(*constraints: dict[str, Any], **parts: Any) -> Object:
    return pod(topologySpreadConstraints=list(constraints), **parts)


def webs(**by_node: int) -> list[Object]:
    """So many pods on each node; `a=2`: two on minisets-0."""
    where = dict(zip("abc", (FIRST, SECOND, THIRD), strict=True))
    return [
        pod(f"web-{name}-{count}", where[name]) for name, total in by_node.items() for count in range(total)
    ]


@pytest.mark.parametrize(
    ("constraints", "there", "expected"),
    [
        ([constraint()], webs(), [FIRST, SECOND, THIRD]),
        ([constraint()], webs(a=1), [THIRD]),
        ([constraint()], webs(a=1, c=1), [FIRST, SECOND, THIRD]),
        ([constraint(skew=2)], webs(a=1), [FIRST, SECOND, THIRD]),
        ([constraint(skew=2)], webs(a=1, b=1), [THIRD]),
        ([constraint(HOSTNAME)], webs(a=1), [SECOND, THIRD]),
        ([constraint(), constraint(HOSTNAME)], webs(a=2, b=1, c=1), [THIRD]),
        ([constraint(HOSTNAME), constraint()], webs(a=1, c=1), [SECOND]),
        ([constraint(minDomains=3)], webs(a=1, c=1), []),
        ([constraint(minDomains=3)], webs(a=1), [THIRD]),
        ([constraint(minDomains=2)], webs(a=1, c=1), [FIRST, SECOND, THIRD]),
        ([constraint(whenUnsatisfiable="ScheduleAnyway")], webs(a=5), [FIRST, SECOND, THIRD]),
        ([constraint(labelSelector={"matchLabels": {"app": "db"}})], webs(a=5), [FIRST, SECOND, THIRD]),
        ([{**constraint(), "labelSelector": None}], webs(a=5), [FIRST, SECOND, THIRD]),
    ],
)
def test_no_domain_gets_too_far_ahead(
    constraints: list[dict[str, Any]], there: list[Object], expected: list[str]
) -> None:
    """Two nodes are in zone a, the third is in zone b."""
    wanting, around = spread(*constraints), Snapshot.of(nodes("a", "a", "b"), there)
    assert takers(wanting, around) == expected
    others = [name for name in around.nodes if name not in expected]
    assert all(why(wanting, around, name) == [UNEVEN] and not lasts(wanting, around, name) for name in others)


def test_a_node_without_the_key_is_in_no_domain() -> None:
    around = Snapshot.of(nodes("a", ""), [pod("w", SECOND)])
    assert why(spread(constraint()), around, SECOND) == [f"{UNEVEN} (missing required label)"]
    assert lasts(spread(constraint()), around, SECOND)
    assert why(spread(constraint()), around, FIRST) == []


def test_a_node_that_lacks_one_key_counts_for_no_constraint() -> None:
    around = Snapshot.of(nodes("a", "a", ""), webs(a=1, b=1))
    assert takers(spread(constraint(HOSTNAME), constraint()), around) == [FIRST, SECOND]


def test_pods_of_other_namespaces_and_those_that_go_do_not_count() -> None:
    there = [
        pod("w-0", FIRST, namespace="other"),
        pod("w-1", FIRST, meta={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
    ]
    assert takers(spread(constraint()), Snapshot.of(nodes("a", "b"), there)) == [FIRST, SECOND]


@pytest.mark.parametrize(("policy", "expected"), [("Honor", [FIRST]), (None, [FIRST]), ("Ignore", [])])
def test_nodes_that_the_pod_cannot_match_are_domains_only_if_it_says_so(
    policy: str | None, expected: list[str]
) -> None:
    there = [node(FIRST, zone="a", labels={"disk": "ssd"}), node(SECOND, zone="b")]
    wanting = spread(constraint(nodeAffinityPolicy=policy), nodeSelector={"disk": "ssd"})
    assert takers(wanting, Snapshot.of(there, webs(a=1))) == expected


@pytest.mark.parametrize(("policy", "expected"), [("Honor", [FIRST]), ("Ignore", []), (None, [])])
def test_tainted_nodes_are_no_domains_only_if_it_says_so(policy: str | None, expected: list[str]) -> None:
    taint = {"key": "dedicated", "effect": "NoSchedule"}
    there = [node(FIRST, zone="a"), node(SECOND, zone="b", taints=[taint])]
    wanting = spread(constraint(nodeTaintsPolicy=policy))
    assert takers(wanting, Snapshot.of(there, webs(a=1))) == expected
    another = Snapshot.of([*there, node(THIRD, zone="c")], webs(a=1, b=1))
    assert takers(wanting, another) == [THIRD]


def test_a_rollout_is_spread_by_itself() -> None:
    """matchLabelKeys."""
    old = [pod(f"web-{count}", FIRST, labels={"app": "web", "hash": "1"}) for count in range(3)]
    wanting = spread(constraint(matchLabelKeys=["hash"]), labels={"app": "web", "hash": "2"})
    assert takers(wanting, Snapshot.of(nodes("a", "b"), old)) == [FIRST, SECOND]
